/* SPDX-License-Identifier: MIT */
/* Options and call arguments one by one, against numbers of Equinox 0.13.8 (PRNGKey(3)). */
#include <criterion/criterion.h>
#include <math.h>

#include "expect.h"

static vn_array *key(void) { return vn_key(3); }

/* ---- Sequential as a sequence */

Test(options, sequential_is_indexed_and_cut)
{
    vn_tree *a = vn_lambda(vn_unary(vn_relu)), *b = vn_prelu(NULL), *c = vn_dropout(0, NULL);
    vn_tree *model = vn_sequential(a, b, c);
    cr_assert_eq(vn_sequential_len(model), 3);
    cr_assert(vn_sequential_at(model, 0) == a && vn_sequential_at(model, -1) == c);
    vn_tree *part = vn_sequential_slice(model, -2, 100, 1);
    cr_assert_eq(vn_sequential_len(part), 2);
    cr_assert(vn_sequential_at(part, 0) == b && vn_sequential_at(part, 1) == c);
    part = vn_sequential_slice(model, 0, 3, 2);
    cr_assert(vn_sequential_len(part) == 2 && vn_sequential_at(part, 1) == c);
    cr_assert_eq(vn_sequential_len(vn_sequential_slice(model, 2, 1, 1)), 0);
    expect_error(vn_sequential_at(model, 3), "Sequential: layer 3 of 3");
    expect_error(vn_sequential_at(model, -4), "Sequential: layer -4 of 3");
    expect_error(vn_sequential_slice(model, 0, 3, 0), "step is 0, expected 1 or more");
    expect_error(vn_sequential_at(a, 0), "Lambda");
}

/* ---- Shared */

static vn_tree *transposed(vn_tree *const arg[])
{
    return vn_transpose(vn_get(arg[0], "[0].weight"), VN_AXES(1, 0));
}

static vn_tree *twice(vn_tree *const arg[])
{
    vn_tree *w = vn_get(arg[0], "[0].weight");
    return vn_tuple(w, w);
}

Test(options, shared_by_a_function_in_several_places)
{
    vn_tree *embedding = vn_embedding(3, 4, key(), NULL);
    vn_tree *down = vn_linear(3, 4, key(), NULL), *up = vn_linear(4, 3, key(), NULL);
    vn_tree *pair = vn_tuple(embedding, down), *three = vn_tuple(embedding, up, up);
    const char *const one[] = { "[1].weight" }, *const both[] = { "[1].weight", "[2].weight" };
    vn_tree *tied = vn_call_n(vn_shared_n(pair, 1, one, vn_function(transposed, 1)), 0, NULL);
    expect_close(vn_get(tied, "[1].weight"),
                 vn_transpose(vn_get(embedding, "weight"), VN_AXES(1, 0)), 0, 0);
    vn_tree *shared = vn_shared_n(three, 2, both, vn_function(twice, 1));
    cr_assert_eq(vn_tree_count(vn_filter(shared, vn_is_array)), 3);
    tied = vn_call_n(shared, 0, NULL);
    cr_assert_eq(vn_get(tied, "[1].weight"), vn_get(tied, "[2].weight"));
    expect_error(vn_shared_n(three, 1, one, vn_function(transposed, 1)),
                 "Every node being shared together");
    expect_error(vn_shared_n(three, 2, both, vn_function(transposed, 1)),
                 "Shared: get returns f32[4,3] for 2 places");
    expect_error(vn_shared_n(three, 0, both, vn_function(twice, 1)), "Shared: 0 places");
    expect_error(vn_shared(pair, "[1].nothing", "[0].weight"), "nothing");
}

/* ---- Dropout, PReLU, Embedding */

Test(options, dropout_by_an_array)
{
    vn_tree *layer = vn_tree_at(vn_dropout(0.5, NULL), "p", vn_scalar(VN_F32, 0.25));
    vn_array *x = counting(VN_SHAPE(8), 1);
    const double want[] = { 1.333333373, 0, 4, 0, 6.666666985, 8, 9.333333969, 10.666666985 };
    expect_values(vn_call(layer, x, key()), VN_SHAPE(8), want, 1e-6, 0);
    expect_values(vn_call(vn_filter_jit(layer, NULL), x, key()), VN_SHAPE(8), want, 1e-6, 0);
    expect_error(vn_call(layer, x), "Dropout: a key is needed");
    vn_array *half = vn_call(layer, vn_cast(x, VN_F16), key());
    expect_shape(half, VN_F16, VN_SHAPE(8));
}

