/* SPDX-License-Identifier: MIT
 *
 * The general matrix product on the tile of tile.h: groups of rows of A are packed for level 2,
 * strips of columns of B for level 1, DEPTH terms of the sum at a time (the blocking of Goto
 * and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008).
 * */
#include "kernels/vector/pack.h"

enum { DEPTH = 256, GROUP = 16 * VN_ROWS };

static int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

int64_t VN_FN(gemm_scratch)(int64_t m, int64_t n, int64_t k)
{
    (void)n;
    return lesser(k, DEPTH) * (VN_COLS + lesser(m, GROUP)) * (int64_t)sizeof(real);
}

/* A matrix by its strides. */
typedef struct matrix {
    const real *data;
    int64_t row, col;
} matrix;

static const real *element(const matrix *x, int64_t i, int64_t j)
{
    return x->data + i * x->row + j * x->col;
}

static void clear(real *c, int64_t ldc, int64_t m, int64_t n)
{
    for (int64_t i = 0; i < m; i++)
        memset(c + i * ldc, 0, (size_t)n * sizeof(real));
}

/* c[rows][cols] (+)= packed blocks times one packed strip */
static void multiply(real *c, int64_t ldc, const real *blocks, int64_t rows, const real *strip,
                     int64_t cols, int64_t depth, bool accumulate)
{
    const vn__cut cut = vn__cut_rows(rows);
    vn__job job = { .c_row = ldc, .b = strip, .b_row = vn__strip_width(cols),
                    .depth = depth, .accumulate = accumulate };
    for (int64_t b = 0; b < cut.blocks; b++) {
        const int64_t start = vn__block_start(&cut, b);
        job.c = c + start * ldc;
        job.a = blocks + start * depth;
        VN_FN(run_tile)(&job, vn__block_rows(&cut, b), cols);
    }
}

static void pack_group(real *dst, const matrix *a, int64_t i, int64_t rows, int64_t t,
                       int64_t depth)
{
    const vn__cut cut = vn__cut_rows(rows);
    for (int64_t b = 0; b < cut.blocks; b++) {
        const int64_t start = vn__block_start(&cut, b);
        vn__pack_block(dst + start * depth, element(a, i + start, t), a->row, a->col,
                       vn__block_rows(&cut, b), depth);
    }
}

void VN_FN(gemm)(void *c, int64_t ldc, const void *a, int64_t a_row, int64_t a_col,
                 const void *b, int64_t b_row, int64_t b_col, int64_t m, int64_t n, int64_t k,
                 bool accumulate, void *scratch)
{
    const matrix left = { a, a_row, a_col }, right = { b, b_row, b_col };
    real *const strip = scratch, *const blocks = strip + lesser(k, DEPTH) * VN_COLS;
    if (k == 0 && !accumulate)
        clear(c, ldc, m, n);
    for (int64_t t = 0; t < k; t += DEPTH)
        for (int64_t i = 0; i < m; i += GROUP) {
            const int64_t depth = lesser(k - t, DEPTH), rows = lesser(m - i, GROUP);
            pack_group(blocks, &left, i, rows, t, depth);
            for (int64_t j = 0; j < n; j += VN_COLS) {
                const int64_t cols = lesser(n - j, VN_COLS);
                vn__pack_strip(strip, element(&right, t, j), b_row, b_col, cols, depth);
                multiply((real *)c + i * ldc + j, ldc, blocks, rows, strip, cols, depth,
                         accumulate || t > 0);
            }
        }
}
