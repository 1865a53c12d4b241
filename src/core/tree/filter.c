/* SPDX-License-Identifier: MIT */
/* filter, partition, combine. What is taken out leaves none behind. */
#include "core/tree/path.h"

typedef struct rule {
    vn_filter_fn *fn; /* NULL: everything */
    bool inverse;
    vn_tree *replace;                        /* NULL: none */
    bool (*is_leaf)(const vn_tree *subtree); /* NULL: leaves */
} rule;

static vn_tree *keep(void *context, vn_tree *const leaf[])
{
    const rule *const r = context;
    if ((!r->fn || r->fn(leaf[0])) != r->inverse)
        return leaf[0];
    return r->replace ? r->replace : vn_none();
}

static vn_tree *keep_where(vn_tree *tree, rule r)
{
    return vn__map_subtrees_n(1, &tree, r.is_leaf, keep, &r);
}

vn_tree *vn_filter(vn_tree *tree, vn_filter_fn *fn)
{
    if (!vn__no_nulls("filter", 1, &tree))
        return NULL;
    if (!fn)
        return vn_error(VN_ERR_NULL_ARGUMENT, "filter: the predicate is NULL");
    return keep_where(tree, (rule){ .fn = fn });
}

/* A leaf of the specification, applied to the subtree that stands in its place. */
static vn_tree *apply(vn_tree *tree, const vn_tree *spec, const rule *r, const vn__trail *trail)
{
    const vn__leaf *const leaf = (const vn__leaf *)(const void *)spec;
    rule own = *r;
    if (vn_kind_of(spec) == VN_KIND_BOOL) {
        own.inverse = (leaf->integer != 0) == r->inverse;
        return keep_where(tree, own);
    }
    if (vn_kind_of(spec) == VN_KIND_FUNCTION && leaf->predicate) {
        own.fn = leaf->predicate;
        return keep_where(tree, own);
    }
    char text[VN__SHAPE_TEXT], path[VN__PATH_TEXT] = "";
    return vn_error(
        VN_ERR_ARGUMENT,
        "filter: a specification is made of vn_bool and vn_predicate leaves, not %s "
        "(at \"%s\")",
        vn__describe(text, spec), vn__trail_append(path, sizeof path, trail));
}

static vn_tree *filter(vn_tree *tree, const vn_tree *spec, const rule *r,
                       const vn__trail *trail)
{
    if (vn_is_leaf(spec))
        return apply(tree, spec, r, trail);
    if (!vn__same_node(spec, tree)) {
        vn__fail_structure("filter", trail, spec, tree);
        return NULL;
    }
    vn_tree *result = tree;
    for (int i = 0, n = vn_len(tree); i < n; i++) {
        vn_tree *const new =
            filter(vn__child(tree, i), vn__child(spec, i), r, &(vn__trail){ trail, tree, i });
        if (!vn__replace_child(&result, tree, i, new))
            return NULL;
    }
    return result;
}

vn_tree *vn_filter_with(vn_tree *tree, vn_tree *spec, const vn_filter_options *options)
{
    rule r = { NULL };
    if (options) {
        r.inverse = options->inverse;
        r.replace = options->replace;
        r.is_leaf = options->is_leaf;
    }
    return vn__no_nulls("filter", 2, VN_TREES(tree, spec)) ? filter(tree, spec, &r, NULL)
                                                           : NULL;
}

vn_tree *vn_filter_spec(vn_tree *tree, vn_tree *spec, bool inverse)
{
    return vn_filter_with(tree, spec, &(vn_filter_options){ .inverse = inverse });
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
                kept ? keep_where(tree, (rule){ .fn = fn, .inverse = true }) : NULL);
}

vn_status vn_partition_with(vn_tree **dynamic, vn_tree **rest, vn_tree *tree, vn_tree *spec,
                            const vn_filter_options *options)
{
    vn_filter_options o = options ? *options : (vn_filter_options){ .inverse = false };
    vn_tree *const kept = vn_filter_with(tree, spec, &o);
    o.inverse = !o.inverse;
    return both(dynamic, rest, kept, kept ? vn_filter_with(tree, spec, &o) : NULL);
}

vn_status vn_partition_spec(vn_tree **dynamic, vn_tree **rest, vn_tree *tree, vn_tree *spec)
{
    return vn_partition_with(dynamic, rest, tree, spec, NULL);
}

/* ------------------------------------------------------------------- combine */

typedef bool leaf_fn(const vn_tree *subtree);

static vn_tree *combine(vn_tree *a, vn_tree *b, leaf_fn *is_leaf, const vn__trail *trail)
{
    if (vn_is_none(a))
        return b;
    if (vn_is_none(b) || vn_is_leaf(a) || (is_leaf && is_leaf(a)))
        return a;
    if (!vn__same_node(a, b)) {
        vn__fail_structure("combine", trail, a, b);
        return NULL;
    }
    vn_tree *result = a;
    for (int i = 0, n = vn_len(a); i < n; i++) {
        vn_tree *const new =
            combine(vn__child(a, i), vn__child(b, i), is_leaf, &(vn__trail){ trail, a, i });
        if (!vn__replace_child(&result, a, i, new))
            return NULL;
    }
    return result;
}

vn_tree *vn_combine_n(int n, vn_tree *const trees[], leaf_fn *is_leaf)
{
    if (n < 1)
        return vn_error(VN_ERR_ARGUMENT, "combine: %d trees", n);
    if (!vn__no_nulls("combine", n, trees))
        return NULL;
    vn_tree *result = trees[0];
    for (int i = 1; i < n && result; i++)
        result = combine(result, trees[i], is_leaf, NULL);
    return result;
}

vn_tree *vn_combine(vn_tree *a, vn_tree *b) { return vn_combine_n(2, VN_TREES(a, b), NULL); }
