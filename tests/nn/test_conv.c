/* SPDX-License-Identifier: MIT */
/* Conv and ConvTranspose: the values of Equinox's own tests (equinox.md, rows 27 to 30). */
#include <criterion/criterion.h>

#include "expect.h"

#define NINE -37, -31, -9, 25, 61, 49, 23, 41, 27

Test(conv, one_dimension)
{
    vn_conv_nd_options options = { .padding = VN_SHAPE(1) };
    vn_tree *conv =
        with_weights(vn_conv1d(1, 3, VN_SHAPE(3), vn_key(0), &options),
                     counting(VN_SHAPE(3, 1, 3), 0), NUMBERS(VN_SHAPE(3, 1), 1, 2, 3));
    EXPECT(vn_call(conv, counting(VN_SHAPE(1, 6), -3)), VN_SHAPE(3, 6), -6, -3, 0, 3, 6, 3, -20,
           -20, -8, 4, 16, 13, -34, -37, -16, 5, 26, 23);
}

Test(conv, two_dimensions)
{
    vn_conv_nd_options options = { .padding = VN_SHAPE(1) };
    vn_tree *conv =
        with_weights(vn_conv2d(1, 1, VN_SHAPE(3), vn_key(0), &options),
                     counting(VN_SHAPE(1, 1, 3, 3), 0), NUMBERS(VN_SHAPE(1, 1, 1), 1));
    EXPECT(vn_call(conv, counting(VN_SHAPE(1, 3, 3), -4)), VN_SHAPE(1, 3, 3), NINE);
}

Test(conv, three_dimensions)
{
    vn_conv_nd_options options = { .padding = VN_SHAPE(1, 0, 0) };
    vn_tree *conv =
        with_weights(vn_conv3d(1, 1, VN_SHAPE(2, 1, 1), vn_key(0), &options),
                     NUMBERS(VN_SHAPE(1, 1, 2, 1, 1), 0, 1), NUMBERS(VN_SHAPE(1, 1, 1, 1), 1));
    EXPECT(vn_call(conv, counting(VN_SHAPE(1, 2, 2, 2), -4)), VN_SHAPE(1, 3, 2, 2), -3, -2, -1,
           0, 1, 2, 3, 4, 1, 1, 1, 1);
}

Test(conv, groups)
{
    vn_conv_nd_options options = { .padding = VN_SHAPE(1), .groups = 2 };
    vn_array *w = counting(VN_SHAPE(1, 1, 3, 3), 0), *x = counting(VN_SHAPE(1, 3, 3), -4);
    vn_tree *conv =
        with_weights(vn_conv2d(2, 2, VN_SHAPE(3), vn_key(0), &options),
                     vn_concat(0, w, vn_scale(2, w)), NUMBERS(VN_SHAPE(2, 1, 1), 1, 2));
    EXPECT(vn_call(conv, vn_concat(0, x, x)), VN_SHAPE(2, 3, 3), NINE, -74, -62, -18, 50, 122,
           98, 46, 82, 54);
}

Test(conv, asymmetric_padding)
{
    vn_conv_nd_options options = { .stride = VN_SHAPE(2),
                                   .padding = VN_SHAPE(0),
                                   .padding_end = VN_SHAPE(1, 3) };
    vn_tree *conv = vn_conv2d(3, 8, VN_SHAPE(1), vn_key(0), &options);
    expect_shape(vn_call(conv, vn_ones(VN_F32, VN_SHAPE(3, 32, 32))), VN_F32,
                 VN_SHAPE(8, 17, 18));
}

Test(conv, circular_commutes_with_roll)
{
    vn_conv_nd_options options = { .padding_rule = VN_PADDING_SAME,
                                   .padding_mode = VN_PADDING_CIRCULAR };
    vn_tree *conv = vn_conv1d(2, 3, VN_SHAPE(3), vn_key(0), &options);
    vn_array *x = vn_normal(vn_key(1), VN_SHAPE(2, 7), VN_F32);
    expect_close(vn_call(conv, vn_roll(x, 2, 1)), vn_roll(vn_call(conv, x), 2, 1), 1e-5, 1e-6);
}

Test(conv, same_has_the_size_of_x_over_stride)
{
    for (int stride = 1; stride < 4; stride++)
        for (int kernel = 1; kernel < 5; kernel++) {
            vn_conv_nd_options options = { .padding_rule = VN_PADDING_SAME,
                                           .stride = VN_SHAPE(stride) };
            vn_tree *conv = vn_conv1d(1, 1, VN_SHAPE(kernel), vn_key(0), &options);
            expect_shape(vn_call(conv, vn_ones(VN_F32, VN_SHAPE(1, 10))), VN_F32,
                         VN_SHAPE(1, (10 + stride - 1) / stride));
        }
}

