/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#include "vernal/transform.h"

static const vn_axes no_axes = { 0 };

static vn_array *matrix(void) { return make(VN_SHAPE(2, 3), NUMBERS(1, -2, 3, 4, 5, -6)); }

Test(reductions, values)
{
    vn_array *const x = matrix();
    CHECK(vn_sum(x), VN_SCALAR, 5);
    CHECK(vn_sum_over(x, VN_AXES(0), false), VN_SHAPE(3), 5, 3, -3);
    CHECK(vn_sum_over(x, VN_AXES(-1), true), VN_SHAPE(2, 1), 2, 3);
    CHECK(vn_sum_over(x, VN_AXES(1, 0), true), VN_SHAPE(1, 1), 5);
    CHECK(vn_mean(x), VN_SCALAR, 5.0 / 6);
    CHECK(vn_mean_over(x, VN_AXES(1), false), VN_SHAPE(2), 2.0 / 3, 1);
    CHECK(vn_prod(x), VN_SCALAR, 720);
    CHECK(vn_prod_over(x, VN_AXES(0), false), VN_SHAPE(3), 4, -10, -18);
    CHECK(vn_max_over(x, VN_AXES(1), false), VN_SHAPE(2), 3, 5);
    CHECK(vn_min(x), VN_SCALAR, -6);
    CHECK(vn_var_over(x, VN_AXES(1), 0, false), VN_SHAPE(2), 38.0 / 9, 74.0 / 3);
    CHECK(vn_var_over(x, VN_AXES(1), 1, false), VN_SHAPE(2), 19.0 / 3, 37);
    CHECK(vn_std_over(x, VN_AXES(0), 0, true), VN_SHAPE(1, 3), 1.5, 3.5, 4.5);
    CHECK(vn_norm(make(VN_SHAPE(2), NUMBERS(3, 4))), VN_SCALAR, 5);
    CHECK(vn_argmax(x, 1), VN_SHAPE(2), 2, 1);
    CHECK(vn_argmin(x, 0), VN_SHAPE(3), 0, 0, 1);
    CHECK(vn_argmax(make(VN_SHAPE(4), NUMBERS(1, 7, 7, 0)), 0), VN_SCALAR, 1);
    cr_assert_eq(vn_dtype_of(vn_argmax(x, 1)), VN_I32);
}

Test(reductions, any_set_of_axes)
{
    vn_array *const x = vn_reshape(vn_arange(VN_F32, 24), VN_SHAPE(2, 3, 4));
    CHECK(vn_sum_over(x, VN_AXES(0, 2), false), VN_SHAPE(3), 60, 92, 124);
    CHECK(vn_sum_over(x, VN_AXES(1, 2), false), VN_SHAPE(2), 66, 210);
    CHECK(vn_max_over(x, VN_AXES(0, 1), true), VN_SHAPE(1, 1, 4), 20, 21, 22, 23);
    cr_assert_eq(vn_sum_over(x, no_axes, false), x);
}

Test(reductions, softmax_family)
{
    vn_array *const x = make(VN_SHAPE(2, 2), NUMBERS(0, 1, 1000, 1000));
    const double e = exp(1);
    CHECK(vn_softmax(x, -1), VN_SHAPE(2, 2), 1 / (1 + e), e / (1 + e), 0.5, 0.5);
    CHECK(vn_log_softmax(x, 1), VN_SHAPE(2, 2), -log(1 + e), 1 - log(1 + e), -log(2), -log(2));
    CHECK(vn_logsumexp(x, VN_AXES(1), false), VN_SHAPE(2), log(1 + e), 1000 + log(2));
    CHECK(vn_logsumexp(x, VN_AXES(0, 1), true), VN_SHAPE(1, 1), 1000 + log(2));
    CHECK(vn_logsumexp(make(VN_SHAPE(2), NUMBERS(-INFINITY, -INFINITY)), VN_AXES(0), false),
          VN_SCALAR, -INFINITY);
    CHECK(vn_logsumexp(make(VN_SHAPE(2), NUMBERS(INFINITY, 0)), VN_AXES(0), false), VN_SCALAR,
          INFINITY);
}

