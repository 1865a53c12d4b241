/* SPDX-License-Identifier: MIT */
/* Arithmetic on trees, leaf by leaf. */
#include "expect.h"

#include "modules.h"

static double item(vn_tree *tree, const char *path) { return vn_item(vn_get(tree, path)); }

static vn_tree *sample(double first)
{
    return vn_list(vn_scalar(VN_F32, first), vn_none(), vn_scalar(VN_I32, 7), vn_string("s"),
                   box_new(vn_scalar(VN_F64, first + 1)), vn_float(0.5));
}

Test(tree_arithmetic, inexact_arrays_are_computed_with_and_the_rest_is_kept)
{
    vn_tree *a = sample(1), *b = sample(10);
    vn_tree *sum = vn_tree_add(a, b), *difference = vn_tree_sub(a, b),
            *half = vn_tree_scale(0.5, a);
    cr_assert(item(sum, "[0]") == 11 && item(sum, "[4].value") == 13 && item(sum, "[2]") == 7);
    cr_assert(item(difference, "[0]") == -9 && item(difference, "[4].value") == -9);
    cr_assert(item(half, "[0]") == 0.5 && item(half, "[4].value") == 1 &&
              item(half, "[5]") == 0.5);
    vn_tree *zeros = vn_tree_zeros_like(a);
    cr_assert(item(zeros, "[0]") == 0 && item(zeros, "[2]") == 7);
    cr_assert(vn_at(sum, 3) == vn_at(a, 3) && vn_is_none(vn_at(sum, 1)));
    cr_assert(vn_dtype_of(vn_get(half, "[4].value")) == VN_F64);
    cr_assert(vn_item(vn_tree_square_norm(b)) == 221);
    cr_assert(vn_item(vn_tree_square_norm(vn_int(3))) == 0);
    expect_ok();
    cr_assert(!vn_tree_add(a, vn_list(vn_int(1))));
    expect_error(STRUCTURE, "tree_map: structures disagree");
    cr_assert(!vn_tree_scale(2, NULL) && vn_error_status() == VN_ERR_NULL_ARGUMENT);
    vn_error_clear();
}

/* [obj, [5], [2]] + [None, -1, 1] in Equinox */
Test(tree_arithmetic, updates_are_applied_where_they_are_not_none)
{
    vn_tree *object = vn_string("object");
    vn_tree *model = vn_list(object, vn_list(vn_int(5)), vn_list(vn_scalar(VN_F32, 2)));
    vn_tree *updates = vn_list(vn_none(), vn_list(vn_int(-1)), vn_list(vn_scalar(VN_F32, 1)));
    vn_tree *new = vn_apply_updates(model, updates);
    cr_assert(vn_at(new, 0) == object && vn_int_value(vn_get(new, "[1][0]")) == 4);
    cr_assert(item(new, "[2][0]") == 3 && vn_is_array(vn_get(new, "[2][0]")));
    cr_assert(vn_float_value(vn_apply_updates(vn_int(1), vn_float(0.5))) == 1.5);
    cr_assert(vn_apply_updates(model, vn_none()) == model);
    expect_ok();
    cr_assert(!vn_apply_updates(model, vn_list(vn_int(0), vn_none(), vn_none())));
    cr_assert(!vn_ok());
    vn_error_clear();
    cr_assert(!vn_apply_updates(model, vn_tuple(vn_none(), vn_none(), vn_none())));
    expect_error(STRUCTURE, "apply_updates: structures disagree at \"\": list and tuple");
    cr_assert(!vn_apply_updates(vn_int(INT64_MAX), vn_int(1)));
    expect_error(ARGUMENT, "overflows");
}
