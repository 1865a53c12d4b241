/* SPDX-License-Identifier: MIT */
/* filter, partition, combine. What is taken out leaves none behind. */
#include "core/tree/path.h"

typedef struct rule {
    vn_filter_fn *fn; /* NULL: everything */
    bool inverse;
} rule;

static vn_tree *keep(void *context, vn_tree *leaf)
{
    const rule *const r = context;
    return (!r->fn || r->fn(leaf)) != r->inverse ? leaf : vn_none();
}

vn_tree *vn_filter(vn_tree *tree, vn_filter_fn *fn)
{
    if (!vn__no_nulls("filter", 1, &tree))
        return NULL;
    if (!fn)
        return vn_error(VN_ERR_NULL_ARGUMENT, "filter: the predicate is NULL");
    return vn__map_leaves(tree, keep, &(rule){ fn, false });
}

/* A leaf of the specification, applied to the subtree that stands in its place. */
static vn_tree *apply(vn_tree *tree, const vn_tree *spec, bool inverse, const vn__trail *trail)
{
    const vn__leaf *const leaf = (const vn__leaf *)(const void *)spec;
    if (vn_kind_of(spec) == VN_KIND_BOOL)
        return vn__map_leaves(tree, keep, &(rule){ NULL, (leaf->integer != 0) == inverse });
    if (vn_kind_of(spec) == VN_KIND_FUNCTION && leaf->predicate)
        return vn__map_leaves(tree, keep, &(rule){ leaf->predicate, inverse });
    char text[VN__SHAPE_TEXT], path[VN__PATH_TEXT] = "";
    return vn_error(
        VN_ERR_ARGUMENT,
        "filter: a specification is made of vn_bool and vn_predicate leaves, not %s "
        "(at \"%s\")",
        vn__describe(text, spec), vn__trail_append(path, sizeof path, trail));
}

static vn_tree *filter(vn_tree *tree, const vn_tree *spec, bool inverse, const vn__trail *trail)
{
    if (vn_is_leaf(spec))
        return apply(tree, spec, inverse, trail);
    if (!vn__same_node(spec, tree)) {
        vn__fail_structure("filter", trail, spec, tree);
        return NULL;
    }
    vn_tree *result = tree;
    for (int i = 0, n = vn_len(tree); i < n; i++) {
        vn_tree *const old = vn__child(tree, i);
        vn_tree *const new =
            filter(old, vn__child(spec, i), inverse, &(vn__trail){ trail, tree, i });
        if (!vn__replace_child(&result, tree, i, new))
            return NULL;
    }
    return result;
}

vn_tree *vn_filter_spec(vn_tree *tree, vn_tree *spec, bool inverse)
{
    return vn__no_nulls("filter", 2, VN_TREES(tree, spec)) ? filter(tree, spec, inverse, NULL)
                                                           : NULL;
}

static vn_status both(vn_tree **dynamic, vn_tree **rest, vn_tree *kept, vn_tree *others)
{
    *dynamic = kept && others ? kept : NULL;
    *rest = kept && others ? others : NULL;
    return *dynamic ? VN_ERR_OK : vn_error_status();
}

vn_status vn_partition(vn_tree **dynamic, vn_tree **rest, vn_tree *tree, vn_filter_fn *fn)
{
    vn_tree *const kept = vn_filter(tree, fn);
    return both(dynamic, rest, kept,
                kept ? vn__map_leaves(tree, keep, &(rule){ fn, true }) : NULL);
}

vn_status vn_partition_spec(vn_tree **dynamic, vn_tree **rest, vn_tree *tree, vn_tree *spec)
{
    vn_tree *const kept = vn_filter_spec(tree, spec, false);
    return both(dynamic, rest, kept, kept ? vn_filter_spec(tree, spec, true) : NULL);
}

static vn_tree *combine(vn_tree *a, vn_tree *b, const vn__trail *trail)
{
    if (vn_is_none(a))
        return b;
    if (vn_is_none(b) || vn_is_leaf(a))
        return a;
    if (!vn__same_node(a, b)) {
        vn__fail_structure("combine", trail, a, b);
        return NULL;
    }
    vn_tree *result = a;
    for (int i = 0, n = vn_len(a); i < n; i++) {
        vn_tree *const new =
            combine(vn__child(a, i), vn__child(b, i), &(vn__trail){ trail, a, i });
        if (!vn__replace_child(&result, a, i, new))
            return NULL;
    }
    return result;
}

vn_tree *vn_combine(vn_tree *a, vn_tree *b)
{
    return vn__no_nulls("combine", 2, VN_TREES(a, b)) ? combine(a, b, NULL) : NULL;
}
