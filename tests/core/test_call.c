/* SPDX-License-Identifier: MIT */
/* Calls: functions, modules, Partial, and the path in messages. */
#include "expect.h"

#include "modules.h"

static vn_tree *first(vn_tree *const arg[]) { return arg[0]; }

static vn_tree *sum3(vn_tree *const arg[])
{
    return vn_int(100 * vn_int_value(arg[0]) + 10 * vn_int_value(arg[1]) +
                  vn_int_value(arg[2]));
}

static vn_tree *nothing(vn_tree *const arg[])
{
    (void)arg;
    return NULL;
}

Test(call, functions_and_unaries_are_called)
{
    vn_tree *one = vn_int(1), *two = vn_int(2);
    cr_assert(vn_call(vn_function(first, 2), one, two) == one);
    cr_assert(vn_call(vn_function(first, -1), one, two, one) == one);
    cr_assert(vn_item(vn_call(vn_unary(vn_ones_like), vn_float(3))) == 1);
    cr_assert(vn_bool_value(vn_call(vn_predicate(vn_is_array_like), one)));
    expect_ok();
}

Test(call, arity_is_checked_with_a_sentence)
{
    vn_tree *one = vn_int(1);
    cr_assert(!vn_call(vn_function(first, 2), one));
    expect_error(ARGUMENT, "call: first takes 2 arguments, 1 given");
    cr_assert(!vn_call(vn_unary(vn_ones_like), one, one));
    expect_error(ARGUMENT, "call: vn_ones_like takes 1 argument, 2 given");
    cr_assert(!vn_call(linear_new(1, 1), one, one, one));
    expect_error(ARGUMENT, "call: Linear takes 1 to 2 arguments, 3 given");
    cr_assert(!vn_call(dropout_new(0.5), one));
    expect_error(ARGUMENT, "call: dropout cannot be called");
    cr_assert(!vn_call(one, one));
    expect_error(ARGUMENT, "call: int cannot be called");
}

Test(call, null_passes_through)
{
    cr_assert(!vn_call(NULL, vn_int(1)));
    expect_error(NULL_ARGUMENT, "call: the function is NULL");
    cr_assert(!vn_call(vn_function(first, 2), vn_int(1), NULL));
    expect_error(NULL_ARGUMENT, "call: argument 1 of first is NULL");
    cr_assert(!vn_call(vn_function(first, 1), vn_at(vn_int(1), 7)));
    expect_error(ARGUMENT, "at: index 7");
    cr_assert(!vn_call(vn_function(nothing, -1), vn_int(1)));
    expect_error(NULL_ARGUMENT, "call: the result is NULL");
}

Test(call, partial_binds_the_first_arguments)
{
    vn_tree *f = vn_partial(vn_partial(vn_function(sum3, 3), vn_int(1)), vn_int(2));
    cr_assert(vn_int_value(vn_call(f, vn_int(3))) == 123);
    cr_assert(vn_tree_count(f) == 3);
    cr_assert(!vn_call(f, vn_int(3), vn_int(4)));
    expect_error(ARGUMENT, "sum3 takes 3 arguments, 4 given (in Partial)");
    cr_assert(vn_int_value(vn_call_n(vn_partial(f, vn_int(4)), 0, NULL)) == 124);
    cr_assert(!vn_partial(NULL, vn_int(1)));
    expect_error(NULL_ARGUMENT, "partial");
}

Test(call, messages_name_the_field_path)
{
    vn_tree *model = vn_tree_at(mlp_new(2, 1, 4, 3), "layers[2]", linear_new(9, 9));
    vn_tree *x = vn_ones(VN_F32, VN_SHAPE(2));
    cr_assert(!vn_call(model, x));
    expect_error(SHAPE, "linear: wants 9 features (in MLP.layers[2])");
    cr_assert(!vn_call(vn_partial(model, x), x));
    expect_error(ARGUMENT, "MLP takes 1 argument, 2 given (in Partial)");
    cr_assert(!vn_call_n(vn_partial(model, x), 0, NULL));
    expect_error(SHAPE, "(in MLP.layers[2])");
    cr_assert(!vn_call(linear_new(3, 3), x));
    expect_error(SHAPE, "(in Linear)");
    vn_error(VN_ERR_SHAPE, "outside");
    expect_text(vn_error_message(), "outside");
}

static vn_tree *endless_call(vn_tree *self, int n, vn_tree *const arg[])
{
    return vn_call_n(self, n, arg);
}

Test(call, an_endless_recursion_ends_with_a_sentence)
{
    static const vn_type endless = { .name = "Endless",
                                     .kind = VN_KIND_MODULE,
                                     .size = sizeof(vn_module),
                                     .call = endless_call };
    vn_module unused = { 0 };
    cr_assert(!vn_call_n(vn_module_new(&endless, &unused), 0, NULL));
    expect_error(LIMIT, "1000 modules call each other");
    cr_assert(vn_call(vn_function(first, 1), vn_int(1)));
}
