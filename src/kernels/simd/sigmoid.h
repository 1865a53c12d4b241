/* SPDX-License-Identifier: MIT
 *
 * The logistic function and its relatives, through z = e^-|x| <= 1, which neither overflows
 * nor cancels:
 *   sigmoid(x)  = (x < 0 ? z : 1) / (1 + z)
 *   softplus(x) = max(x, 0) + ln(1 + z)
 *   tanh |x|    = w / (w + 2),   w = e^(2 |x|) - 1
 * ln(1 + z) is z + z^2 p(z) for f32; for f64, with s = z / (2 + z), it is
 * z - s (z - s^2 q(s^2)), from 2 s + s^3 q(s^2). The polynomials are minimax in the relative
 * error (fpminimax of Sollya).
 * */
#ifndef VN_KERNELS_SIMD_SIGMOID_H
#define VN_KERNELS_SIMD_SIGMOID_H

#include "kernels/simd/exp.h"

#if VN_REAL_BITS == 32
static const real vn__log1p_terms[] = { -0x1.ffff14p-2f, 0x1.5535dep-2f,  -0x1.fd1368p-3f,
                                        0x1.884554p-3f,  -0x1.19af8ep-3f, 0x1.44707ap-4f,
                                        -0x1.eca398p-6f, 0x1.5fa0dap-8f };
#else
static const real vn__log1p_terms[] = {
    0x1.5555555555535p-1, 0x1.99999999a0725p-2, 0x1.249249208e892p-2, 0x1.c71c741b15a32p-3,
    0x1.745cb438b4b19p-3, 0x1.3b1dd62630701p-3, 0x1.1068112711b1bp-3, 0x1.efd33f51f835bp-4,
    0x1.55c870e04365cp-4, 0x1.5c62242f698e6p-3,
};
#endif
enum { VN_LOG1P_TERMS = sizeof vn__log1p_terms / sizeof *vn__log1p_terms };

VN_INLINE vec v_sigmoid(vec x)
{
    const vec z = v_exp_down(v_neg(v_abs(x))), one = v_set(1);
    return v_select(v_lt(x, v_set(0)), z, one) / (one + z);
}

/* ln(1 + z), 0 <= z <= 1 */
VN_INLINE vec log1p_of_unit(vec z)
{
#if VN_REAL_BITS == 32
    return v_fma(z * z, v_horner(vn__log1p_terms, VN_LOG1P_TERMS, z), z);
#else
    const vec s = z / (z + v_set(2)), square = s * s;
    const vec q = v_horner(vn__log1p_terms, VN_LOG1P_TERMS, square);
    return v_fnma(s, v_fnma(square, q, z), z);
#endif
}

VN_INLINE vec v_softplus(vec x)
{
    return v_max(v_set(0), x) + log1p_of_unit(v_exp_down(v_neg(v_abs(x))));
}

/* 2 |x| = n ln 2 + r: w = 2^n q + (2^n - 1), n >= 0. Above the limit the result is 1. An error
 * d of r is one of d / sinh |2 x| of the result: what a rough r is off by is a tenth of a unit
 * in the last place at most, at n = 1. */
VN_INLINE vec v_tanh(vec x)
{
    const vec y = v_abs(x);
    const exp_split s = split_exp_roughly(v_min(v_set(VN_REAL_BITS == 32 ? 20 : 40), y + y));
    const vec power = v_power(s.t, 0);
    const vec w = v_fma(power, expm1_of_rest(s.r), power - v_set(1));
    return v_copysign(w / (w + v_set(2)), x);
}

#endif
