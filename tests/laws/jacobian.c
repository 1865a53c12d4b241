/* SPDX-License-Identifier: MIT */
/* Jacobians and Hessians are the derivatives along unit vectors, one at a time: at once,
 * compiled, mapped; through loops, branches, rules of one's own; of trees. In f64. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "laws/tally.h"
#include "vernal.h"

enum { X = 12, Y = 9, BATCH = 3 }; /* enough for unit vectors to share an axis */

static bool close(vn_tree *a, vn_tree *b)
{
    return a && b && vn_tree_equal(a, b, &(vn_tree_equal_options){ 1e-11, 1e-11, false });
}

/* --------------------------------------------------------- functions of x [12], w [9, 12] */

static vn_tree *dense(vn_tree *const arg[]) /* a row of zeros, a constant, a product */
{
    vn_array *y = vn_tanh(vn_matmul(arg[1], arg[0]));
    vn_array *rest = vn_concat(0, vn_zeros(VN_F64, VN_SHAPE(1)), vn_slice(y, 0, 1, Y, 1));
    return vn_mul(rest, vn_sum(vn_square(arg[0])));
}

static vn_array *turn(vn_array *w, vn_array *h, vn_array *u) /* h [9] */
{
    vn_array *square = vn_slice(w, 1, 0, Y, 1);
    return vn_tanh(vn_add(vn_matmul(square, h), u));
}

static vn_tree *turn_step(vn_tree *const arg[]) /* w, h, x_t -> (h, y) */
{
    vn_array *h = turn(arg[0], arg[1], arg[2]);
    return vn_tuple(h, vn_sum(h));
}

static vn_array *first_of(vn_array *x) { return vn_slice(x, 0, 0, Y, 1); }

static vn_tree *scan(vn_tree *const arg[])
{
    vn_tree *step = vn_partial(vn_function(turn_step, 3), arg[1]);
    vn_tree *out = vn_scan(step, first_of(arg[0]), arg[0], 0);
    return vn_add(vn_at(out, 0), vn_sum(vn_sin(vn_at(out, 1))));
}

static vn_tree *goes_on(vn_tree *const arg[]) { return vn_lt(vn_at(arg[0], 0), vn_int(4)); }

static vn_tree *while_step(vn_tree *const arg[]) /* w, u, (i, h) */
{
    vn_array *h = turn(arg[0], vn_at(arg[2], 1), arg[1]);
    return vn_tuple(vn_add(vn_at(arg[2], 0), vn_int(1)), h);
}

static vn_tree *while_of(vn_tree *const arg[], vn_loop_options options)
{
    vn_array *u = vn_slice(arg[0], 0, X - Y, X, 1);
    vn_tree *body = vn_partial(vn_function(while_step, 3), arg[1], u);
    vn_tree *init = vn_tuple(vn_scalar(VN_I32, 0), vn_sin(first_of(arg[0])));
    return vn_at(vn_while_loop(vn_function(goes_on, 1), body, init, &options), 1);
}

static vn_tree *lax(vn_tree *const arg[])
{
    return while_of(arg, (vn_loop_options){ .kind = VN_LOOP_LAX });
}

static vn_tree *bounded(vn_tree *const arg[])
{
    return while_of(arg, (vn_loop_options){ .max_steps = 6 });
}

static vn_tree *checkpointed(vn_tree *const arg[])
{
    return while_of(arg, (vn_loop_options){ .checkpoints = 2 });
}

static vn_tree *cond(vn_tree *const arg[])
{
    return vn_cond_n(vn_gt(vn_sum(arg[0]), vn_float(0)), vn_function(dense, 2),
                     vn_function(scan, 2), 2, arg);
}

static vn_tree *again(vn_tree *const arg[])
{
    return vn_square(vn_call_n(vn_filter_checkpoint(vn_function(dense, 2)), 2, arg));
}

static vn_tree *compiled(vn_tree *const arg[])
{
    return vn_square(vn_call_n(vn_filter_jit(vn_function(scan, 2), NULL), 2, arg));
}

static vn_tree *row_of(vn_tree *const arg[]) /* row of w, x */
{
    vn_array *s = vn_dot(arg[0], arg[1]);
    return vn_sub(vn_square(s), vn_pmean(s, "rows"));
}

