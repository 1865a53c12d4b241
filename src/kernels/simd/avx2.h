/* SPDX-License-Identifier: MIT
 * simd.h for AVX2 and FMA: 8 floats or 4 doubles; a vmask is an ivec of 0 and -1. */
#include <immintrin.h>

typedef ivec vmask;
typedef struct part {
    __m256i mask;
    int64_t count;
} part;

#if VN_REAL_BITS == 32
#define MM(name) _mm256_##name##_ps
#else
#define MM(name) _mm256_##name##_pd
#endif

VN_INLINE vec v_keep(vec x)
{
    __asm__("" : "+x"(x));
    return x;
}

VN_INLINE vec v_fma(vec a, vec b, vec c) { return MM(fmadd)(a, b, c); }
VN_INLINE vec v_fnma(vec a, vec b, vec c) { return MM(fnmadd)(a, b, c); }
VN_INLINE vec v_max(vec a, vec b) { return MM(max)(a, b); }
VN_INLINE vec v_min(vec a, vec b) { return MM(min)(a, b); }
VN_INLINE vec v_sqrt(vec x) { return MM(sqrt)(x); }
VN_INLINE vec v_floor(vec x) { return MM(floor)(x); }
VN_INLINE vec v_ceil(vec x) { return MM(ceil)(x); }
VN_INLINE vec v_trunc(vec x) { return MM(round)(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
VN_INLINE vec v_round(vec x)
{
    return MM(round)(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

VN_INLINE vmask v_lt(vec a, vec b) { return a < b; }
VN_INLINE vmask v_le(vec a, vec b) { return a <= b; }
VN_INLINE vmask v_eq(vec a, vec b) { return a == b; }
VN_INLINE vmask v_unordered(vec a, vec b) { return (vmask)MM(cmp)(a, b, _CMP_UNORD_Q); }
VN_INLINE vmask m_and(vmask a, vmask b) { return a & b; }
VN_INLINE vmask m_or(vmask a, vmask b) { return a | b; }
VN_INLINE vmask m_not(vmask a) { return ~a; }
VN_INLINE bool m_any(vmask m) { return MM(movemask)((vec)m) != 0; }
VN_INLINE vec v_select(vmask m, vec yes, vec no) { return MM(blendv)(no, yes, (vec)m); }

#include "kernels/simd/exponent.h"

/* Lane i is in the first n if i < n: the lanes' numbers compared with n. */
VN_INLINE part part_of(int64_t n)
{
#if VN_REAL_BITS == 32
    const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n),
                                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
#else
    const __m256i mask =
        _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
#endif
    return (part){ mask, n };
}

VN_INLINE vec v_load_part(const real *p, part n) { return MM(maskload)(p, n.mask); }
VN_INLINE vec v_load_part_or(const real *p, part n, vec others)
{
    return MM(blendv)(others, MM(maskload)(p, n.mask), (vec)n.mask);
}

/* In halves: a masked store takes some processors longer than all of these, and a number of
 * lanes that does not change costs no wrong guess. */
VN_INLINE void v_store_part(real *p, vec v, part n)
{
    enum { HALF = VN_LANES / 2 };
    typedef real half __attribute__((vector_size(16)));
    typedef real loose_half __attribute__((vector_size(16), aligned(sizeof(real)), may_alias));
    half rest = (half)MM(extractf128)(v, 0);
    if (n.count & VN_LANES)
        v_store(p, v);
    if (n.count & HALF) {
        *(loose_half *)p = rest;
        rest = (half)MM(extractf128)(v, 1);
        p += HALF;
    }
#if VN_REAL_BITS == 32
    if (n.count & 2) {
        _mm_storel_pi((__m64 *)(void *)p, rest);
        rest = _mm_movehl_ps(rest, rest);
        p += 2;
    }
#endif
    if (n.count & 1)
        *p = rest[0];
}
#undef MM
