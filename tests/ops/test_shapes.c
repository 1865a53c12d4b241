/* SPDX-License-Identifier: MIT */
#include "check.h"

static vn_array *matrix(void) { return make(VN_SHAPE(2, 3), NUMBERS(1, 2, 3, 4, 5, 6)); }
static vn_array *vector(void) { return make(VN_SHAPE(4), NUMBERS(1, 2, 3, 4)); }

Test(shapes, reshape_and_transpose)
{
    vn_array *const x = matrix();
    CHECK(vn_reshape(x, VN_SHAPE(3, -1)), VN_SHAPE(3, 2), 1, 2, 3, 4, 5, 6);
    CHECK(vn_ravel(x), VN_SHAPE(6), 1, 2, 3, 4, 5, 6);
    CHECK(vn_reshape(vn_scalar(VN_F32, 2), VN_SHAPE(1, 1)), VN_SHAPE(1, 1), 2);
    CHECK(vn_transpose(x, (vn_axes){ 0 }), VN_SHAPE(3, 2), 1, 4, 2, 5, 3, 6);
    CHECK(vn_swapaxes(x, 0, -1), VN_SHAPE(3, 2), 1, 4, 2, 5, 3, 6);
    vn_array *const y = vn_reshape(vn_arange(VN_I32, 12), VN_SHAPE(2, 2, 3));
    CHECK(vn_transpose(y, VN_AXES(1, 2, 0)), VN_SHAPE(2, 3, 2), 0, 6, 1, 7, 2, 8, 3, 9, 4, 10,
          5, 11);
    CHECK(vn_moveaxis(y, 2, 0), VN_SHAPE(3, 2, 2), 0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11);
    CHECK(vn_moveaxis(y, 0, -1), VN_SHAPE(2, 3, 2), 0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11);
    CHECK(vn_expand_dims(x, -1), VN_SHAPE(2, 3, 1), 1, 2, 3, 4, 5, 6);
    CHECK(vn_squeeze(vn_expand_dims(x, 1), 1), VN_SHAPE(2, 3), 1, 2, 3, 4, 5, 6);
    CHECK(vn_reshape(vn_zeros(VN_F32, VN_SHAPE(0, 4)), VN_SHAPE(2, 0)), VN_SHAPE(2, 0), 0);
}

Test(shapes, an_op_that_changes_nothing_returns_its_operand)
{
    vn_array *const x = matrix();
    cr_assert_eq(vn_reshape(x, VN_SHAPE(2, 3)), x);
    cr_assert_eq(vn_transpose(x, VN_AXES(0, 1)), x);
    cr_assert_eq(vn_broadcast_to(x, VN_SHAPE(2, 3)), x);
    cr_assert_eq(vn_slice(x, 1, 0, 99, 1), x);
    cr_assert_eq(vn_pad(x, &(vn_pads){ { 0 }, { 0 }, { 0 } }, 1), x);
    cr_assert_eq(vn_concat(0, x), x);
    cr_assert_eq(vn_roll(x, 6, 1), x);
}

Test(shapes, broadcast_tile_repeat)
{
    vn_array *const column = make(VN_SHAPE(2, 1), NUMBERS(1, 2));
    CHECK(vn_broadcast_to(column, VN_SHAPE(2, 2, 3)), VN_SHAPE(2, 2, 3), 1, 1, 1, 2, 2, 2, 1, 1,
          1, 2, 2, 2);
    CHECK(vn_broadcast_to(vn_scalar(VN_F32, 7), VN_SHAPE(3)), VN_SHAPE(3), 7, 7, 7);
    CHECK(vn_broadcast_to(column, VN_SHAPE(2, 0)), VN_SHAPE(2, 0), 0);
    CHECK(vn_tile(column, VN_SHAPE(2, 2)), VN_SHAPE(4, 2), 1, 1, 2, 2, 1, 1, 2, 2);
    CHECK(vn_tile(vector(), VN_SHAPE(2, 1)), VN_SHAPE(2, 4), 1, 2, 3, 4, 1, 2, 3, 4);
    CHECK(vn_repeat(column, 2, 0), VN_SHAPE(4, 1), 1, 1, 2, 2);
}

