/* SPDX-License-Identifier: MIT */
/* Linear, Embedding, MLP, PReLU, Dropout, Sequential, Lambda, Shared: values by hand. */
#include <criterion/criterion.h>
#include <math.h>

#include "expect.h"

static vn_array *key(int64_t seed) { return vn_key(seed); }

Test(linear, edge_shapes)
{
    expect_shape(vn_call(vn_linear(0, 4, key(0), NULL), vn_zeros(VN_F32, VN_SHAPE(0))), VN_F32,
                 VN_SHAPE(4));
    expect_shape(vn_call(vn_linear(4, 0, key(0), NULL), vn_zeros(VN_F32, VN_SHAPE(4))), VN_F32,
                 VN_SHAPE(0));
    expect_shape(vn_call(vn_linear(VN_SCALAR_FEATURES, 2, key(0), NULL), vn_scalar(VN_F32, 3)),
                 VN_F32, VN_SHAPE(2));
    expect_shape(
        vn_call(vn_linear(2, VN_SCALAR_FEATURES, key(0), NULL), vn_ones(VN_F32, VN_SHAPE(2))),
        VN_F32, VN_SCALAR);
    vn_tree *half = vn_linear(2, 3, key(0), &(vn_linear_options){ .dtype = VN_F16 });
    expect_shape(vn_call(half, vn_ones(VN_F16, VN_SHAPE(2))), VN_F16, VN_SHAPE(3));
}

/* equinox.md 3.2: frozen_layer's first weights, partitionable threefry. */
Test(linear, initial_weights_are_those_of_equinox)
{
    vn_array *keys = vn_split(key(5678), 3);
    vn_tree *model = vn_mlp(1, 1, 8, 1, vn_subkey(keys, 2), NULL);
    expect_values(vn_get(model, "layers[0].weight"), VN_SHAPE(8, 1),
                  (const double[]){ 0.6503234, 0.1236651, -0.8696537, 0.0515039, 0.44794965,
                                    -0.22619247, -0.6463723, -0.0352938 },
                  0, 5e-8);
    expect_values(vn_get(model, "layers[1].bias"), VN_SHAPE(1), (const double[]){ 0.34801766 },
                  0, 5e-8);
}

static void expect_complex(vn_array *x, int n, const double *want)
{
    vn_c128 got[16];
    cr_assert(vn_dtype_of(x) == VN_C64 && vn_copy_complex(got, 16, x) == n, "%s",
              vn_error_message());
    for (int i = 0; i < n; i++)
        cr_assert(hypot(got[i].re - want[2 * i], got[i].im - want[2 * i + 1]) < 1e-6,
                  "[%d] %.9g%+.9gj", i, got[i].re, got[i].im);
}
#define EXPECT_C(x, n, ...) expect_complex((x), (n), (const double[]){ __VA_ARGS__ })

static vn_tree *complex_energy(vn_tree *const arg[])
{
    return vn_sum(vn_square(vn_abs(vn_call(arg[0], arg[1]))));
}

/* Equinox with dtype=jnp.complex64, key=jax.random.key(3). */
Test(linear, complex_layers_are_those_of_equinox)
{
    const float parts[] = { 1, 1, 0, -0.5f }, before[] = { 0, 0.1f, 1, 0 };
    vn_array *x = vn_array_from(VN_C64, VN_SHAPE(2), parts);
    vn_tree *linear = vn_linear(2, 2, key(3), &(vn_linear_options){ .dtype = VN_C64 });
    EXPECT_C(vn_get(linear, "weight"), 4, 0.39703512, -0.16776788, 0.020238074, -0.0040329476,
             0.6967437, -0.51858795, 0.36254466, -0.2801511);
    EXPECT_C(vn_get(linear, "bias"), 2, -0.56243503, -0.28844106, 0.07816082, -0.06366821);
    vn_tree *embedding =
        vn_embedding(2, 2, key(3), &(vn_embedding_options){ .dtype = VN_C64 });
    EXPECT_C(vn_get(embedding, "weight"), 4, -1.6817402, -1.3740652, -1.206442, 0.07411618,
             -0.34746975, -0.033650905, -0.68103284, 0.21636982);
    vn_mlp_options o = { .activation = vn_unary(vn_tanh), .dtype = VN_C64 };
    vn_tree *mlp = vn_mlp(2, 2, 3, 1, key(3), &o);
    EXPECT_C(vn_call(mlp, x), 2, 0.87348366, 0.47535735, -0.69434214, 0.2621789);
    vn_tree *g = vn_call(vn_filter_grad(vn_function(complex_energy, 2), NULL), mlp, x);
    EXPECT_C(vn_get(g, "layers[0].weight"), 6, -0.051080063, -0.10264747, -0.012891851,
             0.038431883, -0.6547921, 0.73129344, 0.34652138, -0.019125342, 2.5037153,
             1.1636388, -0.33501914, -0.9168385);
    EXPECT_C(vn_get(g, "layers[1].bias"), 2, 1.7469673, -0.9507147, -1.3886843, -0.5243578);
    vn_tree *gru = vn_gru_cell(2, 2, key(3), &(vn_gru_cell_options){ .dtype = VN_C64 });
    EXPECT_C(vn_call(gru, x, vn_array_from(VN_C64, VN_SHAPE(2), before)), 2, -0.41154975,
             0.15675867, 0.98264855, 0.014046904);
}

