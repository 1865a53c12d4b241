/* SPDX-License-Identifier: MIT */
/* Scalar functions of w [4] and x [2] that go through loops, branches, rules of one's own,
 * vmaps, compiled functions, checkpoints and ops of every kind. */
#include "laws/nesting.h"

static vn_array *matrix(vn_array *w) { return vn_reshape(w, VN_SHAPE(2, 2)); }

/* tanh(W h + x) */
static vn_array *layer(vn_array *w, vn_array *x, vn_array *h)
{
    return vn_tanh(vn_add(vn_matmul(matrix(w), h), x));
}

static vn_tree *plain(vn_tree *const arg[])
{
    return vn_sum(vn_square(layer(arg[0], arg[1], vn_sin(arg[1]))));
}

static vn_tree *softmax(vn_tree *const arg[])
{
    vn_array *p = vn_softmax(vn_matmul(matrix(arg[0]), arg[1]), -1);
    return vn_sum(vn_mul(p, vn_add(vn_exp(arg[1]), vn_slice(arg[0], 0, 0, 2, 1))));
}

static vn_tree *solve(vn_tree *const arg[])
{
    vn_array *a = vn_add(vn_eye(VN_F64, 2), vn_scale(0.2, matrix(arg[0])));
    return vn_sum(vn_square(vn_solve(a, arg[1])));
}

static vn_tree *gather(vn_tree *const arg[])
{
    vn_array *index = vn_array_from(VN_I32, VN_SHAPE(3), (int32_t[]){ 3, 0, 3 });
    vn_array *w = vn_mul(vn_take(arg[0], index, 0), vn_sum(arg[1]));
    return vn_sum(vn_sin(vn_concat(0, w, vn_cumsum(arg[1], 0))));
}

static vn_tree *branch(vn_tree *const arg[])
{
    vn_array *s = vn_sum(arg[1]);
    return vn_mul(vn_where(vn_gt(s, vn_float(0)), vn_sin(s), vn_cos(s)),
                  vn_sum(vn_mul(arg[0], arg[0])));
}

static vn_tree *cond(vn_tree *const arg[])
{
    return vn_cond_n(vn_gt(vn_sum(arg[1]), vn_float(0)), vn_function(plain, 2),
                     vn_function(softmax, 2), 2, arg);
}

/* ---- loops */

static vn_tree *scan_step(vn_tree *const arg[]) /* w, h, x_t -> (h, y) */
{
    vn_array *h = vn_tanh(vn_add(vn_matmul(matrix(arg[0]), arg[1]), arg[2]));
    return vn_tuple(h, vn_sum(vn_mul(h, arg[2])));
}

static vn_tree *scan(vn_tree *const arg[])
{
    vn_array *xs = vn_stack(0, arg[1], vn_sin(arg[1]), vn_scale(0.5, arg[1]));
    vn_tree *step = vn_partial(vn_function(scan_step, 3), arg[0]);
    vn_tree *out = vn_scan(step, vn_zeros(VN_F64, VN_SHAPE(2)), xs, 0);
    return vn_add(vn_sum(vn_square(vn_at(out, 0))), vn_sum(vn_at(out, 1)));
}

/* A loop of each example, and loops over its results in a vmap that is wider than theirs. */
static vn_tree *beside_step(vn_tree *const arg[]) /* h, (e_t, y_t) -> (h, none) */
{
    vn_array *h = vn_mul(vn_sin(vn_add(arg[0], vn_at(arg[1], 0))), vn_at(arg[1], 1));
    return vn_tuple(h, vn_none());
}

static vn_tree *beside(vn_tree *const arg[]) /* e [3], ys [3] */
{
    vn_tree *xs = vn_tuple(arg[0], arg[1]), *zero = vn_zeros(VN_F64, VN_SCALAR);
    return vn_at(vn_scan(vn_function(beside_step, 2), zero, xs, 0), 0);
}

