/* SPDX-License-Identifier: MIT */
/* PReLU: y = x >= 0 ? x : a x
 *     a of any shape that broadcasts with x, 0.25 of shape [] at first
 * Source: equinox/nn/_activations.py, where a slope that was given as a number is weakly typed:
 * it does not widen x. */
#include "core/nn/layer.h"

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_prelu *const l = (const void *)self;
    vn_array *const x = arg[0];
    (void)n;
    const bool narrow = l->weak && vn__as_array(x) && vn_dtype_is_inexact(vn_dtype_of(x));
    vn_array *const a = narrow ? vn_cast(l->negative_slope, vn_dtype_of(x)) : l->negative_slope;
    return vn_where(vn_ge(x, vn_int(0)), x, vn_mul(a, x));
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_prelu, negative_slope, TREE),
    VN_FIELD_SHOWN(struct vn_prelu, weak, BOOL, vn__not_shown),
};

const vn_type vn_prelu_type = VN__LAYER_TYPE("PReLU", struct vn_prelu, fields, call, 1, 2);

vn_tree *vn_prelu(vn_array *init_alpha)
{
    vn__named_begin("PReLU");
    const vn_kind kind = vn_kind_of(init_alpha);
    const bool number = kind == VN_KIND_FLOAT || kind == VN_KIND_INT;
    struct vn_prelu l = { .negative_slope = init_alpha, .weak = !init_alpha || number };
    if (l.weak)
        l.negative_slope =
            vn_scalar(vn_default_dtype(), number ? vn_float_value(init_alpha) : 0.25);
    else if (!vn__expect_array("PReLU", "init_alpha", init_alpha))
        return vn__named_end(NULL);
    return vn__named_end(vn_module_new(&vn_prelu_type, &l));
}