Test(reductions, cumulative_and_sorting)
{
    vn_array *const x = matrix();
    CHECK(vn_cumsum(x, 1), VN_SHAPE(2, 3), 1, -1, 2, 4, 9, 3);
    CHECK(vn_cumsum(x, 0), VN_SHAPE(2, 3), 1, -2, 3, 5, 3, -3);
    CHECK(vn_cumprod(x, 1), VN_SHAPE(2, 3), 1, -2, -6, 4, 20, -120);
    CHECK(vn_sort(x, 1), VN_SHAPE(2, 3), -2, 1, 3, -6, 4, 5);
    CHECK(vn_argsort(x, 1), VN_SHAPE(2, 3), 1, 0, 2, 2, 0, 1);
    CHECK(vn_argsort(make(VN_SHAPE(5), NUMBERS(2, 1, 2, 1, 0)), 0), VN_SHAPE(5), 4, 1, 3, 0, 2);
    CHECK(vn_sort(make(VN_SHAPE(4), NUMBERS(NAN, INFINITY, -INFINITY, -1)), 0), VN_SHAPE(4),
          -INFINITY, -1, INFINITY, NAN);
    CHECK(vn_argsort(make(VN_SHAPE(3), NUMBERS(0.0, -0.0, 0.0)), 0), VN_SHAPE(3), 0, 1, 2);
    CHECK(vn_sort(make_as(VN_I8, VN_SHAPE(3), NUMBERS(3, -128, 127)), 0), VN_SHAPE(3), -128, 3,
          127);
    CHECK(vn_sort(make_as(VN_BF16, VN_SHAPE(3), NUMBERS(3, -2, 0.5)), 0), VN_SHAPE(3), -2, 0.5,
          3);
    CHECK(vn_cumsum(make_as(VN_BOOL, VN_SHAPE(3), NUMBERS(1, 0, 1)), 0), VN_SHAPE(3), 1, 1, 2);
}

Test(reductions, integers_and_bools)
{
    vn_array *const bytes = make_as(VN_U8, VN_SHAPE(3), NUMBERS(200, 100, 50));
    vn_array *const t = make_as(VN_BOOL, VN_SHAPE(2, 2), NUMBERS(1, 0, 0, 0));
    CHECK(vn_sum(bytes), VN_SCALAR, 350);
    cr_assert_eq(vn_dtype_of(vn_sum(bytes)), VN_U32);
    cr_assert_eq(vn_dtype_of(vn_max(bytes)), VN_U8);
    CHECK(vn_sum(t), VN_SCALAR, 1);
    cr_assert_eq(vn_dtype_of(vn_sum(t)), VN_I32);
    CHECK(vn_any(t), VN_SCALAR, 1);
    CHECK(vn_all_over(t, VN_AXES(0), false), VN_SHAPE(2), 0, 0);
    CHECK(vn_any_over(matrix(), VN_AXES(1), true), VN_SHAPE(2, 1), 1, 1);
    CHECK(vn_mean(bytes), VN_SCALAR, 350.0 / 3);
    CHECK(vn_argmax(t, 1), VN_SHAPE(2), 0, 0);
}

Test(reductions, of_nothing)
{
    vn_array *const none = vn_zeros(VN_F32, VN_SHAPE(0, 3));
    CHECK(vn_sum(none), VN_SCALAR, 0);
    CHECK(vn_prod_over(none, VN_AXES(0), false), VN_SHAPE(3), 1, 1, 1);
    CHECK(vn_max_over(none, VN_AXES(1), false), VN_SHAPE(0), 0);
    CHECK(vn_any(none), VN_SCALAR, 0);
    CHECK(vn_all(none), VN_SCALAR, 1);
    CHECK(vn_mean(none), VN_SCALAR, NAN);
    CHECK(vn_softmax(none, 0), VN_SHAPE(0, 3), 0);
    CHECK(vn_cumprod(none, 0), VN_SHAPE(0, 3), 0);
    CHECK(vn_sort(none, 0), VN_SHAPE(0, 3), 0);
    CHECK_ERROR(vn_max(none), SHAPE, "max: of no elements: f32[0,3]");
    CHECK_ERROR(vn_argmin(none, 0), SHAPE, "argmin: of no elements: axis 0 of f32[0,3]");
}

Test(reductions, sums_of_many_numbers_are_accurate)
{
    enum { N = 1000000 };
    float *const v = malloc(N * sizeof *v);
    double exact = 0;
    for (int i = 0; i < N; i++) {
        v[i] = 0.5f + (float)(i * 7919LL % N) / N;
        exact += v[i];
    }
    vn_array *const x = vn_array_from(VN_F32, VN_SHAPE(N), v);
    free(v);
    cr_expect(fabs(vn_item(vn_mean(x)) - exact / N) < 1e-6 * exact / N);
    cr_expect(fabs(vn_item(vn_sum(vn_sum_over(vn_reshape(x, VN_SHAPE(1000, 10, 100)),
                                              VN_AXES(0, 2), false))) -
                   exact) < 1e-6 * exact);
    cr_expect(fabs(vn_item(vn_index(vn_cumsum(x, 0), 0, -1)) - exact) < 1e-6 * exact);
    cr_expect_eq(vn_item(vn_sum(x)), vn_item(vn_sum(x)));
}

