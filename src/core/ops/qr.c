/* SPDX-License-Identifier: MIT */
/* qr: A [.., m, n] = Q R with orthonormal columns of Q [.., m, k] and R [.., k, n] upper
 * triangular, k = min(m, n), by Householder reflections; signs are LAPACK's, R_jj = -sign(a_jj)
 * |a_j|. For one matrix with m >= n, with L(X) the strict lower triangle of X:
 *
 *   dQ = Q (W - Q^T Z) + Z,  dR = (Q^T Z - W) R,   Z = dA R^-1,  W = L(Q^T Z) - L(Q^T Z)^T
 *   gA = (gQ + Q S) R^-T,  S = L(M) + L(M)^T + diag(M),  M = R gR^T - gQ^T Q
 *
 * Source: Walter, Lehmann, Algorithmic differentiation of linear algebra functions with
 * application in optimum experimental design, arXiv:1001.1654. */
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
    for (int64_t j = k; j-- > 0;)
        reflect(q, k, v + j * m, j, m, j, k);
}

static void eval(const vn_eval *e)
{
    const vn_dtype dtype = e->in_aval[0].dtype;
    const vn_shape s = e->in_aval[0].shape;
    const int64_t m = s.dim[s.rank - 2], n = s.dim[s.rank - 1], k = m < n ? m : n;
    const int64_t size = (int64_t)vn_dtype_size(dtype);
    double *const a = e->scratch, *const q = a + m * n, *const v = q + m * k;
    if (m == 0 || n == 0)
        return; /* both factors are empty, however many there are */
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
    size_t bytes = 3 * sizeof(double);
    if (__builtin_mul_overflow(bytes, m, &bytes) ||
        __builtin_mul_overflow(bytes, m > n ? m : n, &bytes) || bytes > SIZE_MAX / 4)
        return SIZE_MAX / 4; /* no machine has it */
    return bytes + sizeof(double);
}

static vn_array *transposed(vn_array *x) { return vn_swapaxes(x, 0, 1); }

/* X R^-1 = (R^-T X^T)^T, or X R^-T = (R^-1 X^T)^T. */
static vn_array *times_inverse(vn_array *x, vn_array *r, bool transpose)
{
    return transposed(vn_solve_triangular(r, transposed(x), false, !transpose));
}

static bool differentiable(const vn_node *node)
{
    const vn_shape a = vn_shape_of(node->in[0]);
    char text[VN__SHAPE_TEXT];
    if (a.rank == 2 && a.dim[0] >= a.dim[1])
        return true;
    vn__fail(VN_ERR_DERIVATIVE, "qr: no derivative for %s, only for one matrix [m,n], m >= n",
             vn__shape_text(text, vn_dtype_of(node->in[0]), a));
    return false;
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    vn_array *const q = node->out[0], *const r = node->out[1];
    if (!differentiable(node))
        return;
    vn_array *const gq = g[0] ? g[0] : vn_zeros_like(q), *const gr =
                                                             g[1] ? g[1] : vn_zeros_like(r);
    vn_array *const m = vn_sub(vn_matmul(r, transposed(gr)), vn_matmul(transposed(gq), q));
    vn_array *const s = vn_add(vn_tril(m, 0), transposed(vn_tril(m, -1)));
    din[0] = times_inverse(vn_add(gq, vn_matmul(q, s)), r, true);
}

static void jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    vn_array *const q = node->out[0], *const r = node->out[1];
    if (!differentiable(node))
        return;
    vn_array *const z = times_inverse(din[0], r, false);
    vn_array *const qz = vn_matmul(transposed(q), z), *const lower = vn_tril(qz, -1);
    vn_array *const rest = vn_sub(qz, vn_sub(lower, transposed(lower)));
    dout[0] = vn_sub(z, vn_matmul(q, rest));
    dout[1] = vn_matmul(rest, r);
}

const vn_op vn__op_qr = {
    .name = "qr",
    .n_in = 1,
    .n_out = 2,
    .shape = shape,
    .eval = eval,
    .scratch = scratch,
    .vjp = vjp,
    .jvp = jvp,
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
