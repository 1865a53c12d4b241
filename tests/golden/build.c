/* SPDX-License-Identifier: MIT */
/* A table from class names to functions of (arguments, key); one small function a class. */
#include <string.h>

#include "golden/build_args.h"
#include "golden/names.h"
#include "vernal/ops.h"
#include "vernal/random.h"

/* ---- arguments */

const json *arg_get(args *a, const char *name)
{
    const json *value = json_get(a->json, name);
    a->known += value != NULL;
    return value && value->kind != JSON_NULL ? value : NULL;
}

int64_t arg_integer(args *a, const char *name, int64_t missing)
{
    const json *value = arg_get(a, name);
    bool scalar = !strcmp(json_string(value, ""), "scalar");
    return scalar ? VN_SCALAR_FEATURES : json_int(value, missing);
}

double arg_number(args *a, const char *name) { return json_number(arg_get(a, name), 0); }
double arg_option(args *a, const char *name)
{
    const json *value = arg_get(a, name);
    return value && json_number(value, 0) == 0 ? -1 : json_number(value, 0);
}

vn_shape arg_shape(args *a, const char *name) { return golden_shape(arg_get(a, name)); }
bool arg_flag(args *a, const char *name, bool missing)
{
    return json_bool(arg_get(a, name), missing);
}

vn_tree *arg_layer(args *a, const json *spec)
{
    return golden_build(a->r, json_string(json_at(spec, 0), ""), json_at(spec, 1),
                        vn_key(json_int(json_at(spec, 2), 0)), NULL);
}

vn_tree *golden_activation(golden_run *r, const char *name)
{
    vn_tree *known = golden_unary(name);
    if (known)
        return known;
    if (!strcmp(name, "PReLU"))
        return vn_prelu(NULL);
    golden_skip(r, "activation %s is not known", name);
    return NULL;
}

vn_tree *arg_activation(args *a, const char *name)
{
    const json *value = arg_get(a, name);
    return value ? golden_activation(a->r, json_string(value, "?")) : NULL;
}

/* ---- linear, mlp, sequential */

static vn_tree *build_linear(args *a)
{
    int64_t in = arg_integer(a, "in_features", 0), out = arg_integer(a, "out_features", 0);
    vn_linear_options o = { .no_bias = !arg_flag(a, "use_bias", true), .dtype = a->dtype };
    return vn_linear(in, out, a->key, &o);
}

static vn_tree *build_identity(args *a)
{
    (void)a;
    return vn_identity_layer();
}

static vn_tree *build_embedding(args *a)
{
    const json *weight = arg_get(a, "weight");
    vn_embedding_options o = { .dtype = a->dtype };
    o.weight = weight ? golden_numbers(weight, a->dtype) : NULL;
    int64_t count = arg_integer(a, "num_embeddings", 0),
            size = arg_integer(a, "embedding_size", 0);
    return vn_embedding(count, size, a->key, &o);
}

static vn_tree *build_mlp(args *a)
{
    int64_t in = arg_integer(a, "in_size", 0), out = arg_integer(a, "out_size", 0);
    int64_t width = arg_integer(a, "width_size", 0), depth = arg_integer(a, "depth", 0);
    vn_mlp_options o = { .activation = arg_activation(a, "activation"),
                         .final_activation = arg_activation(a, "final_activation"),
                         .no_bias = !arg_flag(a, "use_bias", true),
                         .no_final_bias = !arg_flag(a, "use_final_bias", true),
                         .dtype = a->dtype,
                         .scan = arg_flag(a, "scan", false) };
    return vn_mlp(in, out, width, depth, a->key, &o);
}

static vn_tree *build_sequential(args *a)
{
    const json *layers = arg_get(a, "layers");
    vn_tree *made[64];
    int n = 0;
    for (const json *l = layers ? layers->child : NULL; l && n < 64; l = l->next)
        made[n++] = arg_layer(a, l);
    return vn_sequential_n(n, made);
}

static vn_tree *build_lambda(args *a)
{
    vn_tree *fn = arg_activation(a, "fn");
    return fn ? vn_lambda(fn) : NULL;
}

static vn_tree *build_dropout(args *a)
{
    double p = json_number(arg_get(a, "p"), 0.5);
    return vn_dropout(p, &(vn_dropout_options){ .inference = arg_flag(a, "inference", false) });
}

