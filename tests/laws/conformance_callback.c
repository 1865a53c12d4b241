/* SPDX-License-Identifier: MIT */
/* pure_callback: at once, compiled, mapped, differentiated by a rule, and its errors. */
#include <string.h>

#include "laws/conformance.h"

static int calls;

/* (2 x, "text"); a number below -100 is an error. */
static vn_tree *doubled(vn_tree *const arg[])
{
    __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
    const float *x = vn_data(arg[0]);
    vn_array *y = vn_empty(VN_F32, vn_shape_of(arg[0]));
    float *to = vn_data_mut(y);
    for (int64_t i = 0; i < vn_size(y); i++) {
        to[i] = 2 * x[i];
        if (x[i] < -100)
            return vn_error(VN_ERR_ARGUMENT, "the number %g is too small", (double)x[i]);
    }
    return vn_tuple(y, vn_string("text"));
}

static vn_tree *callback(vn_tree *const arg[], int64_t size, bool vectorised)
{
    vn_tree *like = vn_tuple(vn_shape_struct(VN_F32, VN_SHAPE(size)), vn_string("text"));
    vn_callback_options o = { .vectorised = vectorised };
    vn_tree *f = vn_function_named(doubled, 1, "doubled");
    return vn_at(vn_filter_pure_callback(f, like, &o, 1, arg), 0);
}

static vn_tree *square(vn_tree *const arg[]) { return vn_square(callback(arg, 3, false)); }
static vn_tree *all_at_once(vn_tree *const arg[]) { return vn_square(callback(arg, 3, true)); }
static vn_tree *total(vn_tree *const arg[]) { return vn_sum(square(arg)); }
static vn_tree *wrong(vn_tree *const arg[]) { return callback(arg, 2, false); }

static vn_tree *each(vn_fn *fn, int jit)
{
    vn_tree *f = vn_filter_vmap(vn_function_named(fn, 1, "f"), NULL);
    return jit ? vn_filter_jit(f, NULL) : f;
}

static void check_values(void)
{
    vn_array *x = vn_reshape(vn_arange(VN_F32, 3 * 300), VN_SHAPE(300, 3));
    vn_array *want = vn_scale(4, vn_square(x)), *one = vn_index(x, 0, 1);
    for (int jit = 0; jit < 2; jit++) {
        vn_tree *f = vn_function(square, 1);
        calls = 0;
        expect_numbers("a callback", vn_call(jit ? vn_filter_jit(f, NULL) : f, one),
                       VN_SHAPE(3), (double[]){ 36, 64, 100 });
        expect_that(calls == 1, "one call");
        expect_that(vn_tree_equal(vn_call(each(square, jit), x), want, NULL), "mapped");
        expect_that(calls == 301, "one call for each example");
    }
    calls = 0;
    expect_that(vn_tree_equal(vn_call(each(all_at_once, 1), x), want, NULL), "vectorised");
    expect_that(calls == 1, "one call for all examples");
}

static void check_errors(void)
{
    vn_array *x = vn_arange(VN_F32, 3), *bad = vn_sub(x, vn_int(200));
    vn_array *many = vn_broadcast_to(bad, VN_SHAPE(300, 3));
    for (int jit = 0; jit < 2; jit++) {
        vn_tree *f = vn_function(wrong, 1), *g = vn_function(square, 1);
        vn_tree *d = vn_filter_grad(vn_function(total, 1), NULL);
        expect_that(!vn_call(jit ? vn_filter_jit(f, NULL) : f, x), "another shape");
        expect_error("the result is compared with what is declared", VN_ERR_STRUCTURE);
        expect_that(!vn_call(jit ? vn_filter_jit(g, NULL) : g, bad), "a callback that fails");
        expect_that(strstr(vn_error_message(), "the number -200 is too small") != NULL,
                    "its sentence");
        expect_error("its status", VN_ERR_ARGUMENT);
        expect_that(!vn_call(each(square, jit), many), "one that fails on every thread");
        expect_error("its status from there", VN_ERR_ARGUMENT);
        expect_that(!vn_call(jit ? vn_filter_jit(d, NULL) : d, x), "no derivative");
        expect_error("a derivative is an error", VN_ERR_DERIVATIVE);
    }
}

/* ---- a derivative by a rule */

static vn_tree *rule(vn_tree *const arg[]) /* (x), (tangent) */
{
    vn_tree *const x[] = { vn_at(arg[0], 0) };
    return vn_tuple(total(x), vn_scale(8, vn_sum(vn_mul(x[0], vn_at(arg[1], 0)))));
}

static void check_rule(void)
{
    vn_tree *f = vn_filter_custom_jvp(vn_function(total, 1), vn_function(rule, 2));
    vn_array *x = vn_arange(VN_F32, 3);
    for (int jit = 0; jit < 2; jit++) {
        vn_tree *g = vn_filter_grad(f, NULL);
        expect_numbers("the gradient of the rule", vn_call(jit ? vn_filter_jit(g, NULL) : g, x),
                       VN_SHAPE(3), (double[]){ 0, 8, 16 });
    }
}

void check_pure_callback(void)
{
    check_values();
    check_errors();
    check_rule();
}
