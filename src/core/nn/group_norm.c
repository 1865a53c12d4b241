/* SPDX-License-Identifier: MIT */
/* GroupNorm: y = (x - mean) / sqrt(var + eps) weight + bias, mean and variance by group
 *     x, y [channels, ..] seen as [groups, channels / groups, ..]; weight, bias [channels]
 * Source: equinox/nn/_normalisation.py */
#include "core/nn/norm.h"

static bool takes(const struct vn_group_norm *l, const vn_array *x)
{
    char text[VN__SHAPE_TEXT];
    if (!vn__expect_array("GroupNorm", "x", x))
        return false;
    const int64_t channels = vn_rank(x) > 0 ? vn_dim(x, 0) : 0;
    if (channels > 0 && channels % l->groups == 0 &&
        (l->channels == 0 || l->channels == channels))
        return true;
    if (l->channels)
        vn__fail(VN_ERR_SHAPE, "GroupNorm: x has shape %s, expected %lld channels on axis 0",
                 vn__describe(text, x), (long long)l->channels);
    else
        vn__fail(VN_ERR_SHAPE,
                 "GroupNorm: x has shape %s, expected k times %lld channels on axis 0",
                 vn__describe(text, x), (long long)l->groups);
    return false;
}

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_group_norm *const l = (const void *)self;
    vn_array *const x = arg[0];
    if (!takes(l, x))
        return NULL;
    const int rank = vn_rank(x);
    vn_array *const groups = vn_reshape(vn__norm_widen(x), VN_SHAPE(l->groups, -1));
    vn_array *const y = vn_reshape(vn__norm_centre(groups, 1, l->eps), vn_shape_of(x));
    return vn__norm_finish(y, vn__norm_by_channel(l->weight, rank),
                           vn__norm_by_channel(l->bias, rank), vn_dtype_of(x), n, arg);
}

static bool show_channels(const vn_tree *self, vn_tree **value)
{
    const int64_t channels = ((const struct vn_group_norm *)(const void *)self)->channels;
    *value = channels ? vn_int(channels) : vn_none();
    return true;
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_group_norm, groups, INT),
    VN_FIELD_SHOWN(struct vn_group_norm, channels, INT, show_channels),
    VN_FIELD(struct vn_group_norm, eps, FLOAT),
    VN_FIELD(struct vn_group_norm, channelwise_affine, BOOL),
    VN_FIELD(struct vn_group_norm, weight, TREE),
    VN_FIELD(struct vn_group_norm, bias, TREE),
};

const vn_type vn_group_norm_type =
    VN__LAYER_TYPE("GroupNorm", struct vn_group_norm, fields, call, 1, 3);

vn_tree *vn_group_norm(int64_t groups, int64_t channels, const vn_group_norm_options *options)
{
    vn__named_begin("GroupNorm");
    static const vn_group_norm_options defaults;
    vn_group_norm_options o = options ? *options : defaults;
    const bool affine = !o.no_channelwise_affine;
    if (!vn__expect_size("GroupNorm", "groups", groups, 1) ||
        !vn__expect_size("GroupNorm", "channels", channels, affine ? 1 : 0) ||
        !vn__expect_float("GroupNorm", &o.dtype) ||
        !vn__expect_option("GroupNorm", "eps", &o.eps, 1e-5))
        return vn__named_end(NULL);
    if (channels % groups != 0)
        return vn__named_end(vn_error(VN_ERR_ARGUMENT,
                                      "GroupNorm: groups is %lld, but channels %lld",
                                      (long long)groups, (long long)channels));
    return vn__named_end(
        vn_module_new(&vn_group_norm_type,
                      &(struct vn_group_norm){
                          .groups = groups,
                          .channels = channels,
                          .eps = o.eps,
                          .channelwise_affine = affine,
                          .weight = affine ? vn_ones(o.dtype, VN_SHAPE(channels)) : vn_none(),
                          .bias = affine ? vn_zeros(o.dtype, VN_SHAPE(channels)) : vn_none(),
                      }));
}
