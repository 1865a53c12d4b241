/* SPDX-License-Identifier: MIT
 * simd.h for AVX-512: 16 floats or 8 doubles; masks are mask registers. */
#include <immintrin.h>

#if VN_REAL_BITS == 32
#define MM(name) _mm512_##name##_ps
#define MM_MASK(name) _mm512_##name##_ps_mask
typedef __mmask16 vmask;
#else
#define MM(name) _mm512_##name##_pd
#define MM_MASK(name) _mm512_##name##_pd_mask
typedef __mmask8 vmask;
#endif
typedef vmask part;

VN_INLINE vec v_keep(vec x)
{
    __asm__("" : "+v"(x));
    return x;
}

VN_INLINE vec v_fma(vec a, vec b, vec c) { return MM(fmadd)(a, b, c); }
VN_INLINE vec v_fnma(vec a, vec b, vec c) { return MM(fnmadd)(a, b, c); }
VN_INLINE vec v_max(vec a, vec b) { return MM(max)(a, b); }
VN_INLINE vec v_min(vec a, vec b) { return MM(min)(a, b); }
VN_INLINE vec v_sqrt(vec x) { return MM(sqrt)(x); }
VN_INLINE vec v_floor(vec x)
{
    return MM(roundscale)(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
VN_INLINE vec v_ceil(vec x)
{
    return MM(roundscale)(x, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
}
VN_INLINE vec v_trunc(vec x)
{
    return MM(roundscale)(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}
VN_INLINE vec v_round(vec x)
{
    return MM(roundscale)(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
VN_INLINE vec v_scale(vec x, vec t) { return MM(scalef)(x, t - v_magic()); }
VN_INLINE vec v_scale_down(vec x, vec t) { return v_scale(x, t); }

/* Zero and infinity have the exponents -inf and inf, numbers below zero the fraction NaN. */
VN_INLINE vec v_split_log(vec x, vec *m)
{
    *m = MM(getmant)(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    return MM(getexp)(x) - MM(getexp)(*m);
}
VN_INLINE vec v_log_special(vec x, vec y) { return (void)x, y; }

VN_INLINE vmask v_lt(vec a, vec b) { return MM_MASK(cmp)(a, b, _CMP_LT_OQ); }
VN_INLINE vmask v_le(vec a, vec b) { return MM_MASK(cmp)(a, b, _CMP_LE_OQ); }
VN_INLINE vmask v_eq(vec a, vec b) { return MM_MASK(cmp)(a, b, _CMP_EQ_OQ); }
VN_INLINE vmask v_unordered(vec a, vec b) { return MM_MASK(cmp)(a, b, _CMP_UNORD_Q); }
VN_INLINE vmask m_and(vmask a, vmask b) { return (vmask)(a & b); }
VN_INLINE vmask m_or(vmask a, vmask b) { return (vmask)(a | b); }
VN_INLINE vmask m_not(vmask a) { return (vmask)~a; }
VN_INLINE bool m_any(vmask m) { return m != 0; }
VN_INLINE vec v_select(vmask m, vec yes, vec no) { return MM(mask_blend)(m, no, yes); }

VN_INLINE part part_of(int64_t n) { return (part)((1u << n) - 1); }
VN_INLINE vec v_load_part(const real *p, part n) { return MM(maskz_loadu)(n, p); }
VN_INLINE vec v_load_part_or(const real *p, part n, vec others)
{
    return MM(mask_loadu)(others, n, p);
}
VN_INLINE void v_store_part(real *p, vec v, part n) { MM(mask_storeu)(p, n, v); }
#undef MM
#undef MM_MASK
