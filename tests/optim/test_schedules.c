/* SPDX-License-Identifier: MIT */
/* Schedules against their formulas in double arithmetic. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "vernal/array.h"
#include "vernal/optim.h"

static const double pi = 3.14159265358979323846;

static void setup(void) { vn_set_default_dtype(VN_F64); }

TestSuite(schedules, .init = setup);

static void expect_at(vn_tree *schedule, int k, double value)
{
    const double found = vn_item(vn_call(schedule, vn_scalar(VN_I64, k)));
    cr_assert(vn_ok(), "%s", vn_error_message());
    cr_assert(fabs(found - value) <= 1e-12 * (1 + fabs(value)), "at %d: %.17g, expected %.17g",
              k, found, value);
    cr_assert_eq(vn_item(vn_call(schedule, vn_int(k))), found);
}

Test(schedules, polynomial)
{
    vn_tree *square = vn_polynomial_schedule(1, 0.1, 2, 10, 3);
    expect_at(square, 0, 1);
    expect_at(square, 3, 1);
    expect_at(square, 8, 0.9 * 0.25 + 0.1);
    expect_at(square, 20, 0.1);
    vn_tree *root = vn_polynomial_schedule(1, 0, 0.5, 15, 0);
    expect_at(root, 12, sqrt(0.2));
    expect_at(root, 15, 0);
    expect_at(vn_linear_schedule(1, 3, 4, 0), 1, 1.5);
    expect_at(vn_linear_schedule(1, 3, 0, 0), 9, 1);
    expect_at(vn_constant_schedule(0.25), 7, 0.25);
}

Test(schedules, exponential)
{
    vn_exponential_decay_options options = { .transition_begin = 2, .staircase = true };
    expect_at(vn_exponential_decay(2, 5, 0.5, NULL), 7, 2 * pow(0.5, 1.4));
    expect_at(vn_exponential_decay(2, 5, 0.5, &options), 13, 0.5);
    expect_at(vn_exponential_decay(2, 5, 0.5, &options), 1, 2);
    vn_exponential_decay_options floor = { .has_end_value = true, .end_value = 0.3 };
    expect_at(vn_exponential_decay(2, 1, 0.5, &floor), 10, 0.3);
    expect_at(vn_exponential_decay(2, 1, 2, &floor), 10, 0.3);
}

Test(schedules, cosine)
{
    vn_cosine_decay_options options = { .alpha = 0.1, .exponent = 2 };
    vn_tree *decay = vn_cosine_decay_schedule(3, 10, &options);
    expect_at(decay, 0, 3);
    expect_at(decay, 4, 3 * (0.9 * pow(0.5 * (1 + cos(pi * 0.4)), 2) + 0.1));
    expect_at(decay, 50, 0.3);
    vn_warmup_cosine_decay_options end = { .end_value = 0.5 };
    vn_tree *warm = vn_warmup_cosine_decay_schedule(0, 2, 4, 14, &end);
    expect_at(warm, 1, 0.5);
    expect_at(warm, 4, 2);
    expect_at(warm, 9, 0.5 + 1.5 * 0.5);
    expect_at(warm, 14, 0.5);
}

Test(schedules, onecycle)
{
    vn_tree *cycle = vn_cosine_onecycle_schedule(40, 1, NULL);
    expect_at(cycle, 0, 1.0 / 25);
    expect_at(cycle, 6, 1 + (1.0 / 25 - 1) / 2);
    expect_at(cycle, 12, 1);
    expect_at(cycle, 40, 1 / 25e4);
}

Test(schedules, piecewise)
{
    vn_tree *steps = vn_piecewise_constant_schedule(1, 2, (const int64_t[]){ 10, 20 },
                                                    (const double[]){ 0.5, 0.1 });
    expect_at(steps, 9, 1);
    expect_at(steps, 10, 0.5);
    expect_at(steps, 20, 0.05);
}

/* JAX: an i32 count divided by a number is f32, also in f64 mode. */
Test(schedules, dtypes)
{
    vn_array *k = vn_scalar(VN_I32, 3);
    vn_tree *linear = vn_linear_schedule(1, 0, 10, 0);
    cr_assert_eq(vn_dtype_of(vn_call(linear, k)), VN_F32);
    cr_assert_eq(vn_dtype_of(vn_call(vn_exponential_decay(1, 5, 0.5, NULL), k)), VN_F32);
    cr_assert_eq(vn_dtype_of(vn_call(vn_cosine_decay_schedule(1, 5, NULL), k)), VN_F64);
    cr_assert_eq(vn_dtype_of(vn_call(vn_warmup_cosine_decay_schedule(0, 1, 2, 5, NULL), k)),
                 VN_F32);
    cr_assert_eq(vn_dtype_of(vn_call(linear, vn_int(3))), VN_F64);
}

static void expect_error(const vn_tree *result, const char *text)
{
    cr_assert_null(result);
    cr_assert_not_null(strstr(vn_error_message(), text), "%s", vn_error_message());
    vn_error_clear();
}

Test(schedules, errors)
{
    expect_error(vn_cosine_decay_schedule(1, 0, NULL), "decay_steps is 0");
    expect_error(vn_warmup_cosine_decay_schedule(0, 1, 5, 5, NULL), "warmup_steps is 5");
    expect_error(vn_exponential_decay(1, 5, -0.5, NULL), "decay_rate is -0.5");
    expect_error(vn_join_schedules(0, NULL, NULL), "0 schedules");
    expect_error(vn_piecewise_constant_schedule(1, 2, (const int64_t[]){ 20, 10 },
                                                (const double[]){ 1, 1 }),
                 "boundary 10 comes after 20");
}
