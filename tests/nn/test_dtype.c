/* SPDX-License-Identifier: MIT */
/* The dtype option of each constructor: all inexact leaves have the dtype, their numbers are
 * those that Equinox 0.13.8 draws in it from PRNGKey(7) (of each leaf the last one), and y has
 * the dtype of x. (On a machine with instructions for f16 XLA rounds a multiply-add of f16
 * once, on others twice; these are of the others.) */
#include <criterion/criterion.h>
#include <math.h>

#include "expect.h"

static vn_array *key(void) { return vn_key(7); }

static vn_tree *linear(vn_dtype d)
{
    return vn_linear(3, 2, key(), &(vn_linear_options){ .dtype = d });
}
static vn_tree *embedding(vn_dtype d)
{
    return vn_embedding(3, 2, key(), &(vn_embedding_options){ .dtype = d });
}
static vn_tree *mlp(vn_dtype d)
{
    return vn_mlp(3, 2, 4, 2, key(), &(vn_mlp_options){ .dtype = d });
}
static vn_tree *mlp_scan(vn_dtype d)
{
    return vn_mlp(3, 2, 4, 3, key(), &(vn_mlp_options){ .dtype = d, .scan = true });
}
static vn_tree *conv(vn_dtype d)
{
    return vn_conv1d(2, 3, VN_SHAPE(2), key(), &(vn_conv_nd_options){ .dtype = d });
}
static vn_tree *transpose(vn_dtype d)
{
    vn_conv_transpose_nd_options o = { .dtype = d };
    return vn_conv_transpose1d(2, 3, VN_SHAPE(2), key(), &o);
}
static vn_tree *gru(vn_dtype d)
{
    return vn_gru_cell(3, 2, key(), &(vn_gru_cell_options){ .dtype = d });
}
static vn_tree *lstm(vn_dtype d)
{
    return vn_lstm_cell(3, 2, key(), &(vn_lstm_cell_options){ .dtype = d });
}
static vn_tree *attention(vn_dtype d)
{
    vn_multihead_attention_options o = { .use_output_bias = true, .dtype = d };
    return vn_multihead_attention(2, 4, key(), &o);
}
static vn_tree *spectral(vn_dtype d)
{
    return vn_spectral_norm(linear(d), "weight", key(), NULL);
}
static vn_tree *weight_norm(vn_dtype d) { return vn_weight_norm(linear(d), NULL); }
static vn_tree *layer_norm(vn_dtype d)
{
    return vn_layer_norm(VN_SHAPE(3), &(vn_layer_norm_options){ .dtype = d });
}
static vn_tree *rms_norm(vn_dtype d)
{
    return vn_rms_norm(VN_SHAPE(3), &(vn_rms_norm_options){ .dtype = d });
}
static vn_tree *group_norm(vn_dtype d)
{
    return vn_group_norm(3, 3, &(vn_group_norm_options){ .dtype = d });
}
static vn_tree *batch_norm(vn_dtype d)
{
    vn_batch_norm_options o = { .dtype = d, .mode = VN_BATCH_NORM_BATCH };
    return vn_batch_norm(3, "b", &o);
}
static vn_tree *batch_norm_ema(vn_dtype d)
{
    return vn_batch_norm(3, "b", &(vn_batch_norm_options){ .dtype = d });
}

/* ---- calls */

/* 0.5, -1.25, 2, 0.75, again and again */
static vn_array *input(vn_dtype dtype, vn_shape shape)
{
    static const double cycle[] = { 0.5, -1.25, 2, 0.75 };
    double values[16];
    for (int i = 0; i < vn_shape_size(shape); i++)
        values[i] = cycle[i % 4];
    return vn_cast(numbers(shape, values), dtype);
}

