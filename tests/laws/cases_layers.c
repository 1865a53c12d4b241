/* SPDX-License-Identifier: MIT */
/* Subjects: every layer, as a function of itself and its inputs. */
#include "laws/law.h"
#include "vernal/nn.h"
#include "vernal/random.h"

static vn_array *key(void) { return vn_key(20); }

/* ---- linear, mlp, sequential */

static vn_tree *linear(void) { return vn_linear(4, 3, key(), NULL); }
static vn_tree *linear_wide(void) { return vn_linear(33, 17, key(), NULL); }
static vn_tree *linear_scalar(void)
{
    return vn_linear(VN_SCALAR_FEATURES, 3, key(), &(vn_linear_options){ .no_bias = true });
}
static vn_tree *identity(void) { return vn_identity_layer(); }
static vn_tree *embedding(void) { return vn_embedding(5, 3, key(), NULL); }
static vn_tree *lambda(void) { return vn_lambda(vn_unary(vn_tanh)); }
static vn_tree *dropout(void) { return vn_dropout(0.4, NULL); }
static vn_tree *prelu(void) { return vn_prelu(vn_full(VN_DTYPE_DEFAULT, VN_SHAPE(4), 0.3)); }
static vn_tree *mlp(void)
{
    return vn_mlp(4, 3, 8, 2, key(), &(vn_mlp_options){ .activation = vn_unary(vn_tanh) });
}
static vn_tree *mlp_scan(void)
{
    vn_mlp_options o = { .activation = vn_prelu(NULL),
                         .final_activation = vn_unary(vn_softplus),
                         .scan = true };
    return vn_mlp(4, VN_SCALAR_FEATURES, 5, 3, key(), &o);
}
static vn_tree *sequential(void)
{
    return vn_sequential(vn_linear(4, 6, key(), NULL), vn_lambda(vn_unary(vn_gelu)),
                         vn_dropout(0.5, NULL), vn_layer_norm(VN_SHAPE(6), NULL));
}

/* ---- convolutions */

static const vn_conv_nd_options conv_options = { .stride = { 1, { 2 } },
                                                 .padding = { 1, { 1 } },
                                                 .dilation = { 1, { 2 } } };
static vn_tree *conv_any(void) { return vn_conv_nd(1, 2, 3, VN_SHAPE(2), key(), NULL); }
static vn_tree *conv1d(void) { return vn_conv1d(2, 3, VN_SHAPE(2), key(), &conv_options); }
static vn_tree *conv2d(void) { return vn_conv2d(2, 3, VN_SHAPE(2, 3), key(), &conv_options); }
static vn_tree *conv2d_same(void)
{
    vn_conv_nd_options o = { .padding_rule = VN_PADDING_SAME,
                             .padding_mode = VN_PADDING_CIRCULAR,
                             .groups = 2 };
    return vn_conv2d(2, 4, VN_SHAPE(3), key(), &o);
}
static vn_tree *conv2d_reflect(void)
{
    vn_conv_nd_options o = { .padding = VN_SHAPE(1), .padding_mode = VN_PADDING_REFLECT };
    return vn_conv2d(2, 2, VN_SHAPE(3), key(), &o);
}
static vn_tree *conv3d(void) { return vn_conv3d(1, 2, VN_SHAPE(2), key(), NULL); }
static vn_tree *transpose_any(void)
{
    return vn_conv_transpose_nd(1, 2, 3, VN_SHAPE(2), key(), NULL);
}
static vn_tree *transpose1d(void)
{
    vn_conv_transpose_nd_options o = { .stride = VN_SHAPE(3), .output_padding = VN_SHAPE(1) };
    return vn_conv_transpose1d(2, 3, VN_SHAPE(3), key(), &o);
}
static vn_tree *transpose2d(void)
{
    vn_conv_transpose_nd_options o = { .stride = VN_SHAPE(2, 1), .padding = VN_SHAPE(1) };
    return vn_conv_transpose2d(2, 3, VN_SHAPE(3), key(), &o);
}
static vn_tree *transpose3d(void)
{
    return vn_conv_transpose3d(1, 2, VN_SHAPE(2), key(), NULL);
}

/* ---- pools */

static const vn_pool_options pool_options = { .stride = { 1, { 2 } },
                                              .padding = { 1, { 1 } },
                                              .use_ceil = true };