Test(options, dropout_of_halves_and_integers)
{
    vn_array *x = counting(VN_SHAPE(8), 1);
    const double want[] = {
        1.427734375, 0, 4.28125, 0, 7.140625, 8.5625, 9.9921875, 11.421875
    };
    vn_array *half = vn_call(vn_dropout(0.3, NULL), vn_cast(x, VN_F16), key());
    expect_shape(half, VN_F16, VN_SHAPE(8));
    expect_values(half, VN_SHAPE(8), want, 0x1p-9, 0); /* 2 ulp: XLA multiplies by 1 / q */
    EXPECT(vn_call(vn_dropout(0.5, NULL), vn_cast(x, VN_I32), key()), VN_SHAPE(8), 2, 0, 0, 0,
           10, 0, 14, 16);
}

Test(options, prelu_of_a_number_does_not_widen)
{
    vn_array *x = vn_cast(NUMBERS(VN_SHAPE(2), -4, 3), VN_BF16);
    expect_shape(vn_call(vn_prelu(NULL), x), VN_BF16, VN_SHAPE(2));
    expect_shape(vn_call(vn_prelu(NUMBERS(VN_SHAPE(2), .5, .5)), x), VN_F32, VN_SHAPE(2));
    EXPECT(vn_call(vn_prelu(NULL), vn_cast(x, VN_I32)), VN_SHAPE(2), -1, 3);
    vn_mlp_options o = { .activation = vn_prelu(NULL), .dtype = VN_BF16 };
    expect_shape(vn_call(vn_mlp(2, 3, 4, 1, key(), &o), x), VN_BF16, VN_SHAPE(3));
}

static vn_tree *three_rows(vn_tree *const arg[])
{
    static const int index[] = { 7, -9, -1 };
    vn_array *sum = vn_scalar(VN_F32, 0);
    for (int i = 0; i < 3; i++)
        sum = vn_add(sum, vn_scale(1 << i, vn_sum(vn_call(arg[0], vn_int(index[i])))));
    return sum;
}

Test(options, embedding_gradient_goes_to_the_clamped_row)
{
    vn_tree *layer = vn_embedding(5, 2, key(), NULL);
    vn_tree *grad = vn_filter_grad(vn_function(three_rows, 1), NULL);
    vn_tree *eager = vn_call(grad, layer);
    EXPECT(vn_get(eager, "weight"), VN_SHAPE(5, 2), 2, 2, 0, 0, 0, 0, 0, 0, 5, 5);
    vn_tree *fast = vn_call(vn_filter_jit(grad, NULL), layer);
    EXPECT(vn_get(fast, "weight"), VN_SHAPE(5, 2), 2, 2, 0, 0, 0, 0, 0, 0, 5, 5);
}

/* ---- RotaryPositionalEmbedding */

Test(options, rotary_far_out_and_dtype)
{
    vn_array *x = vn_ones(VN_F32, VN_SHAPE(4096, 8));
    vn_array *y = vn_call(vn_rotary_positional_embedding(8, NULL), x);
    const double want[] = { 0.9318451881408691,  -0.42812636494636536, -0.8849543333053589,
                            0.23648500442504883, -1.0637972354888916,  1.3478530645370483,
                            -1.1031118631362915, -1.3943008184432983 };
    expect_values(vn_index(y, 0, 4095), VN_SHAPE(8), want, 0, 1e-4);
    vn_rotary_positional_embedding_options half = { .dtype = VN_F16 };
    vn_tree *table = vn_rotary_positional_embedding(4, &half);
    const double coarse[] = { -1.325439453125, 0.9799957275390625, 0.492919921875,
                              1.0200042724609375 };
    expect_values(vn_index(vn_call(table, vn_ones(VN_F32, VN_SHAPE(3, 4))), 0, 2), VN_SHAPE(4),
                  coarse, 0, 1e-3);
    vn_array *empty = vn_zeros(VN_F32, VN_SHAPE(3, 0));
    expect_shape(vn_call(vn_rotary_positional_embedding(0, NULL), empty), VN_F32,
                 VN_SHAPE(3, 0));
}

/* ---- norms: zeros that are meant, eps, a call's inference */

static vn_tree *on_batch(vn_tree *layer, vn_array *x, vn_tree *state, vn_tree *inference)
{
    vn_tree *const in[] = { vn_int(0), vn_none(), vn_none(), vn_none() };
    vn_vmap_options o = {
        .in_axes = in, .n_in = 4, .axis_name = "b", .out_axes = vn_tuple(vn_int(0), vn_none())
    };
    return vn_call(vn_filter_vmap(layer, &o), x, state, vn_none(), inference);
}