static vn_array *call_vector(vn_tree *layer, vn_dtype d)
{
    return vn_call(layer, input(d, VN_SHAPE(3)));
}
static vn_array *call_image(vn_tree *layer, vn_dtype d)
{
    return vn_call(layer, input(d, VN_SHAPE(2, 4)));
}
static vn_array *call_row(vn_tree *layer, vn_dtype d)
{
    (void)d;
    return vn_call(layer, vn_int(1));
}
static vn_array *call_gru(vn_tree *layer, vn_dtype d)
{
    return vn_call(layer, input(d, VN_SHAPE(3)), input(d, VN_SHAPE(2)));
}
static vn_array *call_lstm(vn_tree *layer, vn_dtype d)
{
    vn_array *h = input(d, VN_SHAPE(2));
    return vn_at(vn_call(layer, input(d, VN_SHAPE(3)), vn_tuple(h, h)), 1);
}
static vn_array *call_attention(vn_tree *layer, vn_dtype d)
{
    vn_array *x = input(d, VN_SHAPE(2, 4));
    return vn_call(layer, x, x, x);
}
static vn_array *call_stateful(vn_tree *layer, vn_dtype d)
{
    return vn_at(vn_call(layer, input(d, VN_SHAPE(3)), vn_state(layer)), 0);
}
static vn_array *call_batch(vn_tree *layer, vn_dtype d)
{
    vn_tree *axes[] = { vn_int(0), vn_none() };
    vn_vmap_options o = {
        .in_axes = axes, .n_in = 2, .out_axes = vn_tuple_n(2, axes), .axis_name = "b"
    };
    vn_tree *mapped = vn_filter_vmap(layer, &o);
    return vn_at(vn_call(mapped, input(d, VN_SHAPE(2, 3)), vn_state(layer)), 0);
}

/* ---- what Equinox makes */

enum { DTYPES = 4, LEAVES = 6 };
static const vn_dtype dtypes[DTYPES] = { VN_F16, VN_BF16, VN_F32, VN_F64 };

typedef struct expected {
    double y, leaf[LEAVES];
} expected;

