/* SPDX-License-Identifier: MIT */
/* Checks that end in one sentence; initial values; how fields are printed. */
#include "core/nn/layer.h"

#include <math.h>
#include <stdio.h>

vn_tree *vn__shown_features(int64_t features)
{
    return features == VN_SCALAR_FEATURES ? vn_string("scalar") : vn_int(features);
}

vn_tree *vn__shown_pairs(vn_shape lo, vn_shape hi)
{
    vn_tree *pair[VN_MAX_RANK];
    for (int i = 0; i < lo.rank; i++)
        pair[i] = vn_tuple(vn_int(lo.dim[i]), vn_int(hi.dim[i]));
    return vn_tuple_n(lo.rank, pair);
}

bool vn__not_shown(const vn_tree *self, vn_tree **value)
{
    (void)self, (void)value;
    return false;
}

bool vn__expect_array(const char *layer, const char *name, const vn_array *x)
{
    char text[VN__SHAPE_TEXT];
    if (vn__as_array(x))
        return true;
    vn__fail(x ? VN_ERR_DTYPE : VN_ERR_NULL_ARGUMENT, "%s: %s is %s, expected an array", layer,
             name, vn__describe(text, x));
    return false;
}

bool vn__expect_shape(const char *layer, const char *name, const vn_array *x, vn_shape shape)
{
    char found[VN__SHAPE_TEXT], wanted[VN__SHAPE_TEXT];
    if (!vn__expect_array(layer, name, x))
        return false;
    if (vn_shape_equal(vn_shape_of(x), shape))
        return true;
    vn__fail(VN_ERR_SHAPE, "%s: %s has shape %s, expected %s", layer, name,
             vn__describe(found, x), vn__shape_text(wanted, vn_dtype_of(x), shape));
    return false;
}

bool vn__expect_rank(const char *layer, const char *name, const vn_array *x, int rank)
{
    char found[VN__SHAPE_TEXT];
    if (!vn__expect_array(layer, name, x))
        return false;
    if (vn_rank(x) == rank)
        return true;
    vn__fail(VN_ERR_SHAPE, "%s: %s has shape %s, expected %d %s", layer, name,
             vn__describe(found, x), rank, rank == 1 ? "axis" : "axes");
    return false;
}

bool vn__expect_flag(bool *flag, const char *layer, const char *name, const vn_tree *leaf)
{
    char text[VN__SHAPE_TEXT];
    const vn_kind kind = vn_kind_of(leaf);
    const bool fits = vn__as_array(leaf) ? vn_size(leaf) == 1 && !vn_is_traced(leaf) &&
                                               vn__is_alive(layer, leaf)
                                         : kind == VN_KIND_BOOL || kind == VN_KIND_INT;
    if (fits)
        *flag = vn_item_bool(leaf);
    else
        vn__fail(VN_ERR_ARGUMENT, "%s: %s is %s, expected a bool", layer, name,
                 vn__describe(text, leaf));
    return fits;
}

bool vn__expect_size(const char *layer, const char *name, int64_t value, int64_t min)
{
    if (value >= min && value <= INT32_MAX)
        return true;
    if (value > INT32_MAX) {
        vn__fail(VN_ERR_LIMIT, "%s: %s is %lld, at most %d", layer, name, (long long)value,
                 INT32_MAX);
        return false;
    }
    vn__fail(VN_ERR_ARGUMENT, "%s: %s is %lld, expected %lld or more", layer, name,
             (long long)value, (long long)min);
    return false;
}

bool vn__expect_inexact(const char *layer, vn_dtype *dtype)
{
    return vn_dtype_is_complex(*dtype) || vn__expect_float(layer, dtype);
}

bool vn__expect_float(const char *layer, vn_dtype *dtype)
{
    if (*dtype == VN_DTYPE_DEFAULT)
        *dtype = vn_default_dtype();
    if (vn_dtype_is_inexact(*dtype) && !vn_dtype_is_complex(*dtype))
        return true;
    vn__fail(VN_ERR_DTYPE, "%s: dtype %s, expected a float dtype", layer,
             vn_dtype_name(*dtype));
    return false;
}

bool vn__expect_key(const char *layer, const vn_array *key)
{
    if (!key)
        vn__fail(VN_ERR_NULL_ARGUMENT, "%s: the key is NULL", layer);
    return key && vn__expect_shape(layer, "key", key, VN_SHAPE(2));
}

bool vn__expect_dims(const char *layer, vn_shape shape)
{
    if (shape.rank < 0 || shape.rank > VN_MAX_RANK) {
        vn__fail(VN_ERR_LIMIT, "%s: shape has rank %d, expected 0 to %d", layer,
                 (int)shape.rank, VN_MAX_RANK);
        return false;
    }
    for (int i = 0; i < shape.rank; i++)
        if (!vn__expect_size(layer, "a dimension of shape", shape.dim[i], 0))
            return false;
    return true;
}

bool vn__expect_between(const char *layer, const char *name, double value, double lo, double hi)
{
    if (value >= lo && value <= hi)
        return true;
    vn__fail(VN_ERR_ARGUMENT, "%s: %s is %g, expected %g to %g", layer, name, value, lo, hi);
    return false;
}

bool vn__expect_positive(const char *layer, const char *name, double *value, double otherwise)
{
    if (*value == 0)
        *value = otherwise;
    if (*value > 0 && isfinite(*value))
        return true;
    vn__fail(VN_ERR_ARGUMENT, "%s: %s is %g, expected more than 0", layer, name, *value);
    return false;
}

bool vn__expect_option(const char *layer, const char *name, double *value, double otherwise)
{
    if (!isfinite(*value)) {
        vn__fail(VN_ERR_ARGUMENT, "%s: %s is %g, expected a finite number", layer, name,
                 *value);
        return false;
    }
    *value = *value == 0 ? otherwise : *value < 0 ? 0 : *value;
    return true;
}

vn_array *vn__init_uniform(vn_array *keys, int i, vn_shape shape, vn_dtype dtype, double limit)
{
    vn_array *const key = vn_subkey(keys, i);
    if (!vn_dtype_is_complex(dtype))
        return vn_uniform(key, shape, dtype, -limit, limit);
    vn_array *const two = vn_split(key, 2);
    return vn_complex(vn__init_uniform(two, 0, shape, vn_dtype_real(dtype), limit),
                      vn__init_uniform(two, 1, shape, vn_dtype_real(dtype), limit));
}

bool vn__per_axis(vn_shape *full, const char *layer, const char *name, vn_shape given, int n,
                  int64_t otherwise, int64_t min)
{
    if (given.rank != 0 && given.rank != 1 && given.rank != n) {
        vn__fail(VN_ERR_ARGUMENT, "%s: %s has %d entries, expected 1 or %d", layer, name,
                 (int)given.rank, n);
        return false;
    }
    *full = (vn_shape){ .rank = n };
    for (int i = 0; i < n; i++) {
        const int64_t value = given.rank == 0 ? otherwise : given.dim[given.rank == 1 ? 0 : i];
        char entry[64];
        snprintf(entry, sizeof entry, "%s[%d]", name, i);
        if (!vn__expect_size(layer, entry, value, min))
            return false;
        full->dim[i] = value;
    }
    return true;
}