Test(shapes, concat_stack_split)
{
    vn_array *const x = matrix();
    CHECK(vn_concat(0, x, make(VN_SHAPE(1, 3), NUMBERS(7, 8, 9))), VN_SHAPE(3, 3), 1, 2, 3, 4,
          5, 6, 7, 8, 9);
    CHECK(vn_concat(-1, x, make(VN_SHAPE(2, 1), NUMBERS(7, 8))), VN_SHAPE(2, 4), 1, 2, 3, 7, 4,
          5, 6, 8);
    CHECK(vn_stack(0, x, x), VN_SHAPE(2, 2, 3), 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6);
    CHECK(vn_stack(-1, vn_int(1), vn_float(2)), VN_SHAPE(2), 1, 2);
    vn_array *const mixed = vn_concat(0, x, vn_ones(VN_I32, VN_SHAPE(1, 3)));
    cr_assert_eq(vn_dtype_of(mixed), VN_F32);
    vn_tree *const parts = vn_split_equal(x, 3, 1);
    cr_assert_eq(vn_len(parts), 3);
    CHECK(vn_at(parts, 1), VN_SHAPE(2, 1), 2, 5);
}

Test(shapes, slices_count_as_in_python)
{
    vn_array *const x = vector();
    CHECK(vn_slice(x, 0, 1, 3, 1), VN_SHAPE(2), 2, 3);
    CHECK(vn_slice(x, 0, -2, 99, 1), VN_SHAPE(2), 3, 4);
    CHECK(vn_slice(x, 0, 0, -1, 2), VN_SHAPE(2), 1, 3);
    CHECK(vn_slice(x, 0, 3, 1, 1), VN_SHAPE(0), 0);
    CHECK(vn_slice(x, 0, 99, -99, -1), VN_SHAPE(4), 4, 3, 2, 1);
    CHECK(vn_slice(x, 0, -1, 0, -2), VN_SHAPE(2), 4, 2);
    CHECK(vn_index(matrix(), 0, 1), VN_SHAPE(3), 4, 5, 6);
    CHECK(vn_index(matrix(), 1, -3), VN_SHAPE(2), 1, 4);
    CHECK(vn_flip(matrix(), 1), VN_SHAPE(2, 3), 3, 2, 1, 6, 5, 4);
    CHECK(vn_roll(x, 1, 0), VN_SHAPE(4), 4, 1, 2, 3);
    CHECK(vn_roll(x, -5, 0), VN_SHAPE(4), 2, 3, 4, 1);
}

Test(shapes, padding)
{
    vn_array *const x = vector();
    const vn_pads both = { .lo = { 1 }, .hi = { 2 } }, cut = { .lo = { -1 }, .hi = { -1 } };
    const vn_pads inside = { .lo = { -1 }, .hi = { 1 }, .interior = { 2 } };
    CHECK(vn_pad(x, &both, 9), VN_SHAPE(7), 9, 1, 2, 3, 4, 9, 9);
    CHECK(vn_pad(x, &cut, 9), VN_SHAPE(2), 2, 3);
    CHECK(vn_pad(x, &inside, 9), VN_SHAPE(10), 9, 9, 2, 9, 9, 3, 9, 9, 4, 9);
    CHECK(vn_pad(vn_cast(x, VN_I8), &both, -3), VN_SHAPE(7), -3, 1, 2, 3, 4, -3, -3);
    CHECK(vn_pad(vn_zeros(VN_F32, VN_SHAPE(0)), &both, 2), VN_SHAPE(3), 2, 2, 2);
    const vn_pads wide = { .lo = { 3 }, .hi = { 4 } };
    CHECK(vn_pad_with(x, &wide, VN_PAD_EDGE), VN_SHAPE(11), 1, 1, 1, 1, 2, 3, 4, 4, 4, 4, 4);
    CHECK(vn_pad_with(x, &wide, VN_PAD_REFLECT), VN_SHAPE(11), 4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 2);
    CHECK(vn_pad_with(x, &wide, VN_PAD_WRAP), VN_SHAPE(11), 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4);
}