static const struct {
    const char *name;
    vn_tree *(*make)(vn_dtype dtype);
    vn_array *(*call)(vn_tree *layer, vn_dtype dtype);
    int leaves;
    expected in[DTYPES]; /* as dtypes */
} cases[] = {
    { "linear",
      linear,
      call_vector,
      2,
      { { 0.172485352, { 0.561523438, -0.228881836 } },
        { 0.232421875, { 0.25390625, -0.1171875 } },
        { -1.11001301, { -0.339841932, 0.376636058 } },
        { 0.470508538, { 0.4251856483711085, -0.14438472257536128 } } } },
    { "embedding",
      embedding,
      call_row,
      1,
      { { -0.61328125, { 0.270751953 } },
        { -0.87890625, { -0.212890625 } },
        { -0.140940294, { 0.334316492 } },
        { -1.51896538, { 0.97110214984240872 } } } },
    { "mlp",
      mlp,
      call_vector,
      6,
      { { -0.0600585938,
          { 0.34375, -0.102600098, -0.021484375, -0.109375, -0.411132812, 0.21484375 } },
        { -0.388671875,
          { -0.08203125, -0.2890625, 0.2421875, -0.3984375, 0.3046875, -0.4921875 } },
        { -0.209591374,
          { -0.407362521, 0.504078627, -0.166038871, 0.3651793, 0.0177320242, -0.233799577 } },
        { -0.209029145,
          { -0.023851929632022234, 0.2845866923188371, 0.3640772070578262, 0.24657036186762338,
            0.43825856443866806, 0.034065467957238083 } } } },
    { "mlp_scan",
      mlp_scan,
      call_vector,
      6,
      { { -0.207519531,
          { 0.34375, -0.102600098, 0.149414062, -0.064453125, 0.458984375, -0.190429688 } },
        { -0.0263671875, { -0.08203125, -0.2890625, -0.21875, 0.15625, 0.125, -0.171875 } },
        { -0.358148515,
          { -0.407362521, 0.504078627, -0.147145867, -0.368584752, -0.429596663,
            -0.290980458 } },
        { -0.104453285,
          { -0.023851929632022234, 0.2845866923188371, -0.039891705106480657,
            -0.027734440903024904, 0.14629220094453843, -0.071496051655969506 } } } },
    { "conv",
      conv,
      call_image,
      2,
      { { -0.274169922, { -0.291992188, -0.182617188 } },
        { 0.072265625, { -0.203125, -0.015625 } },
        { -0.277432263, { 0.338748217, -0.106013298 } },
        { -1.10252242, { 0.32015076233738182, 0.26394277779700404 } } } },
    { "conv_transpose",
      transpose,
      call_image,
      2,
      { { -0.0837402344, { -0.291992188, -0.182617188 } },
        { 0.0546875, { -0.203125, -0.015625 } },
        { -0.133317471, { 0.338748217, -0.106013298 } },
        { -0.240553334, { 0.32015076233738182, 0.26394277779700404 } } } },
    { "gru",
      gru,
      call_gru,
      4,
      { { 0.494873047, { 0.201660156, -0.676757812, -0.0138092041, 0.323242188 } },
        { 0.21875, { 0.30859375, 0.09765625, 0.19921875, 0.01171875 } },
        { -1.1829412, { -0.4480564, 0.0256795678, -0.00980807748, -0.259452462 } },
        { -0.976393266,
          { 0.49586205994279575, 0.32273349485884401, -0.14499356088159845,
            0.63426337455499893 } } } },
    { "lstm",
      lstm,
      call_lstm,
      3,
      { { 0.319824219, { -0.0966796875, 0.408691406, -0.20300293 } },
        { 0.078125, { 0.1875, -0.640625, -0.078125 } },
        { -1.15170515, { 0.527339816, 0.512306929, 0.528568149 } },
        { -0.471341777,
          { 0.24072089367861635, -0.26140877140425195, 0.61429507114161264 } } } },
    { "attention",
      attention,
      call_attention,
      5,
      { { 0.0859375, { -0.40234375, -0.021484375, 0.149414062, -0.2265625, -0.49609375 } },
        { 0.25, { -0.421875, 0.2421875, -0.21875, -0.46875, -0.4765625 } },
        { -0.0766823143,
          { -0.437025547, -0.166038871, -0.147145867, 0.0879710913, -0.036239624 } },
        { -0.110254258,
          { 0.1573960256576612, 0.3640772070578262, -0.039891705106480657, -0.41445965028526399,
            -0.37785366028220602 } } } },
    { "spectral",
      spectral,
      call_stateful,
      4,
      { { 0.169067383, { 0.561523438, -0.228881836, -0.78125, -0.669433594 } },
        { 0.4140625, { 0.25390625, -0.1171875, 0.37890625, -0.34375 } },
        { -1.7685535, { -0.339841932, 0.376636058, 0.99084872, -0.530721545 } },
        { 0.840535393,
          { 0.4251856483711085, -0.14438472257536128, 0.88032840782342581,
            0.61570826475822305 } } } },
    { "weight_norm",
      weight_norm,
      call_vector,
      3,
      { { 0.172485352, { 0.561523438, -0.228881836, 0.825683594 } },
        { 0.232421875, { 0.25390625, -0.1171875, 0.50390625 } },
        { -1.11001301, { -0.339841932, 0.376636058, 0.689753354 } },
        { 0.470508538, { 0.4251856483711085, -0.14438472257536128, 0.58198258724000596 } } } },
    { "layer_norm",
      layer_norm,
      call_vector,
      2,
      { { 1.19238281, { 1, 0 } },
        { 1.1953125, { 1, 0 } },
        { 1.19216263, { 1, 0 } },
        { 1.19216265, { 1, 0 } } } },
    { "rms_norm",
      rms_norm,
      call_vector,
      2,
      { { 1.43652344, { 1, 0 } },
        { 1.4375, { 1, 0 } },
        { 1.43683863, { 1, 0 } },
        { 1.43683871, { 1, 0 } } } },
    { "group_norm",
      group_norm,
      call_vector,
      2,
      { { 0, { 1, 0 } }, { 0, { 1, 0 } }, { 0, { 1, 0 } }, { 0, { 1, 0 } } } },
    { "batch_norm",
      batch_norm,
      call_batch,
      4,
      { { -1, { 1, 0, 0, 1 } },
        { -1, { 1, 0, 0, 1 } },
        { -0.999998093, { 1, 0, 0, 1 } },
        { -0.999998107, { 1, 0, 0, 1 } } } },
    { "batch_norm_ema",
      batch_norm_ema,
      call_batch,
      4,
      { { -1, { 1, 0, 0, 0 } },
        { -1, { 1, 0, 0, 0 } },
        { -0.999998093, { 1, 0, 0, 0 } },
        { -0.999998107, { 1, 0, 0, 0 } } } },
};