static vn_tree *wider(vn_tree *const arg[])
{
    vn_array *xs = vn_stack(0, arg[1], vn_sin(arg[1]), vn_scale(0.5, arg[1]));
    vn_tree *step = vn_partial(vn_function(scan_step, 3), arg[0]);
    vn_array *ys = vn_at(vn_scan(step, vn_zeros(VN_F64, VN_SHAPE(2)), xs, 0), 1);
    vn_array *e = vn_scale(0.1, vn_reshape(vn_arange(VN_F64, 21), VN_SHAPE(7, 3)));
    vn_tree *axes[] = { vn_int(0), vn_none() };
    vn_tree *f = vn_filter_vmap(vn_function(beside, 2),
                                &(vn_vmap_options){ .in_axes = axes, .n_in = 2 });
    return vn_sum(vn_call(f, e, ys));
}

static vn_tree *fori_step(vn_tree *const arg[]) /* w, x, i, h */
{
    return layer(arg[0], arg[1], arg[3]);
}

static vn_tree *fori(vn_tree *const arg[])
{
    vn_tree *body = vn_partial(vn_function(fori_step, 4), arg[0], arg[1]);
    return vn_sum(vn_fori_loop(0, 3, body, vn_sin(arg[1])));
}

static vn_tree *goes_on(vn_tree *const arg[]) /* (i, h) */
{
    return vn_lt(vn_at(arg[0], 0), vn_int(3));
}

static vn_tree *while_step(vn_tree *const arg[]) /* w, x, (i, h) */
{
    vn_array *h = layer(arg[0], arg[1], vn_at(arg[2], 1));
    return vn_tuple(vn_add(vn_at(arg[2], 0), vn_int(1)), h);
}

static vn_tree *while_of(vn_tree *const arg[], vn_loop_options options)
{
    vn_tree *body = vn_partial(vn_function(while_step, 3), arg[0], arg[1]);
    vn_tree *init = vn_tuple(vn_scalar(VN_I32, 0), vn_cos(arg[1]));
    vn_tree *out = vn_while_loop(vn_function(goes_on, 1), body, init, &options);
    return vn_sum(vn_square(vn_at(out, 1)));
}

static vn_tree *bounded(vn_tree *const arg[])
{
    return while_of(arg, (vn_loop_options){ .max_steps = 5 });
}

static vn_tree *unbounded(vn_tree *const arg[])
{
    return while_of(arg, (vn_loop_options){ .kind = VN_LOOP_LAX });
}

static vn_tree *treeverse(vn_tree *const arg[])
{
    return while_of(arg, (vn_loop_options){ .kind = VN_LOOP_CHECKPOINTED, .checkpoints = 2 });
}

static vn_tree *switched(vn_tree *const arg[])
{
    vn_tree *const branches[] = { vn_function(plain, 2), vn_function(scan, 2),
                                  vn_function(gather, 2) };
    vn_array *i = vn_cast(vn_add(vn_sign(vn_sum(arg[1])), vn_float(1)), VN_I32);
    return vn_switch_n(i, 3, branches, 2, arg);
}

static vn_tree *guarded(vn_tree *const arg[])
{
    vn_array *s = vn_sum(arg[1]), *wrong = vn_gt(s, vn_float(100));
    return plain((vn_tree *const[]){ vn_error_if(arg[0], wrong, "never", NULL), arg[1] });
}

/* ---- other transformations inside */

static vn_tree *row(vn_tree *const arg[]) /* w_i, x, i-th of x */
{
    return vn_mul(vn_sin(vn_mul(arg[0], arg[2])), vn_sum(arg[1]));
}

static vn_tree *mapped(vn_tree *const arg[])
{
    vn_tree *axes[] = { vn_int(0), vn_none(), vn_int(0) };
    vn_tree *f = vn_filter_vmap(vn_function(row, 3),
                                &(vn_vmap_options){ .in_axes = axes, .n_in = 3 });
    return vn_sum(vn_call(f, arg[0], arg[1], vn_concat(0, arg[1], arg[1])));
}

static vn_tree *centred(vn_tree *const arg[]) /* w_i, shared x */
{
    vn_array *mean = vn_pmean(arg[0], "rows");
    vn_array *sum = vn_psum(vn_mul(arg[0], vn_sum(arg[1])), "rows");
    return vn_mul(vn_square(vn_sub(arg[0], mean)), sum);
}

static vn_tree *named(vn_tree *const arg[])
{
    vn_tree *axes[] = { vn_int(0), vn_none() };
    vn_vmap_options o = { .in_axes = axes, .n_in = 2, .axis_name = "rows" };
    return vn_sum(vn_call(vn_filter_vmap(vn_function(centred, 2), &o), arg[0], arg[1]));
}

