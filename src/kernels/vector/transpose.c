/* SPDX-License-Identifier: MIT
 * Transposes of whole matrices by squares in registers. */
#include "kernels/simd/transpose.h"

void VN_FN(transpose)(void *dst, int64_t dst_row, const void *src, int64_t src_row,
                      int64_t rows, int64_t cols)
{
    transpose(dst, dst_row, src, src_row, rows, cols);
}