static vn_tree *larger(vn_tree *const arg[]) { return vn_maximum(arg[0], arg[1]); }
static vn_tree *pool(void)
{
    vn_tree *operation = vn_function_named(larger, 2, "larger");
    return vn_pool(vn_float(-10), operation, 1, VN_SHAPE(2), NULL);
}
static vn_tree *max1d(void) { return vn_max_pool1d(VN_SHAPE(3), &pool_options); }
static vn_tree *max2d(void) { return vn_max_pool2d(VN_SHAPE(3, 2), &pool_options); }
static vn_tree *max3d(void) { return vn_max_pool3d(VN_SHAPE(2), NULL); }
static vn_tree *avg1d(void) { return vn_avg_pool1d(VN_SHAPE(3), &pool_options); }
static vn_tree *avg2d(void) { return vn_avg_pool2d(VN_SHAPE(3, 2), &pool_options); }
static vn_tree *avg3d(void) { return vn_avg_pool3d(VN_SHAPE(2), NULL); }
static vn_tree *adaptive(void) { return vn_adaptive_pool(VN_SHAPE(3), 1, vn_unary(vn_norm)); }
static vn_tree *adaptive_max1d(void) { return vn_adaptive_max_pool1d(VN_SHAPE(4)); }
static vn_tree *adaptive_max2d(void) { return vn_adaptive_max_pool2d(VN_SHAPE(2, 4)); }
static vn_tree *adaptive_max3d(void) { return vn_adaptive_max_pool3d(VN_SHAPE(2)); }
static vn_tree *adaptive_avg1d(void) { return vn_adaptive_avg_pool1d(VN_SHAPE(4)); }
static vn_tree *adaptive_avg2d(void) { return vn_adaptive_avg_pool2d(VN_SHAPE(2, 4)); }
static vn_tree *adaptive_avg3d(void) { return vn_adaptive_avg_pool3d(VN_SHAPE(2)); }

/* ---- recurrent cells */

static vn_tree *gru(void) { return vn_gru_cell(4, 3, key(), NULL); }
static vn_tree *lstm(void) { return vn_lstm_cell(4, 3, key(), NULL); }
static vn_tree *lstm_call(vn_tree *const arg[]) /* cell, x, h, c */
{
    return vn_call(arg[0], arg[1], vn_tuple(arg[2], arg[3]));
}
static vn_tree *gru_step(vn_tree *const arg[]) /* cell, h, x */
{
    vn_tree *h = vn_call(arg[0], arg[2], arg[1]);
    return vn_tuple(h, h);
}
static vn_tree *gru_scan(vn_tree *const arg[]) /* cell, xs [time, in], h */
{
    return vn_scan(vn_partial(vn_function(gru_step, 3), arg[0]), arg[2], arg[1], 0);
}

/* ---- norms */

static vn_tree *layer_norm(void) { return vn_layer_norm(VN_SHAPE(4), NULL); }
static vn_tree *rms_norm(void) { return vn_rms_norm(VN_SHAPE(4), NULL); }
static vn_tree *group_norm(void) { return vn_group_norm(2, 4, NULL); }
static vn_tree *weight_norm(void) { return vn_weight_norm(vn_linear(4, 3, key(), NULL), NULL); }

static vn_tree *batch_norm(vn_batch_norm_mode mode)
{
    return vn_make_with_state(
        vn_batch_norm(3, "norm", &(vn_batch_norm_options){ .mode = mode }));
}
static vn_tree *batch_norm_batch(void) { return batch_norm(VN_BATCH_NORM_BATCH); }
static vn_tree *batch_norm_ema(void) { return batch_norm(VN_BATCH_NORM_EMA); }
static vn_tree *over_named_axis(vn_tree *const arg[]) /* (norm, state), x [batch, channels] */
{
    vn_tree *axes[] = { vn_int(0), vn_none() };
    vn_vmap_options o = {
        .in_axes = axes, .n_in = 2, .out_axes = vn_tuple_n(2, axes), .axis_name = "norm"
    };
    return vn_call(vn_filter_vmap(vn_at(arg[0], 0), &o), arg[1], vn_at(arg[0], 1));
}

static vn_tree *spectral_norm(void)
{
    vn_tree *layer = vn_linear(4, 3, key(), NULL);
    return vn_make_with_state(vn_spectral_norm(layer, "weight", vn_key(3), NULL));
}
static vn_tree *spectral_norm_inference(void)
{
    return vn_inference_mode(spectral_norm(), true);
}
static vn_tree *with_state(vn_tree *const arg[]) /* (layer, state), x */
{
    return vn_call(vn_at(arg[0], 0), arg[1], vn_at(arg[0], 1));
}

/* ---- State: a counter */

