/* SPDX-License-Identifier: MIT */
/* Matrix products by oneDNN's sgemm, which is row-major as we are. */
#include "kernels/onednn/api.h"

/* A matrix with one of its strides 1: as it is ('N') or transposed ('T'). */
static bool side(char *transposed, int64_t *ld, int64_t row, int64_t col, int64_t rows,
                 int64_t cols)
{
    const bool plain = col == 1 && row >= cols;
    *transposed = plain ? 'N' : 'T';
    *ld = plain ? row : col;
    return plain || (row == 1 && col >= rows);
}

bool vn__onednn_gemm(float *c, int64_t ldc, const float *a, int64_t a_row, int64_t a_col,
                     const float *b, int64_t b_row, int64_t b_col, int64_t m, int64_t n,
                     int64_t k)
{
    char a_side, b_side;
    int64_t lda, ldb;
    const vn__dnnl *const d = vn__dnnl_get();
    if (!d || !side(&a_side, &lda, a_row, a_col, m, k) ||
        !side(&b_side, &ldb, b_row, b_col, k, n))
        return false;
    const int before = vn__dnnl_enter(d);
    const dnnl_status_t status =
        d->sgemm(a_side, b_side, m, n, k, 1.0f, a, lda, b, ldb, 0.0f, c, ldc);
    vn__dnnl_leave(d, before);
    return status == dnnl_success;
}
