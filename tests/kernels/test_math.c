/* SPDX-License-Identifier: MIT
 * The unary rows that are functions of mathematics, against long double: numbers of every size,
 * the neighbourhood of the origin, special values and thresholds; all lengths, unaligned and in
 * place. exhaustive.c looks at every f32. */
#include "exact.h"
#include "support.h"

#include <float.h>
#include <string.h>

typedef long double exact(long double x);

static long double exact_exp2(long double x) { return exp2l(x); }
static long double exact_rsqrt(long double x) { return 1 / sqrtl(x); }
static long double exact_sigmoid(long double x) { return exact_gate(1, x, 0); }
static long double exact_log_sigmoid(long double x) { return -exact_softplus(-x); }
static long double exact_silu(long double x)
{
    return x < -12000 ? 0 : exact_gate(x, x, 0);
}

/* The largest error is in units in the last place. */
static const struct function {
    const char *name;
    exact *f;
    double ulps;
} functions[] = {
    { "exp", expl, 1 }, { "exp2", exact_exp2, 1 }, { "expm1", expm1l, 3 }, { "log", logl, 2 },
    { "log2", log2l, 3 }, { "log10", log10l, 3 }, { "log1p", log1pl, 3 }, { "sin", sinl, 3 },
    { "cos", cosl, 3 }, { "tan", tanl, 4 }, { "sinh", sinhl, 4 }, { "cosh", coshl, 3 },
    { "tanh", tanhl, 4 }, { "erf", erfl, 2 }, { "sigmoid", exact_sigmoid, 3 },
    { "softplus", exact_softplus, 3 }, { "log_sigmoid", exact_log_sigmoid, 3 },
    { "silu", exact_silu, 4 }, { "gelu_tanh", exact_gelu_tanh, 4 },
    { "gelu_exact", exact_gelu_exact, 4 }, { "sqrt", sqrtl, 1 }, { "rsqrt", exact_rsqrt, 2 },
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static vn__unary_fn *row_of(const vn__kernels *k, int dtype, const char *name)
{
    for (int op = 0; op < VN__UNARIES; op++)
        if (strcmp(vn__unary_name(op), name) == 0)
            return k->unary[dtype][op];
    return NULL;
}

/* ---- arguments */

enum { BATCH = 512 };

/* The batch fills with numbers of one kind; how many kinds there are. */
enum { KINDS = 5 };

static long double number(int dtype, int kind, int64_t i)
{
    const int low = dtype == VN__F32 ? -149 : -1074, high = dtype == VN__F32 ? 127 : 1023;
    const long double sign = next_bits() & 1 ? -1 : 1;
    const int exponent = low + (int)(next_bits() % (uint64_t)(high - low + 1));
    switch (kind) {
    case 0: return sign * ldexpl(uniform(1, 2), exponent); /* every size */
    case 1: return uniform(-8, 8);
    case 2: return uniform(-120, 120);
    case 3: return dtype == VN__F32 ? uniform(-150, 150) : uniform(-1100, 1100);
    default: return (i % 2 ? 1 : -1) * ldexpl(1, low + (int)(i / 2) % (high - low + 1));
    }
}

static void check_batch(const vn__kernels *k, int dtype, const struct function *f,
                        const buffer *y, const buffer *x)
{
    row_of(k, dtype, f->name)(y->data, x->data, BATCH);
    for (int64_t i = 0; i < BATCH; i++) {
        const long double at = get(dtype, x->data, i), got = get(dtype, y->data, i);
        const double distance = ulps(dtype, got, f->f(at));
        cr_assert(distance <= f->ulps, "%s %s %s(%.20Lg) = %.20Lg, %g units from %.20Lg",
                  k->name, vn__kdtype_name(dtype), f->name, at, got, distance, f->f(at));
    }
}

static void numbers(const vn__kernels *k)
{
    seed(11);
    for (int dtype = VN__F32; dtype <= VN__F64; dtype++) {
        buffer x = acquire(dtype, BATCH, 0), y = acquire(dtype, BATCH, 0);
        for (int round = 0; round < 20; round++) {
            for (int64_t i = 0; i < BATCH; i++)
                set(dtype, x.data, i, number(dtype, round % KINDS, i + round / KINDS * BATCH));
            for (int j = 0; j < FUNCTIONS; j++)
                check_batch(k, dtype, &functions[j], &y, &x);
        }
        release(&x), release(&y);
    }
}

Test(math, numbers_of_every_size) { for_each_row(numbers); }

/* ---- special values: where the result is not a matter of rounding */

static const struct special {
    const char *name;
    double x, y;
} specials[] = {
    { "exp", INFINITY, INFINITY }, { "exp", -INFINITY, 0 }, { "exp", -0.0, 1 },
    { "exp", 710, INFINITY }, { "exp", -746, 0 }, { "exp2", 1024, INFINITY },
    { "exp2", -1076, 0 }, { "exp2", -0.0, 1 }, { "exp2", -149, 0x1p-149 },
    { "exp2", 127, 0x1p127 }, { "expm1", -INFINITY, -1 }, { "expm1", -0.0, -0.0 },
    { "expm1", INFINITY, INFINITY }, { "log", 0, -INFINITY }, { "log", -0.0, -INFINITY },
    { "log", 1, 0 }, { "log", -1, NAN }, { "log", -1e-300, NAN },
    { "log", INFINITY, INFINITY }, { "log", -INFINITY, NAN }, { "log2", 8, 3 },
    { "log2", 0x1p-149, -149 }, { "log2", 0, -INFINITY }, { "log2", INFINITY, INFINITY },
    { "log10", 0, -INFINITY }, { "log10", -1, NAN }, { "log1p", -1, -INFINITY },
    { "log1p", -0.0, -0.0 }, { "log1p", -2, NAN }, { "log1p", INFINITY, INFINITY },
    { "sin", -0.0, -0.0 }, { "sin", INFINITY, NAN }, { "cos", -INFINITY, NAN },
    { "cos", 0, 1 }, { "tan", -0.0, -0.0 }, { "tan", INFINITY, NAN }, { "tanh", -0.0, -0.0 },
    { "tanh", INFINITY, 1 }, { "tanh", -INFINITY, -1 }, { "tanh", 1e30, 1 },
    { "erf", -0.0, -0.0 }, { "erf", INFINITY, 1 }, { "erf", -INFINITY, -1 },
    { "erf", -1e30, -1 }, { "sigmoid", INFINITY, 1 }, { "sigmoid", -INFINITY, 0 },
    { "sigmoid", 0, 0.5 }, { "softplus", -INFINITY, 0 }, { "softplus", INFINITY, INFINITY },
    { "log_sigmoid", INFINITY, 0 }, { "log_sigmoid", -INFINITY, -INFINITY },
    { "silu", -INFINITY, 0 }, { "silu", -1e30, 0 }, { "silu", INFINITY, INFINITY },
    { "silu", 0, 0 }, { "gelu_tanh", -INFINITY, 0 }, { "gelu_tanh", INFINITY, INFINITY },
    { "gelu_tanh", 1e30, 1e30 }, { "gelu_tanh", -1e30, 0 }, { "gelu_exact", -INFINITY, 0 },
    { "gelu_exact", INFINITY, INFINITY }, { "gelu_exact", -1e30, 0 }, { "gelu_exact", 0, 0 },
    { "sinh", -0.0, -0.0 }, { "sinh", -INFINITY, -INFINITY }, { "cosh", -INFINITY, INFINITY },
    { "cosh", 0, 1 }, { "relu", -0.0, 0 }, { "relu", -1, 0 }, { "relu", INFINITY, INFINITY },
    { "sqrt", -1, NAN }, { "sqrt", -0.0, -0.0 }, { "rsqrt", 0, INFINITY },
    { "rsqrt", INFINITY, 0 }, { "reciprocal", -0.0, -INFINITY }, { "sign", -0.0, -0.0 },
    { "sign", -1e-30, -1 }, { "abs", -0.0, 0 }, { "round", 2.5, 2 }, { "round", -0.5, -0.0 },
    { "floor", -0.5, -1 }, { "trunc", -1.5, -1 },
};

/* Zeros keep their sign where the table asks for -0. */
static bool same(long double got, long double want)
{
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got);
    return got == want && !(want == 0 && signbit(want) && !signbit(got));
}

