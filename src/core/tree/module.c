/* SPDX-License-Identifier: MIT */
/* Modules: a struct of subtrees and static data, described by its type; copies of nodes. */
#include <stddef.h>
#include <string.h>

#include "core/tree/scope.h"
#include "core/tree/tree.h"

static const void *field_in(const void *module, const vn_field *field)
{
    return (const char *)module + field->offset;
}

static vn_tree *tree_in(const void *module, const vn_field *field)
{
    return *(vn_tree *const *)field_in(module, field);
}

static bool owns_tree(const vn_field *field)
{
    return field->kind == VN_FIELD_TREE || field->kind == VN_FIELD_STATIC;
}

/* The fields that the new module has no share of yet become NULL, so that it may be
 * released. */
static void clear_owned(vn_tree *module)
{
    for (int i = 0; i < module->type->n_fields; i++) {
        const vn_field *const field = &module->type->fields[i];
        if (owns_tree(field) || field->kind == VN_FIELD_STRING)
            memset((char *)module + field->offset, 0, sizeof(void *));
    }
}

static bool copy_string(vn_tree *module, const vn_field *field, const void *init)
{
    const char *const text = *(const char *const *)field_in(init, field);
    if (!text)
        return true;
    const size_t bytes = strlen(text) + 1;
    char *const copy = vn__alloc(bytes);
    if (!copy)
        return false;
    memcpy(copy, text, bytes);
    *(char **)((char *)module + field->offset) = copy;
    return true;
}

static bool copy_static(vn_tree *module, const vn_field *field, const void *init)
{
    if (!vn__deepen(module, tree_in(init, field)))
        return false;
    *(vn_tree **)((char *)module + field->offset) = vn_retain(tree_in(init, field));
    return true;
}

static bool copy_owned(vn_tree *module, const void *init)
{
    int child = 0;
    for (int i = 0; i < module->type->n_fields; i++) {
        const vn_field *const field = &module->type->fields[i];
        if (field->kind == VN_FIELD_TREE &&
            !vn__set_child(module, child++, tree_in(init, field)))
            return false;
        if (field->kind == VN_FIELD_STATIC && !copy_static(module, field, init))
            return false;
        if (field->kind == VN_FIELD_STRING && !copy_string(module, field, init))
            return false;
    }
    return true;
}

vn_tree *vn_module_new(const vn_type *type, const void *init)
{
    for (int i = 0; i < type->n_fields; i++)
        if (owns_tree(&type->fields[i]) && !tree_in(init, &type->fields[i]))
            return vn_error(VN_ERR_NULL_ARGUMENT, "%s: the field %s is NULL", type->name,
                            type->fields[i].name);
    vn_tree *const module = vn__scope_reserve() ? vn__node_new_owned(type, type->size) : NULL;
    if (!module)
        return NULL;
    memcpy((char *)module + sizeof *module, (const char *)init + sizeof *module,
           type->size - sizeof *module);
    clear_owned(module);
    if (copy_owned(module, init))
        return vn__autorelease(module);
    vn__node_discard(module);
    return NULL;
}

const void *vn_module_cast(const vn_tree *tree, const vn_type *type)
{
    char text[VN__SHAPE_TEXT];
    if (!tree || !type)
        vn__fail(VN_ERR_NULL_ARGUMENT, "%s: the %s is NULL", type ? type->name : "module_cast",
                 type ? "module" : "type");
    else if (tree->type != type)
        vn__fail(VN_ERR_ARGUMENT, "not a %s but %s", type->name, vn__describe(text, tree));
    return tree && type && tree->type == type ? tree : NULL;
}

static vn_tree *copy_sequence(const vn_tree *node)
{
    const vn__sequence *const old = (const vn__sequence *)(const void *)node;
    if (node->type->kind == VN_KIND_DICT)
        return vn_dict_n(old->n, (const char *const *)old->keys, old->item);
    return node->type->kind == VN_KIND_LIST ? vn_list_n(old->n, old->item)
                                            : vn_tuple_n(old->n, old->item);
}

static vn_tree *module_from(const vn_type *type, const void *init)
{
    vn_tree *const copy = vn_module_new(type, init);
    if (copy && copy->type->copied)
        copy->type->copied(copy);
    return copy;
}

vn_tree *vn__node_copy(const vn_tree *node)
{
    return node->type->kind == VN_KIND_MODULE ? module_from(node->type, node)
                                              : copy_sequence(node);
}

/* A module's fields with the children in their places: each is retained once, and what the node
 * holds not at all. */
static vn_tree *module_with(const vn_tree *node, vn_tree *const children[])
{
    max_align_t few[16];
    const vn_type *const type = node->type;
    char *const init = type->size <= sizeof few ? (char *)few : vn__alloc(type->size);
    if (!init)
        return NULL;
    memcpy(init, node, type->size);
    for (int i = 0; i < type->n_fields; i++)
        if (type->fields[i].kind == VN_FIELD_TREE)
            *(vn_tree **)(void *)(init + type->fields[i].offset) = *children++;
    vn_tree *const made = module_from(type, init);
    if (init != (char *)few)
        vn__free(init);
    return made;
}

vn_tree *vn__node_with_children(vn_tree *node, vn_tree *const children[])
{
    const int n = vn__len(node);
    if (n == 0)
        return node;
    if (!vn__no_nulls(node->type->name, n, children))
        return NULL;
    if (node->type->kind == VN_KIND_MODULE)
        return module_with(node, children);
    if (node->type->kind == VN_KIND_TUPLE)
        return vn_tuple_n(n, children);
    vn_tree *const copy = vn__node_copy(node);
    for (int i = 0; copy && i < n; i++)
        if (!vn__set_child(copy, i, children[i]))
            return NULL;
    return copy;
}
