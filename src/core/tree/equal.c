/* SPDX-License-Identifier: MIT */
/* tree_equal: structure, shapes, dtypes and values.
 *
 * Numbers compare as numbers: 0.0 equals -0.0, NaN differs from everything; with tolerances
 * inexact arrays may differ by atol + rtol |b|, complex ones in modulus. bool, int and float
 * leaves compare across kinds as in Python (True == 1 == 1.0) unless typematch is set; an array
 * never equals another kind of leaf. */
#include <math.h>
#include <string.h>

#include "core/base/element.h"
#include "core/tree/tree.h"

static bool close(double a, double b, const vn_tree_equal_options *options)
{
    return a == b || (isfinite(b) && fabs(a - b) <= options->atol + options->rtol * fabs(b));
}

static bool close_complex(vn_c128 a, vn_c128 b, const vn_tree_equal_options *options)
{
    const double distance = hypot(a.re - b.re, a.im - b.im), size = hypot(b.re, b.im);
    return (a.re == b.re && a.im == b.im) ||
           (isfinite(size) && distance <= options->atol + options->rtol * size);
}

static bool close_element(vn_dtype dtype, const void *a, const void *b, int64_t i,
                          const vn_tree_equal_options *options)
{
    return vn_dtype_is_complex(dtype)
               ? close_complex(vn__load_c128(dtype, a, i), vn__load_c128(dtype, b, i), options)
               : close(vn__load_f64(dtype, a, i), vn__load_f64(dtype, b, i), options);
}

static bool equal_arrays(const vn_tree *a, const vn_tree *b,
                         const vn_tree_equal_options *options)
{
    const vn__array *const x = vn__as_array(a), *const y = vn__as_array(b);
    if (x->dtype != y->dtype || !vn_shape_equal(x->shape, y->shape))
        return false;
    const void *const p = vn_data(a), *const q = p ? vn_data(b) : NULL;
    if (!q)
        return false;
    const int64_t n = vn_shape_size(x->shape);
    if (!vn_dtype_is_inexact(x->dtype))
        return memcmp(p, q, (size_t)n * vn_dtype_size(x->dtype)) == 0;
    for (int64_t i = 0; i < n; i++)
        if (!close_element(x->dtype, p, q, i, options))
            return false;
    return true;
}

static bool is_number(const vn_tree *leaf)
{
    return vn_is_array_like(leaf) && !vn_is_array(leaf);
}

static bool equal_numbers(const vn__leaf *a, const vn__leaf *b)
{
    const bool a_float = vn_kind_of(&a->base) == VN_KIND_FLOAT;
    const bool b_float = vn_kind_of(&b->base) == VN_KIND_FLOAT;
    if (a_float == b_float)
        return a_float ? a->number == b->number : a->integer == b->integer;
    const double number = a_float ? a->number : b->number;
    const int64_t integer = a_float ? b->integer : a->integer;
    return number >= -0x1p63 && number < 0x1p63 && (int64_t)number == integer &&
           (double)(int64_t)number == number;
}

static bool equal_leaves(const vn_tree *a, const vn_tree *b,
                         const vn_tree_equal_options *options)
{
    if (vn_is_array(a) || vn_is_array(b))
        return a->type == b->type && equal_arrays(a, b, options);
    if (options->typematch && a->type != b->type)
        return false;
    if (is_number(a) && is_number(b))
        return equal_numbers((const vn__leaf *)(const void *)a,
                             (const vn__leaf *)(const void *)b);
    return vn__same_leaf(a, b);
}

static bool equal(const vn_tree *a, const vn_tree *b, const vn_tree_equal_options *options)
{
    if (vn_is_leaf(a) || vn_is_leaf(b))
        return vn_is_leaf(a) && vn_is_leaf(b) && equal_leaves(a, b, options);
    if (!vn__same_node(a, b))
        return false;
    for (int i = 0, n = vn_len(a); i < n; i++)
        if (!equal(vn__child(a, i), vn__child(b, i), options))
            return false;
    return true;
}

bool vn_tree_equal(const vn_tree *a, const vn_tree *b, const vn_tree_equal_options *options)
{
    static const vn_tree_equal_options defaults;
    if (a && b)
        return equal(a, b, options ? options : &defaults);
    vn__fail(VN_ERR_NULL_ARGUMENT, "tree_equal: argument %d is NULL", a ? 1 : 0);
    return false;
}
