/* SPDX-License-Identifier: MIT
 *
 * lane_gemm of small results: a block of products keeps a vector of partial sums for each,
 * lane by lane, while it runs over all lanes of all panels. Nothing is transposed but the sums
 * themselves, a square of them at a time.
 * */
#include "kernels/vector/lane_sums.h"
#include "kernels/simd/transpose.h"

/* A block's sums and the vectors that it loads fill the registers. */
#if VN_VECTOR_BYTES == 64
enum { ROWS = 6, COLS = 4 };
#define ALL_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define ALL_COLS(X, i) X(i, 1) X(i, 2) X(i, 3) X(i, 4)
#else
enum { ROWS = 4, COLS = 3 };
#define ALL_ROWS(X) X(1) X(2) X(3) X(4)
#define ALL_COLS(X, i) X(i, 1) X(i, 2) X(i, 3)
#endif

typedef struct job {
    const real *y, *x; /* at the block's first rows */
    int64_t y_panel, y_row, x_panel, x_row, lanes, panels;
} job;

VN_INLINE void add_vector(vec acc[ROWS][COLS], const job *j, const real *y, const real *x,
                          int rows, int cols, bool whole, part some)
{
    vec v[COLS];
    VN_UNROLL
    for (int c = 0; c < cols; c++)
        v[c] = whole ? v_load(x + c * j->x_row) : v_load_part(x + c * j->x_row, some);
    VN_UNROLL
    for (int i = 0; i < rows; i++) {
        const real *const at = y + i * j->y_row;
        const vec g = v_keep(whole ? v_load(at) : v_load_part(at, some));
        VN_UNROLL
        for (int c = 0; c < cols; c++)
            acc[i][c] = v_fma(g, v[c], acc[i][c]);
    }
}

/* sums[i * row + c] = the partial sums of row i of y and row c of x */
VN_INLINE void tile(real *sums, int64_t row, const job *j, int rows, int cols)
{
    const int64_t lanes = j->lanes, whole = lanes / VN_LANES * VN_LANES;
    vec acc[ROWS][COLS];
    VN_UNROLL
    for (int i = 0; i < rows; i++)
        for (int c = 0; c < cols; c++)
            acc[i][c] = v_set(0);
    for (int64_t p = 0; p < j->panels; p++) {
        const real *const y = j->y + p * j->y_panel, *const x = j->x + p * j->x_panel;
        int64_t l = 0;
        for (; l < whole; l += VN_LANES)
            add_vector(acc, j, y + l, x + l, rows, cols, true, part_of(0));
        if (l < lanes)
            add_vector(acc, j, y + l, x + l, rows, cols, false, part_of(lanes - l));
    }
    VN_UNROLL
    for (int i = 0; i < rows; i++)
        for (int c = 0; c < cols; c++)
            v_store(sums + (i * row + c) * VN_LANES, acc[i][c]);
}

typedef void tile_fn(real *sums, int64_t row, const job *j);
#define TILE(i, c)                                                  \
    static void tile_##i##c(real *sums, int64_t row, const job *j)  \
    {                                                               \
        tile(sums, row, j, i, c);                                   \
    }
#define NAME(i, c) tile_##i##c,
#define TILES(i) ALL_COLS(TILE, i)
#define ENTRY(i) { ALL_COLS(NAME, i) },
ALL_ROWS(TILES)
static tile_fn *const tiles[ROWS][COLS] = { ALL_ROWS(ENTRY) };

/* The partial sums of `count` products across their lanes: to[k] = sum of vector k. Reads whole
 * squares. */
static void sum_across(real *to, const real *sums, int64_t count)
{
    for (int64_t k = 0; k < count; k += VN_LANES) {
        vec r[VN_LANES];
        VN_UNROLL
        for (int i = 0; i < VN_LANES; i++)
            r[i] = v_load(sums + (k + i) * VN_LANES);
        v_store(to + k, v_sums(r));
    }
}

/* begin: of the row, NULL: nothing */
static void add_row(real *c, const real *begin, vec scale, const real *sums, int64_t n)
{
    for (int64_t j = 0; j < n; j += VN_LANES) {
        const part some = part_of(n - j < VN_LANES ? n - j : VN_LANES);
        const vec sum = v_load_part(sums + j, some);
        const vec all = begin ? v_fma(scale, sum, v_load_part(begin + j, some)) : sum;
        v_store_part(c + j, all, some);
    }
}

/* Strips of columns of C, of at most so many. */
enum { STRIP = 32, ROOM = ROWS * STRIP + VN_LANES };
_Static_assert(ROOM * VN_LANES + ROOM <= VN__LANE_SUMS_ROOM, "lane_sums.h");

void VN_FN(lane_sums)(real *c, int64_t ldc, const vn__lane_rows *y, const vn__lane_rows *x,
                      int64_t m, int64_t n, int64_t lanes, int64_t panels, vn__onto onto,
                      real *scratch)
{
    real *const sums = scratch, *const across = scratch + ROOM * VN_LANES;
    const real *const begin = onto.begin;
    const vec scale = v_set((real)onto.scale);
    job j = { .y_panel = y->panel, .y_row = y->row, .x_panel = x->panel, .x_row = x->row,
              .lanes = lanes, .panels = panels };
    for (int64_t from = 0; from < n; from += STRIP)
        for (int64_t i = 0; i < m; i += ROWS) {
            const int64_t cols = n - from < STRIP ? n - from : STRIP;
            const int64_t rows = m - i < ROWS ? m - i : ROWS;
            j.y = (const real *)y->data + i * y->row;
            for (int64_t k = 0; k < cols; k += COLS) {
                j.x = (const real *)x->data + (from + k) * x->row;
                const int64_t width = cols - k < COLS ? cols - k : COLS;
                tiles[rows - 1][width - 1](sums + k * VN_LANES, cols, &j);
            }
            sum_across(across, sums, rows * cols);
            const int64_t at = i * ldc + from;
            if (cols == ldc) /* one row after the other */
                add_row(c + at, begin ? begin + at : NULL, scale, across, rows * cols);
            else
                for (int64_t r = 0; r < rows; r++)
                    add_row(c + at + r * ldc, begin ? begin + at + r * ldc : NULL, scale,
                            across + r * cols, cols);
        }
}
