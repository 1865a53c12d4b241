/* SPDX-License-Identifier: MIT */
/* Counting recordings, NaN on the way back, what must not be differentiated. */
#include <criterion/criterion.h>
#include <string.h>

#include "vernal.h"

static bool failed(const void *result, vn_status status, const char *part)
{
    const bool as_expected =
        !result && vn_error_status() == status && strstr(vn_error_message(), part);
    if (!as_expected)
        fprintf(stderr, "%s\n", vn_error_message());
    vn_error_clear();
    return as_expected;
}

static vn_tree *twice(vn_tree *const arg[]) { return vn_scale(2, vn_at(arg[0], 0)); }

Test(debug, recordings_are_counted)
{
    vn_tree *counted = vn_assert_max_traces(vn_function(twice, 1), 2);
    vn_tree *fast = vn_filter_jit(counted, NULL);
    vn_array *x = vn_ones(VN_F32, VN_SHAPE(3)), *y = vn_ones(VN_F32, VN_SHAPE(4));
    for (int i = 0; i < 3; i++)
        cr_assert(vn_call(fast, vn_tuple(x)));
    cr_assert(vn_num_traces(counted) == 1 && vn_num_traces(fast) == 1);
    cr_assert(vn_call(fast, vn_tuple(y)) && vn_num_traces(counted) == 2);
    cr_assert(vn_call(counted, vn_tuple(x)) && vn_num_traces(counted) == 2); /* at once */
    cr_assert(failed(vn_call(fast, vn_tuple(vn_ones(VN_F64, VN_SHAPE(4)))), VN_ERR_TRACE,
                     "can only be traced 2 times: arguments: \"[0][0]\" is f32[4] before, "
                     "f64[4] now"));
    cr_assert(failed(vn_assert_max_traces(counted, -1), VN_ERR_ARGUMENT, "max_traces is -1"));
}

/* ---- derivatives */

static vn_tree *root(vn_tree *const arg[]) /* sqrt(x^2): NaN on the way back at 0 */
{
    vn_array *x = vn_backward_nan(arg[0], "x");
    return vn_sum(vn_sqrt(vn_square(x)));
}

static vn_tree *closed(vn_tree *const arg[])
{
    return vn_sum(vn_nondifferentiable(vn_square(arg[0]), "squares have no gradient here"));
}

Test(debug, nan_on_the_way_back)
{
    vn_tree *grad = vn_filter_grad(vn_function(root, 1), NULL);
    vn_tree *each = vn_filter_vmap(grad, NULL);
    vn_array *good = vn_ones(VN_F32, VN_SHAPE(2)), *bad = vn_zeros(VN_F32, VN_SHAPE(2));
    for (int compiled = 0; compiled < 2; compiled++) {
        vn_tree *f = compiled ? vn_filter_jit(grad, NULL) : grad;
        cr_assert(vn_item(vn_index(vn_call(f, good), 0, 1)) == 1);
        cr_assert(failed(vn_call(f, bad), VN_ERR_RUNTIME, "x: a cotangent is NaN"));
        f = compiled ? vn_filter_jit(each, NULL) : each;
        cr_assert(failed(vn_call(f, bad), VN_ERR_RUNTIME, "Batch index (1,)"));
    }
}

Test(debug, what_must_not_be_differentiated)
{
    vn_array *x = vn_ones(VN_F32, VN_SHAPE(2));
    vn_tree *f = vn_function(closed, 1), *grad = vn_filter_grad(f, NULL);
    for (int compiled = 0; compiled < 2; compiled++) {
        cr_assert(vn_item(vn_call(compiled ? vn_filter_jit(f, NULL) : f, x)) == 2);
        cr_assert(failed(vn_call(compiled ? vn_filter_jit(grad, NULL) : grad, x),
                         VN_ERR_DERIVATIVE, "squares have no gradient here"));
    }
    cr_assert(failed(vn_filter_jvp(f, 1, VN_TREES(x), VN_TREES(x)), VN_ERR_DERIVATIVE,
                     "squares have no gradient here"));
}
