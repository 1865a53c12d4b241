/* SPDX-License-Identifier: MIT
 *
 * Logarithms of vectors. x = 2^e m with 3/4 <= m < 3/2, f = m - 1:
 *   ln x = e ln 2 + l(f),  l(f) = ln(1 + f)
 *   f32: l = f - f^2 / 2 + f^3 p(f)
 *   f64: l = f - (f^2 / 2 - s (f^2 / 2 + s^2 q(s^2))),  s = f / (2 + f)
 * the second from ln(1 + f) = 2 s + s^3 q(s^2), where 2 s = f - s f is taken apart so that f
 * enters unrounded (FDLIBM's e_log.c). The polynomials are minimax in the relative error
 * (fpminimax of Sollya). ln 2 is rounded down, so that both parts times an infinite e agree.
 * */
#ifndef VN_KERNELS_SIMD_LOG_H
#define VN_KERNELS_SIMD_LOG_H

#include "kernels/simd/simd.h"

#if VN_REAL_BITS == 32
static const real vn__log_2_high = 0x1.62e42ep-1f, vn__log_2_low = 0x1.efa39ep-25f;
static const real vn__log10_2_high = 0x1.344134p-2f, vn__log10_2_low = 0x1.09f7ap-26f;
static const real vn__log_terms[] = { 0x1.5555a4p-2f,  -0x1.000042p-2f, 0x1.996966p-3f,
                                      -0x1.54ef16p-3f, 0x1.2886b8p-3f,  -0x1.0d93f4p-3f,
                                      0x1.aca08ep-4f,  -0x1.713e36p-5f };
#else
static const real vn__log_2_high = 0x1.62e42fefa39efp-1, vn__log_2_low = 0x1.abc9e3b39803fp-56;
static const real vn__log10_2_high = 0x1.34413509f79fep-2;
static const real vn__log10_2_low = 0x1.e623e2566b02ep-55;
static const real vn__log_terms[] = {
    0x1.555555555554fp-1, 0x1.999999999c146p-2, 0x1.24924921e8dffp-2, 0x1.c71c748ae5ad1p-3,
    0x1.745c4c1d1f448p-3, 0x1.3b359520dd5d9p-3, 0x1.0dce931e01ff5p-3, 0x1.1b6cbc1c6e264p-3,
};
#endif
enum { VN_LOG_TERMS = sizeof vn__log_terms / sizeof *vn__log_terms };

/* ln(1 + f), -1/4 <= f < 1/2 */
VN_INLINE vec log_near_one(vec f)
{
#if VN_REAL_BITS == 32
    const vec square = f * f;
    const vec tail = v_horner(vn__log_terms, VN_LOG_TERMS, f) * (f * square);
    return f + v_fma(v_set((real)-0.5), square, tail);
#else
    const vec s = f / (f + v_set(2)), z = s * s, half = v_set((real)0.5) * f * f;
    const vec r = v_fma(z, v_horner(vn__log_terms, VN_LOG_TERMS, z), half);
    return f - v_fnma(s, r, half);
#endif
}

/* e a + b for a in two parts. */
VN_INLINE vec add_multiple(vec e, real high, real low, vec b)
{
    return v_fma(e, v_set(high), v_fma(e, v_set(low), b));
}

VN_INLINE vec v_log(vec x)
{
    vec m;
    const vec e = v_split_log(x, &m);
    const vec l = log_near_one(m - v_set(1));
    return v_log_special(x, add_multiple(e, vn__log_2_high, vn__log_2_low, l));
}

VN_INLINE vec v_log2(vec x)
{
    vec m;
    const vec e = v_split_log(x, &m);
    const vec l = log_near_one(m - v_set(1));
    return v_log_special(x, v_fma(l, v_set((real)0x1.71547652b82fep0), e));
}

VN_INLINE vec v_log10(vec x)
{
    vec m;
    const vec e = v_split_log(x, &m);
    const vec l = log_near_one(m - v_set(1)) * v_set((real)0x1.bcb7b1526e50ep-2);
    return v_log_special(x, add_multiple(e, vn__log10_2_high, vn__log10_2_low, l));
}

/* ln(u) + d / u with u + d = 1 + x exactly, u rounded. Of 0 and -1 the sum would lose the sign
 * and the infinity. */
VN_INLINE vec v_log1p(vec x)
{
    const vec one = v_set(1), u = one + x;
    const vec d = v_select(v_lt(v_abs(x), one), x - (u - one), one - (u - x));
    const vec y = v_log(u);
    const vmask plain = m_and(v_gt(u, v_set(0)), v_lt(u, v_set((real)INFINITY)));
    const vec sum = v_select(plain, y + d / u, y);
    return v_select(v_eq(x, v_set(0)), x, sum);
}

#endif
