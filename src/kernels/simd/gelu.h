/* SPDX-License-Identifier: MIT
 *
 * x times a distribution function: silu and both forms of gelu. For x < 0 the factor e^v,
 * which falls below the normal range, joins x first; and v is never rounded to one number,
 * because half a unit in v is |v| / 2 units in e^v. So the rest r = v - n ln 2 is made from the
 * factors of v, with n times the high part of ln 2 exact:
 *   gelu_tanh   v = x s,  s = c + d x^2 in two parts,  c = 2 sqrt(2 / pi),  d = 0.044715 c
 *   gelu_exact  v = x (-x / 2)
 * gelu_tanh(x) = x sigmoid(v). gelu_exact(x) = max(x, 0) - |x| e^v R(|x|) with Mills' ratio
 *   R(y) = e^(y^2 / 2) erfc(y / sqrt 2) / 2 = (1/2 + w p(w)) / (y + a),  w = (y - 4) / (y + 4)
 * a makes the numerator 1/2 at w = 0, which costs no rounding, and almost flat at y = 0, where
 * the rounding of w would count. p is minimax for f32 (remez of Sollya), an interpolation at
 * Chebyshev's nodes for f64, within 0.4 units in the last place.
 * */
#ifndef VN_KERNELS_SIMD_GELU_H
#define VN_KERNELS_SIMD_GELU_H

#include "kernels/simd/exp.h"

#if VN_REAL_BITS == 32
static const real vn__short_ln2_high = 0x1.62e4p-1f, vn__short_ln2_low = 0x1.7f7d1cp-20f;
static const real vn__gelu_c_high = 0x1.98844p0f, vn__gelu_c_low = 0x1.33d436p-20f;
static const real vn__gelu_d_high = 0x1.2444f2p-4f, vn__gelu_d_low = 0x1.49b16ap-29f;
static const real vn__gelu_tanh_end = -11, vn__gelu_exact_end = 15; /* 0 from there on */
static const real vn__mills_shift = 0x1.4bc784p0f;
static const real vn__mills_terms[] = {
    -0x1.2d597ep-3f,  0x1.a04a8p-5f,    0x1.e30f88p-8f,   -0x1.79ab3ep-6f,  0x1.fa59bep-7f,
    -0x1.408a56p-8f,  -0x1.c3ee68p-13f, 0x1.58cdf8p-11f,  0x1.001104p-14f,
};
#else
static const real vn__short_ln2_high = 0x1.62e42fefa4p-1;
static const real vn__short_ln2_low = -0x1.8432a1b0e2634p-43;
static const real vn__gelu_c_high = 0x1.9884533d4368p0, vn__gelu_c_low = -0x1.7b9781a61d7fap-47;
static const real vn__gelu_d_high = 0x1.2444f2a4d8b4bp-4;
static const real vn__gelu_d_low = -0x1.6c843a29d1c7p-61;
static const real vn__gelu_tanh_end = -22, vn__gelu_exact_end = 39.5;
static const real vn__mills_shift = 0x1.4bc784f0eb714p0;
static const real vn__mills_terms[] = {
    -0x1.2d598b381cfc2p-3,  0x1.a04c1726600a2p-5,   0x1.e343a44f82ac9p-8,
    -0x1.79d6ba2244d89p-6,  0x1.f95bd78179c8bp-7,   -0x1.3dfd4ad0d7c7bp-8,
    -0x1.94dbc597bd4d1p-14, 0x1.4f46a22d2821dp-11,  -0x1.c4a0ef4b2b592p-14,
    -0x1.4ce9abe8f5587p-14, 0x1.7b842187b7d78p-16,  0x1.9e737e9b763e5p-17,
    -0x1.ed91f908a0964p-19, -0x1.43e631e1a9c93p-19, 0x1.f38650159e695p-22,
    0x1.15982c25979efp-21,  -0x1.0062e8ba726a6p-26, -0x1.ae43a25da6b7dp-24,
    -0x1.eb008d7e288ep-27,  0x1.ad701635b7683p-27,  0x1.ef576969edd75p-29,
    -0x1.4a9eabf60fc35p-33,
};
#endif
enum { VN_MILLS_TERMS = sizeof vn__mills_terms / sizeof *vn__mills_terms };

/* x / (1 + z.plain), x < 0: z.times / (1 + z.plain), of z = (x, 1) e^-|v| */
VN_INLINE vec gate(vec x, exp_pair z)
{
    return v_select(v_lt(x, v_set(0)), z.times, x) / (v_set(1) + z.plain);
}

VN_INLINE vec v_silu(vec x)
{
    const vec finite = not_below_zero_exp(x);
    return gate(finite, v_exp_down_pair(finite, v_neg(v_abs(finite))));
}

/* Splits x y <= 0 with an error of half a unit in r alone. */
VN_INLINE exp_split split_exp_product(vec x, vec y)
{
    const vec t = v_fma(x * y, v_set(vn__log2_e), v_magic()), minus_n = v_magic() - t;
    const vec high = v_fma(x, y, minus_n * v_set(vn__short_ln2_high));
    return (exp_split){ t, v_fma(minus_n, v_set(vn__short_ln2_low), high) };
}

/* c has so few bits that c - s is exact. */
VN_INLINE vec v_gelu_tanh(vec x)
{
    const vec c = v_set(vn__gelu_c_high), d = v_set(vn__gelu_d_high);
    const vec y = v_max(v_set(vn__gelu_tanh_end), v_neg(v_abs(x))), yy = y * y;
    const vec yy_low = v_fma(y, y, v_neg(yy)), s = v_fma(d, yy, c);
    const vec constants = v_fma(v_set(vn__gelu_d_low), yy, v_set(vn__gelu_c_low));
    const vec s_low = v_fma(d, yy, c - s) + v_fma(d, yy_low, constants);
    const exp_split v = split_exp_product(y, s);
    return gate(x, exp_pair_of_split(y, (exp_split){ v.t, v_fma(y, s_low, v.r) }));
}

/* a R(y) */
VN_INLINE vec times_mills_ratio(vec a, vec y)
{
    const vec w = v_fma(v_set(-8), v_set(1) / (y + v_set(4)), v_set(1));
    const vec terms = v_horner(vn__mills_terms, VN_MILLS_TERMS, w);
    return v_fma(a * w, terms, v_set((real)0.5) * a) / (y + v_set(vn__mills_shift));
}

VN_INLINE vec mills_ratio(vec y)
{
    return times_mills_ratio(v_set(1), y);
}

VN_INLINE vec v_gelu_exact(vec x)
{
    const vec y = v_min(v_set(vn__gelu_exact_end), v_abs(x));
    const exp_split v = split_exp_product(y, y * v_set((real)-0.5));
    const vec times = times_mills_ratio(y, y);
    const vec tail = v_fma(times, expm1_of_rest(v.r), times);
    return v_max(v_set(0), x) - v_scale_down(tail, v.t);
}

#endif
