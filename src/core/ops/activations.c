/* SPDX-License-Identifier: MIT */
/* Activations that are composed of other ops, written as jax.nn writes them, so that
 * derivatives at kinks agree. */
#include "core/ops/elementwise.h"

static vn_array *number(double value) { return vn_float(value); }

vn_array *vn_identity(vn_array *x)
{
    vn__named_begin("identity");
    return vn__named_end(x);
}

/* Derivative 0 at both kinks. */
vn_array *vn_relu6(vn_array *x)
{
    vn__named_begin("relu6");
    vn_array *const low = vn_where(vn_ge(x, number(6)), number(6), x);
    return vn__named_end(vn_where(vn_le(x, number(0)), number(0), low));
}

vn_array *vn_leaky_relu(vn_array *x, double negative_slope)
{
    vn__named_begin("leaky_relu");
    return vn__named_end(vn_where(vn_ge(x, number(0)), x, vn_scale(negative_slope, x)));
}

/* expm1 sees no positive number: its derivative stays finite where it is not used. */
vn_array *vn_elu(vn_array *x, double alpha)
{
    vn__named_begin("elu");
    vn_array *const positive = vn_gt(x, number(0));
    vn_array *const low = vn_expm1(vn_where(positive, number(0), x));
    return vn__named_end(vn_where(positive, x, vn_scale(alpha, low)));
}

vn_array *vn_celu(vn_array *x, double alpha)
{
    vn__named_begin("celu");
    vn_array *const low = vn_expm1(vn_div(vn_minimum(x, number(0)), number(alpha)));
    return vn__named_end(vn_add(vn_maximum(x, number(0)), vn_scale(alpha, low)));
}

vn_array *vn_selu(vn_array *x)
{
    vn__named_begin("selu");
    return vn__named_end(vn_scale(1.0507009873554804934193349852946,
                                  vn_elu(x, 1.6732632423543772848170429916717)));
}

vn_array *vn_hard_tanh(vn_array *x)
{
    vn__named_begin("hard_tanh");
    vn_array *const raised = vn_where(vn_lt(x, number(-1)), number(-1), x);
    return vn__named_end(vn_where(vn_gt(x, number(1)), number(1), raised));
}

vn_array *vn_hard_sigmoid(vn_array *x)
{
    vn__named_begin("hard_sigmoid");
    return vn__named_end(vn_div(vn_relu6(vn_add(x, number(3))), number(6)));
}

vn_array *vn_hard_silu(vn_array *x)
{
    vn__named_begin("hard_silu");
    return vn__named_end(vn_mul(x, vn_hard_sigmoid(x)));
}

vn_array *vn_soft_sign(vn_array *x)
{
    vn__named_begin("soft_sign");
    return vn__named_end(vn_div(x, vn_add(vn_abs(x), number(1))));
}

vn_array *vn_mish(vn_array *x)
{
    vn__named_begin("mish");
    return vn__named_end(vn_mul(x, vn_tanh(vn_softplus(x))));
}

vn_array *vn_squareplus(vn_array *x)
{
    vn__named_begin("squareplus");
    return vn__named_end(vn_scale(0.5, vn_add(x, vn_sqrt(vn_add(vn_square(x), number(4))))));
}
