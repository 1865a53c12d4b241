/* SPDX-License-Identifier: MIT */
/* Constructors of concrete arrays. */
#include <math.h>
#include <string.h>

#include "core/base/element.h"
#include "core/tree/tree.h"

static vn_dtype or_default(vn_dtype dtype)
{
    return dtype == VN_DTYPE_DEFAULT ? vn_default_dtype() : dtype;
}

/* Uninitialised elements; NULL and an error in the name of the constructor. */
static vn__array *make(const char *who, vn_dtype dtype, vn_shape shape)
{
    dtype = or_default(dtype);
    if (!vn__shape_valid(who, dtype, shape))
        return NULL;
    vn__array *const array = vn__array_new(dtype, shape);
    if (!array)
        return NULL;
    array->storage = vn__storage_new((size_t)vn_shape_size(shape) * vn_dtype_size(dtype));
    if (!array->storage)
        return NULL;
    array->data = array->storage->data;
    return array;
}

vn_array *vn_array_from(vn_dtype dtype, vn_shape shape, const void *data)
{
    vn__array *const array = make("array_from", dtype, shape);
    if (!array)
        return NULL;
    if (array->storage->bytes > 0 && !data)
        return vn_error(VN_ERR_NULL_ARGUMENT, "array_from: data is NULL");
    if (array->storage->bytes > 0)
        memcpy(array->data, data, array->storage->bytes);
    uint8_t *const flags = array->dtype == VN_BOOL ? array->data : NULL;
    for (size_t i = 0; flags && i < array->storage->bytes; i++)
        flags[i] = flags[i] != 0;
    return &array->base;
}

vn_array *vn_empty(vn_dtype dtype, vn_shape shape)
{
    vn__array *const array = make("empty", dtype, shape);
    return array ? &array->base : NULL;
}

static vn_array *zeros(const char *who, vn_dtype dtype, vn_shape shape)
{
    vn__array *const array = make(who, dtype, shape);
    if (!array)
        return NULL;
    memset(array->data, 0, array->storage->bytes);
    return &array->base;
}

/* The first element is stored, the others are copies of the part that is filled already. */
static vn_array *full(const char *who, vn_dtype dtype, vn_shape shape, double value)
{
    vn__array *const array = make(who, dtype, shape);
    if (!array || array->storage->bytes == 0)
        return array ? &array->base : NULL;
    const size_t bytes = array->storage->bytes;
    vn__store_f64(array->dtype, array->data, 0, value);
    for (size_t done = vn_dtype_size(array->dtype); done < bytes; done *= 2)
        memcpy((char *)array->data + done, array->data,
               done < bytes - done ? done : bytes - done);
    return &array->base;
}

vn_array *vn_zeros(vn_dtype dtype, vn_shape shape) { return zeros("zeros", dtype, shape); }

vn_array *vn_ones(vn_dtype dtype, vn_shape shape) { return full("ones", dtype, shape, 1); }

vn_array *vn_full(vn_dtype dtype, vn_shape shape, double value)
{
    return full("full", dtype, shape, value);
}

vn_array *vn_scalar(vn_dtype dtype, double value)
{
    return full("scalar", dtype, VN_SCALAR, value);
}

vn_array *vn_arange(vn_dtype dtype, int64_t n)
{
    vn__array *const array = make("arange", dtype, VN_SHAPE(n));
    for (int64_t i = 0; array && i < n; i++)
        vn__store_f64(array->dtype, array->data, i, (double)i);
    return array ? &array->base : NULL;
}

/* start (1 - t) + stop t with t = i / (n - 1), in the precision of the result, as in jax.numpy;
 * the last element is stop itself. */
vn_array *vn_linspace(vn_dtype dtype, double start, double stop, int64_t n)
{
    vn__array *const array = make("linspace", dtype, VN_SHAPE(n));
    for (int64_t i = 0; array && i < n; i++) {
        const double td = n > 1 ? (double)i / (double)(n - 1) : 0;
        const float t = n > 1 ? (float)i / (float)(n - 1) : 0;
        double value = vn_dtype_real(array->dtype) == VN_F64
                           ? start * (1 - td) + stop * td
                           : (double)((float)start * (1 - t) + (float)stop * t);
        if (i > 0 && i == n - 1)
            value = stop;
        vn__store_f64(array->dtype, array->data, i,
                      vn_dtype_is_integer(array->dtype) ? floor(value) : value);
    }
    return array ? &array->base : NULL;
}

vn_array *vn_eye(vn_dtype dtype, int64_t n)
{
    vn_array *const eye = zeros("eye", dtype, VN_SHAPE(n, n));
    for (int64_t i = 0; eye && i < n; i++)
        vn__store_f64(vn_dtype_of(eye), vn__as_array(eye)->data, i * (n + 1), 1);
    return eye;
}

/* The dtype of x, for a bool, int or float leaf the one that an array of it would have. */
static vn_dtype dtype_like(const vn_array *x)
{
    switch (vn_kind_of(x)) {
    case VN_KIND_BOOL:
        return VN_BOOL;
    case VN_KIND_INT:
        return vn_default_dtype() == VN_F64 ? VN_I64 : VN_I32;
    case VN_KIND_FLOAT:
        return vn_default_dtype();
    default:
        return vn_dtype_of(x);
    }
}

static bool usable(const char *who, vn_array *x)
{
    char text[VN__SHAPE_TEXT];
    if (!vn__no_nulls(who, 1, &x))
        return false;
    if (vn_is_array_like(x))
        return true;
    vn__fail(VN_ERR_ARGUMENT, "%s: not an array but %s", who, vn__describe(text, x));
    return false;
}

vn_array *vn_zeros_like(vn_array *x)
{
    return usable("zeros_like", x) ? zeros("zeros_like", dtype_like(x), vn_shape_of(x)) : NULL;
}

vn_array *vn_ones_like(vn_array *x)
{
    return usable("ones_like", x) ? full("ones_like", dtype_like(x), vn_shape_of(x), 1) : NULL;
}

vn_array *vn_full_like(vn_array *x, double value)
{
    return usable("full_like", x) ? full("full_like", dtype_like(x), vn_shape_of(x), value)
                                  : NULL;
}
