/* SPDX-License-Identifier: MIT */
/* Row 20: closures with explicit arrays; and what looks at a function without running it. */
#include <string.h>

#include "laws/conformance.h"

static vn_array *number(double x) { return vn_scalar(VN_F32, x); }

/* ---- y -> x1 y + x2, by a Partial and by variables */

static vn_tree *x1, *x2;

static vn_tree *line(vn_tree *const arg[]) /* y */
{
    return vn_add(vn_mul(x1, arg[0]), x2);
}

static vn_tree *line_of(vn_tree *const arg[]) /* x1, x2, y */
{
    return vn_add(vn_mul(arg[0], arg[2]), arg[1]);
}

/* call(f, x) whose tangent is the sum of all tangents. */
static vn_tree *apply(vn_tree *const arg[]) { return vn_call(arg[0], arg[1]); }

static vn_tree *sum_of_tangents(vn_tree *const arg[]) /* (f, x), tangents */
{
    vn_tree *leaves = vn_tree_leaves(arg[1]);
    vn_array *sum = number(0);
    for (int i = 0; i < vn_len(leaves); i++)
        sum = vn_add(sum, vn_at(leaves, i));
    return vn_tuple(vn_call(vn_at(arg[0], 0), vn_at(arg[0], 1)), sum);
}

static vn_tree *call_converted(vn_tree *f, int n_consts)
{
    vn_tree *at = number(3), *converted = vn_filter_closure_convert(f, 1, &at);
    expect_that(vn_len(vn_get(converted, "consts")) == n_consts, "the arrays that f uses");
    vn_tree *rule =
        vn_filter_custom_jvp(vn_function(apply, 2), vn_function(sum_of_tangents, 2));
    return vn_call(rule, converted, number(3));
}

static vn_tree *by_variables(vn_tree *const arg[]) /* (x1, x2) */
{
    x1 = vn_at(arg[0], 0);
    x2 = vn_at(arg[0], 1);
    return call_converted(vn_function(line, 1), 2);
}

static vn_tree *by_partial(vn_tree *const arg[]) /* (x1, x2) */
{
    vn_tree *f = vn_partial(vn_function(line_of, 3), vn_at(arg[0], 0), vn_at(arg[0], 1));
    return call_converted(f, 2);
}

static vn_tree *square(vn_tree *const arg[]) { return vn_square(arg[0]); }

void row_20_closure_convert(void)
{
    vn_tree *x = vn_tuple(number(2), number(4));
    vn_fn *const ways[] = { by_variables, by_partial };
    for (int i = 0; i < 2; i++)
        for (int jit = 0; jit < 2; jit++) {
            vn_tree *g = vn_filter_grad(vn_function_named(ways[i], 1, "way"), NULL);
            vn_tree *d = vn_call(jit ? vn_filter_jit(g, NULL) : g, x);
            expect_numbers("gradient in x1", vn_at(d, 0), VN_SCALAR, (double[]){ 1 });
            expect_numbers("gradient in x2", vn_at(d, 1), VN_SCALAR, (double[]){ 1 });
        }
    vn_array *bound = number(5), *at = number(3);
    vn_tree *f = vn_partial(vn_function(line_of, 3), bound, number(1));
    vn_tree *converted = vn_filter_closure_convert(f, 1, &at);
    expect_that(vn_get(converted, "consts[0]") == bound, "exactly the array that is bound");
    expect_numbers("its value", vn_call(converted, number(2)), VN_SCALAR, (double[]){ 11 });
    vn_tree *other = vn_tree_at(converted, "consts[0]", number(7));
    expect_numbers("another array in its place", vn_call(other, number(2)), VN_SCALAR,
                   (double[]){ 15 });
    expect_that(!vn_call(converted, vn_arange(VN_F32, 2)), "another shape");
    expect_error("another shape is an error", VN_ERR_STRUCTURE);
    expect_that(!vn_call(converted, vn_scalar(VN_F64, 2)), "another dtype");
    expect_error("another dtype is an error", VN_ERR_STRUCTURE);
    vn_tree *trivial = vn_filter_closure_convert(vn_function(square, 1), 1, &at);
    expect_that(vn_len(vn_get(trivial, "consts")) == 0, "nothing is closed over");
    expect_numbers("of a trivial one", vn_call(trivial, number(3)), VN_SCALAR, (double[]){ 9 });
}

