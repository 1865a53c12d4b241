/* SPDX-License-Identifier: MIT */
/* bf16 and f16: storage formats. Conversions round to the nearest, ties to even; NaN stays
 * NaN. */
#ifndef VN_CORE_BASE_HALF_H
#define VN_CORE_BASE_HALF_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t vn__f32_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float vn__f32_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline float vn__bf16_to_f32(uint16_t h) { return vn__f32_of_bits((uint32_t)h << 16); }

static inline uint16_t vn__f32_to_bf16(float x)
{
    const uint32_t bits = vn__f32_bits(x);
    if (x != x)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* A subnormal is m 2^-24 with m < 1024. */
static inline float vn__f16_to_f32(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, m = h & 1023;
    if (exponent == 0) {
        const float tiny = (float)m * 0x1p-24f;
        return sign ? -tiny : tiny;
    }
    return vn__f32_of_bits(sign | (exponent == 31 ? 255u : exponent + 112) << 23 | m << 13);
}

/* Below 2^-14 the result is a multiple of 2^-24: adding 0.5 makes the unit round to it, for the
 * last bit of a float in [0.5, 1) is 2^-24. */
static inline uint16_t vn__f32_to_f16(float x)
{
    const uint32_t bits = vn__f32_bits(x), sign = bits >> 16 & 0x8000, a = bits & 0x7fffffff;
    if (a > 0x7f800000)
        return (uint16_t)(sign | 0x7e00 | (a >> 13 & 0x3ff));
    if (a >= 0x477ff000) /* 65520 and above round to infinity */
        return (uint16_t)(sign | 0x7c00);
    if (a < 0x38800000)
        return (uint16_t)(sign | (vn__f32_bits(vn__f32_of_bits(a) + 0.5f) - 0x3f000000));
    return (uint16_t)(sign | (a - 0x38000000 + 0xfff + (a >> 13 & 1)) >> 13);
}

/* Rounds to the neighbour with an odd last bit unless exact: rounding that again to fewer bits
 * gives what rounding the double would have given (Boldo and Melquiond 2008). */
static inline float vn__f64_to_f32_odd(double x)
{
    const float f = (float)x;
    const uint32_t bits = vn__f32_bits(f);
    if (x != x || isinf(x) || (double)f == x || bits & 1)
        return f;
    return vn__f32_of_bits(fabs((double)f) < fabs(x) ? bits + 1 : bits - 1);
}

#endif
