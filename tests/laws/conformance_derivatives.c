/* SPDX-License-Identifier: MIT */
/* Rows 13 to 19: gradients, jvp, vjp, jacobians, rules of one's own. */
#include <math.h>

#include "laws/conformance.h"

static vn_array *number(double x) { return vn_scalar(VN_F32, x); }

/* ---- 13: the sum of everything that is a number */

static vn_tree *sum_all(vn_tree *const arg[])
{
    vn_tree *leaves = vn_tree_leaves(vn_filter(arg[0], vn_is_array_like));
    vn_array *sum = number(0);
    for (int i = 0; i < vn_len(leaves); i++) {
        vn_tree *leaf = vn_at(leaves, i);
        sum = vn_add(sum, vn_is_array(leaf) ? vn_sum(leaf) : number(vn_item(leaf)));
    }
    return sum;
}

void row_13_grad_none_pattern(void)
{
    vn_array *pair = vn_array_from(VN_F32, VN_SHAPE(2), (float[]){ 2, 3 });
    const char *const key = "hi";
    vn_tree *layer = vn_linear(1, 1, vn_key(0), NULL), *dict = vn_dict_n(1, &key, &layer);
    vn_tree *x = vn_list(vn_bool(true), dict, vn_tuple(vn_int(5), vn_float(1)), pair);
    vn_tree *g = vn_call(vn_filter_grad(vn_function(sum_all, 1), NULL), x);
    expect_that(vn_is_none(vn_at(g, 0)), "a bool has no gradient");
    expect_numbers("weight", vn_get(g, "[1]['hi'].weight"), VN_SHAPE(1, 1), (double[]){ 1 });
    expect_numbers("bias", vn_get(g, "[1]['hi'].bias"), VN_SHAPE(1), (double[]){ 1 });
    expect_that(vn_is_none(vn_get(g, "[2][0]")), "an int has no gradient");
    expect_that(vn_is_none(vn_get(g, "[2][1]")), "a float leaf has no gradient");
    expect_numbers("array", vn_at(g, 3), VN_SHAPE(2), (double[]){ 1, 1 });
}

/* ---- 14: aux */

static vn_tree *sum_and_text(vn_tree *const arg[])
{
    return vn_tuple(vn_sum(arg[0]), vn_string("hi"));
}

void row_14_grad_aux(void)
{
    vn_grad_options aux = { .has_aux = true };
    vn_tree *x = vn_arange(VN_F32, 2), *f = vn_function(sum_and_text, 1);
    vn_tree *g = vn_call(vn_filter_grad(f, &aux), x);
    vn_tree *both = vn_call(vn_filter_value_and_grad(f, &aux), x);
    expect_numbers("gradient", vn_at(g, 0), VN_SHAPE(2), (double[]){ 1, 1 });
    expect_that(vn_tree_equal(vn_at(g, 1), vn_string("hi"), NULL), "aux is passed through");
    expect_numbers("value", vn_get(both, "[0][0]"), VN_SCALAR, (double[]){ 1 });
    expect_that(vn_tree_equal(vn_get(both, "[0][1]"), vn_string("hi"), NULL), "aux beside it");
    vn_tree *none = vn_call_n(vn_filter_grad(f, &aux), 0, NULL);
    expect_that(!none, "no argument gives no gradient");
    expect_error("no argument is an error", VN_ERR_ARGUMENT);
}

/* ---- 15: (1 + x0^2, 2 + 3 x1, 3 + 4 x2, 4 + 5 x3, 5 + 6 x4, x5) */

static vn_tree *affine_of(vn_tree *x, int k)
{
    return vn_add(vn_int(k + 1), vn_mul(vn_int(k + 2), vn_at(x, k)));
}

static vn_tree *polynomials(vn_tree *const arg[])
{
    vn_tree *x = arg[0];
    vn_array *first = vn_add(vn_int(1), vn_square(vn_at(x, 0)));
    return vn_tuple(first, affine_of(x, 1), affine_of(x, 2), affine_of(x, 3), affine_of(x, 4),
                    vn_at(x, 5));
}

