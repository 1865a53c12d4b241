/* SPDX-License-Identifier: MIT */
/* dot_general against loops over all indices, over lanes, summed; matmul, einsum, errors. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "problem.h"

typedef struct dot_case {
    vn_shape a, b;
    vn_dot_dims dims;
} dot_case;

#define NONE \
    {        \
        0    \
    }
#define AX(...) VN_AXES(__VA_ARGS__)

static const dot_case *cases(int *n)
{
    static dot_case list[32];
    const dot_case all[] = {
        { VN_SHAPE(3, 4), VN_SHAPE(4, 5), { AX(1), AX(0), NONE, NONE } },
        { VN_SHAPE(13, 40), VN_SHAPE(40, 35), { AX(1), AX(0), NONE, NONE } },
        { VN_SHAPE(4, 3), VN_SHAPE(4, 5), { AX(0), AX(0), NONE, NONE } },
        { VN_SHAPE(3, 4), VN_SHAPE(5, 4), { AX(1), AX(1), NONE, NONE } },
        { VN_SHAPE(4, 3), VN_SHAPE(5, 4), { AX(0), AX(1), NONE, NONE } },
        { VN_SHAPE(7, 4), VN_SHAPE(4), { AX(1), AX(0), NONE, NONE } },
        { VN_SHAPE(4, 7), VN_SHAPE(4), { AX(0), AX(0), NONE, NONE } },
        { VN_SHAPE(4), VN_SHAPE(4, 7), { AX(0), AX(0), NONE, NONE } },
        { VN_SHAPE(4), VN_SHAPE(7, 4), { AX(0), AX(1), NONE, NONE } },
        { VN_SHAPE(6), VN_SHAPE(6), { AX(0), AX(0), NONE, NONE } },
        { VN_SHAPE(6), VN_SHAPE(9), { NONE, NONE, NONE, NONE } },
        { VN_SHAPE(3, 2), VN_SHAPE(4, 5), { NONE, NONE, NONE, NONE } },
        { VN_SHAPE(2, 3, 4), VN_SHAPE(2, 4, 5), { AX(2), AX(1), AX(0), AX(0) } },
        { VN_SHAPE(2, 3, 4), VN_SHAPE(4, 5, 2), { AX(2), AX(0), AX(0), AX(2) } },
        { VN_SHAPE(3, 4, 2), VN_SHAPE(2, 4, 5), { AX(1), AX(1), AX(2), AX(0) } },
        { VN_SHAPE(2, 3, 4, 5), VN_SHAPE(5, 3, 6), { AX(1, 3), AX(1, 0), NONE, NONE } },
        { VN_SHAPE(2, 3, 4, 5), VN_SHAPE(2, 5, 3, 6), { AX(3, 1), AX(1, 2), AX(0), AX(0) } },
        { VN_SHAPE(2, 3, 4), VN_SHAPE(2, 3, 4), { AX(2), AX(2), AX(0, 1), AX(0, 1) } },
        { VN_SHAPE(2, 3, 4), VN_SHAPE(3, 2, 4), { AX(2), AX(2), AX(1, 0), AX(0, 1) } },
        { VN_SHAPE(2, 3, 4), VN_SHAPE(2, 3, 4), { AX(0, 1, 2), AX(0, 1, 2), NONE, NONE } },
        { VN_SHAPE(3, 0), VN_SHAPE(0, 5), { AX(1), AX(0), NONE, NONE } },
        { VN_SHAPE(0, 3), VN_SHAPE(3, 5), { AX(1), AX(0), NONE, NONE } },
        { VN_SHAPE(1, 8), VN_SHAPE(8, 1), { AX(1), AX(0), NONE, NONE } },
        { VN_SHAPE(3, 1, 4), VN_SHAPE(4, 3, 2), { AX(2, 0), AX(0, 1), NONE, NONE } },
        { VN_SCALAR, VN_SHAPE(3), { NONE, NONE, NONE, NONE } },
    };
    *n = (int)(sizeof all / sizeof *all);
    memcpy(list, all, sizeof all);
    return list;
}

static bool has(const vn_axes *axes, int axis)
{
    for (int i = 0; i < axes->count; i++)
        if (axes->axis[i] == axis)
            return true;
    return false;
}

/* Element of x at a multi-index. */
static double element(const double *x, vn_shape s, const int64_t index[])
{
    int64_t at = 0;
    for (int d = 0; d < s.rank; d++)
        at = at * s.dim[d] + index[d];
    return x[at];
}

