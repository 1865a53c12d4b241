/* SPDX-License-Identifier: MIT
 * The functions of the unary rows in long double, for numbers of a type with fewer digits:
 * EXACT(name, formula in x). Forms are chosen so that nothing cancels. */
#ifndef VN_TESTS_KERNELS_EXACT_H
#define VN_TESTS_KERNELS_EXACT_H

#include <math.h>

/* x e^v / (1 + e^v) for v = v + dv */
static inline long double exact_gate(long double x, long double v, long double dv)
{
    if (v > 0)
        return x / (1 + expl(-v));
    const long double half = expl(v / 2);
    return x * half * half * (1 + dv) / (1 + expl(v));
}

/* With v = x (c + d x^2), whose rounding matters: c and d in two parts. */
static inline long double exact_gelu_tanh(long double x)
{
    const long double c = 0x1.9884533d436508dp0L, c_low = 0x1.f9678a017571cp-65L;
    const long double d = 0x1.2444f2a4d8b4af4ap-4L, d_low = -0x1.087453a38e0f3p-70L;
    if (!(fabsl(x) < 1e4L))
        return x > 0 || x != x ? x : 0;
    const long double xx = x * x, xx_low = fmal(x, x, -xx);
    const long double p = d * xx, p_low = fmal(d, xx, -p) + d_low * xx + d * xx_low;
    const long double s = c + p, back = s - c;
    const long double s_low = (c - (s - back)) + (p - back) + p_low + c_low, v = x * s;
    return exact_gate(x, v, fmal(x, s, -v) + x * s_low);
}

/* x erfc(-x / sqrt 2) / 2, corrected for the rounding of the argument. */
static inline long double exact_gelu_exact(long double x)
{
    const long double r = 0x1.6a09e667f3bcc908p-1L, r_low = 0x1.65f626cdd52afa7cp-66L;
    const long double t = -x * r, dt = fmal(-x, r, -t) - x * r_low;
    if (x < -50)
        return 0;
    const long double slope = t > 0 ? 0x1.20dd750429b6d11ap0L * expl(-t * t) * dt : 0;
    return x / 2 * (erfcl(t) - slope);
}

static inline long double exact_softplus(long double x)
{
    return (x > 0 || x != x ? x : 0) + log1pl(expl(-fabsl(x)));
}

#endif
