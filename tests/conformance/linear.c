/* SPDX-License-Identifier: MIT */
/* Rows 26, 37 and 38: Linear, MLP, Embedding, PReLU, Dropout. */
#include "conformance/conform.h"

static vn_array *ones(vn_dtype dtype, int64_t n) { return vn_ones(dtype, VN_SHAPE(n)); }

/* ---- 26: bf16, f64 and c128 stand beside f16 and c64 */

void row_26_linear(void)
{
    enum { SCALAR = VN_SCALAR_FEATURES };
    vn_array *key = vn_key(0), *f = vn_scalar(VN_F32, 3);
    expect_shape("no input", vn_call(vn_linear(0, 4, key, NULL), ones(VN_F32, 0)), VN_F32,
                 VN_SHAPE(4));
    expect_shape("no output", vn_call(vn_linear(4, 0, key, NULL), ones(VN_F32, 4)), VN_F32,
                 VN_SHAPE(0));
    expect_shape("scalar in", vn_call(vn_linear(SCALAR, 2, key, NULL), f), VN_F32, VN_SHAPE(2));
    expect_shape("scalar out", vn_call(vn_linear(2, SCALAR, key, NULL), ones(VN_F32, 2)),
                 VN_F32, VN_SCALAR);
    expect_refused("an array for a scalar",
                   vn_call(vn_linear(SCALAR, 2, key, NULL), ones(VN_F32, 2)), "f32[2]");
    const vn_dtype dtypes[] = { VN_F16, VN_BF16, VN_F32, VN_F64, VN_C64, VN_C128 };
    for (int i = 0; i < 6; i++) {
        vn_linear_options o = { .dtype = dtypes[i] };
        vn_tree *layer = vn_linear(2, 2, key, &o);
        expect_shape("the dtype of x", vn_call(layer, ones(dtypes[i], 2)), dtypes[i],
                     VN_SHAPE(2));
    }
}

/* ---- 37 */

static void check_scan(int depth, bool bias, bool final_bias)
{
    vn_mlp_options o = { .no_bias = !bias, .no_final_bias = !final_bias };
    vn_array *key = vn_key(depth), *x = ARRAY(VN_SHAPE(2), 0.5, -2);
    vn_tree *plain = vn_mlp(2, 3, 4, depth, key, &o);
    o.scan = true;
    vn_tree *scan = vn_mlp(2, 3, 4, depth, key, &o);
    vn_array *y = vn_call(plain, x);
    expect_shape("(out,)", y, VN_F32, VN_SHAPE(3));
    expect_close("scan", vn_call(scan, x), y, 1e-5, 1e-7);
    expect_that(vn_len(vn_get(plain, "layers")) == depth + 1, "a tuple of depth + 1 layers");
    for (int i = 0; i <= depth; i++) {
        vn_tree *layer = vn_at(vn_get(plain, "layers"), i);
        expect_that(!vn_is_none(vn_get(layer, "bias")) == (i < depth ? bias : final_bias),
                    "biases where they are asked for");
    }
    if (depth == 2)
        expect_shape("hidden layers have a leading axis", vn_get(scan, "layers[1].weight"),
                     VN_F32, VN_SHAPE(1, 4, 4));
}

static vn_tree *total(vn_tree *const arg[]) { return vn_sum(vn_call(arg[0], arg[1])); }

static void check_slopes(void)
{
    vn_mlp_options o = { .activation = vn_prelu(NULL), .final_activation = vn_prelu(NULL) };
    vn_tree *mlp = vn_mlp(2, 5, 8, 2, vn_key(3), &o);
    vn_tree *g = vn_call(vn_filter_grad(vn_function(total, 2), NULL), mlp, ones(VN_F32, 2));
    const char *const paths[] = { "activation.negative_slope",
                                  "final_activation.negative_slope" };
    const vn_shape shapes[] = { VN_SHAPE(2, 8), VN_SHAPE(5) };
    for (int i = 0; i < 2; i++) {
        expect_shape("a slope for every neuron", vn_get(mlp, paths[i]), VN_F32, shapes[i]);
        expect_shape("and its gradient", vn_get(g, paths[i]), VN_F32, shapes[i]);
    }
}

void row_37_mlp(void)
{
    for (int depth = 0; depth < 3; depth++)
        for (int i = 0; i < 4; i++)
            check_scan(depth, i & 1, i & 2);
    check_slopes();
    vn_array *table = vn_linspace(VN_F32, 0.1, 10, 100);
    vn_embedding_options o = { .weight = vn_reshape(table, VN_SHAPE(10, 10)) };
    vn_tree *embedding = vn_embedding(10, 10, NULL, &o);
    expect_close("index -1 is the last row", vn_call(embedding, vn_int(-1)),
                 vn_linspace(VN_F32, 9.1, 10, 10), 1e-5, 1e-8);
    vn_array *x = ARRAY(VN_SHAPE(2, 3), -1, -2, -3, -1, 2, 3);
    EXPECT("one slope", vn_call(vn_prelu(vn_float(0.1)), x), VN_SHAPE(2, 3), -.1, -.2, -.3, -.1,
           2, 3);
    vn_array *slopes = ARRAY(VN_SHAPE(3), .2, .1, .1);
    EXPECT("three slopes", vn_call(vn_prelu(slopes), x), VN_SHAPE(2, 3), -.2, -.2, -.3, -.2, 2,
           3);
}

/* ---- 38 */

void row_38_dropout(void)
{
    enum { N = 64 };
    vn_tree *layer = vn_dropout(0.5, NULL), *off = vn_inference_mode(layer, true);
    vn_array *x = vn_add(vn_normal(vn_key(1), VN_SHAPE(N), VN_F32), vn_int(5));
    double in[N], out[N];
    vn_copy_f64(in, N, x);
    vn_copy_f64(out, N, vn_call(layer, x, vn_key(2)));
    for (int i = 0; i < N; i++)
        expect_that(out[i] == 0 || out[i] == 2 * in[i], "0 or 2x");
    expect_refused("no key", vn_call(layer, x), "key");
    expect_that(vn_tree_equal(vn_call(off, x), x, NULL), "inference: the identity");
    expect_that(vn_tree_equal(vn_call(layer, x, vn_none(), vn_bool(true)), x, NULL),
                "inference for one call");
    expect_that(vn_tree_equal(vn_call(vn_dropout(0, NULL), x), x, NULL), "p = 0");
    vn_multihead_attention_options o = { .dropout_p = 0.4 };
    vn_tree *attention = vn_multihead_attention(1, 4, vn_key(0), &o);
    vn_tree *copy = vn_inference_mode(attention, true);
    expect_that(!vn_bool_value(vn_get(attention, "dropout.inference")), "the original");
    expect_that(vn_bool_value(vn_get(copy, "dropout.inference")), "its copy");
    vn_tree *nested = vn_tree_inference(vn_list(vn_tuple(layer), attention), true);
    expect_that(vn_bool_value(vn_get(nested, "[0][0].inference")) &&
                    vn_bool_value(vn_get(nested, "[1].dropout.inference")),
                "anywhere in a tree");
}
