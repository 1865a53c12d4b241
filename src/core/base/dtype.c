/* SPDX-License-Identifier: MIT */
/* Dtypes and shapes: names, sizes, promotion. */
#include <string.h>

#include "vernal/base.h"

static _Thread_local vn_dtype default_dtype = VN_F32;

typedef enum dtype_class { IS_BOOL, IS_UNSIGNED, IS_SIGNED, IS_FLOAT, IS_COMPLEX } dtype_class;

static bool valid(vn_dtype d) { return d > VN_DTYPE_DEFAULT && d < VN_DTYPE_COUNT; }

const char *vn_dtype_name(vn_dtype dtype)
{
    static const char *const names[] = {
#define VN_DTYPE_TEXT(name, text, type, bytes, npy) [VN_##name] = text,
        VN_DTYPE_LIST(VN_DTYPE_TEXT)
#undef VN_DTYPE_TEXT
    };
    return valid(dtype) ? names[dtype] : "?";
}

size_t vn_dtype_size(vn_dtype dtype)
{
    static const uint8_t sizes[] = {
#define VN_DTYPE_BYTES(name, text, type, bytes, npy) [VN_##name] = bytes,
        VN_DTYPE_LIST(VN_DTYPE_BYTES)
#undef VN_DTYPE_BYTES
    };
    return valid(dtype) ? sizes[dtype] : 0;
}

static dtype_class class_of(vn_dtype d)
{
    static const uint8_t classes[VN_DTYPE_COUNT] = {
        [VN_F32] = IS_FLOAT,    [VN_F64] = IS_FLOAT,    [VN_BF16] = IS_FLOAT,
        [VN_F16] = IS_FLOAT,    [VN_I8] = IS_SIGNED,    [VN_I16] = IS_SIGNED,
        [VN_I32] = IS_SIGNED,   [VN_I64] = IS_SIGNED,   [VN_U8] = IS_UNSIGNED,
        [VN_U16] = IS_UNSIGNED, [VN_U32] = IS_UNSIGNED, [VN_U64] = IS_UNSIGNED,
        [VN_BOOL] = IS_BOOL,    [VN_C64] = IS_COMPLEX,  [VN_C128] = IS_COMPLEX,
    };
    return (dtype_class)classes[d];
}

bool vn_dtype_is_inexact(vn_dtype dtype)
{
    return valid(dtype) && (class_of(dtype) == IS_FLOAT || class_of(dtype) == IS_COMPLEX);
}

bool vn_dtype_is_complex(vn_dtype dtype)
{
    return valid(dtype) && class_of(dtype) == IS_COMPLEX;
}

bool vn_dtype_is_integer(vn_dtype dtype)
{
    return valid(dtype) && (class_of(dtype) == IS_SIGNED || class_of(dtype) == IS_UNSIGNED);
}

vn_dtype vn_dtype_real(vn_dtype dtype)
{
    return dtype == VN_C64 ? VN_F32 : dtype == VN_C128 ? VN_F64 : dtype;
}

vn_dtype vn_dtype_complex(vn_dtype dtype)
{
    if (!valid(dtype) || vn_dtype_is_complex(dtype))
        return valid(dtype) ? dtype : VN_DTYPE_DEFAULT;
    return (class_of(dtype) == IS_FLOAT ? dtype : default_dtype) == VN_F64 ? VN_C128 : VN_C64;
}

vn_dtype vn_default_dtype(void) { return default_dtype; }

void vn_set_default_dtype(vn_dtype dtype)
{
    if (vn_dtype_is_inexact(dtype) && !vn_dtype_is_complex(dtype))
        default_dtype = dtype;
}

static vn_dtype signed_of_size(size_t bytes)
{
    return bytes <= 1 ? VN_I8 : bytes == 2 ? VN_I16 : bytes == 4 ? VN_I32 : VN_I64;
}

static vn_dtype promote_integers(vn_dtype a, vn_dtype b)
{
    const size_t na = vn_dtype_size(a), nb = vn_dtype_size(b);
    if (class_of(a) == class_of(b))
        return na >= nb ? a : b;
    const vn_dtype u = class_of(a) == IS_UNSIGNED ? a : b, s = u == a ? b : a;
    if (vn_dtype_size(s) > vn_dtype_size(u))
        return s;
    return u == VN_U64 ? VN_F32 : signed_of_size(2 * vn_dtype_size(u));
}

static vn_dtype promote_floats(vn_dtype a, vn_dtype b)
{
    const size_t na = vn_dtype_size(a), nb = vn_dtype_size(b);
    if (na == nb)
        return a == b ? a : VN_F32;
    return na > nb ? a : b;
}

static bool is_double(vn_dtype d) { return d == VN_F64 || d == VN_C128; }

vn_dtype vn_promote_types(vn_dtype a, vn_dtype b)
{
    if (!valid(a) || !valid(b))
        return VN_DTYPE_DEFAULT;
    if (a == b || class_of(b) == IS_BOOL)
        return a;
    if (class_of(a) == IS_BOOL)
        return b;
    if (class_of(a) == IS_COMPLEX || class_of(b) == IS_COMPLEX)
        return is_double(a) || is_double(b) ? VN_C128 : VN_C64;
    const bool fa = class_of(a) == IS_FLOAT, fb = class_of(b) == IS_FLOAT;
    if (fa && fb)
        return promote_floats(a, b);
    if (fa || fb)
        return fa ? a : b;
    return promote_integers(a, b);
}

int64_t vn_shape_size(vn_shape shape)
{
    int64_t n = 1;
    for (int i = 0; i < shape.rank && i < VN_MAX_RANK; i++)
        if (__builtin_mul_overflow(n, shape.dim[i], &n))
            return INT64_MAX;
    return n;
}

bool vn_shape_equal(vn_shape a, vn_shape b)
{
    if (a.rank != b.rank)
        return false;
    for (int i = 0; i < a.rank && i < VN_MAX_RANK; i++)
        if (a.dim[i] != b.dim[i])
            return false;
    return true;
}