static vn_tree *compiled(vn_tree *const arg[])
{
    return vn_square(vn_call_n(vn_filter_jit(vn_function(plain, 2), NULL), 2, arg));
}

static vn_tree *checkpointed(vn_tree *const arg[])
{
    vn_tree *f = vn_filter_checkpoint(vn_function(plain, 2));
    return vn_sin(vn_call_n(f, 2, arg));
}

static vn_tree *slope(vn_tree *const arg[]) /* |df/dw|^2 of another function */
{
    return vn_sum(vn_square(vn_call_n(vn_filter_grad(vn_function(plain, 2), NULL), 2, arg)));
}

static vn_tree *tangent(vn_tree *const arg[]) /* the derivative along w itself */
{
    vn_tree *const tangents[] = { arg[0], vn_none() };
    return vn_at(vn_filter_jvp(vn_function(softmax, 2), 2, arg, tangents), 1);
}

static vn_tree *square_of(vn_tree *const arg[]) { return vn_sum(vn_square(arg[0])); }

static vn_tree *jacobian(vn_tree *const arg[])
{
    vn_array *h = vn_mul(arg[0], vn_sum(arg[1]));
    return vn_sum(vn_sin(vn_call(vn_filter_jacfwd(vn_function(square_of, 1)), h)));
}

static vn_tree *nine(vn_tree *const arg[]) /* h [4], s */
{
    return vn_ravel(vn_outer(vn_slice(vn_sin(arg[0]), 0, 0, 3, 1),
                             vn_mul(vn_slice(arg[0], 0, 1, 4, 1), arg[1])));
}

static vn_tree *wide_jacobian(vn_tree *const arg[]) /* nine unit vectors share an axis */
{
    vn_array *j = vn_call(vn_filter_jacrev(vn_function(nine, 2)), arg[0], vn_sum(arg[1]));
    return vn_sum(vn_square(j));
}

static vn_tree *checkpointed_step(vn_tree *const arg[]) /* w, h, x_t */
{
    return vn_call_n(vn_filter_checkpoint(vn_function(scan_step, 3)), 3, arg);
}

static vn_tree *checkpoint_in_scan(vn_tree *const arg[])
{
    vn_array *xs = vn_stack(0, arg[1], vn_cos(arg[1]));
    vn_tree *step = vn_partial(vn_function(checkpointed_step, 3), arg[0]);
    return vn_sum(vn_at(vn_scan(step, vn_sin(arg[1]), xs, 0), 1));
}

static vn_tree *vmap_step(vn_tree *const arg[]) /* w, h [3, 2], x_t -> (h, y) */
{
    vn_tree *axes[] = { vn_none(), vn_int(0), vn_none() };
    vn_tree *f = vn_filter_vmap(vn_function(scan_step, 3),
                                &(vn_vmap_options){ .in_axes = axes, .n_in = 3 });
    vn_tree *out = vn_call_n(f, 3, arg);
    return vn_tuple(vn_at(out, 0), vn_sum(vn_at(out, 1)));
}

static vn_tree *vmap_in_scan(vn_tree *const arg[])
{
    vn_array *h = vn_stack(0, arg[1], vn_sin(arg[1]), vn_scale(-1, arg[1]));
    vn_tree *step = vn_partial(vn_function(vmap_step, 3), arg[0]);
    return vn_sum(vn_at(vn_scan(step, h, vn_stack(0, arg[1], vn_cos(arg[1])), 0), 1));
}

static vn_tree *switch_step(vn_tree *const arg[]) /* w, x, (i, h): another branch each step */
{
    vn_array *i = vn_at(arg[2], 0), *h = vn_at(arg[2], 1);
    vn_tree *const branches[] = { vn_unary(vn_sin), vn_unary(vn_tanh), vn_unary(vn_cos) };
    vn_array *next = vn_switch_n(i, 3, branches, 1, &h);
    return vn_tuple(vn_add(i, vn_int(1)), vn_add(layer(arg[0], arg[1], next), h));
}