static vn_tree *named(vn_tree *const arg[])
{
    vn_tree *axes[] = { vn_int(0), vn_none() };
    vn_vmap_options o = { .in_axes = axes, .n_in = 2, .axis_name = "rows" };
    return vn_call(vn_filter_vmap(vn_function(row_of, 2), &o), arg[1], arg[0]);
}

static vn_tree *cube(vn_tree *const arg[]) { return vn_mul(arg[0], vn_square(arg[0])); }

static vn_tree *cube_fwd(vn_tree *const arg[]) { return vn_tuple(cube(arg), arg[0]); }

static vn_tree *cube_bwd(vn_tree *const arg[]) /* residuals, cotangent, h */
{
    return vn_mul(vn_scale(3, vn_square(arg[0])), arg[1]);
}

static vn_tree *cube_jvp(vn_tree *const arg[]) /* (h), (dh) */
{
    vn_tree *const h[] = { vn_at(arg[0], 0) };
    return vn_tuple(cube(h), vn_mul(vn_scale(3, vn_square(h[0])), vn_at(arg[1], 0)));
}

static vn_tree *own_vjp(vn_tree *const arg[])
{
    vn_tree *f = vn_filter_custom_vjp(vn_function(cube, 1), vn_function(cube_fwd, 1),
                                      vn_function(cube_bwd, 3));
    return vn_call(f, dense(arg));
}

static vn_tree *own_jvp(vn_tree *const arg[])
{
    vn_tree *f = vn_filter_custom_jvp(vn_function(cube, 1), vn_function(cube_jvp, 2));
    return vn_call(f, scan(arg));
}

static vn_tree *guarded(vn_tree *const arg[])
{
    vn_array *x = vn_error_if(arg[0], vn_gt(arg[0], vn_float(100)), "never", NULL);
    return dense((vn_tree *const[]){ x, arg[1] });
}

enum { FORWARD = 1, REVERSE = 2, TWICE = 4, ALL = 7 };

static const struct {
    const char *name;
    vn_fn *fn;
    int modes;
} functions[] = {
    { "dense", dense, ALL },        { "scan", scan, ALL },
    { "lax", lax, FORWARD },        { "bounded", bounded, ALL },
    { "cond", cond, ALL },          { "checkpointed", checkpointed, FORWARD | REVERSE },
    { "checkpoint", again, ALL },   { "jit", compiled, ALL },
    { "named vmap", named, ALL },   { "custom_vjp", own_vjp, REVERSE },
    { "custom_jvp", own_jvp, ALL }, { "error_if", guarded, ALL },
};

/* ------------------------------------------------------------- one unit vector at a time */

static vn_array *unit(int64_t n, int64_t i) { return vn_index(vn_eye(VN_F64, n), 0, i); }

static vn_tree *forward(vn_tree *f, vn_array *x, vn_array *w)
{
    vn_array *column[X];
    for (int i = 0; i < X; i++)
        column[i] = vn_at(vn_filter_jvp(f, 2, VN_TREES(x, w), VN_TREES(unit(X, i), vn_none())),
                          1);
    return vn_stack_n(X, column, vn_rank(column[0]));
}

static vn_tree *reverse(vn_tree *f, vn_array *x, vn_array *w)
{
    vn_array *row[Y];
    vn_tree *pull = vn_at(vn_filter_vjp(f, 2, VN_TREES(x, w)), 1);
    for (int i = 0; i < Y; i++)
        row[i] = vn_at(vn_call(pull, unit(Y, i)), 0);
    return vn_stack_n(Y, row, 0);
}

static vn_tree *number_of(vn_tree *const arg[]) /* f, x, w */
{
    return vn_sum(vn_sin(vn_call(arg[0], arg[1], arg[2])));
}

static vn_tree *number(vn_tree *f) { return vn_partial(vn_function(number_of, 3), f); }

static vn_tree *hessian(vn_tree *f, vn_array *x, vn_array *w)
{
    return forward(vn_filter_grad(f, NULL), x, w);
}

/* ------------------------------------------------------------------------------ the law */

static vn_tree *over_x(vn_tree *f)
{
    vn_tree *axes[] = { vn_int(0), vn_none() };
    return vn_filter_vmap(f, &(vn_vmap_options){ .in_axes = axes, .n_in = 2 });
}

