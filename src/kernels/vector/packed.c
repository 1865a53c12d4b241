/* SPDX-License-Identifier: MIT
 * Packed matrices, and the products with them: dense layers and convolutions on panels of
 * lanes. */
#include "kernels/vector/pack.h"

#include <stddef.h>

int64_t VN_FN(pack_size)(int64_t m, int64_t k)
{
    return m * k * (int64_t)sizeof(real);
}

void VN_FN(pack)(void *packed, const void *a, int64_t a_row, int64_t a_tap, int64_t a_channel,
                 int64_t m, int64_t taps, int64_t channels)
{
    const vn__cut cut = vn__cut_rows(m);
    real *p = packed;
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
static void run_block(const vn__job *block, int64_t rows, int64_t n)
{
    vn__job strip = *block;
    for (int64_t j = 0; j < n; j += VN_COLS) {
        VN_FN(run_tile)(&strip, rows, n - j < VN_COLS ? n - j : VN_COLS);
        strip.c += VN_COLS;
        strip.b += VN_COLS;
        strip.mask = strip.mask ? strip.mask + VN_COLS : NULL;
    }
}

/* What the tiles cannot do as they store: rows of unary.def and binary.def, -1: none. */
typedef struct second {
    int unary, gate;
    const real *mask;
} second;

static void pass_rows(real *c, int64_t c_row, const real *mask, int64_t mask_row,
                      const second *s, int64_t rows, int64_t n)
{
    if (s->unary >= 0 && c_row == n)
        VN_FN(unary)[s->unary](c, c, rows * n);
    for (int64_t i = 0; s->unary >= 0 && c_row != n && i < rows; i++)
        VN_FN(unary)[s->unary](c + i * c_row, c + i * c_row, n);
    if (s->gate >= 0)
        VN_FN(binary)[s->gate](c, c_row, (vn__in){ mask, mask_row, 1 },
                               (vn__in){ c, c_row, 1 }, rows, n);
}

/* A second pass over a block that is in L1. */
static void second_pass(const vn__job *block, const second *s, int64_t start, int64_t rows,
                        int64_t n)
{
    const real *mask = s->mask ? s->mask + start * block->mask_row : NULL;
    for (int64_t q = 0; q < block->pixels; q++)
        pass_rows(block->c + q * block->c_pixel, block->c_row,
                  mask ? mask + q * block->c_pixel : mask, block->mask_row, s, rows, n);
}

static void run(const vn__job *job, const second *s, int64_t m, int64_t n, const terms *t)
{
    const vn__cut cut = vn__cut_rows(m);
    for (int64_t b = 0; b < cut.blocks; b++) {
        const int64_t rows = vn__block_rows(&cut, b), start = vn__block_start(&cut, b);
        const vn__job block = rows_from(job, start, rows, t);
        run_block(&block, rows, n);
        if (s->unary >= 0 || s->gate >= 0)
            second_pass(&block, s, start, rows, n);
    }
}

/* Gives the tiles their part of the epilogue and returns the rest. */
static second set_epilogue(vn__job *job, const vn__epilogue *e)
{
    second rest = { -1, -1, NULL };
    if (!e)
        return rest;
    job->bias = e->bias;
    job->accumulate = e->accumulate;
    job->relu = e->unary == VN__THEN(relu);
    job->mask_row = e->mask_row;
    const bool in_tile = job->relu || !e->unary;
    const int gate = e->gate ? e->gate : VN__TIMES(relu_grad);
    if (!in_tile)
        rest.unary = e->unary - 1;
    if (e->mask && in_tile && gate == VN__TIMES(relu_grad)) {
        job->mask = e->mask;
    } else if (e->mask) {
        rest.gate = gate - 1;
        rest.mask = e->mask;
    }
    return rest;
}

void VN_FN(gemm_packed)(void *c, int64_t ldc, const void *packed, const void *b, int64_t ldb,
                        int64_t m, int64_t n, int64_t k, const vn__epilogue *epilogue)
{
    static const int32_t only = 0;
    vn__job job = { .c = c, .c_row = ldc, .a = packed, .b = b, .b_row = ldb, .tap = &only };
    job.pixels = job.taps = 1;
    const second rest = set_epilogue(&job, epilogue), none = { -1, -1, NULL };
    int64_t from = 0;
    for (; k - from > DEPTH + DEPTH / 2; from += DEPTH) {
        vn__job begun = job;
        begun.relu = false;
        begun.mask = NULL;
        begun.channels = DEPTH;
        run(&begun, &none, m, n, &(terms){ from, DEPTH, k });
        job.b += DEPTH * ldb;
        job.bias = NULL;
        job.accumulate = true;
    }
    job.channels = k - from;
    run(&job, &rest, m, n, &(terms){ from, k - from, k });
}

void VN_FN(conv)(void *y, const void *packed, const void *x, const vn__window *window,
                 const vn__epilogue *epilogue)
{
    const vn__window *s = window;
    vn__job job = {
        .c = y, .c_row = s->y_channel, .c_pixel = s->y_pixel, .a = packed,
        .b = x, .b_row = s->x_channel, .b_pixel = s->x_pixel, .tap = s->tap,
        .pixels = s->pixels, .taps = s->taps, .channels = s->channels,
    };
    const second rest = set_epilogue(&job, epilogue);
    const int64_t k = s->taps * s->channels;
    run(&job, &rest, s->outputs, s->lanes, &(terms){ 0, k, k });
}
