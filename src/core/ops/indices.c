/* SPDX-License-Identifier: MIT */
/* Operands of ops that index by values. */
#include "core/ops/indices.h"

vn_array *vn__index_operand(const char *who, vn_array *index)
{
    vn_array *const i = vn__as_operand(who, index);
    if (!i || vn__check_dtype(who, vn_dtype_of(i), VN__INTEGERS) != VN_ERR_OK)
        return NULL;
    const vn_dtype dtype = vn_dtype_of(i);
    const bool wide = dtype == VN_I64 || dtype == VN_U32 || dtype == VN_U64;
    return vn_cast(i, wide ? VN_I64 : VN_I32);
}

vn_status vn__scatter_operands(vn_array *out[3], const char *who, vn_array *x, vn_array *index,
                               vn_array *update)
{
    out[0] = vn__as_operand(who, x);
    out[1] = vn__index_operand(who, index);
    out[2] = vn__as_operand(who, update);
    if (!out[0] || !out[1] || !out[2])
        return vn_error_status();
    if (vn_rank(out[0]) == 0)
        return vn__fail(VN_ERR_SHAPE, "%s: a scalar has no axis to index", who);
    vn_shape shape = vn__shape_without(vn_shape_of(out[0]), 0);
    for (int i = 0; i < vn_rank(out[1]); i++)
        VN_TRY(vn__shape_insert(&shape, who, i, vn_dim(out[1], i)));
    out[2] = vn_broadcast_to(vn_cast(out[2], vn_dtype_of(out[0])), shape);
    return out[2] ? VN_ERR_OK : vn_error_status();
}

vn_status vn__check_index(const char *who, vn_dtype dtype)
{
    if (dtype == VN_I32 || dtype == VN_I64)
        return VN_ERR_OK;
    return vn__fail(VN_ERR_DTYPE, "%s: %s indices, expected i32 or i64", who,
                    vn_dtype_name(dtype));
}
