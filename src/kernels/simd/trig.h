/* SPDX-License-Identifier: MIT
 *
 * Sine, cosine and tangent of vectors. With x = h pi + r, |r| <= pi / 2:
 *   sin |x| = (-1)^h sin r,              h an integer
 *   cos x = (-1)^(h + 1/2) sin r,        h an integer and a half
 *   sin r = r + r^3 p(r^2)
 * pi is subtracted in three parts by fused multiply-adds: the first difference is exact, the
 * others round relative to what is left. Arguments too large for that are rare: the C library
 * does those lanes. p is minimax in the relative error of sin r (fpminimax of Sollya).
 * */
#ifndef VN_KERNELS_SIMD_TRIG_H
#define VN_KERNELS_SIMD_TRIG_H

#include "kernels/simd/simd.h"

#if VN_REAL_BITS == 32
static const real vn__pi_parts[] = { 0x1.921fb6p1f, -0x1.777a5cp-24f, -0x1.ee59dap-49f };
static const real vn__trig_far = 0x1p17f;
static const real vn__sin_terms[] = { -0x1.55554ap-3f, 0x1.110e92p-7f, -0x1.9f64acp-13f,
                                      0x1.5d22dp-19f };
#else
static const real vn__pi_parts[] = { 0x1.921fb54442d18p1, 0x1.1a62633145c07p-53,
                                     -0x1.f1976b7ed8fbcp-109 };
static const real vn__trig_far = 0x1p30;
static const real vn__sin_terms[] = {
    -0x1.5555555555555p-3,  0x1.11111111110c5p-7,   -0x1.a01a01a01490dp-13,
    0x1.71de3a527ab64p-19,  -0x1.ae6454c05b2a5p-26, 0x1.6123c771958e8p-33,
    -0x1.ae41f39fc208fp-41, 0x1.8805f08f73171p-49,
};
#endif
enum { VN_SIN_TERMS = sizeof vn__sin_terms / sizeof *vn__sin_terms };

/* sin(x - h pi), the sign turned if t, an integer + v_magic(), is odd. */
VN_INLINE vec sin_of_rest(vec x, vec h, vec t)
{
    vec r = v_fnma(h, v_set(vn__pi_parts[0]), x);
    r = v_fnma(h, v_set(vn__pi_parts[1]), r);
    r = v_fnma(h, v_set(vn__pi_parts[2]), r);
    const vec z = r * r;
    const vec y = v_fma(r * z, v_horner(vn__sin_terms, VN_SIN_TERMS, z), r);
    return v_with_sign(y, (vec)((uvec)t << (VN_REAL_BITS - 1)));
}

/* The lanes of y for which x is far from 0, by f. */
static __attribute__((noinline)) vec far_lanes(vec y, vec x, real (*f)(real))
{
    for (int i = 0; i < VN_LANES; i++)
        if (VN_M(fabs)(x[i]) > vn__trig_far)
            y[i] = f(x[i]);
    return y;
}

static inline real far_sin(real x) { return (real)sin((double)x); }
static inline real far_cos(real x) { return (real)cos((double)x); }
static inline real far_tan(real x) { return (real)tan((double)x); }

VN_INLINE bool any_far(vec x)
{
    return __builtin_expect(m_any(v_gt(v_abs(x), v_set(vn__trig_far))), 0);
}

/* x >= 0 */
VN_INLINE vec near_sin(vec x)
{
    const vec t = v_fma(x, v_set((real)0x1.45f306dc9c883p-2), v_magic());
    return sin_of_rest(x, t - v_magic(), t);
}

/* t holds h + 1/2. */
VN_INLINE vec near_cos(vec x)
{
    const vec half = v_set((real)0.5);
    const vec t = v_fma(x, v_set((real)0x1.45f306dc9c883p-2), half) + v_magic();
    return sin_of_rest(x, t - v_magic() - half, t);
}

VN_INLINE vec v_sin(vec x)
{
    const vec y = v_with_sign(near_sin(v_abs(x)), v_sign_of(x));
    return any_far(x) ? far_lanes(y, x, far_sin) : y;
}

VN_INLINE vec v_cos(vec x)
{
    const vec y = near_cos(x);
    return any_far(x) ? far_lanes(y, x, far_cos) : y;
}

VN_INLINE vec v_tan(vec x)
{
    const vec a = v_abs(x), y = v_with_sign(near_sin(a) / near_cos(a), v_sign_of(x));
    return any_far(x) ? far_lanes(y, x, far_tan) : y;
}

#endif
