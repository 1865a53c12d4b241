/* SPDX-License-Identifier: MIT */
/* Convolutions and pools. */
#include <string.h>
#include <strings.h>

#include "golden/build_args.h"

/* An int, one for each axis, or pairs (lo, hi). */
static void read_pads(const json *value, vn_shape *lo, vn_shape *hi)
{
    const json *first = json_at(value, 0);
    if (!first || first->kind != JSON_ARRAY) {
        *lo = golden_shape(value);
        return;
    }
    for (const json *pair = first; pair; pair = pair->next) {
        lo->dim[lo->rank++] = json_int(json_at(pair, 0), 0);
        hi->dim[hi->rank++] = json_int(json_at(pair, 1), 0);
    }
}

static vn_padding padding_rule(const json *value)
{
    static const char *const names[] = { "EXPLICIT", "VALID", "SAME", "SAME_LOWER" };
    for (int i = 1; i < 4; i++)
        if (!strcasecmp(json_string(value, ""), names[i]))
            return (vn_padding)i;
    return VN_PADDING_EXPLICIT;
}

static vn_padding_mode padding_mode(const json *value)
{
    static const char *const names[] = { "ZEROS", "REFLECT", "REPLICATE", "CIRCULAR" };
    for (int i = 1; i < 4; i++)
        if (!strcasecmp(json_string(value, ""), names[i]))
            return (vn_padding_mode)i;
    return VN_PADDING_ZEROS;
}

vn_tree *build_conv(args *a)
{
    int dims = a->dims ? a->dims : (int)arg_integer(a, "num_spatial_dims", 1);
    int64_t in = arg_integer(a, "in_channels", 0), out = arg_integer(a, "out_channels", 0);
    vn_shape kernel = arg_shape(a, "kernel_size");
    const json *padding = arg_get(a, "padding");
    vn_conv_nd_options o = { .stride = arg_shape(a, "stride"),
                             .padding_rule = padding_rule(padding),
                             .dilation = arg_shape(a, "dilation"),
                             .groups = arg_integer(a, "groups", 1),
                             .no_bias = !arg_flag(a, "use_bias", true),
                             .padding_mode = padding_mode(arg_get(a, "padding_mode")),
                             .dtype = a->dtype };
    read_pads(padding, &o.padding, &o.padding_end);
    switch (a->dims) {
    case 1:
        return vn_conv1d(in, out, kernel, a->key, &o);
    case 2:
        return vn_conv2d(in, out, kernel, a->key, &o);
    case 3:
        return vn_conv3d(in, out, kernel, a->key, &o);
    default:
        return vn_conv_nd(dims, in, out, kernel, a->key, &o);
    }
}

vn_tree *build_conv_transpose(args *a)
{
    int dims = a->dims ? a->dims : (int)arg_integer(a, "num_spatial_dims", 1);
    int64_t in = arg_integer(a, "in_channels", 0), out = arg_integer(a, "out_channels", 0);
    vn_shape kernel = arg_shape(a, "kernel_size");
    const json *padding = arg_get(a, "padding");
    vn_conv_transpose_nd_options o = { .stride = arg_shape(a, "stride"),
                                       .padding_rule = padding_rule(padding),
                                       .output_padding = arg_shape(a, "output_padding"),
                                       .dilation = arg_shape(a, "dilation"),
                                       .groups = arg_integer(a, "groups", 1),
                                       .no_bias = !arg_flag(a, "use_bias", true),
                                       .padding_mode = padding_mode(arg_get(a, "padding_mode")),
                                       .dtype = a->dtype };
    read_pads(padding, &o.padding, &o.padding_end);
    switch (a->dims) {
    case 1:
        return vn_conv_transpose1d(in, out, kernel, a->key, &o);
    case 2:
        return vn_conv_transpose2d(in, out, kernel, a->key, &o);
    case 3:
        return vn_conv_transpose3d(in, out, kernel, a->key, &o);
    default:
        return vn_conv_transpose_nd(dims, in, out, kernel, a->key, &o);
    }
}

typedef vn_tree *pool_maker(vn_shape kernel, const vn_pool_options *options);
typedef vn_tree *adaptive_maker(vn_shape target);

static vn_tree *pool(args *a, pool_maker *const makers[3])
{
    vn_shape kernel = arg_shape(a, "kernel_size");
    vn_pool_options o = { .stride = arg_shape(a, "stride"),
                          .use_ceil = arg_flag(a, "use_ceil", false) };
    read_pads(arg_get(a, "padding"), &o.padding, &o.padding_end);
    return makers[a->dims - 1](kernel, &o);
}

vn_tree *build_max_pool(args *a)
{
    return pool(a, (pool_maker *const[]){ vn_max_pool1d, vn_max_pool2d, vn_max_pool3d });
}

vn_tree *build_avg_pool(args *a)
{
    return pool(a, (pool_maker *const[]){ vn_avg_pool1d, vn_avg_pool2d, vn_avg_pool3d });
}

vn_tree *build_adaptive_max(args *a)
{
    static adaptive_maker *const makers[] = { vn_adaptive_max_pool1d, vn_adaptive_max_pool2d,
                                              vn_adaptive_max_pool3d };
    return makers[a->dims - 1](arg_shape(a, "target_shape"));
}

vn_tree *build_adaptive_avg(args *a)
{
    static adaptive_maker *const makers[] = { vn_adaptive_avg_pool1d, vn_adaptive_avg_pool2d,
                                              vn_adaptive_avg_pool3d };
    return makers[a->dims - 1](arg_shape(a, "target_shape"));
}
