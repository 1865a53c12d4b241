/* SPDX-License-Identifier: MIT */
/* PReLU: y = x >= 0 ? x : a x
 *     a of any shape that broadcasts with x, 0.25 of shape [] at first
 * Source: equinox/nn/_activations.py */
#include "core/nn/layer.h"

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    vn_array *const a = ((const struct vn_prelu *)(const void *)self)->negative_slope;
    vn_array *const x = arg[0];
    (void)n;
    return vn_where(vn_ge(x, vn_int(0)), x, vn_mul(a, x));
}

static const vn_field fields[] = { VN_FIELD(struct vn_prelu, negative_slope, TREE) };

const vn_type vn_prelu_type = VN__LAYER_TYPE("PReLU", struct vn_prelu, fields, call, 1, 2);

vn_tree *vn_prelu(vn_array *init_alpha)
{
    const vn_kind kind = vn_kind_of(init_alpha);
    if (!init_alpha)
        init_alpha = vn_scalar(vn_default_dtype(), 0.25);
    else if (kind == VN_KIND_FLOAT || kind == VN_KIND_INT)
        init_alpha = vn_scalar(vn_default_dtype(), vn_float_value(init_alpha));
    if (!vn__expect_array("PReLU", "init_alpha", init_alpha))
        return NULL;
    return vn_module_new(&vn_prelu_type, &(struct vn_prelu){ .negative_slope = init_alpha });
}
