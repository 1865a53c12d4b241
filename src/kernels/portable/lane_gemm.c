/* SPDX-License-Identifier: MIT
 * The specification of the sum over lanes of outer products. */
#include "kernels/portable/product.h"

int64_t VN_FN(lane_gemm_scratch)(int64_t m, int64_t n, int64_t lanes, int64_t panels)
{
    (void)m, (void)n, (void)lanes, (void)panels;
    return 0;
}

static real sum(const vn__lane_rows *y, int64_t i, const vn__lane_rows *x, int64_t j,
                int64_t lanes, int64_t panels)
{
    real total = 0;
    for (int64_t p = 0; p < panels; p++) {
        const real *const a = (const real *)y->data + p * y->panel + i * y->row;
        const real *const b = (const real *)x->data + p * x->panel + j * x->row;
        for (int64_t l = 0; l < lanes; l++)
            total += a[l * y->lane] * b[l * x->lane];
    }
    return total;
}

void VN_FN(lane_gemm)(void *c, int64_t ldc, const vn__lane_rows *y, const vn__lane_rows *x,
                      int64_t m, int64_t n, int64_t lanes, int64_t panels, vn__onto onto,
                      void *scratch)
{
    (void)scratch;
    const real *const begin = onto.begin, scale = (real)onto.scale;
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            const real total = sum(y, i, x, j, lanes, panels);
            ((real *)c)[i * ldc + j] = begin ? begin[i * ldc + j] + scale * total : total;
        }
}
