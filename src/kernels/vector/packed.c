/* SPDX-License-Identifier: MIT
 * Packed matrices, and the products with them: dense layers on panels of lanes. */
#include "kernels/vector/ending.h"
#include "kernels/vector/pack.h"

#include <stddef.h>

int64_t VN_FN(pack_size)(int64_t m, int64_t k) { return m * k * (int64_t)sizeof(real); }

/* One column into `blocks` blocks of equal height by whole vectors: what they read and write
 * beyond its rows is of columns to come. */
VN_INLINE void spread_column(real *to, const real *a, int64_t blocks, int64_t rows, int64_t all)
{
    for (; blocks > 0; blocks--, to += rows * all, a += rows) {
        v_store(to, v_load(a));
        if (rows > VN_LANES)
            v_store(to + VN_LANES, v_load(a + VN_LANES));
    }
}

/* The columns are contiguous: each is read as a whole, a few ahead of their turn, and goes to
 * all blocks of rows. */
static void pack_columns(real *packed, const real *a, int64_t col, const vn__cut *cut,
                         int64_t tap, int64_t taps, int64_t channels)
{
    enum { AHEAD = 8, LINE = 64 / sizeof(real) };
    const int64_t m = vn__block_start(cut, cut->blocks), all = taps * channels;
    const int64_t low = cut->height, high = low + 1, tall = cut->tall;
    for (int64_t c = 0; c < channels; c++, a += col) {
        for (int64_t i = 0; i < m; i += LINE)
            __builtin_prefetch(a + AHEAD * col + i);
        const int64_t at = tap * channels + c;
        if ((channels - c - 1) * low >= VN_COLS) {
            spread_column(packed + at * high, a, tall, high, all);
            spread_column(packed + tall * high * all + at * low, a + tall * high,
                          cut->blocks - tall, low, all);
            continue;
        }
        for (int64_t block = 0; block < cut->blocks; block++) {
            const int64_t start = vn__block_start(cut, block);
            const int64_t rows = vn__block_rows(cut, block);
            vn__copy_column(packed + start * all + at * rows, a + start, rows,
                            (all - at - 1) * rows);
        }
    }
}

void VN_FN(pack)(void *packed, const void *a, int64_t a_row, int64_t a_tap, int64_t a_channel,
                 int64_t m, int64_t taps, int64_t channels)
{
    const vn__cut cut = vn__cut_rows(m);
    real *p = packed;
    if (a_row == 1) {
        for (int64_t t = 0; t < taps; t++)
            pack_columns(p, (const real *)a + t * a_tap, a_channel, &cut, t, taps, channels);
        return;
    }
    for (int64_t block = 0; block < cut.blocks; block++) {
        const real *from = (const real *)a + vn__block_start(&cut, block) * a_row;
        const int64_t rows = vn__block_rows(&cut, block);
        for (int64_t t = 0; t < taps; t++, p += rows * channels)
            vn__pack_block(p, from + t * a_tap, a_row, a_channel, rows, channels);
    }
}

/* ---- products */

/* Terms of a sum that are done at a time where one panel is not in level 1 as a whole. */
enum { DEPTH = 256 };

/* The terms of the sum: `count` from `from` on, of `all`. */
typedef struct terms {
    int64_t from, count, all;
} terms;

/* The part of a job that begins at row `start` of the result and has `rows` of them. */
static vn__job rows_from(const vn__job *job, int64_t start, int64_t rows, const terms *t)
{
    vn__job block = *job;
    block.a += start * t->all + t->from * rows;
    block.c += start * job->c_row;
    block.bias = job->bias ? job->bias + start : NULL;
    block.mask = job->mask ? job->mask + start * job->mask_row : NULL;
    return block;
}

/* All strips of lanes of a block. */
static void run_block(vn__job *block, int64_t rows, int64_t n)
{
    block->strips = n / VN_COLS;
    const int64_t whole = block->strips * VN_COLS;
    if (whole > 0)
        VN_FN(run_tile)(block, rows, VN_COLS);
    if (whole == n)
        return;
    vn__job last = *block;
    last.c += whole;
    last.b += whole;
    last.mask = last.mask ? last.mask + whole : NULL;
    VN_FN(run_tile)(&last, rows, n - whole);
}

/* A second pass over a block that is in L1. */
static void second_pass(const vn__job *block, const vn__second *s, int64_t start, int64_t rows,
                        int64_t n)
{
    const real *mask = s->mask ? s->mask + start * block->mask_row : NULL;
    vn__pass_rows(block->c, block->c_row, mask, block->mask_row, s, rows, n);
}

static void run(const vn__job *job, const vn__second *s, int64_t m, int64_t n, const terms *t)
{
    const vn__cut cut = vn__cut_rows(m);
    for (int64_t b = 0; b < cut.blocks; b++) {
        const int64_t rows = vn__block_rows(&cut, b), start = vn__block_start(&cut, b);
        vn__job block = rows_from(job, start, rows, t);
        run_block(&block, rows, n);
        if (s->unary >= 0 || s->gate >= 0)
            second_pass(&block, s, start, rows, n);
    }
}

void VN_FN(gemm_packed)(void *c, int64_t ldc, const void *packed, const void *b, int64_t ldb,
                        int64_t m, int64_t n, int64_t k, const vn__epilogue *epilogue)
{
    vn__job job = { .c = c, .c_row = ldc, .a = packed, .b = b, .b_row = ldb };
    const vn__second rest = vn__set_epilogue(&job, epilogue), none = { -1, -1, NULL };
    int64_t from = 0;
    for (; k - from > DEPTH + DEPTH / 2; from += DEPTH) {
        vn__job begun = job;
        begun.relu = false;
        begun.mask = NULL;
        begun.depth = DEPTH;
        run(&begun, &none, m, n, &(terms){ from, DEPTH, k });
        job.b += DEPTH * ldb;
        job.bias = NULL;
        job.accumulate = true;
    }
    job.depth = k - from;
    run(&job, &rest, m, n, &(terms){ from, k - from, k });
}
