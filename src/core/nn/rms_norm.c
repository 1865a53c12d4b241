/* SPDX-License-Identifier: MIT */
/* RMSNorm: y = x rsqrt(mean(x^2) + eps) weight + bias
 *     x, y, weight, bias [shape]; the mean over all of x, in f32 at least
 * Source: equinox/nn/_normalisation.py */
#include "core/nn/norm.h"

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_rms_norm *const l = (const void *)self;
    if (!vn__expect_shape("RMSNorm", "x", arg[0], l->shape))
        return NULL;
    vn_array *const x = vn__norm_widen(arg[0]);
    vn_array *const power = vn_add(vn_mean(vn_square(x)), vn_float(l->eps));
    return vn__norm_finish(vn_mul(x, vn_rsqrt(power)), l->weight, l->bias, vn_dtype_of(arg[0]),
                           n, arg);
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_rms_norm, shape, SHAPE),
    VN_FIELD(struct vn_rms_norm, eps, FLOAT),
    VN_FIELD(struct vn_rms_norm, use_weight, BOOL),
    VN_FIELD(struct vn_rms_norm, use_bias, BOOL),
    VN_FIELD(struct vn_rms_norm, weight, TREE),
    VN_FIELD(struct vn_rms_norm, bias, TREE),
};

const vn_type vn_rms_norm_type =
    VN__LAYER_TYPE("RMSNorm", struct vn_rms_norm, fields, call, 1, 3);

vn_tree *vn_rms_norm(vn_shape shape, const vn_rms_norm_options *options)
{
    vn__named_begin("RMSNorm");
    static const vn_rms_norm_options defaults;
    vn_rms_norm_options o = options ? *options : defaults;
    if (!vn__expect_dims("RMSNorm", shape) || !vn__expect_float("RMSNorm", &o.dtype) ||
        !vn__expect_option("RMSNorm", "eps", &o.eps, 1e-5))
        return vn__named_end(NULL);
    return vn__named_end(vn_module_new(
        &vn_rms_norm_type, &(struct vn_rms_norm){
                               .shape = shape,
                               .eps = o.eps,
                               .use_weight = !o.no_weight,
                               .use_bias = !o.no_bias,
                               .weight = o.no_weight ? vn_none() : vn_ones(o.dtype, shape),
                               .bias = o.no_bias ? vn_none() : vn_zeros(o.dtype, shape),
                           }));
}
