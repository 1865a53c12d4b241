/* SPDX-License-Identifier: MIT
 * bf16 and f16 to float and back, round to nearest even; and the narrowing of a double to a
 * float "to odd", after which a second rounding to fewer bits is correct. */
#ifndef VN_KERNELS_COMMON_HALF_H
#define VN_KERNELS_COMMON_HALF_H

#include <stdint.h>
#include <string.h>

static inline uint32_t vn__bits(float x)
{
    uint32_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static inline float vn__float(uint32_t b)
{
    float x;
    memcpy(&x, &b, sizeof x);
    return x;
}

static inline float vn__from_bf16(uint16_t h)
{
    return vn__float((uint32_t)h << 16);
}

/* Adding half a unit of the kept part, less one when that part is even, rounds by the carry. */
static inline uint16_t vn__to_bf16(float x)
{
    const uint32_t b = vn__bits(x);
    const uint32_t rounded = (b + 0x7fff + ((b >> 16) & 1)) >> 16;
    return (uint16_t)(x != x ? (b >> 16) | 0x40 : rounded);
}

/* Subnormal halves are integers times 2^-24; the rest only changes the exponent's bias. */
static inline float vn__from_f16(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, magnitude = h & 0x7fff;
    const float subnormal = (float)magnitude * 0x1p-24f;
    const uint32_t normal = (magnitude << 13) + (112u << 23);
    const uint32_t special = (magnitude << 13) | 0x7f800000u;
    const uint32_t b = magnitude >= 0x7c00   ? special
                       : magnitude >= 0x0400 ? normal
                                             : vn__bits(subnormal);
    return vn__float(b | sign);
}

/* Below 2^-14 the sum |x| + 1/2 has the unit 2^-24, so the addition rounds to a subnormal
 * half. */
static inline uint16_t vn__to_f16(float x)
{
    const uint32_t b = vn__bits(x), sign = (b >> 16) & 0x8000, a = b & 0x7fffffff;
    const uint32_t subnormal = vn__bits(vn__float(a < 0x38800000 ? a : 0) + 0.5f) - 0x3f000000;
    const uint32_t normal = (a - (112u << 23) + 0xfff + ((a >> 13) & 1)) >> 13;
    const uint32_t h = a > 0x7f800000    ? 0x7e00 | ((a >> 13) & 0x3ff)
                       : a >= 0x477ff000 ? 0x7c00
                       : a >= 0x38800000 ? normal
                                         : subnormal;
    return (uint16_t)(h | sign);
}

/* The nearest float, moved to the neighbour with an odd last bit when it is not exact. */
static inline float vn__round_to_odd(double x)
{
    const float f = (float)x;
    const uint32_t b = vn__bits(f);
    if ((double)f == x || x != x || (b & 1))
        return f;
    const int away = ((double)f < x) == (x > 0);
    return vn__float(away ? b + 1 : b - 1);
}

#endif
