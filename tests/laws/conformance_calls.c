/* SPDX-License-Identifier: MIT */
/* Rows 21 to 25: recordings, donation, axes of vmap, ensembles. */
#include <string.h>

#include "laws/conformance.h"

static vn_array *zeros(int64_t n) { return vn_zeros(VN_F32, VN_SHAPE(n)); }

/* ---- 21: what is recorded again */

static vn_tree *first_of(vn_tree *const arg[]) { return arg[0]; }

static vn_tree *add_one(vn_tree *const arg[]) { return vn_add(arg[0], vn_int(1)); }

static vn_tree *sum_field(vn_tree *const arg[]) /* a tuple with one number, x */
{
    return vn_add(vn_at(arg[0], 0), arg[1]);
}

static vn_tree *dict_of(vn_tree *a, vn_tree *b)
{
    return vn_dict_n(2, (const char *const[]){ "a", "b" }, VN_TREES(a, b));
}

static void count(vn_tree *jitted, vn_tree *x, int traces, const char *what)
{
    vn_call(jitted, x);
    expect_that(vn_jit_traces(jitted) == traces, what);
}

void row_21_traces(void)
{
    vn_tree *f = vn_filter_jit(vn_function(first_of, 1), NULL), *yes = vn_bool(true);
    count(f, zeros(2), 1, "the first call");
    count(f, zeros(2), 1, "the same shape");
    count(f, zeros(3), 2, "another shape");
    count(f, zeros(3), 2, "the same again");
    count(f, vn_list(zeros(2)), 3, "a list");
    count(f, vn_list(zeros(2), zeros(3)), 4, "a longer list");
    count(f, vn_list(zeros(2), yes), 5, "a static leaf");
    vn_tree *g = vn_filter_jit(vn_function(first_of, 2), NULL);
    vn_call(g, zeros(2), yes);
    vn_call(g, zeros(2), vn_bool(false));
    expect_that(vn_jit_traces(g) == 2, "another static value");
    vn_tree *h = vn_filter_jit(vn_function(first_of, 1), NULL);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 5; i++)
            vn_call(h, dict_of(vn_int(1), i % 2 ? vn_int(i) : vn_float(i)));
    expect_that(vn_jit_traces(h) == 5, "five static values, twice");
    vn_call(h, dict_of(vn_int(2), vn_float(0)));
    expect_that(vn_jit_traces(h) == 6, "a sixth");
    vn_tree *m = vn_filter_jit(vn_function(sum_field, 2), NULL), *x = zeros(2);
    const int traces[] = { 1, 1, 2, 2, 3, 3 };
    for (int i = 0; i < 6; i++) {
        vn_tree *field = i < 4 ? vn_int(1 + i / 2) : vn_scalar(VN_F32, i);
        vn_call(m, vn_tuple(field), x);
        expect_that(vn_jit_traces(m) == traces[i], "numbers are static, arrays are not");
    }
}

/* ---- 22: donated buffers */

static vn_tree *add_second(vn_tree *const arg[]) { return vn_add(arg[1], vn_int(1)); }

static vn_tree *sum_of(vn_tree *const arg[]) { return vn_sum(arg[0]); }

static void count_warning(void *context, const char *message)
{
    *(int *)context += strstr(message, "f32[1000]") != NULL;
}

void row_22_donation(void)
{
    vn_jit_options all = { .donate = VN_DONATE_ALL };
    vn_jit_options rest = { .donate = VN_DONATE_ALL_EXCEPT_FIRST };
    vn_array *x = zeros(1000), *y = zeros(1000), *z = zeros(1000);
    const void *address = vn_data(x), *second = vn_data(z);
    vn_array *out = vn_call(vn_filter_jit(vn_function(add_one, 1), &all), x);
    expect_that(vn_data(out) == address, "the result has the buffer of the argument");
    expect_that(vn_data(x) == NULL, "the argument is dead");
    expect_error("reading it is an error", VN_ERR_ARGUMENT);
    out = vn_call(vn_filter_jit(vn_function(add_second, 2), &rest), y, z);
    expect_that(vn_data(out) == second, "the second argument is donated");
    expect_that(vn_data(y) != NULL, "the first one lives");
    int warnings = 0;
    vn_jit_options warn = { .donate = VN_DONATE_WARN,
                            .warn = count_warning,
                            .context = &warnings };
    vn_tree *f = vn_filter_jit(vn_function(sum_of, 1), &warn);
    vn_call(f, zeros(1000));
    vn_call(f, zeros(1000));
    expect_that(warnings == 1, "one warning where a recording cannot use a donated buffer");
    warn.donate = VN_DONATE_WARN_EXCEPT_FIRST;
    vn_array *kept = zeros(1000);
    vn_call(vn_filter_jit(vn_function(add_second, 2), &warn), kept, zeros(1000));
    expect_that(warnings == 1 && vn_data(kept) != NULL, "none where it can");
    vn_call(vn_filter_jit(vn_function(add_one, 1), NULL), kept);
    expect_that(vn_data(kept) != NULL, "nothing is donated unless asked");
}