static void unravel(int64_t index[], int64_t flat, const int64_t size[], int n)
{
    for (int d = n - 1; d >= 0; d--) {
        index[d] = flat % size[d];
        flat /= size[d];
    }
}

/* Loops over every batch, free and contracted index. */
static void reference(double *out, const double *a, const double *b, const dot_case *c)
{
    const vn_dot_dims *const d = &c->dims;
    int64_t size[4 * VN_MAX_RANK], contracted[VN_MAX_RANK], n_out = 1, n_k = 1;
    int role_a[VN_MAX_RANK], role_b[VN_MAX_RANK], n = 0;
    for (int i = 0; i < d->batch_a.count; i++) {
        role_a[d->batch_a.axis[i]] = role_b[d->batch_b.axis[i]] = n;
        size[n++] = c->a.dim[d->batch_a.axis[i]];
    }
    for (int i = 0; i < c->a.rank; i++)
        if (!has(&d->batch_a, i) && !has(&d->contract_a, i)) {
            role_a[i] = n;
            size[n++] = c->a.dim[i];
        }
    for (int i = 0; i < c->b.rank; i++)
        if (!has(&d->batch_b, i) && !has(&d->contract_b, i)) {
            role_b[i] = n;
            size[n++] = c->b.dim[i];
        }
    for (int i = 0; i < n; i++)
        n_out *= size[i];
    for (int i = 0; i < d->contract_a.count; i++)
        n_k *= contracted[i] = c->a.dim[d->contract_a.axis[i]];
    for (int64_t o = 0; o < n_out; o++) {
        int64_t at[2 * VN_MAX_RANK], k[VN_MAX_RANK], in_a[VN_MAX_RANK], in_b[VN_MAX_RANK];
        unravel(at, o, size, n);
        out[o] = 0;
        for (int64_t t = 0; t < n_k; t++) {
            unravel(k, t, contracted, d->contract_a.count);
            for (int i = 0; i < c->a.rank; i++)
                in_a[i] = has(&d->contract_a, i) ? 0 : at[role_a[i]];
            for (int i = 0; i < c->b.rank; i++)
                in_b[i] = has(&d->contract_b, i) ? 0 : at[role_b[i]];
            for (int i = 0; i < d->contract_a.count; i++)
                in_a[d->contract_a.axis[i]] = in_b[d->contract_b.axis[i]] = k[i];
            out[o] += element(a, c->a, in_a) * element(b, c->b, in_b);
        }
    }
}

static void check_value(const dot_case *c, vn_dtype dtype)
{
    VN_SCOPE
    {
        vn_array *const a = random_array(dtype, c->a), *const b = random_array(dtype, c->b);
        vn_array *const y = vn_dot_general(a, b, &c->dims);
        double *const da = doubles_of(a), *const db = doubles_of(b), *const got = doubles_of(y);
        double *const want = calloc((size_t)vn_size(y) + 1, sizeof *want);
        reference(want, da, db, c);
        expect_close("dot_general", got, want, vn_size(y), dtype == VN_BF16 ? 1e-2 : 1e-6);
        free(da);
        free(db);
        free(got);
        free(want);
    }
}

Test(dot, values)
{
    int n;
    const dot_case *const list = cases(&n);
    for (int i = 0; i < n; i++) {
        check_value(&list[i], VN_F32);
        check_value(&list[i], VN_F64);
        check_value(&list[i], VN_BF16);
    }
}

Test(dot, integers)
{
    int n;
    const dot_case *const list = cases(&n);
    for (int i = 0; i < n; i++)
        VN_SCOPE
        {
            vn_array *const a = random_array(VN_F32, list[i].a),
                            *b = random_array(VN_F32, list[i].b);
            vn_array *const x = vn_cast(vn_scale(8, a), VN_I32),
                            *z = vn_cast(vn_scale(8, b), VN_I32);
            vn_array *const y = vn_dot_general(x, z, &list[i].dims);
            cr_assert(vn_dtype_of(y) == VN_I32, "%s", vn_error_message());
            double *const got = doubles_of(y);
            double *const want = doubles_of(vn_scale(64, vn_dot_general(a, b, &list[i].dims)));
            expect_close("integers", got, want, vn_size(y), 0);
            free(got);
            free(want);
        }
}