/* ---- eval_shape */

static vn_tree *make(vn_tree *const arg[]) { return vn_mlp(2, 3, 4, 1, arg[0], NULL); }

void check_eval_shape(void)
{
    vn_tree *key = vn_key(0), *model = vn_call(vn_function(make, 1), key);
    vn_tree *like = vn_filter_eval_shape(vn_function(make, 1), 1, &key);
    expect_that(vn_tree_same_structure(like, model), "the structure of the result");
    vn_array *weight = vn_get(like, "layers[0].weight");
    expect_that(vn_shape_equal(vn_shape_of(weight), VN_SHAPE(4, 2)), "a shape");
    expect_that(!vn_data(weight), "there are no numbers");
    expect_error("reading a shape is an error", VN_ERR_ARGUMENT);
    expect_that(!vn_add(weight, weight), "nothing is computed with it");
    expect_error("computing with a shape is an error", VN_ERR_ARGUMENT);
    vn_array *file = vn_tree_serialise_leaves_bytes(model);
    vn_tree *read =
        vn_tree_deserialise_leaves_bytes(vn_data(file), (size_t)vn_size(file), like);
    expect_that(vn_tree_equal(read, model, NULL), "a file is read into it");
    vn_tree *args[] = { like, vn_shape_struct(VN_F32, VN_SHAPE(2)) };
    vn_tree *out = vn_filter_eval_shape(vn_function(apply, 2), 2, args);
    expect_that(vn_shape_equal(vn_shape_of(out), VN_SHAPE(3)), "of a model without numbers");
    vn_tree *wrong[] = { like, vn_shape_struct(VN_F32, VN_SHAPE(7)) };
    expect_that(!vn_filter_eval_shape(vn_function(apply, 2), 2, wrong), "a wrong shape");
    expect_error("shapes are checked", VN_ERR_SHAPE);
}

/* ---- make_tape */

static vn_tree *sine_and_one(vn_tree *const arg[]) /* x, y */
{
    return vn_tuple(vn_add(vn_sin(arg[0]), arg[1]), vn_int(1));
}

void check_make_tape(void)
{
    vn_tree *const args[] = { number(0), vn_arange(VN_F32, 2) };
    vn_tree *made = vn_filter_make_tape(vn_function(sine_and_one, 2), 2, args);
    vn_tree *tape = vn_at(made, 0);
    expect_that(vn_tape_length(tape) == 2, "two instructions");
    expect_that(!strcmp(vn_tape_op(tape, 0), "sin"), "the first");
    expect_that(!strcmp(vn_tape_op(tape, 1), "add"), "the second");
    expect_that(!vn_tape_op(tape, 2), "there is no third");
    expect_error("an instruction that is not there is an error", VN_ERR_ARGUMENT);
    expect_that(strstr(vn_string_value(vn_tape_text(tape)), "= sin %0") != NULL, "its text");
    expect_that(vn_shape_equal(vn_shape_of(vn_get(made, "[1][0]")), VN_SHAPE(2)), "a shape");
    expect_that(vn_is_none(vn_get(made, "[1][1]")), "what is no array is in the third");
    expect_that(vn_int_value(vn_get(made, "[2][1]")) == 1, "namely here");
    vn_tree *out = vn_call(tape, number(0), args[1]);
    expect_numbers("the tape as a function", vn_at(out, 0), VN_SHAPE(2), (double[]){ 0, 1 });
    expect_that(!vn_call(tape, args[1], args[1]), "an input of another shape");
    expect_error("its inputs are checked", VN_ERR_SHAPE);
}
