/* SPDX-License-Identifier: MIT */
/* Row 42: run-time errors, at once and compiled, by example, in loops and branches, under
 * derivatives; the three modes. */
#include "laws/conformance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NEGATIVE "x must be non-negative"

static vn_on_error mode;

static vn_tree *checked(vn_tree *const arg[])
{
    return vn_error_if(arg[0], vn_lt(arg[0], vn_float(0)), NEGATIVE,
                       &(vn_error_if_options){ .on_error = mode });
}

static vn_tree *unused(vn_tree *const arg[])
{
    vn_error_if(arg[0], vn_lt(arg[0], vn_float(0)), NEGATIVE, NULL);
    return vn_scale(2, arg[0]);
}

static vn_tree *one_of_three(vn_tree *const arg[]) /* x, index */
{
    static const char *const messages[] = { "zero", "one", "two" };
    return vn_branched_error_if(arg[0], vn_lt(arg[0], vn_float(0)), arg[1], 3, messages, NULL);
}

static vn_tree *squared(vn_tree *const arg[]) { return vn_sum(vn_square(checked(arg))); }

/* ---- helpers */

static vn_array *numbers(int64_t n, const float *x)
{
    return vn_array_from(VN_F32, VN_SHAPE(n), x);
}

static void expect_text(const char *what, const char *text)
{
    bool same = vn_error_status() == VN_ERR_RUNTIME && !strcmp(vn_error_message(), text);
    if (!same)
        printf("  is: %s\n", vn_error_message());
    vn_error_clear();
    expect_that(same, what);
}

/* The function at once and compiled, on x. */
static void expect_fault(const char *what, vn_tree *f, vn_tree *const arg[], int n,
                         const char *text)
{
    expect_that(!vn_call_n(f, n, arg), what);
    expect_text(what, text);
    vn_tree *fast = vn_filter_jit(f, NULL);
    for (int i = 0; i < 2; i++) {
        expect_that(!vn_call_n(fast, n, arg), what);
        expect_text(what, text);
    }
}

static vn_tree *each(vn_tree *f) { return vn_filter_vmap(f, NULL); }

/* ---- by example */

static void check_examples(void)
{
    vn_tree *f = vn_function(checked, 1);
    vn_tree *const one[] = { vn_scalar(VN_F32, -1) };
    vn_tree *const second[] = { numbers(2, (float[]){ 1, -1 }) };
    vn_tree *const both[] = { numbers(2, (float[]){ -1, -1 }) };
    expect_fault("alone", f, one, 1, NEGATIVE);
    expect_fault("the second of two", each(f), second, 1,
                 "Batch index (1,) had error:\n" NEGATIVE);
    expect_fault("both", each(f), both, 1,
                 "Batch index (0,) had error:\n" NEGATIVE
                 "\n\nBatch index (1,) had error:\n" NEGATIVE);
    vn_tree *const grid[] = {
        vn_array_from(VN_F32, VN_SHAPE(2, 3), (float[]){ 1, 2, -3, -4, 5, 6 })
    };
    expect_fault("two axes", each(each(f)), grid, 1,
                 "Batch index (0, 2) had error:\n" NEGATIVE
                 "\n\nBatch index (1, 0) had error:\n" NEGATIVE);
    vn_tree *const cases[] = { numbers(3, (float[]){ -1, 1, -1 }),
                               vn_array_from(VN_I32, VN_SHAPE(3), (int32_t[]){ 5, 1, 0 }) };
    expect_fault("messages by index, clamped", each(vn_function(one_of_three, 2)), cases, 2,
                 "Batch index (0,) had error:\ntwo\n\nBatch index (2,) had error:\nzero");
}

/* The first eight of many, the same at any number of threads. */
static void check_many(void)
{
    int threads = vn_num_threads();
    char first[512] = "";
    vn_array *x = vn_normal(vn_key(3), VN_SHAPE(5000), VN_F32);
    for (int n = 1; n <= 4; n += 3) {
        vn_set_num_threads(n);
        vn_call(vn_filter_jit(each(vn_function(checked, 1)), NULL), x);
        expect_that(vn_error_status() == VN_ERR_RUNTIME, "many examples");
        if (n == 1)
            snprintf(first, sizeof first, "%s", vn_error_message());
        expect_text("many examples", first);
    }
    vn_set_num_threads(threads);
}

/* ---- modes */

static void check_modes(void)
{
    vn_array *x = numbers(2, (float[]){ 1, -1 }), *good = numbers(2, (float[]){ 1, 2 });
    for (int compiled = 0; compiled < 2; compiled++) {
        vn_tree *f = each(vn_function(checked, 1));
        double out[2];
        mode = VN_ON_ERROR_NAN;
        vn_copy_f64(out, 2, vn_call(compiled ? vn_filter_jit(f, NULL) : f, x));
        expect_that(out[0] == 1 && isnan(out[1]), "nan");
        mode = VN_ON_ERROR_OFF;
        vn_copy_f64(out, 2, vn_call(compiled ? vn_filter_jit(f, NULL) : f, x));
        expect_that(out[0] == 1 && out[1] == -1, "off");
        mode = VN_ON_ERROR_DEFAULT;
        vn_set_on_error(VN_ON_ERROR_OFF);
        vn_copy_f64(out, 2, vn_call(compiled ? vn_filter_jit(f, NULL) : f, x));
        expect_that(out[0] == 1 && out[1] == -1, "off for the process");
        vn_set_on_error(VN_ON_ERROR_DEFAULT);
        vn_tree *g = compiled ? vn_filter_jit(f, NULL) : f;
        expect_numbers("before an error", vn_call(g, good), VN_SHAPE(2), (double[]){ 1, 2 });
        vn_call(g, x);
        expect_error("an error after a success", VN_ERR_RUNTIME);
        expect_numbers("after an error", vn_call(g, good), VN_SHAPE(2), (double[]){ 1, 2 });
    }
    vn_tree *fast = vn_filter_jit(vn_function(unused, 1), NULL);
    expect_numbers("without a reader there is no check", vn_call(fast, vn_scalar(VN_F32, -2)),
                   VN_SCALAR, (double[]){ -4 });
}

