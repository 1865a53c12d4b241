/* SPDX-License-Identifier: MIT
 * Derivatives of activations times g, in the argument x or in the result y. Far from 0 they are
 * g or 0: x is brought within the range where e^-|x| is not 0. */
#ifndef VN_KERNELS_SIMD_GRADIENT_H
#define VN_KERNELS_SIMD_GRADIENT_H

#include "kernels/simd/gelu.h"
#include "kernels/simd/sigmoid.h"

VN_INLINE vec v_relu_grad(vec x, vec g)
{
    return v_select(v_gt(x, v_set(0)), g, v_set(0));
}

VN_INLINE vec v_tanh_grad(vec y, vec g) { return g * v_fnma(y, y, v_set(1)); }
VN_INLINE vec v_sigmoid_grad(vec y, vec g) { return g * y * (v_set(1) - y); }
VN_INLINE vec v_softplus_grad(vec x, vec g) { return g * v_sigmoid(x); }

/* s(v) (1 + t s(-v)), the derivative of x s(v) with t = x v', s the logistic function. */
VN_INLINE vec gate_slope(vec v, vec t)
{
    const vec z = v_exp_down(v_neg(v_abs(v))), one = v_set(1), larger = one / (one + z);
    const vmask below = v_lt(v, v_set(0));
    const vec smaller = z * larger;
    const vec s = v_select(below, smaller, larger), rest = v_select(below, larger, smaller);
    return s * v_fma(t, rest, one);
}

/* NaN stays. */
VN_INLINE vec within(vec x, real limit)
{
    return v_min(v_set(limit), v_max(v_set(-limit), x));
}

VN_INLINE vec v_silu_grad(vec x, vec g)
{
    const vec near = within(x, -vn__exp_to_zero);
    return g * gate_slope(near, near);
}

VN_INLINE vec v_gelu_tanh_grad(vec x, vec g)
{
    const vec c = v_set(vn__gelu_c_high + vn__gelu_c_low), d = v_set(vn__gelu_d_high);
    const vec near = within(x, -vn__gelu_tanh_end), square = near * near;
    const vec slope = v_fma(v_set(3) * d, square, c);
    return g * gate_slope(near * v_fma(d, square, c), near * slope);
}

/* Phi(x) + x phi(x): for y = |x| and u = e^(-y^2 / 2) (R(y) - y / sqrt(2 pi)), 1 - u or u. */
VN_INLINE vec v_gelu_exact_grad(vec x, vec g)
{
    const vec y = v_min(v_set(vn__gelu_exact_end), v_abs(x));
    const exp_split v = split_exp_product(y, y * v_set((real)-0.5));
    const vec slope = v_fnma(y, v_set((real)0x1.9884533d43651p-2), mills_ratio(y));
    const vec u = v_scale_down(slope * exp_of_rest(v.r), v.t);
    return g * v_select(v_lt(x, v_set(0)), u, v_set(1) - u);
}

#endif
