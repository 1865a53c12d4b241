/* SPDX-License-Identifier: MIT */
/* Reading arrays: dtype, shape, elements. */
#include <math.h>

#include "core/base/element.h"
#include "core/tree/tree.h"

vn_dtype vn_dtype_of(const vn_array *x)
{
    const vn__array *const array = vn__as_array(x);
    return array ? array->dtype : VN_DTYPE_DEFAULT;
}

/* A bool, int or float leaf is a scalar; anything else is an error. */
vn_shape vn_shape_of(const vn_array *x)
{
    char text[VN__SHAPE_TEXT];
    const vn__array *const array = vn__as_array(x);
    if (array)
        return array->shape;
    if (!x)
        vn__fail(VN_ERR_NULL_ARGUMENT, "shape_of: the array is NULL");
    else if (!vn_is_array_like(x))
        vn__fail(VN_ERR_ARGUMENT, "shape_of: not an array but %s", vn__describe(text, x));
    return VN_SCALAR;
}

int vn_rank(const vn_array *x) { return vn_shape_of(x).rank; }

int64_t vn_dim(const vn_array *x, int axis)
{
    char text[VN__SHAPE_TEXT];
    const vn_shape shape = vn_shape_of(x);
    const int i = axis < 0 ? axis + shape.rank : axis;
    if (i >= 0 && i < shape.rank)
        return shape.dim[i];
    vn__fail(VN_ERR_ARGUMENT, "dim: axis %d of %s", axis, vn__describe(text, x));
    return 0;
}

int64_t vn_size(const vn_array *x) { return x ? vn_shape_size(vn_shape_of(x)) : 0; }

bool vn_is_traced(const vn_array *x)
{
    const vn__array *const array = vn__as_array(x);
    return array && array->tape && !array->data;
}

bool vn__is_alive(const char *who, const vn_array *x)
{
    char text[VN__SHAPE_TEXT];
    const vn__array *const array = vn__as_array(x);
    if (!array || array->storage || array->tape)
        return true;
    if (array->base.flags & VN__STRUCT)
        vn__fail(VN_ERR_ARGUMENT, "%s: %s is a dtype and a shape without numbers", who,
                 vn__describe(text, x));
    else
        vn__fail(VN_ERR_ARGUMENT, "%s: %s was donated to a jitted call and is gone", who,
                 vn__describe(text, x));
    return false;
}

/* The elements; NULL and the reason in the name of the function that wants them. */
static void *read(const char *who, const vn_array *x)
{
    char text[VN__SHAPE_TEXT];
    const vn__array *const array = vn__as_array(x);
    if (!x)
        vn__fail(VN_ERR_NULL_ARGUMENT, "%s: the array is NULL", who);
    else if (!array)
        vn__fail(VN_ERR_ARGUMENT, "%s: not an array but %s", who, vn__describe(text, x));
    else if (array->data)
        return array->data;
    else if (vn__is_alive(who, x))
        vn__fail(
            VN_ERR_TRACE,
            "%s: %s is being recorded and has no numbers yet; use vn_where or vn_cond, or do "
            "not jit",
            who, vn__describe(text, x));
    return NULL;
}

const void *vn_data(const vn_array *x) { return read("data", x); }

void *vn_data_mut(vn_array *x) { return read("data_mut", x); }

/* The one element of an array; NULL and an error if it has more or none. */
static const void *one(const char *who, const vn_array *x)
{
    char text[VN__SHAPE_TEXT];
    const vn__array *const array = vn__as_array(x);
    if (array && vn_shape_size(array->shape) != 1) {
        vn__fail(VN_ERR_SHAPE, "%s: %s has not one element", who, vn__describe(text, x));
        return NULL;
    }
    return read(who, x);
}

static const vn__leaf *number_leaf(const vn_array *x)
{
    const vn_kind kind = vn_kind_of(x);
    return kind == VN_KIND_BOOL || kind == VN_KIND_INT || kind == VN_KIND_FLOAT
               ? (const vn__leaf *)(const void *)x
               : NULL;
}

/* False and an error for a complex array, which is no double. */
static bool is_real(const char *who, const vn_array *x)
{
    char text[VN__SHAPE_TEXT];
    if (!vn_dtype_is_complex(vn_dtype_of(x)))
        return true;
    vn__fail(VN_ERR_DTYPE, "%s: %s is complex; take its real or imaginary part, or %s", who,
             vn__describe(text, x),
             who[0] == 'i' ? "vn_item_complex" : "vn_copy_complex");
    return false;
}

double vn_item(const vn_array *x)
{
    const vn__leaf *const leaf = number_leaf(x);
    if (leaf)
        return vn_kind_of(x) == VN_KIND_FLOAT ? leaf->number : (double)leaf->integer;
    const void *const data = is_real("item", x) ? one("item", x) : NULL;
    return data ? vn__load_f64(vn_dtype_of(x), data, 0) : (double)NAN;
}

vn_c128 vn_item_complex(const vn_array *x)
{
    if (number_leaf(x))
        return (vn_c128){ vn_item(x), 0 };
    const void *const data = one("item_complex", x);
    return data ? vn__load_c128(vn_dtype_of(x), data, 0)
                : (vn_c128){ (double)NAN, (double)NAN };
}

int64_t vn_item_int(const vn_array *x)
{
    const vn__leaf *const leaf = number_leaf(x);
    if (leaf && vn_kind_of(x) != VN_KIND_FLOAT)
        return leaf->integer;
    if (!leaf && !vn_dtype_is_inexact(vn_dtype_of(x))) {
        const void *const data = one("item_int", x);
        return data ? vn__load_i64(vn_dtype_of(x), data, 0) : 0;
    }
    const double value = vn_item(x);
    if (value >= -0x1p63 && value < 0x1p63)
        return (int64_t)value;
    vn__fail(VN_ERR_ARGUMENT, "item_int: %g is no 64-bit integer", value);
    return 0;
}

bool vn_item_bool(const vn_array *x)
{
    const vn__leaf *const leaf = number_leaf(x);
    if (leaf)
        return vn_item(x) != 0;
    const void *const data = one("item_bool", x);
    const vn_c128 value = data ? vn__load_c128(vn_dtype_of(x), data, 0) : (vn_c128){ 0, 0 };
    return value.re != 0 || value.im != 0;
}

int64_t vn_copy_f64(double *out, int64_t n, const vn_array *x)
{
    const vn__array *const array = vn__as_array(x);
    const void *const data = is_real("copy_f64", x) ? read("copy_f64", x) : NULL;
    if (!data)
        return 0;
    const int64_t size = vn_shape_size(array->shape), count = n < size ? n : size;
    for (int64_t i = 0; i < count; i++)
        out[i] = vn__load_f64(array->dtype, data, i);
    return count;
}

int64_t vn_copy_complex(vn_c128 *out, int64_t n, const vn_array *x)
{
    const vn__array *const array = vn__as_array(x);
    const void *const data = read("copy_complex", x);
    if (!data)
        return 0;
    const int64_t size = vn_shape_size(array->shape), count = n < size ? n : size;
    for (int64_t i = 0; i < count; i++)
        out[i] = vn__load_c128(array->dtype, data, i);
    return count;
}
