/* SPDX-License-Identifier: MIT
 * Where the largest and the smallest numbers are; a NaN counts as both. */
#include "kernels/real.h"

#define VN_X real
#define VN_LOOP(name) name
#include "kernels/fold.h"

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
