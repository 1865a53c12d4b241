/* SPDX-License-Identifier: MIT
 * The specification of the general matrix product. */
#include "kernels/portable/product.h"

int64_t VN_FN(gemm_scratch)(int64_t m, int64_t n, int64_t k)
{
    (void)m, (void)n, (void)k;
    return 0;
}

void VN_FN(gemm)(void *c, int64_t ldc, const void *a, int64_t a_row, int64_t a_col,
                 const void *b, int64_t b_row, int64_t b_col, int64_t m, int64_t n, int64_t k,
                 bool accumulate, void *scratch)
{
    const vn__epilogue epilogue = { .accumulate = accumulate };
    (void)scratch;
    for (int64_t i = 0; i < m; i++) {
        real *row = (real *)c + i * ldc;
        begin_row(row, i, n, &epilogue);
        for (int64_t t = 0; t < k; t++) {
            const real v = ((const real *)a)[i * a_row + t * a_col];
            const real *r = (const real *)b + t * b_row;
            for (int64_t j = 0; j < n; j++)
                row[j] += v * r[j * b_col];
        }
    }
}

/* Packed: a plain copy [k][n]. */
int64_t VN_FN(pack_strips_size)(int64_t n, int64_t k)
{
    return n * k * (int64_t)sizeof(real);
}

void VN_FN(pack_strips)(void *strips, const void *b, int64_t b_row, int64_t b_col, int64_t n,
                        int64_t k, int64_t from, int64_t to)
{
    for (int64_t t = 0; t < k; t++)
        for (int64_t j = from; j < to; j++)
            ((real *)strips)[t * n + j] = ((const real *)b)[t * b_row + j * b_col];
}

void VN_FN(gemm_strips)(void *c, int64_t ldc, const void *a, int64_t a_row, int64_t a_col,
                        const void *strips, int64_t m, int64_t n, int64_t k, bool accumulate,
                        void *scratch)
{
    VN_FN(gemm)(c, ldc, a, a_row, a_col, strips, n, 1, m, n, k, accumulate, scratch);
}
