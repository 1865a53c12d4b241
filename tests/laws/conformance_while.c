/* SPDX-License-Identifier: MIT */
/* Row 41: loops of every kind against a scan with masks, values and gradients: a vector that
 * is turned by an angle that an MLP makes of it, and that writes itself into a buffer of 20.
 * Six lanes begin at different steps. Loops in loops. */
#include "laws/conformance.h"

#include <math.h>

enum { STEPS = 14, BOUND = 16, ROWS = 20, LANES = 6 };

/* ---- the problem; a state is (step, value [2], buffer [20, 2]) */

static vn_array *turned(vn_tree *model, vn_array *value)
{
    vn_array *angle = vn_index(vn_call(model, value), 0, 0);
    vn_array *x = vn_index(value, 0, 0), *y = vn_index(value, 0, 1);
    vn_array *c = vn_cos(angle), *s = vn_sin(angle);
    return vn_stack(0, vn_sub(vn_mul(c, x), vn_mul(s, y)), vn_add(vn_mul(s, x), vn_mul(c, y)));
}

static vn_tree *goes_on(vn_tree *const arg[]) /* limit, state */
{
    return vn_lt(vn_at(arg[1], 0), arg[0]);
}

static vn_tree *step(vn_tree *const arg[]) /* model, state */
{
    vn_array *i = vn_at(arg[1], 0), *value = turned(arg[0], vn_at(arg[1], 1));
    return vn_tuple(vn_add(i, vn_int(1)), value,
                    vn_buffer_set(vn_at(arg[1], 2), i, value, NULL));
}

/* ---- the reference: every step of a scan, kept only while the loop goes on */

static vn_tree *keep(vn_tree *pred, vn_tree *new, vn_tree *old)
{
    vn_tree *items[3];
    for (int i = 0; i < 3; i++)
        items[i] = vn_where(pred, vn_at(new, i), vn_at(old, i));
    return vn_tuple_n(3, items);
}

static vn_tree *masked_step(vn_tree *const arg[]) /* model, limit, state, x */
{
    vn_tree *const in[] = { arg[1], arg[2] }, *const both[] = { arg[0], arg[2] };
    return vn_tuple(keep(goes_on(in), step(both), arg[2]), vn_none());
}

static vn_tree *initial(vn_tree *const arg[]) /* (model, value, buffer), start */
{
    return vn_tuple(arg[1], vn_at(arg[0], 1), vn_at(arg[0], 2));
}

static vn_tree *reference(vn_tree *const arg[]) /* (model, value, buffer), start, limit */
{
    vn_tree *f = vn_partial(vn_function(masked_step, 4), vn_at(arg[0], 0), arg[2]);
    return vn_at(vn_scan(f, initial(arg), vn_none(), BOUND), 0);
}

/* ---- the loops */

static vn_tree *loop(vn_tree *const arg[], vn_loop_options options, bool buffers)
{
    vn_tree *cond = vn_partial(vn_function(goes_on, 2), arg[2]);
    vn_tree *body = vn_partial(vn_function(step, 2), vn_at(arg[0], 0));
    if (buffers)
        options.buffers = vn_tuple(vn_bool(false), vn_bool(false), vn_bool(true));
    return vn_while_loop(cond, body, initial(arg), &options);
}

static const vn_loop_options kinds[] = {
    { .kind = VN_LOOP_BOUNDED, .max_steps = BOUND },
    { .kind = VN_LOOP_CHECKPOINTED, .max_steps = BOUND },
    { .kind = VN_LOOP_CHECKPOINTED, .checkpoints = 3 },
    { .kind = VN_LOOP_LAX },
};
static const char *const kind_names[] = { "bounded", "checkpointed", "3 checkpoints", "lax" };

static vn_tree *looped(vn_tree *const arg[]) /* the kind, the arguments of reference */
{
    int64_t kind = vn_int_value(arg[0]);
    return loop(arg + 1, kinds[kind / 2], kind % 2);
}

/* ---- one number of each result, and what the sums of squares would hide */

static vn_array *number(vn_tree *state)
{
    vn_array *value = vn_at(state, 1), *buffer = vn_at(state, 2);
    vn_array *weights = vn_reshape(vn_arange(VN_F32, 2 * ROWS), VN_SHAPE(ROWS, 2));
    return vn_add(vn_sum(vn_exp(value)), vn_sum(vn_mul(vn_sin(weights), buffer)));
}