Test(dot, lanes)
{
    int n;
    const dot_case *const list = cases(&n);
    for (int i = 0; i < n; i++)
        for (int mapped = 1; mapped < 4; mapped++)
            for (int64_t lanes = 16; lanes <= 32; lanes += 16) {
                problem p = { .op = &vn__op_dot_general,
                              .attr = &list[i].dims,
                              .in = { aval(VN_F32, list[i].a), aval(VN_F32, list[i].b) },
                              .mapped = { mapped & 1, mapped >> 1 } };
                problem_lanes(&p, lanes);
                p.in[0].dtype = p.in[1].dtype = VN_F64;
                problem_lanes(&p, lanes);
            }
}

Test(dot, sums)
{
    int n;
    const dot_case *const list = cases(&n);
    for (int i = 0; i < n; i++)
        for (int mapped = 1; mapped < 4; mapped++)
            for (int64_t panels = 1; panels < 40; panels = panels * 3 + 1) {
                problem p = { .op = &vn__op_dot_general,
                              .attr = &list[i].dims,
                              .in = { aval(VN_F32, list[i].a), aval(VN_F32, list[i].b) },
                              .mapped = { mapped & 1, mapped >> 1 } };
                problem_sum(&p, 32, panels, 32);
                problem_sum(&p, 32, panels, 5);
                p.in[0].dtype = p.in[1].dtype = VN_F64;
                problem_sum(&p, 16, panels, 1);
            }
}

/* <g, dot(x, b)> = <da, x> and <g, dot(a, x)> = <db, x> for every x. */
Test(dot, transposes)
{
    int n;
    const dot_case *const list = cases(&n);
    for (int i = 0; i < n; i++)
        VN_SCOPE
        {
            const vn_dot_dims *const d = &list[i].dims;
            vn_array *const in[2] = { random_array(VN_F64, list[i].a),
                                      random_array(VN_F64, list[i].b) };
            vn_array *out = vn_dot_general(in[0], in[1], d), *din[2] = { NULL, NULL };
            vn_array *const g = random_array(VN_F64, vn_shape_of(out));
            const vn_node node = { &vn__op_dot_general,       d, 2, 1, in, &out,
                                   (const bool[]){ true, true }, NULL };
            vn__op_dot_general.vjp(din, &node, &g);
            for (int s = 0; s < 2; s++) {
                vn_array *const x = random_array(VN_F64, s ? list[i].b : list[i].a);
                vn_array *const y = vn_dot_general(s ? in[0] : x, s ? x : in[1], d);
                cr_assert(din[s], "%s", vn_error_message());
                cr_assert(vn_shape_equal(vn_shape_of(din[s]), vn_shape_of(x)));
                cr_assert_float_eq(vn_item(vn_dot(din[s], x)), vn_item(vn_dot(g, y)), 1e-9);
            }
        }
}

Test(dot, pull)
{
    int n, moved = 0;
    const dot_case *const list = cases(&n);
    for (int i = 0; i < n; i++)
        moved += problem_pull(&(problem){
            .op = &vn__op_dot_general,
            .attr = &list[i].dims,
            .in = { aval(VN_F64, list[i].a), aval(VN_F64, list[i].b) } });
    cr_assert_gt(moved, 40);
}

static void expect_shape(vn_array *x, vn_shape shape)
{
    cr_assert(x, "%s", vn_error_message());
    cr_assert(vn_shape_equal(vn_shape_of(x), shape), "rank %d, first %lld", vn_rank(x),
              (long long)vn_dim(x, 0));
}

