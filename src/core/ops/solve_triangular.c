/* SPDX-License-Identifier: MIT */
/* solve_triangular: x with T x = b (or T^T x = b), T the lower or upper triangle of a; b [n] or
 * [n,k].
 *
 *   T x = b:    dx = T^-1 (db - dT x)     gb = T^-T g   gT = -(gb x^T), its triangle
 *   T^T x = b:  dx = T^-T (db - dT^T x)   gb = T^-1 g   gT = -(x gb^T), its triangle */
#include "core/ops/linalg.h"

typedef struct attributes {
    int64_t lower, transpose;
} attributes;

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    return vn__system_shape(out, "solve_triangular", in);
}

static void eval(const vn_eval *e)
{
    const attributes *const at = e->attr;
    const vn_dtype dtype = e->in_aval[0].dtype;
    const int64_t n = e->in_aval[0].shape.dim[0], k = vn__system_columns(e->in_aval[1].shape);
    const int64_t row = at->transpose ? 1 : n, col = at->transpose ? n : 1;
    const bool forward = (at->lower != 0) != (at->transpose != 0);
    double *const a = e->scratch, *const b = a + n * n;
    vn__load_doubles(a, e->in[0], dtype, n * n);
    vn__load_doubles(b, e->in[1], dtype, n * k);
    for (int64_t step = 0; step < n; step++) {
        const int64_t i = forward ? step : n - 1 - step;
        for (int64_t done = 0; done < step; done++) {
            const int64_t j = forward ? done : n - 1 - done;
            for (int64_t c = 0; c < k; c++)
                b[i * k + c] -= a[i * row + j * col] * b[j * k + c];
        }
        for (int64_t c = 0; c < k; c++)
            b[i * k + c] /= a[i * row + i * col];
    }
    vn__store_doubles(e->out[0], b, dtype, n * k);
}

static vn_array *triangle(vn_array *x, const attributes *at)
{
    return at->lower ? vn_tril(x, 0) : vn_triu(x, 0);
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const attributes *const at = node->attr;
    vn_array *const x = node->out[0];
    vn_array *const gb = vn_solve_triangular(node->in[0], g[0], at->lower, !at->transpose);
    if (node->need[0])
        din[0] = vn_neg(triangle(
            at->transpose ? vn__product_transposed(x, gb) : vn__product_transposed(gb, x), at));
    if (node->need[1])
        din[1] = gb;
}

static void jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    const attributes *const at = node->attr;
    vn_array *right = din[1];
    if (din[0]) {
        vn_array *const t = triangle(din[0], at);
        vn_array *const change =
            vn_matmul(at->transpose ? vn_swapaxes(t, 0, 1) : t, node->out[0]);
        right = right ? vn_sub(right, change) : vn_neg(change);
    }
    dout[0] = vn_solve_triangular(node->in[0], right, at->lower, at->transpose);
}

const vn_op vn__op_solve_triangular = {
    .name = "solve_triangular",
    .n_in = 2,
    .attr_size = sizeof(attributes),
    .shape = shape,
    .eval = eval,
    .scratch = vn__system_scratch,
    .vjp = vjp,
    .jvp = jvp,
};

vn_array *vn_solve_triangular(vn_array *a, vn_array *b, bool lower, bool transpose)
{
    return vn__system_apply(&vn__op_solve_triangular, &(attributes){ lower, transpose }, a, b);
}