static vn_tree *measured(vn_tree *const arg[]) /* trained, f, start, limit */
{
    return number(vn_call(arg[1], arg[0], arg[2], arg[3]));
}

/* (value, gradient) by lane and, for the mean, over all lanes. */
static vn_tree *by_lane(vn_tree *const arg[]) /* trained, f, starts, limit */
{
    vn_tree *const axes[] = { vn_none(), vn_none(), vn_int(0), vn_none() };
    vn_tree *f = vn_filter_value_and_grad(vn_function(measured, 4), NULL);
    vn_tree *mapped = vn_filter_vmap(f, &(vn_vmap_options){ .in_axes = axes, .n_in = 4 });
    return vn_call_n(mapped, 4, arg);
}

/* The same for two axes of starts, one of them a loop around the lanes. */
static vn_tree *by_two_axes(vn_tree *const arg[])
{
    vn_tree *const axes[] = { vn_none(), vn_none(), vn_int(0), vn_none() };
    vn_tree *const grid[] = { arg[0], arg[1], vn_reshape(arg[2], VN_SHAPE(2, 3)), arg[3] };
    vn_tree *f = vn_function(by_lane, 4);
    return vn_call_n(vn_filter_vmap(f, &(vn_vmap_options){ .in_axes = axes, .n_in = 4 }), 4,
                     grid);
}

static vn_tree *mean_of_lanes(vn_tree *const arg[])
{
    vn_tree *const axes[] = { vn_none(), vn_none(), vn_int(0), vn_none() };
    vn_tree *mapped = vn_filter_vmap(vn_function(measured, 4),
                                     &(vn_vmap_options){ .in_axes = axes, .n_in = 4 });
    return vn_mean(vn_call_n(mapped, 4, arg));
}

static bool close(vn_tree *a, vn_tree *b)
{
    return vn_tree_equal(a, b, &(vn_tree_equal_options){ .rtol = 1e-4, .atol = 1e-4 });
}

static vn_tree *tangent_of(vn_tree *f, vn_tree *trained, vn_tree *starts, vn_tree *limit)
{
    vn_tree *const primals[] = { trained, f, starts, limit };
    vn_tree *direction = vn_filter(trained, vn_is_inexact_array);
    vn_tree *const tangents[] = { direction, vn_none(), vn_none(), vn_none() };
    return vn_at(vn_filter_jvp(vn_function(measured, 4), 4, primals, tangents), 1);
}

static vn_tree *tangent(vn_tree *const arg[])
{
    return tangent_of(arg[1], arg[0], arg[2], arg[3]);
}

static void compare(const char *what, vn_fn *fn, bool compiled, vn_tree *f, vn_tree *want_of,
                    vn_tree *const rest[3])
{
    vn_tree *g = vn_function_named(fn, 4, "g"), *run = compiled ? vn_filter_jit(g, NULL) : g;
    vn_tree *want = vn_call(g, rest[0], want_of, rest[1], rest[2]);
    expect_that(close(vn_call(run, rest[0], f, rest[1], rest[2]), want), what);
}

static void check_kind(int kind, vn_tree *trained, vn_array *starts, vn_array *limit)
{
    char what[160];
    vn_tree *f = vn_partial(vn_function(looped, 4), vn_int(kind));
    vn_tree *want = vn_function(reference, 3), *start = vn_index(starts, 0, 2);
    vn_tree *const one[] = { trained, start, limit }, *const all[] = { trained, starts, limit };
    vn_tree *grad = vn_filter_value_and_grad(vn_function(measured, 4), NULL);
    vn_tree *mean = vn_filter_value_and_grad(vn_function(mean_of_lanes, 4), NULL);
    for (int compiled = 0; compiled < 2; compiled++) {
        snprintf(what, sizeof what, "%s%s, %s", kind_names[kind / 2],
                 kind % 2 ? " with a buffer" : "", compiled ? "compiled" : "at once");
        compare(what, measured, compiled, f, want, one);
        compare(what, tangent, compiled, f, want, one);
        if (kind / 2 == 3)
            continue; /* lax: no reverse mode */
        vn_tree *run = compiled ? vn_filter_jit(grad, NULL) : grad;
        expect_that(close(vn_call(run, trained, f, start, limit),
                          vn_call(grad, trained, want, start, limit)),
                    what);
        run = compiled ? vn_filter_jit(mean, NULL) : mean;
        expect_that(close(vn_call(run, trained, f, starts, limit),
                          vn_call(mean, trained, want, starts, limit)),
                    what);
        compare(what, by_lane, compiled, f, want, all);
        compare(what, by_two_axes, compiled, f, want, all);
    }
}

