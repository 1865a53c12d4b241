/* SPDX-License-Identifier: MIT */
/* Operands of public functions: weakly typed leaves, promotion, halves computed in f32. */
#include "core/ops/ops_common.h"

int vn__dtype_kind(vn_dtype dtype)
{
    if (dtype == VN_BF16 || dtype == VN_F16)
        return VN__HALVES;
    if (vn_dtype_is_complex(dtype))
        return VN__COMPLEX;
    if (vn_dtype_is_inexact(dtype))
        return VN__REALS;
    if (vn_dtype_is_integer(dtype))
        return VN__INTEGERS;
    return dtype == VN_BOOL ? VN__BOOLS : 0;
}

static const char *kind_text(int accept, vn_dtype dtype)
{
    if (vn_dtype_is_complex(dtype) && accept & VN__REALS)
        return "real numbers";
    if (accept == VN__REALS)
        return "f32 or f64";
    if (accept == VN__COMPLEX)
        return "c64 or c128";
    if (accept == VN__INEXACT)
        return "f32, f64, c64 or c128";
    if (accept == VN__INTEGERS)
        return "an integer";
    if (accept == VN__BITS)
        return "bool or an integer";
    return accept & VN__BOOLS ? "another" : "a number";
}

vn_status vn__check_dtype(const char *who, vn_dtype dtype, int accept)
{
    if (vn__dtype_kind(dtype) & accept)
        return VN_ERR_OK;
    return vn__fail(VN_ERR_DTYPE, "%s: %s operand, expected %s", who, vn_dtype_name(dtype),
                    kind_text(accept, dtype));
}

/* ------------------------------------------------------------------ weakly typed leaves */

static vn_dtype default_integer(void) { return vn_default_dtype() == VN_F64 ? VN_I64 : VN_I32; }

vn_dtype vn__accumulator_dtype(vn_dtype dtype)
{
    const vn_dtype integer = default_integer();
    if (vn_dtype_is_inexact(dtype) || vn_dtype_size(dtype) >= vn_dtype_size(integer))
        return dtype;
    const bool is_unsigned = dtype == VN_U8 || dtype == VN_U16 || dtype == VN_U32;
    return !is_unsigned ? integer : integer == VN_I64 ? VN_U64 : VN_U32;
}

static bool is_number_leaf(const vn_tree *x)
{
    const vn_kind kind = vn_kind_of(x);
    return kind == VN_KIND_BOOL || kind == VN_KIND_INT || kind == VN_KIND_FLOAT;
}

/* The dtype of a leaf beside operands of dtype `with` (DEFAULT: beside none). */
static vn_dtype leaf_dtype(const vn_tree *leaf, vn_dtype with)
{
    const vn_kind kind = vn_kind_of(leaf);
    if (kind == VN_KIND_FLOAT)
        return vn_dtype_is_inexact(with) ? with : vn_default_dtype();
    if (kind == VN_KIND_INT)
        return with == VN_DTYPE_DEFAULT || with == VN_BOOL ? default_integer() : with;
    return with == VN_DTYPE_DEFAULT ? VN_BOOL : with;
}

static vn_array *leaf_array(vn_tree *leaf, vn_dtype dtype)
{
    const vn_kind kind = vn_kind_of(leaf);
    if (kind == VN_KIND_FLOAT)
        return vn_scalar(dtype, vn_float_value(leaf));
    if (kind == VN_KIND_BOOL)
        return vn_scalar(dtype, vn_bool_value(leaf) ? 1.0 : 0.0);
    const int64_t value = vn_int_value(leaf); /* may have more digits than a double */
    return vn_dtype_is_integer(dtype) ? vn_cast(vn_array_from(VN_I64, VN_SCALAR, &value), dtype)
                                      : vn_scalar(dtype, (double)value);
}

vn_array *vn__as_operand(const char *who, vn_array *x)
{
    if (!x) {
        vn__fail(VN_ERR_NULL_ARGUMENT, "%s: an operand is NULL", who);
        return NULL;
    }
    if (vn__as_array(x))
        return vn__is_alive(who, x) ? x : NULL;
    if (is_number_leaf(x))
        return leaf_array(x, leaf_dtype(x, VN_DTYPE_DEFAULT));
    vn__fail(VN_ERR_DTYPE, "%s: operand is a %s, expected an array", who, x->type->name);
    return NULL;
}

/* -------------------------------------------------------------------------- promotion */

static vn_status common_dtype(vn_dtype *dtype, const char *who, int n, vn_array *const in[])
{
    *dtype = VN_DTYPE_DEFAULT;
    for (int i = 0; i < n; i++) {
        const vn_dtype d = vn_dtype_of(in[i]);
        if (!vn__is_alive(who, in[i]))
            return vn_error_status();
        if (vn__as_array(in[i]))
            *dtype = *dtype ? vn_promote_types(*dtype, d) : d;
        else if (!in[i])
            return vn__fail(VN_ERR_NULL_ARGUMENT, "%s: operand %d is NULL", who, i);
        else if (!is_number_leaf(in[i]))
            return vn__fail(VN_ERR_DTYPE, "%s: operand %d is a %s, expected an array", who, i,
                            in[i]->type->name);
    }
    vn_dtype leaves = *dtype;
    for (int i = 0; i < n; i++)
        if (!vn__as_array(in[i])) {
            const vn_dtype d = leaf_dtype(in[i], *dtype);
            leaves = leaves ? vn_promote_types(leaves, d) : d;
        }
    *dtype = leaves;
    return VN_ERR_OK;
}

static vn_array *convert(vn_array *x, vn_dtype result, vn_dtype compute)
{
    return vn_cast(vn__as_array(x) ? x : leaf_array(x, result), compute);
}

vn_status vn__promote(vn_array *out[], vn_dtype *result, const char *who, int accept, int n,
                      vn_array *const in[])
{
    vn_dtype common;
    VN_TRY(common_dtype(&common, who, n, in));
    if (accept & VN__REALS && !(accept & VN__BITS) && vn__dtype_kind(common) & VN__BITS)
        common = vn_default_dtype();
    const bool half = vn__dtype_kind(common) == VN__HALVES && !(accept & VN__HALVES);
    const vn_dtype compute = half ? VN_F32 : common;
    VN_TRY(vn__check_dtype(who, compute, accept));
    for (int i = 0; i < n; i++) {
        out[i] = convert(in[i], common, compute);
        if (!out[i])
            return vn_error_status();
    }
    if (result)
        *result = common;
    return VN_ERR_OK;
}

vn_array *vn__apply(const vn_op *op, const void *attr, int accept, int n, vn_array *const in[])
{
    vn_array *operand[3] = { NULL };
    vn_dtype result = VN_F32;
    if (vn__promote(operand, &result, op->name, accept, n, in) != VN_ERR_OK)
        return NULL;
    vn_array *const out = vn_op_apply(op, attr, n, operand);
    return vn_dtype_of(out) == VN_F32 ? vn_cast(out, result) : out;
}
