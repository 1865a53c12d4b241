/* SPDX-License-Identifier: MIT */
/* Trees: the one data structure. Ownership, containers, modules, calls, tree functions. */
#ifndef VERNAL_TREE_H
#define VERNAL_TREE_H

#include <stdio.h>

#include "vernal/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A tree is an immutable, reference-counted pytree: none (an EMPTY tree, not a leaf), a leaf
 * (array, bool, int, float, string, function), or a node (list, tuple, dict, module). An
 * array IS a tree of one leaf: the two names below are one type, so no casts at call sites.
 * Being immutable, a tree cannot contain itself; it may be 200 nodes deep (VN_ERR_LIMIT). */
typedef struct vn_type vn_type;
typedef struct vn_tree {
    const vn_type *type; /* what it is; never NULL */
    int32_t refs;        /* changed by vn_retain and vn_release alone, atomically */
    uint32_t flags;      /* private */
} vn_tree;
typedef vn_tree vn_array;
typedef vn_tree vn_module; /* the first member of a module's struct, named `base` */

typedef enum vn_kind {
    VN_KIND_NONE,
    VN_KIND_ARRAY,
    VN_KIND_BOOL,
    VN_KIND_INT,
    VN_KIND_FLOAT,
    VN_KIND_STRING,
    VN_KIND_FUNCTION,
    VN_KIND_LIST,
    VN_KIND_TUPLE,
    VN_KIND_DICT,
    VN_KIND_MODULE
} vn_kind;

/* --------------------------------------------------------------- ownership
 * A function that returns a vn_tree * returns a value that belongs to the calling thread's
 * innermost open SCOPE and lives until that scope closes; arguments are borrowed. There is
 * always a root scope, which lives as long as the thread, so a short program needs no thought.
 * A loop opens a scope of its own:
 *
 *     vn_tree *model = vn_retain(vn_mlp(2, 2, 8, 2, vn_key(0), NULL));
 *     for (int i = 0; i < 1000; i++)
 *         VN_SCOPE {
 *             vn_tree *out = vn_call(step, model, x, y);
 *             vn_assign(&model, vn_at(out, 0));
 *         }
 *     vn_release(model);
 */

/* Takes a share of the tree: it lives until vn_release. Returns it; NULL gives NULL. */
VN_API vn_tree *vn_retain(vn_tree *tree);

/* Gives a share back; the last one frees the tree. NULL does nothing. */
VN_API void vn_release(vn_tree *tree);

/* *variable = value, for a variable that owns its tree: retains the value, releases the old
 * one. A NULL value (an error) leaves the variable as it was and returns false. */
VN_API bool vn_assign(vn_tree **variable, vn_tree *value);

typedef struct vn_scope {
    size_t mark;
    bool open;
} vn_scope;

/* Opens a scope on the calling thread. */
VN_API vn_scope vn_scope_open(void);

/* Frees what was made since (also scopes opened inside and left by break or return). */
VN_API void vn_scope_close(vn_scope *scope);

/* Closes the scope, but hands `tree` to the enclosing one. Returns it. */
VN_API vn_tree *vn_scope_return(vn_scope *scope, vn_tree *tree);

