/* SPDX-License-Identifier: MIT */
/* cholesky, solve, solve_triangular, qr: by their defining equations. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "problem.h"

static void expect_equal(const char *what, vn_array *x, vn_array *y, double tolerance)
{
    cr_assert(x && y, "%s: %s", what, vn_error_message());
    cr_assert(vn_shape_equal(vn_shape_of(x), vn_shape_of(y)), "%s: shapes", what);
    double *const got = doubles_of(x), *const want = doubles_of(y);
    expect_close(what, got, want, vn_size(x), tolerance);
    free(got);
    free(want);
}

static vn_array *transposed(vn_array *x) { return vn_swapaxes(x, -1, -2); }

/* A A^T + I: positive definite. */
static vn_array *definite(vn_dtype dtype, int64_t n)
{
    vn_array *const a = random_array(dtype, VN_SHAPE(n, n));
    return vn_add(vn_matmul(a, transposed(a)), vn_eye(dtype, n));
}

Test(linalg, cholesky)
{
    for (int64_t n = 0; n < 9; n++)
        for (vn_dtype dtype = VN_F32; dtype <= VN_F64; dtype++) {
            vn_array *const a = definite(dtype, n), *const l = vn_cholesky(a);
            const double tolerance = dtype == VN_F32 ? 1e-5 : 1e-13;
            expect_equal("L L^T", vn_matmul(l, transposed(l)), a, tolerance);
            expect_equal("lower", vn_tril(l, 0), l, 0);
        }
    vn_array *const bad = vn_neg(vn_eye(VN_F64, 2));
    cr_assert(isnan(vn_item(vn_index(vn_index(vn_cholesky(bad), 0, 0), 0, 0))));
    cr_assert(!vn_cholesky(vn_ones(VN_F32, VN_SHAPE(2, 3))));
    cr_assert(strstr(vn_error_message(), "cholesky: f32[2,3] is not a square matrix"));
    vn_error_clear();
}

Test(linalg, solve)
{
    for (int64_t n = 1; n < 9; n++)
        for (int columns = 0; columns < 3; columns++) {
            vn_array *const a = vn_add(random_array(VN_F64, VN_SHAPE(n, n)), vn_eye(VN_F64, n));
            vn_array *const b =
                random_array(VN_F64, columns ? VN_SHAPE(n, columns) : VN_SHAPE(n));
            vn_array *const x = vn_solve(a, b);
            if (isfinite(vn_item(vn_sum(x))) && vn_item(vn_max(vn_abs(x))) < 1e3)
                expect_equal("A x", vn_matmul(a, x), b, 1e-10);
        }
    /* needs a row exchange */
    vn_array *const swap = vn_array_from(VN_F64, VN_SHAPE(2, 2), (double[]){ 0, 1, 1, 0 });
    vn_array *const b = vn_array_from(VN_F64, VN_SHAPE(2), (double[]){ 3, 4 });
    expect_equal("pivot", vn_solve(swap, b),
                 vn_array_from(VN_F64, VN_SHAPE(2), (double[]){ 4, 3 }), 0);
    cr_assert(!vn_solve(swap, vn_ones(VN_F64, VN_SHAPE(3))));
    cr_assert(strstr(vn_error_message(), "solve: f64[2,2] and f64[3], expected [n,n]"));
    vn_error_clear();
}

Test(linalg, solve_triangular)
{
    for (int64_t n = 1; n < 7; n++)
        for (int code = 0; code < 4; code++) {
            const bool lower = code & 1, transpose = code >> 1;
            vn_array *const a =
                vn_add(random_array(VN_F64, VN_SHAPE(n, n)), vn_scale(2, vn_eye(VN_F64, n)));
            vn_array *const t = lower ? vn_tril(a, 0) : vn_triu(a, 0);
            vn_array *const b = random_array(VN_F64, VN_SHAPE(n, 2));
            vn_array *const x = vn_solve_triangular(a, b, lower, transpose);
            expect_equal("T x", vn_matmul(transpose ? transposed(t) : t, x), b, 1e-11);
        }
}

Test(linalg, qr)
{
    const vn_shape shapes[] = { VN_SHAPE(4, 4), VN_SHAPE(6, 3), VN_SHAPE(3, 6),
                                VN_SHAPE(1, 1), VN_SHAPE(5, 1), VN_SHAPE(2, 3, 2),
                                VN_SHAPE(0, 3) };
    for (int i = 0; i < 7; i++)
        for (int zero = 0; zero < 2; zero++) {
            vn_array *const a =
                zero ? vn_zeros(VN_F64, shapes[i]) : random_array(VN_F64, shapes[i]);
            vn_tree *const qr = vn_qr(a);
            vn_array *const q = vn_at(qr, 0), *const r = vn_at(qr, 1);
            expect_equal("Q R", vn_matmul(q, r), a, 1e-13);
            vn_array *const eye = vn_eye(VN_F64, vn_dim(q, -1));
            vn_array *const product = vn_matmul(transposed(q), q);
            expect_equal("Q^T Q", product, vn_broadcast_to(eye, vn_shape_of(product)), 1e-13);
            expect_equal("upper", vn_triu(r, 0), r, 0);
        }
    /* as LAPACK: R_11 = -sign(a_11) |a_1| */
    vn_array *const a = vn_array_from(VN_F64, VN_SHAPE(2, 1), (double[]){ 3, 4 });
    cr_assert_float_eq(vn_item(vn_at(vn_qr(a), 1)), -5, 1e-14);
}
