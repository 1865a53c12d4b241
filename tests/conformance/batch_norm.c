/* SPDX-License-Identifier: MIT */
/* Row 34: BatchNorm. */
#include "conformance/conform.h"

/* (layer, x, state) -> (out, state), over as many named axes as there are names */
static vn_tree *over(vn_tree *layer, int n, const char *const names[], vn_array *x,
                     vn_tree *state)
{
    vn_tree *const in[] = { vn_int(0), vn_none() };
    vn_vmap_options o = { .in_axes = in,
                          .n_in = 2,
                          .out_axes = vn_tuple(vn_int(0), vn_none()) };
    for (int i = n - 1; i >= 0; i--) {
        o.axis_name = names[i];
        layer = vn_filter_vmap(layer, &o);
    }
    return vn_call(layer, x, state);
}

static vn_tree *train(vn_tree *layer, vn_array *x, vn_tree *state)
{
    return over(layer, 1, (const char *const[]){ "batch" }, x, state);
}

static vn_array *normalised(vn_array *x)
{
    vn_array *centred = vn_sub(x, vn_mean_over(x, VN_AXES(0), true));
    vn_array *var = vn_mean_over(vn_square(centred), VN_AXES(0), true);
    return vn_div(centred, vn_sqrt(vn_add(var, vn_float(1e-5))));
}

static void check_mode(vn_batch_norm_mode mode)
{
    vn_batch_norm_options o = { .mode = mode, .no_channelwise_affine = true };
    vn_tree *both = vn_make_with_state(vn_batch_norm(5, "batch", &o));
    vn_tree *layer = vn_at(both, 0), *state = vn_at(both, 1), *fixed;
    vn_array *x = vn_normal(vn_key(0), VN_SHAPE(10, 5), VN_F32);
    vn_tree *out = train(layer, x, state);
    expect_close("the first call", vn_at(out, 0), normalised(x), 1e-5, 1e-5);
    for (int i = 0; i < 2; i++) {
        vn_tree *next = train(layer, vn_add(x, vn_int(i + 1)), vn_at(out, 1));
        expect_that(!vn_tree_equal(vn_at(next, 1), vn_at(out, 1), NULL), "averages change");
        out = next;
    }
    fixed = vn_inference_mode(layer, true);
    vn_tree *test = train(fixed, x, vn_at(out, 1));
    expect_that(vn_tree_equal(vn_at(test, 1), vn_at(out, 1), NULL),
                "not a bit of them at inference");
    vn_array *one = vn_index(x, 0, 0);
    expect_that(vn_call(fixed, one, vn_at(out, 1)) != NULL, "no axis is needed there");
    if (mode == VN_BATCH_NORM_BATCH)
        expect_close("inference before any step", vn_at(vn_call(fixed, one, state), 0), one,
                     1e-4, 1e-6);
    expect_refused("training without the axis", vn_call(layer, one, state), "batch");
}

/* Mode "batch" with Equinox's debiasing: after one step of variance s the average is
 * m + (1 - m) s, divided by 1 - m; without it s. */
static void check_debias(void)
{
    vn_array *x = vn_normal(vn_key(0), VN_SHAPE(10, 1), VN_F32);
    vn_array *centred = vn_sub(x, vn_mean(x)), *s = vn_mean(vn_square(centred));
    for (int i = 0; i < 2; i++) {
        vn_batch_norm_options o = { .mode = VN_BATCH_NORM_BATCH, .equinox_debias = i };
        vn_tree *both = vn_make_with_state(vn_batch_norm(1, "batch", &o));
        vn_tree *state = vn_at(train(vn_at(both, 0), x, vn_at(both, 1)), 1);
        vn_tree *out = train(vn_inference_mode(vn_at(both, 0), true), x, state);
        vn_array *var = vn_add(s, vn_float(i ? 99 : 0));
        expect_close("the variance at inference", vn_at(out, 0),
                     vn_div(centred, vn_sqrt(vn_add(var, vn_float(1e-5)))), 1e-3, 1e-4);
    }
}

static void check_two_axes(vn_batch_norm_mode mode)
{
    const char *const names[] = { "batch", "other" };
    vn_batch_norm_options o = { .mode = mode,
                                .no_channelwise_affine = true,
                                .axis_names = vn_tuple(vn_string("batch"),
                                                       vn_string("other")) };
    vn_tree *both = vn_make_with_state(vn_batch_norm(6, NULL, &o));
    vn_array *x = vn_normal(vn_key(2), VN_SHAPE(10, 5, 6), VN_F32);
    vn_tree *out = over(vn_at(both, 0), 2, names, x, vn_at(both, 1));
    expect_close("two axes", vn_reshape(vn_at(out, 0), VN_SHAPE(50, 6)),
                 normalised(vn_reshape(x, VN_SHAPE(50, 6))), 1e-4, 1e-5);
    vn_tree *values = vn_tree_leaves(vn_at(out, 1));
    for (int i = 1; i < vn_len(values); i++)
        expect_shape("an average for each channel", vn_at(values, i), VN_F32, VN_SHAPE(6));
    expect_that(vn_len(values) == 3, "counter or first_time, mean, variance");
}

void row_34_batch_norm(void)
{
    check_mode(VN_BATCH_NORM_EMA);
    check_mode(VN_BATCH_NORM_BATCH);
    check_two_axes(VN_BATCH_NORM_EMA);
    check_two_axes(VN_BATCH_NORM_BATCH);
    check_debias();
}
