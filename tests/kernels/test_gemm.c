/* SPDX-License-Identifier: MIT
 * gemm, gemm_strips, gemm_packed and gemm_lying against a sum in long double: all remainders of
 * both block sizes, strides with gaps, every epilogue. */
#include "support.h"

#include <stdio.h>

static const int reals[] = { VN__F32, VN__F64 };

/* One product of sizes m, n, k. A(i, t) lies at i * a_row + t * a_col, B(t, j) at t * b_row + j
 * * b_col. */
typedef struct product {
    int dtype;
    int64_t m, n, k, a_row, a_col, b_row, b_col, ldc;
    buffer a, b, c, c0, bias, mask;
} product;

static product make(int dtype, int64_t m, int64_t n, int64_t k, bool a_columns, bool b_columns)
{
    product p = { .dtype = dtype, .m = m, .n = n, .k = k, .ldc = n + 3 };
    p.a_row = a_columns ? 1 : k + 2;
    p.a_col = a_columns ? m + 1 : 1;
    p.b_row = b_columns ? 1 : n + 5;
    p.b_col = b_columns ? k + 3 : 1;
    const int64_t a_size = (m + 2) * (k + 2), b_size = (n + 5) * (k + 3);
    p.a = acquire(dtype, a_size, 1);
    p.b = acquire(dtype, b_size, 3);
    p.c = acquire(dtype, m * p.ldc, 1);
    p.c0 = acquire(dtype, m * p.ldc, 0);
    p.bias = acquire(dtype, m, 0);
    p.mask = acquire(dtype, m * p.ldc, 0);
    fill(&p.a, a_size, -1, 1);
    fill(&p.b, b_size, -1, 1);
    fill(&p.c, m * p.ldc, -1, 1);
    fill(&p.bias, m, -1, 1);
    fill(&p.mask, m * p.ldc, -1, 1);
    for (int64_t i = 0; i < m * p.ldc; i++)
        set(dtype, p.c0.data, i, get(dtype, p.c.data, i));
    return p;
}

static void unmake(product *p)
{
    release(&p->a), release(&p->b), release(&p->c), release(&p->c0);
    release(&p->bias), release(&p->mask);
}

static long double expected(const product *p, const vn__epilogue *e, int64_t i, int64_t j,
                            long double *magnitude)
{
    long double sum = e->bias ? get(p->dtype, e->bias, i) : 0;
    if (e->accumulate)
        sum += get(p->dtype, p->c0.data, i * p->ldc + j);
    *magnitude = fabsl(sum) + 1;
    for (int64_t t = 0; t < p->k; t++) {
        const long double v = get(p->dtype, p->a.data, i * p->a_row + t * p->a_col) *
                              get(p->dtype, p->b.data, t * p->b_row + j * p->b_col);
        sum += v;
        *magnitude += fabsl(v);
    }
    if (e->unary == VN__THEN(relu))
        sum = sum > 0 ? sum : 0;
    if (e->unary == VN__THEN(square))
        sum *= sum, *magnitude *= 2 * *magnitude;
    if (e->mask && !(get(p->dtype, e->mask, i * p->ldc + j) > 0))
        sum = 0;
    return sum;
}

/* Also what must not change: the gaps between the rows of C. */
static void check(const vn__kernels *k, const product *p, const vn__epilogue *e,
                  const char *name)
{
    char what[128];
    snprintf(what, sizeof what, "%s %lldx%lldx%lld", name, (long long)p->m, (long long)p->n,
             (long long)p->k);
    for (int64_t i = 0; i < p->m; i++)
        for (int64_t j = 0; j < p->ldc; j++) {
            const long double got = get(p->dtype, p->c.data, i * p->ldc + j);
            long double magnitude = 0;
            if (j < p->n) {
                const long double want = expected(p, e, i, j, &magnitude);
                check_near(k, p->dtype, what, i * p->ldc + j, got, want,
                           (long double)(p->k + 4) * half_ulp(p->dtype) * magnitude);
            } else if (got != get(p->dtype, p->c0.data, i * p->ldc + j)) {
                cr_assert(false, "%s %s: wrote between the rows of C", k->name, what);
            }
        }
}

