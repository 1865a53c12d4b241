/* SPDX-License-Identifier: MIT
 *
 * Vectors of the floating type that a source is compiled for.
 *
 * vec holds VN_LANES reals, ivec and uvec integers of the same width. Both compilers know
 * arithmetic, bit operations and shifts on them as operators; casting one to another keeps the
 * bits. This header adds what has no operator; avx2.h, avx512.h and generic.h (any machine)
 * define it:
 *
 *   v_fma(a, b, c)     a b + c rounded once      v_fnma(a, b, c)   c - a b rounded once
 *   v_keep(x)          x in a register: GCC would read memory again at each use
 *   v_max, v_min       of two numbers: the second where unordered
 *   v_sqrt, v_floor, v_ceil, v_trunc, v_round (halves to even)
 *   v_scale(x, t)      x 2^n with t = n + v_magic() = n + 1.5 2^FRACTION, rounded once, for
 *                      x in about [1/2, 2] and any result, 0 and infinity included
 *   v_scale_down(x, t) the same for n <= 0 and |x| below 2^60
 *   v_lt v_le v_eq v_unordered -> vmask;  m_and m_or m_not m_any;  v_select(m, yes, no)
 *   part_of(n)         the first n lanes, 0 <= n <= VN_LANES
 *   v_load_part, v_store_part: those lanes only; the others read as 0
 *   v_load_part_or(p, n, others): as those of `others`
 * */
#ifndef VN_KERNELS_SIMD_SIMD_H
#define VN_KERNELS_SIMD_SIMD_H

#include "kernels/real.h"

#include <math.h>
#include <string.h>

#if VN_REAL_BITS == 32
typedef int32_t integer;
typedef uint32_t natural;
enum { VN_FRACTION = 23, VN_BIAS = 127 };
#else
typedef int64_t integer;
typedef uint64_t natural;
enum { VN_FRACTION = 52, VN_BIAS = 1023 };
#endif

typedef real vec __attribute__((vector_size(VN_VECTOR_BYTES)));
typedef integer ivec __attribute__((vector_size(VN_VECTOR_BYTES)));
typedef natural uvec __attribute__((vector_size(VN_VECTOR_BYTES)));
typedef real loose_vec
    __attribute__((vector_size(VN_VECTOR_BYTES), aligned(sizeof(real)), may_alias));

enum { VN_LANES = VN_VECTOR_BYTES / sizeof(real) };

#define VN_INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define VN_UNROLL _Pragma("clang loop unroll(full)")
#define VN_UNROLL_BY_4 _Pragma("clang loop unroll_count(4)")
#else
#define VN_UNROLL _Pragma("GCC unroll 32")
#define VN_UNROLL_BY_4 _Pragma("GCC unroll 4")
#endif

/* x as if nobody knew where it comes from. */
#define VN_APART(x) __asm__("" : "+r"(x))

VN_INLINE vec v_load(const real *p) { return *(const loose_vec *)p; }
VN_INLINE void v_store(real *p, vec v) { *(loose_vec *)p = v; }
VN_INLINE vec v_set(real x) { return x - (vec){ 0 }; } /* x - 0 is x, signed zeros included */
VN_INLINE ivec i_set(integer x) { return x + (ivec){ 0 }; }
VN_INLINE uvec u_set(natural x) { return x + (uvec){ 0 }; }

/* Added to a number below 2^(FRACTION - 1), 1.5 2^FRACTION leaves the nearest integer in the
 * low bits, in two's complement. */
VN_INLINE vec v_magic(void)
{
    return v_set((real)1.5 * (real)((natural)1 << VN_FRACTION));
}

/* 2^(n + more) for t = n + v_magic(), in the normal range. */
VN_INLINE vec v_power(vec t, int more)
{
    const uvec bias = u_set((natural)(VN_BIAS + more) << VN_FRACTION);
    return (vec)(((uvec)t << VN_FRACTION) + bias);
}

#if defined(__AVX512F__) && VN_VECTOR_BYTES == 64
#include "kernels/simd/avx512.h"
#elif defined(__AVX2__) && VN_VECTOR_BYTES == 32
#include "kernels/simd/avx2.h"
#else
#include "kernels/simd/generic.h"
#endif

/* ---- from here on the same for all */

VN_INLINE vmask v_gt(vec a, vec b) { return v_lt(b, a); }
VN_INLINE vmask v_ge(vec a, vec b) { return v_le(b, a); }
VN_INLINE vmask v_is_nan(vec a) { return v_unordered(a, a); }

VN_INLINE uvec sign_bit(void) { return u_set((natural)1 << (VN_REAL_BITS - 1)); }
VN_INLINE vec v_abs(vec x) { return (vec)((uvec)x & ~sign_bit()); }
VN_INLINE vec v_sign_of(vec x) { return (vec)((uvec)x & sign_bit()); }
VN_INLINE vec v_with_sign(vec x, vec sign) { return (vec)((uvec)x ^ (uvec)sign); }
VN_INLINE vec v_neg(vec x) { return (vec)((uvec)x ^ sign_bit()); }
VN_INLINE vec v_copysign(vec x, vec sign)
{
    return (vec)((uvec)v_abs(x) | (uvec)v_sign_of(sign));
}

/* c[0] + c[1] x + ... + c[terms - 1] x^(terms - 1) by Horner's rule; terms is a constant. */
VN_INLINE vec v_horner(const real *c, int terms, vec x)
{
    vec p = v_set(c[terms - 1]);
    VN_UNROLL
    for (int i = terms - 2; i >= 0; i--)
        p = v_fma(p, x, v_set(c[i]));
    return p;
}

/* Lane i takes lane i ^ distance, for distances below VN_LANES. */
#define VN_SHUFFLE(v, ...) __builtin_shufflevector(v, v, __VA_ARGS__)
VN_INLINE vec v_exchange(vec v, int distance)
{
#if VN_VECTOR_BYTES * 8 / VN_REAL_BITS == 16
    if (distance == 8)
        return VN_SHUFFLE(v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    return distance == 4   ? VN_SHUFFLE(v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11)
           : distance == 2 ? VN_SHUFFLE(v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)
                           : VN_SHUFFLE(v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15,
                                        14);
#elif VN_VECTOR_BYTES * 8 / VN_REAL_BITS == 8
    return distance == 4   ? VN_SHUFFLE(v, 4, 5, 6, 7, 0, 1, 2, 3)
           : distance == 2 ? VN_SHUFFLE(v, 2, 3, 0, 1, 6, 7, 4, 5)
                           : VN_SHUFFLE(v, 1, 0, 3, 2, 5, 4, 7, 6);
#else
    return distance == 2 ? VN_SHUFFLE(v, 2, 3, 0, 1) : VN_SHUFFLE(v, 1, 0, 3, 2);
#endif
}

/* All lanes folded by f, in the order of a tree; every lane holds the result. */
VN_INLINE vec v_fold(vec v, vec (*f)(vec, vec))
{
    VN_UNROLL
    for (int distance = VN_LANES / 2; distance > 0; distance /= 2)
        v = f(v, v_exchange(v, distance));
    return v;
}

VN_INLINE vec v_add(vec a, vec b) { return a + b; }
VN_INLINE real v_sum(vec v) { return v_fold(v, v_add)[0]; }

#endif