/* ---- loops, branches, derivatives */

static vn_tree *falls(vn_tree *const arg[]) { return vn_gt(arg[0], vn_float(0.5)); }

static vn_tree *fall(vn_tree *const arg[]) /* an error below 0; the loop ends above */
{
    mode = VN_ON_ERROR_DEFAULT;
    return vn_sub(checked(arg), vn_int(1));
}

static vn_tree *fall_often(vn_tree *const arg[])
{
    return vn_while_loop(vn_function(falls, 1), vn_function(fall, 1), arg[0],
                         &(vn_loop_options){ .checkpoints = 2 });
}

static vn_tree *never(vn_tree *const arg[]) /* taken for negative numbers alone */
{
    return vn_error_if(arg[0], vn_bool(true), "not here", NULL);
}

static vn_tree *same(vn_tree *const arg[]) { return arg[0]; }

static vn_tree *branch(vn_tree *const arg[])
{
    return vn_cond_n(vn_lt(arg[0], vn_float(0)), vn_function(never, 1), vn_function(same, 1), 1,
                     arg);
}

static void check_programs(void)
{
    vn_array *x = numbers(3, (float[]){ 0.7f, 2, 4 }), *y = numbers(2, (float[]){ 3, 4 });
    vn_tree *loop = each(vn_function(fall_often, 1)), *f = vn_function(squared, 1);
    vn_array *ends = vn_call(vn_filter_jit(loop, NULL), x);
    expect_numbers("examples that have left a loop are not checked", ends, VN_SHAPE(3),
                   (double[]){ -0.3, 0, 0 });
    vn_tree *const bad[] = { numbers(2, (float[]){ 3, -2 }) };
    expect_fault("in a branch", each(vn_function(branch, 1)), bad, 1,
                 "Batch index (1,) had error:\nnot here");
    vn_tree *const alone[] = { vn_scalar(VN_F32, -2) };
    expect_fault("in a branch that is taken", vn_function(branch, 1), alone, 1, "not here");
    expect_numbers("in a branch that is not taken",
                   vn_call(vn_filter_jit(vn_function(branch, 1), NULL), vn_scalar(VN_F32, 2)),
                   VN_SCALAR, (double[]){ 2 });
    vn_tree *grad = vn_filter_grad(f, NULL);
    expect_numbers("gradient", vn_call(grad, y), VN_SHAPE(2), (double[]){ 6, 8 });
    expect_numbers("compiled gradient", vn_call(vn_filter_jit(grad, NULL), y), VN_SHAPE(2),
                   (double[]){ 6, 8 });
    vn_tree *both = vn_filter_jvp(f, 1, VN_TREES(y), VN_TREES(numbers(2, (float[]){ 1, 0 })));
    expect_numbers("tangent", vn_at(both, 1), VN_SCALAR, (double[]){ 6 });
    expect_fault("an error under a gradient", grad, bad, 1, NEGATIVE);
}

/* ---- a plan on raw pointers */

static void check_plan(void)
{
    float x[2] = { 1, -1 }, y[2];
    vn_tree *f = each(vn_function(checked, 1));
    vn_plan *plan = vn_plan_create(f, 1, VN_TREES(numbers(2, x)));
    void *workspace = aligned_alloc(64, (vn_plan_workspace(plan) + 63) / 64 * 64);
    const void *const in[] = { x };
    void *const out[] = { y };
    for (int i = 0; i < 2 && plan && workspace; i++) {
        x[1] = -1;
        expect_that(vn_plan_run(plan, out, in, workspace) == VN_ERR_RUNTIME, "a plan says so");
        expect_text("a plan", "Batch index (1,) had error:\n" NEGATIVE);
        x[1] = 1;
        expect_that(vn_plan_run(plan, out, in, workspace) == VN_ERR_OK && y[1] == 1, "a plan");
    }
    free(workspace);
    vn_plan_destroy(plan);
}

static void check_arguments(void)
{
    vn_array *x = vn_scalar(VN_F32, 1);
    expect_that(!vn_error_if(vn_tuple(vn_int(3)), vn_bool(true), "no", NULL), "no arrays");
    expect_error("no arrays", VN_ERR_ARGUMENT);
    expect_that(!vn_error_if(x, vn_bool(true), NULL, NULL), "no message");
    expect_error("no message", VN_ERR_NULL_ARGUMENT);
    expect_that(vn_error_if(x, vn_bool(false), "no", NULL) == x, "a false condition");
    vn_branched_error_if(x, vn_bool(true), vn_float(1), 1, (const char *[]){ "a" }, NULL);
    expect_error("an index that is no integer", VN_ERR_DTYPE);
    expect_that(!vn_error_if(x, vn_shape_struct(VN_BOOL, VN_SCALAR), "no", NULL),
                "a condition without numbers");
    expect_error("a condition without numbers", VN_ERR_ARGUMENT);
}

void row_42_errors(void)
{
    check_examples();
    check_many();
    check_modes();
    check_programs();
    check_plan();
    check_arguments();
}