static vn_tree *inner_jvp(vn_tree *const arg[]) /* x -> tangent of polynomials along x0 */
{
    vn_tree *n = vn_none(), *tangent = vn_tuple(number(1), n, n, n, n, n);
    return vn_at(vn_filter_jvp(vn_function(polynomials, 1), 1, arg, &tangent), 1);
}

static bool refused(vn_tree *x, vn_tree *tangent)
{
    vn_tree *pair = vn_filter_jvp(vn_function(polynomials, 1), 1, &x, &tangent);
    bool error = !pair && !vn_ok();
    vn_error_clear();
    return error;
}

void row_15_jvp_table(void)
{
    vn_tree *n = vn_none(), *one = number(1), *whole = vn_scalar(VN_I32, 1);
    vn_tree *x = vn_tuple(one, vn_int(1), one, whole, one, vn_string("object"));
    vn_tree *tangent = vn_tuple(number(5), n, number(3), n, n, n);
    vn_tree *pair = vn_filter_jvp(vn_function(polynomials, 1), 1, &x, &tangent);
    vn_tree *y = vn_at(pair, 0), *t = vn_at(pair, 1);
    const double values[] = { 2, 5, 7, 9, 11 };
    for (int i = 0; i < 5; i++)
        expect_that(vn_item(vn_at(y, i)) == values[i], "a primal");
    expect_that(vn_tree_equal(vn_at(y, 5), vn_string("object"), NULL), "an object");
    expect_numbers("tangent 0", vn_at(t, 0), VN_SCALAR, (double[]){ 10 });
    expect_numbers("tangent 2", vn_at(t, 2), VN_SCALAR, (double[]){ 12 });
    for (int i = 1; i < 6; i += i == 1 ? 2 : 1)
        expect_that(vn_is_none(vn_at(t, i)), "no tangent where nothing is perturbed");
    vn_tree *floats = vn_tuple(vn_float(1), vn_int(1), vn_float(1), whole, one, vn_none());
    vn_tree *along_floats = vn_tuple(vn_float(5), n, vn_float(3), n, n, n);
    vn_tree *pair_of_floats =
        vn_filter_jvp(vn_function(polynomials, 1), 1, &floats, &along_floats);
    expect_numbers("a float leaf", vn_get(pair_of_floats, "[1][0]"), VN_SCALAR,
                   (double[]){ 10 });
    expect_numbers("another one", vn_get(pair_of_floats, "[1][2]"), VN_SCALAR,
                   (double[]){ 12 });
    expect_that(refused(x, vn_tuple(whole, n, n, n, n, n)), "an int tangent of a float");
    expect_that(refused(x, vn_tuple(vn_int(1), n, n, n, n, n)), "an int leaf as a tangent");
    expect_that(refused(x, vn_tuple(n, vn_int(1), n, n, n, n)), "a tangent of an int leaf");
    expect_that(refused(x, vn_list(n, n, n, n, n, n)), "a list for a tuple");
    expect_that(refused(x, vn_tuple(n, n, n, whole, n, n)), "a tangent of an int");
    expect_that(refused(x, vn_tuple(n, n, n, n, n, vn_string("t"))), "a tangent of a string");
    expect_that(refused(x, vn_tuple(number(1), n)), "tangents of another structure");
    vn_tree *along = vn_tuple(n, n, number(1), n, n, n);
    vn_tree *nested = vn_filter_jvp(vn_function(inner_jvp, 1), 1, &x, &along);
    expect_that(vn_is_none(vn_get(nested, "[1][0]")), "a nested tangent that is zero is none");
}

/* ---- 16: cotangents of (mlp, x, int, float, string) */

static vn_tree *mlp_of(vn_tree *const arg[])
{
    return vn_mul(vn_call(arg[0], arg[1]), vn_mul(arg[2], arg[3]));
}

