/* SPDX-License-Identifier: MIT */
/* Pooling against loops, over lanes; ties; integers. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/ops/pool.h"
#include "problem.h"

typedef struct pool_case {
    vn_shape x;
    vn_window window;
} pool_case;

static const pool_case cases[] = {
    { VN_SHAPE(9), { .n = 1, .size = { 2 } } },
    { VN_SHAPE(3, 9), { .n = 1, .size = { 3 }, .stride = { 2 }, .pad_lo = { 1 } } },
    { VN_SHAPE(2, 7, 6), { .n = 2, .size = { 2, 3 }, .stride = { 2, 1 } } },
    { VN_SHAPE(2, 7, 6),
      { .n = 2,
        .size = { 3, 3 },
        .stride = { 2, 3 },
        .pad_lo = { 1, 2 },
        .pad_hi = { 2, 1 } } },
    { VN_SHAPE(2, 3, 4, 5), { .n = 3, .size = { 2, 2, 2 }, .stride = { 1, 2, 2 } } },
    { VN_SHAPE(2, 3, 4, 5),
      { .n = 2, .size = { 2, 2 }, .pad_lo = { 2, 2 }, .pad_hi = { 2, 2 } } },
    { VN_SHAPE(4, 3), { .n = 2, .size = { 4, 3 } } },
    { VN_SHAPE(2, 3), { .n = 1, .size = { 4 } } }, /* no window fits */
    { VN_SHAPE(2, 6, 6),
      { .n = 2, .size = { 2, 2 }, .pad_lo = { -1, -1 }, .stride = { 2, 2 } } },
};

enum { N_CASES = sizeof cases / sizeof *cases };

static vn__sliding sliding_of(const pool_case *c)
{
    vn__sliding s;
    vn_array *const x = vn_zeros(VN_F32, c->x);
    cr_assert(vn__pool_attr(&s, "pool", x, &c->window) == VN_ERR_OK, "%s", vn_error_message());
    return s;
}

/* Calls visit for every output element, with its taps inside the image (flat indices of x). */
typedef void visit_fn(void *context, int64_t y, const int64_t *x, int64_t n);
static void for_windows(const pool_case *c, visit_fn *visit, void *context)
{
    const vn__sliding s = sliding_of(c);
    const int64_t ny = vn__sliding_pixels(s.y, s.n), nx = vn__sliding_pixels(s.x, s.n);
    const int64_t taps = vn__sliding_pixels(s.k, s.n);
    for (int64_t i = 0; i < vn_shape_size(c->x) / nx * ny; i++) {
        int64_t list[64], n = 0;
        for (int64_t t = 0; t < taps; t++) {
            int64_t p = 0, q = i % ny, rest = t, scale = 1;
            bool inside = true;
            for (int64_t d = s.n - 1; d >= 0; d--) {
                const int64_t at = q % s.y[d] * s.stride[d] + rest % s.k[d] - s.pad_lo[d];
                inside &= at >= 0 && at < s.x[d];
                p += at * scale;
                scale *= s.x[d];
                q /= s.y[d];
                rest /= s.k[d];
            }
            if (inside)
                list[n++] = i / ny * nx + p;
        }
        visit(context, i, list, n);
    }
}

typedef struct arrays {
    const double *x, *g;
    double *max, *sum, *max_grad, *sum_grad;
} arrays;

static void visit(void *context, int64_t y, const int64_t *x, int64_t n)
{
    const arrays *const a = context;
    int64_t best = -1;
    a->sum[y] = 0;
    for (int64_t t = 0; t < n; t++) {
        a->sum[y] += a->x[x[t]];
        a->sum_grad[x[t]] += a->g[y];
        best = best < 0 || a->x[x[t]] > a->x[best] ? x[t] : best;
    }
    a->max[y] = best < 0 ? -INFINITY : a->x[best];
    if (best >= 0)
        a->max_grad[best] += a->g[y];
}

static void expect_array(const char *what, vn_array *x, const double *want)
{
    double *const got = doubles_of(x);
    expect_close(what, got, want, vn_size(x), 1e-6);
    free(got);
}

