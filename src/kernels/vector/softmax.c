/* SPDX-License-Identifier: MIT
 *
 * Softmax, its relatives and moments over the middle axis of [outer][n][inner].
 *
 * A strip is what is walked in vectors. Columns beside one another (inner > 1: the lanes of a
 * tile) fill a vector and are walked down together. With inner 1 a strip is one column, along
 * which the vectors lie; what they gather is then combined across. The lanes beyond the end
 * read as a neutral value.
 *
 * A softmax is e^(x - shift) / sum. The shift is the maximum of the numbers, or 0 where that is
 * infinite: inf - inf; a NaN reaches the sum. */
#include "kernels/simd/exp.h"
#include "kernels/simd/log.h"

typedef struct strip {
    int64_t n, step; /* vectors, elements from one to the next */
    bool across;     /* one column, lying along the vectors */
    int64_t whole;   /* the vectors from here on are partial */
    part used;
} strip;

VN_INLINE strip strip_along(int64_t n)
{
    const int64_t whole = n / VN_LANES, left = n % VN_LANES;
    return (strip){ whole + (left > 0), VN_LANES, true, whole, part_of(left) };
}

VN_INLINE strip strip_down(int64_t n, int64_t inner, int64_t columns)
{
    const bool full = columns >= VN_LANES;
    return (strip){ n, inner, false, full ? n : 0, part_of(full ? 0 : columns) };
}

VN_INLINE vec get(const strip *s, const real *x, int64_t k, vec neutral)
{
    x += k * s->step;
    return k < s->whole ? v_load(x) : v_load_part_or(x, s->used, neutral);
}

VN_INLINE void put(const strip *s, real *x, int64_t k, vec v)
{
    x += k * s->step;
    if (k < s->whole)
        v_store(x, v);
    else
        v_store_part(x, v, s->used);
}

/* One number a column. */
VN_INLINE void put_result(const strip *s, real *x, vec v)
{
    if (s->across)
        v_store_part(x, v, part_of(1));
    else
        put(s, x, 0, v);
}

VN_INLINE vec combine(const strip *s, vec sum)
{
    return s->across ? v_fold(sum, v_add) : sum;
}

VN_INLINE vec minus_infinity(void) { return v_set(-(real)INFINITY); }

VN_INLINE vec shift_of(const strip *s, const real *x)
{
    vec m = minus_infinity();
    for (int64_t k = 0; k < s->n; k++)
        m = v_max(get(s, x, k, minus_infinity()), m); /* the second where unordered */
    if (s->across)
        m = v_fold(m, v_max);
    return v_select(v_lt(v_abs(m), v_set((real)INFINITY)), m, v_set(0));
}

/* sum e^(x - shift), the terms kept in y unless it is NULL. */
VN_INLINE vec sum_exp(const strip *s, real *y, const real *x, vec shift)
{
    vec sum = v_set(0);
    for (int64_t k = 0; k < s->n; k++) {
        const vec e = v_exp(get(s, x, k, minus_infinity()) - shift);
        if (y)
            put(s, y, k, e);
        sum += e;
    }
    return combine(s, sum);
}

/* sum of x, or of x y unless y is NULL: two sums, which hide the latency of each other. */
VN_INLINE vec sum_product(const strip *s, const real *x, const real *y)
{
    const vec zero = v_set(0), one = v_set(1);
    vec even = zero, odd = zero;
    for (int64_t k = 0; k < s->n; k += 2) {
        even = v_fma(get(s, x, k, zero), y ? get(s, y, k, zero) : one, even);
        if (k + 1 < s->n)
            odd = v_fma(get(s, x, k + 1, zero), y ? get(s, y, k + 1, zero) : one, odd);
    }
    return combine(s, even + odd);
}

/* sum of (x - centre)^2 */
VN_INLINE vec sum_squares(const strip *s, const real *x, vec centre)
{
    vec even = v_set(0), odd = v_set(0);
    for (int64_t k = 0; k < s->n; k += 2) {
        const vec d = get(s, x, k, centre) - centre;
        even = v_fma(d, d, even);
        if (k + 1 < s->n) {
            const vec e = get(s, x, k + 1, centre) - centre;
            odd = v_fma(e, e, odd);
        }
    }
    return combine(s, even + odd);
}

/* ---- what is done to a strip */