void row_16_vjp_with_nones(void)
{
    vn_tree *mlp = vn_mlp(2, 3, 2, 2, vn_key(0), NULL);
    vn_tree *arg[] = { mlp, vn_arange(VN_F32, 2), vn_int(4), vn_float(0.5),
                       vn_string("object") };
    vn_tree *pair = vn_filter_vjp(vn_function(mlp_of, 5), 5, arg);
    vn_tree *d = vn_call(vn_at(pair, 1), vn_ones(VN_F32, VN_SHAPE(3)));
    expect_that(vn_len(d) == 5, "one cotangent for each primal");
    expect_that(vn_tree_same_structure(vn_at(d, 0), vn_filter(mlp, vn_is_array)),
                "the cotangent of the model has its arrays and none elsewhere");
    for (int i = 2; i < 5; i++)
        expect_that(vn_is_none(vn_at(d, i)), "no cotangent of what is no inexact array");
    vn_tree *zero = vn_call(vn_at(pair, 1), vn_none());
    expect_numbers("a none cotangent is a zero", vn_at(zero, 1), VN_SHAPE(2),
                   (double[]){ 0, 0 });
    vn_tree *x = vn_arange(VN_F32, 2), *f = vn_function(sum_and_text, 1);
    vn_tree *aux = vn_filter_vjp_aux(f, 1, &x);
    expect_numbers("the value beside aux", vn_at(aux, 0), VN_SCALAR, (double[]){ 1 });
    expect_that(vn_tree_equal(vn_at(aux, 2), vn_string("hi"), NULL), "aux is the third");
    expect_numbers("its pullback", vn_at(vn_call(vn_at(aux, 1), number(2)), 0), VN_SHAPE(2),
                   (double[]){ 2, 2 });
}

/* ---- 17 */

static vn_tree *sine_times(vn_tree *const arg[]) { return vn_mul(vn_sin(arg[0]), arg[1]); }

static vn_tree *sine_and_text(vn_tree *const arg[])
{
    return vn_tuple(sine_times(arg), vn_string("hi"));
}

static vn_tree *mean_square(vn_tree *const arg[]) /* model, x, y */
{
    return vn_mean(vn_square(vn_sub(vn_vmap_call(arg[0], arg[1]), arg[2])));
}

void row_17_jacobians(void)
{
    vn_tree *hessian = vn_filter_hessian(vn_function(sine_times, 2));
    expect_numbers("hessian", vn_call(hessian, number(1), number(2)), VN_SCALAR,
                   (double[]){ -2 * sin(1) });
    vn_tree *with_aux = vn_filter_hessian_aux(vn_function(sine_and_text, 2));
    vn_tree *both = vn_call(with_aux, number(1), number(2));
    expect_numbers("hessian beside aux", vn_at(both, 0), VN_SCALAR, (double[]){ -2 * sin(1) });
    expect_that(vn_tree_equal(vn_at(both, 1), vn_string("hi"), NULL), "aux of a hessian");
    vn_tree *primals[] = { number(1), number(2) };
    vn_tree *linear = vn_at(vn_filter_linearize(vn_function(sine_times, 2), 2, primals), 1);
    expect_numbers("a linear function", vn_call(linear, number(3), vn_none()), VN_SCALAR,
                   (double[]){ 6 * cos(1) });
    expect_numbers("again", vn_call(linear, vn_none(), number(1)), VN_SCALAR,
                   (double[]){ sin(1) });
    vn_tree *model = vn_mlp(2, 2, 8, 2, vn_key(0), NULL), *f = vn_function(mean_square, 3);
    vn_array *x = vn_normal(vn_key(1), VN_SHAPE(3, 2), VN_F32), *y = vn_sin(x);
    vn_tree *grad = vn_call(vn_filter_grad(f, NULL), model, x, y);
    vn_tree_equal_options near = { .rtol = 1e-5, .atol = 1e-6 };
    expect_that(vn_tree_equal(vn_call(vn_filter_jacfwd(f), model, x, y), grad, &near),
                "jacfwd");
    expect_that(vn_tree_equal(vn_call(vn_filter_jacrev(f), model, x, y), grad, &near),
                "jacrev");
}

/* ---- 18: f((x, y), foo) = (x + y + foo, x, y, foo) */

static int backward_calls;

static vn_tree *four(vn_tree *const arg[])
{
    vn_array *x = vn_at(arg[0], 0), *y = vn_at(arg[0], 1);
    return vn_tuple(vn_add(vn_add(x, y), arg[1]), x, y, arg[1]);
}

