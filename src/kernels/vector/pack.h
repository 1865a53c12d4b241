/* SPDX-License-Identifier: MIT
 *
 * Operands of the tile (tile.h) put in its order: blocks of rows of A as [k][rows], strips of
 * columns of B as [k][one or two vectors].
 * */
#ifndef VN_KERNELS_VECTOR_PACK_H
#define VN_KERNELS_VECTOR_PACK_H

#include "kernels/simd/transpose.h"
#include "kernels/vector/tile.h"

/* Columns of a block follow one another, and masked stores are slow on some processors. So
 * whole vectors are stored, in the order of their places: what is written past the end of a
 * column is written again by the next ones. `behind`: elements of the block after this column;
 * where they are too few, only its own are stored. */
VN_INLINE void vn__store_column(real *dst, const vec v[2], int64_t rows, int64_t behind)
{
    if (behind >= VN_COLS) {
        v_store(dst, v[0]);
        if (rows > VN_LANES)
            v_store(dst + VN_LANES, v[1]);
    } else {
        v_store_part(dst, v[0], part_of(rows < VN_LANES ? rows : VN_LANES));
        if (rows > VN_LANES)
            v_store_part(dst + VN_LANES, v[1], part_of(rows - VN_LANES));
    }
}

/* The same of elements that lie side by side. */
VN_INLINE void vn__copy_column(real *dst, const real *a, int64_t rows, int64_t behind)
{
    const bool two = rows > VN_LANES;
    const vec v[2] = { v_load_part(a, part_of(two ? VN_LANES : rows)),
                       two ? v_load_part(a + VN_LANES, part_of(rows - VN_LANES)) : v_set(0) };
    vn__store_column(dst, v, rows, behind);
}

/* Columns c to c + VN_LANES, `vectors` of rows, a square each; whole: all of them exist, else
 * those of `some`. */
VN_INLINE void vn__transpose_columns(vec r[2][VN_LANES], const real *a, int64_t row,
                                     int64_t rows, int vectors, bool whole, part some)
{
    for (int v = 0; v < vectors; v++) {
        load_rows(r[v], a + v * VN_LANES * row, row, lesser(rows - v * VN_LANES, VN_LANES),
                  whole, some);
        v_transpose(r[v]);
    }
}

VN_INLINE void vn__transpose_squares(real *dst, const real *a, int64_t row, int64_t rows,
                                     int64_t k, int64_t behind, int vectors)
{
    vec r[2][VN_LANES];
    for (; (k - VN_LANES) * rows + behind >= VN_COLS && k >= VN_LANES;
         k -= VN_LANES, a += VN_LANES, dst += VN_LANES * rows) {
        vn__transpose_columns(r, a, row, rows, vectors, true, part_of(0));
        VN_UNROLL
        for (int j = 0; j < VN_LANES; j++) {
            const vec column[2] = { r[0][j], r[vectors - 1][j] };
            vn__store_column(dst + j * rows, column, rows, VN_COLS);
        }
    }
    for (; k > 0; k -= VN_LANES, a += VN_LANES) {
        const int64_t n = lesser(k, VN_LANES);
        vn__transpose_columns(r, a, row, rows, vectors, n == VN_LANES, part_of(n));
        for (int64_t j = 0; j < n; j++, dst += rows) {
            const vec column[2] = { r[0][j], r[vectors - 1][j] };
            vn__store_column(dst, column, rows, (k - j - 1) * rows + behind);
        }
    }
}

/* dst[c * rows + i] = a[i * row + c * col], i < rows <= VN_ROWS, c < k. `behind`: elements that
 * are written later behind these. */
static inline void vn__pack_block(real *dst, const real *a, int64_t row, int64_t col,
                                  int64_t rows, int64_t k, int64_t behind)
{
    const bool squares = col == 1 && 2 * k >= VN_LANES;
    if (squares && rows > VN_LANES) {
        vn__transpose_squares(dst, a, row, rows, k, behind, 2);
    } else if (squares) {
        vn__transpose_squares(dst, a, row, rows, k, behind, 1);
    } else if (row == 1) {
        for (int64_t c = 0; c < k; c++, dst += rows, a += col)
            vn__copy_column(dst, a, rows, (k - c - 1) * rows + behind);
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
