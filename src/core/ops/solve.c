/* SPDX-License-Identifier: MIT */
/* solve: x with A x = b, by an LU factorisation with partial pivoting; b [n] or [n,k].
 *
 *   dx = A^-1 (db - dA x)     gb = A^-T g     gA = -gb x^T */
#include <math.h>

#include "core/ops/linalg.h"

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    return vn__system_shape(out, "solve", in);
}

static void swap_rows(double *x, int64_t a, int64_t b, int64_t n)
{
    for (int64_t j = 0; a != b && j < n; j++) {
        const double t = x[a * n + j];
        x[a * n + j] = x[b * n + j];
        x[b * n + j] = t;
    }
}

/* Row i -= factor row j, from column `from` on. */
static void subtract_row(double *x, int64_t i, int64_t j, double factor, int64_t from,
                         int64_t n)
{
    for (int64_t c = from; c < n; c++)
        x[i * n + c] -= factor * x[j * n + c];
}

/* Gaussian elimination of a [n,n] beside b [n,k], then back substitution: b becomes x. */
static void eliminate(double *a, double *b, int64_t n, int64_t k)
{
    for (int64_t j = 0; j < n; j++) {
        int64_t pivot = j;
        for (int64_t i = j + 1; i < n; i++)
            if (fabs(a[i * n + j]) > fabs(a[pivot * n + j]))
                pivot = i;
        swap_rows(a, j, pivot, n);
        swap_rows(b, j, pivot, k);
        for (int64_t i = j + 1; i < n; i++) {
            const double factor = a[i * n + j] / a[j * n + j];
            subtract_row(a, i, j, factor, j, n);
            subtract_row(b, i, j, factor, 0, k);
        }
    }
    for (int64_t j = n - 1; j >= 0; j--) {
        for (int64_t c = 0; c < k; c++)
            b[j * k + c] /= a[j * n + j];
        for (int64_t i = 0; i < j; i++)
            subtract_row(b, i, j, a[i * n + j], 0, k);
    }
}

static void eval(const vn_eval *e)
{
    const vn_dtype dtype = e->in_aval[0].dtype;
    const int64_t n = e->in_aval[0].shape.dim[0], k = vn__system_columns(e->in_aval[1].shape);
    double *const a = e->scratch, *const b = a + n * n;
    vn__load_doubles(a, e->in[0], dtype, n * n);
    vn__load_doubles(b, e->in[1], dtype, n * k);
    eliminate(a, b, n, k);
    vn__store_doubles(e->out[0], b, dtype, n * k);
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    vn_array *const gb = vn_solve(vn_swapaxes(node->in[0], 0, 1), g[0]);
    if (node->need[0])
        din[0] = vn_neg(vn__product_transposed(gb, node->out[0]));
    if (node->need[1])
        din[1] = gb;
}

static void jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    vn_array *const change = din[0] ? vn_neg(vn_matmul(din[0], node->out[0])) : NULL;
    vn_array *const right = !change ? din[1] : din[1] ? vn_add(din[1], change) : change;
    dout[0] = vn_solve(node->in[0], right);
}

const vn_op vn__op_solve = {
    .name = "solve",
    .n_in = 2,
    .shape = shape,
    .eval = eval,
    .scratch = vn__system_scratch,
    .vjp = vjp,
    .jvp = jvp,
};

vn_array *vn_solve(vn_array *a, vn_array *b)
{
    return vn__system_apply(&vn__op_solve, NULL, a, b);
}