static void special_values(const vn__kernels *k)
{
    for (int dtype = VN__F32; dtype <= VN__F64; dtype++) {
        for (size_t j = 0; j < sizeof specials / sizeof *specials; j++) {
            const struct special *s = &specials[j];
            buffer x = acquire(dtype, 1, 0), y = acquire(dtype, 1, 0);
            set(dtype, x.data, 0, s->x);
            row_of(k, dtype, s->name)(y.data, x.data, 1);
            const long double got = get(dtype, y.data, 0);
            cr_assert(same(got, (long double)s->y) || (dtype == VN__F32 && (float)s->x != s->x),
                      "%s %s %s(%g) = %Lg, not %g", k->name, vn__kdtype_name(dtype), s->name,
                      s->x, got, s->y);
            release(&x), release(&y);
        }
    }
}

Test(math, special_values) { for_each_row(special_values); }

static void keeps_nan(const vn__kernels *k)
{
    for (int dtype = VN__F32; dtype <= VN__F64; dtype++)
        for (int op = 0; op < VN__UNARIES; op++) {
            if (!k->unary[dtype][op])
                continue;
            buffer x = acquire(dtype, 3, 1);
            set(dtype, x.data, 0, -NAN), set(dtype, x.data, 1, 1), set(dtype, x.data, 2, NAN);
            k->unary[dtype][op](x.data, x.data, 3);
            cr_assert(isnan(get(dtype, x.data, 0)) && isnan(get(dtype, x.data, 2)) &&
                          !isnan(get(dtype, x.data, 1)),
                      "%s %s %s of NaN", k->name, vn__kdtype_name(dtype), vn__unary_name(op));
            release(&x);
        }
}

