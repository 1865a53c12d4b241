/* SPDX-License-Identifier: MIT */
/* What Conv and ConvTranspose share: padding rules, checks, weights
 *     W [out, in / groups, kernel..], b [out, 1..]; wkey, bkey = split(key)
 *     W, b ~ U(-l, l), l = 1 / sqrt(in / groups product(kernel))
 * Source: equinox/nn/_conv.py */
#include "core/nn/conv_layer.h"

#include <math.h>
#include <string.h>

static const char *const rules[] = { "EXPLICIT", "VALID", "SAME", "SAME_LOWER" };
static const char *const modes[] = { "ZEROS", "REFLECT", "REPLICATE", "CIRCULAR" };

bool vn__is_text(const char *text, const char *word) { return text && strcmp(text, word) == 0; }

bool vn__is_same_rule(const char *rule)
{
    return vn__is_text(rule, "SAME") || vn__is_text(rule, "SAME_LOWER");
}

static bool check_groups(const vn__conv_spec *s)
{
    const bool fits = s->in % s->groups == 0 && s->out % s->groups == 0;
    if (!fits)
        vn__fail(VN_ERR_ARGUMENT, "%s: groups is %lld, but in_channels %lld, out_channels %lld",
                 s->layer, (long long)s->groups, (long long)s->in, (long long)s->out);
    return fits;
}

static bool check_enums(const vn__conv_spec *s, vn_padding rule, vn_padding_mode mode)
{
    return vn__expect_between(s->layer, "padding_rule", (int)rule, 0, VN_PADDING_SAME_LOWER) &&
           vn__expect_between(s->layer, "padding_mode", (int)mode, 0, VN_PADDING_CIRCULAR);
}

bool vn__conv_check(vn__conv_spec *s, vn_padding rule, vn_padding_mode mode)
{
    const vn_shape padding = s->padding;
    if (s->groups == 0)
        s->groups = 1;
    if (!vn__expect_between(s->layer, "num_spatial_dims", s->n, 1, VN_MAX_RANK - 2) ||
        !vn__expect_size(s->layer, "in_channels", s->in, 1) ||
        !vn__expect_size(s->layer, "out_channels", s->out, 1) ||
        !vn__expect_size(s->layer, "groups", s->groups, 1) || !check_groups(s) ||
        !vn__per_axis(&s->kernel, s->layer, "kernel_size", s->kernel, s->n, 0, 1) ||
        !vn__per_axis(&s->stride, s->layer, "stride", s->stride, s->n, 1, 1) ||
        !vn__per_axis(&s->dilation, s->layer, "dilation", s->dilation, s->n, 1, 1) ||
        !vn__per_axis(&s->padding, s->layer, "padding", padding, s->n, 0, -INT32_MAX) ||
        !vn__per_axis(&s->padding_end, s->layer, "padding_end",
                      s->padding_end.rank ? s->padding_end : padding, s->n, 0, -INT32_MAX) ||
        !vn__expect_inexact(s->layer, &s->dtype) || !check_enums(s, rule, mode))
        return false;
    s->rule = rules[rule];
    s->mode = modes[mode];
    return true;
}

void vn__conv_init(vn_tree **weight, vn_tree **bias, const vn__conv_spec *s, vn_array *key)
{
    vn_shape w = { .rank = 2 + s->n, .dim = { s->out, s->in / s->groups } };
    vn_shape b = { .rank = 1 + s->n, .dim = { s->out } };
    double fan_in = (double)(s->in / s->groups);
    for (int i = 0; i < s->n; i++) {
        w.dim[2 + i] = s->kernel.dim[i];
        b.dim[1 + i] = 1;
        fan_in *= (double)s->kernel.dim[i];
    }
    const double limit = 1.0 / sqrt(fan_in);
    vn_array *const keys = vn__expect_key(s->layer, key) ? vn_split(key, 2) : NULL;
    *weight = vn__init_uniform(keys, 0, w, s->dtype, limit);
    *bias = s->use_bias ? vn__init_uniform(keys, 1, b, s->dtype, limit) : vn_none();
}

bool vn__conv_expect_x(const char *layer, const vn_array *x, int n, int64_t in_channels)
{
    char text[VN__SHAPE_TEXT];
    if (!vn__expect_rank(layer, "x", x, n + 1))
        return false;
    if (vn_dim(x, 0) == in_channels)
        return true;
    vn__fail(VN_ERR_SHAPE, "%s: x has shape %s, expected %lld channels on axis 0", layer,
             vn__describe(text, x), (long long)in_channels);
    return false;
}

vn_array *vn__conv_pad(vn_array *x, int n, const int64_t lo[], const int64_t hi[],
                       const char *mode)
{
    vn_pads pads = { .lo = { 0 } };
    for (int i = 0; i < n; i++) {
        pads.lo[1 + i] = lo[i];
        pads.hi[1 + i] = hi[i];
    }
    return vn_pad_with(x, &pads,
                       vn__is_text(mode, "REFLECT")     ? VN_PAD_REFLECT
                       : vn__is_text(mode, "REPLICATE") ? VN_PAD_EDGE
                                                        : VN_PAD_WRAP);
}