static void without_momentum(vn_batch_norm_mode mode)
{
    vn_batch_norm_options o = { .momentum = -1, .eps = 1e-3, .mode = mode };
    vn_tree *both = vn_make_with_state(vn_batch_norm(2, "b", &o)), *layer = vn_at(both, 0);
    vn_array *x = NUMBERS(VN_SHAPE(3, 2), 1, 2, 3, 6, 8, 1);
    vn_tree *out = on_batch(layer, x, vn_at(both, 1), vn_none());
    out = on_batch(layer, vn_scale(2, x), vn_at(out, 1), vn_none());
    EXPECT(vn_at(out, 0), VN_SHAPE(3, 2), -1.0190346, -0.46289766, -0.3396782, 1.388693,
           1.3587128, -0.9257953);
    vn_tree *values = vn_tree_leaves(vn_at(out, 1)), *same = vn_at(out, 1);
    EXPECT(vn_at(values, 1), VN_SHAPE(2), 8, 6);
    EXPECT(vn_at(values, 2), VN_SHAPE(2), 34.666668, 18.666668);
    out = on_batch(layer, x, same, vn_bool(true));
    EXPECT(vn_at(out, 0), VN_SHAPE(3, 2), -1.1888736, -0.9257953, -0.8491955, 0, 0, -1.1572442);
    cr_assert(vn_tree_equal(vn_at(out, 1), same, NULL));
}

Test(options, batch_norm_without_momentum)
{
    without_momentum(VN_BATCH_NORM_EMA);
    without_momentum(VN_BATCH_NORM_BATCH);
}

Test(options, eps_of_the_norms)
{
    EXPECT(vn_call(vn_layer_norm(VN_SHAPE(3), &(vn_layer_norm_options){ .eps = -1 }),
                   NUMBERS(VN_SHAPE(3), 1e-4, 0, 2e-4)),
           VN_SHAPE(3), 0, -1.2247449, 1.2247449);
    EXPECT(vn_call(vn_rms_norm(VN_SHAPE(2, 2),
                               &(vn_rms_norm_options){ .eps = .5, .no_weight = true }),
                   counting(VN_SHAPE(2, 2), 1)),
           VN_SHAPE(2, 2), .35355338, .7071068, 1.0606601, 1.4142135);
    EXPECT(vn_call(vn_group_norm(2, 4, &(vn_group_norm_options){ .eps = .5 }),
                   NUMBERS(VN_SHAPE(4), 1, 2, 4, 8)),
           VN_SHAPE(4), -.57735026, .57735026, -.94280905, .94280905);
}

Test(options, spectral_norm_in_inference_for_one_call)
{
    vn_tree *linear = vn_linear(3, 2, key(), NULL);
    vn_tree *both = vn_make_with_state(vn_spectral_norm(linear, "weight", key(), NULL));
    vn_tree *state = vn_at(both, 1);
    vn_array *x = vn_ones(VN_F32, VN_SHAPE(3));
    vn_tree *out = vn_call(vn_at(both, 0), x, state, vn_none(), vn_bool(true));
    cr_assert(out && vn_tree_equal(vn_at(out, 1), state, NULL));
}

Test(options, weight_norm_of_another_weight)
{
    vn_weight_norm_options o = { .weight_name = "weight_hh", .axis = 1 };
    vn_tree *layer = vn_weight_norm(vn_gru_cell(2, 2, key(), NULL), &o);
    EXPECT(vn_get(layer, "g"), VN_SHAPE(1, 2), 1.0789874792, 0.6864831448);
}

/* ---- pools */

static vn_tree *product(vn_tree *const arg[]) { return vn_mul(arg[0], arg[1]); }
static vn_tree *smaller(vn_tree *const arg[]) { return vn_minimum(arg[0], arg[1]); }
static vn_tree *sum(vn_tree *const arg[]) { return vn_add(arg[0], arg[1]); }