static void check_perturbed(vn_tree *perturbed)
{
    vn_tree *want = vn_tuple(vn_bool(true), vn_bool(false));
    expect_that(vn_tree_equal(perturbed, want, NULL), "only x is perturbed");
}

static vn_tree *four_fwd(vn_tree *const arg[]) /* perturbed, (x, y), foo */
{
    check_perturbed(arg[0]);
    return vn_tuple(four(arg + 1), vn_tuple(vn_string("residual"), vn_int(3)));
}

/* residuals, cotangents, perturbed, (x, y), foo */
static vn_tree *four_bwd(vn_tree *const arg[])
{
    backward_calls++;
    check_perturbed(arg[2]);
    expect_that(vn_int_value(vn_at(arg[0], 1)) == 3, "residuals may be anything");
    expect_that(!vn_is_none(vn_at(arg[1], 0)), "the cotangent of x + y + foo");
    expect_that(vn_is_none(vn_at(arg[1], 1)), "none for x, which is not used");
    expect_that(!vn_is_none(vn_at(arg[1], 2)), "the cotangent of y");
    expect_that(vn_is_none(vn_at(arg[1], 3)), "none for foo, which is not used");
    return vn_tuple(vn_scale(7, vn_at(arg[1], 0)), vn_none());
}

static vn_tree *custom(void)
{
    return vn_filter_custom_vjp_perturbed(vn_function(four, 2), vn_function(four_fwd, 3),
                                          vn_function(four_bwd, 5));
}

static vn_tree *use_two(vn_tree *const arg[]) /* x, y, foo */
{
    vn_tree *out = vn_call(custom(), vn_tuple(arg[0], arg[1]), arg[2]);
    return vn_add(vn_at(out, 0), vn_at(out, 2));
}

static vn_tree *plain_fwd(vn_tree *const arg[]) { return vn_tuple(four(arg), vn_none()); }

static vn_tree *wrong_bwd(vn_tree *const arg[]) /* a gradient of another structure */
{
    return vn_at(arg[1], 0);
}

static vn_tree *plain_custom(void)
{
    return vn_filter_custom_vjp(vn_function(four, 2), vn_function(plain_fwd, 2),
                                vn_function(wrong_bwd, 4));
}

static vn_tree *use_wrong(vn_tree *const arg[]) /* x, y, foo */
{
    return vn_at(vn_call(plain_custom(), vn_tuple(arg[0], arg[1]), arg[2]), 0);
}

static vn_tree *use_foo(vn_tree *const arg[]) /* foo, x, y: perturbs another argument */
{
    return vn_at(vn_call(plain_custom(), vn_tuple(arg[1], arg[2]), arg[0]), 0);
}

/* ---- a rule that holds an array, which is an input of the compiled function */

static vn_tree *squared(vn_tree *const arg[]) { return vn_square(arg[0]); }

static vn_tree *squared_fwd(vn_tree *const arg[]) { return vn_tuple(squared(arg), arg[0]); }

static vn_tree *times_held(vn_tree *const arg[]) /* held, residual, cotangent, x */
{
    return vn_mul(arg[0], vn_mul(arg[1], arg[2]));
}

static void check_held(void)
{
    vn_tree *bwd = vn_partial(vn_function(times_held, 4), number(10));
    vn_tree *fwd = vn_function(squared_fwd, 1);
    vn_tree *f = vn_filter_custom_vjp(vn_function(squared, 1), fwd, bwd);
    vn_tree *grad = vn_filter_grad(f, NULL), *jitted = vn_filter_jit(grad, NULL);
    for (int i = 0; i < 2; i++)
        expect_numbers("a rule that holds an array", vn_call(i ? jitted : grad, number(3)),
                       VN_SCALAR, (double[]){ 30 });
}