static vn_tree *switch_in_while(vn_tree *const arg[])
{
    vn_tree *body = vn_partial(vn_function(switch_step, 3), arg[0], arg[1]);
    vn_tree *init = vn_tuple(vn_scalar(VN_I32, 0), vn_cos(arg[1]));
    vn_tree *out = vn_while_loop(vn_function(goes_on, 1), body, init,
                                 &(vn_loop_options){ .max_steps = 4 });
    return vn_sum(vn_square(vn_at(out, 1)));
}

static vn_tree *log_step(vn_tree *const arg[]) /* w, x, (i, h, log) */
{
    vn_array *i = vn_at(arg[2], 0), *log = vn_at(arg[2], 2);
    vn_array *h = layer(arg[0], arg[1], vn_at(arg[2], 1));
    return vn_tuple(vn_add(i, vn_int(1)), h, vn_buffer_set(log, i, h, NULL));
}

static vn_tree *logged(vn_tree *const arg[])
{
    vn_tree *body = vn_partial(vn_function(log_step, 3), arg[0], arg[1]);
    vn_array *log = vn_zeros(VN_F64, VN_SHAPE(3, 2));
    vn_tree *init = vn_tuple(vn_scalar(VN_I32, 0), vn_cos(arg[1]), log);
    const vn_loop_options o = {
        .checkpoints = 2, .buffers = vn_tuple(vn_bool(false), vn_bool(false), vn_bool(true))
    };
    vn_tree *out = vn_while_loop(vn_function(goes_on, 1), body, init, &o);
    return vn_sum(vn_sin(vn_at(out, 2)));
}

/* ---- rules of one's own, that are right */

static vn_tree *cube(vn_tree *const arg[]) /* h, s -> h^3 s */
{
    return vn_mul(vn_mul(arg[0], vn_square(arg[0])), arg[1]);
}

static vn_tree *cube_fwd(vn_tree *const arg[]) { return vn_tuple(cube(arg), arg[0]); }

static vn_tree *cube_bwd(vn_tree *const arg[]) /* residuals, cotangent, h, s */
{
    return vn_mul(vn_scale(3, vn_square(arg[0])), vn_mul(arg[1], arg[3]));
}

static vn_tree *custom_vjp(vn_tree *const arg[]) /* s does not depend on w or x */
{
    vn_tree *f = vn_filter_custom_vjp(vn_function(cube, 2), vn_function(cube_fwd, 2),
                                      vn_function(cube_bwd, 4));
    vn_array *h = layer(arg[0], arg[1], arg[1]);
    return vn_sum(vn_call(f, h, vn_scalar(VN_F64, 2)));
}

static vn_tree *held_bwd(vn_tree *const arg[]) /* 3 / s, then as cube_bwd */
{
    return vn_mul(arg[0], vn_mul(vn_square(arg[1]), vn_mul(arg[2], vn_square(arg[4]))));
}

static vn_tree *holding_rule(vn_tree *const arg[]) /* a rule that holds an array */
{
    vn_tree *bwd = vn_partial(vn_function(held_bwd, 5), vn_scalar(VN_F64, 1.5));
    vn_tree *f =
        vn_filter_custom_vjp(vn_function(cube, 2), vn_function(cube_fwd, 2), bwd);
    vn_array *h = layer(arg[0], arg[1], arg[1]);
    return vn_sum(vn_call(f, h, vn_scalar(VN_F64, 2)));
}

static vn_tree *custom_vjp_in_jit(vn_tree *const arg[])
{
    return vn_sin(vn_call_n(vn_filter_jit(vn_function(custom_vjp, 2), NULL), 2, arg));
}

static vn_tree *cube_jvp(vn_tree *const arg[]) /* (h, s), tangents */
{
    vn_array *h = vn_at(arg[0], 0), *s = vn_at(arg[0], 1);
    vn_tree *const both[] = { h, s }, *const dh = vn_at(arg[1], 0);
    vn_array *slope_h = vn_mul(vn_scale(3, vn_square(h)), s);
    return vn_tuple(cube(both), vn_is_none(dh) ? vn_none() : vn_mul(slope_h, dh));
}

static vn_tree *custom_jvp(vn_tree *const arg[])
{
    vn_tree *f = vn_filter_custom_jvp(vn_function(cube, 2), vn_function(cube_jvp, 2));
    vn_array *h = layer(arg[0], arg[1], arg[1]);
    return vn_sum(vn_call(f, h, vn_scalar(VN_F64, 2)));
}

