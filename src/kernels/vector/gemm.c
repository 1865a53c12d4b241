/* SPDX-License-Identifier: MIT
 *
 * The general matrix product on the tile of tile.h: groups of rows of A are packed for level 2,
 * strips of columns of B for level 1, about DEPTH terms of the sum and COLUMNS at a time (the
 * blocking of Goto and van de Geijn, "Anatomy of high-performance matrix multiplication",
 * 2008).
 * */
#include "kernels/vector/pack.h"

/* NARROW: with so few columns A is read where it lies. */
enum { DEPTH = 256, GROUP = 16 * VN_ROWS, COLUMNS = 512, NARROW = 4 * VN_COLS };

/* The terms of one pass over C: an equal share of all, since a short last pass costs as much
 * for C as a long one. Unrolled loops like a multiple of four. */
static int64_t depth_of(int64_t k)
{
    const int64_t passes = k <= DEPTH ? 1 : (k + DEPTH / 2 - 1) / DEPTH;
    return ((k + passes - 1) / passes + 3) / 4 * 4;
}

/* Those of any pass where k terms are the most: room for k must do for fewer. */
static int64_t most_depth(int64_t k) { return lesser((k + 3) / 4 * 4, DEPTH + DEPTH / 2); }

static int64_t whole_vectors(int64_t n) { return (n + VN_LANES - 1) / VN_LANES * VN_LANES; }

/* Elements of a group of rows, a multiple of a cache line. */
static int64_t blocks_room(int64_t m, int64_t k)
{
    const int64_t line = 64 / sizeof(real);
    return (most_depth(k) * lesser(m, GROUP) + line - 1) / line * line;
}

int64_t VN_FN(gemm_scratch)(int64_t m, int64_t n, int64_t k)
{
    const int64_t strips = most_depth(k) * whole_vectors(lesser(n, COLUMNS));
    return (blocks_room(m, k) + strips) * (int64_t)sizeof(real);
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

static void pack_group(real *dst, const matrix *a, int64_t i, int64_t rows, int64_t t,
                       int64_t depth)
{
    const vn__cut cut = vn__cut_rows(rows);
    for (int64_t b = 0; b < cut.blocks; b++) {
        const int64_t start = vn__block_start(&cut, b);
        const int64_t own = vn__block_rows(&cut, b), after = rows - start - own;
        vn__pack_block(dst + start * depth, element(a, i + start, t), a->row, a->col, own,
                       depth, after * depth);
    }
}

/* What a product is made of: B by strides, or packed in strips; room for a group of rows, and
 * for strips. */
typedef struct product {
    real *c;
    int64_t ldc;
    matrix a, b;
    const real *packed;
    int64_t m, n, k;
    bool accumulate;
    real *blocks, *strips;
} product;

/* Rows of B, side by side, into all strips: B is read in order, as memory likes it. */
static void pack_rows(real *strips, const real *b, int64_t row, int64_t n, int64_t depth)
{
    const int64_t whole = n / VN_COLS * VN_COLS;
    for (int64_t c = 0; c < depth; c++, b += row) {
        real *to = strips + c * VN_COLS;
        for (int64_t j = 0; j < whole; j += VN_COLS, to += depth * VN_COLS) {
            v_store(to, v_load(b + j));
            v_store(to + VN_LANES, v_load(b + j + VN_LANES));
        }
    }
    if (whole < n)
        vn__pack_strip(strips + whole * depth, b - depth * row + whole, row, 1, n - whole,
                       depth);
}

/* Strip after strip of the columns from j on, for the terms from t on. */
static void make_strips(real *strips, const matrix *b, int64_t t, int64_t j, int64_t n,
                        int64_t depth)
{
    if (b->col == 1) {
        pack_rows(strips, element(b, t, j), b->row, n, depth);
        return;
    }
    for (int64_t i = 0; i < n; i += VN_COLS)
        vn__pack_strip(strips + i * depth, element(b, t, j + i), b->row, b->col,
                       lesser(n - i, VN_COLS), depth);
}

/* C[rows][n] (+)= the rows of A from i on, terms from t on, times strips: all of n columns from
 * column `from` on. */
static void add_group(const product *p, int64_t t, int64_t depth, int64_t i, int64_t from,
                      int64_t n, const real *strips)
{
    const bool lies = p->n <= NARROW;
    const int64_t rows = lesser(p->m - i, GROUP);
    vn__job job = { .c_row = p->ldc,
                    .a = lies ? element(&p->a, i, t) : p->blocks,
                    .a_step = lies ? p->a.row : depth,
                    .depth = depth,
                    .a_row = p->a.row,
                    .a_col = p->a.col,
                    .panels = lies,
                    .accumulate = p->accumulate || t > 0 };
    if (!lies)
        pack_group(p->blocks, &p->a, i, rows, t, depth);
    for (int64_t j = 0; j < n; j += VN_COLS) {
        const int64_t cols = lesser(n - j, VN_COLS);
        job.b = strips + j * depth;
        job.b_row = vn__strip_width(cols);
        job.c = p->c + i * p->ldc + from + j;
        vn__run_rows(&job, rows, cols);
    }
}

static void run(const product *p)
{
    const int64_t step = p->packed ? p->n : COLUMNS, share = depth_of(p->k);
    if (p->k == 0 && !p->accumulate)
        clear(p->c, p->ldc, p->m, p->n);
    for (int64_t t = 0; t < p->k; t += share)
        for (int64_t j = 0; j < p->n; j += step) {
            const int64_t depth = lesser(p->k - t, share), n = lesser(p->n - j, step);
            const real *const strips =
                p->packed ? p->packed + t * whole_vectors(p->n) : p->strips;
            if (!p->packed)
                make_strips(p->strips, &p->b, t, j, n, depth);
            for (int64_t i = 0; i < p->m; i += GROUP)
                add_group(p, t, depth, i, j, n, strips);
        }
}

void VN_FN(gemm)(void *c, int64_t ldc, const void *a, int64_t a_row, int64_t a_col,
                 const void *b, int64_t b_row, int64_t b_col, int64_t m, int64_t n, int64_t k,
                 bool accumulate, void *scratch)
{
    run(&(product){ .c = c, .ldc = ldc, .a = { a, a_row, a_col }, .b = { b, b_row, b_col },
                    .m = m, .n = n, .k = k, .accumulate = accumulate, .blocks = scratch,
                    .strips = (real *)scratch + blocks_room(m, k) });
}

/* ---- B in strips */

int64_t VN_FN(pack_strips_size)(int64_t n, int64_t k)
{
    return whole_vectors(n) * k * (int64_t)sizeof(real);
}

void VN_FN(pack_strips)(void *strips, const void *b, int64_t b_row, int64_t b_col, int64_t n,
                        int64_t k, int64_t from, int64_t to)
{
    const matrix right = { b, b_row, b_col };
    const int64_t share = depth_of(k);
    for (int64_t t = 0; t < k; t += share) {
        const int64_t depth = lesser(k - t, share);
        make_strips((real *)strips + t * whole_vectors(n) + from * depth, &right, t, from,
                    to - from, depth);
    }
}

void VN_FN(gemm_strips)(void *c, int64_t ldc, const void *a, int64_t a_row, int64_t a_col,
                        const void *strips, int64_t m, int64_t n, int64_t k, bool accumulate,
                        void *scratch)
{
    run(&(product){ .c = c, .ldc = ldc, .a = { a, a_row, a_col }, .packed = strips, .m = m,
                    .n = n, .k = k, .accumulate = accumulate, .blocks = scratch });
}
