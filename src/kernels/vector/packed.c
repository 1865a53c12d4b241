/* SPDX-License-Identifier: MIT
 * Packed matrices, and the products with them or with what lies in rows: dense layers on panels
 * of lanes. */
#include "kernels/vector/ending.h"
#include "kernels/vector/pack.h"

#include <stddef.h>

int64_t VN_FN(pack_size)(int64_t m, int64_t k)
{
    return m * vn__packed_depth(k) * (int64_t)sizeof(real);
}

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
    const int64_t m = vn__block_start(cut, cut->blocks),
                  all = vn__packed_depth(taps * channels);
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
    const int64_t all = vn__packed_depth(taps * channels);
    const real *const end = (real *)packed + m * all;
    if (a_row == 1) {
        for (int64_t t = 0; t < taps; t++)
            pack_columns(packed, (const real *)a + t * a_tap, a_channel, &cut, t, taps,
                         channels);
        return;
    }
    for (int64_t block = 0; block < cut.blocks; block++) {
        const int64_t start = vn__block_start(&cut, block), rows = vn__block_rows(&cut, block);
        const real *from = (const real *)a + start * a_row;
        real *p = (real *)packed + start * all;
        for (int64_t t = 0; t < taps; t++, p += rows * channels)
            vn__pack_block(p, from + t * a_tap, a_row, a_channel, rows, channels,
                           end - p - rows * channels);
    }
}

/* ---- products */

/* Terms of a sum that are done at a time where one panel is not in level 1 as a whole, and
 * bytes of blocks and their results that are: a second pass, or a last strip, finds them there.
 */
enum { DEPTH = 256, NEAR = 16 * 1024 };

/* The terms of the sum: `count` from `from` on. step: of A from block to block, for each row.
 */
typedef struct terms {
    int64_t from, count, step;
} terms;

/* All strips of lanes of the job's blocks. */
static void run_strips(vn__job *job, int64_t rows, int64_t n)
{
    const int64_t rest = n % VN_COLS, whole = n - rest;
    job->strips = n / VN_COLS;
    job->b_strip = VN_COLS;
    if (whole > 0)
        VN_FN(run_tile)(job, rows, VN_COLS);
    if (rest == 0)
        return;
    vn__job last = *job;
    last.c += whole;
    last.b += whole;
    last.mask = last.mask ? last.mask + whole : NULL;
    VN_FN(run_tile)(&last, rows, rest);
}

/* Blocks of one height from row `start` of the first job on, a few at a time, and the second
 * pass over each few. The job is passed on as it is, not copied: a copy would wait for what was
 * just written. */
static void run_blocks(vn__job *job, const vn__job *first, const vn__second *s, int64_t start,
                       int64_t blocks, int64_t rows, int64_t n, const terms *t)
{
    const int64_t bytes = rows * (t->count + n) * (int64_t)sizeof(real);
    const int64_t few = blocks * bytes <= NEAR ? blocks : bytes < NEAR ? NEAR / bytes : 1;
    for (int64_t left = blocks; left > 0; left -= few, start += few * rows) {
        const int64_t at = start * first->c_row;
        job->blocks = lesser(left, few);
        job->a = first->a + start * t->step + t->from * (first->panels ? 1 : rows);
        job->c = first->c + at;
        job->bias = first->bias ? first->bias + start : NULL;
        job->mask = first->mask ? first->mask + at : NULL;
        run_strips(job, rows, n);
        vn__pass_rows(job->c, job->c_row, s->mask ? s->mask + at : NULL, s, job->blocks * rows,
                      n);
    }
}

static void run(const vn__job *first, const vn__second *s, int64_t m, int64_t n, const terms *t)
{
    const vn__cut cut = vn__cut_rows(m);
    const int64_t low = cut.height, high = low + 1;
    vn__job job = *first;
    job.a_step = t->step;
    run_blocks(&job, first, s, 0, cut.tall, high, n, t);
    run_blocks(&job, first, s, cut.tall * high, cut.blocks - cut.tall, low, n, t);
}

/* All terms, DEPTH at a time; the job knows A, B and C, and is the caller's own. */
VN_INLINE void run_terms(vn__job *job, int64_t step, int64_t m, int64_t n, int64_t k,
                         const vn__epilogue *epilogue)
{
    const vn__second rest = vn__set_epilogue(job, epilogue), none = { -1, -1, NULL };
    int64_t from = 0;
    for (; k - from > DEPTH + DEPTH / 2; from += DEPTH) {
        vn__job begun = *job;
        begun.relu = false;
        begun.mask = NULL;
        begun.depth = DEPTH;
        run(&begun, &none, m, n, &(terms){ from, DEPTH, step });
        job->b += DEPTH * job->b_row;
        job->bias = NULL;
        job->accumulate = true;
    }
    job->depth = k - from;
    run(job, &rest, m, n, &(terms){ from, k - from, step });
}

void VN_FN(gemm_packed)(void *c, int64_t ldc, const void *packed, const void *b, int64_t ldb,
                        int64_t m, int64_t n, int64_t k, const vn__epilogue *epilogue)
{
    vn__job job = { .c = c, .c_row = ldc, .a = packed, .b = b, .b_row = ldb };
    run_terms(&job, vn__packed_depth(k), m, n, k, epilogue);
}

void VN_FN(gemm_lying)(void *c, int64_t ldc, const void *a, int64_t lda, const void *b,
                       int64_t ldb, int64_t m, int64_t n, int64_t k,
                       const vn__epilogue *epilogue)
{
    vn__job job = { .c = c, .c_row = ldc, .a = a, .b = b, .b_row = ldb };
    job.a_row = lda;
    job.a_col = 1;
    job.panels = 1;
    run_terms(&job, lda, m, n, k, epilogue);
}