void row_18_custom_vjp(void)
{
    check_held();
    vn_tree *grad = vn_filter_grad(vn_function(use_two, 3), NULL);
    expect_numbers("the rule's gradient", vn_call(grad, number(1), number(2), number(3)),
                   VN_SCALAR, (double[]){ 7 });
    vn_tree *jitted = vn_filter_jit(grad, NULL);
    backward_calls = 0;
    for (int i = 0; i < 2; i++)
        expect_numbers("compiled", vn_call(jitted, number(i), number(2), number(3)), VN_SCALAR,
                       (double[]){ 7 });
    expect_that(backward_calls == 1, "the rule is recorded once for two compiled calls");
    vn_tree *other = vn_filter_grad(vn_function(use_foo, 3), NULL);
    expect_that(!vn_call(other, number(1), number(2), number(3)), "another argument");
    expect_error("perturbing another argument is an error", VN_ERR_DERIVATIVE);
    vn_tree *wrong = vn_filter_grad(vn_function(use_wrong, 3), NULL);
    expect_that(!vn_call(wrong, number(1), number(2), number(3)), "a gradient of one array");
    expect_error("a gradient of another structure is an error", VN_ERR_STRUCTURE);
    vn_tree *f = vn_function(four, 2);
    expect_that(!vn_filter_custom_vjp(f, vn_function(plain_fwd, 2), NULL), "no bwd");
    expect_error("a rule without bwd is an error", VN_ERR_NULL_ARGUMENT);
    expect_that(!vn_filter_custom_vjp(f, NULL, vn_function(wrong_bwd, 4)), "no fwd");
    expect_error("a rule without fwd is an error", VN_ERR_NULL_ARGUMENT);
}

/* ---- 19: call(f, x) with tangent tx^2 */

static vn_tree *apply(vn_tree *const arg[]) { return vn_call(arg[0], arg[1]); }

static vn_tree *apply_jvp(vn_tree *const arg[]) /* (f, x), (none, tx) */
{
    vn_tree *out = vn_call(vn_at(arg[0], 0), vn_at(arg[0], 1));
    expect_that(vn_is_none(vn_at(arg[1], 0)), "a function has no tangent");
    return vn_tuple(out, vn_square(vn_at(arg[1], 1)));
}

static vn_tree *square_and_one(vn_tree *const arg[])
{
    return vn_add(vn_square(arg[0]), vn_int(1));
}

static vn_tree *apply_two(vn_tree *const arg[]) { return vn_call(arg[2], arg[0], arg[1]); }

static vn_tree *apply_two_jvp(vn_tree *const arg[]) /* (x, y, f), (tx, ty, none) */
{
    vn_tree *x = arg[0], *tx = vn_at(arg[1], 0), *ty = vn_at(arg[1], 1);
    vn_tree *out = vn_call(vn_at(x, 2), vn_at(x, 0), vn_at(x, 1));
    vn_array *t = vn_square(tx);
    return vn_tuple(out, vn_is_none(ty) ? t : vn_add(t, ty));
}

static vn_tree *square_and(vn_tree *const arg[]) { return vn_add(vn_square(arg[0]), arg[1]); }

void row_19_custom_jvp(void)
{
    vn_tree *call = vn_filter_custom_jvp(vn_function(apply, 2), vn_function(apply_jvp, 2));
    vn_tree *primals[] = { vn_function(square_and_one, 1), number(2) };
    vn_tree *tangents[] = { vn_none(), number(3) };
    vn_tree *pair = vn_filter_jvp(call, 2, primals, tangents);
    expect_numbers("value", vn_at(pair, 0), VN_SCALAR, (double[]){ 5 });
    expect_numbers("tangent", vn_at(pair, 1), VN_SCALAR, (double[]){ 9 });
    vn_tree *two =
        vn_filter_custom_jvp(vn_function(apply_two, 3), vn_function(apply_two_jvp, 2));
    vn_tree *x[] = { number(2), number(1.5), vn_function(square_and, 2) };
    vn_tree *dx[] = { number(3), number(4), vn_none() };
    vn_tree *more = vn_filter_jvp(two, 3, x, dx);
    expect_numbers("value of two", vn_at(more, 0), VN_SCALAR, (double[]){ 5.5 });
    expect_numbers("tangent of two", vn_at(more, 1), VN_SCALAR, (double[]){ 13 });
    dx[1] = vn_none();
    expect_numbers("a zero is none in the rule", vn_at(vn_filter_jvp(two, 3, x, dx), 1),
                   VN_SCALAR, (double[]){ 9 });
}
