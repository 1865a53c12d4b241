/* SPDX-License-Identifier: MIT
 * Rows of a table by index, one index a lane: the forward pass of an embedding and its
 * gradient. */
#include "kernels/real.h"

static int64_t clamp_index(int64_t i, int64_t rows)
{
    return i < 0 ? 0 : i >= rows ? rows - 1 : i;
}

void VN_FN(gather_rows)(void *out, const void *table, int64_t ld, const int32_t *index,
                        int64_t rows, int64_t features, int64_t lanes)
{
    for (int64_t l = 0; l < lanes; l++) {
        const real *row = (const real *)table + clamp_index(index[l], rows) * ld;
        for (int64_t f = 0; f < features; f++)
            ((real *)out)[f * lanes + l] = row[f];
    }
}

void VN_FN(scatter_rows)(void *table, int64_t ld, const void *g, const int32_t *index,
                         int64_t rows, int64_t features, int64_t lanes, int64_t valid)
{
    for (int64_t l = 0; l < valid; l++) {
        if (index[l] < 0 || index[l] >= rows)
            continue;
        real *row = (real *)table + index[l] * ld;
        for (int64_t f = 0; f < features; f++)
            row[f] += ((const real *)g)[f * lanes + l];
    }
}