static vn_tree *build_prelu(args *a)
{
    const json *alpha = arg_get(a, "init_alpha");
    return vn_prelu(alpha ? golden_numbers(alpha, VN_DTYPE_DEFAULT) : NULL);
}

/* ---- recurrent cells */

static vn_tree *build_gru(args *a)
{
    int64_t in = arg_integer(a, "input_size", 0), hidden = arg_integer(a, "hidden_size", 0);
    vn_gru_cell_options o = { .no_bias = !arg_flag(a, "use_bias", true), .dtype = a->dtype };
    return vn_gru_cell(in, hidden, a->key, &o);
}

static vn_tree *build_lstm(args *a)
{
    int64_t in = arg_integer(a, "input_size", 0), hidden = arg_integer(a, "hidden_size", 0);
    vn_lstm_cell_options o = { .no_bias = !arg_flag(a, "use_bias", true), .dtype = a->dtype };
    return vn_lstm_cell(in, hidden, a->key, &o);
}

/* ---- the table */

static const struct {
    const char *name;
    vn_tree *(*build)(args *a);
    int dims;
} classes[] = {
    { "Linear", build_linear, 0 },
    { "Identity", build_identity, 0 },
    { "Embedding", build_embedding, 0 },
    { "MLP", build_mlp, 0 },
    { "Sequential", build_sequential, 0 },
    { "Lambda", build_lambda, 0 },
    { "Dropout", build_dropout, 0 },
    { "PReLU", build_prelu, 0 },
    { "Conv", build_conv, 0 },
    { "Conv1d", build_conv, 1 },
    { "Conv2d", build_conv, 2 },
    { "Conv3d", build_conv, 3 },
    { "ConvTranspose", build_conv_transpose, 0 },
    { "ConvTranspose1d", build_conv_transpose, 1 },
    { "ConvTranspose2d", build_conv_transpose, 2 },
    { "ConvTranspose3d", build_conv_transpose, 3 },
    { "Pool", build_pool, 0 },
    { "AdaptivePool", build_adaptive_pool, 0 },
    { "MaxPool1d", build_max_pool, 1 },
    { "MaxPool2d", build_max_pool, 2 },
    { "MaxPool3d", build_max_pool, 3 },
    { "AvgPool1d", build_avg_pool, 1 },
    { "AvgPool2d", build_avg_pool, 2 },
    { "AvgPool3d", build_avg_pool, 3 },
    { "AdaptiveMaxPool1d", build_adaptive_max, 1 },
    { "AdaptiveMaxPool2d", build_adaptive_max, 2 },
    { "AdaptiveMaxPool3d", build_adaptive_max, 3 },
    { "AdaptiveAvgPool1d", build_adaptive_avg, 1 },
    { "AdaptiveAvgPool2d", build_adaptive_avg, 2 },
    { "AdaptiveAvgPool3d", build_adaptive_avg, 3 },
    { "GRUCell", build_gru, 0 },
    { "LSTMCell", build_lstm, 0 },
    { "LayerNorm", build_layer_norm, 0 },
    { "RMSNorm", build_rms_norm, 0 },
    { "GroupNorm", build_group_norm, 0 },
    { "BatchNorm", build_batch_norm, 0 },
    { "SpectralNorm", build_spectral_norm, 0 },
    { "WeightNorm", build_weight_norm, 0 },
    { "MultiheadAttention", build_attention, 0 },
    { "RotaryPositionalEmbedding", build_rotary, 0 },
};

vn_tree *golden_build(golden_run *r, const char *class_name, const json *arguments,
                      vn_array *key, const char *except)
{
    args a = { .r = r, .json = arguments, .key = key };
    a.dtype = golden_dtype_name(arg_get(&a, "dtype"));
    a.known += except && json_get(arguments, except);
    if (a.dtype == VN_DTYPE_COUNT) {
        golden_skip(r, "dtype %s", json_string(json_get(arguments, "dtype"), ""));
        return NULL;
    }
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (strcmp(classes[i].name, class_name))
            continue;
        int skips = r->skips;
        a.dims = classes[i].dims;
        vn_tree *made = classes[i].build(&a);
        if (r->skips > skips) {
            vn_error_clear();
            return NULL;
        }
        if (a.known != arguments->count) {
            golden_skip(r, "an argument of %s is not known", class_name);
            return NULL;
        }
        if (!made)
            golden_fail(r, "%s cannot be built", class_name);
        return made;
    }
    golden_skip(r, "class %s is not known", class_name);
    return NULL;
}
