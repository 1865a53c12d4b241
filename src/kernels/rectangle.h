/* SPDX-License-Identifier: MIT
 * Rectangles of operands that are vectors along the row (inner 1) or single values (inner
 * 0). */
#ifndef VN_KERNELS_RECTANGLE_H
#define VN_KERNELS_RECTANGLE_H

#include "kernels/kernels.h"

/* The operand continues from row to row as it does inside a row of cols elements. */
static inline bool vn__is_run(const vn__in *in, int64_t cols)
{
    return in->row == in->inner * cols;
}

/* Turns columns of width 1 into a row: element r of a column at distance 0 or 1 is one. */
static inline void vn__turn_column(int64_t *z_row, vn__in *in, int count, int64_t *rows,
                                   int64_t *cols)
{
    bool fits = *cols == 1 && *z_row == 1;
    for (int i = 0; i < count; i++)
        fits = fits && (in[i].row == 0 || in[i].row == 1);
    if (!fits)
        return;
    for (int i = 0; i < count; i++)
        in[i].inner = in[i].row;
    *cols = *rows;
    *rows = 1;
}

/* Makes one long row of a rectangle whose rows follow one another, the common case. */
static inline void vn__flatten(int64_t *z_row, vn__in *in, int count, int64_t *rows,
                               int64_t *cols)
{
    vn__turn_column(z_row, in, count, rows, cols);
    bool run = *z_row == *cols;
    for (int i = 0; i < count; i++)
        run = run && vn__is_run(&in[i], *cols);
    if (run && *rows > 0) {
        *cols *= *rows;
        *rows = 1;
    }
}

#endif