Test(linear, value)
{
    vn_tree *layer = with_weights(vn_linear(2, 3, key(0), NULL), counting(VN_SHAPE(3, 2), 0),
                                  NUMBERS(VN_SHAPE(3), 1, 2, 3));
    EXPECT(vn_call(layer, NUMBERS(VN_SHAPE(2), 1, -1)), VN_SHAPE(3), 0, 1, 2);
    cr_assert(vn_is_none(
        vn_get(vn_linear(2, 3, key(0), &(vn_linear_options){ .no_bias = true }), "bias")));
}

Test(embedding, rows_from_the_end_and_clamped)
{
    vn_embedding_options options = { .weight = vn_reshape(vn_linspace(VN_F32, 0.1, 10, 100),
                                                          VN_SHAPE(10, 10)) };
    vn_tree *layer = vn_embedding(10, 10, NULL, &options);
    double last[10], first[10];
    for (int i = 0; i < 10; i++) {
        last[i] = 9.1 + 0.1 * i;
        first[i] = 0.1 + 0.1 * i;
    }
    expect_values(vn_call(layer, vn_int(-1)), VN_SHAPE(10), last, 1e-5, 1e-6);
    expect_values(vn_call(layer, vn_scalar(VN_I32, 17)), VN_SHAPE(10), last, 1e-5, 1e-6);
    expect_values(vn_call(layer, vn_scalar(VN_I32, -17)), VN_SHAPE(10), first, 1e-5, 1e-6);
}

Test(mlp, scan_gives_the_same_numbers)
{
    for (int depth = 0; depth < 4; depth++) {
        vn_tree *plain = vn_mlp(2, 3, 4, depth, key(1), NULL);
        vn_tree *scan = vn_mlp(2, 3, 4, depth, key(1), &(vn_mlp_options){ .scan = true });
        vn_array *x = NUMBERS(VN_SHAPE(2), 0.3, -0.7);
        expect_shape(vn_call(plain, x), VN_F32, VN_SHAPE(3));
        expect_close(vn_call(scan, x), vn_call(plain, x), 1e-6, 1e-7);
    }
}

Test(mlp, depth_zero_applies_the_final_activation)
{
    vn_mlp_options options = { .final_activation = vn_unary(vn_tanh) };
    vn_tree *mlp = vn_mlp(2, 3, 4, 0, key(1), &options);
    vn_array *x = NUMBERS(VN_SHAPE(2), 1, 2);
    expect_close(vn_call(mlp, x), vn_tanh(vn_call(vn_get(mlp, "layers[0]"), x)), 1e-6, 0);
}

Test(mlp, activations_are_per_neuron)
{
    vn_mlp_options options = { .activation = vn_prelu(NULL),
                               .final_activation = vn_prelu(NULL) };
    vn_tree *mlp = vn_mlp(2, 5, 8, 2, key(1), &options);
    expect_shape(vn_get(mlp, "activation.negative_slope"), VN_F32, VN_SHAPE(2, 8));
    expect_shape(vn_get(mlp, "final_activation.negative_slope"), VN_F32, VN_SHAPE(5));
    expect_shape(vn_call(mlp, NUMBERS(VN_SHAPE(2), 1, 2)), VN_F32, VN_SHAPE(5));
}

