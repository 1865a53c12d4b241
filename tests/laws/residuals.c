/* SPDX-License-Identifier: MIT */
/* What scans keep for their reverse (core/plan/residuals.c): the compiled derivatives are those
 * of the eager calls, which compute everything again, with the same bits at any number of
 * threads; the reverse loop of a recurrent cell has no function of the forward in it, unless a
 * checkpoint asks for that or the steps are so many that they would take too much memory. The
 * weight gradients of few steps come behind the loop (core/plan/stacked_sums.c). */
#include <string.h>

#include "laws/describe.h"
#include "laws/tally.h"

enum { WIDTH = 6, BATCH = 37 };

/* ---- loops: (model, xs [length, WIDTH]) -> a number */

typedef vn_tree *loop_fn(vn_tree *const arg[]);

static vn_tree *gru_step(vn_tree *const arg[]) /* cell, h, x */
{
    vn_tree *const h = vn_call(arg[0], arg[2], arg[1]);
    return vn_tuple(h, vn_none());
}

static vn_tree *lstm_step(vn_tree *const arg[]) /* cell, (h, c), x */
{
    vn_tree *const state = vn_call(arg[0], arg[2], arg[1]);
    return vn_tuple(state, vn_square(vn_at(state, 0)));
}

/* y' = net(y) by Euler, with an intermediate value among the ys */
static vn_tree *euler_step(vn_tree *const arg[]) /* net, y, x */
{
    vn_tree *const slope = vn_sub(vn_call(arg[0], arg[1]), arg[2]);
    return vn_tuple(vn_add(arg[1], vn_scale(0.1, slope)), vn_exp(vn_neg(vn_square(slope))));
}

static vn_tree *zeros(vn_tree *x) { return vn_zeros(vn_dtype_of(x), VN_SHAPE(WIDTH)); }

static vn_tree *last_of(vn_tree *step, vn_tree *init, vn_tree *xs)
{
    vn_tree *const out = vn_scan(step, init, xs, 0);
    vn_tree *const ys = vn_at(out, 1);
    vn_tree *const last = vn_is_array(vn_at(out, 0)) ? vn_at(out, 0) : vn_at(vn_at(out, 0), 1);
    vn_tree *const sum = vn_sum(vn_mul(last, vn_square(last)));
    return vn_is_array(ys) ? vn_add(sum, vn_mean(ys)) : sum;
}

static vn_tree *gru(vn_tree *const arg[])
{
    return last_of(vn_partial(vn_function(gru_step, 3), arg[0]), zeros(arg[1]), arg[1]);
}

static vn_tree *checkpointed(vn_tree *const arg[])
{
    vn_tree *const step = vn_filter_checkpoint(vn_function(gru_step, 3));
    return last_of(vn_partial(step, arg[0]), zeros(arg[1]), arg[1]);
}

static vn_tree *lstm(vn_tree *const arg[])
{
    vn_tree *const init = vn_tuple(zeros(arg[1]), zeros(arg[1]));
    return last_of(vn_partial(vn_function(lstm_step, 3), arg[0]), init, arg[1]);
}

static vn_tree *euler(vn_tree *const arg[])
{
    return last_of(vn_partial(vn_function(euler_step, 3), arg[0]), vn_index(arg[1], 0, 0),
                   arg[1]);
}

/* Arithmetic whose parts are each read twice, over and over: 2^30 paths to the input. */
static vn_tree *fold_step(vn_tree *const arg[])
{
    vn_tree *y = vn_tanh(vn_call(arg[0], vn_add(arg[1], arg[2])));
    for (int i = 0; i < 30; i++)
        y = vn_scale(0.55, vn_add(y, vn_mul(y, y)));
    return vn_tuple(y, vn_none());
}

static vn_tree *folded(vn_tree *const arg[])
{
    return last_of(vn_partial(vn_function(fold_step, 3), arg[0]), zeros(arg[1]), arg[1]);
}

/* Two layers, the second of which runs over the first's states. */
static vn_tree *stack_step(vn_tree *const arg[])
{
    vn_tree *const h = vn_call(arg[0], arg[2], arg[1]);
    return vn_tuple(h, h);
}

static vn_tree *stacked(vn_tree *const arg[])
{
    vn_tree *const step = vn_partial(vn_function(stack_step, 3), arg[0]);
    return gru((vn_tree *[]){ arg[0],
                              vn_at(vn_scan(step, zeros(arg[1]), arg[1], 0), 1) });
}

/* A loop that ends for an example when its state is large: steps are left out. */
static vn_tree *is_small(vn_tree *const arg[]) /* (h, x, net) */
{
    return vn_lt(vn_sum(vn_square(vn_at(arg[0], 0))), vn_float(3.0));
}

static vn_tree *grow(vn_tree *const arg[])
{
    vn_tree *const h = vn_at(arg[0], 0), *const x = vn_at(arg[0], 1), *net = vn_at(arg[0], 2);
    return vn_tuple(vn_add(h, vn_tanh(vn_add(vn_call(net, h), x))), x, net);
}

static vn_tree *bounded(vn_tree *const arg[])
{
    vn_tree *const state = vn_tuple(zeros(arg[1]), vn_index(arg[1], 0, 0), arg[0]);
    const vn_loop_options o = { .max_steps = 12, .kind = VN_LOOP_BOUNDED };
    vn_tree *const end =
        vn_while_loop(vn_function(is_small, 1), vn_function(grow, 1), state, &o);
    return vn_sum(vn_square(vn_at(end, 0)));
}