static vn__epilogue epilogue_of(const product *p, int variant)
{
    vn__epilogue e = { .bias = variant & 1 ? p->bias.data : NULL, .accumulate = variant & 2 };
    if (variant & 4)
        e.unary = variant & 8 ? VN__THEN(square) : VN__THEN(relu);
    if (variant & 16)
        e.mask = p->mask.data;
    return e;
}

static void run_packed(const vn__kernels *k, int dtype, int64_t m, int64_t n, int64_t depth,
                       bool a_columns, int variant)
{
    const vn__real_kernels *real = k->real[dtype];
    product p = make(dtype, m, n, depth, a_columns, false);
    buffer packed = acquire(VN__U8, real->pack_size(m, depth), 0);
    const vn__epilogue e = epilogue_of(&p, variant);
    real->pack(packed.data, p.a.data, p.a_row, 0, p.a_col, m, 1, depth);
    real->gemm_packed(p.c.data, p.ldc, packed.data, p.b.data, p.b_row, m, n, depth,
                      variant ? &e : NULL);
    check(k, &p, &e, "gemm_packed");
    release(&packed);
    unmake(&p);
}

static void packed_sizes(const vn__kernels *k)
{
    seed(1);
    for (int d = 0; d < 2; d++) {
        for (int64_t m = 0; m <= 25; m++)
            for (int64_t n = 0; n <= 33; n++)
                run_packed(k, reals[d], m, n, (m * 7 + n * 3) % 11, m % 2, 0);
        for (int64_t n = 34; n <= 66; n++)
            run_packed(k, reals[d], 13, n, 5, true, 2);
        for (int variant = 0; variant < 32; variant++)
            for (int64_t n = 15; n <= 65; n += 5)
                run_packed(k, reals[d], 3 + variant % 14, n, 9, false, variant);
        run_packed(k, reals[d], 130, 96, 300, false, 0);
        for (int64_t depth = 128; depth <= 1024; depth *= 2) /* blocks a page apart */
            run_packed(k, reals[d], 47, 16, depth, depth % 512 == 0, 23);
    }
}

Test(gemm, packed_all_remainders_and_epilogues) { for_each_row(packed_sizes); }

static void run_lying(const vn__kernels *k, int dtype, int64_t m, int64_t n, int64_t depth,
                      int variant)
{
    product p = make(dtype, m, n, depth, false, false);
    const vn__epilogue e = epilogue_of(&p, variant);
    k->real[dtype]->gemm_lying(p.c.data, p.ldc, p.a.data, p.a_row, p.b.data, p.b_row, m, n,
                               depth, variant ? &e : NULL);
    check(k, &p, &e, "gemm_lying");
    unmake(&p);
}

static void lying_sizes(const vn__kernels *k)
{
    seed(2);
    for (int d = 0; d < 2; d++) {
        for (int64_t m = 0; m <= 25; m++)
            for (int64_t n = 0; n <= 64; n += 16)
                run_lying(k, reals[d], m, n, (m * 7 + n * 3) % 11, 0);
        for (int variant = 0; variant < 32; variant++)
            run_lying(k, reals[d], 3 + variant % 14, 48, variant % 3 ? 9 : 641, variant);
    }
}

Test(gemm, lying_all_heights_and_epilogues) { for_each_row(lying_sizes); }

