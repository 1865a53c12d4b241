/* SPDX-License-Identifier: MIT */
/* Arithmetic on trees: one op a leaf. */
#include "core/tree/path.h"
#include "vernal/ops.h"

static vn_tree *scale(void *context, vn_tree *leaf)
{
    return vn_is_inexact_array(leaf) ? vn_scale(*(const double *)context, leaf) : leaf;
}

vn_tree *vn_tree_scale(double factor, vn_tree *tree)
{
    return vn__no_nulls("tree_scale", 1, &tree) ? vn__map_leaves(tree, scale, &factor) : NULL;
}

typedef vn_array *binary_fn(vn_array *a, vn_array *b);

/* context: a binary_fn * */
static vn_tree *combine_two(void *context, vn_tree *const leaf[])
{
    binary_fn *const fn = *(binary_fn *const *)context;
    return vn_is_inexact_array(leaf[0]) ? fn(leaf[0], leaf[1]) : leaf[0];
}

static vn_tree *binary(binary_fn *fn, vn_tree *a, vn_tree *b)
{
    return vn__map_leaves_n(2, VN_TREES(a, b), combine_two, &fn);
}

vn_tree *vn_tree_add(vn_tree *a, vn_tree *b) { return binary(vn_add, a, b); }

vn_tree *vn_tree_sub(vn_tree *a, vn_tree *b) { return binary(vn_sub, a, b); }

static vn_tree *zeros(void *context, vn_tree *leaf)
{
    (void)context;
    return vn_is_inexact_array(leaf) ? vn_zeros_like(leaf) : leaf;
}

vn_tree *vn_tree_zeros_like(vn_tree *tree)
{
    return vn__no_nulls("tree_zeros_like", 1, &tree) ? vn__map_leaves(tree, zeros, NULL) : NULL;
}

/* |x|^2, real */
static vn_array *squared(vn_array *x)
{
    return vn_dtype_is_complex(vn_dtype_of(x))
               ? vn_add(vn_square(vn_real(x)), vn_square(vn_imag(x)))
               : vn_square(x);
}

/* context: the sum so far, NULL before the first leaf */
static bool add_square(void *context, vn_tree *leaf)
{
    vn_array **const sum = context;
    if (!vn_is_inexact_array(leaf))
        return true;
    vn_array *const square = vn_sum(squared(leaf));
    *sum = *sum ? vn_add(*sum, square) : square;
    return *sum != NULL;
}

vn_array *vn_tree_square_norm(vn_tree *tree)
{
    vn_array *sum = NULL;
    if (!vn__no_nulls("tree_square_norm", 1, &tree) || !vn__for_leaves(tree, add_square, &sum))
        return NULL;
    return sum ? sum : vn_scalar(VN_DTYPE_DEFAULT, 0);
}

static bool is_static_number(const vn_tree *leaf)
{
    return vn_is_array_like(leaf) && !vn_is_array(leaf);
}

/* p + u; two static numbers stay a static number. */
static vn_tree *update_leaf(vn_tree *p, vn_tree *u)
{
    if (!is_static_number(p) || !is_static_number(u))
        return vn_add(p, u);
    if (vn_kind_of(p) == VN_KIND_FLOAT || vn_kind_of(u) == VN_KIND_FLOAT)
        return vn_float(vn_item(p) + vn_item(u));
    int64_t sum;
    if (__builtin_add_overflow(vn_item_int(p), vn_item_int(u), &sum))
        return vn_error(VN_ERR_ARGUMENT, "apply_updates: the sum of two int leaves overflows");
    return vn_int(sum);
}

static vn_tree *update(vn_tree *p, vn_tree *u, const vn__trail *trail)
{
    if (vn_is_none(u))
        return p;
    if (vn_is_leaf(p) && vn_is_leaf(u))
        return update_leaf(p, u);
    if (!vn__same_node(p, u)) {
        vn__fail_structure("apply_updates", trail, p, u);
        return NULL;
    }
    vn_tree *result = p;
    for (int i = 0, n = vn_len(p); i < n; i++) {
        vn_tree *const new =
            update(vn__child(p, i), vn__child(u, i), &(vn__trail){ trail, p, i });
        if (!vn__replace_child(&result, p, i, new))
            return NULL;
    }
    return result;
}

vn_tree *vn_apply_updates(vn_tree *model, vn_tree *updates)
{
    if (!vn__no_nulls("apply_updates", 2, VN_TREES(model, updates)))
        return NULL;
    return update(model, updates, NULL);
}
