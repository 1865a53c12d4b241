/* SPDX-License-Identifier: MIT */
/* cholesky: the lower L with L L^T = (A + A^T) / 2; NaN if that is not positive definite.
 *
 * With Phi(X) the lower triangle of X, its diagonal halved,
 *   dL = L Phi(L^-1 dA L^-T)
 *   gA = the symmetric part of L^-T Phi(L^T g) L^-1
 * Source: Murray, Differentiation of the Cholesky decomposition, arXiv:1602.07527. */
#include <math.h>

#include "core/ops/linalg.h"

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    const vn_shape a = in[0].shape;
    char text[VN__SHAPE_TEXT];
    VN_TRY(vn__check_dtype("cholesky", in[0].dtype, VN__REALS));
    if (a.rank != 2 || a.dim[0] != a.dim[1])
        return vn__fail(VN_ERR_SHAPE, "cholesky: %s is not a square matrix",
                        vn__shape_text(text, in[0].dtype, a));
    out[0] = in[0];
    return VN_ERR_OK;
}

/* In place on the lower triangle; false if a pivot is not positive. */
static bool factor(double *l, int64_t n)
{
    for (int64_t j = 0; j < n; j++) {
        double pivot = l[j * n + j];
        for (int64_t k = 0; k < j; k++)
            pivot -= l[j * n + k] * l[j * n + k];
        if (!(pivot > 0))
            return false;
        l[j * n + j] = sqrt(pivot);
        for (int64_t i = j + 1; i < n; i++) {
            double sum = l[i * n + j];
            for (int64_t k = 0; k < j; k++)
                sum -= l[i * n + k] * l[j * n + k];
            l[i * n + j] = sum / l[j * n + j];
        }
    }
    return true;
}

static void eval(const vn_eval *e)
{
    const vn_dtype dtype = e->in_aval[0].dtype;
    const int64_t n = e->in_aval[0].shape.dim[0];
    double *const l = e->scratch;
    vn__load_doubles(l, e->in[0], dtype, n * n);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++) {
            l[i * n + j] = (l[i * n + j] + l[j * n + i]) / 2;
            l[j * n + i] = 0;
        }
    if (!factor(l, n))
        for (int64_t i = 0; i < n * n; i++)
            l[i] = NAN;
    vn__store_doubles(e->out[0], l, dtype, n * n);
}

static size_t scratch(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                      int64_t lanes)
{
    (void)attr, (void)n_in, (void)mapped, (void)lanes;
    return (size_t)vn_shape_size(in[0].shape) * sizeof(double);
}

static vn_array *transposed(vn_array *x) { return vn_swapaxes(x, 0, 1); }

static vn_array *symmetric_part(vn_array *x) { return vn_scale(0.5, vn_add(x, transposed(x))); }

static vn_array *phi(vn_array *x)
{
    vn_array *const half = vn_scale(0.5, vn_eye(vn_dtype_of(x), vn_dim(x, 0)));
    return vn_sub(vn_tril(x, 0), vn_mul(half, x));
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    vn_array *const l = node->out[0];
    vn_array *const p = phi(vn_matmul(transposed(l), g[0]));
    vn_array *const left = vn_solve_triangular(l, p, true, true);
    din[0] = symmetric_part(vn_solve_triangular(l, transposed(left), true, true));
}

static void jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    vn_array *const l = node->out[0];
    vn_array *const left = vn_solve_triangular(l, symmetric_part(din[0]), true, false);
    dout[0] = vn_matmul(l, phi(vn_solve_triangular(l, transposed(left), true, false)));
}

const vn_op vn__op_cholesky = {
    .name = "cholesky",
    .n_in = 1,
    .shape = shape,
    .eval = eval,
    .scratch = scratch,
    .vjp = vjp,
    .jvp = jvp,
};

vn_array *vn_cholesky(vn_array *a)
{
    return vn__apply(&vn__op_cholesky, NULL, VN__REALS, 1, &a);
}
