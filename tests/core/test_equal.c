/* SPDX-License-Identifier: MIT */
/* tree_equal. Values of Equinox's tests of it. */
#include "expect.h"

#include <math.h>

#include "modules.h"

static bool equal(vn_tree *a, vn_tree *b) { return vn_tree_equal(a, b, NULL); }

static vn_tree *sample(vn_dtype dtype, vn_shape shape)
{
    static const char *const keys[] = { "a", "b" };
    return vn_list(vn_int(1), vn_int(2), vn_ones(dtype, shape),
                   vn_dict_n(2, keys, VN_TREES(vn_int(1), mlp_new(2, 3, 2, 2))));
}

Test(equal, structure_shape_dtype_and_values_count)
{
    vn_tree *tree = sample(VN_F32, VN_SHAPE(2, 3));
    cr_assert(equal(tree, tree) && equal(tree, sample(VN_F32, VN_SHAPE(2, 3))));
    cr_assert(!equal(tree, sample(VN_F16, VN_SHAPE(2, 3))));
    cr_assert(!equal(tree, sample(VN_F32, VN_SHAPE(3, 2))));
    cr_assert(!equal(tree, sample(VN_F32, VN_SHAPE(6))));
    cr_assert(!equal(tree, vn_tree_at(tree, "[2]", vn_zeros(VN_F32, VN_SHAPE(2, 3)))));
    cr_assert(!equal(tree, vn_tree_at(tree, "[0]", vn_none())));
    cr_assert(!equal(vn_list(vn_int(1)), vn_tuple(vn_int(1))));
    cr_assert(!equal(linear_new(1, 2), vn_tree_at(linear_new(1, 2), "bias", vn_none())));
    cr_assert(!equal(tree, NULL));
    expect_error(NULL_ARGUMENT, "tree_equal: argument 1 is NULL");
}

Test(equal, tolerances_are_for_inexact_arrays)
{
    const vn_tree_equal_options near = { .atol = 1e-3 }, relative = { .rtol = 1e-4 };
    vn_tree *a = vn_scalar(VN_F32, 1), *b = vn_scalar(VN_F32, 1.00001);
    cr_assert(!equal(a, b) && vn_tree_equal(a, b, &near) && vn_tree_equal(a, b, &relative));
    a = vn_scalar(VN_I32, 1000000), b = vn_scalar(VN_I32, 1000001);
    cr_assert(!vn_tree_equal(a, b, &relative));
    cr_assert(!vn_tree_equal(vn_float(1), vn_float(1.00001), &near));
    a = vn_scalar(VN_F64, INFINITY);
    cr_assert(equal(a, a) && vn_tree_equal(a, a, &near));
    cr_assert(!vn_tree_equal(vn_scalar(VN_F64, 1), a, &relative));
    cr_assert(!vn_tree_equal(vn_scalar(VN_F64, -INFINITY), a, &relative));
    a = vn_scalar(VN_BF16, NAN);
    cr_assert(!equal(a, a) && !vn_tree_equal(a, a, &near));
    cr_assert(equal(vn_scalar(VN_F32, 0.0), vn_scalar(VN_F32, -0.0)));
}

Test(equal, numbers_compare_across_kinds_unless_typematch)
{
    const vn_tree_equal_options match = { .typematch = true };
    vn_tree *one[] = { vn_bool(true), vn_int(1), vn_float(1) };
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            cr_assert(equal(one[i], one[j]));
            cr_assert(vn_tree_equal(one[i], one[j], &match) == (i == j));
        }
    cr_assert(!equal(vn_int(INT64_MAX), vn_float(0x1p63)));
    cr_assert(!equal(vn_int((1LL << 53) + 1), vn_float(0x1p53)));
    cr_assert(!equal(vn_float(NAN), vn_float(NAN)) && !equal(vn_int(0), vn_float(0.5)));
    cr_assert(!equal(vn_scalar(VN_I32, 0), vn_int(0)) &&
              !equal(vn_int(0), vn_scalar(VN_I32, 0)));
    cr_assert(equal(vn_string("a"), vn_string("a")) && !equal(vn_string("a"), vn_string("b")));
    cr_assert(!equal(vn_string("1"), vn_int(1)));
    cr_assert(equal(vn_unary(vn_ones_like), vn_unary(vn_ones_like)));
    cr_assert(!equal(vn_unary(vn_ones_like), vn_unary(vn_zeros_like)));
}

Test(equal, same_structure_ignores_leaves)
{
    vn_tree *a = sample(VN_F32, VN_SHAPE(2)), *b = sample(VN_I8, VN_SCALAR);
    cr_assert(vn_tree_same_structure(a, b));
    cr_assert(vn_tree_same_structure(a, vn_tree_at(a, "[0]", vn_string("x"))));
    cr_assert(!vn_tree_same_structure(a, vn_tree_at(a, "[0]", vn_none())));
    cr_assert(
        !vn_tree_same_structure(a, vn_tree_at(a, "[3]['b'].layers[1]", linear_new(1, 1))));
    cr_assert(!vn_tree_same_structure(a, NULL));
    expect_ok();
}
