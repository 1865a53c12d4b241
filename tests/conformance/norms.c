/* SPDX-License-Identifier: MIT */
/* Rows 33 and 35: LayerNorm, GroupNorm, SpectralNorm, WeightNorm. */
#include "conformance/conform.h"

static vn_array *normalised(vn_array *x)
{
    vn_array *centred = vn_sub(x, vn_mean(x));
    vn_array *var = vn_mean(vn_square(centred));
    return vn_div(centred, vn_sqrt(vn_add(var, vn_float(1e-5))));
}

void row_33_norms(void)
{
    vn_array *a = vn_linspace(VN_F32, .1, 1, 10), *b = vn_linspace(VN_F32, 0, 1, 10);
    vn_tree *layer = vn_layer_norm(VN_SHAPE(10), NULL), *group = vn_group_norm(2, 10, NULL);
    expect_close("scaled and moved", vn_call(layer, a), vn_call(layer, b), 0, 1e-4);
    expect_close("by hand", vn_call(layer, a), normalised(a), 0, 1e-4);
    vn_array *y = vn_call(group, b);
    for (int i = 0; i < 2; i++)
        expect_close("by halves", vn_slice(y, 0, 5 * i, 5 * i + 5, 1),
                     normalised(vn_slice(b, 0, 5 * i, 5 * i + 5, 1)), 0, 1e-4);
    vn_array *half = vn_cast(b, VN_BF16);
    expect_shape("bf16", vn_call(layer, half), VN_BF16, VN_SHAPE(10));
    expect_shape("bf16 in groups", vn_call(group, half), VN_BF16, VN_SHAPE(10));
    expect_shape("bf16 by RMS", vn_call(vn_rms_norm(VN_SHAPE(10), NULL), half), VN_BF16,
                 VN_SHAPE(10));
    expect_refused("3 groups of 4 channels", vn_group_norm(3, 4, NULL), "GroupNorm");
    expect_refused("channels are needed", vn_group_norm(2, 0, NULL), "GroupNorm");
    expect_refused("another shape", vn_call(layer, counting(VN_SHAPE(2, 10), 0)), "f32[2,10]");
}

/* ---- 35 */

/* The largest singular value, by many power iterations. */
static double singular_value(vn_array *w)
{
    vn_array *v = vn_normal(vn_key(7), VN_SHAPE(vn_dim(w, 1)), VN_F32);
    for (int i = 0; i < 300; i++) {
        v = vn_matmul(vn_matmul(w, v), w);
        v = vn_div(v, vn_norm(v));
    }
    return vn_item(vn_norm(vn_matmul(w, v)));
}

/* The weight that the wrapped Linear(5, 6) is called with, column by column. */
static vn_array *effective_weight(vn_tree *layer, vn_tree *state)
{
    vn_array *columns[5], *bias = vn_get(layer, "layer.bias");
    vn_tree *fixed = vn_inference_mode(layer, true);
    for (int i = 0; i < 5; i++) {
        vn_array *x = vn_index(vn_eye(VN_F32, 5), 0, i);
        columns[i] = vn_sub(vn_at(vn_call(fixed, x, state), 0), bias);
    }
    return vn_stack_n(5, columns, 1);
}

static void check_spectral_norm(void)
{
    vn_tree *linear = vn_linear(5, 6, vn_key(0), NULL);
    vn_tree *both = vn_make_with_state(vn_spectral_norm(linear, "weight", vn_key(1), NULL));
    vn_tree *layer = vn_at(both, 0), *state = vn_at(both, 1);
    vn_array *x = vn_ones(VN_F32, VN_SHAPE(5));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 100; i++)
            state = vn_at(vn_call(layer, x, state), 1);
        const double sigma = singular_value(effective_weight(layer, state));
        expect_that(sigma > 1 - 1e-4 && sigma < 1 + 1e-4, "the largest singular value is 1");
        vn_array *w = vn_get(layer, "layer.weight");
        layer = vn_tree_at(layer, "layer.weight", vn_add(w, vn_int(1)));
    }
    vn_tree *fixed = vn_inference_mode(layer, true);
    expect_that(vn_tree_equal(vn_at(vn_call(fixed, x, state), 1), state, NULL),
                "inference does not change the state");
    vn_tree *conv = vn_conv3d(5, 4, VN_SHAPE(3), vn_key(0), NULL);
    both = vn_make_with_state(vn_spectral_norm(conv, "weight", vn_key(1), NULL));
    vn_array *image = vn_ones(VN_F32, VN_SHAPE(5, 8, 8, 8));
    expect_shape("Conv3d", vn_at(vn_call(vn_at(both, 0), image, vn_at(both, 1)), 0), VN_F32,
                 VN_SHAPE(4, 6, 6, 6));
    expect_refused("a weight of one axis", vn_spectral_norm(linear, "bias", vn_key(1), NULL),
                   "SpectralNorm");
}

static vn_tree *square_sum(vn_tree *const arg[])
{
    return vn_sum(vn_square(vn_call(arg[0], arg[1])));
}

static void check_weight_norm(vn_tree *inner, const vn_weight_norm_options *o, vn_array *x)
{
    vn_tree *layer = vn_weight_norm(inner, o);
    expect_close("the layer itself at first", vn_call(layer, x), vn_call(inner, x), 1e-5, 1e-5);
    vn_tree *g = vn_call(vn_filter_grad(vn_function(square_sum, 2), NULL), layer, x);
    expect_that(vn_item_bool(vn_any(vn_ne(vn_get(g, "g"), vn_int(0)))), "a gradient of g");
    expect_that(vn_item_bool(vn_any(vn_ne(vn_get(g, "layer.weight"), vn_int(0)))),
                "a gradient of v");
}

void row_35_spectral_and_weight_norm(void)
{
    check_spectral_norm();
    vn_tree *linear = vn_linear(4, 4, vn_key(0), NULL);
    vn_tree *conv = vn_conv3d(1, 2, VN_SHAPE(2), vn_key(0), NULL);
    vn_weight_norm_options whole = { .no_axis = true };
    check_weight_norm(linear, NULL, counting(VN_SHAPE(4), 1));
    check_weight_norm(linear, &whole, counting(VN_SHAPE(4), 1));
    check_weight_norm(conv, NULL, counting(VN_SHAPE(1, 3, 3, 3), -4));
}
