/* SPDX-License-Identifier: MIT
 * Rectangles of operands that are vectors along the row (inner 1) or single values (inner
 * 0). */
#ifndef VN_KERNELS_RECTANGLE_H
#define VN_KERNELS_RECTANGLE_H

#include "kernels/kernels.h"

/* Rows and columns as they are run, and which operands are vectors along a row. */
typedef struct vn__rectangle {
    int64_t rows, cols;
    bool varies[3];
} vn__rectangle;

/* Columns of width 1 whose elements lie side by side, or are one number. */
static inline bool vn__is_column(int64_t z_row, const vn__in *in, int count, int64_t cols)
{
    bool fits = cols == 1 && z_row == 1;
    for (int i = 0; i < count; i++)
        fits = fits && (in[i].row == 0 || in[i].row == 1);
    return fits;
}

/* All operands continue from row to row as they do inside a row. */
static inline bool vn__is_run(int64_t z_row, const vn__in *in, int count, int64_t cols)
{
    bool run = z_row == cols;
    for (int i = 0; i < count; i++)
        run = run && in[i].row == in[i].inner * cols;
    return run;
}

/* One long row of what can be one: a column, or rows that follow one another. */
static inline vn__rectangle vn__flatten(int64_t z_row, const vn__in *in, int count,
                                        int64_t rows, int64_t cols)
{
    const bool column = rows > 1 && vn__is_column(z_row, in, count, cols);
    const bool run = rows > 1 && (column || vn__is_run(z_row, in, count, cols));
    vn__rectangle of = { run ? 1 : rows, run ? rows * cols : cols, { false } };
    for (int i = 0; i < count; i++)
        of.varies[i] = column ? in[i].row : in[i].inner;
    return of;
}

#endif