Test(math, nan_stays_nan) { for_each_row(keeps_nan); }

/* ---- every length gives the same bits as one element alone, and nothing is written beside */

enum { LONGEST = 67 };

static void check_length(const vn__kernels *k, int dtype, int op, const buffer *all,
                         const buffer *alone, int64_t n)
{
    buffer x = acquire(dtype, n, n % 5), y = acquire(dtype, n, n % 3);
    for (int64_t i = 0; i < n; i++)
        set(dtype, x.data, i, get(dtype, all->data, i));
    k->unary[dtype][op](y.data, x.data, n);
    for (int64_t i = 0; i < n; i++)
        check_near(k, dtype, vn__unary_name(op), i, get(dtype, y.data, i),
                   get(dtype, alone->data, i), 0);
    release(&x), release(&y);
}

static void lengths(const vn__kernels *k)
{
    seed(12);
    for (int dtype = VN__F32; dtype <= VN__F64; dtype++)
        for (int op = 0; op < VN__UNARIES; op++) {
            if (!k->unary[dtype][op])
                continue;
            buffer all = acquire(dtype, LONGEST, 0), alone = acquire(dtype, LONGEST, 0);
            fill(&all, LONGEST, 0.01L, 0.99L);
            for (int64_t i = 0; i < LONGEST; i++) {
                char *const at = (char *)alone.data + i * vn__kdtype_size(dtype);
                set(dtype, alone.data, i, get(dtype, all.data, i));
                k->unary[dtype][op](at, at, 1);
            }
            for (int64_t n = 0; n <= LONGEST; n++)
                check_length(k, dtype, op, &all, &alone, n);
            release(&all), release(&alone);
        }
}

Test(math, all_lengths) { for_each_row(lengths); }
