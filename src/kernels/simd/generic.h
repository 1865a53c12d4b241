/* SPDX-License-Identifier: MIT
 * simd.h for any machine: a vmask is an ivec of 0 and -1, what has no operator goes lane by
 * lane. */

typedef ivec vmask;
typedef int part;

VN_INLINE vec v_keep(vec x) { return x; }
VN_INLINE vec v_fma(vec a, vec b, vec c)
{
    vec r;
    for (int i = 0; i < VN_LANES; i++)
        r[i] = VN_M(__builtin_fma)(a[i], b[i], c[i]);
    return r;
}

VN_INLINE vec v_fnma(vec a, vec b, vec c) { return v_fma(-a, b, c); }

VN_INLINE vmask v_lt(vec a, vec b) { return a < b; }
VN_INLINE vmask v_le(vec a, vec b) { return a <= b; }
VN_INLINE vmask v_eq(vec a, vec b) { return a == b; }
VN_INLINE vmask v_unordered(vec a, vec b) { return (a != a) | (b != b); }
VN_INLINE vmask m_and(vmask a, vmask b) { return a & b; }
VN_INLINE vmask m_or(vmask a, vmask b) { return a | b; }
VN_INLINE vmask m_not(vmask a) { return ~a; }
VN_INLINE vec v_select(vmask m, vec yes, vec no)
{
    return (vec)((m & (ivec)yes) | (~m & (ivec)no));
}

VN_INLINE bool m_any(vmask m)
{
    integer any = 0;
    for (int i = 0; i < VN_LANES; i++)
        any |= m[i];
    return any != 0;
}

VN_INLINE vec v_max(vec a, vec b) { return v_select(a > b, a, b); }
VN_INLINE vec v_min(vec a, vec b) { return v_select(a < b, a, b); }

VN_INLINE vec v_each(vec x, real (*f)(real))
{
    for (int i = 0; i < VN_LANES; i++)
        x[i] = f(x[i]);
    return x;
}

static inline real each_sqrt(real x) { return VN_M(sqrt)(x); }
static inline real each_floor(real x) { return VN_M(floor)(x); }
static inline real each_ceil(real x) { return VN_M(ceil)(x); }
static inline real each_trunc(real x) { return VN_M(trunc)(x); }
static inline real each_round(real x) { return VN_M(nearbyint)(x); }
VN_INLINE vec v_sqrt(vec x) { return v_each(x, each_sqrt); }
VN_INLINE vec v_floor(vec x) { return v_each(x, each_floor); }
VN_INLINE vec v_ceil(vec x) { return v_each(x, each_ceil); }
VN_INLINE vec v_trunc(vec x) { return v_each(x, each_trunc); }
VN_INLINE vec v_round(vec x) { return v_each(x, each_round); }

#include "kernels/simd/exponent.h"

VN_INLINE part part_of(int64_t n) { return (part)n; }

VN_INLINE vec v_load_part(const real *p, part n)
{
    vec v = { 0 };
    for (int i = 0; i < n; i++)
        v[i] = p[i];
    return v;
}

VN_INLINE vec v_load_part_or(const real *p, part n, vec others)
{
    for (int i = 0; i < n; i++)
        others[i] = p[i];
    return others;
}

VN_INLINE void v_store_part(real *p, vec v, part n)
{
    for (int i = 0; i < n; i++)
        p[i] = v[i];
}