static vn_tree *state_index(void)
{
    return vn_make_with_state(vn_state_index(vn_zeros(VN_DTYPE_DEFAULT, VN_SHAPE(3))));
}
static vn_tree *accumulate(vn_tree *const arg[]) /* (index, state), x */
{
    vn_tree *index = vn_at(arg[0], 0), *state = vn_at(arg[0], 1);
    vn_array *sum = vn_add(vn_state_get(state, index), vn_square(arg[1]));
    return vn_tuple(vn_sin(sum), vn_state_set(state, index, sum));
}

/* ---- attention, shared */

static vn_tree *attention(void)
{
    vn_multihead_attention_options o = { .use_output_bias = true, .dropout_p = 0.3 };
    return vn_multihead_attention(2, 4, key(), &o);
}
static vn_tree *attend(vn_tree *const arg[]) /* attention, x, mask, key */
{
    return vn_call(arg[0], arg[1], arg[1], arg[1], arg[2], arg[3]);
}
static vn_tree *rotary(void) { return vn_rotary_positional_embedding(4, NULL); }
static vn_tree *shared(void)
{
    vn_tree *both = vn_tuple(vn_embedding(5, 3, key(), NULL), vn_linear(3, 5, key(), NULL));
    return vn_shared(both, "[1].weight", "[0].weight");
}
static vn_tree *shared_call(vn_tree *const arg[]) /* shared, i */
{
    vn_tree *both = vn_call_n(arg[0], 0, NULL);
    return vn_call(vn_at(both, 1), vn_tanh(vn_call(vn_at(both, 0), arg[1])));
}

/* ---- the table */