static void run_gemm(const vn__kernels *k, int dtype, int64_t m, int64_t n, int64_t depth,
                     int orders, bool accumulate)
{
    const vn__real_kernels *real = k->real[dtype];
    product p = make(dtype, m, n, depth, orders & 1, orders & 2);
    buffer scratch = acquire(VN__U8, real->gemm_scratch(m, n, depth), 0);
    const vn__epilogue e = { .accumulate = accumulate };
    real->gemm(p.c.data, p.ldc, p.a.data, p.a_row, p.a_col, p.b.data, p.b_row, p.b_col, m, n,
               depth, accumulate, scratch.data);
    check(k, &p, &e, "gemm");
    buffer strips = acquire(VN__U8, real->pack_strips_size(n, depth), 0);
    for (int64_t i = 0; i < m * p.ldc; i++)
        set(dtype, p.c.data, i, get(dtype, p.c0.data, i));
    const int64_t cut = n / 64 * 32; /* in two pieces */
    real->pack_strips(strips.data, p.b.data, p.b_row, p.b_col, n, depth, cut, n);
    real->pack_strips(strips.data, p.b.data, p.b_row, p.b_col, n, depth, 0, cut);
    real->gemm_strips(p.c.data, p.ldc, p.a.data, p.a_row, p.a_col, strips.data, m, n, depth,
                      accumulate, scratch.data);
    check(k, &p, &e, "gemm_strips");
    release(&strips);
    release(&scratch);
    unmake(&p);
}

static void gemm_sizes(const vn__kernels *k)
{
    seed(2);
    for (int d = 0; d < 2; d++) {
        for (int64_t m = 0; m <= 25; m++)
            for (int64_t n = 0; n <= 33; n++)
                run_gemm(k, reals[d], m, n, (m * 5 + n) % 13, (int)((m + n) % 4), n % 3 == 0);
        for (int orders = 0; orders < 4; orders++) {
            run_gemm(k, reals[d], 70, 131, 67, orders, false);
            run_gemm(k, reals[d], 40, 37, 600, orders, true);
            run_gemm(k, reals[d], 300, 20, 40, orders, false);
            run_gemm(k, reals[d], 33, 150, 270, orders, orders & 2);
            run_gemm(k, reals[d], 14, 33, 383 + 2 * orders, orders, true);
            run_gemm(k, reals[d], 20, 1100, 12, orders, true);
            run_gemm(k, reals[d], 210, 525, 9, orders, orders & 1);
            run_gemm(k, reals[d], 1, 200, 90, orders, orders & 1);
            run_gemm(k, reals[d], 200, 1, 90, orders, orders & 1);
        }
    }
}

Test(gemm, general_all_remainders_and_orders) { for_each_row(gemm_sizes); }

static void rooms(const vn__kernels *k)
{
    for (int d = 0; d < 2; d++)
        for (int64_t i = 0; i <= 1100; i++) {
            const vn__real_kernels *const real = k->real[reals[d]];
            cr_expect(real->gemm_scratch(70, 90, i) <= real->gemm_scratch(70, 90, i + 1));
            cr_expect(real->gemm_scratch(i, 90, 300) <= real->gemm_scratch(i + 1, 90, 300));
            cr_expect(real->gemm_scratch(70, i, 300) <= real->gemm_scratch(70, i + 1, 300));
        }
}

Test(gemm, room_for_more_does_for_less) { for_each_row(rooms); }

/* NaN and infinity go through, and no term is skipped: 0 times infinity is NaN. */
static void special(const vn__kernels *k)
{
    for (int d = 0; d < 2; d++) {
        product p = make(reals[d], 3, 17, 4, false, false);
        buffer packed = acquire(VN__U8, k->real[reals[d]]->pack_size(3, 4), 0);
        set(reals[d], p.a.data, 1 * p.a_row + 2, 0);
        set(reals[d], p.b.data, 2 * p.b_row + 16, INFINITY);
        k->real[reals[d]]->pack(packed.data, p.a.data, p.a_row, 0, 1, 3, 1, 4);
        k->real[reals[d]]->gemm_packed(p.c.data, p.ldc, packed.data, p.b.data, p.b_row, 3, 17,
                                       4, &(vn__epilogue){ .unary = VN__THEN(relu) });
        cr_assert(isnan(get(reals[d], p.c.data, p.ldc + 16)), "%s: relu keeps NaN", k->name);
        release(&packed);
        unmake(&p);
    }
}

Test(gemm, nan_is_kept) { for_each_row(special); }
