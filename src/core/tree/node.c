/* SPDX-License-Identifier: MIT */
/* Nodes: allocation, reference counts, freeing.
 *
 * A program makes and drops an array per op, so nodes of up to 256 bytes are recycled through a
 * short list per thread and size class. Trees are immutable and therefore acyclic; their depth
 * is limited at construction, so freeing may recurse. */
#include <limits.h>
#include <string.h>

#include "core/tree/scope.h"
#include "core/tree/tree.h"

const vn_type vn__type_none = { .name = "none", .kind = VN_KIND_NONE };
const vn_type vn__type_array = { .name = "array", .kind = VN_KIND_ARRAY };
const vn_type vn__type_bool = { .name = "bool", .kind = VN_KIND_BOOL };
const vn_type vn__type_int = { .name = "int", .kind = VN_KIND_INT };
const vn_type vn__type_float = { .name = "float", .kind = VN_KIND_FLOAT };
const vn_type vn__type_string = { .name = "string", .kind = VN_KIND_STRING };
const vn_type vn__type_function = { .name = "function", .kind = VN_KIND_FUNCTION };
const vn_type vn__type_list = { .name = "list", .kind = VN_KIND_LIST };
const vn_type vn__type_tuple = { .name = "tuple", .kind = VN_KIND_TUPLE };
const vn_type vn__type_dict = { .name = "dict", .kind = VN_KIND_DICT };

#define CLASS_BYTES 64
#define CLASSES     4

/* Nodes of a class that a thread keeps; none where tests are to see each refused allocation. */
#define RECYCLED_MAX (VN__SANITIZED ? 0 : 128)

typedef struct recycled {
    struct recycled *next;
} recycled;

static _Thread_local recycled *free_list[CLASSES];
static _Thread_local int free_count[CLASSES];

static void (*release_tape)(struct vn__tape *tape);

void vn__set_tape_release(void (*release)(struct vn__tape *tape))
{
    __atomic_store_n(&release_tape, release, __ATOMIC_RELEASE);
}

void *vn__block_new(size_t bytes, uint32_t *size_class)
{
    const size_t class = (bytes + CLASS_BYTES - 1) / CLASS_BYTES;
    *size_class = class <= CLASSES ? (uint32_t) class : 0;
    if (class > CLASSES)
        return vn__alloc_zero(bytes);
    recycled *const head = free_list[class - 1];
    if (!head)
        return vn__alloc_zero(class * CLASS_BYTES);
    free_list[class - 1] = head->next;
    free_count[class - 1]--;
    for (size_t i = 0; i < class; i++) /* of a constant size each: a few stores */
        memset((char *)head + i * CLASS_BYTES, 0, CLASS_BYTES);
    return head;
}

void vn__block_free(void *block, uint32_t size_class)
{
    if (size_class == 0 || free_count[size_class - 1] >= RECYCLED_MAX ||
        !vn__thread_cleanup()) {
        vn__free(block);
        return;
    }
    recycled *const head = block;
    head->next = free_list[size_class - 1];
    free_list[size_class - 1] = head;
    free_count[size_class - 1]++;
}

void vn__nodes_finish(void)
{
    for (int i = 0; i < CLASSES; i++) {
        while (free_list[i]) {
            recycled *const next = free_list[i]->next;
            vn__free(free_list[i]);
            free_list[i] = next;
        }
        free_count[i] = 0;
    }
}

vn_tree *vn__node_new_owned(const vn_type *type, size_t bytes)
{
    uint32_t size_class;
    vn_tree *const node = vn__block_new(bytes, &size_class);
    if (!node)
        return NULL;
    node->type = type;
    node->refs = 1;
    node->flags = size_class << VN__SIZE_CLASS_SHIFT;
    return node;
}

vn_tree *vn__node_new(const vn_type *type, size_t bytes)
{
    vn_tree *const node = vn__node_new_owned(type, bytes);
    return node ? vn__autorelease(node) : NULL;
}

vn_tree *vn_retain(vn_tree *tree)
{
    if (tree && !(tree->flags & VN__IMMORTAL))
        __atomic_add_fetch(&tree->refs, 1, __ATOMIC_RELAXED);
    return tree;
}

static void *field_of(vn_tree *node, const vn_field *field)
{
    return (char *)node + field->offset;
}

static void free_fields(vn_tree *module)
{
    for (int i = 0; i < module->type->n_fields; i++) {
        const vn_field *const field = &module->type->fields[i];
        if (field->kind == VN_FIELD_TREE || field->kind == VN_FIELD_STATIC)
            vn_release(*(vn_tree **)field_of(module, field));
        else if (field->kind == VN_FIELD_STRING)
            vn__free(*(char **)field_of(module, field));
    }
}

static void free_sequence(vn__sequence *sequence)
{
    for (int i = 0; i < sequence->n; i++) {
        vn_release(sequence->item[i]);
        if (sequence->keys)
            vn__free(sequence->keys[i]);
    }
    vn__free(sequence->keys);
}

static void free_array(vn__array *array)
{
    vn__storage_release(array->storage);
    if (array->tape)
        __atomic_load_n(&release_tape, __ATOMIC_ACQUIRE)(array->tape);
}

void vn__node_discard(vn_tree *node)
{
    if (node->type->kind == VN_KIND_ARRAY)
        free_array((vn__array *)(void *)node);
    else if (node->type->kind == VN_KIND_STRING)
        vn__free(((vn__leaf *)(void *)node)->text);
    else if (node->type->kind == VN_KIND_MODULE)
        free_fields(node);
    else if (!vn__is_leaf(node))
        free_sequence((vn__sequence *)(void *)node);
    vn__block_free(node, node->flags >> VN__SIZE_CLASS_SHIFT);
}

void vn_release(vn_tree *tree)
{
    if (!tree || tree->flags & VN__IMMORTAL || !vn__drop_reference(&tree->refs))
        return;
    if (tree->type->destroy)
        tree->type->destroy(tree);
    vn__node_discard(tree);
}

bool vn_assign(vn_tree **variable, vn_tree *value)
{
    if (!variable || !value) {
        vn__fail(VN_ERR_NULL_ARGUMENT, "assign: the %s is NULL", value ? "variable" : "value");
        return false;
    }
    vn_retain(value);
    vn_release(*variable);
    *variable = value;
    return true;
}

bool vn__deepen(vn_tree *node, const vn_tree *child)
{
    const uint32_t depth = (child->flags & VN__DEPTH_MASK) + 1;
    if (depth > VN__MAX_DEPTH) {
        vn__fail(VN_ERR_LIMIT, "%s: a tree may be %d nodes deep", node->type->name,
                 VN__MAX_DEPTH);
        return false;
    }
    if (depth > (node->flags & VN__DEPTH_MASK))
        node->flags = (node->flags & ~VN__DEPTH_MASK) | depth;
    return true;
}

bool vn__set_child(vn_tree *node, int i, vn_tree *child)
{
    if (!vn__deepen(node, child))
        return false;
    vn_tree **const slot = vn__child_slot(node, i);
    vn_retain(child);
    vn_release(*slot);
    *slot = child;
    return true;
}
