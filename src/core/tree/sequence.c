/* SPDX-License-Identifier: MIT */
/* list, tuple, dict, and what all nodes have: a number of children, a child, its name. */
#include <stdlib.h>
#include <string.h>

#include "core/tree/tree.h"

static vn__sequence *sequence_new(const vn_type *type, int n)
{
    if (n < 0) {
        vn__fail(VN_ERR_ARGUMENT, "%s: %d items", type->name, n);
        return NULL;
    }
    vn_tree *const node =
        vn__node_new(type, sizeof(vn__sequence) + (size_t)n * sizeof(vn_tree *));
    return (vn__sequence *)(void *)node;
}

static vn_tree *sequence_of(const vn_type *type, int n, vn_tree *const items[])
{
    if (!vn__no_nulls(type->name, n, items))
        return NULL;
    vn__sequence *const sequence = sequence_new(type, n);
    if (!sequence)
        return NULL;
    sequence->n = n;
    for (int i = 0; i < n; i++)
        if (!vn__set_child(&sequence->base, i, items[i]))
            return NULL;
    return &sequence->base;
}

vn_tree *vn_list_n(int n, vn_tree *const items[])
{
    return sequence_of(&vn__type_list, n, items);
}

vn_tree *vn_tuple_n(int n, vn_tree *const items[])
{
    return sequence_of(&vn__type_tuple, n, items);
}

typedef struct entry {
    const char *key;
    vn_tree *item;
} entry;

static int by_key(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->key, ((const entry *)b)->key);
}

static bool copy_keys(vn__sequence *dict, const entry *entries)
{
    dict->keys = vn__alloc_zero((size_t)dict->n * sizeof *dict->keys);
    for (int i = 0; dict->keys && i < dict->n; i++) {
        const size_t bytes = strlen(entries[i].key) + 1;
        dict->keys[i] = vn__alloc(bytes);
        if (!dict->keys[i])
            return false;
        memcpy(dict->keys[i], entries[i].key, bytes);
    }
    return dict->keys != NULL;
}

static vn_tree *dict_of(int n, entry *entries)
{
    qsort(entries, (size_t)n, sizeof *entries, by_key);
    for (int i = 1; i < n; i++)
        if (strcmp(entries[i - 1].key, entries[i].key) == 0)
            return vn_error(VN_ERR_ARGUMENT, "dict: the key '%s' is given twice",
                            entries[i].key);
    vn__sequence *const dict = sequence_new(&vn__type_dict, n);
    if (!dict)
        return NULL;
    dict->n = n;
    for (int i = 0; i < n; i++)
        if (!vn__set_child(&dict->base, i, entries[i].item))
            return NULL;
    return copy_keys(dict, entries) ? &dict->base : NULL;
}

vn_tree *vn_dict_n(int n, const char *const keys[], vn_tree *const items[])
{
    if (n < 0)
        return vn_error(VN_ERR_ARGUMENT, "dict: %d items", n);
    if (!vn__no_nulls("dict", n, items))
        return NULL;
    if (n > 0 && !keys)
        return vn_error(VN_ERR_NULL_ARGUMENT, "dict: the list of %d keys is NULL", n);
    entry *const entries = vn__alloc((size_t)n * sizeof *entries);
    if (!entries)
        return NULL;
    vn_tree *dict = NULL;
    int filled = 0;
    for (; filled < n && keys[filled]; filled++)
        entries[filled] = (entry){ keys[filled], items[filled] };
    if (filled == n)
        dict = dict_of(n, entries);
    else
        vn__fail(VN_ERR_NULL_ARGUMENT, "dict: key %d is NULL", filled);
    vn__free(entries);
    return dict;
}

int vn_len(const vn_tree *tree) { return tree ? vn__len(tree) : 0; }

vn_tree *vn_at(vn_tree *tree, int index)
{
    char text[VN__SHAPE_TEXT];
    if (!vn__no_nulls("at", 1, &tree))
        return NULL;
    const int n = vn_len(tree), i = index < 0 ? index + n : index;
    if (i < 0 || i >= n)
        return vn_error(VN_ERR_ARGUMENT, "at: index %d of %s with %d children", index,
                        vn__describe(text, tree), n);
    return *vn__child_slot(tree, i);
}

const char *vn_key_at(const vn_tree *tree, int index)
{
    const int n = vn_len(tree);
    int i = index < 0 ? index + n : index;
    if (i < 0 || i >= n)
        return NULL;
    if (tree->type->kind == VN_KIND_DICT)
        return ((const vn__sequence *)(const void *)tree)->keys[i];
    if (tree->type->kind != VN_KIND_MODULE)
        return NULL;
    for (const vn_field *field = tree->type->fields;; field++)
        if (field->kind == VN_FIELD_TREE && i-- == 0)
            return field->name;
}

bool vn__no_nulls(const char *who, int n, vn_tree *const arg[])
{
    if (n > 0 && !arg) {
        vn__fail(VN_ERR_NULL_ARGUMENT, "%s: the list of %d arguments is NULL", who, n);
        return false;
    }
    for (int i = 0; i < n; i++)
        if (!arg[i]) {
            vn__fail(VN_ERR_NULL_ARGUMENT, "%s: argument %d is NULL", who, i);
            return false;
        }
    return true;
}
