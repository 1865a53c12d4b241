/* SPDX-License-Identifier: MIT
 * Reductions of floating numbers; max and min let a NaN win. */
#include "kernels/real.h"

#include <math.h>

#define VN_X real
#define VN_LOOP(name) name
#include "kernels/fold.h"

static real f_sum(real a, real x) { return a + x; }
static real f_prod(real a, real x) { return a * x; }
static real f_max(real a, real x) { return x > a || x != x ? x : a; }
static real f_min(real a, real x) { return x < a || x != x ? x : a; }

#include "kernels/reduce_rows.h"

/* One example row at a time: the lanes are contiguous. */
void VN_FN(lane_sum)(void *out, const void *x, int64_t x_row, int64_t rows, int64_t valid)
{
    real *sum = out;
    for (int64_t f = 0; f < rows; f++)
        sum[f] += fold_run((const real *)x + f * x_row, valid, 0, f_sum);
}
