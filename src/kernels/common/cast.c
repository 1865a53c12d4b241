/* SPDX-License-Identifier: MIT
 *
 * Casts between all pairs of types, through one of seven carriers: float (f32, bf16, f16),
 * double (f64), int32_t (all integers that fit), int64_t and uint64_t, and the complex types
 * themselves. READ_T(x) gives the carrier of a T, to_T_<carrier> narrows it.
 * */
#include "kernels/common/half.h"
#include "kernels/internal.h"

#define READ_F32(x) (x)
#define READ_F64(x) (x)
#define READ_BF16(x) vn__from_bf16(x)
#define READ_F16(x) vn__from_f16(x)
#define READ_I8(x) ((int32_t)(x))
#define READ_I16(x) ((int32_t)(x))
#define READ_I32(x) ((int32_t)(x))
#define READ_I64(x) (x)
#define READ_U8(x) ((int32_t)(x))
#define READ_U16(x) ((int32_t)(x))
#define READ_U32(x) ((uint64_t)(x))
#define READ_U64(x) (x)
#define READ_BOOL(x) ((int32_t)((x) != 0))
#define READ_C64(x) (x)
#define READ_C128(x) (x)

/* ---- floating types */

static inline float to_F32_float(float x) { return x; }
static inline float to_F32_double(double x) { return (float)x; }
static inline float to_F32_small(int32_t x) { return (float)x; }
static inline float to_F32_int(int64_t x) { return (float)x; }
static inline float to_F32_uint(uint64_t x) { return (float)x; }
static inline double to_F64_float(float x) { return (double)x; }
static inline double to_F64_double(double x) { return x; }
static inline double to_F64_small(int32_t x) { return (double)x; }
static inline double to_F64_int(int64_t x) { return (double)x; }
static inline double to_F64_uint(uint64_t x) { return (double)x; }
static inline uint16_t to_BF16_float(float x) { return vn__to_bf16(x); }
static inline uint16_t to_BF16_double(double x) { return vn__to_bf16(vn__round_to_odd(x)); }
static inline uint16_t to_BF16_small(int32_t x) { return to_BF16_double((double)x); }
static inline uint16_t to_BF16_int(int64_t x) { return to_BF16_double((double)x); }
static inline uint16_t to_BF16_uint(uint64_t x) { return to_BF16_double((double)x); }
static inline uint16_t to_F16_float(float x) { return vn__to_f16(x); }
static inline uint16_t to_F16_double(double x) { return vn__to_f16(vn__round_to_odd(x)); }
static inline uint16_t to_F16_small(int32_t x) { return to_F16_double((double)x); }
static inline uint16_t to_F16_int(int64_t x) { return to_F16_double((double)x); }
static inline uint16_t to_F16_uint(uint64_t x) { return to_F16_double((double)x); }
static inline uint8_t to_BOOL_float(float x) { return x != 0; }
static inline uint8_t to_BOOL_double(double x) { return x != 0; }
static inline uint8_t to_BOOL_small(int32_t x) { return x != 0; }
static inline uint8_t to_BOOL_int(int64_t x) { return x != 0; }
static inline uint8_t to_BOOL_uint(uint64_t x) { return x != 0; }

/* ---- integers: saturating from floating numbers (2^bits is exact in a double), NaN gives 0 */

#define INTEGER(TAG, T, lowest, highest, above)                                        \
    static inline T to_##TAG##_double(double x)                                        \
    {                                                                                  \
        return x >= above ? highest : x > (double)lowest ? (T)x : x != x ? 0 : lowest; \
    }                                                                                  \
    static inline T to_##TAG##_float(float x) { return to_##TAG##_double((double)x); } \
    static inline T to_##TAG##_small(int32_t x) { return (T)x; }                       \
    static inline T to_##TAG##_int(int64_t x) { return (T)x; }                         \
    static inline T to_##TAG##_uint(uint64_t x) { return (T)x; }