/* Arrays of a strip: a and b results, x and y operands; n of one column. */
typedef struct job {
    real *a, *b;
    const real *x, *y;
    int64_t n;
} job;

VN_INLINE void softmax_strip(const strip *s, const job *j)
{
    const vec sum = sum_exp(s, j->a, j->x, shift_of(s, j->x)), scale = v_set(1) / sum;
    for (int64_t k = 0; k < s->n; k++)
        put(s, j->a, k, get(s, j->a, k, scale) * scale);
}

VN_INLINE void log_softmax_strip(const strip *s, const job *j)
{
    const vec shift = shift_of(s, j->x), log = v_log(sum_exp(s, NULL, j->x, shift));
    for (int64_t k = 0; k < s->n; k++)
        put(s, j->a, k, get(s, j->x, k, shift) - shift - log);
}

VN_INLINE void logsumexp_strip(const strip *s, const job *j)
{
    const vec shift = shift_of(s, j->x);
    put_result(s, j->a, v_log(sum_exp(s, NULL, j->x, shift)) + shift);
}

VN_INLINE void softmax_grad_strip(const strip *s, const job *j)
{
    const vec sum = sum_product(s, j->y, j->x), zero = v_set(0);
    for (int64_t k = 0; k < s->n; k++)
        put(s, j->a, k, get(s, j->x, k, zero) * (get(s, j->y, k, zero) - sum));
}

VN_INLINE void log_softmax_grad_strip(const strip *s, const job *j)
{
    const vec sum = sum_product(s, j->y, NULL), zero = v_set(0);
    for (int64_t k = 0; k < s->n; k++)
        put(s, j->a, k, v_fnma(v_exp(get(s, j->x, k, zero)), sum, get(s, j->y, k, zero)));
}

VN_INLINE void moments_strip(const strip *s, const job *j)
{
    const vec count = v_set((real)j->n), mean = sum_product(s, j->x, NULL) / count;
    put_result(s, j->a, mean);
    put_result(s, j->b, sum_squares(s, j->x, mean) / count);
}

/* ---- all strips. `row` and `result` are the sizes of x, y and of a, b by slice. */

VN_INLINE real *later(real *p, int64_t i) { return p ? p + i : NULL; }
VN_INLINE const real *later_in(const real *p, int64_t i) { return p ? p + i : NULL; }

VN_INLINE void strips(job all, int64_t outer, int64_t inner, bool reduces,
                      void (*f)(const strip *, const job *))
{
    const int64_t n = all.n, size = n * inner, result = reduces ? inner : size;
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i += VN_LANES) {
            const job j = { later(all.a, o * result + i), later(all.b, o * result + i),
                            later_in(all.x, o * size + i), later_in(all.y, o * size + i), n };
            const strip s = inner == 1 ? strip_along(n) : strip_down(n, inner, inner - i);
            f(&s, &j);
        }
}

void VN_FN(softmax)(void *y, const void *x, int64_t outer, int64_t n, int64_t inner)
{
    strips((job){ .a = y, .x = x, .n = n }, outer, inner, false, softmax_strip);
}

void VN_FN(log_softmax)(void *y, const void *x, int64_t outer, int64_t n, int64_t inner)
{
    strips((job){ .a = y, .x = x, .n = n }, outer, inner, false, log_softmax_strip);
}

void VN_FN(logsumexp)(void *out, const void *x, int64_t outer, int64_t n, int64_t inner)
{
    strips((job){ .a = out, .x = x, .n = n }, outer, inner, true, logsumexp_strip);
}

void VN_FN(softmax_grad)(void *dx, const void *y, const void *g, int64_t outer, int64_t n,
                         int64_t inner)
{
    strips((job){ .a = dx, .x = y, .y = g, .n = n }, outer, inner, false, softmax_grad_strip);
}

void VN_FN(log_softmax_grad)(void *dx, const void *y, const void *g, int64_t outer, int64_t n,
                             int64_t inner)
{
    strips((job){ .a = dx, .x = y, .y = g, .n = n }, outer, inner, false,
           log_softmax_grad_strip);
}

void VN_FN(moments)(void *mean, void *variance, const void *x, int64_t outer, int64_t n,
                    int64_t inner)
{
    strips((job){ .a = mean, .b = variance, .x = x, .n = n }, outer, inner, true,
           moments_strip);
}
