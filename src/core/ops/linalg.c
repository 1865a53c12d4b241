/* SPDX-License-Identifier: MIT */
/* What the ops of linear algebra share. */
#include "core/ops/linalg.h"

#include "core/base/element.h"

void vn__load_doubles(double *to, const void *from, vn_dtype dtype, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = vn__load_f64(dtype, from, i);
}

void vn__store_doubles(void *to, const double *from, vn_dtype dtype, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        vn__store_f64(dtype, to, i, from[i]);
}

vn_status vn__system_shape(vn_aval *out, const char *op, const vn_aval in[2])
{
    const vn_shape a = in[0].shape, b = in[1].shape;
    VN_TRY(vn__check_dtype(op, in[0].dtype, VN__REALS));
    if (a.rank != 2 || a.dim[0] != a.dim[1] || b.rank < 1 || b.rank > 2 ||
        b.dim[0] != a.dim[0] || in[0].dtype != in[1].dtype) {
        char text[2][VN__SHAPE_TEXT];
        return vn__fail(VN_ERR_SHAPE, "%s: %s and %s, expected [n,n] and [n] or [n,k]", op,
                        vn__shape_text(text[0], in[0].dtype, a),
                        vn__shape_text(text[1], in[1].dtype, b));
    }
    *out = in[1];
    return VN_ERR_OK;
}

int64_t vn__system_columns(vn_shape b) { return b.rank == 1 ? 1 : b.dim[1]; }

size_t vn__system_scratch(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                          int64_t lanes)
{
    (void)attr, (void)n_in, (void)mapped, (void)lanes;
    return (size_t)(vn_shape_size(in[0].shape) + vn_shape_size(in[1].shape)) * sizeof(double);
}

vn_array *vn__product_transposed(vn_array *a, vn_array *b)
{
    if (vn_rank(a) == 1)
        return vn_outer(a, b);
    return vn_dot_general(a, b,
                          &(vn_dot_dims){ .contract_a = VN_AXES(1), .contract_b = VN_AXES(1) });
}

vn_array *vn__system_apply(const vn_op *op, const void *attr, vn_array *a, vn_array *b)
{
    return vn__apply(op, attr, VN__REALS, 2, (vn_array *[]){ a, b });
}
