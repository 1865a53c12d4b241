/* SPDX-License-Identifier: MIT
 * The specification of the sum over lanes of outer products. */
#include "kernels/portable/product.h"

int64_t VN_FN(lane_gemm_scratch)(int64_t m, int64_t n, int64_t lanes, int64_t panels)
{
    (void)m, (void)n, (void)lanes, (void)panels;
    return 0;
}

void VN_FN(lane_gemm)(void *c, int64_t ldc, const void *y, int64_t y_panel, int64_t y_row,
                      const void *x, int64_t x_panel, int64_t x_row, int64_t m, int64_t n,
                      int64_t lanes, int64_t panels, bool fresh, void *scratch)
{
    (void)scratch;
    for (int64_t i = 0; i < m; i++) {
        real *const row = (real *)c + i * ldc;
        if (fresh)
            set(row, 0, n);
        for (int64_t j = 0; j < n; j++)
            for (int64_t p = 0; p < panels; p++)
                row[j] += lane_dot((const real *)y + p * y_panel + i * y_row,
                                   (const real *)x + p * x_panel + j * x_row, lanes);
    }
}
