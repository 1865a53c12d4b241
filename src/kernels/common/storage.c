/* SPDX-License-Identifier: MIT
 * bool, and the types that are stored but not computed with: bf16 and f16 can only be
 * selected. */
#include "kernels/internal.h"
#include "kernels/rectangle.h"

#define VN_X uint8_t
#define VN_Z uint8_t
#define VN_C uint8_t
#define VN_LOOP(name) name
#include "kernels/loops.h"
#include "kernels/loops3.h"
#include "kernels/fold.h"
#undef VN_X
#undef VN_LOOP
#define VN_X uint16_t
#define VN_LOOP(name) name##_16
#include "kernels/loops3.h"

/* ---- bool: 0 or 1 */

static uint8_t f_not(uint8_t x) { return x == 0; }
static uint8_t f_max(uint8_t x, uint8_t y) { return x > y ? x : y; }
static uint8_t f_min(uint8_t x, uint8_t y) { return x < y ? x : y; }
static uint8_t f_and(uint8_t x, uint8_t y) { return x & y; }
static uint8_t f_or(uint8_t x, uint8_t y) { return x | y; }
static uint8_t f_xor(uint8_t x, uint8_t y) { return x ^ y; }
static uint8_t f_where(uint8_t c, uint8_t x, uint8_t y) { return c ? x : y; }
static uint16_t f_where_16(uint8_t c, uint16_t x, uint16_t y) { return c ? x : y; }

static void not(void *y, const void *x, int64_t n) { map(y, x, n, f_not); }

#define VN_ROW_YES(name)
#define VN_ROW_NO(name)
#define VN_ROW_BITS(name)                                                            \
    static void name##_bool(void *z, int64_t z_row, const vn__in in[], int64_t rows, \
                            int64_t cols)                                            \
    {                                                                                \
        map2(z, z_row, in, rows, cols, f_##name);                                    \
    }
#define VN_BINARY(name, real, integer, ...) VN_ROW_##integer(name)
#include "kernels/binary.def"
#undef VN_BINARY
#undef VN_ROW_BITS

#define VN_COMPARE(name, op)                                                         \
    static uint8_t f_##name(uint8_t x, uint8_t y) { return x op y; }                 \
    static void name##_bool(void *z, int64_t z_row, const vn__in in[], int64_t rows, \
                            int64_t cols)                                            \
    {                                                                                \
        map2(z, z_row, in, rows, cols, f_##name);                                    \
    }
#include "kernels/compare.def"
#undef VN_COMPARE

static void where(void *w, int64_t w_row, const vn__in in[], int64_t rows, int64_t cols)
{
    map3(w, w_row, in, rows, cols, f_where);
}

static void fold_max(void *out, const void *x, int64_t outer, int64_t n, int64_t inner,
                     bool accumulate)
{
    fold(out, x, outer, n, inner, accumulate, 0, f_max);
}

static void fold_min(void *out, const void *x, int64_t outer, int64_t n, int64_t inner,
                     bool accumulate)
{
    fold(out, x, outer, n, inner, accumulate, 1, f_min);
}

static bool is_greater(uint8_t x, uint8_t best) { return x > best; }
static bool is_less(uint8_t x, uint8_t best) { return x < best; }

void VN_NAME(argmax, BOOL)(int32_t *out, const void *x, int64_t outer, int64_t n, int64_t inner)
{
    arg(out, x, outer, n, inner, is_greater);
}

void VN_NAME(argmin, BOOL)(int32_t *out, const void *x, int64_t outer, int64_t n, int64_t inner)
{
    arg(out, x, outer, n, inner, is_less);
}

vn__unary_fn *const VN_NAME(unary, BOOL)[VN__UNARIES] = { [VN__UNARY_bit_not] = not };
vn__unary_fn *const VN_NAME(predicate, BOOL)[VN__PREDICATES] = {
    [VN__PREDICATE_logical_not] = not,
};
vn__binary_fn *const VN_NAME(binary, BOOL)[VN__BINARIES] = {
#define VN_ROW_BITS(name) [VN__BINARY_##name] = name##_bool,
#define VN_BINARY(name, real, integer, ...) VN_ROW_##integer(name)
#include "kernels/binary.def"
#undef VN_BINARY
};
vn__binary_fn *const VN_NAME(compare, BOOL)[VN__COMPARES] = {
#define VN_COMPARE(name, op) [VN__COMPARE_##name] = name##_bool,
#include "kernels/compare.def"
#undef VN_COMPARE
};
vn__ternary_fn *const VN_NAME(ternary, BOOL)[VN__TERNARIES] = { [VN__TERNARY_where] = where };
vn__reduce_fn *const VN_NAME(reduce, BOOL)[VN__REDUCES] = {
    [VN__REDUCE_max] = fold_max,
    [VN__REDUCE_min] = fold_min,
};

/* ---- bf16 and f16: two bytes that are moved */

static void where_16(void *w, int64_t w_row, const vn__in in[], int64_t rows, int64_t cols)
{
    map3_16(w, w_row, in, rows, cols, f_where_16);
}

#define STORED(TAG)                                                      \
    vn__unary_fn *const VN_NAME(unary, TAG)[VN__UNARIES] = { 0 };        \
    vn__unary_fn *const VN_NAME(predicate, TAG)[VN__PREDICATES] = { 0 }; \
    vn__binary_fn *const VN_NAME(binary, TAG)[VN__BINARIES] = { 0 };     \
    vn__binary_fn *const VN_NAME(compare, TAG)[VN__COMPARES] = { 0 };    \
    vn__reduce_fn *const VN_NAME(reduce, TAG)[VN__REDUCES] = { 0 };      \
    vn__ternary_fn *const VN_NAME(ternary,                               \
                                  TAG)[VN__TERNARIES] = { [VN__TERNARY_where] = where_16 };
STORED(BF16)
STORED(F16)
