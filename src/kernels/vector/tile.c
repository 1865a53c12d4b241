/* SPDX-License-Identifier: MIT
 * The micro-kernel: see tile.h. One function, inlined for every height and width of block. */
#include "kernels/vector/tile.h"

/* Lanes of a block: two vectors, two of which the second is cut short, or one cut short. */
enum width { FULL, SECOND_PART, FIRST_PART, WIDTHS };

VN_INLINE void tile(const vn__job *job, int rows, int vectors, bool whole, part tail)
{
    const int64_t depth = job->depth, b_row = job->b_row;
    const real *a = job->a, *b = job->b;
    vec acc[VN_ROWS][2];
    VN_UNROLL
    for (int i = 0; i < rows; i++)
        acc[i][0] = acc[i][1] = job->bias ? v_set(job->bias[i]) : v_set(0);
    VN_UNROLL_TWICE
    for (int64_t k = 0; k < depth; k++, a += rows, b += b_row) {
        vec x[2];
        VN_UNROLL
        for (int v = 0; v < vectors; v++)
            x[v] = vn__load_last(b + v * VN_LANES, whole || v < vectors - 1, tail);
        VN_UNROLL
        for (int i = 0; i < rows; i++) {
            const vec w = v_set(a[i]);
            VN_UNROLL
            for (int v = 0; v < vectors; v++)
                acc[i][v] = v_fma(w, x[v], acc[i][v]);
        }
    }
    vn__finish(acc, job, rows, vectors, whole, tail);
}

#define TILE(rows)                                                                          \
    static void full_##rows(const vn__job *job, part t) { tile(job, rows, 2, true, t); }    \
    static void second_##rows(const vn__job *job, part t) { tile(job, rows, 2, false, t); } \
    static void first_##rows(const vn__job *job, part t) { tile(job, rows, 1, false, t); }
#define ENTRY(rows) { full_##rows, second_##rows, first_##rows },

VN_HEIGHTS(TILE)
static void (*const tiles[VN_ROWS][WIDTHS])(const vn__job *, part) = { VN_HEIGHTS(ENTRY) };

void VN_FN(run_tile)(const vn__job *job, int64_t rows, int64_t cols)
{
    const enum width width = cols == VN_COLS   ? FULL
                             : cols > VN_LANES ? SECOND_PART
                                               : FIRST_PART;
    tiles[rows - 1][width](job, part_of(width == FIRST_PART ? cols : cols - VN_LANES));
}
