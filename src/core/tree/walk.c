/* SPDX-License-Identifier: MIT */
/* Walking trees: visit, map, describe. Every tree function is written with these. */
#include <stdio.h>

#include "core/tree/tree.h"

bool vn__for_leaves(vn_tree *tree, bool (*visit)(void *context, vn_tree *leaf), void *context)
{
    if (!tree)
        return true;
    if (vn_is_leaf(tree))
        return visit(context, tree);
    for (int i = 0, n = vn_len(tree); i < n; i++)
        if (!vn__for_leaves(vn__child(tree, i), visit, context))
            return false;
    return true;
}

/* A node is copied when its first child changes: subtrees that stay the same are shared. */
vn_tree *vn__map_leaves(vn_tree *tree, vn_tree *(*fn)(void *context, vn_tree *leaf), void *context)
{
    if (!tree || vn_is_leaf(tree))
        return tree ? fn(context, tree) : NULL;
    vn_tree *result = tree;
    for (int i = 0, n = vn_len(tree); i < n; i++) {
        vn_tree *const old = vn__child(tree, i);
        vn_tree *const new = vn__map_leaves(old, fn, context);
        if (new && new != old && result == tree)
            result = vn__node_copy(tree);
        if (!new || !result || (new != old && !vn__set_child(result, i, new)))
            return NULL;
    }
    return result;
}

typedef struct several {
    int n;
    vn_tree *(*fn)(void *context, vn_tree *const leaf[]);
    void *context;
} several;

static vn_tree *map_several(const several *s, vn_tree *const node[]);

/* Child i of every node, mapped. */
static vn_tree *map_child(const several *s, vn_tree *const node[], int i)
{
    vn_tree *few[4];
    vn_tree **const child = s->n <= 4 ? few : vn__alloc((size_t)s->n * sizeof *child);
    if (!child)
        return NULL;
    for (int t = 0; t < s->n; t++)
        child[t] = vn__child(node[t], i);
    vn_tree *const result = map_several(s, child);
    if (child != few)
        vn__free(child);
    return result;
}

static vn_tree *map_several(const several *s, vn_tree *const node[])
{
    vn_tree *const first = node[0];
    char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
    for (int t = 1; t < s->n; t++)
        if (vn_is_leaf(first) ? !vn_is_leaf(node[t]) : !vn__same_node(first, node[t]))
            return vn_error(VN_ERR_STRUCTURE, "tree_map: structures disagree: %s and %s",
                            vn__describe(a, first), vn__describe(b, node[t]));
    if (vn_is_leaf(first))
        return s->fn(s->context, node);
    vn_tree *result = first;
    for (int i = 0, n = vn_len(first); i < n; i++) {
        vn_tree *const old = vn__child(first, i), *const new = map_child(s, node, i);
        if (new && new != old && result == first)
            result = vn__node_copy(first);
        if (!new || !result || (new != old && !vn__set_child(result, i, new)))
            return NULL;
    }
    return result;
}

vn_tree *vn__map_leaves_n(int n, vn_tree *const trees[],
                          vn_tree *(*fn)(void *context, vn_tree *const leaf[]), void *context)
{
    if (n < 1 || !vn__no_nulls("tree_map", n, trees))
        return NULL;
    return map_several(&(several){ n, fn, context }, trees);
}

static bool count_leaf(void *context, vn_tree *leaf)
{
    (void)leaf;
    ++*(int *)context;
    return true;
}

int vn_tree_count(const vn_tree *tree)
{
    int n = 0;
    vn__for_leaves((vn_tree *)(uintptr_t)tree, count_leaf, &n);
    return n;
}

const char *vn__describe(char text[VN__SHAPE_TEXT], const vn_tree *tree)
{
    const vn__array *const array = vn__as_array(tree);
    if (array)
        return vn__shape_text(text, array->dtype, array->shape);
    snprintf(text, VN__SHAPE_TEXT, "%s", tree ? tree->type->name : "NULL");
    return text;
}
