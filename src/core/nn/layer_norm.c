/* SPDX-License-Identifier: MIT */
/* LayerNorm: y = (x - mean(x)) / sqrt(var(x) + eps) weight + bias
 *     x, y, weight, bias [shape]; mean and biased variance over all of x, in f32 at least
 * Source: equinox/nn/_normalisation.py */
#include "core/nn/norm.h"

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_layer_norm *const l = (const void *)self;
    if (!vn__expect_shape("LayerNorm", "x", arg[0], l->shape))
        return NULL;
    vn_array *const y = vn__norm_centre(vn__norm_widen(arg[0]), 0, l->eps);
    return vn__norm_finish(y, l->weight, l->bias, vn_dtype_of(arg[0]), n, arg);
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_layer_norm, shape, SHAPE),
    VN_FIELD(struct vn_layer_norm, eps, FLOAT),
    VN_FIELD(struct vn_layer_norm, use_weight, BOOL),
    VN_FIELD(struct vn_layer_norm, use_bias, BOOL),
    VN_FIELD(struct vn_layer_norm, weight, TREE),
    VN_FIELD(struct vn_layer_norm, bias, TREE),
};

const vn_type vn_layer_norm_type =
    VN__LAYER_TYPE("LayerNorm", struct vn_layer_norm, fields, call, 1, 3);

vn_tree *vn_layer_norm(vn_shape shape, const vn_layer_norm_options *options)
{
    vn__named_begin("LayerNorm");
    static const vn_layer_norm_options defaults;
    vn_layer_norm_options o = options ? *options : defaults;
    if (!vn__expect_dims("LayerNorm", shape) || !vn__expect_float("LayerNorm", &o.dtype) ||
        !vn__expect_option("LayerNorm", "eps", &o.eps, 1e-5))
        return vn__named_end(NULL);
    return vn__named_end(vn_module_new(
        &vn_layer_norm_type, &(struct vn_layer_norm){
                                 .shape = shape,
                                 .eps = o.eps,
                                 .use_weight = !o.no_weight,
                                 .use_bias = !o.no_bias,
                                 .weight = o.no_weight ? vn_none() : vn_ones(o.dtype, shape),
                                 .bias = o.no_bias ? vn_none() : vn_zeros(o.dtype, shape),
                             }));
}
