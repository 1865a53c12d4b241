/* SPDX-License-Identifier: MIT
 * The specification of packed products: a packed matrix is a plain copy [m][k]. */
#include "kernels/portable/product.h"

int64_t VN_FN(pack_size)(int64_t m, int64_t k)
{
    return m * k * (int64_t)sizeof(real);
}

void VN_FN(pack)(void *packed, const void *a, int64_t a_row, int64_t a_tap, int64_t a_channel,
                 int64_t m, int64_t taps, int64_t channels)
{
    real *p = packed;
    for (int64_t i = 0; i < m; i++)
        for (int64_t t = 0; t < taps; t++)
            for (int64_t c = 0; c < channels; c++)
                *p++ = ((const real *)a)[i * a_row + t * a_tap + c * a_channel];
}

void VN_FN(gemm_lying)(void *c, int64_t ldc, const void *a, int64_t lda, const void *b,
                       int64_t ldb, int64_t m, int64_t n, int64_t k,
                       const vn__epilogue *epilogue)
{
    for (int64_t i = 0; i < m; i++) {
        real *row = (real *)c + i * ldc;
        begin_row(row, i, n, epilogue);
        for (int64_t t = 0; t < k; t++)
            add_scaled(row, ((const real *)a)[i * lda + t], (const real *)b + t * ldb, n);
        end_row(row, mask_row(epilogue, i, ldc), n, epilogue);
    }
}

void VN_FN(gemm_packed)(void *c, int64_t ldc, const void *packed, const void *b, int64_t ldb,
                        int64_t m, int64_t n, int64_t k, const vn__epilogue *epilogue)
{
    VN_FN(gemm_lying)(c, ldc, packed, k, b, ldb, m, n, k, epilogue);
}
