/* SPDX-License-Identifier: MIT
 *
 * The products of one example: contiguous features, no lanes; and sums across lanes.
 *
 *   gemv    rows in groups: each has a vector of partial sums; a transpose in registers turns a
 *           square of them into one addition of vectors instead of many sums across a vector
 *   lane_sum  the same without a vector to multiply with
 *   gemv_t  columns in strips that stay in registers, several rows of W in flight
 * */
#include "kernels/simd/simd.h"
#include "kernels/simd/transpose.h"

#include <stddef.h>

enum {
    GROUP = VN_LANES < 8 ? 8 : VN_LANES, /* rows of gemv at a time, hides the latency of fma */
    FEW = 4,                             /* columns for which vectors do not pay */
    SUMS = 8                             /* vectors of a strip times rows in flight */
};

/* v + bias + the old y, for the lanes in `some` */
VN_INLINE void finish(real *y, vec v, int64_t at, part some, const vn__epilogue *e)
{
    if (e && e->bias)
        v += v_load_part((const real *)e->bias + at, some);
    if (e && e->accumulate)
        v += v_load_part(y + at, some);
    v_store_part(y + at, v, some);
}

/* Rows that are not there are the last one once more. */
VN_INLINE void begin_rows(const real *row[GROUP], vec sum[GROUP], const real *w, int64_t ldw,
                          int64_t rows)
{
    VN_UNROLL
    for (int i = 0; i < GROUP; i++) {
        row[i] = w + (i < rows ? i : rows - 1) * ldw;
        sum[i] = v_set(0);
    }
}

/* The sums across the vectors of a group, into y from `from` on. */
VN_INLINE void finish_rows(real *y, vec sum[GROUP], int64_t from, int64_t rows,
                           const vn__epilogue *e)
{
    for (int g = 0; g < GROUP && g < rows; g += VN_LANES) {
        const int64_t left = rows - g < VN_LANES ? rows - g : VN_LANES;
        finish(y, v_sums(sum + g), from + g, part_of(left), e);
    }
}

/* What follows is element-wise: a pass over y, which is in level 1. */
static void second_pass(real *y, int64_t n, const vn__epilogue *e)
{
    if (e && e->unary)
        VN_FN(unary)[e->unary - 1](y, y, n);
    if (e && e->mask) {
        const int row = e->gate ? e->gate - 1 : VN__BINARY_relu_grad;
        vn__binary_row(VN_FN(binary)[row], y, e->mask, y, n);
    }
}

/* ---------------------------------------------------------------------------- gemv */

static void group_of_rows(real *y, const real *w, int64_t ldw, const real *x, int64_t from,
                          int64_t rows, int64_t n, const vn__epilogue *e)
{
    const real *row[GROUP];
    vec sum[GROUP];
    begin_rows(row, sum, w + from * ldw, ldw, rows);
    int64_t j = 0;
    for (; j + VN_LANES <= n; j += VN_LANES) {
        const vec v = v_load(x + j);
        VN_UNROLL
        for (int i = 0; i < GROUP; i++)
            sum[i] = v_fma(v_load(row[i] + j), v, sum[i]);
    }
    if (j < n) {
        const part some = part_of(n - j);
        const vec v = v_load_part(x + j, some);
        VN_UNROLL
        for (int i = 0; i < GROUP; i++)
            sum[i] = v_fma(v_load_part(row[i] + j, some), v, sum[i]);
    }
    finish_rows(y, sum, from, rows, e);
}

/* n is a constant where it is inlined. */
VN_INLINE void few_columns(real *y, const real *w, int64_t ldw, const real *x, int64_t m, int n,
                           const vn__epilogue *e)
{
    const real *const bias = e ? e->bias : NULL;
    for (int64_t i = 0; i < m; i++) {
        real sum = bias ? bias[i] : 0;
        for (int j = 0; j < n; j++)
            sum += w[i * ldw + j] * x[j];
        y[i] = e && e->accumulate ? y[i] + sum : sum;
    }
}

void VN_FN(gemv)(void *y, const void *w, int64_t ldw, const void *x, int64_t m, int64_t n,
                 const vn__epilogue *epilogue)
{
    if (n == 1)
        few_columns(y, w, ldw, x, m, 1, epilogue);
    else if (n == 2)
        few_columns(y, w, ldw, x, m, 2, epilogue);
    else if (n == 3)
        few_columns(y, w, ldw, x, m, 3, epilogue);
    else if (n == FEW)
        few_columns(y, w, ldw, x, m, FEW, epilogue);
    else
        for (int64_t i = 0; i < m; i += GROUP)
            group_of_rows(y, w, ldw, x, i, m - i < GROUP ? m - i : GROUP, n, epilogue);
    second_pass(y, m, epilogue);
}

