/* SPDX-License-Identifier: MIT
 * Reductions on vectors; max and min let a NaN win. Columns beside one another (inner > 1) fill
 * a vector; one contiguous column is folded by four vectors, combined in a fixed order. */
#include "kernels/simd/transpose.h"

VN_INLINE vec f_sum(vec a, vec x) { return a + x; }
VN_INLINE vec f_prod(vec a, vec x) { return a * x; }
VN_INLINE vec f_max(vec a, vec x) { return v_select(v_is_nan(a), a, v_max(a, x)); }
VN_INLINE vec f_min(vec a, vec x) { return v_select(v_is_nan(a), a, v_min(a, x)); }

VN_INLINE vec fold_column(const real *x, int64_t n, vec identity, vec (*f)(vec, vec))
{
    vec a = identity, b = identity, c = identity, d = identity;
    int64_t i = 0;
    for (; i + 4 * VN_LANES <= n; i += 4 * VN_LANES) {
        a = f(a, v_load(x + i));
        b = f(b, v_load(x + i + VN_LANES));
        c = f(c, v_load(x + i + 2 * VN_LANES));
        d = f(d, v_load(x + i + 3 * VN_LANES));
    }
    for (; i + VN_LANES <= n; i += VN_LANES)
        a = f(a, v_load(x + i));
    if (i < n)
        b = f(b, v_load_part_or(x + i, part_of(n - i), identity));
    return v_fold(f(f(a, b), f(c, d)), f);
}

/* A vector of columns at distance inner, whole or not; odd and even rows apart, which hides
 * their latency. */
VN_INLINE vec fold_rows(const real *x, int64_t n, int64_t inner, const part *some, vec identity,
                        vec (*f)(vec, vec))
{
    vec even = identity, odd = identity;
    int64_t k = 0;
    for (; k + 2 <= n; k += 2) {
        const real *const row = x + k * inner;
        even = f(even, some ? v_load_part(row, *some) : v_load(row));
        odd = f(odd, some ? v_load_part(row + inner, *some) : v_load(row + inner));
    }
    if (k < n)
        even = f(even, some ? v_load_part(x + k * inner, *some) : v_load(x + k * inner));
    return f(even, odd);
}

VN_INLINE void fold(real *out, const real *x, int64_t outer, int64_t n, int64_t inner,
                    bool accumulate, real start, vec (*f)(vec, vec))
{
    const vec identity = v_set(start);
    for (int64_t o = 0; o < outer; o++, out += inner, x += n * inner) {
        if (inner == 1) {
            const vec v = fold_column(x, n, identity, f);
            const part one = part_of(1);
            v_store_part(out, accumulate ? f(v_load_part(out, one), v) : v, one);
            continue;
        }
        int64_t i = 0;
        for (; i + VN_LANES <= inner; i += VN_LANES) {
            const vec v = fold_rows(x + i, n, inner, NULL, identity, f);
            v_store(out + i, accumulate ? f(v_load(out + i), v) : v);
        }
        if (i < inner) {
            const part some = part_of(inner - i);
            const vec v = fold_rows(x + i, n, inner, &some, identity, f);
            v_store_part(out + i, accumulate ? f(v_load_part(out + i, some), v) : v, some);
        }
    }
}

#include "kernels/reduce_rows.h"

/* The lanes of one row in one vector. */
VN_INLINE vec sum_row(const real *x, int64_t valid)
{
    vec even = v_set(0), odd = v_set(0);
    int64_t i = 0;
    for (; i + 2 * VN_LANES <= valid; i += 2 * VN_LANES) {
        even += v_load(x + i);
        odd += v_load(x + i + VN_LANES);
    }
    for (; i < valid; i += VN_LANES) {
        const int64_t left = valid - i;
        even += v_load_part(x + i, part_of(left < VN_LANES ? left : VN_LANES));
    }
    return even + odd;
}

/* A square of partial sums transposed makes a vector of sums. */
void VN_FN(lane_sum)(void *out, const void *x, int64_t x_row, int64_t rows, int64_t valid)
{
    real *const sum = out;
    const real *const in = x;
    for (int64_t f = 0; f < rows; f += VN_LANES) {
        const int64_t left = rows - f;
        const int count = left < VN_LANES ? (int)left : VN_LANES;
        vec r[VN_LANES];
        VN_UNROLL
        for (int i = 0; i < VN_LANES; i++)
            r[i] = i < count ? sum_row(in + (f + i) * x_row, valid) : v_set(0);
        const part some = part_of(count);
        v_store_part(sum + f, v_load_part(sum + f, some) + v_sums(r), some);
    }
}
