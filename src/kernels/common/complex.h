/* SPDX-License-Identifier: MIT
 * The rows of one complex type; included by complex.c with T, the type, R, that of its parts,
 * TAG and REAL_TAG, MAKE(re, im) and F(name), a function of <complex.h>. */

#define JOIN_(name, tag) name##_##tag
#define JOIN(name, tag) JOIN_(name, tag)
#define L(name) JOIN(name, TAG)

#define VN_X T
#define VN_Z T
#define VN_C uint8_t
#define VN_LOOP(name) L(name)
#include "kernels/loops.h"
#include "kernels/loops3.h"
#undef VN_Z
#undef VN_LOOP
#define VN_Z uint8_t
#define VN_LOOP(name) JOIN(name##_bool, TAG)
#include "kernels/loops.h"
#undef VN_Z
#undef VN_X
#undef VN_LOOP
#define VN_X R
#define VN_Z T
#define VN_LOOP(name) JOIN(name##_real, TAG)
#include "kernels/loops.h"
#undef VN_LOOP
#undef VN_C
#undef VN_X
#undef VN_Z

/* ---- formulas */

static T L(neg)(T x) { return -x; }
static T L(square)(T x) { return x * x; }
static T L(reciprocal)(T x) { return (R)1 / x; }
static T L(exp)(T x) { return F(cexp)(x); }
static T L(log)(T x) { return F(clog)(x); }
static T L(sqrt)(T x) { return F(csqrt)(x); }
static T L(sin)(T x) { return F(csin)(x); }
static T L(cos)(T x) { return F(ccos)(x); }
static T L(tanh)(T x) { return F(ctanh)(x); }
static T L(sigmoid)(T x) { return (R)1 / ((R)1 + F(cexp)(-x)); }
static T L(conj)(T x) { return F(conj)(x); }
static T L(add)(T x, T y) { return x + y; }
static T L(sub)(T x, T y) { return x - y; }
static T L(mul)(T x, T y) { return x * y; }
static T L(div)(T x, T y) { return x / y; }
static uint8_t L(eq)(T x, T y) { return x == y; }
static uint8_t L(ne)(T x, T y) { return x != y; }
static T L(where)(uint8_t c, T x, T y) { return c ? x : y; }
static T L(make)(R re, R im) { return MAKE(re, im); }

/* ---- rows */

#define ROW1(name)                                                \
    static void L(rows_##name)(void *y, const void *x, int64_t n) \
    {                                                             \
        L(map)(y, x, n, L(name));                                 \
    }
ROW1(neg)
ROW1(square)
ROW1(reciprocal)
ROW1(exp)
ROW1(log)
ROW1(sqrt)
ROW1(sin)
ROW1(cos)
ROW1(tanh)
ROW1(sigmoid)
ROW1(conj)
#undef ROW1

#define ROW2(map, name)                                                                 \
    static void L(rows_##name)(void *z, int64_t z_row, const vn__in in[], int64_t rows, \
                               int64_t cols)                                            \
    {                                                                                   \
        JOIN(map, TAG)(z, z_row, in, rows, cols, L(name));                              \
    }
ROW2(map2, add)
ROW2(map2, sub)
ROW2(map2, mul)
ROW2(map2, div)
ROW2(map2_bool, eq)
ROW2(map2_bool, ne)
ROW2(map2_real, make)
#undef ROW2

static void L(rows_where)(void *w, int64_t w_row, const vn__in in[], int64_t rows, int64_t cols)
{
    L(map3)(w, w_row, in, rows, cols, L(where));
}

static void L(rows_imag)(void *y, const void *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        ((R *)y)[i] = F(cimag)(((const T *)x)[i]);
}

static void L(fold_sum)(void *out, const void *x, int64_t outer, int64_t n, int64_t inner,
                        bool accumulate)
{
    VN_NAME(reduce, REAL_TAG)[VN__REDUCE_sum](out, x, outer, n, 2 * inner, accumulate);
}

/* ---- tables */

vn__unary_fn *const VN_NAME(unary, TAG)[VN__UNARIES] = {
    [VN__UNARY_neg] = L(rows_neg),
    [VN__UNARY_square] = L(rows_square),
    [VN__UNARY_reciprocal] = L(rows_reciprocal),
    [VN__UNARY_exp] = L(rows_exp),
    [VN__UNARY_log] = L(rows_log),
    [VN__UNARY_sqrt] = L(rows_sqrt),
    [VN__UNARY_sin] = L(rows_sin),
    [VN__UNARY_cos] = L(rows_cos),
    [VN__UNARY_tanh] = L(rows_tanh),
    [VN__UNARY_sigmoid] = L(rows_sigmoid),
};
vn__unary_fn *const VN_NAME(predicate, TAG)[VN__PREDICATES] = { 0 };
vn__binary_fn *const VN_NAME(binary, TAG)[VN__BINARIES] = {
    [VN__BINARY_add] = L(rows_add),
    [VN__BINARY_sub] = L(rows_sub),
    [VN__BINARY_mul] = L(rows_mul),
    [VN__BINARY_div] = L(rows_div),
};
vn__binary_fn *const VN_NAME(compare, TAG)[VN__COMPARES] = {
    [VN__COMPARE_eq] = L(rows_eq),
    [VN__COMPARE_ne] = L(rows_ne),
};
vn__ternary_fn *const VN_NAME(ternary, TAG)[VN__TERNARIES] = {
    [VN__TERNARY_where] = L(rows_where),
};
vn__reduce_fn *const VN_NAME(reduce, TAG)[VN__REDUCES] = {
    [VN__REDUCE_sum] = L(fold_sum),
};
const vn__complex_kernels VN_NAME(parts, TAG) = {
    .make = L(rows_make),
    .imag = L(rows_imag),
    .conj = L(rows_conj),
};

#undef T
#undef R
#undef TAG
#undef REAL_TAG
#undef MAKE
#undef F
#undef L
#undef JOIN
#undef JOIN_