/* ---- their derivatives */

static vn_tree *batched(vn_tree *const arg[]) /* loop, model, xs [BATCH, length, WIDTH] */
{
    vn_tree *axes[] = { vn_none(), vn_int(0) };
    const vn_vmap_options o = { .in_axes = axes, .n_in = 2 };
    return vn_mean(vn_call(vn_filter_vmap(arg[0], &o), arg[1], arg[2]));
}

static vn_tree *slope(vn_tree *const arg[]) /* f, model, xs -> |df / dxs|^2 */
{
    vn_tree *const f = vn_filter_grad(vn_partial(arg[0], arg[1]), NULL);
    return vn_sum(vn_square(vn_call(f, arg[2])));
}

static void check_numbers(const char *name, vn_tree *f, vn_tree *model, vn_tree *xs)
{
    const double tolerance = vn_dtype_of(xs) == VN_F64 ? 1e-10 : 2e-4;
    const vn_tree_equal_options close = { .rtol = tolerance, .atol = tolerance };
    vn_tree *const grad = vn_filter_value_and_grad(f, NULL);
    vn_tree *const fast = vn_filter_jit(grad, NULL), *const eager = vn_call(grad, model, xs);
    vn_tree *first = NULL;
    for (int threads = 1; threads <= 4; threads++) {
        vn_set_num_threads(threads);
        vn_tree *const got = vn_call(fast, model, xs);
        first = first ? first : got;
        expect(got && vn_tree_equal(got, eager, &close), "compiled is not eager", name);
        expect(vn_tree_equal(got, first, NULL), "other bits with other threads", name);
    }
    vn_set_num_threads(0);
}

static void check_loop(const char *name, loop_fn *loop, vn_tree *model, vn_dtype dtype)
{
    vn_tree *const f = vn_function(loop, 2);
    vn_tree *const all = vn_partial(vn_function(batched, 3), f);
    vn_array *const xs = vn_normal(vn_key(2), VN_SHAPE(BATCH, 9, WIDTH), dtype);
    check_numbers(name, f, model, vn_index(xs, 0, 0));
    check_numbers(name, all, model, xs);
    check_numbers(name, vn_partial(vn_function(slope, 3), f), model, vn_index(xs, 0, 1));
    check_numbers(name, vn_partial(vn_function(slope, 3), all), model, xs);
}

/* ---- what is computed again */

/* How often the plan of the gradient has the function. */
static int count_of(const char *what, loop_fn *loop, vn_tree *model, int64_t length)
{
    static char text[LAW_TEXT];
    int count = 0;
    vn_tree *const f = vn_partial(vn_function(batched, 3), vn_function(loop, 2));
    vn_tree *const xs = vn_zeros(VN_F32, VN_SHAPE(BATCH, length, WIDTH));
    law_describe(text, vn_plan_print, vn_filter_grad(f, NULL), 2, (vn_tree *[]){ model, xs });
    for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
        count += strncmp(at + strlen(what), "_grad", 5) != 0;
    return vn_ok() ? count : -1;
}

/* a step of the stage, not of a loop in it */
#define BEHIND "\n      dot_general + sum over lanes"

static void check_plans(vn_tree *cell, vn_tree *net)
{
    expect(count_of("tanh", gru, cell, 9) == 1, "tanh once", "gru");
    expect(count_of("sigmoid", gru, cell, 9) == 1, "sigmoid once", "gru");
    expect(count_of("tanh", stacked, cell, 9) == 2, "tanh once a layer", "stacked");
    expect(count_of("tanh", checkpointed, cell, 9) == 2, "tanh again", "checkpointed");
    expect(count_of("tanh", gru, cell, 30000) == 2, "tanh again", "many steps");
    expect(count_of(BEHIND, gru, cell, 9) == 2, "weights behind the loop", "gru");
    expect(count_of(BEHIND, gru, cell, 300) == 0, "weights in the loop", "more steps");
    expect(count_of("tanh", bounded, net, 9) == 2, "tanh once a layer", "bounded");
}

int main(void)
{
    for (int wide = 0; wide < 2; wide++)
        VN_SCOPE {
            const vn_dtype dtype = wide ? VN_F64 : VN_F32;
            vn_set_default_dtype(dtype);
            vn_tree *const cell = vn_gru_cell(WIDTH, WIDTH, vn_key(0), NULL);
            vn_tree *const long_cell = vn_lstm_cell(WIDTH, WIDTH, vn_key(1), NULL);
            vn_tree *const net = vn_mlp(WIDTH, WIDTH, 16, 1, vn_key(3),
                                        &(vn_mlp_options){ .activation = vn_unary(vn_tanh) });
            check_loop("gru", gru, cell, dtype);
            check_numbers("gru of no steps", vn_function(gru, 2), cell,
                          vn_zeros(dtype, VN_SHAPE(0, WIDTH)));
            check_loop("checkpointed", checkpointed, cell, dtype);
            check_loop("stacked", stacked, cell, dtype);
            check_loop("lstm", lstm, long_cell, dtype);
            check_loop("euler", euler, net, dtype);
            check_loop("bounded", bounded, net, dtype);
            check_loop("folded", folded, net, dtype);
            if (!wide)
                check_plans(cell, net);
        }
    vn_finish();
    return report();
}