/* -------------------------------------------------------------------------- gemv_t */

/* Columns from `from` on: `vectors` of them (a constant), the last of the lanes in `some`. */
VN_INLINE void strip(real *y, const real *w, int64_t ldw, const real *x, int64_t m,
                     int64_t from, int vectors, bool whole, part some, const vn__epilogue *e)
{
    const int flight = SUMS / vectors;
    vec sum[SUMS];
    int64_t i = 0;
    VN_UNROLL
    for (int s = 0; s < SUMS; s++)
        sum[s] = v_set(0);
    for (; i + flight <= m; i += flight) {
        VN_UNROLL
        for (int r = 0; r < flight; r++) {
            const vec a = v_set(x[i + r]);
            const real *const row = w + (i + r) * ldw + from;
            VN_UNROLL
            for (int v = 0; v < vectors; v++)
                sum[r * vectors + v] = v_fma(a, whole ? v_load(row + v * VN_LANES)
                                                      : v_load_part(row, some),
                                             sum[r * vectors + v]);
        }
    }
    for (; i < m; i++) {
        const vec a = v_set(x[i]);
        const real *const row = w + i * ldw + from;
        VN_UNROLL
        for (int v = 0; v < vectors; v++)
            sum[v] = v_fma(
                a, whole ? v_load(row + v * VN_LANES) : v_load_part(row, some), sum[v]);
    }
    VN_UNROLL
    for (int step = flight / 2; step > 0; step /= 2)
        for (int s = 0; s < step * vectors; s++)
            sum[s] += sum[s + step * vectors];
    VN_UNROLL
    for (int v = 0; v < vectors; v++)
        finish(y, sum[v], from + v * VN_LANES, some, e);
}

void VN_FN(gemv_t)(void *y, const void *w, int64_t ldw, const void *x, int64_t m, int64_t n,
                   const vn__epilogue *epilogue)
{
    const part all = part_of(VN_LANES);
    int64_t j = 0;
    for (; j + 8 * VN_LANES <= n; j += 8 * VN_LANES)
        strip(y, w, ldw, x, m, j, 8, true, all, epilogue);
    for (; j + 2 * VN_LANES <= n; j += 2 * VN_LANES)
        strip(y, w, ldw, x, m, j, 2, true, all, epilogue);
    for (; j + VN_LANES <= n; j += VN_LANES)
        strip(y, w, ldw, x, m, j, 1, true, all, epilogue);
    if (j < n)
        strip(y, w, ldw, x, m, j, 1, false, part_of(n - j), epilogue);
    second_pass(y, n, epilogue);
}

/* --------------------------------------------------------------------- outer and dot */

/* accumulate is a constant where it is inlined. */
VN_INLINE void outer_rows(real *w, int64_t ldw, const real *x, const real *y, int64_t m,
                          int64_t n, bool accumulate)
{
    const part some = part_of(n % VN_LANES);
    for (int64_t i = 0; i < m; i++) {
        real *const row = w + i * ldw;
        const vec a = v_set(x[i]);
        int64_t j = 0;
        VN_UNROLL_BY_4 /* a loop of five instructions is slow where a line ends in it */
            for (; j + VN_LANES <= n; j += VN_LANES)
        {
            const vec b = v_load(y + j);
            v_store(row + j, accumulate ? v_fma(a, b, v_load(row + j)) : a * b);
        }
        if (j < n) {
            const vec b = v_load_part(y + j, some);
            v_store_part(row + j, accumulate ? v_fma(a, b, v_load_part(row + j, some)) : a * b,
                         some);
        }
    }
}

void VN_FN(outer)(void *w, int64_t ldw, const void *x, const void *y, int64_t m, int64_t n,
                  bool accumulate)
{
    if (accumulate)
        outer_rows(w, ldw, x, y, m, n, true);
    else
        outer_rows(w, ldw, x, y, m, n, false);
}

void VN_FN(dot)(void *out, const void *x, const void *y, int64_t n)
{
    enum { SUM = 4 };
    const real *const a = x, *const b = y;
    vec sum[SUM] = { { 0 } };
    int64_t i = 0;
    for (; i + SUM * VN_LANES <= n; i += SUM * VN_LANES) {
        VN_UNROLL
        for (int s = 0; s < SUM; s++)
            sum[s] = v_fma(v_load(a + i + s * VN_LANES), v_load(b + i + s * VN_LANES), sum[s]);
    }
    for (; i + VN_LANES <= n; i += VN_LANES)
        sum[0] = v_fma(v_load(a + i), v_load(b + i), sum[0]);
    const part some = part_of(n - i);
    sum[1] = v_fma(v_load_part(a + i, some), v_load_part(b + i, some), sum[1]);
    *(real *)out = v_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}