static void check(const pool_case *c, vn_dtype dtype)
{
    const vn__sliding s = sliding_of(c);
    vn_array *const x = random_array(dtype, c->x);
    vn_array *const max = vn_pool_max(x, &c->window), *const sum = vn_pool_sum(x, &c->window);
    cr_assert(max && sum, "%s", vn_error_message());
    vn_array *const g = random_array(dtype, vn_shape_of(max));
    double *const dx = doubles_of(x), *const dg = doubles_of(g);
    const size_t nx = (size_t)vn_size(x) + 1, ny = (size_t)vn_size(max) + 1;
    const arrays a = { dx, dg, calloc(ny, 8), calloc(ny, 8), calloc(nx, 8), calloc(nx, 8) };
    for_windows(c, visit, (void *)(uintptr_t)&a);
    expect_array("pool_max", max, a.max);
    expect_array("pool_sum", sum, a.sum);
    expect_array("pool_max_grad",
                 vn_op_apply(&vn__op_pool_max_grad, &s, 3, (vn_array *[]){ x, max, g }),
                 a.max_grad);
    expect_array("pool_sum_grad",
                 vn_op_apply(&vn__op_pool_sum_grad, &s, 1, (vn_array *[]){ g }), a.sum_grad);
    vn_array *const same =
        vn_op_apply(&vn__op_pool_max_gather, &s, 3, (vn_array *[]){ x, max, x });
    for (size_t i = 0; i + 1 < ny; i++)
        a.max[i] = isinf(a.max[i]) ? 0 : a.max[i];
    expect_array("pool_max_gather", same, a.max);
    double *const all[] = { dx, dg, a.max, a.sum, a.max_grad, a.sum_grad };
    for (int i = 0; i < 6; i++)
        free(all[i]);
}

Test(pool, values)
{
    for (int i = 0; i < N_CASES; i++)
        VN_SCOPE
        {
            check(&cases[i], VN_F32);
            check(&cases[i], VN_F64);
        }
}

Test(pool, integers)
{
    for (int i = 0; i < N_CASES; i++)
        for (int dtype = VN_I32; dtype < VN_C64; dtype++)
            VN_SCOPE
            {
                vn_array *const x = vn_scale(8, random_array(VN_F32, cases[i].x));
                vn_array *const n = vn_cast(vn_abs(x), (vn_dtype)dtype);
                vn_array *const max = vn_pool_max(n, &cases[i].window);
                cr_assert(vn_dtype_of(max) == (vn_dtype)dtype, "%s", vn_error_message());
                double *const got = doubles_of(max);
                vn_array *const f = vn_pool_max(vn_cast(n, VN_F64), &cases[i].window);
                double *const want = doubles_of(f);
                for (int64_t e = 0; e < vn_size(max); e++)
                    want[e] = isinf(want[e]) ? got[e] : want[e];
                expect_close("pool_max", got, want, vn_size(max), 0);
                free(got);
                free(want);
            }
}

Test(pool, lanes)
{
    for (int i = 0; i < N_CASES; i++)
        for (int mapped = 1; mapped < 8; mapped++)
            for (vn_dtype dtype = VN_F32; dtype <= VN_F64; dtype++) {
                const vn__sliding s = sliding_of(&cases[i]);
                const vn_aval x = aval(dtype, cases[i].x);
                vn_aval y;
                cr_assert(!vn__op_pool_max.shape(&y, &s, &x, 1));
                problem p = { .attr = &s,
                              .mapped = { mapped & 1, mapped >> 1 & 1, mapped >> 2 } };
                p.in[0] = x;
                p.op = &vn__op_pool_max;
                problem_lanes(&p, 16);
                p.op = &vn__op_pool_sum;
                problem_lanes(&p, 32);
                p.in[1] = p.in[2] = y;
                p.op = &vn__op_pool_max_grad;
                problem_lanes(&p, 16);
                p.in[2] = x;
                p.op = &vn__op_pool_max_gather;
                problem_lanes(&p, 16);
                p.in[0] = y;
                p.op = &vn__op_pool_sum_grad;
                problem_lanes(&p, 16);
            }
}

Test(pool, integer_lanes)
{
    const vn__sliding s = sliding_of(&cases[3]);
    problem p = { .op = &vn__op_pool_max,
                  .attr = &s,
                  .in = { aval(VN_I32, cases[3].x) },
                  .mapped = { true },
                  .low = -9,
                  .high = 9 };
    problem_lanes(&p, 32);
    p.op = &vn__op_pool_sum;
    problem_lanes(&p, 16);
}

Test(pool, pull)
{
    int moved = 0;
    for (int i = 0; i < N_CASES; i++) {
        const vn__sliding s = sliding_of(&cases[i]);
        problem p = { .attr = &s, .in = { aval(VN_F64, cases[i].x) } };
        p.op = &vn__op_pool_max;
        moved += problem_pull(&p);
        p.op = &vn__op_pool_sum;
        moved += problem_pull(&p);
    }
    cr_assert_eq(moved, 2 * (0 + 1 + 1 + 1 + 1 + 2 + 0 + 1 + 1));
}

Test(pool, errors)
{
    vn_array *const x = vn_ones(VN_F32, VN_SHAPE(3, 8));
    cr_assert(!vn_pool_max(x, &(vn_window){ .n = 3, .size = { 1, 1, 1 } }));
    cr_assert(strstr(vn_error_message(), "pool_max: a window over 3 axes of an array with 2"));
    vn_error_clear();
    cr_assert(!vn_pool_sum(x, &(vn_window){ .n = 1 }));
    cr_assert(
        strstr(vn_error_message(), "pool_sum: spatial axis 0: a window of 0 on 8 pixels"));
    vn_error_clear();
    cr_assert(!vn_pool_sum(x, NULL));
    vn_error_clear();
}
