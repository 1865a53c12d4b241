/* SPDX-License-Identifier: MIT
 * See support.h. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

enum { BORDER = 256, PATTERN = 0x5a };

void for_each_row(void (*test)(const vn__kernels *))
{
    int tested = 0;
    for (int i = 0; i < vn__kernels_count(); i++)
        if (vn__kernels_supported(i)) {
            test(vn__kernels_row(i));
            tested++;
        }
    cr_assert(tested >= 2, "portable and vec512 run on every machine");
}

const vn__kernels *row_named(const char *name)
{
    for (int i = 0; i < vn__kernels_count(); i++)
        if (strcmp(vn__kernels_row(i)->name, name) == 0)
            return vn__kernels_row(i);
    return NULL;
}

buffer acquire(int dtype, int64_t n, int64_t offset)
{
    const int64_t size = vn__kdtype_size(dtype);
    buffer b = { .bytes = n * size, .dtype = dtype };
    b.total = (2 * BORDER + (n + offset) * size + 63) / 64 * 64;
    b.block = aligned_alloc(64, (size_t)b.total);
    cr_assert(b.block != NULL);
    memset(b.block, PATTERN, (size_t)b.total);
    b.data = b.block + BORDER + offset * size;
    return b;
}

void release(buffer *b)
{
    char *begin = b->data, *end = begin + b->bytes;
    for (char *p = b->block; p < b->block + b->total; p++)
        if ((p < begin || p >= end) && *p != PATTERN)
            cr_assert(false, "a kernel wrote %td bytes outside its output",
                           p < begin ? begin - p : p - end + 1);
    free(b->block);
}

long double get(int dtype, const void *data, int64_t i)
{
    switch (dtype) {
    case VN__F32: return ((const float *)data)[i];
    case VN__F64: return ((const double *)data)[i];
    case VN__I8: return ((const int8_t *)data)[i];
    case VN__I16: return ((const int16_t *)data)[i];
    case VN__I32: return ((const int32_t *)data)[i];
    case VN__I64: return (long double)((const int64_t *)data)[i];
    case VN__U8:
    case VN__BOOL: return ((const uint8_t *)data)[i];
    case VN__U16: return ((const uint16_t *)data)[i];
    case VN__U32: return ((const uint32_t *)data)[i];
    default: return (long double)((const uint64_t *)data)[i];
    }
}

void set(int dtype, void *data, int64_t i, long double value)
{
    switch (dtype) {
    case VN__F32: ((float *)data)[i] = (float)value; break;
    case VN__F64: ((double *)data)[i] = (double)value; break;
    case VN__I8: ((int8_t *)data)[i] = (int8_t)value; break;
    case VN__I16: ((int16_t *)data)[i] = (int16_t)value; break;
    case VN__I32: ((int32_t *)data)[i] = (int32_t)value; break;
    case VN__I64: ((int64_t *)data)[i] = (int64_t)value; break;
    case VN__U8:
    case VN__BOOL: ((uint8_t *)data)[i] = (uint8_t)value; break;
    case VN__U16: ((uint16_t *)data)[i] = (uint16_t)value; break;
    case VN__U32: ((uint32_t *)data)[i] = (uint32_t)value; break;
    default: ((uint64_t *)data)[i] = (uint64_t)value; break;
    }
}

/* Splitmix64. */
static uint64_t state;

void seed(uint64_t s)
{
    state = s;
}

uint64_t next_bits(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

long double uniform(long double low, long double high)
{
    return low + (high - low) * ((long double)(next_bits() >> 11) * 0x1p-53L);
}

void fill(buffer *b, int64_t n, long double low, long double high)
{
    for (int64_t i = 0; i < n; i++)
        set(b->dtype, b->data, i, uniform(low, high));
}

long double half_ulp(int dtype)
{
    return dtype == VN__F32 ? 0x1p-24L : 0x1p-53L;
}

double ulps(int dtype, long double got, long double want)
{
    const int digits = dtype == VN__F32 ? 24 : 53, lowest = dtype == VN__F32 ? -149 : -1074;
    const long double top = dtype == VN__F32 ? 0x1.ffffffp127L : 0x1.fffffffffffff8p1023L;
    if (isnan(got) || isnan(want))
        return isnan(got) && isnan(want) ? 0 : INFINITY;
    if (fabsl(want) >= top) /* rounds to infinity */
        want = copysignl(INFINITY, want);
    if (isinf(want) && !isinf(got)) /* the largest number is one step away */
        return fabsl(got) * (1 + 0x1p-23L) >= top && signbit(got) == signbit(want) ? 1
                                                                                   : INFINITY;
    if (isinf(got) && !isinf(want))
        got = copysignl(dtype == VN__F32 ? 0x1p128L : 0x1p1024L, got);
    if (got == want)
        return 0;
    const int exponent = want == 0 ? lowest : ilogbl(want) - digits + 1;
    return (double)fabsl(ldexpl(got - want, -(exponent < lowest ? lowest : exponent)));
}

void check_near(const vn__kernels *k, int dtype, const char *what, int64_t at, long double got,
                long double want, long double tolerance)
{
    if (isnan(got) && isnan(want))
        return;
    if (!(got == want || fabsl(got - want) <= tolerance))
        cr_assert(false, "%s %s %s at %lld: got %.20Lg, want %.20Lg, tolerance %.3Lg", k->name,
                       vn__kdtype_name(dtype), what, (long long)at, got, want, tolerance);
}

int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
