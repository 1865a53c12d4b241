/* SPDX-License-Identifier: MIT */
/* Linear: y = W x + b
 *     x [in] or [], W [out, in], b [out], y [out] or []
 *     wkey, bkey = split(key); W ~ U(-l, l) from wkey, b ~ U(-l, l) from bkey, l = 1 / sqrt(in)
 * Source: equinox/nn/_linear.py */
#include <math.h>

#include "core/nn/layer.h"

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_linear *const l = (const void *)self;
    const bool scalar_in = l->in_features == VN_SCALAR_FEATURES;
    vn_array *x = arg[0];
    (void)n;
    if (!vn__expect_rank("Linear", "weight", l->weight, 2) ||
        !vn__expect_shape("Linear", "x", x,
                          scalar_in ? VN_SCALAR : VN_SHAPE(vn_dim(l->weight, 1))))
        return NULL;
    if (scalar_in)
        x = vn_reshape(x, VN_SHAPE(1));
    vn_array *y = vn_matmul(l->weight, x);
    if (!vn_is_none(l->bias))
        y = vn_add(y, l->bias);
    return l->out_features == VN_SCALAR_FEATURES ? vn_reshape(y, VN_SCALAR) : y;
}

static bool show_in(const vn_tree *self, vn_tree **value)
{
    *value = vn__shown_features(((const struct vn_linear *)(const void *)self)->in_features);
    return true;
}

static bool show_out(const vn_tree *self, vn_tree **value)
{
    *value = vn__shown_features(((const struct vn_linear *)(const void *)self)->out_features);
    return true;
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_linear, weight, TREE),
    VN_FIELD(struct vn_linear, bias, TREE),
    VN_FIELD_SHOWN(struct vn_linear, in_features, INT, show_in),
    VN_FIELD_SHOWN(struct vn_linear, out_features, INT, show_out),
    VN_FIELD(struct vn_linear, use_bias, BOOL),
};

const vn_type vn_linear_type = VN__LAYER_TYPE("Linear", struct vn_linear, fields, call, 1, 2);

vn_tree *vn_linear(int64_t in_features, int64_t out_features, vn_array *key,
                   const vn_linear_options *options)
{
    vn__named_begin("Linear");
    const bool use_bias = !(options && options->no_bias);
    vn_dtype dtype = options ? options->dtype : VN_DTYPE_DEFAULT;
    const int64_t in = in_features == VN_SCALAR_FEATURES ? 1 : in_features;
    const int64_t out = out_features == VN_SCALAR_FEATURES ? 1 : out_features;
    if (!vn__expect_size("Linear", "in_features", in, 0) ||
        !vn__expect_size("Linear", "out_features", out, 0) ||
        !vn__expect_inexact("Linear", &dtype) || !vn__expect_key("Linear", key))
        return vn__named_end(NULL);
    const double limit = in == 0 ? 1.0 : 1.0 / sqrt((double)in);
    vn_array *const keys = vn_split(key, 2);
    return vn__named_end(vn_module_new(
        &vn_linear_type,
        &(struct vn_linear){
            .weight = vn__init_uniform(keys, 0, VN_SHAPE(out, in), dtype, limit),
            .bias =
                use_bias ? vn__init_uniform(keys, 1, VN_SHAPE(out), dtype, limit) : vn_none(),
            .in_features = in_features,
            .out_features = out_features,
            .use_bias = use_bias,
        }));
}
