/* SPDX-License-Identifier: MIT
 * Packed matrices, and the products with them: dense layers and convolutions on panels of
 * lanes. */
#include "kernels/vector/tile.h"

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
        for (int64_t t = 0; t < taps; t++)
            for (int64_t c = 0; c < channels; c++)
                for (int64_t i = 0; i < rows; i++)
                    *p++ = from[i * a_row + t * a_tap + c * a_channel];
    }
}

/* ---- products */

/* The part of a job that begins at row `start` of the result. */
static vn__job rows_from(const vn__job *job, int64_t start)
{
    vn__job block = *job;
    block.a += start * job->taps * job->channels;
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

/* Functions other than relu, and after them the mask: a second pass over a block that is in
 * L1. */
static void apply_unary(const vn__job *block, const real *mask, int unary, int64_t rows,
                        int64_t n)
{
    if (block->pixels == 1 && block->c_row == n)
        VN_FN(unary)[unary](block->c, block->c, rows * n);
    for (int64_t q = 0; q < block->pixels; q++)
        for (int64_t i = 0; i < rows; i++) {
            real *c = block->c + q * block->c_pixel + i * block->c_row;
            const real *gate = mask + q * block->c_pixel + i * block->mask_row;
            if (block->pixels > 1 || block->c_row != n)
                VN_FN(unary)[unary](c, c, n);
            for (int64_t j = 0; mask && j < n; j++)
                c[j] = gate[j] > 0 ? c[j] : 0;
        }
}

static void run(const vn__job *job, int unary, int64_t m, int64_t n)
{
    const vn__cut cut = vn__cut_rows(m);
    for (int64_t b = 0; b < cut.blocks; b++) {
        const int64_t rows = vn__block_rows(&cut, b);
        vn__job block = rows_from(job, vn__block_start(&cut, b));
        const real *mask = block.mask;
        if (unary)
            block.mask = NULL;
        run_block(&block, rows, n);
        if (unary)
            apply_unary(&block, mask, unary - 1, rows, n);
    }
}

/* The job's epilogue; returns the function that the tiles cannot do, 0: none. */
static int set_epilogue(vn__job *job, const vn__epilogue *e)
{
    if (!e)
        return 0;
    job->bias = e->bias;
    job->mask = e->mask;
    job->mask_row = e->mask_row;
    job->accumulate = e->accumulate;
    job->relu = e->unary == VN__THEN(relu);
    return job->relu ? 0 : e->unary;
}

void VN_FN(gemm_packed)(void *c, int64_t ldc, const void *packed, const void *b, int64_t ldb,
                        int64_t m, int64_t n, int64_t k, const vn__epilogue *epilogue)
{
    static const int32_t only = 0;
    vn__job job = { .c = c, .c_row = ldc, .a = packed, .b = b, .b_row = ldb, .tap = &only };
    job.pixels = job.taps = 1;
    job.channels = k;
    const int unary = set_epilogue(&job, epilogue);
    run(&job, unary, m, n);
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
    const int unary = set_epilogue(&job, epilogue);
    run(&job, unary, s->outputs, s->lanes);
}
