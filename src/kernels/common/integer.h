/* SPDX-License-Identifier: MIT
 *
 * All rows of one integer type. Included by integers.c with T the type, TAG its dtype and
 * SIGNED. Arithmetic goes through uint64_t, where wrapping is defined; compilers narrow it
 * again. File-local names end in the tag, L(name).
 * */

#define L__(name, tag) name##_##tag
#define L_(name, tag) L__(name, tag)
#define L(name) L_(name, TAG)
#define LOWEST (SIGNED ? (T)((uint64_t)1 << (8 * sizeof(T) - 1)) : (T)0)
#define HIGHEST ((T)~(uint64_t)LOWEST)

#define VN_X T
#define VN_Z T
#define VN_LOOP(name) L(name)
#include "kernels/loops.h"
#undef VN_Z
#undef VN_LOOP
#define VN_Z uint8_t
#define VN_LOOP(name) L(name##_to_bool)
#include "kernels/loops.h"
#undef VN_Z
#undef VN_LOOP
#define VN_C uint8_t
#define VN_LOOP(name) L(name##_bool)
#include "kernels/loops3.h"
#undef VN_C
#undef VN_LOOP
#define VN_C T
#define VN_LOOP(name) L(name)
#include "kernels/loops3.h"
#undef VN_C
#undef VN_LOOP
#undef VN_X

/* ---- unary */

static T L(neg)(T x) { return (T)(0 - (uint64_t)x); }
static T L(abs)(T x) { return SIGNED && x < (T)1 ? (T)(0 - (uint64_t)x) : x; }
static T L(sign)(T x) { return (T)((x > 0) - (SIGNED && x < (T)1 && x != 0)); }
static T L(square)(T x) { return (T)((uint64_t)x * (uint64_t)x); }
static T L(bit_not)(T x) { return (T)~x; }
static uint8_t L(logical_not)(T x) { return x == 0; }

/* ---- binary; division as in XLA: a / 0 = -1, a mod 0 = a, lowest / -1 = lowest */

static bool L(negative)(T x) { return SIGNED && x < (T)1 && x != 0; }
static T L(add)(T x, T y) { return (T)((uint64_t)x + (uint64_t)y); }
static T L(sub)(T x, T y) { return (T)((uint64_t)x - (uint64_t)y); }
static T L(mul)(T x, T y) { return (T)((uint64_t)x * (uint64_t)y); }
static T L(max)(T x, T y) { return x > y ? x : y; }
static T L(min)(T x, T y) { return x < y ? x : y; }
static T L(and)(T x, T y) { return (T)(x & y); }
static T L(or)(T x, T y) { return (T)(x | y); }
static T L(xor)(T x, T y) { return (T)(x ^ y); }

static T L(div)(T x, T y)
{
    if (y == 0)
        return (T)~(uint64_t)0;
    if (SIGNED && y == (T)-1)
        return L(neg)(x);
    return (T)(x / y);
}

static T L(fmod)(T x, T y)
{
    if (y == 0)
        return x;
    return (T)(SIGNED && y == (T)-1 ? 0 : x % y);
}

static T L(remainder)(T x, T y)
{
    const T r = L(fmod)(x, y);
    return y != 0 && r != 0 && L(negative)(r) != L(negative)(y) ? L(add)(r, y) : r;
}

static T L(floor_div)(T x, T y)
{
    const T q = L(div)(x, y), r = L(fmod)(x, y);
    return y != 0 && r != 0 && L(negative)(r) != L(negative)(y) ? L(sub)(q, 1) : q;
}

/* By repeated squaring. The inverse of x truncates to 0, except for 1 and -1. */
static T L(pow)(T x, T y)
{
    if (L(negative)(y))
        return x == 1 ? (T)1 : SIGNED && x == (T)-1 ? (T)(y % 2 == 0 ? 1 : -1) : (T)0;
    uint64_t result = 1, base = (uint64_t)x;
    for (uint64_t e = (uint64_t)y; e > 0; e >>= 1, base *= base)
        if (e & 1)
            result *= base;
    return (T)result;
}

static T L(shift_left)(T x, T y)
{
    return (T)((uint64_t)y >= 8 * sizeof(T) ? 0 : (uint64_t)x << y);
}

static T L(shift_right)(T x, T y)
{
    if ((uint64_t)y >= 8 * sizeof(T))
        return L(negative)(x) ? (T)~(uint64_t)0 : (T)0;
    return (T)(x >> y);
}

static T L(clamp)(T x, T low, T high) { return L(min)(L(max)(x, low), high); }
static T L(where)(uint8_t c, T x, T y) { return c ? x : y; }

/* ---- the rows */

#define VN_ROW_YES(ROW, name) ROW(name)
#define VN_ROW_BITS(ROW, name) ROW(name)
#define VN_ROW_NO(ROW, name)

