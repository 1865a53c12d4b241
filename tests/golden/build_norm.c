/* SPDX-License-Identifier: MIT */
/* Norms and attention. */
#include <string.h>

#include "golden/build_args.h"

vn_tree *build_layer_norm(args *a)
{
    vn_layer_norm_options o = { .eps = arg_number(a, "eps"),
                                .no_weight = !arg_flag(a, "use_weight", true),
                                .no_bias = !arg_flag(a, "use_bias", true),
                                .dtype = a->dtype };
    return vn_layer_norm(arg_shape(a, "shape"), &o);
}

vn_tree *build_rms_norm(args *a)
{
    vn_rms_norm_options o = { .eps = arg_number(a, "eps"),
                              .no_weight = !arg_flag(a, "use_weight", true),
                              .no_bias = !arg_flag(a, "use_bias", true),
                              .dtype = a->dtype };
    return vn_rms_norm(arg_shape(a, "shape"), &o);
}

vn_tree *build_group_norm(args *a)
{
    vn_group_norm_options o = { .eps = arg_number(a, "eps"),
                                .no_channelwise_affine =
                                    !arg_flag(a, "channelwise_affine", true),
                                .dtype = a->dtype };
    int64_t groups = arg_integer(a, "groups", 0);
    return vn_group_norm(groups, arg_integer(a, "channels", 0), &o);
}

vn_tree *build_batch_norm(args *a)
{
    const json *name = arg_get(a, "axis_name");
    vn_tree *names[8];
    int n = 0;
    for (const json *item = name ? name->child : NULL; item && n < 8; item = item->next)
        names[n++] = vn_string(json_string(item, ""));
    bool batch = !strcmp(json_string(arg_get(a, "mode"), "ema"), "batch");
    vn_batch_norm_options o = { .eps = arg_number(a, "eps"),
                                .no_channelwise_affine =
                                    !arg_flag(a, "channelwise_affine", true),
                                .momentum = arg_number(a, "momentum"),
                                .inference = arg_flag(a, "inference", false),
                                .dtype = a->dtype,
                                .mode = batch ? VN_BATCH_NORM_BATCH : VN_BATCH_NORM_EMA,
                                .axis_names = n ? vn_tuple_n(n, names) : NULL };
    return vn_batch_norm(arg_integer(a, "input_size", 0), json_string(name, NULL), &o);
}

vn_tree *build_spectral_norm(args *a)
{
    vn_tree *layer = arg_layer(a, arg_get(a, "layer"));
    const char *weight = json_string(arg_get(a, "weight_name"), "weight");
    vn_spectral_norm_options o = { .num_power_iterations =
                                       arg_integer(a, "num_power_iterations", 1),
                                   .eps = arg_number(a, "eps"),
                                   .inference = arg_flag(a, "inference", false) };
    return layer ? vn_spectral_norm(layer, weight, a->key, &o) : NULL;
}

vn_tree *build_weight_norm(args *a)
{
    vn_tree *layer = arg_layer(a, arg_get(a, "layer"));
    const json *axis = json_get(a->json, "axis");
    vn_weight_norm_options o = { .weight_name = json_string(arg_get(a, "weight_name"), NULL),
                                 .axis = arg_integer(a, "axis", 0),
                                 .no_axis = axis && axis->kind == JSON_NULL };
    return layer ? vn_weight_norm(layer, &o) : NULL;
}

/* ---- attention */

vn_tree *build_attention(args *a)
{
    int64_t heads = arg_integer(a, "num_heads", 1), size = arg_integer(a, "query_size", 0);
    vn_multihead_attention_options o = {
        .key_size = arg_integer(a, "key_size", 0),
        .value_size = arg_integer(a, "value_size", 0),
        .output_size = arg_integer(a, "output_size", 0),
        .qk_size = arg_integer(a, "qk_size", 0),
        .vo_size = arg_integer(a, "vo_size", 0),
        .use_query_bias = arg_flag(a, "use_query_bias", false),
        .use_key_bias = arg_flag(a, "use_key_bias", false),
        .use_value_bias = arg_flag(a, "use_value_bias", false),
        .use_output_bias = arg_flag(a, "use_output_bias", false),
        .dropout_p = arg_number(a, "dropout_p"),
        .inference = arg_flag(a, "inference", false),
        .dtype = a->dtype,
    };
    return vn_multihead_attention(heads, size, a->key, &o);
}

vn_tree *build_rotary(args *a)
{
    int64_t size = arg_integer(a, "embedding_size", 0);
    vn_rotary_positional_embedding_options o = { .theta = arg_number(a, "theta"),
                                                 .dtype = a->dtype };
    return vn_rotary_positional_embedding(size, &o);
}
