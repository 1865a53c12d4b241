/* SPDX-License-Identifier: MIT */
/* Convolutions and pools. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "golden/build_args.h"
#include "vernal/ops.h"

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

/* ---- pools with an operation of one's own */

static vn_tree *add(vn_tree *const arg[]) { return vn_add(arg[0], arg[1]); }
static vn_tree *max(vn_tree *const arg[]) { return vn_maximum(arg[0], arg[1]); }

vn_tree *build_pool(args *a)
{
    const char *name = json_string(arg_get(a, "operation"), "?");
    const json *init = arg_get(a, "init"); /* a number or "-inf" */
    const char *special = json_string(init, NULL);
    double first = special ? strtod(special, NULL) : json_number(init, 0);
    if (strcmp(name, "add") && strcmp(name, "max")) {
        golden_skip(a->r, "operation %s of Pool is not known", name);
        return NULL;
    }
    vn_shape kernel = arg_shape(a, "kernel_size");
    vn_pool_options o = { .stride = arg_shape(a, "stride"),
                          .use_ceil = arg_flag(a, "use_ceil", false) };
    read_pads(arg_get(a, "padding"), &o.padding, &o.padding_end);
    return vn_pool(vn_float(first), vn_function(strcmp(name, "max") ? add : max, 2),
                   (int)arg_integer(a, "num_spatial_dims", 1), kernel, &o);
}

vn_tree *build_adaptive_pool(args *a)
{
    const char *name = json_string(arg_get(a, "operation"), "?");
    vn_array *(*fn)(vn_array *) = !strcmp(name, "max")    ? vn_max
                                  : !strcmp(name, "min")  ? vn_min
                                  : !strcmp(name, "mean") ? vn_mean
                                  : !strcmp(name, "sum")  ? vn_sum
                                                          : NULL;
    int dims = (int)arg_integer(a, "num_spatial_dims", 1);
    vn_shape target = arg_shape(a, "target_shape");
    if (!fn)
        golden_skip(a->r, "operation %s of AdaptivePool is not known", name);
    return fn ? vn_adaptive_pool(target, dims, vn_unary(fn)) : NULL;
}

/* ---- the others */

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