static void check(const char *what, const char *of, vn_tree *got, vn_tree *want, vn_array *xs,
                  vn_array *w)
{
    for (int jit = 0; jit < 2; jit++) {
        vn_tree *one = jit ? vn_filter_jit(got, NULL) : got, *many = over_x(got);
        many = jit ? vn_filter_jit(many, NULL) : many;
        expect(close(vn_call(one, vn_index(xs, 0, 1), w), vn_index(want, 0, 1)), what, of);
        expect(close(vn_call(many, xs, w), want), what, of);
    }
}

typedef vn_tree *derivative_fn(vn_tree *f, vn_array *x, vn_array *w);

static vn_tree *each(derivative_fn *d, vn_tree *f, vn_array *xs, vn_array *w)
{
    vn_array *row[BATCH];
    for (int b = 0; b < BATCH; b++)
        row[b] = d(f, vn_index(xs, 0, b), w);
    return vn_stack_n(BATCH, row, 0);
}

static void check_function(int k, vn_array *xs, vn_array *w)
{
    vn_tree *f = vn_function_named(functions[k].fn, 2, functions[k].name), *g = number(f);
    const char *const name = functions[k].name;
    const int modes = functions[k].modes;
    if (modes & FORWARD)
        check("jacfwd", name, vn_filter_jacfwd(f), each(forward, f, xs, w), xs, w);
    if (modes & REVERSE)
        check("jacrev", name, vn_filter_jacrev(f), each(reverse, f, xs, w), xs, w);
    if (!(modes & TWICE))
        return;
    vn_tree *second = each(hessian, g, xs, w);
    check("hessian", name, vn_filter_hessian(g), second, xs, w);
    check("jacrev of grad", name, vn_filter_jacrev(vn_filter_grad(g, NULL)), second, xs, w);
    check("jacrev of jacfwd", name, vn_filter_jacrev(vn_filter_jacfwd(g)), second, xs, w);
}

/* ---- trees: matrices, scalars, arrays without elements, integers, what has no derivative */

static vn_tree *of_trees(vn_tree *const arg[]) /* {a [2, 5], b [], c [0], i i32 [2], s} */
{
    vn_array *a = vn_get(arg[0], "['a']"), *b = vn_get(arg[0], "['b']");
    vn_array *rows = vn_mul(vn_exp(b), vn_sum_over(vn_square(a), VN_AXES(1), false));
    return vn_list(vn_outer(rows, vn_ravel(a)), vn_get(arg[0], "['i']"), b, vn_string("text"),
                   vn_get(arg[0], "['c']"));
}

static vn_tree *sample(void)
{
    const char *const keys[] = { "a", "b", "c", "i", "s" };
    vn_tree *items[] = { vn_normal(vn_key(3), VN_SHAPE(2, 5), VN_F64), vn_scalar(VN_F64, 0.3),
                         vn_zeros(VN_F64, VN_SHAPE(0)), vn_arange(VN_I32, 2),
                         vn_string("static") };
    return vn_dict_n(5, keys, items);
}

static void check_trees(void)
{
    const struct {
        const char *path;
        vn_shape shape;
    } blocks[] = {
        { "[0]['a']", VN_SHAPE(2, 10, 2, 5) }, { "[0]['b']", VN_SHAPE(2, 10) },
        { "[0]['c']", VN_SHAPE(2, 10, 0) },    { "[2]['a']", VN_SHAPE(2, 5) },
        { "[2]['b']", VN_SCALAR },             { "[4]['a']", VN_SHAPE(0, 2, 5) },
        { "[4]['c']", VN_SHAPE(0, 0) },
    };
    vn_tree *f = vn_function(of_trees, 1), *x = sample();
    for (int k = 0; k < 4; k++) {
        vn_tree *d = k % 2 ? vn_filter_jacrev(f) : vn_filter_jacfwd(f);
        vn_tree *j = vn_call(k / 2 ? vn_filter_jit(d, NULL) : d, x);
        for (size_t b = 0; b < sizeof blocks / sizeof blocks[0]; b++) {
            const vn_array *block = vn_get(j, blocks[b].path);
            expect(vn_is_array(block) && vn_dtype_of(block) == VN_F64 &&
                       vn_shape_equal(vn_shape_of(block), blocks[b].shape),
                   blocks[b].path, "a tree");
        }
        expect(vn_is_none(vn_at(j, 1)) && vn_is_none(vn_at(j, 3)), "none", "the result");
        expect(vn_is_none(vn_get(j, "[0]['i']")) && vn_is_none(vn_get(j, "[0]['s']")), "none",
               "the argument");
        vn_array *b = vn_get(x, "['b']"), *y = vn_at(of_trees(&x), 0);
        expect(close(vn_get(j, "[0]['b']"), y), "d exp(b) y / db", "a tree");
        expect(close(vn_get(j, "[2]['b']"), vn_ones_like(b)), "db / db", "a tree");
        expect(k < 1 || close(vn_get(j, "[0]['a']"),
                              vn_get(vn_call(vn_filter_jacfwd(f), x), "[0]['a']")),
               "both modes", "a tree");
    }
}

