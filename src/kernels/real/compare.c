/* SPDX-License-Identifier: MIT
 * Predicates, comparisons, where, clamp and fma on floating numbers: loops that compilers
 * vectorise. */
#include "kernels/real.h"
#include "kernels/rectangle.h"

#include <math.h>

#define VN_X real
#define VN_Z uint8_t
#define VN_LOOP(name) name
#include "kernels/loops.h"

static uint8_t f_is_finite(real x) { return isfinite(x) != 0; }
static uint8_t f_is_inf(real x) { return isinf(x) != 0; }
static uint8_t f_is_nan(real x) { return x != x; }
static uint8_t f_logical_not(real x) { return x == 0; }

#define VN_PREDICATE(name, ...) \
    static void predicate_##name(void *y, const void *x, int64_t n) { map(y, x, n, f_##name); }
#include "kernels/predicate.def"
#undef VN_PREDICATE

vn__unary_fn *const VN_FN(predicate)[VN__PREDICATES] = {
#define VN_PREDICATE(name, ...) [VN__PREDICATE_##name] = predicate_##name,
#include "kernels/predicate.def"
#undef VN_PREDICATE
};

#define VN_COMPARE(name, op)                                                            \
    static uint8_t f_##name(real x, real y) { return x op y; }                          \
    static void compare_##name(void *z, int64_t z_row, const vn__in in[], int64_t rows, \
                               int64_t cols)                                            \
    {                                                                                   \
        map2(z, z_row, in, rows, cols, f_##name);                                       \
    }
#include "kernels/compare.def"
#undef VN_COMPARE

vn__binary_fn *const VN_FN(compare)[VN__COMPARES] = {
#define VN_COMPARE(name, op) [VN__COMPARE_##name] = compare_##name,
#include "kernels/compare.def"
#undef VN_COMPARE
};
