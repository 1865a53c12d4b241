/* SPDX-License-Identifier: MIT */
/* Walking trees: visit, map, describe. Every tree function is written with these. */
#include <stdio.h>

#include "core/tree/path.h"

bool vn__for_leaves(vn_tree *tree, bool (*visit)(void *context, vn_tree *leaf), void *context)
{
    if (!tree)
        return true;
    if (vn__is_leaf(tree))
        return visit(context, tree);
    int at = 0;
    for (vn_tree **slot; (slot = vn__next_slot(tree, &at)) != NULL;)
        if (!vn__for_leaves(*slot, visit, context))
            return false;
    return true;
}

bool vn__replace_child(vn_tree **result, vn_tree *original, int i, vn_tree *child)
{
    if (!child)
        return false;
    if (child == vn__child(original, i))
        return true;
    if (*result == original)
        *result = vn__node_copy(original);
    return *result && vn__set_child(*result, i, child);
}

#define FEW 16 /* children that are mapped before their node is made */

vn_tree *vn__map_leaves(vn_tree *tree, vn_tree *(*fn)(void *context, vn_tree *leaf),
                        void *context)
{
    if (!tree || vn__is_leaf(tree))
        return tree ? fn(context, tree) : NULL;
    const int n = vn__len(tree);
    vn_tree *result = tree, *few[FEW];
    bool changes = false;
    for (int i = 0; i < n; i++) {
        vn_tree *const child = vn__map_leaves(vn__child(tree, i), fn, context);
        if (n > FEW ? !vn__replace_child(&result, tree, i, child) : !child)
            return NULL;
        if (n > FEW)
            continue;
        few[i] = child;
        changes = changes || child != vn__child(tree, i);
    }
    return changes ? vn__node_with_children(tree, few) : result;
}

typedef struct several {
    int n;
    bool (*is_leaf)(const vn_tree *);
    vn_tree *(*fn)(void *context, vn_tree *const leaf[]);
    void *context;
} several;

static vn_tree *map_several(const several *s, vn_tree *const node[], const vn__trail *trail);

/* Child i of every node, mapped. */
static vn_tree *map_child(const several *s, vn_tree *const node[], const vn__trail *trail)
{
    vn_tree *few[4];
    vn_tree **const child = s->n <= 4 ? few : vn__alloc((size_t)s->n * sizeof *child);
    if (!child)
        return NULL;
    for (int t = 0; t < s->n; t++)
        child[t] = vn__child(node[t], trail->child);
    vn_tree *const result = map_several(s, child, trail);
    if (child != few)
        vn__free(child);
    return result;
}

static vn_tree *map_several(const several *s, vn_tree *const node[], const vn__trail *trail)
{
    vn_tree *const first = node[0];
    if (s->is_leaf && s->is_leaf(first))
        return s->fn(s->context, node);
    for (int t = 1; t < s->n; t++)
        if (vn__is_leaf(first) ? !vn__is_leaf(node[t]) : !vn__same_node(first, node[t])) {
            vn__fail_structure("tree_map", trail, first, node[t]);
            return NULL;
        }
    if (vn__is_leaf(first))
        return s->fn(s->context, node);
    vn_tree *result = first;
    for (int i = 0, n = vn__len(first); i < n; i++)
        if (!vn__replace_child(&result, first, i,
                               map_child(s, node, &(vn__trail){ trail, first, i })))
            return NULL;
    return result;
}

vn_tree *vn__map_subtrees_n(int n, vn_tree *const trees[], bool (*is_leaf)(const vn_tree *),
                            vn_tree *(*fn)(void *context, vn_tree *const leaf[]), void *context)
{
    if (n < 1 || !vn__no_nulls("tree_map", n, trees))
        return NULL;
    return map_several(&(several){ n, is_leaf, fn, context }, trees, NULL);
}

vn_tree *vn__map_leaves_n(int n, vn_tree *const trees[],
                          vn_tree *(*fn)(void *context, vn_tree *const leaf[]), void *context)
{
    return vn__map_subtrees_n(n, trees, NULL, fn, context);
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
