/* SPDX-License-Identifier: MIT */
/* inference_mode: every field called "inference", whether a subtree or a static bool. */
#include <string.h>

#include "core/tree/tree.h"

static const vn_field *flag_of(const vn_tree *tree)
{
    if (vn_kind_of(tree) != VN_KIND_MODULE)
        return NULL;
    for (int i = 0; i < tree->type->n_fields; i++) {
        const vn_field *const field = &tree->type->fields[i];
        if (strcmp(field->name, "inference") == 0 &&
            (field->kind == VN_FIELD_TREE || field->kind == VN_FIELD_BOOL))
            return field;
    }
    return NULL;
}

static vn_tree *set(vn_tree *tree, bool value)
{
    const vn_field *const flag = flag_of(tree);
    vn_tree *result = tree;
    if (flag && flag->kind == VN_FIELD_BOOL) {
        result = vn__node_copy(tree);
        if (!result)
            return NULL;
        *(bool *)((char *)result + flag->offset) = value;
    }
    for (int i = 0, n = vn_len(tree); i < n; i++) {
        const char *const key = flag ? vn_key_at(tree, i) : NULL;
        vn_tree *const new = key &&strcmp(key, "inference") == 0
                                 ? vn_bool(value)
                                 : set(vn__child(tree, i), value);
        if (!vn__replace_child(&result, tree, i, new))
            return NULL;
    }
    return result;
}

vn_tree *vn_inference_mode(vn_tree *tree, bool value)
{
    return vn__no_nulls("inference_mode", 1, &tree) ? set(tree, value) : NULL;
}

vn_tree *vn_tree_inference(vn_tree *tree, bool value) { return vn_inference_mode(tree, value); }
