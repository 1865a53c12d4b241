/* SPDX-License-Identifier: MIT */
/* qr: A [.., m, n] = Q R with orthonormal columns of Q [.., m, k] and R [.., k, n] upper
 * triangular, k = min(m, n), by Householder reflections (signs as LAPACK's: R_jj = -sign(a_jj)
 * |a_j|). It has no derivative. */
#include <math.h>
#include <string.h>

#include "core/ops/linalg.h"

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    const vn_shape a = in[0].shape;
    char text[VN__SHAPE_TEXT];
    VN_TRY(vn__check_dtype("qr", in[0].dtype, VN__REALS));
    if (a.rank < 2)
        return vn__fail(VN_ERR_SHAPE, "qr: %s is not a matrix",
                        vn__shape_text(text, in[0].dtype, a));
    const int64_t m = a.dim[a.rank - 2], n = a.dim[a.rank - 1], k = m < n ? m : n;
    out[0] = out[1] = in[0];
    out[0].shape.dim[a.rank - 1] = k;
    out[1].shape.dim[a.rank - 2] = k;
    return VN_ERR_OK;
}

/* x[i][c] of columns from .. n-1 minus 2 v v^T x, v the reflector of column j, rows j .. m-1,
 * with |v|^2 = 2. */
static void reflect(double *x, int64_t ld, const double *v, int64_t j, int64_t m, int64_t from,
                    int64_t n)
{
    for (int64_t c = from; c < n; c++) {
        double dot = 0;
        for (int64_t i = j; i < m; i++)
            dot += v[i] * x[i * ld + c];
        for (int64_t i = j; i < m; i++)
            x[i * ld + c] -= dot * v[i];
    }
}

/* The reflector that takes column j of a to a multiple of e_j; zero if it is there already. */
static void reflector(double *v, const double *a, int64_t j, int64_t m, int64_t n)
{
    double norm = 0;
    for (int64_t i = j; i < m; i++)
        norm = hypot(norm, a[i * n + j]);
    memset(v, 0, (size_t)m * sizeof *v);
    if (norm == 0 || j == m - 1)
        return;
    double square = 0;
    for (int64_t i = j; i < m; i++) {
        v[i] = a[i * n + j] / norm + (i == j ? copysign(1.0, a[j * n + j]) : 0.0);
        square += v[i] * v[i];
    }
    for (int64_t i = j; i < m; i++)
        v[i] *= sqrt(2 / square);
}

/* a [m,n] becomes R in its upper triangle; q [m,k]; v [k][m] for the reflectors. */
static void factor(double *q, double *a, double *v, int64_t m, int64_t n)
{
    const int64_t k = m < n ? m : n;
    for (int64_t j = 0; j < k; j++) {
        reflector(v + j * m, a, j, m, n);
        reflect(a, n, v + j * m, j, m, j, n);
    }
    memset(q, 0, (size_t)(m * k) * sizeof *q);
    for (int64_t i = 0; i < k; i++)
        q[i * k + i] = 1;
    for (int64_t j = k - 1; j >= 0; j--)
        reflect(q, k, v + j * m, j, m, j, k);
}

static void eval(const vn_eval *e)
{
    const vn_dtype dtype = e->in_aval[0].dtype;
    const vn_shape s = e->in_aval[0].shape;
    const int64_t m = s.dim[s.rank - 2], n = s.dim[s.rank - 1], k = m < n ? m : n;
    const int64_t size = (int64_t)vn_dtype_size(dtype);
    double *const a = e->scratch, *const q = a + m * n, *const v = q + m * k;
    for (int64_t b = 0, count = vn__span(s, 0, s.rank - 2); b < count; b++) {
        vn__load_doubles(a, (const char *)e->in[0] + b * m * n * size, dtype, m * n);
        factor(q, a, v, m, n);
        for (int64_t i = 0; i < k; i++)
            for (int64_t j = 0; j < i; j++)
                a[i * n + j] = 0;
        vn__store_doubles((char *)e->out[0] + b * m * k * size, q, dtype, m * k);
        vn__store_doubles((char *)e->out[1] + b * k * n * size, a, dtype, k * n);
    }
}

static size_t scratch(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                      int64_t lanes)
{
    (void)attr, (void)n_in, (void)mapped, (void)lanes;
    const vn_shape s = in[0].shape;
    const int64_t m = s.dim[s.rank - 2], n = s.dim[s.rank - 1];
    return (size_t)(3 * m * (m > n ? m : n) + 1) * sizeof(double);
}

const vn_op vn__op_qr = {
    .name = "qr",
    .n_in = 1,
    .n_out = 2,
    .shape = shape,
    .eval = eval,
    .scratch = scratch,
};

vn_tree *vn_qr(vn_array *a)
{
    vn_array *in[1], *out[2];
    vn_dtype result;
    if (vn__promote(in, &result, "qr", VN__REALS, 1, &a) != VN_ERR_OK ||
        vn_op_apply_n(out, &vn__op_qr, NULL, 1, in) != VN_ERR_OK)
        return NULL;
    return vn_tuple(vn_cast(out[0], result), vn_cast(out[1], result));
}