Test(options, pool_with_any_init_and_operation)
{
    vn_pool_options padded = { .padding = VN_SHAPE(1) }, two = { .stride = VN_SHAPE(2) };
    vn_tree *add = vn_function(sum, 2);
    EXPECT(vn_call(vn_pool(vn_float(1), vn_function(product, 2), 1, VN_SHAPE(2), &padded),
                   counting(VN_SHAPE(1, 4), 1)),
           VN_SHAPE(1, 5), 1, 2, 6, 12, 4);
    EXPECT(vn_call(vn_pool(vn_scalar(VN_F32, 2), add, 1, VN_SHAPE(2), &padded),
                   counting(VN_SHAPE(1, 5), 0)),
           VN_SHAPE(1, 6), 2, 3, 5, 7, 9, 6);
    vn_array *whole = vn_cast(counting(VN_SHAPE(1, 4, 4), 0), VN_I32);
    vn_tree *least = vn_pool(vn_float(INFINITY), vn_function(smaller, 2), 2, VN_SHAPE(2), &two);
    vn_array *y = vn_call(least, whole);
    EXPECT(y, VN_SHAPE(1, 2, 2), 0, 2, 8, 10);
    cr_assert_eq(vn_dtype_of(y), VN_I32);
    expect_error(vn_call(vn_pool(vn_float(1.5), add, 2, VN_SHAPE(2), NULL), whole),
                 "Pool: init is 1.5, but x is i32");
    expect_error(vn_pool(vn_ones(VN_F32, VN_SHAPE(2)), add, 1, VN_SHAPE(2), NULL),
                 "Pool: init is not a number or an array of shape []");
}

Test(options, pools_of_integers)
{
    vn_array *x = vn_cast(counting(VN_SHAPE(1, 5), -9), VN_I32);
    vn_pool_options padded = { .padding = VN_SHAPE(1) };
    vn_array *y = vn_call(vn_max_pool1d(VN_SHAPE(2), &padded), x);
    EXPECT(y, VN_SHAPE(1, 6), -9, -8, -7, -6, -5, -5);
    cr_assert_eq(vn_dtype_of(y), VN_I32);
    EXPECT(vn_call(vn_avg_pool1d(VN_SHAPE(2), NULL), vn_add(x, vn_int(9))), VN_SHAPE(1, 4), .5,
           1.5, 2.5, 3.5);
}

/* ---- convolutions of any number of axes, attention's process_heads */

Test(options, conv_nd_is_conv2d)
{
    vn_array *x = vn_normal(vn_key(1), VN_SHAPE(2, 5, 6), VN_F32);
    expect_close(vn_call(vn_conv_nd(2, 2, 3, VN_SHAPE(2, 3), key(), NULL), x),
                 vn_call(vn_conv2d(2, 3, VN_SHAPE(2, 3), key(), NULL), x), 0, 0);
    expect_close(vn_call(vn_conv_transpose_nd(2, 2, 3, VN_SHAPE(2, 3), key(), NULL), x),
                 vn_call(vn_conv_transpose2d(2, 3, VN_SHAPE(2, 3), key(), NULL), x), 0, 0);
}

static vn_tree *shorter(vn_tree *const arg[])
{
    return vn_tuple(vn_slice(arg[0], 0, 0, 1, 1), arg[1], arg[2]);
}

Test(options, process_heads_keeps_the_shapes)
{
    vn_tree *layer = vn_multihead_attention(1, 2, key(), NULL), *none = vn_none();
    vn_array *x = vn_ones(VN_F32, VN_SHAPE(3, 2));
    expect_error(vn_call(layer, x, x, x, none, none, none, vn_function(shorter, 3)),
                 "a result of process_heads has shape f32[1,1,2], expected f32[3,1,2]");
}

/* ---- State */

Test(options, state_takes_numbers_and_is_named_by_paths)
{
    vn_tree *index = vn_state_index(vn_int(0)), *state = vn_state(index);
    EXPECT(vn_state_get(vn_state_set(state, index, vn_int(5)), index), VN_SCALAR, 5);
    expect_error(vn_state_set(state, index, vn_float(5)), "i32[] to f32[]");
    expect_error(vn_state_set(state, index, vn_string("five")), "State: the value is");
    expect_error(vn_state_get(state, vn_identity_layer()), "Identity");
    expect_error(vn_state_update(state, index), "StateIndex");
    vn_tree *both = vn_make_with_state(vn_list(vn_sequential(vn_batch_norm(2, "b", NULL))));
    vn_tree *marked = vn_get(vn_at(both, 0), "[0].layers[0].ema_state_index");
    cr_assert_str_eq(((const struct vn_state_index *)(const void *)marked)->marker,
                     "list[0].layers[0].ema_state_index");
}

Test(options, identity_and_lambda_ignore_what_follows)
{
    vn_array *x = vn_ones(VN_F32, VN_SHAPE(2));
    cr_assert_eq(vn_call(vn_identity_layer(), x, key(), vn_int(1)), x);
    cr_assert(vn_tree_equal(vn_identity_layer(), vn_identity_layer(), NULL));
    EXPECT(vn_call(vn_lambda(vn_unary(vn_neg)), x, key()), VN_SHAPE(2), -1, -1);
}