/* ---- 23: axes of the arguments */

static vn_tree *add_four(vn_tree *const arg[])
{
    vn_array *b = vn_get(arg[1], "[0]['a']");
    return vn_add(vn_add(arg[0], b), vn_add(arg[2], arg[3]));
}

static vn_tree *add_two(vn_tree *const arg[]) { return vn_add(arg[0], arg[1]); }

static vn_array *whole(int32_t value) { return vn_array_from(VN_I32, VN_SHAPE(1), &value); }

static vn_tree *dict_a(vn_tree *value)
{
    const char *const key = "a";
    return vn_dict_n(1, &key, &value);
}

/* The last axis of what has one. */
static vn_tree *last_axis(vn_tree *const arg[])
{
    return vn_is_array(arg[0]) && vn_rank(arg[0]) > 0 ? vn_int(-1) : vn_none();
}

static void check_functions_of_axes(void)
{
    vn_tree *fn = vn_function(last_axis, 1);
    vn_tree *axes[] = { fn, vn_list(dict_a(vn_none())), NULL, vn_if_array(0) };
    vn_tree *f = vn_filter_vmap(vn_function(add_four, 4),
                                &(vn_vmap_options){ .in_axes = axes, .n_in = 4 });
    vn_array *sum = vn_call(f, whole(1), vn_list(dict_a(whole(2))), whole(3), vn_int(4));
    expect_numbers("a function, a tree, the default, if_array", sum, VN_SHAPE(1, 1),
                   (double[]){ 10 });
    vn_vmap_options out = { .out_axes = fn };
    vn_array *x = vn_reshape(vn_arange(VN_F32, 6), VN_SHAPE(2, 3));
    vn_tree *g = vn_filter_vmap(vn_function(first_of, 1), &out);
    expect_that(vn_tree_equal(vn_call(g, x), vn_transpose(x, VN_AXES(1, 0)), NULL),
                "a function of the result's axes");
    expect_that(vn_tree_equal(vn_call(vn_filter_jit(g, NULL), x),
                              vn_transpose(x, VN_AXES(1, 0)), NULL),
                "the same compiled");
    vn_tree *wrong[] = { vn_float(1) }, *other[] = { vn_tuple(vn_int(0)) };
    vn_tree *h = vn_filter_vmap(vn_function(first_of, 1),
                                &(vn_vmap_options){ .in_axes = wrong, .n_in = 1 });
    expect_that(!vn_call(h, x), "a float is no axis");
    expect_error("what is no axis is an error", VN_ERR_ARGUMENT);
    h = vn_filter_vmap(vn_function(first_of, 1),
                       &(vn_vmap_options){ .in_axes = other, .n_in = 1 });
    expect_that(!vn_call(h, vn_list(x)), "a tuple of axes for a list");
    expect_error("axes of another structure are an error", VN_ERR_STRUCTURE);
}

