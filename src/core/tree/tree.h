/* SPDX-License-Identifier: MIT */
/* The nodes behind a vn_tree, and how to walk them. */
#ifndef VN_CORE_TREE_TREE_H
#define VN_CORE_TREE_TREE_H

#include "core/base/alloc.h"
#include "core/base/fail.h"
#include "vernal/array.h"
#include "vernal/tree.h"

/* A block of array elements, shared by arrays that view it. */
typedef struct vn__storage {
    int32_t refs;
    uint32_t size_class; /* of this block */
    void *data;
    size_t bytes;
    void (*free_fn)(void *context); /* gives data back; NULL: it lies behind this header */
    void *context;
} vn__storage;

/* vn_tree.flags: depth of the tree below the node, a mark of nodes that are never freed, and
 * the size class of its memory (0: from vn__alloc). */
#define VN__DEPTH_MASK       0xffu
#define VN__MAX_DEPTH        200
#define VN__IMMORTAL         (1u << 8)
#define VN__STRUCT           (1u << 9) /* an array that is a dtype and a shape only */
#define VN__COLUMN_MAJOR     (1u << 10) /* an array whose record in a file is column-major */
#define VN__SIZE_CLASS_SHIFT 16

struct vn__tape;

/* An array: numbers (storage != NULL), a value on a tape (tape != NULL), or both (a value of an
 * eager tape, which can be read). Contiguous, row-major. */
typedef struct vn__array {
    vn_tree base;
    vn_dtype dtype;
    uint32_t value; /* number of the value on the tape */
    vn_shape shape; /* of one example */
    uint64_t axes;  /* traced: bit a is set if the value is mapped over axis a of the tape */
    void *data;     /* first element; NULL if the numbers are unknown */
    vn__storage *storage;
    struct vn__tape *tape; /* retained; NULL: no tape */
} vn__array;

/* Static leaves: bool, int, float (number), string (text), function (one of fn, unary,
 * predicate). */
typedef struct vn__leaf {
    vn_tree base;
    int64_t integer;
    double number;
    char *text;
    vn_fn *fn;
    vn_array *(*unary)(vn_array *x); /* vn_unary */
    vn_filter_fn *predicate;         /* vn_predicate */
    int arity;
    const char *fn_name;
} vn__leaf;

/* list, tuple, dict: n children; keys (dict only) are sorted and owned. */
typedef struct vn__sequence {
    vn_tree base;
    int32_t n;
    char **keys;
    vn_tree *item[];
} vn__sequence;

extern const vn_type vn__type_none, vn__type_array, vn__type_bool, vn__type_int, vn__type_float,
    vn__type_string, vn__type_function, vn__type_list, vn__type_tuple, vn__type_dict,
    vn__type_partial;

/* A new node of that many bytes with one reference that belongs to the innermost scope. Fields
 * past the header are zero. */
vn_tree *vn__node_new(const vn_type *type, size_t bytes);
/* The same, owned by the caller and in no scope. */
vn_tree *vn__node_new_owned(const vn_type *type, size_t bytes);
/* Hands a reference that the caller owns to the innermost scope; returns the tree. */
vn_tree *vn__autorelease(vn_tree *tree);

/* Zeroed memory that is recycled if it is small; it goes back with its size class. */
void *vn__block_new(size_t bytes, uint32_t *size_class);
void vn__block_free(void *block, uint32_t size_class);

/* What gives back the tape of an array; core/tape sets it before it makes the first one. */
void vn__set_tape_release(void (*release)(struct vn__tape *tape));

/* Takes one reference back; true if it was the last. Whoever holds the only one changes nothing
 * that others could see, and needs no atomic update for it. */
static inline bool vn__drop_reference(int32_t *refs)
{
    return __atomic_load_n(refs, __ATOMIC_ACQUIRE) == 1 ||
           __atomic_sub_fetch(refs, 1, __ATOMIC_ACQ_REL) == 0;
}

/* A block of uninitialised elements with one reference, 64-byte aligned. NULL and an error when
 * there is no memory. */
vn__storage *vn__storage_new(size_t bytes);
void vn__storage_release(vn__storage *storage); /* NULL does nothing */

/* True unless x is a dtype and a shape only, or was donated: then an error. */
bool vn__is_alive(const char *who, const vn_array *x);
/* Array without elements: data and storage are NULL. */
vn__array *vn__array_new(vn_dtype dtype, vn_shape shape);
/* A view of the same storage, from byte offset on. */
vn_array *vn__array_view(const vn_array *x, vn_shape shape, size_t offset);
/* Gives up the elements of a donated array: reading it is an error from now on. */
void vn__array_kill(vn_array *x);
/* The numbers of x without its tape (x itself if it has no tape). */
vn_array *vn__array_detach(vn_array *x);
/* True if the dtype is one and the sizes are legal and fit into memory; else an error. */
bool vn__shape_valid(const char *who, vn_dtype dtype, vn_shape shape);

