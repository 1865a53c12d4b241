/* SPDX-License-Identifier: MIT
 *
 * A square of VN_LANES x VN_LANES reals transposed in registers.
 *
 * 512 bits: log2(VN_LANES) rounds of the perfect shuffle, each of which interleaves row i with
 * row i + VN_LANES / 2. 256 bits: the same with shuffles that stay inside the halves of a
 * register, and at the end an exchange of halves; there an interleaving across halves would
 * cost double.
 *
 * v_sums: lane i of the result is the sum of the lanes of r[i], which are overwritten.
 * */
#ifndef VN_KERNELS_SIMD_TRANSPOSE_H
#define VN_KERNELS_SIMD_TRANSPOSE_H

#include "kernels/simd/simd.h"

#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

#if VN_VECTOR_BYTES == 64

#if VN_REAL_BITS == 32
#define ZIP_LOW(a, b) \
    SHUFFLE(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(a, b) \
    SHUFFLE(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#else
#define ZIP_LOW(a, b) SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP_HIGH(a, b) SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#endif

VN_INLINE void v_transpose(vec r[VN_LANES])
{
    VN_UNROLL
    for (int round = 1; round < VN_LANES; round *= 2) {
        vec t[VN_LANES];
        VN_UNROLL
        for (int i = 0; i < VN_LANES / 2; i++) {
            t[2 * i] = ZIP_LOW(r[i], r[i + VN_LANES / 2]);
            t[2 * i + 1] = ZIP_HIGH(r[i], r[i + VN_LANES / 2]);
        }
        VN_UNROLL
        for (int i = 0; i < VN_LANES; i++)
            r[i] = t[i];
    }
}

/* Half of a round adds what the other half would have made, and is half as long each time. */
VN_INLINE vec v_sums(vec r[VN_LANES])
{
    VN_UNROLL
    for (int half = VN_LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            r[i] = ZIP_LOW(r[i], r[i + half]) + ZIP_HIGH(r[i], r[i + half]);
    return r[0];
}
#undef ZIP_LOW
#undef ZIP_HIGH

#elif VN_REAL_BITS == 32

VN_INLINE void v_transpose(vec r[VN_LANES])
{
    vec t[8], u[8];
    VN_UNROLL
    for (int i = 0; i < 8; i += 2) {
        t[i] = SHUFFLE(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        t[i + 1] = SHUFFLE(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    VN_UNROLL
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            u[i + 2 * j] = SHUFFLE(t[i + j], t[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            u[i + 2 * j + 1] = SHUFFLE(t[i + j], t[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    VN_UNROLL
    for (int i = 0; i < 4; i++) {
        r[i] = SHUFFLE(u[i], u[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        r[i + 4] = SHUFFLE(u[i], u[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

#else

VN_INLINE void v_transpose(vec r[VN_LANES])
{
    const vec t0 = SHUFFLE(r[0], r[1], 0, 4, 2, 6), t1 = SHUFFLE(r[0], r[1], 1, 5, 3, 7);
    const vec t2 = SHUFFLE(r[2], r[3], 0, 4, 2, 6), t3 = SHUFFLE(r[2], r[3], 1, 5, 3, 7);
    r[0] = SHUFFLE(t0, t2, 0, 1, 4, 5);
    r[1] = SHUFFLE(t1, t3, 0, 1, 4, 5);
    r[2] = SHUFFLE(t0, t2, 2, 3, 6, 7);
    r[3] = SHUFFLE(t1, t3, 2, 3, 6, 7);
}

#endif
#undef SHUFFLE

#if VN_VECTOR_BYTES != 64
VN_INLINE vec v_sums(vec r[VN_LANES])
{
    v_transpose(r);
    VN_UNROLL
    for (int half = VN_LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            r[i] += r[i + half];
    return r[0];
}
#endif

/* The first `count` of VN_LANES rows, each of whole vectors or of the lanes in `across`, others
 * 0. */
VN_INLINE void load_rows(vec r[VN_LANES], const real *src, int64_t src_row, int64_t count,
                         bool whole, part across)
{
    VN_UNROLL
    for (int i = 0; i < VN_LANES; i++)
        r[i] = i >= count ? v_set(0)
               : whole    ? v_load(src + i * src_row)
                          : v_load_part(src + i * src_row, across);
}

VN_INLINE void store_rows(real *dst, int64_t dst_row, const vec r[VN_LANES], int64_t count,
                          bool whole, part across)
{
    VN_UNROLL
    for (int i = 0; i < VN_LANES; i++)
        if (i < count && whole)
            v_store(dst + i * dst_row, r[i]);
        else if (i < count)
            v_store_part(dst + i * dst_row, r[i], across);
}

/* dst[j * dst_row + i] = src[i * src_row + j]: a square of which `rows` <= VN_LANES rows and
 * `cols` columns exist; the others are neither read nor written. */
VN_INLINE void transpose_square(real *dst, int64_t dst_row, const real *src, int64_t src_row,
                                int64_t rows, int64_t cols)
{
    vec r[VN_LANES];
    if (rows == VN_LANES && cols == VN_LANES) {
        load_rows(r, src, src_row, VN_LANES, true, part_of(0));
        v_transpose(r);
        store_rows(dst, dst_row, r, VN_LANES, true, part_of(0));
        return;
    }
    load_rows(r, src, src_row, rows, false, part_of(cols));
    v_transpose(r);
    store_rows(dst, dst_row, r, cols, false, part_of(rows));
}

/* The same for a matrix of any size. */
static inline void transpose(real *dst, int64_t dst_row, const real *src, int64_t src_row,
                             int64_t rows, int64_t cols)
{
    for (int64_t i = 0; i < rows; i += VN_LANES)
        for (int64_t j = 0; j < cols; j += VN_LANES)
            transpose_square(dst + j * dst_row + i, dst_row, src + i * src_row + j, src_row,
                             rows - i < VN_LANES ? rows - i : VN_LANES,
                             cols - j < VN_LANES ? cols - j : VN_LANES);
}

/* One vector's width of rows, `rows` <= VN_LANES, into whole vectors padded with zeros. */
static inline void transpose_padded(real *dst, int64_t dst_row, const real *src,
                                    int64_t src_row, int64_t rows, int64_t cols)
{
    vec r[VN_LANES];
    int64_t j = 0;
    for (; j + VN_LANES <= cols; j += VN_LANES) {
        load_rows(r, src + j, src_row, rows, true, part_of(0));
        v_transpose(r);
        store_rows(dst + j * dst_row, dst_row, r, VN_LANES, true, part_of(0));
    }
    if (j == cols)
        return;
    load_rows(r, src + j, src_row, rows, false, part_of(cols - j));
    v_transpose(r);
    store_rows(dst + j * dst_row, dst_row, r, cols - j, true, part_of(0));
}

#endif