/* Equal terms: the rounding errors of a plain loop in f32 would all have one sign. */
Test(reductions, sums_of_equal_numbers_are_accurate)
{
    const double tenth = (float)0.1;
    static const int64_t columns[] = { 1, 3, 32, 300 };
    for (int k = 0; k < 4; k++) {
        const int64_t n = 3000000 / columns[k];
        vn_array *const x = vn_full(VN_F32, VN_SHAPE(n, columns[k]), 0.1);
        const double sum = vn_item(vn_max(vn_sum_over(x, VN_AXES(0), false)));
        cr_expect(fabs(sum - (double)n * tenth) < 1e-6 * sum, "%d columns: %.9g",
                  (int)columns[k], sum);
    }
}

Test(reductions, errors_name_the_op)
{
    vn_array *const x = matrix();
    CHECK_ERROR(vn_sum_over(x, VN_AXES(2), false), ARGUMENT,
                "sum: axis 2 of an array with 2 axes");
    CHECK_ERROR(vn_max_over(x, VN_AXES(0, -2), false), ARGUMENT, "max: axis 0 is given twice");
    CHECK_ERROR(vn_softmax(x, -3), ARGUMENT, "softmax: axis -3 of an array with 2 axes");
    CHECK_ERROR(vn_argmax(vn_scalar(VN_F32, 1), 0), ARGUMENT,
                "argmax: axis 0 of an array with 0 axes");
    CHECK_ERROR(vn_mean(NULL), NULL_ARGUMENT, "mean: an operand is NULL");
    CHECK_ERROR(vn_any(NULL), NULL_ARGUMENT, "any: an operand is NULL");
}

/* ---- over the examples of a vmap: bools are counted, halves go through f32 */

static vn_tree *total(vn_tree *const arg[]) { return vn_psum(arg[0], "batch"); }
static vn_tree *greatest(vn_tree *const arg[]) { return vn_pmax(arg[0], "batch"); }

static vn_array *over_examples(vn_fn *fn, vn_array *x, bool jit)
{
    vn_tree *f = vn_filter_vmap(vn_function(fn, 1), &(vn_vmap_options){ .axis_name = "batch" });
    return vn_index(vn_call(jit ? vn_filter_jit(f, NULL) : f, x), 0, 0);
}

Test(reductions, over_named_axes_in_every_dtype)
{
    for (int d = 1; d < VN_DTYPE_COUNT; d++)
        for (int jit = 0; jit < 2; jit++) {
            const vn_dtype dtype = (vn_dtype)d;
            vn_array *x = vn_ones(dtype, VN_SHAPE(40, 2)), *sum = over_examples(total, x, jit);
            cr_assert(sum, "%s: %s", vn_dtype_name(dtype), vn_error_message());
            cr_assert(vn_dtype_of(sum) == (dtype == VN_BOOL ? VN_I32 : dtype));
            cr_assert(vn_item_complex(vn_index(sum, 0, 1)).re == 40, "%s",
                      vn_dtype_name(dtype));
            if (vn_dtype_is_complex(dtype))
                continue;
            vn_array *most = over_examples(greatest, x, jit);
            cr_assert(most && vn_dtype_of(most) == dtype, "%s", vn_error_message());
            cr_assert(vn_item(vn_index(most, 0, 1)) == 1, "%s", vn_dtype_name(dtype));
        }
}

/* ---- errors over named axes */

static vn_tree *gathered(vn_tree *const arg[])
{
    (void)arg;
    return vn_all_gather(vn_ones(VN_F32, VN_SHAPE(1, 1, 1, 1, 1, 1, 1, 1)), "batch");
}

Test(reductions, errors_over_named_axes)
{
    vn_array *hollow = vn_shape_struct(VN_BOOL, VN_SCALAR);
    CHECK_ERROR(vn_psum(hollow, "batch"), ARGUMENT,
                "psum: bool[] is a dtype and a shape without numbers");
    CHECK_ERROR(vn_pmean(hollow, "batch"), ARGUMENT,
                "pmean: bool[] is a dtype and a shape without numbers");
    CHECK_ERROR(vn_pmax(hollow, "batch"), ARGUMENT,
                "pmax: bool[] is a dtype and a shape without numbers");
    CHECK_ERROR(vn_pmin(hollow, "batch"), ARGUMENT,
                "pmin: bool[] is a dtype and a shape without numbers");
    CHECK_ERROR(vn_pmin(NULL, "batch"), NULL_ARGUMENT, "pmin: an operand is NULL");
    vn_tree *f =
        vn_filter_vmap(vn_function(gathered, 1), &(vn_vmap_options){ .axis_name = "batch" });
    cr_assert(!vn_call(f, vn_ones(VN_F32, VN_SHAPE(2))));
    cr_assert_eq(vn_error_status(), VN_ERR_LIMIT);
    cr_assert(strstr(vn_error_message(), "all_gather: "), "%s", vn_error_message());
    vn_error_clear();
}