Test(dot, matmul_shapes)
{
    vn_array *const m34 = random_array(VN_F32, VN_SHAPE(3, 4));
    vn_array *const m45 = random_array(VN_F32, VN_SHAPE(4, 5));
    vn_array *const v4 = random_array(VN_F32, VN_SHAPE(4));
    vn_array *const b234 = random_array(VN_F32, VN_SHAPE(2, 3, 4));
    vn_array *const b745 = random_array(VN_F32, VN_SHAPE(7, 1, 4, 5));
    expect_shape(vn_matmul(m34, m45), VN_SHAPE(3, 5));
    expect_shape(vn_matmul(m34, v4), VN_SHAPE(3));
    expect_shape(vn_matmul(v4, m45), VN_SHAPE(5));
    expect_shape(vn_matmul(v4, v4), VN_SCALAR);
    expect_shape(vn_matmul(b234, m45), VN_SHAPE(2, 3, 5));
    expect_shape(vn_matmul(b234, v4), VN_SHAPE(2, 3));
    expect_shape(vn_matmul(m34, b745), VN_SHAPE(7, 1, 3, 5));
    expect_shape(vn_matmul(v4, b745), VN_SHAPE(7, 1, 5));
    expect_shape(vn_matmul(b234, b745), VN_SHAPE(7, 2, 3, 5));
    vn_array *const whole = vn_matmul(b234, b745);
    vn_array *const part =
        vn_matmul(vn_index(b234, 0, 1), vn_index(vn_index(b745, 0, 6), 0, 0));
    double *const got = doubles_of(vn_index(vn_index(whole, 0, 6), 0, 1));
    double *const want = doubles_of(part);
    expect_close("matmul", got, want, 15, 1e-6);
    free(got);
    free(want);
}

static void check_einsum(const char *text, vn_array *a, vn_array *b, vn_array *same)
{
    vn_array *const y = vn_einsum(text, a, b);
    cr_assert(y && same, "%s: %s", text, vn_error_message());
    cr_assert(vn_shape_equal(vn_shape_of(y), vn_shape_of(same)), "%s", text);
    double *const got = doubles_of(y), *const want = doubles_of(same);
    expect_close(text, got, want, vn_size(y), 1e-6);
    free(got);
    free(want);
}

Test(dot, einsum)
{
    vn_array *const a = random_array(VN_F32, VN_SHAPE(2, 3, 4));
    vn_array *const b = random_array(VN_F32, VN_SHAPE(2, 4, 5));
    vn_array *const m = random_array(VN_F32, VN_SHAPE(4, 5)), *const v =
                                                                  vn_ones(VN_F32, VN_SHAPE(4));
    check_einsum("bij,bjk->bik", a, b, vn_matmul(a, b));
    check_einsum("bij,bjk->kbi", a, b, vn_moveaxis(vn_matmul(a, b), 2, 0));
    check_einsum("bij,jk", a, m, vn_matmul(a, m));
    check_einsum("bij, j -> b", a, v, vn_sum_over(a, VN_AXES(1, 2), false));
    check_einsum("jk,j->jk", m, v, m);
    check_einsum("ij,kl->klij", vn_index(a, 0, 0), m,
                 vn_transpose(vn_dot_general(vn_index(a, 0, 0), m, &(vn_dot_dims){ 0 }),
                              VN_AXES(2, 3, 0, 1)));
    check_einsum("bij,bjk->", a, b, vn_sum(vn_matmul(a, b)));
}

static void expect_error(vn_array *x, const char *words)
{
    cr_assert(!x);
    cr_assert(strstr(vn_error_message(), words), "\"%s\" is not in \"%s\"", words,
              vn_error_message());
    vn_error_clear();
}

Test(dot, errors)
{
    vn_array *const m34 = vn_ones(VN_F32, VN_SHAPE(3, 4)), *const v5 =
                                                               vn_ones(VN_F32, VN_SHAPE(5));
    expect_error(vn_matmul(m34, v5), "matmul: inner sizes differ: f32[3,4] and f32[5]");
    expect_error(vn_matmul(m34, vn_scalar(VN_F32, 1)), "matmul: a scalar operand");
    expect_error(vn_dot(m34, v5), "dot: shapes differ");
    expect_error(vn_outer(m34, v5), "outer: expected two vectors");
    expect_error(vn_einsum("ij,jk->il", m34, m34), "'l' is in no operand");
    expect_error(vn_einsum("ij", m34, m34), "names one operand");
    expect_error(vn_einsum("iij,j", m34, v5), "repeated");
    expect_error(vn_einsum("i,j->ij", m34, v5), "gives 1 axes to f32[3,4]");
    expect_error(vn_einsum("ij,j->i", m34, v5), "contracted sizes differ");
    expect_error(vn_matmul(NULL, v5), "");
    vn_error_clear();
}
