/* SPDX-License-Identifier: MIT
 * The specification of transposes: squares of 16 x 16 keep both sides in cache. */
#include "kernels/real.h"

void VN_FN(transpose)(void *dst, int64_t dst_row, const void *src, int64_t src_row,
                      int64_t rows, int64_t cols)
{
    enum { B = 16 };
    for (int64_t i0 = 0; i0 < rows; i0 += B)
        for (int64_t j0 = 0; j0 < cols; j0 += B)
            for (int64_t j = j0; j < cols && j < j0 + B; j++)
                for (int64_t i = i0; i < rows && i < i0 + B; i++)
                    ((real *)dst)[j * dst_row + i] = ((const real *)src)[i * src_row + j];
}
