/* SPDX-License-Identifier: MIT
 * Binary rows, reductions and the softmax family of every row of the table against the portable
 * one: all kinds of operands, all remainders, unaligned, special values. */
#include "support.h"

#include <stdio.h>
#include <string.h>

/* |got - want| within `units` roundings of the larger of |want| and scale. */
static void check_close(const vn__kernels *k, const char *what, const buffer *got,
                        const buffer *want, int64_t n, double units, long double scale)
{
    const int dtype = got->dtype;
    for (int64_t i = 0; i < n; i++) {
        const long double w = get(dtype, want->data, i), size = fmaxl(fabsl(w), scale);
        check_near(k, dtype, what, i, get(dtype, got->data, i), w,
                   isfinite(w) ? (long double)units * half_ulp(dtype) * size : 0);
    }
}

/* ---- binary rows: an operand is a matrix, one number a row, one row, or one number */

enum { MATRIX, COLUMN, ROW, NUMBER, SHAPES };

static vn__in operand(const buffer *b, int shape, int64_t row)
{
    return (vn__in){ b->data, shape == MATRIX ? row : shape == COLUMN, shape % 2 == 0 };
}

static void run_binary(const vn__kernels *k, int dtype, int op, int shapes, int64_t rows,
                       int64_t cols)
{
    const vn__kernels *const portable = row_named("portable");
    const int64_t row = cols + 2, size = rows * row + 1;
    buffer x = acquire(dtype, size, 1), y = acquire(dtype, size, 3);
    buffer got = acquire(dtype, size, 1), want = acquire(dtype, size, 0);
    fill(&x, size, -3, 3), fill(&y, size, -3, 3);
    fill(&got, size, 0, 0), fill(&want, size, 0, 0);
    if (size > 20) {
        set(dtype, x.data, 3, NAN), set(dtype, y.data, 5, NAN);
        set(dtype, x.data, 7, INFINITY), set(dtype, x.data, 9, -INFINITY);
        set(dtype, x.data, 11, -1e30L), set(dtype, x.data, 13, 1e30L);
    }
    const vn__in in[] = { operand(&x, shapes % SHAPES, row),
                          operand(&y, shapes / SHAPES, row) };
    k->binary[dtype][op](got.data, row, in, rows, cols);
    portable->binary[dtype][op](want.data, row, in, rows, cols);
    check_close(k, vn__binary_name(op), &got, &want, size, 16, 0.5L);
    release(&x), release(&y), release(&got), release(&want);
}

static void binary_rows(const vn__kernels *k)
{
    seed(21);
    for (int dtype = VN__F32; dtype <= VN__F64; dtype++)
        for (int op = 0; op < VN__BINARIES; op++)
            for (int shapes = 0; k->binary[dtype][op] && shapes < SHAPES * SHAPES; shapes++) {
                for (int64_t cols = 0; cols <= 35; cols++)
                    run_binary(k, dtype, op, shapes, 1 + cols % 3, cols);
                run_binary(k, dtype, op, shapes, 5, 67);
            }
}

Test(rows, binary) { for_each_row(binary_rows); }

/* ---- reductions: [outer][n][inner] */

static void run_reduce(const vn__kernels *k, int dtype, int op, int64_t outer, int64_t n,
                       int64_t inner, bool accumulate)
{
    const vn__kernels *const portable = row_named("portable");
    const int64_t size = outer * n * inner, results = outer * inner;
    buffer x = acquire(dtype, size, 1), got = acquire(dtype, results, 1);
    buffer want = acquire(dtype, results, 0);
    fill(&x, size, 0.5L, 1.5L), fill(&got, results, 0.9L, 1.1L);
    for (int64_t i = 0; i < results; i++)
        set(dtype, want.data, i, get(dtype, got.data, i));
    if (size > 3 && n % 4 == 3)
        set(dtype, x.data, size / 2, NAN);
    k->reduce[dtype][op](got.data, x.data, outer, n, inner, accumulate);
    portable->reduce[dtype][op](want.data, x.data, outer, n, inner, accumulate);
    check_close(k, vn__reduce_name(op), &got, &want, results, (double)n + 4, 0);
    release(&x), release(&got), release(&want);
}

static void reductions(const vn__kernels *k)
{
    seed(22);
    for (int dtype = VN__F32; dtype <= VN__F64; dtype++)
        for (int op = 0; op < VN__REDUCES; op++) {
            for (int64_t n = 0; n <= 70; n++)
                run_reduce(k, dtype, op, 1 + n % 3, n, 1, n % 2);
            for (int64_t inner = 2; inner <= 35; inner++)
                run_reduce(k, dtype, op, 2, inner % 6, inner, inner % 2);
        }
}

Test(rows, reductions) { for_each_row(reductions); }

static void lane_sums(const vn__kernels *k)
{
    seed(23);
    for (int dtype = VN__F32; dtype <= VN__F64; dtype++)
        for (int64_t rows = 0; rows <= 35; rows++)
            for (int64_t valid = 0; valid <= 35; valid += 1 + rows % 3) {
                const int64_t row = valid + rows % 4;
                buffer x = acquire(dtype, rows * row, 1), sum = acquire(dtype, rows, 1);
                fill(&x, rows * row, -1, 1), fill(&sum, rows, 2, 2);
                k->real[dtype]->lane_sum(sum.data, x.data, row, rows, valid);
                for (int64_t f = 0; f < rows; f++) {
                    long double want = 2;
                    for (int64_t l = 0; l < valid; l++)
                        want += get(dtype, x.data, f * row + l);
                    check_near(k, dtype, "lane_sum", f, get(dtype, sum.data, f), want,
                               (long double)(valid + 2) * half_ulp(dtype) * 4);
                }
                release(&x), release(&sum);
            }
}

