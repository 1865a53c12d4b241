/* SPDX-License-Identifier: MIT
 *
 * The general matrix product on the tile of tile.h: groups of rows of A are packed for level 2,
 * strips of columns of B for level 1, DEPTH terms of the sum at a time (the blocking of Goto
 * and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008).
 * */
#include "kernels/vector/pack.h"

/* NARROW: with so few columns A is read where it lies. */
enum { DEPTH = 256, GROUP = 16 * VN_ROWS, NARROW = 4 * VN_COLS };

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

/* C[rows][cols] of one strip. group: packed blocks, or where A lies by the strides of the job;
 * from block to block `step` elements a row. */
static void multiply(vn__job *job, real *c, const real *group, int64_t step, int64_t rows,
                     int64_t cols)
{
    const vn__cut cut = vn__cut_rows(rows);
    for (int64_t b = 0; b < cut.blocks; b++) {
        const int64_t start = vn__block_start(&cut, b);
        job->c = c + start * job->c_row;
        job->a = group + start * step;
        VN_FN(run_tile)(job, vn__block_rows(&cut, b), cols);
    }
}

/* What a product is made of: B by strides, or in strips. */
typedef struct product {
    real *c;
    int64_t ldc;
    matrix a, b;
    const real *strips;
    int64_t m, n, k;
    bool accumulate;
    real *scratch;
} product;

static int64_t whole_vectors(int64_t n) { return (n + VN_LANES - 1) / VN_LANES * VN_LANES; }

/* Strip j of the terms from t on. */
static const real *strip_of(const product *p, int64_t t, int64_t depth, int64_t j)
{
    if (p->strips)
        return p->strips + t * whole_vectors(p->n) + j * depth;
    vn__pack_strip(p->scratch, element(&p->b, t, j), p->b.row, p->b.col,
                   lesser(p->n - j, VN_COLS), depth);
    return p->scratch;
}

/* The terms from t on of the rows from i on. */
static void add_group(const product *p, int64_t t, int64_t depth, int64_t i, int64_t rows)
{
    const bool lies = p->n <= NARROW;
    real *const blocks = p->scratch + (p->strips ? 0 : lesser(p->k, DEPTH) * VN_COLS);
    const real *const group = lies ? element(&p->a, i, t) : blocks;
    vn__job job = { .c_row = p->ldc, .depth = depth, .a_row = p->a.row, .a_col = p->a.col,
                    .panels = lies, .accumulate = p->accumulate || t > 0 };
    if (!lies)
        pack_group(blocks, &p->a, i, rows, t, depth);
    for (int64_t j = 0; j < p->n; j += VN_COLS) {
        const int64_t cols = lesser(p->n - j, VN_COLS);
        job.b = strip_of(p, t, depth, j);
        job.b_row = vn__strip_width(cols);
        multiply(&job, p->c + i * p->ldc + j, group, lies ? p->a.row : depth, rows, cols);
    }
}

static void run(const product *p)
{
    if (p->k == 0 && !p->accumulate)
        clear(p->c, p->ldc, p->m, p->n);
    for (int64_t t = 0; t < p->k; t += DEPTH)
        for (int64_t i = 0; i < p->m; i += GROUP)
            add_group(p, t, lesser(p->k - t, DEPTH), i, lesser(p->m - i, GROUP));
}

void VN_FN(gemm)(void *c, int64_t ldc, const void *a, int64_t a_row, int64_t a_col,
                 const void *b, int64_t b_row, int64_t b_col, int64_t m, int64_t n, int64_t k,
                 bool accumulate, void *scratch)
{
    run(&(product){ .c = c, .ldc = ldc, .a = { a, a_row, a_col }, .b = { b, b_row, b_col },
                    .m = m, .n = n, .k = k, .accumulate = accumulate, .scratch = scratch });
}

/* ---- B in strips */

int64_t VN_FN(pack_strips_size)(int64_t n, int64_t k)
{
    return whole_vectors(n) * k * (int64_t)sizeof(real);
}

void VN_FN(pack_strips)(void *strips, const void *b, int64_t b_row, int64_t b_col, int64_t n,
                        int64_t k)
{
    const matrix right = { b, b_row, b_col };
    real *to = strips;
    for (int64_t t = 0; t < k; t += DEPTH)
        for (int64_t j = 0; j < n; j += VN_COLS) {
            const int64_t depth = lesser(k - t, DEPTH), cols = lesser(n - j, VN_COLS);
            vn__pack_strip(to, element(&right, t, j), b_row, b_col, cols, depth);
            to += depth * vn__strip_width(cols);
        }
}

void VN_FN(gemm_strips)(void *c, int64_t ldc, const void *a, int64_t a_row, int64_t a_col,
                        const void *strips, int64_t m, int64_t n, int64_t k, bool accumulate,
                        void *scratch)
{
    run(&(product){ .c = c, .ldc = ldc, .a = { a, a_row, a_col }, .strips = strips, .m = m,
                    .n = n, .k = k, .accumulate = accumulate, .scratch = scratch });
}