Test(shapes, triangles)
{
    vn_array *const x = vn_reshape(vn_arange(VN_F32, 9), VN_SHAPE(3, 3));
    CHECK(vn_tril(x, 0), VN_SHAPE(3, 3), 0, 0, 0, 3, 4, 0, 6, 7, 8);
    CHECK(vn_triu(x, 1), VN_SHAPE(3, 3), 0, 1, 2, 0, 0, 5, 0, 0, 0);
    CHECK(vn_tril(x, -1), VN_SHAPE(3, 3), 0, 0, 0, 3, 0, 0, 6, 7, 0);
    cr_assert_eq(vn_dtype_of(vn_tril(vn_cast(x, VN_I32), 0)), VN_I32);
}

Test(shapes, errors_name_the_op_and_what_disagrees)
{
    vn_array *const x = matrix(), *const v = vector();
    vn_array *const deep = vn_ones(VN_F32, VN_SHAPE(1, 1, 1, 1, 1, 1, 1, 1));
    CHECK_ERROR(vn_reshape(x, VN_SHAPE(4, -1)), SHAPE, "reshape: f32[2,3] to f32[4,-1]");
    CHECK_ERROR(vn_reshape(x, VN_SHAPE(7)), SHAPE,
                "reshape: f32[2,3] has not as many elements as f32[7]");
    CHECK_ERROR(vn_transpose(x, VN_AXES(0)), SHAPE, "transpose: 1 axes for f32[2,3]");
    CHECK_ERROR(vn_transpose(x, VN_AXES(0, 0)), ARGUMENT, "transpose: axis 0 is given twice");
    CHECK_ERROR(vn_squeeze(x, 0), SHAPE, "squeeze: axis 0 of f32[2,3] is not 1");
    CHECK_ERROR(vn_expand_dims(deep, 0), LIMIT, "expand_dims: the result has more than 8 axes");
    CHECK_ERROR(vn_stack(0, deep, deep), LIMIT, "stack: the result has more than 8 axes");
    CHECK_ERROR(vn_broadcast_to(x, VN_SHAPE(3, 2)), SHAPE,
                "broadcast_to: f32[2,3] does not broadcast to f32[3,2]");
    CHECK_ERROR(vn_broadcast_to(x, VN_SHAPE(3)), SHAPE,
                "broadcast_to: f32[2,3] does not broadcast to f32[3]");
    CHECK_ERROR(vn_concat(0, x, v), SHAPE, "concat: f32[2,3] and f32[4] differ beside axis 0");
    CHECK_ERROR(vn_stack(0, x, v), SHAPE, "stack: shapes f32[2,3] and f32[4] differ");
    CHECK_ERROR(vn_concat_n(0, NULL, 0), ARGUMENT, "concat: of no arrays");
    CHECK_ERROR(vn_slice(v, 0, 0, 4, 0), ARGUMENT, "slice: the step is 0");
    CHECK_ERROR(vn_index(v, 0, 4), ARGUMENT, "index: 4 along axis 0 of f32[4]");
    CHECK_ERROR(vn_split_equal(v, 3, 0), SHAPE, "split_equal: axis 0 of f32[4] in 3 parts");
    CHECK_ERROR(vn_pad(v, &(vn_pads){ .lo = { -9 } }, 0), SHAPE,
                "pad: axis 0 of f32[4] by -9 before, 0 after, 0 inside");
    CHECK_ERROR(vn_repeat(v, -1, 0), ARGUMENT, "repeat: -1 times");
    CHECK_ERROR(vn_tril(v, 0), SHAPE, "tril: f32[4] is no matrix");
    CHECK_ERROR(vn_flip(v, 1), ARGUMENT, "flip: axis 1 of an array with 1 axes");
}
