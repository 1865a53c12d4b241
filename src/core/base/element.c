/* SPDX-License-Identifier: MIT */
/* One element of an array: tables of loads and stores by dtype. */
#include "core/base/element.h"

#include "core/base/half.h"

#define LOAD(name, type)                                   \
    static double load_##name(const void *data, int64_t i) \
    {                                                      \
        return (double)((const type *)data)[i];            \
    }
LOAD(f32, float)
LOAD(f64, double)
LOAD(i8, int8_t)
LOAD(i16, int16_t)
LOAD(i32, int32_t)
LOAD(i64, int64_t)
LOAD(u8, uint8_t)
LOAD(u16, uint16_t)
LOAD(u32, uint32_t)
LOAD(u64, uint64_t)

static double load_c64(const void *data, int64_t i)
{
    return (double)((const vn_c64 *)data)[i].re;
}

static double load_c128(const void *data, int64_t i) { return ((const vn_c128 *)data)[i].re; }

static double load_bool(const void *data, int64_t i) { return ((const uint8_t *)data)[i] != 0; }

static double load_bf16(const void *data, int64_t i)
{
    return (double)vn__bf16_to_f32(((const uint16_t *)data)[i]);
}

static double load_f16(const void *data, int64_t i)
{
    return (double)vn__f16_to_f32(((const uint16_t *)data)[i]);
}

double vn__load_f64(vn_dtype dtype, const void *data, int64_t i)
{
    static double (*const load[VN_DTYPE_COUNT])(const void *, int64_t) = {
        [VN_F32] = load_f32,   [VN_F64] = load_f64, [VN_BF16] = load_bf16, [VN_F16] = load_f16,
        [VN_I8] = load_i8,     [VN_I16] = load_i16, [VN_I32] = load_i32,   [VN_I64] = load_i64,
        [VN_U8] = load_u8,     [VN_U16] = load_u16, [VN_U32] = load_u32,   [VN_U64] = load_u64,
        [VN_BOOL] = load_bool, [VN_C64] = load_c64, [VN_C128] = load_c128,
    };
    return load[dtype](data, i);
}

vn_c128 vn__load_c128(vn_dtype dtype, const void *data, int64_t i)
{
    const double im = dtype == VN_C64    ? (double)((const vn_c64 *)data)[i].im
                      : dtype == VN_C128 ? ((const vn_c128 *)data)[i].im
                                         : 0;
    return (vn_c128){ vn__load_f64(dtype, data, i), im };
}

int64_t vn__load_i64(vn_dtype dtype, const void *data, int64_t i)
{
    if (dtype == VN_I64)
        return ((const int64_t *)data)[i];
    return dtype == VN_U64 ? (int64_t)((const uint64_t *)data)[i]
                           : (int64_t)vn__load_f64(dtype, data, i);
}

static double at_least(double value, double low)
{
    return value != value ? 0 : value < low ? low : value;
}

/* below: the smallest double above the range, a power of two and so exact; high itself is
 * not. */
#define STORE(name, type, low, below, high)                                               \
    static void store_##name(void *data, int64_t i, double value)                         \
    {                                                                                     \
        ((type *)data)[i] = value >= (below) ? (type)(high) : (type)at_least(value, low); \
    }
STORE(i8, int8_t, -0x1p7, 0x1p7, INT8_MAX)
STORE(i16, int16_t, -0x1p15, 0x1p15, INT16_MAX)
STORE(i32, int32_t, -0x1p31, 0x1p31, INT32_MAX)
STORE(i64, int64_t, -0x1p63, 0x1p63, INT64_MAX)
STORE(u8, uint8_t, 0, 0x1p8, UINT8_MAX)
STORE(u16, uint16_t, 0, 0x1p16, UINT16_MAX)
STORE(u32, uint32_t, 0, 0x1p32, UINT32_MAX)
STORE(u64, uint64_t, 0, 0x1p64, UINT64_MAX)

static void store_f32(void *data, int64_t i, double value)
{
    ((float *)data)[i] = (float)value;
}
static void store_f64(void *data, int64_t i, double value) { ((double *)data)[i] = value; }
static void store_bool(void *data, int64_t i, double value)
{
    ((uint8_t *)data)[i] = value != 0;
}

static void store_c64(void *data, int64_t i, double value)
{
    ((vn_c64 *)data)[i] = (vn_c64){ (float)value, 0 };
}

static void store_c128(void *data, int64_t i, double value)
{
    ((vn_c128 *)data)[i] = (vn_c128){ value, 0 };
}

static void store_bf16(void *data, int64_t i, double value)
{
    ((uint16_t *)data)[i] = vn__f32_to_bf16(vn__f64_to_f32_odd(value));
}

static void store_f16(void *data, int64_t i, double value)
{
    ((uint16_t *)data)[i] = vn__f32_to_f16(vn__f64_to_f32_odd(value));
}

void vn__store_f64(vn_dtype dtype, void *data, int64_t i, double value)
{
    static void (*const store[VN_DTYPE_COUNT])(void *, int64_t, double) = {
        [VN_F32] = store_f32,   [VN_F64] = store_f64, [VN_BF16] = store_bf16,
        [VN_F16] = store_f16,   [VN_I8] = store_i8,   [VN_I16] = store_i16,
        [VN_I32] = store_i32,   [VN_I64] = store_i64, [VN_U8] = store_u8,
        [VN_U16] = store_u16,   [VN_U32] = store_u32, [VN_U64] = store_u64,
        [VN_BOOL] = store_bool, [VN_C64] = store_c64, [VN_C128] = store_c128,
    };
    store[dtype](data, i, value);
}
