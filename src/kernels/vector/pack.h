/* SPDX-License-Identifier: MIT
 *
 * Operands of the tile (tile.h) put in its order: blocks of rows of A as [k][rows], strips of
 * columns of B as [k][one or two vectors].
 * */
#ifndef VN_KERNELS_VECTOR_PACK_H
#define VN_KERNELS_VECTOR_PACK_H

#include "kernels/simd/transpose.h"
#include "kernels/vector/tile.h"

/* dst[c * rows + i] = a[i * row + c * col], i < rows <= VN_ROWS, c < k. */
static inline void vn__pack_block(real *dst, const real *a, int64_t row, int64_t col,
                                  int64_t rows, int64_t k)
{
    if (col == 1 && k >= VN_LANES) {
        transpose(dst, rows, a, row, rows, k);
    } else if (row == 1) {
        const part first = part_of(rows < VN_LANES ? rows : VN_LANES);
        const part second = part_of(rows > VN_LANES ? rows - VN_LANES : 0);
        for (int64_t c = 0; c < k; c++, dst += rows, a += col) {
            v_store_part(dst, v_load_part(a, first), first);
            if (rows > VN_LANES)
                v_store_part(dst + VN_LANES, v_load_part(a + VN_LANES, second), second);
        }
    } else {
        for (int64_t c = 0; c < k; c++)
            for (int64_t i = 0; i < rows; i++)
                *dst++ = a[i * row + c * col];
    }
}

static inline int64_t vn__strip_width(int64_t cols)
{
    return cols > VN_LANES ? VN_COLS : VN_LANES;
}

/* dst[c][vn__strip_width(cols)] = b[c * row + j * col], j < cols <= VN_COLS, then zeros. */
static inline void vn__pack_strip(real *dst, const real *b, int64_t row, int64_t col,
                                  int64_t cols, int64_t k)
{
    const int64_t width = vn__strip_width(cols);
    if (row == 1) {
        for (int64_t j = 0; j < cols; j += VN_LANES)
            transpose_padded(dst + j, width, b + j * col, col,
                             cols - j < VN_LANES ? cols - j : VN_LANES, k);
    } else if (col == 1) {
        const part first = part_of(cols < VN_LANES ? cols : VN_LANES);
        const part second = part_of(cols > VN_LANES ? cols - VN_LANES : 0);
        for (int64_t c = 0; c < k; c++, b += row, dst += width) {
            v_store(dst, v_load_part(b, first));
            if (cols > VN_LANES)
                v_store(dst + VN_LANES, v_load_part(b + VN_LANES, second));
        }
    } else {
        for (int64_t c = 0; c < k; c++)
            for (int64_t j = 0; j < width; j++)
                *dst++ = j < cols ? b[c * row + j * col] : 0;
    }
}

#endif
