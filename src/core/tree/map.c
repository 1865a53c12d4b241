/* SPDX-License-Identifier: MIT */
/* leaves, unflatten, one level of both, map. */
#include "core/tree/path.h"

typedef struct filling {
    vn_tree **leaf;
    int n;
} filling;

static bool collect(void *context, vn_tree *leaf)
{
    filling *const f = context;
    f->leaf[f->n++] = leaf;
    return true;
}

vn_tree *vn_tree_leaves(vn_tree *tree)
{
    if (!vn__no_nulls("tree_leaves", 1, &tree))
        return NULL;
    const int n = vn_tree_count(tree);
    filling f = { .leaf = vn__alloc((size_t)n * sizeof *f.leaf) };
    if (!f.leaf)
        return NULL;
    vn__for_leaves(tree, collect, &f);
    vn_tree *const leaves = vn_tuple_n(n, f.leaf);
    vn__free(f.leaf);
    return leaves;
}

static vn_tree *next_leaf(void *context, vn_tree *leaf)
{
    (void)leaf;
    return *(*(vn_tree *const **)context)++;
}

vn_tree *vn_tree_unflatten(vn_tree *like, int n, vn_tree *const leaves[])
{
    if (!vn__no_nulls("tree_unflatten", 1, &like) || !vn__no_nulls("tree_unflatten", n, leaves))
        return NULL;
    const int count = vn_tree_count(like);
    if (n != count)
        return vn_error(VN_ERR_STRUCTURE,
                        "tree_unflatten: %d leaves given, the structure has %d", n, count);
    vn_tree *const *next = leaves;
    return vn__map_leaves(like, next_leaf, &next);
}

/* ---- one level */

vn_tree *vn_tree_flatten_one_level(vn_tree *tree)
{
    if (!vn__no_nulls("tree_flatten_one_level", 1, &tree))
        return NULL;
    if (vn_is_leaf(tree))
        return vn_tuple(tree);
    const int n = vn_len(tree);
    vn_tree **const child = vn__alloc(((size_t)n + 1) * sizeof *child);
    for (int i = 0; child && i < n; i++)
        child[i] = vn__child(tree, i);
    vn_tree *const children = child ? vn_tuple_n(n, child) : NULL;
    vn__free(child);
    return children;
}

vn_tree *vn_tree_unflatten_one_level(vn_tree *like, int n, vn_tree *const children[])
{
    if (!vn__no_nulls("tree_unflatten_one_level", 1, &like) ||
        !vn__no_nulls("tree_unflatten_one_level", n, children))
        return NULL;
    const int count = vn_is_leaf(like) ? 1 : vn_len(like);
    if (n != count)
        return vn_error(VN_ERR_STRUCTURE,
                        "tree_unflatten_one_level: %d children given, the node has %d", n,
                        count);
    if (n == 0)
        return like;
    return vn_is_leaf(like) ? children[0] : vn__node_with_children(like, children);
}

/* ---- map */

typedef struct mapping {
    vn_tree *fn;
    int n;
} mapping;

static vn_tree *call_on(void *context, vn_tree *const leaf[])
{
    const mapping *const m = context;
    return vn_call_n(m->fn, m->n, leaf);
}

vn_tree *vn_tree_map_n(vn_tree *fn, int n, vn_tree *const trees[],
                       bool (*is_leaf)(const vn_tree *))
{
    if (n < 1)
        return vn_error(VN_ERR_ARGUMENT, "tree_map: %d trees", n);
    if (!vn__no_nulls("tree_map", 1, &fn))
        return NULL;
    return vn__map_subtrees_n(n, trees, is_leaf, call_on, &(mapping){ fn, n });
}