static inline const vn__array *vn__as_array(const vn_tree *t)
{
    return t && t->type == &vn__type_array ? (const vn__array *)(const void *)t : NULL;
}

/* vn_is_none, vn_is_leaf and vn_len of a tree that is not NULL, for walks: a call of
 * a jitted function passes over its arguments and results several times. */
static inline bool vn__is_none(const vn_tree *t) { return t->type->kind == VN_KIND_NONE; }
static inline bool vn__is_leaf(const vn_tree *t)
{
    return t->type->kind >= VN_KIND_ARRAY && t->type->kind <= VN_KIND_FUNCTION;
}
static inline int vn__len(const vn_tree *t)
{
    const vn_type *const type = t->type;
    if (type->kind != VN_KIND_MODULE)
        return type->kind < VN_KIND_LIST ? 0
                                         : ((const vn__sequence *)(const void *)t)->n;
    int n = 0;
    for (int i = 0; i < type->n_fields; i++)
        n += type->fields[i].kind == VN_FIELD_TREE;
    return n;
}

/* The i-th child slot of a node (a module's tree fields in order). */
static inline vn_tree **vn__child_slot(vn_tree *node, int i)
{
    if (node->type->kind != VN_KIND_MODULE)
        return &((vn__sequence *)(void *)node)->item[i];
    for (const vn_field *field = node->type->fields;; field++)
        if (field->kind == VN_FIELD_TREE && i-- == 0)
            return (vn_tree **)(void *)((char *)node + field->offset);
}
static inline vn_tree *vn__child(const vn_tree *node, int i)
{
    return *vn__child_slot((vn_tree *)(uintptr_t)node, i);
}
/* The child slots of a node one after the other, from *at = 0 on; NULL after the last. */
static inline vn_tree **vn__next_slot(vn_tree *node, int *at)
{
    const vn_type *const type = node->type;
    if (type->kind == VN_KIND_MODULE) {
        while (*at < type->n_fields) {
            const vn_field *const field = &type->fields[(*at)++];
            if (field->kind == VN_FIELD_TREE)
                return (vn_tree **)(void *)((char *)node + field->offset);
        }
        return NULL;
    }
    vn__sequence *const s = (vn__sequence *)(void *)node;
    return type->kind >= VN_KIND_LIST && *at < s->n ? &s->item[(*at)++] : NULL;
}
/* A copy of the node with the same children, to be changed by vn__set_child before anyone else
 * sees it. */
vn_tree *vn__node_copy(const vn_tree *node);
/* Child i becomes `child` (borrowed, retained). False and an error if the tree gets too
 * deep. */
bool vn__set_child(vn_tree *node, int i, vn_tree *child);
/* Child i of *result becomes `child`, where *result is `original` until the first child changes
 * and a copy from then on: what stays the same is shared. False on an error (a NULL child is
 * one). */
bool vn__replace_child(vn_tree **result, vn_tree *original, int i, vn_tree *child);
/* A copy of the node with other children (borrowed, retained); static data is shared or
 * copied. */
vn_tree *vn__node_with_children(vn_tree *node, vn_tree *const children[]);
/* True if two nodes agree in type, keys and static fields (not in their children). */
bool vn__same_node(const vn_tree *a, const vn_tree *b);
/* True if two static leaves are of one kind and equal by value (functions by address). */
bool vn__same_leaf(const vn_tree *a, const vn_tree *b);

/* Calls visit(context, leaf) for each leaf, depth first; stops when it returns false. */
bool vn__for_leaves(vn_tree *tree, bool (*visit)(void *context, vn_tree *leaf), void *context);
/* The tree with every leaf replaced by fn(context, leaf) (borrowed result). */
vn_tree *vn__map_leaves(vn_tree *tree, vn_tree *(*fn)(void *context, vn_tree *leaf),
                        void *context);
/* The same over several trees of one structure: leaf[n]. */
vn_tree *vn__map_leaves_n(int n, vn_tree *const trees[],
                          vn_tree *(*fn)(void *context, vn_tree *const leaf[]), void *context);
/* The same, but a subtree of the first tree for which is_leaf is true counts as a leaf,
 * whatever the other trees have in its place. is_leaf may be NULL. */
vn_tree *vn__map_subtrees_n(int n, vn_tree *const trees[], bool (*is_leaf)(const vn_tree *),
                            vn_tree *(*fn)(void *context, vn_tree *const leaf[]),
                            void *context);

/* "f32[3,4]" of an array, "Linear" of a module, "tuple" ...: for messages. */
const char *vn__describe(char text[VN__SHAPE_TEXT], const vn_tree *tree);
/* True if no argument is NULL; else false, and an error unless one is recorded already. */
bool vn__no_nulls(const char *who, int n, vn_tree *const arg[]);

/* The chain of modules being called on this thread, for error messages. */
void vn__call_push(vn_tree *module);
void vn__call_pop(void);

#endif