Test(rows, lane_sum) { for_each_row(lane_sums); }

/* ---- Adam's pass: every row rounds alike */

static void adam_pass(const vn__kernels *k, int dtype, int64_t n, bool in_place)
{
    buffer in[10], got[3], want[3];
    const void *x[10];
    void *y[3], *z[3];
    for (int i = 0; i < 10; i++) {
        in[i] = acquire(dtype, i < 3 ? n : 1, 1);
        fill(&in[i], i < 3 ? n : 1, i == 0 || i == 1 ? -1 : 0.1L, 1);
        x[i] = in[i].data;
    }
    for (int j = 0; j < 3; j++) {
        got[j] = acquire(dtype, n, 1), want[j] = acquire(dtype, n, 0);
        y[j] = in_place ? in[j].data : got[j].data;
        z[j] = want[j].data;
    }
    row_named("portable")->real[dtype]->adam(z, x, n);
    k->real[dtype]->adam(y, x, n);
    for (int j = 0; j < 3; j++)
        for (int64_t i = 0; i < n; i++)
            check_near(k, dtype, "adam", i, get(dtype, y[j], i), get(dtype, z[j], i), 0);
    for (int i = 0; i < 10; i++)
        release(&in[i]);
    for (int j = 0; j < 3; j++)
        release(&got[j]), release(&want[j]);
}

static void adam_passes(const vn__kernels *k)
{
    seed(24);
    for (int dtype = VN__F32; dtype <= VN__F64; dtype++)
        for (int64_t n = 0; n <= 70; n++)
            adam_pass(k, dtype, n, n % 2);
}

Test(rows, adam) { for_each_row(adam_passes); }

/* ---- the softmax family */

enum { SOFTMAX, LOG_SOFTMAX, LOGSUMEXP, SOFTMAX_GRAD, LOG_SOFTMAX_GRAD, MOMENTS, FAMILY };

typedef struct operands {
    buffer x, y, a, b;
    int64_t outer, n, inner;
} operands;

static void call(const vn__real_kernels *r, int what, operands *o)
{
    const int64_t outer = o->outer, n = o->n, inner = o->inner;
    switch (what) {
    case SOFTMAX: r->softmax(o->a.data, o->x.data, outer, n, inner); break;
    case LOG_SOFTMAX: r->log_softmax(o->a.data, o->x.data, outer, n, inner); break;
    case LOGSUMEXP: r->logsumexp(o->a.data, o->x.data, outer, n, inner); break;
    case SOFTMAX_GRAD: r->softmax_grad(o->a.data, o->x.data, o->y.data, outer, n, inner); break;
    case LOG_SOFTMAX_GRAD:
        r->log_softmax_grad(o->a.data, o->x.data, o->y.data, outer, n, inner);
        break;
    default: r->moments(o->a.data, o->b.data, o->x.data, outer, n, inner); break;
    }
}

static operands operands_of(int dtype, int64_t outer, int64_t n, int64_t inner, uint64_t start)
{
    const int64_t size = outer * n * inner, results = size + outer * inner;
    operands o = { acquire(dtype, size, 1), acquire(dtype, size, 3), acquire(dtype, results, 1),
                   acquire(dtype, results, 1), outer, n, inner };
    seed(start);
    fill(&o.x, size, -4, 2), fill(&o.y, size, -1, 1);
    fill(&o.a, results, 0, 0), fill(&o.b, results, 0, 0);
    return o;
}

static void give_back(operands *o)
{
    release(&o->x), release(&o->y), release(&o->a), release(&o->b);
}

/* Special: a column of scores that are masked, with or without a large one among them. The
 * terms that a gradient adds and subtracts are below 16 n. */
static void run_softmax(const vn__kernels *k, int dtype, int what, int64_t outer, int64_t n,
                        int64_t inner, bool special)
{
    static const char *const names[] = { "softmax", "log_softmax", "logsumexp", "softmax_grad",
                                         "log_softmax_grad", "moments" };
    operands got = operands_of(dtype, outer, n, inner, 31);
    operands want = operands_of(dtype, outer, n, inner, 31);
    for (int64_t i = 0; special && i < outer * n * inner; i++) {
        const long double odd = i % 7 == 0 || i / inner % n > 0 ? -INFINITY : 5e29L;
        const long double v = i % inner == 1 ? odd : get(dtype, got.x.data, i);
        set(dtype, got.x.data, i, v), set(dtype, want.x.data, i, v);
    }
    const int64_t results = outer * n * inner + outer * inner;
    call(k->real[dtype], what, &got);
    call(row_named("portable")->real[dtype], what, &want);
    const long double terms = what == SOFTMAX_GRAD || what == LOG_SOFTMAX_GRAD ? 16 * n : 1;
    check_close(k, names[what], &got.a, &want.a, results, (double)n + 16, terms);
    check_close(k, names[what], &got.b, &want.b, results, (double)n + 16, 8);
    give_back(&got), give_back(&want);
}

static void softmax_family(const vn__kernels *k)
{
    for (int dtype = VN__F32; dtype <= VN__F64; dtype++)
        for (int what = 0; what < FAMILY; what++) {
            for (int64_t n = 1; n <= 35; n++)
                run_softmax(k, dtype, what, 1 + n % 3, n, 1, false);
            for (int64_t inner = 2; inner <= 35; inner++)
                run_softmax(k, dtype, what, 2, 1 + inner % 6, inner, false);
            run_softmax(k, dtype, what, 1, 70, 1, false);
            run_softmax(k, dtype, what, 1, 10, 64, what < SOFTMAX_GRAD);
            run_softmax(k, dtype, what, 3, 5, 19, what < SOFTMAX_GRAD);
        }
}

Test(rows, softmax_family) { for_each_row(softmax_family); }
