/* SPDX-License-Identifier: MIT */
/* tree_check: a model is a tree, not a graph. Cycles cannot exist, for trees are immutable;
 * what can happen is one node in two places, which updates would then tear apart. Leaves, none
 * and empty nodes may be shared. */
#include <stdlib.h>

#include "core/tree/path.h"

typedef struct visits {
    const vn_tree **node;
    int64_t n, capacity;
} visits;

static bool visit(visits *v, const vn_tree *tree)
{
    const int n = vn_len(tree);
    if (n == 0)
        return true;
    if (!vn__grow(&v->node, &v->capacity, v->n + 1, sizeof *v->node))
        return false;
    v->node[v->n++] = tree;
    for (int i = 0; i < n; i++)
        if (!visit(v, vn__child(tree, i)))
            return false;
    return true;
}

static int by_address(const void *a, const void *b)
{
    const uintptr_t p = (uintptr_t) * (const vn_tree *const *)a;
    const uintptr_t q = (uintptr_t) * (const vn_tree *const *)b;
    return (p > q) - (p < q);
}

/* The path of visit number `*skip` of the node. */
static bool find(const vn_tree *tree, const vn_tree *target, int *skip, const vn__trail *trail,
                 char text[VN__PATH_TEXT])
{
    if (tree == target && (*skip)-- == 0) {
        vn__trail_append(text, VN__PATH_TEXT, trail);
        return true;
    }
    for (int i = 0, n = vn_len(tree); i < n; i++)
        if (find(vn__child(tree, i), target, skip, &(vn__trail){ trail, tree, i }, text))
            return true;
    return false;
}

static void fail_twice(const vn_tree *tree, const vn_tree *node)
{
    char first[VN__PATH_TEXT] = "", second[VN__PATH_TEXT] = "";
    find(tree, node, &(int){ 0 }, NULL, first);
    find(tree, node, &(int){ 1 }, NULL, second);
    vn__fail(VN_ERR_STRUCTURE, "tree_check: one %s is both %.200s and %.200s", node->type->name,
             first, second);
}

bool vn_tree_check(const vn_tree *tree)
{
    if (!tree) {
        vn__fail(VN_ERR_NULL_ARGUMENT, "tree_check: the tree is NULL");
        return false;
    }
    visits v = { 0 };
    bool good = visit(&v, tree);
    if (good && v.n > 0)
        qsort(v.node, (size_t)v.n, sizeof *v.node, by_address);
    for (int64_t i = 1; good && i < v.n; i++)
        if (v.node[i] == v.node[i - 1]) {
            fail_twice(tree, v.node[i]);
            good = false;
        }
    vn__free(v.node);
    return good;
}
