/* SPDX-License-Identifier: MIT
 * The micro-kernel: see tile.h. One function, inlined for every height and width of block. */
#include "kernels/vector/tile.h"

/* Lanes of a block: two vectors, two of which the second is cut short, or one cut short. */
enum width { FULL, SECOND_PART, FIRST_PART, WIDTHS };

/* acc += A(:, k) B[k][:], over the channels of one tap. */
VN_INLINE void accumulate(vec acc[VN_ROWS][2], const real *a, const real *b, int64_t b_row,
                          int64_t channels, int rows, int vectors, bool whole, part tail)
{
    VN_UNROLL_TWICE
    for (int64_t c = 0; c < channels; c++, a += rows, b += b_row) {
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
}

VN_INLINE void tile(const vn__job *job, int rows, int vectors, bool whole, part tail)
{
    const int64_t channels = job->channels, b_row = job->b_row, b_pixel = job->b_pixel;
    const int64_t taps = job->taps;
    const int32_t *tap = job->tap;
    for (int64_t q = 0; q < job->pixels; q++, tap += taps) {
        vec acc[VN_ROWS][2];
        VN_UNROLL
        for (int i = 0; i < rows; i++)
            acc[i][0] = acc[i][1] = v_set(job->bias ? job->bias[i] : 0);
        const real *a = job->a;
        for (int64_t t = 0; t < taps; t++, a += channels * rows)
            if (tap[t] >= 0)
                accumulate(acc, a, job->b + tap[t] * b_pixel, b_row, channels, rows, vectors,
                           whole, tail);
        vn__finish(acc, job, q, rows, vectors, whole, tail);
    }
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
