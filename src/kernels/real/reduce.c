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

#define FOLD(name, identity)                                                                   \
    static void fold_##name(void *out, const void *x, int64_t outer, int64_t n, int64_t inner, \
                            bool accumulate)                                                   \
    {                                                                                          \
        fold(out, x, outer, n, inner, accumulate, identity, f_##name);                         \
    }
FOLD(sum, 0)
FOLD(prod, 1)
FOLD(max, -(real)INFINITY)
FOLD(min, (real)INFINITY)

vn__reduce_fn *const VN_FN(reduce)[VN__REDUCES] = {
    [VN__REDUCE_sum] = fold_sum,
    [VN__REDUCE_prod] = fold_prod,
    [VN__REDUCE_max] = fold_max,
    [VN__REDUCE_min] = fold_min,
};

static bool is_greater(real x, real best) { return x > best || (x != x && best == best); }
static bool is_less(real x, real best) { return x < best || (x != x && best == best); }

void VN_FN(argmax)(int32_t *out, const void *x, int64_t outer, int64_t n, int64_t inner)
{
    arg(out, x, outer, n, inner, is_greater);
}

void VN_FN(argmin)(int32_t *out, const void *x, int64_t outer, int64_t n, int64_t inner)
{
    arg(out, x, outer, n, inner, is_less);
}
