/* SPDX-License-Identifier: MIT
 * Layout: strided copies, examples into lanes and lanes out to examples. Elements are moved as
 * bits; four and eight bytes are transposed in registers by the floating types' kernels. */
#include "kernels/internal.h"

#include <string.h>

#define T uint8_t
#define L(name) name##_1
#include "kernels/common/copy.h"
#undef T
#undef L
#define T uint16_t
#define L(name) name##_2
#include "kernels/common/copy.h"
#undef T
#undef L
#define T uint32_t
#define L(name) name##_4
#include "kernels/common/copy.h"
#undef T
#undef L
#define T uint64_t
#define L(name) name##_8
#include "kernels/common/copy.h"
#undef T
#undef L
typedef struct pair {
    uint64_t low, high;
} pair;
#define T pair
#define L(name) name##_16
#include "kernels/common/copy.h"

static void copy_rows(char *dst, int64_t dst_row, const char *src, int64_t src_row,
                      int64_t rows, size_t bytes)
{
    for (int64_t r = 0; r < rows; r++)
        memcpy(dst + r * dst_row, src + r * src_row, bytes);
}

/* dst[r * dst_row + c] = src[r + c * src_col] */
static bool transposed(void *dst, int64_t dst_row, const void *src, int64_t src_col,
                       int64_t rows, int64_t cols, int64_t size)
{
    if (size == 4)
        VN_NAME(transpose, F32)(dst, dst_row, src, src_col, cols, rows);
    else if (size == 8)
        VN_NAME(transpose, F64)(dst, dst_row, src, src_col, cols, rows);
    return size == 4 || size == 8;
}

void VN_COMMON(copy)(void *dst, int64_t dst_row, int64_t dst_col, const void *src,
                     int64_t src_row, int64_t src_col, int64_t rows, int64_t cols, int64_t size)
{
    if (rows <= 0 || cols <= 0)
        return;
    if (dst_col == 1 && src_col == 1)
        copy_rows(dst, dst_row * size, src, src_row * size, rows, (size_t)(cols * size));
    else if (dst_row == 1 && src_row == 1)
        copy_rows(dst, dst_col * size, src, src_col * size, cols, (size_t)(rows * size));
    else if (dst_col == 1 && src_row == 1 &&
             transposed(dst, dst_row, src, src_col, rows, cols, size))
        return;
    else if (dst_row == 1 && src_col == 1 &&
             transposed(dst, dst_col, src, src_row, cols, rows, size))
        return;
    else if (size == 1)
        copy_strided_1(dst, dst_row, dst_col, src, src_row, src_col, rows, cols);
    else if (size == 2)
        copy_strided_2(dst, dst_row, dst_col, src, src_row, src_col, rows, cols);
    else if (size == 4)
        copy_strided_4(dst, dst_row, dst_col, src, src_row, src_col, rows, cols);
    else if (size == 8)
        copy_strided_8(dst, dst_row, dst_col, src, src_row, src_col, rows, cols);
    else
        copy_strided_16(dst, dst_row, dst_col, src, src_row, src_col, rows, cols);
}

void VN_COMMON(load_lanes)(void *dst, const void *src, int64_t stride, int64_t features,
                           int64_t lanes, int64_t valid, int64_t size)
{
    VN_COMMON(copy)(dst, lanes, 1, src, 1, stride, features, valid, size);
    if (valid == lanes)
        return;
    if (size == 1)
        repeat_1(dst, features, lanes, valid);
    else if (size == 2)
        repeat_2(dst, features, lanes, valid);
    else if (size == 4)
        repeat_4(dst, features, lanes, valid);
    else if (size == 8)
        repeat_8(dst, features, lanes, valid);
    else
        repeat_16(dst, features, lanes, valid);
}

void VN_COMMON(store_lanes)(void *dst, int64_t stride, const void *src, int64_t features,
                            int64_t lanes, int64_t valid, int64_t size)
{
    VN_COMMON(copy)(dst, 1, stride, src, lanes, 1, features, valid, size);
}
