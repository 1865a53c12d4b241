/* SPDX-License-Identifier: MIT
 * Transposes of whole matrices by squares in registers. Two, four or eight columns side by side
 * (examples of few features) would leave most of a square empty: whole vectors of them are
 * read, and lanes of even and odd numbers parted once for each factor of two. */
#include "kernels/simd/transpose.h"

#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#if VN_VECTOR_BYTES * 8 / VN_REAL_BITS == 16
#define EVEN(a, b) SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODD(a, b) SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#elif VN_VECTOR_BYTES * 8 / VN_REAL_BITS == 8
#define EVEN(a, b) SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODD(a, b) SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#else
#define EVEN(a, b) SHUFFLE(a, b, 0, 2, 4, 6)
#define ODD(a, b) SHUFFLE(a, b, 1, 3, 5, 7)
#endif

/* The bits of a column's number come out of the rounds in reverse order. */
VN_INLINE int column_at(int place, int cols)
{
    int column = 0;
    for (int bit = 1; bit < cols; bit *= 2)
        column = 2 * column + (place & bit ? 1 : 0);
    return column;
}

/* VN_LANES rows of `cols` elements, or as many as `count` elements are. */
VN_INLINE void part_columns(real *dst, int64_t dst_row, const real *src, int64_t count,
                            int cols)
{
    const int pairs = cols / 2;
    vec v[8], t[8];
    VN_UNROLL
    for (int i = 0; i < cols; i++) {
        const int64_t left = count - i * VN_LANES;
        v[i] = left >= VN_LANES ? v_load(src + i * VN_LANES)
                                : v_load_part(src + i * VN_LANES, part_of(left > 0 ? left : 0));
    }
    VN_UNROLL
    for (int size = cols; size > 1; size /= 2) {
        VN_UNROLL
        for (int i = 0; i < pairs; i++) {
            const int from = 2 * i / size * size, to = from + i % (size / 2);
            t[to] = EVEN(v[2 * i], v[2 * i + 1]);
            t[to + size / 2] = ODD(v[2 * i], v[2 * i + 1]);
        }
        VN_UNROLL
        for (int i = 0; i < cols; i++)
            v[i] = t[i];
    }
    const int64_t rows = count / cols;
    VN_UNROLL
    for (int i = 0; i < cols; i++) {
        real *const to = dst + column_at(i, cols) * dst_row;
        if (rows >= VN_LANES)
            v_store(to, v[i]);
        else
            v_store_part(to, v[i], part_of(rows));
    }
}

VN_INLINE void few_columns(real *dst, int64_t dst_row, const real *src, int64_t rows, int cols)
{
    for (int64_t i = 0; i < rows; i += VN_LANES)
        part_columns(dst + i, dst_row, src + i * cols,
                     (rows - i < VN_LANES ? rows - i : VN_LANES) * cols, cols);
}

void VN_FN(transpose)(void *dst, int64_t dst_row, const void *src, int64_t src_row,
                      int64_t rows, int64_t cols)
{
    const bool side_by_side = src_row == cols && cols < VN_LANES;
    if (side_by_side && cols == 2)
        few_columns(dst, dst_row, src, rows, 2);
    else if (side_by_side && cols == 4)
        few_columns(dst, dst_row, src, rows, 4);
    else if (side_by_side && cols == 8)
        few_columns(dst, dst_row, src, rows, 8);
    else
        transpose(dst, dst_row, src, src_row, rows, cols);
}
