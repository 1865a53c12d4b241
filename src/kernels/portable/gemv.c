/* SPDX-License-Identifier: MIT
 * The specification of the products of one example and of sums over lanes. */
#include "kernels/portable/product.h"

void VN_FN(dot)(void *out, const void *x, const void *y, int64_t n)
{
    *(real *)out = lane_dot(x, y, n);
}

void VN_FN(gemv)(void *y, const void *w, int64_t ldw, const void *x, int64_t m, int64_t n,
                 const vn__epilogue *epilogue)
{
    for (int64_t i = 0; i < m; i++) {
        real *out = (real *)y + i;
        begin_row(out, i, 1, epilogue);
        *out += lane_dot((const real *)w + i * ldw, x, n);
        end_row(out, mask_row(epilogue, i, 1), 1, epilogue);
    }
}

/* y is written once per row of W; bias and mask go by the element of y. */
void VN_FN(gemv_t)(void *y, const void *w, int64_t ldw, const void *x, int64_t m, int64_t n,
                   const vn__epilogue *epilogue)
{
    for (int64_t j = 0; j < n; j++)
        begin_row((real *)y + j, j, 1, epilogue);
    for (int64_t i = 0; i < m; i++)
        add_scaled(y, ((const real *)x)[i], (const real *)w + i * ldw, n);
    for (int64_t j = 0; j < n; j++)
        end_row((real *)y + j, mask_row(epilogue, j, 1), 1, epilogue);
}

void VN_FN(outer)(void *w, int64_t ldw, const void *x, const void *y, int64_t m, int64_t n,
                  bool accumulate)
{
    for (int64_t i = 0; i < m; i++) {
        if (!accumulate)
            set((real *)w + i * ldw, 0, n);
        add_scaled((real *)w + i * ldw, ((const real *)x)[i], y, n);
    }
}