void row_23_vmap_axes(void)
{
    check_functions_of_axes();
    vn_tree *zero = vn_int(0), *none = vn_none();
    vn_tree *axes[] = { zero, vn_list(dict_a(none)), zero, none };
    vn_tree *f = vn_filter_vmap(vn_function(add_four, 4),
                                &(vn_vmap_options){ .in_axes = axes, .n_in = 4 });
    vn_array *sum = vn_call(f, whole(1), vn_list(dict_a(whole(2))), whole(3), vn_int(4));
    expect_numbers("axes as trees", sum, VN_SHAPE(1, 1), (double[]){ 10 });
    vn_tree *second[] = { zero, vn_int(1) };
    vn_tree *g = vn_filter_vmap(vn_function(add_two, 2),
                                &(vn_vmap_options){ .in_axes = second, .n_in = 2 });
    vn_array *x = vn_reshape(vn_arange(VN_F32, 12), VN_SHAPE(3, 4));
    vn_array *y = vn_reshape(vn_arange(VN_F32, 3), VN_SHAPE(1, 3));
    expect_that(
        vn_tree_equal(vn_call(g, x, y), vn_add(x, vn_transpose(y, VN_AXES(1, 0))), NULL),
        "axis 1 of the second argument");
    vn_call(g, x, x);
    expect_error("lengths that differ", VN_ERR_SHAPE);
    vn_tree *far[] = { vn_int(7), zero };
    vn_tree *h = vn_filter_vmap(vn_function(add_two, 2),
                                &(vn_vmap_options){ .in_axes = far, .n_in = 2 });
    expect_that(!vn_call(h, x, x) && !vn_ok(), "an axis that is not there is an error");
    vn_error_clear();
    expect_that(!vn_call(g, x), "axes for an argument that is not given");
    expect_error("one entry for each argument", VN_ERR_ARGUMENT);
    vn_tree *scalar[] = { zero };
    vn_tree *k = vn_filter_vmap(vn_function(first_of, 1),
                                &(vn_vmap_options){ .in_axes = scalar, .n_in = 1 });
    expect_that(!vn_call(k, vn_scalar(VN_F32, 1)), "an axis of a scalar");
    expect_error("a scalar has no axis 0", VN_ERR_SHAPE);
}

/* ---- 24: axes of the results */

static vn_tree *identity_over_five(vn_tree *in_axis, vn_tree *out_axis)
{
    return vn_filter_vmap(vn_function(first_of, 1), &(vn_vmap_options){ .in_axes = &in_axis,
                                                                        .n_in = 1,
                                                                        .out_axes = out_axis,
                                                                        .axis_size = 5 });
}

static vn_tree *twice(vn_tree *const arg[]) { return vn_scale(2, arg[0]); }

static void check_out_axis(vn_array *x, int axis)
{
    vn_vmap_options o = { .out_axes = vn_int(axis) };
    vn_array *got = vn_call(vn_filter_vmap(vn_function(twice, 1), &o), x);
    vn_array *want = vn_moveaxis(vn_scale(2, x), 0, axis);
    expect_that(vn_tree_equal(got, want, NULL), "out_axes moves the mapped axis");
}

/* Every axis in, every axis out, and by trees: the results are (x, (constant, 2 x)). */
static vn_tree *three_results(vn_tree *const arg[])
{
    return vn_tuple(arg[0], vn_list(vn_scalar(VN_F32, 7), twice(arg)));
}

static void check_axes_both_ways(vn_array *x, int in, int out)
{
    vn_tree *in_axis = vn_int(in), *none = vn_none();
    vn_vmap_options o = { .in_axes = &in_axis,
                          .n_in = 1,
                          .out_axes = vn_tuple(vn_int(out), vn_list(none, vn_int(-1 - out))) };
    vn_tree *f = vn_filter_vmap(vn_function(three_results, 1), &o);
    vn_array *first = vn_moveaxis(x, in, out), *twofold = vn_scale(2, x);
    vn_tree *want = vn_tuple(first, vn_list(vn_scalar(VN_F32, 7),
                                            vn_moveaxis(twofold, in, -1 - out)));
    for (int jit = 0; jit < 2; jit++)
        expect_that(vn_tree_equal(vn_call(jit ? vn_filter_jit(f, NULL) : f, x), want, NULL),
                    "axes in and out");
}

static void check_out_trees(vn_array *x)
{
    vn_vmap_options wrong[] = {
        { .out_axes = vn_tuple(vn_int(0)) },
        { .out_axes = vn_list(vn_int(0), vn_int(0)) },
        { .out_axes = vn_tuple(vn_int(0), vn_float(1)) },
        { .out_axes = vn_tuple(vn_int(0), vn_list(vn_int(9), vn_int(0))) },
    };
    const vn_status status[] = { VN_ERR_STRUCTURE, VN_ERR_STRUCTURE, VN_ERR_ARGUMENT,
                                 VN_ERR_SHAPE };
    for (int i = 0; i < 8; i++) {
        vn_tree *f = vn_filter_vmap(vn_function(three_results, 1), &wrong[i / 2]);
        expect_that(!vn_call(i % 2 ? vn_filter_jit(f, NULL) : f, x), "axes of the results");
        expect_error("axes that do not fit the results", status[i / 2]);
    }
}

