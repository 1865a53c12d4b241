/* SPDX-License-Identifier: MIT
 * Moves of elements of one size; included by copy.c with T, an unsigned type of that size, and
 * L(name). */

/* Squares of 16 x 16 keep both sides of a transpose in cache. */
static void L(copy_strided)(T *dst, int64_t dst_row, int64_t dst_col, const T *src,
                            int64_t src_row, int64_t src_col, int64_t rows, int64_t cols)
{
    enum { B = 16 };
    for (int64_t r0 = 0; r0 < rows; r0 += B)
        for (int64_t c0 = 0; c0 < cols; c0 += B)
            for (int64_t r = r0; r < rows && r < r0 + B; r++)
                for (int64_t c = c0; c < cols && c < c0 + B; c++)
                    dst[r * dst_row + c * dst_col] = src[r * src_row + c * src_col];
}

/* Lanes without an example repeat the last one. */
static void L(repeat)(T *dst, int64_t features, int64_t lanes, int64_t valid)
{
    for (int64_t f = 0; f < features; f++)
        for (int64_t l = valid; l < lanes; l++)
            dst[f * lanes + l] = dst[f * lanes + valid - 1];
}