/* ---- more Jacobians in one program than a tape has axes */

static vn_tree *many(vn_tree *const arg[]) /* x, w */
{
    vn_array *sum = vn_zeros(VN_F64, VN_SHAPE(Y, X));
    for (int i = 0; i < 70; i++) {
        vn_tree *f = i % 2 ? vn_filter_jacfwd(vn_function(dense, 2))
                           : vn_filter_jacrev(vn_function(dense, 2));
        sum = vn_add(sum, vn_call(f, vn_scale(1 + 0.01 * i, arg[0]), arg[1]));
    }
    return sum;
}

static int pulls; /* calls of a rule: one a unit vector */

static vn_tree *counted_bwd(vn_tree *const arg[])
{
    pulls++;
    return cube_bwd(arg);
}

static void check_axes(void)
{
    vn_tree *f = vn_filter_custom_vjp(vn_function(cube, 1), vn_function(cube_fwd, 1),
                                      vn_function(counted_bwd, 3));
    vn_array *deep = vn_zeros(VN_F64, VN_SHAPE(1, 1, 2, 1, 2));
    expect(!vn_call(vn_filter_jacrev(f), deep) && vn_error_status() == VN_ERR_LIMIT &&
               !strcmp(vn_error_message(), "jacrev: an output of 5 axes by an input of 5 has "
                                           "10, at most 8 (in filter_jacobian)"),
           "ten axes", "cube");
    expect(pulls == 0, "refused before the first pass", "cube");
    expect(vn_is_array(vn_call(vn_filter_jacrev(f), vn_zeros(VN_F64, VN_SHAPE(2, 2)))) &&
               pulls == 4,
           "one pass an element", "cube");
}

static vn_tree *no_pair(vn_tree *const arg[]) { return vn_tuple(arg[0]); }

static void check_limits(vn_array *x, vn_array *w)
{
    vn_tree *f = vn_function(many, 2);
    expect(close(vn_call(vn_filter_jit(f, NULL), x, w), vn_call(f, x, w)), "70", "dense");
    vn_array *deep = vn_zeros(VN_F64, (vn_shape){ 5, { 1, 1, 1, 1, 3 } });
    check_axes();
    for (int jit = 0; jit < 2; jit++) {
        vn_tree *g = vn_filter_jacfwd(vn_unary(vn_sin)), *h = vn_filter_jacrev_aux(
                                                             vn_function(no_pair, 1));
        vn_tree *j = vn_call(jit ? vn_filter_jit(g, NULL) : g, deep);
        expect(!j && vn_error_status() == VN_ERR_LIMIT, "ten axes", "sin");
        vn_tree *aux = vn_call(jit ? vn_filter_jit(h, NULL) : h, x);
        expect(!aux && vn_error_status() == VN_ERR_STRUCTURE, "no aux", "a tuple of one");
    }
}

int main(void)
{
    vn_set_default_dtype(VN_F64);
    vn_array *xs = vn_normal(vn_key(0), VN_SHAPE(BATCH, X), VN_F64);
    vn_array *w = vn_scale(0.3, vn_normal(vn_key(1), VN_SHAPE(Y, X), VN_F64));
    for (int k = 0; k < (int)(sizeof functions / sizeof functions[0]); k++)
        VN_SCOPE check_function(k, xs, w);
    VN_SCOPE check_trees();
    VN_SCOPE check_limits(vn_index(xs, 0, 0), w);
    vn_finish();
    return report();
}
