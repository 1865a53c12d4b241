/* SPDX-License-Identifier: MIT */
/* matmul, dot, outer: written with dot_general.
 *
 *   matmul  out[.., i, j] = sum over k of a[.., i, k] b[.., k, j]; a vector lacks its i or j;
 *           leading axes broadcast (NumPy)
 *   dot     sum of a_i b_i over all elements
 *   outer   out[i, j] = a_i b_j */
#include "core/ops/ops_common.h"

static vn_array *disagree(const char *what, const vn_array *a, const vn_array *b)
{
    char text_a[VN__SHAPE_TEXT], text_b[VN__SHAPE_TEXT];
    return vn_error(VN_ERR_SHAPE, "%s: %s and %s", what,
                    vn__shape_text(text_a, vn_dtype_of(a), vn_shape_of(a)),
                    vn__shape_text(text_b, vn_dtype_of(b), vn_shape_of(b)));
}

/* The leading axes of both, broadcast; false if they do not. */
static bool broadcast_leading(vn_shape *out, vn_shape a, vn_shape b)
{
    const int n_a = a.rank - 2, n_b = b.rank - 2, n = n_a > n_b ? n_a : n_b;
    *out = (vn_shape){ .rank = n };
    for (int i = 0; i < n; i++) {
        const int64_t x = i < n - n_a ? 1 : a.dim[i - (n - n_a)];
        const int64_t y = i < n - n_b ? 1 : b.dim[i - (n - n_b)];
        if (x != y && x != 1 && y != 1)
            return false;
        out->dim[i] = x == 1 ? y : x;
    }
    return true;
}

static vn_array *with_leading(vn_array *x, const vn_shape *leading)
{
    const vn_shape s = vn_shape_of(x);
    vn_shape full = *leading;
    full.dim[full.rank++] = s.dim[s.rank - 2];
    full.dim[full.rank++] = s.dim[s.rank - 1];
    return vn_shape_equal(s, full) ? x : vn_broadcast_to(x, full);
}

/* Both have leading axes: they become batch axes. */
static vn_array *matmul_batched(vn_array *a, vn_array *b)
{
    vn_shape leading;
    if (!broadcast_leading(&leading, vn_shape_of(a), vn_shape_of(b)))
        return disagree("matmul: leading axes do not broadcast", a, b);
    const int n = leading.rank;
    vn_dot_dims dims = { .contract_a = VN_AXES(n + 1), .contract_b = VN_AXES(n) };
    for (int i = 0; i < n; i++) {
        dims.batch_a.axis[dims.batch_a.count++] = i;
        dims.batch_b.axis[dims.batch_b.count++] = i;
    }
    a = with_leading(a, &leading);
    b = with_leading(b, &leading);
    return a && b ? vn_dot_general(a, b, &dims) : NULL;
}

vn_array *vn_matmul(vn_array *a, vn_array *b)
{
    vn__named_begin("matmul");
    a = vn__as_operand("matmul", a);
    b = vn__as_operand("matmul", b);
    if (!a || !b)
        return vn__named_end(NULL);
    const int rank_a = vn_rank(a), rank_b = vn_rank(b);
    if (rank_a < 1 || rank_b < 1)
        return vn__named_end(disagree("matmul: a scalar operand", a, b));
    const int inner = rank_b == 1 ? 0 : rank_b - 2;
    if (vn_dim(a, -1) != vn_dim(b, inner))
        return vn__named_end(disagree("matmul: inner sizes differ", a, b));
    if (rank_a > 2 && rank_b > 2)
        return vn__named_end(matmul_batched(a, b));
    vn_array *const out = vn_dot_general(
        a, b,
        &(vn_dot_dims){ .contract_a = VN_AXES(rank_a - 1), .contract_b = VN_AXES(inner) });
    return vn__named_end(rank_a == 2 && rank_b > 2 ? vn_moveaxis(out, 0, -2) : out);
}

vn_array *vn_dot(vn_array *a, vn_array *b)
{
    vn__named_begin("dot");
    a = vn__as_operand("dot", a);
    b = vn__as_operand("dot", b);
    if (!a || !b)
        return vn__named_end(NULL);
    if (!vn_shape_equal(vn_shape_of(a), vn_shape_of(b)))
        return vn__named_end(disagree("dot: shapes differ", a, b));
    vn_dot_dims dims = { .contract_a.count = vn_rank(a), .contract_b.count = vn_rank(b) };
    for (int i = 0; i < vn_rank(a); i++)
        dims.contract_a.axis[i] = dims.contract_b.axis[i] = i;
    return vn__named_end(vn_dot_general(a, b, &dims));
}

vn_array *vn_outer(vn_array *a, vn_array *b)
{
    vn__named_begin("outer");
    a = vn__as_operand("outer", a);
    b = vn__as_operand("outer", b);
    if (!a || !b)
        return vn__named_end(NULL);
    if (vn_rank(a) != 1 || vn_rank(b) != 1)
        return vn__named_end(disagree("outer: expected two vectors", a, b));
    return vn__named_end(vn_dot_general(a, b, &(vn_dot_dims){ 0 }));
}
