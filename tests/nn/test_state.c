/* SPDX-License-Identifier: MIT */
/* State, StateIndex (equinox.md, 1.6 and row 39). */
#include <criterion/criterion.h>

#include "expect.h"

Test(state, get_and_set)
{
    vn_tree *a = vn_state_index(vn_float(1)),
            *b = vn_state_index(vn_tuple(vn_int(2), vn_bool(true)));
    vn_tree *state = vn_state(vn_tuple(a, b));
    EXPECT(vn_state_get(state, a), VN_SCALAR, 1);
    EXPECT(vn_at(vn_state_get(state, b), 0), VN_SCALAR, 2);
    vn_tree *new = vn_state_set(state, a, vn_scalar(VN_F32, 7));
    EXPECT(vn_state_get(new, a), VN_SCALAR, 7);
    EXPECT(vn_state_get(state, a), VN_SCALAR, 1);
    expect_error(vn_state_set(state, a, vn_scalar(VN_F64, 7)), "f32[] to f64[]");
    expect_error(vn_state_set(state, a, vn_zeros(VN_F32, VN_SHAPE(2))), "f32[] to f32[2]");
    expect_error(vn_state_get(state, vn_state_index(vn_float(1))), "no value");
    expect_error(vn_state_index(vn_unary(vn_relu)), "StateIndex: init");
}

Test(state, parts)
{
    vn_tree *a = vn_state_index(vn_float(1)), *b = vn_state_index(vn_float(2));
    vn_tree *state = vn_state(vn_tuple(a, b));
    vn_tree *part = vn_substate(state, vn_list(b));
    cr_assert_eq(vn_tree_count(part), 1);
    vn_tree *new = vn_state_update(state, vn_state_set(part, b, vn_scalar(VN_F32, 5)));
    EXPECT(vn_state_get(new, b), VN_SCALAR, 5);
    EXPECT(vn_state_get(new, a), VN_SCALAR, 1);
}

Test(state, models_built_alike_have_one_structure)
{
    vn_tree *one = vn_make_with_state(vn_sequential(vn_batch_norm(3, "batch", NULL)));
    vn_tree *two = vn_make_with_state(vn_sequential(vn_batch_norm(3, "batch", NULL)));
    cr_assert(vn_ok(), "%s", vn_error_message());
    cr_assert(vn_tree_same_structure(one, two));
}

Test(state, deleted_initial_values)
{
    vn_tree *norm = vn_batch_norm(3, "batch", NULL);
    vn_tree *bare = vn_delete_init_state(norm);
    cr_assert_eq(vn_tree_count(norm) - vn_tree_count(bare), 3);
    expect_error(vn_state(bare), "deleted");
}

Test(state, sequential_hands_it_on)
{
    vn_batch_norm_options options = { .inference = true };
    vn_tree *both = vn_make_with_state(vn_sequential(vn_linear(2, 3, vn_key(0), NULL),
                                                     vn_batch_norm(3, "batch", &options),
                                                     vn_lambda(vn_unary(vn_relu))));
    vn_tree *out = vn_call(vn_at(both, 0), vn_ones(VN_F32, VN_SHAPE(2)), vn_at(both, 1));
    expect_shape(vn_at(out, 0), VN_F32, VN_SHAPE(3));
    expect_error(vn_call(vn_at(both, 0), vn_ones(VN_F32, VN_SHAPE(2))), "needs a State");
}