/* Units in the last place that y may differ by: sums are rounded once here, step by step there.
 */
static double tolerance(vn_dtype dtype)
{
    return dtype == VN_F16 ? 4e-3 : dtype == VN_BF16 ? 3e-2 : dtype == VN_F32 ? 2e-6 : 1e-8;
}

static double last_of(vn_array *x)
{
    return vn_item(vn_index(vn_reshape(x, VN_SHAPE(-1)), 0, vn_size(x) - 1));
}

/* f32 and f64 as exact as their normal distribution is; halves to the bit: the numbers above
 * have nine digits. */
static double draw_tolerance(vn_dtype dtype)
{
    return dtype == VN_F32 ? 1e-6 : dtype == VN_F64 ? 1e-14 : 1e-8;
}

static void check(int c, int d)
{
    const vn_dtype dtype = dtypes[d];
    const expected *const want = &cases[c].in[d];
    vn_tree *layer = cases[c].make(dtype);
    cr_assert(layer, "%s: %s", cases[c].name, vn_error_message());
    vn_tree *leaves = vn_tree_leaves(vn_filter(layer, vn_is_inexact_array));
    cr_assert_eq(vn_len(leaves), cases[c].leaves, "%s", cases[c].name);
    for (int i = 0; i < cases[c].leaves; i++) {
        const double got = last_of(vn_at(leaves, i)), leaf = want->leaf[i];
        cr_assert_eq(vn_dtype_of(vn_at(leaves, i)), dtype, "%s: leaf %d", cases[c].name, i);
        const bool computed = cases[c].make == spectral || cases[c].make == weight_norm;
        const double rtol = computed ? tolerance(dtype) : draw_tolerance(dtype);
        cr_assert(fabs(got - leaf) <= rtol * (fabs(leaf) + 0.1),
                  "%s %s: leaf %d is %.17g, not %.17g", cases[c].name, vn_dtype_name(dtype), i,
                  got, leaf);
    }
    vn_array *y = cases[c].call(layer, dtype);
    cr_assert(y, "%s: %s", cases[c].name, vn_error_message());
    cr_assert_eq(vn_dtype_of(y), dtype, "%s: y is %s", cases[c].name,
                 vn_dtype_name(vn_dtype_of(y)));
    cr_assert(fabs(last_of(y) - want->y) <= tolerance(dtype) * (fabs(want->y) + 1),
              "%s %s: y ends with %.17g, not %.17g", cases[c].name, vn_dtype_name(dtype),
              last_of(y), want->y);
}

Test(dtype, is_that_of_the_leaves_and_of_y)
{
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++)
        for (int d = 0; d < DTYPES; d++) {
            vn_set_default_dtype(dtypes[d] == VN_F64 ? VN_F64 : VN_F32);
            check((int)c, d);
        }
}

/* ---- sums over a batch in halves */

static vn_tree *loss(vn_tree *const arg[]) /* model, x [batch, 3] */
{
    return vn_mean(vn_square(vn_vmap_call(arg[0], arg[1])));
}

Test(dtype, a_gradient_over_a_batch_is_of_halves_too)
{
    for (int d = 0; d < 2; d++) {
        vn_tree *grad = vn_filter_grad(vn_function(loss, 2), NULL), *model = mlp(dtypes[d]);
        vn_array *x = vn_cast(vn_normal(vn_key(1), VN_SHAPE(40, 3), VN_F32), dtypes[d]);
        vn_tree *fast = vn_call(vn_filter_jit(grad, NULL), model, x);
        cr_assert(fast, "%s", vn_error_message());
        cr_assert_eq(vn_dtype_of(vn_get(fast, "layers[0].weight")), dtypes[d]);
        vn_tree *eager = vn_call(grad, model, x);
        expect_close(vn_cast(vn_get(fast, "layers[1].weight"), VN_F32),
                     vn_cast(vn_get(eager, "layers[1].weight"), VN_F32), 5e-2, 5e-3);
    }
}
