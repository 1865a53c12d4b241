/* SPDX-License-Identifier: MIT */
/* Rows 29 and 30: ConvTranspose. */
#include "conformance/conform.h"

void row_29_conv_transpose_values(void)
{
    vn_array *key = vn_key(0);
    vn_tree *conv1 =
        with_weights(vn_conv_transpose1d(1, 3, VN_SHAPE(3), key, NULL),
                     counting(VN_SHAPE(3, 1, 3), 0), ARRAY(VN_SHAPE(3, 1), 1, 2, 3));
    EXPECT_EXACT("1d", vn_call(conv1, counting(VN_SHAPE(1, 6), -3)), VN_SHAPE(3, 8), -5, -6, -3,
                 0, 3, 6, 3, 1, -13, -20, -20, -8, 4, 16, 13, 8, -21, -34, -37, -16, 5, 26, 23,
                 15);
    vn_conv_transpose_nd_options pad = { .padding = VN_SHAPE(1) };
    vn_tree *conv2 =
        with_weights(vn_conv_transpose2d(1, 1, VN_SHAPE(3), key, &pad),
                     counting(VN_SHAPE(1, 1, 3, 3), 0), ARRAY(VN_SHAPE(1, 1, 1), 1));
    EXPECT_EXACT("2d", vn_call(conv2, counting(VN_SHAPE(1, 3, 3), -4)), VN_SHAPE(1, 3, 3), -37,
                 -31, -9, 25, 61, 49, 23, 41, 27);
    vn_tree *conv3 =
        with_weights(vn_conv_transpose3d(1, 1, VN_SHAPE(2), key, NULL),
                     counting(VN_SHAPE(1, 1, 2, 2, 2), 0), ARRAY(VN_SHAPE(1, 1, 1, 1), 1));
    EXPECT_EXACT("3d", vn_call(conv3, counting(VN_SHAPE(1, 2, 2, 2), -4)),
                 VN_SHAPE(1, 3, 3, 3), -27, -44, -17, -33, -49, -17, -9, -12, -3, -11, -9, 1, 5,
                 29, 21, 9, 23, 13, 1, 4, 3, 7, 15, 7, 3, 4, 1);
}

/* ---- 30 */

static void check_shapes(void)
{
    vn_array *key = vn_key(0);
    expect_shape("k3: 32 to 34", vn_call(vn_conv_transpose1d(3, 4, VN_SHAPE(3), key, NULL),
                                         vn_ones(VN_F32, VN_SHAPE(3, 32))),
                 VN_F32, VN_SHAPE(4, 34));
    vn_conv_transpose_nd_options o = { .stride = VN_SHAPE(2),
                                       .padding = VN_SHAPE(1),
                                       .output_padding = VN_SHAPE(1),
                                       .dilation = VN_SHAPE(2) };
    expect_shape("31 to 64", vn_call(vn_conv_transpose1d(2, 6, VN_SHAPE(3), key, &o),
                                     vn_ones(VN_F32, VN_SHAPE(2, 31))),
                 VN_F32, VN_SHAPE(6, 64));
    expect_shape("31 to 64 twice", vn_call(vn_conv_transpose2d(2, 6, VN_SHAPE(3), key, &o),
                                           vn_ones(VN_F32, VN_SHAPE(2, 31, 31))),
                 VN_F32, VN_SHAPE(6, 64, 64));
    vn_conv_transpose_nd_options sides = { .stride = VN_SHAPE(2),
                                           .padding = VN_SHAPE(0),
                                           .padding_end = VN_SHAPE(1, 3) };
    expect_shape("(8,17,18) to (3,32,32)",
                 vn_call(vn_conv_transpose2d(8, 3, VN_SHAPE(1), key, &sides),
                         vn_ones(VN_F32, VN_SHAPE(8, 17, 18))),
                 VN_F32, VN_SHAPE(3, 32, 32));
    o.output_padding = VN_SHAPE(2);
    expect_refused("output_padding of a whole stride",
                   vn_conv_transpose1d(2, 6, VN_SHAPE(3), key, &o), "output_padding");
    vn_conv_transpose_nd_options mirror = { .padding_mode = VN_PADDING_REFLECT };
    expect_refused("a mirror", vn_conv_transpose1d(2, 6, VN_SHAPE(3), key, &mirror),
                   "padding_mode");
}

static vn_tree *apply(vn_tree *const arg[]) { return vn_call(arg[1], arg[0]); } /* x, layer */

static vn_tree *ones_in(vn_tree *layer)
{
    return vn_tree_at(layer, "weight", vn_ones_like(vn_get(layer, "weight")));
}

/* The Jacobian of the layer as a matrix [elements of y, elements of x]. */
static vn_array *jacobian(vn_tree *layer, vn_array *x)
{
    vn_array *j = vn_call(vn_filter_jacrev(vn_function(apply, 2)), x, layer);
    return vn_reshape(j, VN_SHAPE(-1, vn_size(x)));
}

static void check_adjoint(const char *what, vn_tree *conv, vn_tree *transpose, vn_array *x)
{
    vn_array *y = vn_call(ones_in(conv), x);
    expect_close(what, jacobian(ones_in(transpose), y),
                 vn_transpose(jacobian(ones_in(conv), x), VN_AXES(1, 0)), 1e-5, 1e-6);
}

void row_30_conv_transpose_adjoint(void)
{
    const vn_shape two = VN_SHAPE(2), three = VN_SHAPE(3);
    vn_array *key = vn_key(0);
    check_shapes();
    vn_conv_nd_options o = { .padding_rule = VN_PADDING_SAME, .stride = two, .dilation = two };
    vn_conv_transpose_nd_options t = { .padding_rule = VN_PADDING_SAME,
                                       .stride = two,
                                       .dilation = two,
                                       .output_padding = VN_SHAPE(1) };
    const vn_padding rules[] = { VN_PADDING_SAME, VN_PADDING_SAME_LOWER };
    for (int i = 0; i < 2; i++) {
        o.padding_rule = t.padding_rule = rules[i];
        o.padding_mode = t.padding_mode = VN_PADDING_ZEROS;
        t.output_padding = VN_SHAPE(1);
        check_adjoint("SAME, 1d", vn_conv1d(1, 1, three, key, &o),
                      vn_conv_transpose1d(1, 1, three, key, &t),
                      vn_normal(key, VN_SHAPE(1, 5), VN_F32));
        check_adjoint("SAME, 2d", vn_conv2d(1, 1, three, key, &o),
                      vn_conv_transpose2d(1, 1, three, key, &t),
                      vn_normal(key, VN_SHAPE(1, 5, 5), VN_F32));
        o.padding_mode = t.padding_mode = VN_PADDING_CIRCULAR;
        t.output_padding = VN_SHAPE(0);
        check_adjoint("CIRCULAR, 1d", vn_conv1d(1, 1, three, key, &o),
                      vn_conv_transpose1d(1, 1, three, key, &t),
                      vn_normal(key, VN_SHAPE(1, 6), VN_F32));
        check_adjoint("CIRCULAR, 2d", vn_conv2d(1, 1, three, key, &o),
                      vn_conv_transpose2d(1, 1, three, key, &t),
                      vn_normal(key, VN_SHAPE(1, 6, 6), VN_F32));
    }
}
