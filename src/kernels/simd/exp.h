/* SPDX-License-Identifier: MIT
 *
 * The exponential of vectors. x = n ln 2 + r, |r| <= ln 2 / 2, gives
 *   e^x = 2^n (1 + q),    q = e^r - 1 = r + r^2 p(r)
 * n is kept as t = n + 1.5 2^FRACTION, whose low bits are n in two's complement. ln 2 is
 * subtracted in two parts by fused multiply-adds, the first of which is exact. The polynomial
 * is minimax in the relative error of q (fpminimax of Sollya): 0.015 units in the last place
 * of f32, 0.09 of f64.
 * */
#ifndef VN_KERNELS_SIMD_EXP_H
#define VN_KERNELS_SIMD_EXP_H

#include "kernels/simd/simd.h"

#if VN_REAL_BITS == 32
static const real vn__log2_e = 0x1.715476p0f;
static const real vn__ln2_high = 0x1.62e43p-1f, vn__ln2_low = -0x1.05c61p-29f;
static const real vn__exp_to_zero = -110, vn__exp_to_infinity = 89;
static const real vn__exp_terms[] = { 0x1.fffffep-2f, 0x1.5554bp-3f, 0x1.555716p-5f,
                                      0x1.122792p-7f, 0x1.6b7346p-10f };
#else
static const real vn__log2_e = 0x1.71547652b82fep0;
static const real vn__ln2_high = 0x1.62e42fefa39efp-1, vn__ln2_low = 0x1.abc9e3b39803fp-56;
static const real vn__exp_to_zero = -760, vn__exp_to_infinity = 710;
static const real vn__exp_terms[] = {
    0x1.0000000000005p-1, 0x1.555555555553bp-3,  0x1.555555555210cp-5,  0x1.1111111118831p-7,
    0x1.6c16c17f2f17p-10, 0x1.a01a0177f21b9p-13, 0x1.a019a6a16c1d3p-16, 0x1.71de8109f7c6ep-19,
    0x1.28a28f518161p-22, 0x1.ae77778d8f664p-26,
};
#endif
enum { VN_EXP_TERMS = sizeof vn__exp_terms / sizeof *vn__exp_terms };

/* x = n ln 2 + r; |x| up to about 2^(FRACTION / 2). */
typedef struct exp_split {
    vec t, r;
} exp_split;

/* Without the low part of ln 2: r is off by less than 2e-9 n, in f64 by 3e-17 n. */
VN_INLINE exp_split split_exp_roughly(vec x)
{
    const vec t = v_fma(x, v_set(vn__log2_e), v_magic()), n = t - v_magic();
    return (exp_split){ t, v_fnma(n, v_set(vn__ln2_high), x) };
}

VN_INLINE exp_split split_exp(vec x)
{
    const exp_split s = split_exp_roughly(x);
    return (exp_split){ s.t, v_fnma(s.t - v_magic(), v_set(vn__ln2_low), s.r) };
}

/* e^r and e^r - 1 */
VN_INLINE vec exp_of_rest(vec r)
{
    const vec p = v_horner(vn__exp_terms, VN_EXP_TERMS, r);
    return v_fma(v_fma(p, r, v_set(1)), r, v_set(1));
}

VN_INLINE vec expm1_of_rest(vec r)
{
    return v_fma(r * r, v_horner(vn__exp_terms, VN_EXP_TERMS, r), r);
}

/* Where x e^x is 0 already. NaN stays. */
VN_INLINE vec not_below_zero_exp(vec x)
{
    return v_max(v_set(vn__exp_to_zero), x);
}

VN_INLINE vec v_exp(vec x)
{
    const exp_split s =
        split_exp(v_min(v_set(vn__exp_to_infinity), not_below_zero_exp(x)));
    return v_scale(exp_of_rest(s.r), s.t);
}

/* a e^x and e^x for x <= 0; of a NaN, NaN. */
typedef struct exp_pair {
    vec times, plain;
} exp_pair;

VN_INLINE exp_pair exp_pair_of_split(vec a, exp_split s)
{
    const vec p = exp_of_rest(s.r);
    return (exp_pair){ v_scale_down(a * p, s.t), v_scale_down(p, s.t) };
}

VN_INLINE exp_pair v_exp_down_pair(vec a, vec x)
{
    return exp_pair_of_split(a, split_exp(not_below_zero_exp(x)));
}

VN_INLINE vec v_exp_down(vec x)
{
    return v_exp_down_pair(v_set(1), x).plain;
}

/* 2^n q + (2^n - 1) at half the size, so that 2^n stays below infinity. */
VN_INLINE vec v_expm1(vec x)
{
    const vec lowest = v_set(VN_REAL_BITS == 32 ? -20 : -40);
    const vec above = v_max(lowest, x);
    const exp_split s = split_exp(v_min(v_set(vn__exp_to_infinity), above));
    const vec half = v_power(s.t, -1);
    const vec y = v_fma(half, expm1_of_rest(s.r), half - v_set((real)0.5));
    return v_select(v_lt(v_abs(x), v_set(VN_REAL_BITS == 32 ? 0x1p-30f : (real)0x1p-60)), x,
                    y + y);
}

/* With w = e^|x| - 1: sinh |x| = (w + w / (w + 1)) / 2, cosh x = (w + 1 + 1 / (w + 1)) / 2,
 * both from w / 4, which does not overflow where they do not. */
typedef struct sinh_parts {
    exp_split s;
    vec quarter;
} sinh_parts;

VN_INLINE sinh_parts split_sinh(vec x)
{
    const vec limit = v_set(VN_REAL_BITS == 32 ? 89.5f : (real)710.6);
    const exp_split s = split_exp(v_min(limit, v_abs(x)));
    return (sinh_parts){ s, v_power(s.t, -2) };
}

VN_INLINE vec v_sinh(vec x)
{
    const sinh_parts p = split_sinh(x);
    const vec rest = p.quarter - v_set((real)0.25);
    const vec w = v_fma(p.quarter, expm1_of_rest(p.s.r), rest);
    const vec y = w + w / v_fma(w, v_set(4), v_set(1));
    const vmask small = v_lt(v_abs(x), v_set(VN_REAL_BITS == 32 ? 0x1p-30f : (real)0x1p-60));
    return v_select(small, x, v_copysign(y + y, x));
}

VN_INLINE vec v_cosh(vec x)
{
    const sinh_parts p = split_sinh(x);
    const vec e = p.quarter * exp_of_rest(p.s.r), y = e + v_set((real)0.0625) / e;
    return y + y;
}

/* 2^x = 2^n e^((x - n) ln 2) */
VN_INLINE vec v_exp2(vec x)
{
    const vec lowest = v_set(VN_REAL_BITS == 32 ? -152 : -1080);
    const vec above = v_max(lowest, x);
    const vec y = v_min(v_set(VN_REAL_BITS == 32 ? 129 : 1025), above);
    const vec t = y + v_magic(), f = y - (t - v_magic());
    const vec r = v_fma(f, v_set(vn__ln2_high), f * v_set(vn__ln2_low));
    return v_scale(exp_of_rest(r), t);
}

#endif