Test(conv_transpose, one_dimension)
{
    vn_tree *conv =
        with_weights(vn_conv_transpose1d(1, 3, VN_SHAPE(3), vn_key(0), NULL),
                     counting(VN_SHAPE(3, 1, 3), 0), NUMBERS(VN_SHAPE(3, 1), 1, 2, 3));
    EXPECT(vn_call(conv, counting(VN_SHAPE(1, 6), -3)), VN_SHAPE(3, 8), -5, -6, -3, 0, 3, 6, 3,
           1, -13, -20, -20, -8, 4, 16, 13, 8, -21, -34, -37, -16, 5, 26, 23, 15);
}

Test(conv_transpose, two_dimensions)
{
    vn_conv_transpose_nd_options options = { .padding = VN_SHAPE(1) };
    vn_tree *conv =
        with_weights(vn_conv_transpose2d(1, 1, VN_SHAPE(3), vn_key(0), &options),
                     counting(VN_SHAPE(1, 1, 3, 3), 0), NUMBERS(VN_SHAPE(1, 1, 1), 1));
    EXPECT(vn_call(conv, counting(VN_SHAPE(1, 3, 3), -4)), VN_SHAPE(1, 3, 3), NINE);
}

Test(conv_transpose, three_dimensions)
{
    vn_tree *conv =
        with_weights(vn_conv_transpose3d(1, 1, VN_SHAPE(2), vn_key(0), NULL),
                     counting(VN_SHAPE(1, 1, 2, 2, 2), 0), NUMBERS(VN_SHAPE(1, 1, 1, 1), 1));
    EXPECT(vn_call(conv, counting(VN_SHAPE(1, 2, 2, 2), -4)), VN_SHAPE(1, 3, 3, 3), -27, -44,
           -17, -33, -49, -17, -9, -12, -3, -11, -9, 1, 5, 29, 21, 9, 23, 13, 1, 4, 3, 7, 15, 7,
           3, 4, 1);
}

Test(conv_transpose, shapes)
{
    vn_tree *plain = vn_conv_transpose1d(2, 4, VN_SHAPE(3), vn_key(0), NULL);
    expect_shape(vn_call(plain, vn_ones(VN_F32, VN_SHAPE(2, 32))), VN_F32, VN_SHAPE(4, 34));
    vn_conv_transpose_nd_options options = { .stride = VN_SHAPE(2),
                                             .padding = VN_SHAPE(1),
                                             .output_padding = VN_SHAPE(1),
                                             .dilation = VN_SHAPE(2) };
    vn_tree *dilated = vn_conv_transpose2d(2, 6, VN_SHAPE(3), vn_key(0), &options);
    expect_shape(vn_call(dilated, vn_ones(VN_F32, VN_SHAPE(2, 31, 31))), VN_F32,
                 VN_SHAPE(6, 64, 64));
    vn_conv_transpose_nd_options asymmetric = { .stride = VN_SHAPE(2),
                                                .padding = VN_SHAPE(0),
                                                .padding_end = VN_SHAPE(1, 3) };
    vn_tree *back = vn_conv_transpose2d(8, 3, VN_SHAPE(1), vn_key(0), &asymmetric);
    expect_shape(vn_call(back, vn_ones(VN_F32, VN_SHAPE(8, 17, 18))), VN_F32,
                 VN_SHAPE(3, 32, 32));
}

/* <conv(x), y> = <x, transpose(y)> with weights of ones: transposed is adjoint. */
static void expect_adjoint(vn_tree *conv, vn_tree *transpose, int64_t size)
{
    conv = vn_tree_at(conv, "weight", vn_ones_like(vn_get(conv, "weight")));
    transpose = vn_tree_at(transpose, "weight", vn_ones_like(vn_get(transpose, "weight")));
    vn_array *x = vn_normal(vn_key(1), VN_SHAPE(1, size), VN_F32), *y = vn_call(conv, x);
    vn_array *z = vn_normal(vn_key(2), vn_shape_of(y), VN_F32);
    expect_close(vn_dot(y, z), vn_dot(x, vn_call(transpose, z)), 1e-5, 1e-5);
}

Test(conv_transpose, is_the_adjoint_of_conv)
{
    const vn_shape two = VN_SHAPE(2);
    vn_conv_nd_options conv = {
        .padding_rule = VN_PADDING_SAME, .stride = two, .dilation = two, .no_bias = true
    };
    vn_conv_transpose_nd_options back = { .padding_rule = VN_PADDING_SAME,
                                          .stride = two,
                                          .dilation = two,
                                          .no_bias = true,
                                          .output_padding = VN_SHAPE(1) };
    expect_adjoint(vn_conv1d(1, 1, VN_SHAPE(3), vn_key(0), &conv),
                   vn_conv_transpose1d(1, 1, VN_SHAPE(3), vn_key(0), &back), 5);
    conv.padding_mode = back.padding_mode = VN_PADDING_CIRCULAR;
    back.output_padding = VN_SHAPE(0);
    expect_adjoint(vn_conv1d(1, 1, VN_SHAPE(3), vn_key(0), &conv),
                   vn_conv_transpose1d(1, 1, VN_SHAPE(3), vn_key(0), &back), 6);
}