/* VN_SCOPE { ... }: a block with a scope of its own. Leave it at its end (or by `continue`). */
#define VN_SCOPE VN_SCOPE_ON_(__LINE__)
#define VN_SCOPE_ON_(line) VN_SCOPE_AS_(line)
#define VN_SCOPE_AS_(line)                                                                     \
    for (vn_scope vn_scope_##line = vn_scope_open(); vn_scope_##line.open;                     \
         vn_scope_close(&vn_scope_##line))

/* Frees the root scope of the calling thread and everything in it (also done when a thread
 * or the process ends). */
VN_API void vn_finish(void);

/* ----------------------------------------------------- leaves and containers */

/* A C function of trees: takes its arguments as an array, returns a tree (NULL on error). */
typedef vn_tree *vn_fn(vn_tree *const arg[]);

VN_API vn_tree *vn_none(void);
VN_API vn_tree *vn_bool(bool value);
VN_API vn_tree *vn_int(int64_t value);
VN_API vn_tree *vn_float(double value);
VN_API vn_tree *vn_string(const char *text); /* copied */

/* A function as a leaf: compared by address. `arity` is the number of arguments it reads, or
 * -1 for any. `name` (static or NULL) is what vn_tree_pformat prints. */
VN_API vn_tree *vn_function_named(vn_fn *fn, int arity, const char *name);
#define vn_function(fn, arity) vn_function_named((fn), (arity), #fn)

/* A function of one array (vn_relu, vn_tanh, ...) as a leaf: compared by address. */
VN_API vn_tree *vn_unary_named(vn_array *(*fn)(vn_array *x), const char *name);
#define vn_unary(fn) vn_unary_named((fn), #fn)

/* f with its first arguments bound: vn_call(partial, x) = vn_call(f, bound..., x). A module
 * of (func, args), so that arrays bound here are seen by every transformation (Equinox:
 * Partial). */
VN_API vn_tree *vn_partial_n(vn_tree *f, int n, vn_tree *const bound[]);

VN_API vn_tree *vn_list_n(int n, vn_tree *const items[]);
VN_API vn_tree *vn_tuple_n(int n, vn_tree *const items[]);
/* Keys are copied and sorted (leaf order is key order); a repeated key is an error. */
VN_API vn_tree *vn_dict_n(int n, const char *const keys[], vn_tree *const items[]);

/* f(arg[0], ..., arg[n-1]) for whatever can be called: a function leaf, a module whose type
 * has a call, a transformed function. */
VN_API vn_tree *vn_call_n(vn_tree *f, int n, vn_tree *const arg[]);

#ifdef __cplusplus
} /* extern "C" */
template <typename... T> inline vn_tree *vn_call(vn_tree *f, T... arg)
{
    vn_tree *const args[] = { arg... };
    return vn_call_n(f, (int)sizeof...(arg), args);
}
template <typename... T> inline vn_tree *vn_tuple(T... item)
{
    vn_tree *const items[] = { item... };
    return vn_tuple_n((int)sizeof...(item), items);
}
template <typename... T> inline vn_tree *vn_list(T... item)
{
    vn_tree *const items[] = { item... };
    return vn_list_n((int)sizeof...(item), items);
}
template <typename... T> inline vn_tree *vn_partial(vn_tree *f, T... item)
{
    vn_tree *const items[] = { item... };
    return vn_partial_n(f, (int)sizeof...(item), items);
}
extern "C" {
#else
#define VN_TREES(...) ((vn_tree *const[]){ __VA_ARGS__ })
#define VN_TREE_COUNT(...) ((int)(sizeof(VN_TREES(__VA_ARGS__)) / sizeof(vn_tree *)))
#define vn_call(f, ...) vn_call_n((f), VN_TREE_COUNT(__VA_ARGS__), VN_TREES(__VA_ARGS__))
#define vn_tuple(...) vn_tuple_n(VN_TREE_COUNT(__VA_ARGS__), VN_TREES(__VA_ARGS__))
#define vn_list(...) vn_list_n(VN_TREE_COUNT(__VA_ARGS__), VN_TREES(__VA_ARGS__))
#define vn_partial(f, ...) vn_partial_n((f), VN_TREE_COUNT(__VA_ARGS__), VN_TREES(__VA_ARGS__))
#endif

VN_API vn_kind vn_kind_of(const vn_tree *tree);  /* VN_KIND_NONE for NULL */
VN_API bool vn_is_none(const vn_tree *tree);     /* true for vn_none(); false for NULL */
VN_API bool vn_is_leaf(const vn_tree *tree);
VN_API int vn_len(const vn_tree *tree);          /* number of children; 0 for leaves and NULL */
VN_API vn_tree *vn_at(vn_tree *tree, int index); /* a child, borrowed; -1 is the last */
/* The field name or dict key of a child; NULL in lists and tuples. */
VN_API const char *vn_key_at(const vn_tree *tree, int index);

/* Values of static leaves; an error and 0 / false / NULL for another kind. */
VN_API bool vn_bool_value(const vn_tree *tree);
VN_API int64_t vn_int_value(const vn_tree *tree);
VN_API double vn_float_value(const vn_tree *tree);   /* of a float or an int leaf */
VN_API const char *vn_string_value(const vn_tree *tree);

/* -------------------------------------------------------------------- modules
 * A module type is a C struct of subtrees and static data that begins with `vn_module base`,
 * plus one descriptor. Children are the fields of kind VN_FIELD_TREE in the order of the
 * table; the others are static: part of the structure, compared by value, seen by no
 * transformation.
 *
 *     typedef struct affine {
 *         vn_module base;
 *         vn_tree *weight, *bias;
 *         int64_t in, out;
 *     } affine;
 *     static vn_tree *affine_call(vn_tree *self, int n, vn_tree *const arg[]) { ... }
 *     static const vn_field affine_fields[] = {
 *         VN_FIELD(affine, weight, TREE), VN_FIELD(affine, bias, TREE),
 *         VN_FIELD(affine, in, INT),      VN_FIELD(affine, out, INT),
 *     };
 *     static const vn_type affine_type =
 *         VN_MODULE_TYPE(affine, affine_fields, affine_call, 1, 1);
 *     ...
 *     return vn_module_new(&affine_type,
 *                          &(affine){ .weight = w, .bias = b, .in = 2, .out = 3 });
 */
typedef enum vn_field_kind {
    VN_FIELD_TREE,    /* vn_tree *: a child */
    VN_FIELD_BOOL,    /* bool */
    VN_FIELD_INT,     /* int64_t */
    VN_FIELD_FLOAT,   /* double */
    VN_FIELD_STRING,  /* const char *: copied, owned by the module */
    VN_FIELD_SHAPE,   /* vn_shape */
    VN_FIELD_STATIC,  /* vn_tree *: a tree that belongs to the structure, not to the children */
    VN_FIELD_POINTER  /* void *: compared by address, not owned */
} vn_field_kind;

typedef struct vn_field {
    const char *name;
    size_t offset;
    vn_field_kind kind;
    /* What tree_pformat prints in place of the field (NULL: the field itself): *value becomes
     * that tree, NULL on an error; false leaves the field out. */
    bool (*shown)(const vn_tree *module, vn_tree **value);
} vn_field;

struct vn_type {
    const char *name;       /* "Linear": printed, and the root of field paths */
    vn_kind kind;           /* VN_KIND_MODULE in user types */
    size_t size;            /* of the struct */
    const vn_field *fields;
    int n_fields;
    /* the module as a function; NULL: cannot be called. arg[] has n entries,
     * min_args <= n <= max_args is checked before (max_args < 0: any number). */
    vn_tree *(*call)(vn_tree *self, int n, vn_tree *const arg[]);
    int min_args, max_args;
    void (*destroy)(vn_tree *self); /* frees what is not a field; NULL: nothing */
    /* called on a bytewise copy (tree_map and tree_at make them) to take a share of what
     * destroy gives back; NULL: nothing */
    void (*copied)(vn_tree *self);
};

#define VN_FIELD(type, member, kind) VN_FIELD_SHOWN(type, member, kind, NULL)
#define VN_FIELD_SHOWN(type, member, kind, shown)                                              \
    { #member, offsetof(type, member), VN_FIELD_##kind, shown }
#define VN_MODULE_TYPE(T, table, call_fn, min, max)                                            \
    { #T, VN_KIND_MODULE, sizeof(T), (table), (int)(sizeof(table) / sizeof((table)[0])),       \
      (call_fn), (min), (max), NULL, NULL }

/* A module of the type with the fields of *init (a struct of type->size bytes whose `base`
 * is ignored). The trees in it are borrowed and retained; a NULL tree field is an error that
 * has been recorded before (use vn_none() for an absent part). */
VN_API vn_tree *vn_module_new(const vn_type *type, const void *init);

/* The struct behind a module of that type; NULL (and an error) when it is of another type. */
VN_API const void *vn_module_cast(const vn_tree *tree, const vn_type *type);

/* ------------------------------------------------------------ tree functions
 * Paths are written as Equinox prints them: "layers[0].weight", "['a'][1]"; "" is the root;
 * negative indices count from the end. */

/* The subtree at a path, borrowed; an error (VN_ERR_PATH) if there is none. */
VN_API vn_tree *vn_get(vn_tree *tree, const char *path);

/* The tree with the subtrees at the paths replaced, out of place (Equinox: tree_at). What is
 * not on the way to a replaced subtree is shared. Paths that overlap are an error. */
VN_API vn_tree *vn_tree_at(vn_tree *tree, const char *path, vn_tree *replace);
VN_API vn_tree *vn_tree_at_n(vn_tree *tree, int n, const char *const paths[],
                             vn_tree *const replace[]);
/* The same with replace = fn(old). fn is anything vn_call takes. */
VN_API vn_tree *vn_tree_at_fn(vn_tree *tree, int n, const char *const paths[], vn_tree *fn);

/* Number of leaves, depth first, left to right; none has no leaves. */
VN_API int vn_tree_count(const vn_tree *tree);
/* A tuple of the leaves. */
VN_API vn_tree *vn_tree_leaves(vn_tree *tree);
/* A tree of the same structure whose leaves are taken in order from leaves[n], which may be any
 * trees. */
VN_API vn_tree *vn_tree_unflatten(vn_tree *like, int n, vn_tree *const leaves[]);
/* A tuple of the children of a node, of a leaf the leaf alone (Equinox:
 * tree_flatten_one_level); none among them stays. */
VN_API vn_tree *vn_tree_flatten_one_level(vn_tree *tree);
/* A node like `like` with other children, as many. Of a leaf: the one child. */
VN_API vn_tree *vn_tree_unflatten_one_level(vn_tree *like, int n, vn_tree *const children[]);
/* True if structures (node types, keys, static fields, positions of none) agree. */
VN_API bool vn_tree_same_structure(const vn_tree *a, const vn_tree *b);
/* The path of leaf i, as ".layers[0].weight", written into text[size]; returns text. */
VN_API const char *vn_tree_path(const vn_tree *tree, int leaf, char *text, size_t size);

/* fn over the leaves of trees of one structure: fn(a_i, b_i, ...). With is_leaf (or NULL), a
 * subtree of the first tree for which it is true counts as a leaf (also none). */
VN_API vn_tree *vn_tree_map_n(vn_tree *fn, int n, vn_tree *const trees[],
                              bool (*is_leaf)(const vn_tree *));
#ifndef __cplusplus
#define vn_tree_map(fn, ...)                                                                   \
    vn_tree_map_n((fn), VN_TREE_COUNT(__VA_ARGS__), VN_TREES(__VA_ARGS__), NULL)
#endif

typedef struct vn_tree_equal_options {
    /* for inexact arrays: |a - b| <= atol + rtol |b| (default 0, 0: a == b, so NaN differs from
     * everything) */
    double rtol, atol;
    bool typematch; /* bool, int and float leaves must be of the same kind (default false) */
} vn_tree_equal_options;
VN_API bool vn_tree_equal(const vn_tree *a, const vn_tree *b,
                          const vn_tree_equal_options *options);

typedef struct vn_tree_pformat_options {
    int width;       /* (default 80) */
    int indent;      /* (default 2) */
    bool values;     /* print the numbers of arrays instead of f32[3,4] (default false) */
    /* subtrees for which it is true are printed as Linear(...) (default NULL: none) */
    bool (*truncate_leaf)(const vn_tree *subtree);
} vn_tree_pformat_options;
/* A string leaf with the tree printed as Equinox's tree_pformat does. */
VN_API vn_tree *vn_tree_pformat(const vn_tree *tree, const vn_tree_pformat_options *options);
VN_API void vn_tree_pprint(FILE *file, const vn_tree *tree);

/* True if no non-leaf node appears twice (a model is a tree, not a graph); else an error
 * that names both places. */
VN_API bool vn_tree_check(const vn_tree *tree);

/* Sets every field called "inference", anywhere in the tree (Equinox: nn.inference_mode). */
VN_API vn_tree *vn_inference_mode(vn_tree *tree, bool value);
VN_API vn_tree *vn_tree_inference(vn_tree *tree, bool value); /* the same */

/* Arithmetic on trees, leaf by leaf on inexact arrays; other leaves are kept from the
 * (first) tree. */
VN_API vn_tree *vn_tree_scale(double factor, vn_tree *tree);
VN_API vn_tree *vn_tree_add(vn_tree *a, vn_tree *b);
VN_API vn_tree *vn_tree_sub(vn_tree *a, vn_tree *b);
VN_API vn_tree *vn_tree_zeros_like(vn_tree *tree);
/* sum of squares of all inexact leaves, a scalar array. */
VN_API vn_array *vn_tree_square_norm(vn_tree *tree);

/* ------------------------------------------------------------------- filters */

typedef bool vn_filter_fn(const vn_tree *leaf);

VN_API bool vn_is_array(const vn_tree *leaf);
VN_API bool vn_is_array_like(const vn_tree *leaf);         /* also bool, int, float leaves */
VN_API bool vn_is_inexact_array(const vn_tree *leaf);
VN_API bool vn_is_inexact_array_like(const vn_tree *leaf); /* also float leaves */

/* The tree with the leaves kept where fn is true, none elsewhere. */
VN_API vn_tree *vn_filter(vn_tree *tree, vn_filter_fn *fn);
/* The same with a prefix tree of bool leaves and predicate leaves (vn_predicate) as
 * specification. */
VN_API vn_tree *vn_filter_spec(vn_tree *tree, vn_tree *spec, bool inverse);
typedef struct vn_filter_options {
    bool inverse;     /* keep where the specification is false (default false) */
    vn_tree *replace; /* stands where a leaf is taken out (default none) */
    /* subtrees for which it is true count as one leaf (default NULL: leaves) */
    bool (*is_leaf)(const vn_tree *subtree);
} vn_filter_options;
VN_API vn_tree *vn_filter_with(vn_tree *tree, vn_tree *spec, const vn_filter_options *options);
/* A filter function as a leaf of a specification. */
VN_API vn_tree *vn_predicate(vn_filter_fn *fn);

/* *dynamic keeps where fn is true, *rest the others; vn_combine puts them together again. Both
 * are NULL after an error. */
VN_API vn_status vn_partition(vn_tree **dynamic, vn_tree **rest, vn_tree *tree,
                              vn_filter_fn *fn);
VN_API vn_status vn_partition_spec(vn_tree **dynamic, vn_tree **rest, vn_tree *tree,
                                   vn_tree *spec);
/* The same with vn_filter_with; options->inverse exchanges the two. */
VN_API vn_status vn_partition_with(vn_tree **dynamic, vn_tree **rest, vn_tree *tree,
                                   vn_tree *spec, const vn_filter_options *options);
/* Leaf by leaf the first that is not none. */
VN_API vn_tree *vn_combine(vn_tree *a, vn_tree *b);
/* Of n trees, at least one. With is_leaf (or NULL), a subtree of the first tree for which it is
 * true counts as a leaf. */
VN_API vn_tree *vn_combine_n(int n, vn_tree *const trees[],
                             bool (*is_leaf)(const vn_tree *subtree));

/* p + u where u is not none, else p (Equinox: apply_updates). */
VN_API vn_tree *vn_apply_updates(vn_tree *model, vn_tree *updates);

#ifdef __cplusplus
}
#endif
#endif