/* ---- a loop in a loop that share a buffer: inner loops of up to three steps, each saved */

static vn_tree *inner_goes_on(vn_tree *const arg[]) /* start, limit, state */
{
    vn_array *i = vn_at(arg[2], 0);
    return vn_and(vn_lt(i, vn_add(arg[0], vn_int(3))), vn_lt(i, arg[1]));
}

static vn_tree *outer_step(vn_tree *const arg[]) /* model, limit, state */
{
    vn_array *i = vn_at(arg[2], 0);
    const vn_loop_options options = {
        .checkpoints = 2,
        .buffers = vn_tuple(vn_bool(false), vn_bool(false), vn_bool(true))
    };
    vn_tree *cond = vn_partial(vn_function(inner_goes_on, 3), i, arg[1]);
    vn_tree *body = vn_partial(vn_function(step, 2), arg[0]);
    vn_tree *out = vn_while_loop(cond, body, arg[2], &options);
    return vn_tuple(vn_at(out, 0), vn_scale(0.9, vn_at(out, 1)), vn_at(out, 2));
}

enum { SAVES = 47 };

static vn_tree *nested(vn_tree *const arg[]) /* (model, value), limit -> state */
{
    vn_tree *log = vn_zeros(VN_F32, VN_SHAPE(SAVES, 2));
    vn_tree *init = vn_tuple(vn_scalar(VN_I32, 0), vn_at(arg[0], 1), log);
    const vn_loop_options options = {
        .checkpoints = 4,
        .buffers = vn_tuple(vn_bool(false), vn_bool(false), vn_bool(true))
    };
    vn_tree *cond = vn_partial(vn_function(goes_on, 2), arg[1]);
    vn_tree *body = vn_partial(vn_function(outer_step, 3), vn_at(arg[0], 0), arg[1]);
    return vn_while_loop(cond, body, init, &options);
}

static vn_tree *nested_loss(vn_tree *const arg[])
{
    vn_tree *state = nested(arg);
    vn_array *weights = vn_sin(vn_arange(VN_F32, 2 * SAVES));
    vn_array *log = vn_sum(vn_mul(weights, vn_ravel(vn_at(state, 2))));
    return vn_tuple(vn_add(log, vn_sum(vn_exp(vn_at(state, 1)))), vn_at(state, 0));
}

static void check_nested(vn_tree *model, vn_array *value)
{
    vn_array *limits = vn_array_from(VN_I32, VN_SHAPE(2), (int32_t[]){ 46, 43 });
    vn_tree *grad = vn_filter_value_and_grad(vn_function(nested_loss, 2),
                                             &(vn_grad_options){ .has_aux = true });
    vn_tree *const axes[] = { vn_none(), vn_int(0) };
    vn_tree *mapped = vn_filter_vmap(grad, &(vn_vmap_options){ .in_axes = axes, .n_in = 2 });
    vn_tree *both = vn_call(vn_filter_jit(mapped, NULL), vn_tuple(model, value), limits);
    expect_numbers("final steps", vn_at(vn_at(both, 0), 1), VN_SHAPE(2),
                   (double[]){ 46, 43 });
    expect_that(close(both, vn_call(mapped, vn_tuple(model, value), limits)),
                "nested loops, compiled, against C loops");
}

/* ---- what must not be */

static vn_tree *always(vn_tree *const arg[])
{
    (void)arg;
    return vn_bool(true);
}

static vn_tree *longer(vn_tree *const arg[]) { return vn_concat(0, arg[0], arg[0]); }
static vn_tree *wrapped(vn_tree *const arg[]) { return vn_tuple(arg[0]); }

static vn_tree *run_longer(vn_tree *const arg[])
{
    return vn_while_loop(vn_function(always, 1), vn_function(longer, 1), arg[0], NULL);
}

