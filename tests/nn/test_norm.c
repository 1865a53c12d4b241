/* SPDX-License-Identifier: MIT */
/* Normalisation layers (equinox.md, rows 33 to 35). */
#include <criterion/criterion.h>
#include <math.h>

#include "expect.h"

static vn_array *normalised(vn_array *x)
{
    vn_array *centred = vn_sub(x, vn_mean(x));
    return vn_div(centred, vn_sqrt(vn_add(vn_mean(vn_square(centred)), vn_float(1e-5))));
}

Test(norm, layer_norm)
{
    vn_tree *norm = vn_layer_norm(VN_SHAPE(10), NULL);
    vn_array *a = vn_linspace(VN_F32, 0.1, 1, 10), *b = vn_linspace(VN_F32, 0, 1, 10);
    expect_close(vn_call(norm, a), vn_call(norm, b), 0, 1e-3);
    expect_close(vn_call(norm, a), normalised(a), 1e-4, 1e-4);
    expect_shape(vn_call(norm, vn_cast(a, VN_BF16)), VN_BF16, VN_SHAPE(10));
}

Test(norm, rms_norm)
{
    vn_array *x = counting(VN_SHAPE(2, 5), 1);
    vn_array *rms = vn_sqrt(vn_add(vn_mean(vn_square(x)), vn_float(1e-5)));
    expect_close(vn_call(vn_rms_norm(VN_SHAPE(2, 5), NULL), x), vn_div(x, rms), 1e-5, 0);
}

Test(norm, group_norm_is_by_halves)
{
    vn_array *x = vn_normal(vn_key(0), VN_SHAPE(10), VN_F32);
    vn_array *y = vn_call(vn_group_norm(2, 10, NULL), x);
    expect_close(vn_slice(y, 0, 0, 5, 1), normalised(vn_slice(x, 0, 0, 5, 1)), 1e-4, 1e-5);
    expect_close(vn_slice(y, 0, 5, 10, 1), normalised(vn_slice(x, 0, 5, 10, 1)), 1e-4, 1e-5);
}

Test(norm, a_state_is_handed_through)
{
    vn_tree *state = vn_state(vn_tuple(vn_none()));
    vn_tree *out = vn_call(vn_layer_norm(VN_SHAPE(3), NULL), counting(VN_SHAPE(3), 0), state);
    cr_assert_eq(vn_len(out), 2);
    cr_assert_eq(vn_at(out, 1), state);
}

/* (layer, x [batch, ..], state) -> (out, state) */
static vn_tree *on_batch(vn_tree *layer, vn_array *x, vn_tree *state)
{
    vn_tree *const in[] = { vn_int(0), vn_none() };
    vn_vmap_options options = { .in_axes = in,
                                .n_in = 2,
                                .axis_name = "batch",
                                .out_axes = vn_tuple(vn_int(0), vn_none()) };
    return vn_call(vn_filter_vmap(layer, &options), x, state);
}

static void batch_norm_in(vn_batch_norm_mode mode)
{
    vn_batch_norm_options options = { .mode = mode, .no_channelwise_affine = true };
    vn_tree *both = vn_make_with_state(vn_batch_norm(5, "batch", &options));
    vn_tree *layer = vn_at(both, 0), *state = vn_at(both, 1);
    vn_array *x = vn_normal(vn_key(0), VN_SHAPE(10, 5), VN_F32);
    vn_tree *idle = vn_call(vn_inference_mode(layer, true), vn_index(x, 0, 0), state);
    vn_tree *out = on_batch(layer, x, state);
    vn_array *centred = vn_sub(x, vn_mean_over(x, VN_AXES(0), true));
    vn_array *var = vn_mean_over(vn_square(centred), VN_AXES(0), true);
    expect_close(vn_at(out, 0), vn_div(centred, vn_sqrt(vn_add(var, vn_float(1e-5)))), 1e-4,
                 1e-4);
    for (int i = 0; i < 2; i++)
        out = on_batch(layer, vn_scale(2 + i, x), vn_at(out, 1));
    cr_assert(vn_ok(), "%s", vn_error_message());
    cr_assert(!vn_tree_equal(state, vn_at(out, 1), NULL));
    vn_tree *test = on_batch(vn_inference_mode(layer, true), x, vn_at(out, 1));
    cr_assert(vn_tree_equal(vn_at(test, 1), vn_at(out, 1), NULL));
    if (mode == VN_BATCH_NORM_BATCH) /* no step yet: the identity up to eps */
        expect_close(vn_at(idle, 0), vn_index(x, 0, 0), 1e-4, 1e-4);
    expect_error(vn_call(layer, vn_index(x, 0, 0), state), "batch");
}

Test(norm, batch_norm_ema) { batch_norm_in(VN_BATCH_NORM_EMA); }
Test(norm, batch_norm_batch) { batch_norm_in(VN_BATCH_NORM_BATCH); }

/* The largest singular value by many power iterations. */
static double singular_value(vn_array *w)
{
    vn_array *v = vn_ones(VN_F32, VN_SHAPE(vn_dim(w, 1)));
    for (int i = 0; i < 200; i++) {
        v = vn_matmul(vn_matmul(w, v), w);
        v = vn_div(v, vn_norm(v));
    }
    return vn_item(vn_norm(vn_matmul(w, v)));
}

Test(norm, spectral_norm)
{
    vn_tree *linear = vn_linear(5, 6, vn_key(0), &(vn_linear_options){ .no_bias = true });
    vn_tree *both = vn_make_with_state(vn_spectral_norm(linear, "weight", vn_key(1), NULL));
    vn_tree *layer = vn_at(both, 0), *state = vn_at(both, 1);
    vn_tree *out = NULL;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 100; i++) {
            out = vn_call(layer, vn_ones(VN_F32, VN_SHAPE(5)), state);
            state = vn_at(out, 1);
        }
        cr_assert(vn_ok(), "%s", vn_error_message());
        vn_array *w = vn_get(layer, "layer.weight"), *rows[5];
        vn_tree *fixed = vn_inference_mode(layer, true);
        for (int i = 0; i < 5; i++)
            rows[i] = vn_at(vn_call(fixed, vn_index(vn_eye(VN_F32, 5), 0, i), state), 0);
        cr_assert(fabs(singular_value(vn_stack_n(5, rows, 1)) - 1) < 1e-3);
        layer = vn_tree_at(layer, "layer.weight", vn_add(w, vn_int(1)));
    }
    vn_tree *still =
        vn_call(vn_inference_mode(layer, true), vn_ones(VN_F32, VN_SHAPE(5)), state);
    cr_assert(vn_tree_equal(vn_at(still, 1), state, NULL));
}

Test(norm, weight_norm_is_the_layer_at_first)
{
    vn_tree *linear = vn_linear(4, 4, vn_key(0), NULL);
    vn_array *x = counting(VN_SHAPE(4), 1);
    expect_close(vn_call(vn_weight_norm(linear, NULL), x), vn_call(linear, x), 1e-5, 1e-6);
    vn_weight_norm_options whole = { .no_axis = true }, last = { .axis = -1 };
    expect_close(vn_call(vn_weight_norm(linear, &whole), x), vn_call(linear, x), 1e-5, 1e-6);
    expect_shape(vn_get(vn_weight_norm(linear, &last), "g"), VN_F32, VN_SHAPE(1, 4));
}
