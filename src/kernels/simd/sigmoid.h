/* SPDX-License-Identifier: MIT
 *
 * The logistic function and its relatives, through z = e^-|x| <= 1, which neither overflows
 * nor cancels:
 *   sigmoid(x) = (x < 0 ? z : 1) / (1 + z)
 *   tanh |x|   = w / (w + 2),   w = e^(2 |x|) - 1
 * */
#ifndef VN_KERNELS_SIMD_SIGMOID_H
#define VN_KERNELS_SIMD_SIGMOID_H

#include "kernels/simd/exp.h"

VN_INLINE vec v_sigmoid(vec x)
{
    const vec z = v_exp_down(v_neg(v_abs(x))), one = v_set(1);
    return v_select(v_lt(x, v_set(0)), z, one) / (one + z);
}

/* x sigmoid(v): for v < 0 the factor e^v joins x before it can become subnormal. */
VN_INLINE vec v_gate(vec x, vec v)
{
    const exp_pair z = v_exp_down_pair(x, v_neg(v_abs(v)));
    return v_select(v_lt(v, v_set(0)), z.times, x) / (v_set(1) + z.plain);
}

/* 2 |x| = n ln 2 + r: w = 2^n q + (2^n - 1), n >= 0. Above the limit the result is 1. */
VN_INLINE vec v_tanh(vec x)
{
    const vec y = v_abs(x);
    const exp_split s = split_exp(v_min(v_set(VN_REAL_BITS == 32 ? 20 : 40), y + y));
    const vec power = v_power(s.t, 0);
    const vec w = v_fma(power, expm1_of_rest(s.r), power - v_set(1));
    return v_copysign(w / (w + v_set(2)), x);
}

#endif