static vn_tree *custom_step(vn_tree *const arg[]) /* w, h, x_t -> (h, y) */
{
    vn_tree *f = vn_filter_custom_jvp(vn_function(cube, 2), vn_function(cube_jvp, 2));
    vn_array *h = vn_call(f, layer(arg[0], arg[2], arg[1]), vn_scalar(VN_F64, 2));
    return vn_tuple(h, vn_sum(h));
}

static vn_tree *custom_jvp_in_scan(vn_tree *const arg[])
{
    vn_array *xs = vn_stack(0, arg[1], vn_cos(arg[1]));
    vn_tree *step = vn_partial(vn_function(custom_step, 3), arg[0]);
    return vn_sum(vn_at(vn_scan(step, vn_sin(arg[1]), xs, 0), 1));
}

/* ---- C code on numbers, with its derivative */

static vn_tree *sine(vn_tree *const arg[]) { return vn_sin(arg[0]); }

static vn_array *called(vn_array *h, bool vectorised)
{
    const vn_callback_options o = { .vectorised = vectorised };
    vn_array *like = vn_shape_struct(VN_F64, vn_shape_of(h));
    return vn_filter_pure_callback(vn_function(sine, 1), like, &o, 1, &h);
}

static vn_tree *callbacks(vn_tree *const arg[]) /* h */
{
    return vn_add(called(arg[0], true), called(arg[0], false));
}

static vn_tree *callbacks_jvp(vn_tree *const arg[]) /* (h), (dh) */
{
    vn_tree *const h[] = { vn_at(arg[0], 0) };
    return vn_tuple(callbacks(h), vn_scale(2, vn_mul(vn_cos(h[0]), vn_at(arg[1], 0))));
}

static vn_tree *callback(vn_tree *const arg[])
{
    vn_tree *f =
        vn_filter_custom_jvp(vn_function(callbacks, 1), vn_function(callbacks_jvp, 2));
    return vn_sum(vn_square(vn_call(f, layer(arg[0], arg[1], arg[1]))));
}

static vn_tree *converted(vn_tree *const arg[])
{
    vn_tree *f = vn_partial(vn_function(plain, 2), arg[0]);
    return vn_call(vn_filter_closure_convert(f, 1, arg + 1), arg[1]);
}

const nest_function nest_functions[] = {
    { "plain", plain, 0 },
    { "softmax", softmax, 0 },
    { "solve", solve, 0 },
    { "gather", gather, 0 },
    { "branch", branch, 0 },
    { "cond", cond, 0 },
    { "scan", scan, 0 },
    { "loops in a wider vmap", wider, 0 },
    { "fori", fori, 0 },
    { "bounded while", bounded, 0 },
    { "while", unbounded, NEST_NO_REVERSE },
    { "while with checkpoints", treeverse, NEST_NO_FORWARD | NEST_NO_SECOND },
    { "while with a buffer", logged, NEST_NO_FORWARD | NEST_NO_SECOND },
    { "switch", switched, 0 },
    { "switch in while", switch_in_while, 0 },
    { "error_if", guarded, 0 },
    { "vmap", mapped, 0 },
    { "named vmap", named, 0 },
    { "jit", compiled, 0 },
    { "checkpoint", checkpointed, 0 },
    { "grad", slope, 0 },
    { "jvp", tangent, 0 },
    { "jacfwd", jacobian, 0 },
    { "wide jacrev", wide_jacobian, 0 },
    { "checkpoint in scan", checkpoint_in_scan, 0 },
    { "vmap in scan", vmap_in_scan, 0 },
    { "custom_vjp", custom_vjp, NEST_NO_FORWARD },
    { "custom_vjp that holds an array", holding_rule, NEST_NO_FORWARD },
    { "custom_vjp in jit", custom_vjp_in_jit, NEST_NO_FORWARD },
    { "custom_jvp", custom_jvp, 0 },
    { "custom_jvp in scan", custom_jvp_in_scan, 0 },
    { "callback", callback, 0 },
    { "closure_convert", converted, 0 },
};
const int nest_function_count = sizeof nest_functions / sizeof nest_functions[0];
