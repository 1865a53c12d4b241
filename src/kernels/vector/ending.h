/* SPDX-License-Identifier: MIT
 *
 * The epilogue of a product (vn__epilogue): relu and its derivative are done by the tile as it
 * stores, other functions in a second pass over a block that is still in the level 1 cache.
 * */
#ifndef VN_KERNELS_VECTOR_ENDING_H
#define VN_KERNELS_VECTOR_ENDING_H

#include "kernels/vector/tile.h"

#include <stddef.h>

/* What the tiles cannot do as they store: rows of unary.def and binary.def, -1: none. */
typedef struct vn__second {
    int unary, gate;
    const real *mask;
} vn__second;

/* The second pass over c and the mask, which begin at the same row of the result. */
static inline void vn__pass_rows(real *c, int64_t c_row, const real *mask, const vn__second *s,
                                 int64_t rows, int64_t n)
{
    if (s->unary >= 0 && c_row == n)
        VN_FN(unary)[s->unary](c, c, rows * n);
    for (int64_t i = 0; s->unary >= 0 && c_row != n && i < rows; i++)
        VN_FN(unary)[s->unary](c + i * c_row, c + i * c_row, n);
    if (s->gate >= 0) {
        const vn__in in[] = { { mask, c_row, 1 }, { c, c_row, 1 } };
        VN_FN(binary)[s->gate](c, c_row, in, rows, n);
    }
}

/* Gives the tiles their part of the epilogue and returns the rest. */
static inline vn__second vn__set_epilogue(vn__job *job, const vn__epilogue *e)
{
    vn__second rest = { -1, -1, NULL };
    if (!e)
        return rest;
    job->bias = e->bias;
    job->accumulate = e->accumulate;
    job->relu = e->unary == VN__THEN(relu);
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

#endif
