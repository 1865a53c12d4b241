/* SPDX-License-Identifier: MIT
 * The specification of a matrix product in each lane. */
#include "kernels/portable/product.h"

void VN_FN(lane_matmul)(void *y, int64_t y_row, int64_t y_col, const void *a, int64_t a_row,
                        int64_t a_col, const void *b, int64_t b_row, int64_t b_col, int64_t m,
                        int64_t n, int64_t k, int64_t lanes, bool accumulate)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            real *out = (real *)y + i * y_row + j * y_col;
            if (!accumulate)
                set(out, 0, lanes);
            for (int64_t t = 0; t < k; t++) {
                const real *u = (const real *)a + i * a_row + t * a_col;
                const real *v = (const real *)b + t * b_row + j * b_col;
                for (int64_t l = 0; l < lanes; l++)
                    out[l] += u[l] * v[l];
            }
        }
}