static vn_tree *run_wrapped(vn_tree *const arg[])
{
    return vn_while_loop(vn_function(always, 1), vn_function(wrapped, 1), arg[0], NULL);
}

static vn_tree *no_steps(vn_tree *const arg[])
{
    return vn_while_loop(vn_function(always, 1), vn_function(longer, 1), arg[0],
                         &(vn_loop_options){ .max_steps = VN_NO_STEPS });
}

static vn_tree *pair_step(vn_tree *const arg[]) /* carry [3], x [2] */
{
    vn_tree *const y = vn_tuple(vn_cast(arg[1], VN_I32), vn_sum(arg[0]));
    return vn_tuple(vn_scale(2, arg[0]), y);
}

static vn_tree *scan_pairs(vn_tree *const arg[]) /* carry, xs */
{
    return vn_scan(vn_function(pair_step, 2), arg[0], arg[1], 0);
}

/* A scan of no steps: the initial carry, and ys of no rows whose shapes the function tells. */
static void check_no_steps(void)
{
    vn_array *x = vn_ones(VN_F32, VN_SHAPE(3)), *xs = vn_zeros(VN_F32, VN_SHAPE(0, 2));
    vn_tree *ys = vn_tuple(vn_zeros(VN_I32, VN_SHAPE(0, 2)), vn_zeros(VN_F32, VN_SHAPE(0)));
    vn_tree *f = vn_function(scan_pairs, 2), *want = vn_tuple(x, ys);
    expect_that(vn_tree_equal(vn_call(f, x, xs), want, NULL), "no steps, eager");
    expect_that(vn_tree_equal(vn_call(vn_filter_jit(f, NULL), x, xs), want, NULL),
                "no steps, compiled");
}

static void check_errors(void)
{
    vn_array *x = vn_ones(VN_F32, VN_SHAPE(3));
    for (int compiled = 0; compiled < 2; compiled++) {
        vn_tree *f = vn_function(no_steps, 1), *g = vn_function(run_longer, 1);
        vn_tree *h = vn_function(run_wrapped, 1);
        expect_that(vn_tree_equal(vn_call(compiled ? vn_filter_jit(f, NULL) : f, x), x, NULL),
                    "no steps give the initial value");
        vn_call(compiled ? vn_filter_jit(g, NULL) : g, x);
        expect_error("a body that changes the shape", VN_ERR_SHAPE);
        vn_call(compiled ? vn_filter_jit(h, NULL) : h, x);
        expect_error("a body that changes the structure", VN_ERR_STRUCTURE);
    }
    vn_tree *id = vn_function(wrapped, 1), *yes = vn_function(always, 1);
    vn_while_loop(yes, id, x, &(vn_loop_options){ .kind = VN_LOOP_BOUNDED });
    expect_error("bounded without a bound", VN_ERR_ARGUMENT);
    vn_while_loop(yes, id, x, &(vn_loop_options){ .kind = VN_LOOP_CHECKPOINTED });
    expect_error("checkpointed without a number", VN_ERR_ARGUMENT);
    vn_while_loop(yes, id, x, &(vn_loop_options){ .checkpoints = -1 });
    expect_error("a negative number of checkpoints", VN_ERR_ARGUMENT);
    vn_while_loop(yes, id, x, &(vn_loop_options){ .max_steps = -2 });
    expect_error("a negative bound", VN_ERR_ARGUMENT);
}

void row_41_loops(void)
{
    vn_tree *model = vn_mlp(2, 1, 2, 2, vn_key(5), NULL);
    vn_array *value = vn_normal(vn_key(6), VN_SHAPE(2), VN_F32);
    vn_array *buffer = vn_normal(vn_key(7), VN_SHAPE(ROWS, 2), VN_F32);
    vn_tree *trained = vn_tuple(model, value, buffer);
    vn_array *starts =
        vn_array_from(VN_I32, VN_SHAPE(LANES), (int32_t[]){ 0, 1, 2, 3, 5, 10 });
    for (int kind = 0; kind < 8; kind++)
        VN_SCOPE
        check_kind(kind, trained, starts, vn_scalar(VN_I32, STEPS));
    check_nested(model, value);
    check_no_steps();
    check_errors();
}