void row_24_vmap_outputs(void)
{
    vn_tree *none = vn_none(), *zero = vn_int(0);
    vn_array *pair = vn_array_from(VN_I32, VN_SHAPE(2), (int32_t[]){ 3, 4 });
    vn_tree *same = identity_over_five(none, none), *spread = identity_over_five(none, zero);
    expect_that(vn_tree_equal(vn_call(same, vn_int(1)), vn_int(1), NULL), "a number, as it is");
    expect_that(vn_tree_equal(vn_call(same, pair), pair, NULL), "an array, as it is");
    expect_numbers("a number, five times", vn_call(spread, vn_scalar(VN_I32, 1)), VN_SHAPE(5),
                   (double[]){ 1, 1, 1, 1, 1 });
    expect_numbers("an array, five times", vn_call(spread, pair), VN_SHAPE(5, 2),
                   (double[]){ 3, 4, 3, 4, 3, 4, 3, 4, 3, 4 });
    vn_tree *once = vn_filter_vmap(
        vn_function(first_of, 1),
        &(vn_vmap_options){ .in_axes = &none, .n_in = 1, .out_axes = none });
    expect_that(vn_tree_equal(vn_call(once, pair), pair, NULL), "nothing is mapped");
    once = vn_filter_vmap(vn_function(first_of, 1),
                          &(vn_vmap_options){ .in_axes = &none, .n_in = 1 });
    expect_that(!vn_call(once, pair), "a mapped result of nothing mapped");
    expect_error("the batch size is unknown", VN_ERR_ARGUMENT);
    vn_tree *differs = vn_filter_vmap(vn_function(first_of, 1),
                                      &(vn_vmap_options){ .out_axes = none });
    for (int jit = 0; jit < 2; jit++) {
        expect_that(!vn_call(jit ? vn_filter_jit(differs, NULL) : differs, pair),
                    "a result that differs by example");
        expect_error("without an axis it is an error", VN_ERR_ARGUMENT);
    }
    vn_array *x = vn_reshape(vn_arange(VN_F32, 24), VN_SHAPE(2, 3, 4));
    for (int axis = -3; axis < 3; axis++)
        check_out_axis(x, axis);
    for (int k = 0; k < 36; k++)
        check_axes_both_ways(x, k / 6 - 3, k % 6 - 3);
    check_out_trees(x);
    const vn_vmap_options three = { .axis_size = 3 };
    vn_tree *sized = vn_filter_vmap(vn_function(twice, 1), &three);
    expect_that(!vn_call(sized, x), "axis_size and another size");
    expect_error("axis_size and an argument disagree", VN_ERR_SHAPE);
}

/* ---- 25: ensembles, and sums over a named axis */

static vn_tree *make(vn_tree *const arg[]) { return vn_mlp(5, 4, 3, 2, arg[0], NULL); }
static vn_tree *apply(vn_tree *const arg[]) { return vn_call(arg[0], arg[1]); }
static vn_tree *sum_over(vn_tree *const arg[])
{
    return vn_psum(vn_add(arg[0], vn_int(1)), "examples");
}

static vn_tree *square_of_sum(vn_tree *const arg[])
{
    return vn_square(vn_psum(vn_square(arg[0]), "examples"));
}

/* The transpose of psum is psum: what all examples lose by one is its gradient. */
static void check_gradient_of_sum(void)
{
    vn_tree *f = vn_filter_vmap(vn_filter_grad(vn_function(square_of_sum, 1), NULL),
                                &(vn_vmap_options){ .axis_name = "examples" });
    for (int jit = 0; jit < 2; jit++)
        expect_numbers("gradient of a psum",
                       vn_call(jit ? vn_filter_jit(f, NULL) : f, vn_arange(VN_F32, 3)),
                       VN_SHAPE(3), (double[]){ 0, 60, 120 });
}

static vn_tree *collect(vn_tree *const arg[])
{
    vn_tree *parts[] = { vn_psum(arg[0], "examples"),   vn_pmean(arg[0], "examples"),
                         vn_pmax(arg[0], "examples"),   vn_pmin(arg[0], "examples"),
                         vn_axis_index("examples"),     vn_all_gather(arg[0], "examples"),
                         vn_psum(vn_int(3), "examples") };
    return vn_tuple_n(7, parts);
}