void law_add_layers(law_subject *out, int *n)
{
    static const law_operand number = { LAW_REAL, { 0, { 0 } }, -1, 1 };
    static const law_operand four = { LAW_REAL, { 1, { 4 } }, -1, 1 };
    static const law_operand three = { LAW_REAL, { 1, { 3 } }, -1, 1 };
    static const law_operand long_vector = { LAW_REAL, { 1, { 33 } }, -1, 1 };
    static const law_operand row = { LAW_INTEGER, { 0, { 0 } }, -1, 4 };
    static const law_operand random = { LAW_KEY, { 0, { 0 } }, 0, 0 };
    static const law_operand line = { LAW_DISTINCT, { 2, { 2, 9 } }, -1, 1 };
    static const law_operand image = { LAW_DISTINCT, { 3, { 2, 5, 6 } }, -1, 1 };
    static const law_operand volume = { LAW_DISTINCT, { 4, { 1, 3, 4, 3 } }, -1, 1 };
    static const law_operand tokens = { LAW_REAL, { 2, { 5, 4 } }, -1, 1 };
    static const law_operand channels = { LAW_REAL, { 2, { 4, 6 } }, -1, 1 };
    static const law_operand batch = { LAW_REAL, { 2, { 7, 3 } }, -1, 1 };
    static const law_operand mask = { LAW_BOOL, { 2, { 5, 5 } }, 0, 1 };
    enum { HIDDEN = LAW_NO_DIFFERENCE };
    const law_subject subjects[] = {
        { .row = "Linear", .name = "", .model = linear, .n = 1, .in = { four } },
        { .row = "Linear",
          .name = "wide",
          .model = linear_wide,
          .n = 1,
          .in = { long_vector } },
        { .row = "Linear", .name = "scalar", .model = linear_scalar, .n = 1, .in = { number } },
        { .row = "Identity", .name = "", .model = identity, .n = 1, .in = { four } },
        { .row = "Embedding", .name = "", .model = embedding, .n = 1, .in = { row } },
        { .row = "Sequential",
          .name = "",
          .model = sequential,
          .n = 2,
          .in = { four, random } },
        { .row = "Lambda", .name = "", .model = lambda, .n = 1, .in = { four } },
        { .row = "Dropout", .name = "", .model = dropout, .n = 2, .in = { channels, random } },
        { .row = "PReLU", .name = "", .model = prelu, .n = 1, .in = { tokens } },
        { .row = "MLP", .name = "", .model = mlp, .n = 1, .in = { four } },
        { .row = "MLP", .name = "scan", .model = mlp_scan, .n = 1, .in = { four } },
        { .row = "Conv", .name = "", .model = conv_any, .n = 1, .in = { line } },
        { .row = "Conv1d", .name = "", .model = conv1d, .n = 1, .in = { line } },
        { .row = "Conv2d", .name = "", .model = conv2d, .n = 1, .in = { image } },
        { .row = "Conv2d",
          .name = "same, circular",
          .model = conv2d_same,
          .n = 1,
          .in = { image } },
        { .row = "Conv2d",
          .name = "reflect",
          .model = conv2d_reflect,
          .n = 1,
          .in = { image } },
        { .row = "Conv3d", .name = "", .model = conv3d, .n = 1, .in = { volume } },
        { .row = "ConvTranspose", .name = "", .model = transpose_any, .n = 1, .in = { line } },
        { .row = "ConvTranspose1d", .name = "", .model = transpose1d, .n = 1, .in = { line } },
        { .row = "ConvTranspose2d", .name = "", .model = transpose2d, .n = 1, .in = { image } },
        { .row = "ConvTranspose3d",
          .name = "",
          .model = transpose3d,
          .n = 1,
          .in = { volume } },
        { .row = "Pool", .name = "", .model = pool, .n = 1, .in = { line } },
        { .row = "MaxPool1d", .name = "", .model = max1d, .n = 1, .in = { line } },
        { .row = "MaxPool2d", .name = "", .model = max2d, .n = 1, .in = { image } },
        { .row = "MaxPool3d", .name = "", .model = max3d, .n = 1, .in = { volume } },
        { .row = "AvgPool1d", .name = "", .model = avg1d, .n = 1, .in = { line } },
        { .row = "AvgPool2d", .name = "", .model = avg2d, .n = 1, .in = { image } },
        { .row = "AvgPool3d", .name = "", .model = avg3d, .n = 1, .in = { volume } },
        { .row = "AdaptivePool", .name = "", .model = adaptive, .n = 1, .in = { line } },
        { .row = "AdaptiveMaxPool1d",
          .name = "",
          .model = adaptive_max1d,
          .n = 1,
          .in = { line } },
        { .row = "AdaptiveMaxPool2d",
          .name = "",
          .model = adaptive_max2d,
          .n = 1,
          .in = { image } },
        { .row = "AdaptiveMaxPool3d",
          .name = "",
          .model = adaptive_max3d,
          .n = 1,
          .in = { volume } },
        { .row = "AdaptiveAvgPool1d",
          .name = "",
          .model = adaptive_avg1d,
          .n = 1,
          .in = { line } },
        { .row = "AdaptiveAvgPool2d",
          .name = "",
          .model = adaptive_avg2d,
          .n = 1,
          .in = { image } },
        { .row = "AdaptiveAvgPool3d",
          .name = "",
          .model = adaptive_avg3d,
          .n = 1,
          .in = { volume } },
        { .row = "GRUCell", .name = "", .model = gru, .n = 2, .in = { four, three } },
        { .row = "GRUCell",
          .name = "scan",
          .fn = gru_scan,
          .model = gru,
          .n = 2,
          .in = { tokens, three } },
        { .row = "LSTMCell",
          .name = "",
          .fn = lstm_call,
          .model = lstm,
          .n = 3,
          .in = { four, three, three } },
        { .row = "LayerNorm", .name = "", .model = layer_norm, .n = 1, .in = { four } },
        { .row = "RMSNorm", .name = "", .model = rms_norm, .n = 1, .in = { four } },
        { .row = "GroupNorm", .name = "", .model = group_norm, .n = 1, .in = { channels } },
        { .row = "BatchNorm",
          .name = "batch",
          .fn = over_named_axis,
          .model = batch_norm_batch,
          .n = 1,
          .in = { batch } },
        { .row = "BatchNorm",
          .name = "ema",
          .fn = over_named_axis,
          .model = batch_norm_ema,
          .n = 1,
          .in = { batch } },
        { .row = "SpectralNorm",
          .name = "training",
          .flags = HIDDEN,
          .fn = with_state,
          .model = spectral_norm,
          .n = 1,
          .in = { four } },
        { .row = "SpectralNorm",
          .name = "inference",
          .fn = with_state,
          .model = spectral_norm_inference,
          .n = 1,
          .in = { four } },
        { .row = "WeightNorm", .name = "", .model = weight_norm, .n = 1, .in = { four } },
        { .row = "MultiheadAttention",
          .name = "",
          .fn = attend,
          .model = attention,
          .n = 3,
          .in = { tokens, mask, random } },
        { .row = "RotaryPositionalEmbedding",
          .name = "",
          .model = rotary,
          .n = 1,
          .in = { tokens } },
        { .row = "Shared",
          .name = "",
          .fn = shared_call,
          .model = shared,
          .n = 1,
          .in = { row } },
        { .row = "StateIndex",
          .name = "",
          .fn = accumulate,
          .model = state_index,
          .n = 1,
          .in = { three } },
        { .row = "State",
          .name = "",
          .fn = accumulate,
          .model = state_index,
          .n = 1,
          .in = { three } },
    };
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        out[(*n)++] = subjects[i];
}