static vn_array *softmax(vn_array *x) { return vn_softmax(vn_reshape(x, VN_SHAPE(-1)), 0); }

Test(mlp, an_activation_sees_one_number)
{
    vn_mlp_options options = { .final_activation = vn_unary(softmax) };
    vn_array *y = vn_call(vn_mlp(2, 3, 4, 1, key(1), &options), NUMBERS(VN_SHAPE(2), 1, 2));
    EXPECT(y, VN_SHAPE(3, 1), 1, 1, 1);
}

Test(prelu, values)
{
    vn_array *x = NUMBERS(VN_SHAPE(2, 3), -1, -2, -3, -1, 2, 3);
    EXPECT(vn_call(vn_prelu(vn_float(0.1)), x), VN_SHAPE(2, 3), -.1, -.2, -.3, -.1, 2, 3);
    EXPECT(vn_call(vn_prelu(NUMBERS(VN_SHAPE(3), .2, .1, .1)), x), VN_SHAPE(2, 3), -.2, -.2,
           -.3, -.2, 2, 3);
}

Test(dropout, doubles_or_drops)
{
    vn_tree *layer = vn_dropout(0.5, NULL);
    vn_array *x = vn_ones(VN_F32, VN_SHAPE(100));
    double y[100];
    int kept = 0;
    cr_assert_eq(vn_copy_f64(y, 100, vn_call(layer, x, key(3))), 100);
    for (int i = 0; i < 100; i++) {
        cr_assert(y[i] == 0 || y[i] == 2);
        kept += y[i] == 2;
    }
    cr_assert(kept > 20 && kept < 80);
    expect_error(vn_call(layer, x), "Dropout: a key is needed");
    cr_assert_eq(vn_call(layer, x, vn_none(), vn_bool(true)), x);
    vn_tree *inference = vn_inference_mode(layer, true);
    cr_assert_eq(vn_call(inference, x), x);
    cr_assert(!vn_bool_value(vn_get(layer, "inference")));
    cr_assert_eq(vn_call(vn_dropout(0, NULL), x), x);
    EXPECT(vn_sum(vn_call(vn_dropout(1, NULL), x, key(3))), VN_SCALAR, 0);
}

static vn_tree *twice(vn_tree *const arg[]) { return vn_scale(2, arg[0]); }

Test(sequential, layers_functions_and_keys)
{
    vn_tree *model = vn_sequential(vn_linear(2, 3, key(0), NULL), vn_lambda(vn_unary(vn_relu)),
                                   vn_function(twice, 1), vn_identity_layer(), vn_prelu(NULL),
                                   vn_dropout(0.5, NULL));
    vn_array *x = NUMBERS(VN_SHAPE(2), 1, 2);
    vn_array *y = vn_scale(2, vn_relu(vn_call(vn_get(model, "layers[0]"), x)));
    expect_close(vn_call(vn_inference_mode(model, true), x), y, 1e-6, 0);
    vn_array *dropped =
        vn_call(vn_get(model, "layers[5]"), y, vn_subkey(vn_split(key(9), 6), 5));
    expect_close(vn_call(model, x, key(9)), dropped, 1e-6, 0);
}

Test(shared, one_array_in_two_places)
{
    vn_tree *pair = vn_tuple(vn_embedding(3, 4, key(0), NULL), vn_linear(4, 3, key(1), NULL));
    vn_tree *shared = vn_shared(pair, "[1].weight", "[0].weight");
    cr_assert_eq(vn_tree_count(vn_filter(shared, vn_is_array)), 2);
    vn_tree *both = vn_call_n(shared, 0, NULL);
    cr_assert_eq(vn_get(both, "[0].weight"), vn_get(both, "[1].weight"));
    vn_tree *other = vn_tuple(vn_embedding(3, 4, key(0), NULL), vn_linear(3, 4, key(1), NULL));
    expect_error(vn_shared(other, "[1].weight", "[0].weight"),
                 "Every node being shared together");
}
