/* SPDX-License-Identifier: MIT
 * where, fma and clamp on floating numbers. */
#include "kernels/real.h"
#include "kernels/rectangle.h"

#include <math.h>

#define VN_X real
#define VN_C uint8_t
#define VN_LOOP(name) name##_bool
#include "kernels/loops3.h"
#undef VN_C
#undef VN_LOOP
#define VN_C real
#define VN_LOOP(name) name##_real
#include "kernels/loops3.h"

static real f_where(uint8_t c, real x, real y) { return c ? x : y; }
static real f_fma(real x, real y, real z) { return VN_M(fma)(x, y, z); }
static real f_clamp(real x, real low, real high)
{
    const real v = x < low ? low : x;
    return v > high ? high : v;
}

static void where(void *w, int64_t w_row, const vn__in in[], int64_t rows, int64_t cols)
{
    map3_bool(w, w_row, in, rows, cols, f_where);
}

static void fma_rows(void *w, int64_t w_row, const vn__in in[], int64_t rows, int64_t cols)
{
    map3_real(w, w_row, in, rows, cols, f_fma);
}

static void clamp(void *w, int64_t w_row, const vn__in in[], int64_t rows, int64_t cols)
{
    map3_real(w, w_row, in, rows, cols, f_clamp);
}

vn__ternary_fn *const VN_FN(ternary)[VN__TERNARIES] = {
    [VN__TERNARY_where] = where,
    [VN__TERNARY_fma] = fma_rows,
    [VN__TERNARY_clamp] = clamp,
};