INTEGER(I8, int8_t, INT8_MIN, INT8_MAX, 0x1p7)
INTEGER(I16, int16_t, INT16_MIN, INT16_MAX, 0x1p15)
INTEGER(I32, int32_t, INT32_MIN, INT32_MAX, 0x1p31)
INTEGER(I64, int64_t, INT64_MIN, INT64_MAX, 0x1p63)
INTEGER(U8, uint8_t, 0, UINT8_MAX, 0x1p8)
INTEGER(U16, uint16_t, 0, UINT16_MAX, 0x1p16)
INTEGER(U32, uint32_t, 0, UINT32_MAX, 0x1p32)
INTEGER(U64, uint64_t, 0, UINT64_MAX, 0x1p64)

/* ---- complex: to a number its real part (C's own conversion), to bool whether it is not 0 */

#define TO_COMPLEX(TAG, T)                                               \
    static inline T to_##TAG##_float(float x) { return (T)x; }           \
    static inline T to_##TAG##_double(double x) { return (T)x; }         \
    static inline T to_##TAG##_small(int32_t x) { return (T)x; }         \
    static inline T to_##TAG##_int(int64_t x) { return (T)x; }           \
    static inline T to_##TAG##_uint(uint64_t x) { return (T)x; }         \
    static inline T to_##TAG##_c64(float _Complex x) { return (T)x; }    \
    static inline T to_##TAG##_c128(double _Complex x) { return (T)x; }
TO_COMPLEX(C64, float _Complex)
TO_COMPLEX(C128, double _Complex)

#define FROM_COMPLEX(TAG, T)                                                                   \
    static inline T to_##TAG##_c64(float _Complex x) { return to_##TAG##_float((float)x); }    \
    static inline T to_##TAG##_c128(double _Complex x) { return to_##TAG##_double((double)x); }
FROM_COMPLEX(F32, float)
FROM_COMPLEX(F64, double)
FROM_COMPLEX(BF16, uint16_t)
FROM_COMPLEX(F16, uint16_t)
FROM_COMPLEX(I8, int8_t)
FROM_COMPLEX(I16, int16_t)
FROM_COMPLEX(I32, int32_t)
FROM_COMPLEX(I64, int64_t)
FROM_COMPLEX(U8, uint8_t)
FROM_COMPLEX(U16, uint16_t)
FROM_COMPLEX(U32, uint32_t)
FROM_COMPLEX(U64, uint64_t)
static inline uint8_t to_BOOL_c64(float _Complex x) { return x != 0; }
static inline uint8_t to_BOOL_c128(double _Complex x) { return x != 0; }

/* ---- all pairs: dtype.def once for each TO */

#define NARROW(TO, x)                          \
    _Generic((x), float                        \
             : to_##TO##_float, double         \
             : to_##TO##_double, int32_t       \
             : to_##TO##_small, int64_t        \
             : to_##TO##_int, uint64_t         \
             : to_##TO##_uint, float _Complex  \
             : to_##TO##_c64, double _Complex  \
             : to_##TO##_c128)(x)

#define TO F32
#define T float
#include "kernels/common/cast_to.h"

#define TO F64
#define T double
#include "kernels/common/cast_to.h"

#define TO BF16
#define T uint16_t
#include "kernels/common/cast_to.h"

#define TO F16
#define T uint16_t
#include "kernels/common/cast_to.h"

#define TO I32
#define T int32_t
#include "kernels/common/cast_to.h"

#define TO I64
#define T int64_t
#include "kernels/common/cast_to.h"

#define TO U8
#define T uint8_t
#include "kernels/common/cast_to.h"

#define TO U32
#define T uint32_t
#include "kernels/common/cast_to.h"

#define TO BOOL
#define T uint8_t
#include "kernels/common/cast_to.h"

#define TO I8
#define T int8_t
#include "kernels/common/cast_to.h"

#define TO I16
#define T int16_t
#include "kernels/common/cast_to.h"

#define TO U16
#define T uint16_t
#include "kernels/common/cast_to.h"

#define TO U64
#define T uint64_t
#include "kernels/common/cast_to.h"

#define TO C64
#define T float _Complex
#include "kernels/common/cast_to.h"

#define TO C128
#define T double _Complex
#include "kernels/common/cast_to.h"