static void check_collectives(void)
{
    vn_array *x = vn_array_from(VN_F32, VN_SHAPE(3), (float[]){ 1, 5, 3 });
    vn_tree *f = vn_filter_vmap(vn_function(collect, 1),
                                &(vn_vmap_options){ .axis_name = "examples" });
    static const double want[][9] = { { 9, 9, 9 }, { 3, 3, 3 }, { 5, 5, 5 },
                                      { 1, 1, 1 }, { 0, 1, 2 }, { 1, 5, 3, 1, 5, 3, 1, 5, 3 },
                                      { 9, 9, 9 } };
    for (int jit = 0; jit < 2; jit++) {
        vn_tree *out = vn_call(jit ? vn_filter_jit(f, NULL) : f, x);
        for (int i = 0; i < 7; i++)
            expect_numbers("a collective", vn_at(out, i),
                           i == 5 ? VN_SHAPE(3, 3) : VN_SHAPE(3), want[i]);
    }
    expect_that(!vn_psum(x, "examples"), "a collective outside");
    expect_error("there is no such axis", VN_ERR_ARGUMENT);
}

static vn_tree *extremes(vn_tree *const arg[])
{
    return vn_tuple(vn_pmin(arg[0], "examples"), vn_pmax(arg[0], "examples"));
}

/* Dtypes whose negatives do not reverse their order, or without numbers below 0. */
static void check_extremes(void)
{
    vn_array *x[] = {
        vn_array_from(VN_U32, VN_SHAPE(3), (uint32_t[]){ 2, 0, 1 }),
        vn_array_from(VN_I32, VN_SHAPE(3), (int32_t[]){ -5, INT32_MIN, -3 }),
        vn_array_from(VN_BOOL, VN_SHAPE(3), (uint8_t[]){ 1, 1, 0 }),
        vn_array_from(VN_BOOL, VN_SHAPE(3), (uint8_t[]){ 0, 0, 0 }),
        vn_array_from(VN_BOOL, VN_SHAPE(3), (uint8_t[]){ 1, 1, 1 }),
    };
    static const double want[][2] = { { 0, 2 }, { INT32_MIN, -3 }, { 0, 1 }, { 0 }, { 1, 1 } };
    vn_tree *f = vn_filter_vmap(vn_function(extremes, 1),
                                &(vn_vmap_options){ .axis_name = "examples" });
    for (int i = 0; i < 10; i++) {
        vn_tree *out = vn_call(i < 5 ? f : vn_filter_jit(f, NULL), x[i % 5]);
        for (int j = 0; j < 2; j++) {
            const double value = want[i % 5][j];
            expect_numbers(j ? "pmax" : "pmin", vn_at(out, j), VN_SHAPE(3),
                           (double[]){ value, value, value });
        }
    }
}

void row_25_ensemble(void)
{
    vn_tree *models =
        vn_call(vn_filter_vmap(vn_function(make, 1), NULL), vn_split(vn_key(0), 7));
    vn_tree *arrays = vn_tree_leaves(vn_filter(models, vn_is_array));
    expect_that(vn_len(arrays) == 6, "three layers");
    for (int i = 0; i < vn_len(arrays); i++)
        expect_that(vn_dim(vn_at(arrays, i), 0) == 7, "every array has one row a model");
    vn_tree *zero = vn_int(0), *none = vn_none();
    vn_tree *each_axes[] = { zero, zero }, *shared_axes[] = { zero, none };
    vn_tree *each = vn_filter_vmap(vn_function(apply, 2),
                                   &(vn_vmap_options){ .in_axes = each_axes, .n_in = 2 });
    vn_tree *shared = vn_filter_vmap(vn_function(apply, 2),
                                     &(vn_vmap_options){ .in_axes = shared_axes, .n_in = 2 });
    vn_array *x = vn_normal(vn_key(1), VN_SHAPE(7, 5), VN_F32);
    vn_shape want = VN_SHAPE(7, 4);
    vn_array *a = vn_call(each, models, x), *b = vn_call(shared, models, vn_index(x, 0, 0));
    expect_that(vn_shape_equal(vn_shape_of(a), want), "a model and an example each");
    expect_that(vn_shape_equal(vn_shape_of(b), want), "one example for all models");
    vn_tree_equal_options near = { .rtol = 1e-5, .atol = 1e-6 };
    expect_that(vn_tree_equal(vn_index(a, 0, 0), vn_index(b, 0, 0), &near),
                "the same first row");
    vn_vmap_options named = { .axis_name = "examples" };
    vn_array *sums = vn_call(vn_filter_vmap(vn_function(sum_over, 1), &named), zeros(2));
    expect_numbers("psum", sums, VN_SHAPE(2), (double[]){ 2, 2 });
    check_collectives();
    check_extremes();
    check_gradient_of_sum();
}