#define ROW1(name) \
    static void L(rows_##name)(void *y, const void *x, int64_t n) { L(map)(y, x, n, L(name)); }
#define VN_UNARY(name, real, integer, ...) VN_ROW_##integer(ROW1, name)
#include "kernels/unary.def"
#undef VN_UNARY

static void L(rows_logical_not)(void *y, const void *x, int64_t n)
{
    L(map_to_bool)(y, x, n, L(logical_not));
}

#define ROW2(name)                                                                      \
    static void L(rows_##name)(void *z, int64_t z_row, const vn__in in[], int64_t rows, \
                               int64_t cols)                                            \
    {                                                                                   \
        L(map2)(z, z_row, in, rows, cols, L(name));                                     \
    }
#define VN_BINARY(name, real, integer, ...) VN_ROW_##integer(ROW2, name)
#include "kernels/binary.def"
#undef VN_BINARY

#define VN_COMPARE(name, op)                                                            \
    static uint8_t L(name)(T x, T y) { return x op y; }                                 \
    static void L(rows_##name)(void *z, int64_t z_row, const vn__in in[], int64_t rows, \
                               int64_t cols)                                            \
    {                                                                                   \
        L(map2_to_bool)(z, z_row, in, rows, cols, L(name));                             \
    }
#include "kernels/compare.def"
#undef VN_COMPARE

static void L(rows_where)(void *w, int64_t w_row, const vn__in in[], int64_t rows, int64_t cols)
{
    L(map3_bool)(w, w_row, in, rows, cols, L(where));
}

static void L(rows_clamp)(void *w, int64_t w_row, const vn__in in[], int64_t rows, int64_t cols)
{
    L(map3)(w, w_row, in, rows, cols, L(clamp));
}

vn__unary_fn *const VN_NAME(unary, TAG)[VN__UNARIES] = {
#define ENTRY1(name) [VN__UNARY_##name] = L(rows_##name),
#define VN_UNARY(name, real, integer, ...) VN_ROW_##integer(ENTRY1, name)
#include "kernels/unary.def"
#undef VN_UNARY
};

vn__unary_fn *const VN_NAME(predicate, TAG)[VN__PREDICATES] = {
    [VN__PREDICATE_logical_not] = L(rows_logical_not),
};

vn__binary_fn *const VN_NAME(binary, TAG)[VN__BINARIES] = {
#define ENTRY2(name) [VN__BINARY_##name] = L(rows_##name),
#define VN_BINARY(name, real, integer, ...) VN_ROW_##integer(ENTRY2, name)
#include "kernels/binary.def"
#undef VN_BINARY
};

vn__binary_fn *const VN_NAME(compare, TAG)[VN__COMPARES] = {
#define VN_COMPARE(name, op) [VN__COMPARE_##name] = L(rows_##name),
#include "kernels/compare.def"
#undef VN_COMPARE
};

vn__ternary_fn *const VN_NAME(ternary, TAG)[VN__TERNARIES] = {
    [VN__TERNARY_where] = L(rows_where),
    [VN__TERNARY_clamp] = L(rows_clamp),
};

/* ---- reductions */

#define VN_X T
#define VN_LOOP(name) L(name)
#include "kernels/fold.h"
#undef VN_LOOP
#undef VN_X

#define FOLD(name, identity)                                                       \
    static void L(fold_##name)(void *out, const void *x, int64_t outer, int64_t n, \
                               int64_t inner, bool accumulate)                     \
    {                                                                              \
        L(fold)(out, x, outer, n, inner, accumulate, identity, L(name));           \
    }
FOLD(add, 0)
FOLD(mul, 1)
FOLD(max, LOWEST)
FOLD(min, HIGHEST)

vn__reduce_fn *const VN_NAME(reduce, TAG)[VN__REDUCES] = {
    [VN__REDUCE_sum] = L(fold_add),
    [VN__REDUCE_prod] = L(fold_mul),
    [VN__REDUCE_max] = L(fold_max),
    [VN__REDUCE_min] = L(fold_min),
};

static bool L(is_greater)(T x, T best) { return x > best; }
static bool L(is_less)(T x, T best) { return x < best; }

void VN_NAME(argmax, TAG)(int32_t *out, const void *x, int64_t outer, int64_t n, int64_t inner)
{
    L(arg)(out, x, outer, n, inner, L(is_greater));
}

void VN_NAME(argmin, TAG)(int32_t *out, const void *x, int64_t outer, int64_t n, int64_t inner)
{
    L(arg)(out, x, outer, n, inner, L(is_less));
}

#undef FOLD
#undef ROW1
#undef ROW2
#undef ENTRY1
#undef ENTRY2
#undef VN_ROW_YES
#undef VN_ROW_BITS
#undef VN_ROW_NO
#undef T
#undef TAG
#undef SIGNED
