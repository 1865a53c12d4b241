/* SPDX-License-Identifier: MIT */
/* Rows 27 and 28: Conv. */
#include "conformance/conform.h"

#define NINE -37, -31, -9, 25, 61, 49, 23, 41, 27

static void check_groups(const vn_conv_nd_options *one)
{
    vn_conv_nd_options o = *one;
    o.groups = 2;
    vn_array *w = counting(VN_SHAPE(1, 1, 3, 3), 0), *x = counting(VN_SHAPE(1, 3, 3), -4);
    vn_tree *conv =
        with_weights(vn_conv2d(2, 2, VN_SHAPE(3), vn_key(0), &o),
                     vn_concat(0, w, vn_scale(2, w)), ARRAY(VN_SHAPE(2, 1, 1), 1, 2));
    const double first[] = { -38, -32, -10, 24, 60, 48, 22, 40, 26 };
    double want[18];
    for (int i = 0; i < 18; i++)
        want[i] = i < 9 ? first[i] + 1 : 2 * first[i - 9] + 2;
    expect_within("groups", vn_call(conv, vn_concat(0, x, x)), VN_SHAPE(2, 3, 3), want, 1e-5,
                  1e-8);
    expect_refused("groups that do not divide", vn_conv2d(3, 2, VN_SHAPE(3), vn_key(0), &o),
                   "groups");
}

/* Weights and bias times 1 + i, of a layer made complex: both parts are the real result. */
static void check_complex(const char *what, vn_tree *layer, vn_tree *real, vn_array *x,
                          vn_shape shape, const double want[])
{
    vn_array *unit = vn_complex(vn_float(1), vn_float(1));
    expect_that(vn_dtype_of(vn_get(layer, "weight")) == VN_C64, "a complex weight");
    layer = with_weights(layer, vn_mul(unit, vn_get(real, "weight")),
                         vn_mul(unit, vn_get(real, "bias")));
    vn_array *y = vn_call(layer, x);
    expect_shape(what, y, VN_C64, shape);
    expect_within(what, vn_real(y), shape, want, 1e-5, 1e-8);
    expect_within(what, vn_imag(y), shape, want, 1e-5, 1e-8);
}

void row_27_conv_values(void)
{
    vn_conv_nd_options pad = { .padding = VN_SHAPE(1) };
    vn_tree *conv1 =
        with_weights(vn_conv1d(1, 3, VN_SHAPE(3), vn_key(0), &pad),
                     counting(VN_SHAPE(3, 1, 3), 0), ARRAY(VN_SHAPE(3, 1), 1, 2, 3));
    EXPECT("Conv1d", vn_call(conv1, counting(VN_SHAPE(1, 6), -3)), VN_SHAPE(3, 6), -6, -3, 0, 3,
           6, 3, -20, -20, -8, 4, 16, 13, -34, -37, -16, 5, 26, 23);
    vn_tree *conv2 =
        with_weights(vn_conv2d(1, 1, VN_SHAPE(3), vn_key(0), &pad),
                     counting(VN_SHAPE(1, 1, 3, 3), 0), ARRAY(VN_SHAPE(1, 1, 1), 1));
    EXPECT("Conv2d", vn_call(conv2, counting(VN_SHAPE(1, 3, 3), -4)), VN_SHAPE(1, 3, 3), NINE);
    vn_conv_nd_options complex = { .padding = VN_SHAPE(1), .dtype = VN_C64 };
    check_complex("complex Conv1d", vn_conv1d(1, 3, VN_SHAPE(3), vn_key(0), &complex), conv1,
                  counting(VN_SHAPE(1, 6), -3), VN_SHAPE(3, 6),
                  (const double[]){ -6, -3, 0, 3, 6, 3, -20, -20, -8, 4, 16, 13, -34, -37, -16,
                                    5, 26, 23 });
    check_complex("complex Conv2d", vn_conv2d(1, 1, VN_SHAPE(3), vn_key(0), &complex), conv2,
                  counting(VN_SHAPE(1, 3, 3), -4), VN_SHAPE(1, 3, 3), (const double[]){ NINE });
    check_groups(&pad);
    pad.padding = VN_SHAPE(1, 0, 0);
    vn_tree *conv3 =
        with_weights(vn_conv3d(1, 1, VN_SHAPE(2, 1, 1), vn_key(0), &pad),
                     ARRAY(VN_SHAPE(1, 1, 2, 1, 1), 0, 1), ARRAY(VN_SHAPE(1, 1, 1, 1), 1));
    EXPECT("Conv3d", vn_call(conv3, counting(VN_SHAPE(1, 2, 2, 2), -4)),
           VN_SHAPE(1, 3, 2, 2), -3, -2, -1, 0, 1, 2, 3, 4, 1, 1, 1, 1);
}

/* SAME: ceil(n / stride) elements, an odd one of padding at the end; SAME_LOWER: at the
 * beginning. */
static void check_same(void)
{
    vn_array *x = ARRAY(VN_SHAPE(1, 4), 1, 2, 3, 4);
    vn_conv_nd_options o = { .padding_rule = VN_PADDING_SAME, .no_bias = true };
    vn_array *w = ARRAY(VN_SHAPE(1, 1, 2), 1, 10);
    vn_tree *conv = vn_conv1d(1, 1, VN_SHAPE(2), vn_key(0), &o);
    EXPECT("SAME", vn_call(with_weights(conv, w, NULL), x), VN_SHAPE(1, 4), 21, 32, 43, 4);
    o.padding_rule = VN_PADDING_SAME_LOWER;
    conv = vn_conv1d(1, 1, VN_SHAPE(2), vn_key(0), &o);
    EXPECT("SAME_LOWER", vn_call(with_weights(conv, w, NULL), x), VN_SHAPE(1, 4), 10, 21, 32,
           43);
    o.padding_rule = VN_PADDING_VALID;
    conv = vn_conv1d(1, 1, VN_SHAPE(2), vn_key(0), &o);
    EXPECT("VALID", vn_call(with_weights(conv, w, NULL), x), VN_SHAPE(1, 3), 21, 32, 43);
}

void row_28_conv_padding(void)
{
    vn_conv_nd_options o = { .stride = VN_SHAPE(2),
                             .padding = VN_SHAPE(0),
                             .padding_end = VN_SHAPE(1, 3) };
    vn_tree *conv = vn_conv2d(3, 8, VN_SHAPE(1), vn_key(0), &o);
    expect_shape("((0, 1), (0, 3))", vn_call(conv, vn_ones(VN_F32, VN_SHAPE(3, 32, 32))),
                 VN_F32, VN_SHAPE(8, 17, 18));
    vn_conv_nd_options circular = { .padding_rule = VN_PADDING_SAME,
                                    .padding_mode = VN_PADDING_CIRCULAR };
    vn_tree *around = vn_conv1d(2, 3, VN_SHAPE(3), vn_key(0), &circular);
    vn_array *x = vn_normal(vn_key(1), VN_SHAPE(2, 7), VN_F32);
    expect_close("circular: rolls come out rolled", vn_call(around, vn_roll(x, 2, 1)),
                 vn_roll(vn_call(around, x), 2, 1), 1e-5, 1e-6);
    check_same();
}
