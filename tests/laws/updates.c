/* SPDX-License-Identifier: MIT */
/* Training steps of wide nets, whose updates take place between the steps of the stage that
 * makes their gradients (core/plan/segments.c): the numbers of the eager steps, the same bits
 * at any number of threads and whether buffers are donated or not. The layers between have
 * weights of one shape, so that each could take over the buffer of any other. Of few examples
 * the gradients of layers are never in memory: their updates read columns and rows. Nor are
 * they where a multiple of them is added to the weights: the sums do that (plan/updates.c), and
 * lose nothing of small steps. */
#include "laws/describe.h"
#include "laws/tally.h"

enum { INPUTS = 90, WIDTH = 270, DEPTH = 3, OUTPUTS = 70, STEPS = 2 };

static vn_tree *loss(vn_tree *const arg[]) /* model, x, y */
{
    return vn_mean(vn_square(vn_sub(vn_vmap_call(arg[0], arg[1]), arg[2])));
}

static vn_tree *step(vn_tree *const arg[]) /* optimiser, data, model, state */
{
    vn_tree *const grad = vn_filter_value_and_grad(vn_function(loss, 3), NULL);
    vn_tree *const both = vn_call(grad, arg[2], vn_at(arg[1], 0), vn_at(arg[1], 1));
    vn_tree *const update = vn_optim_update(arg[0], vn_at(both, 1), arg[3], arg[2]);
    return vn_tuple(vn_at(both, 0), vn_apply_updates(arg[2], vn_at(update, 0)),
                    vn_at(update, 1));
}

/* The old weights too: nobody may overwrite them. */
static vn_tree *step_and_old(vn_tree *const arg[])
{
    return vn_tuple(step(arg), vn_filter(arg[2], vn_is_inexact_array));
}

static vn_tree *model_of(void)
{
    return vn_mlp(INPUTS, OUTPUTS, WIDTH, DEPTH, vn_key(0), NULL);
}

static vn_tree *data_of(int64_t batch, vn_dtype dtype)
{
    return vn_tuple(vn_normal(vn_key(1), VN_SHAPE(batch, INPUTS), dtype),
                    vn_normal(vn_key(2), VN_SHAPE(batch, OUTPUTS), dtype));
}

/* Loss, model and state after some steps from one start. */
static vn_tree *train(vn_tree *f, vn_tree *optimiser, vn_tree *data)
{
    vn_tree *model = model_of(), *state = vn_optim_init(optimiser, model), *value = NULL;
    for (int i = 0; i < STEPS && vn_ok(); i++) {
        vn_tree *const out = vn_call(f, data, model, state);
        value = vn_at(out, 0);
        model = vn_at(out, 1);
        state = vn_at(out, 2);
    }
    return vn_filter(vn_tuple(value, model, state), vn_is_array);
}

static bool close_by(vn_array *x, vn_array *y)
{
    const double most = vn_item(vn_max(vn_abs(vn_sub(x, y))));
    return most < 1e-9;
}

static int count(const char *what, vn_tree *f, int n, vn_tree *const arg[])
{
    static char text[LAW_TEXT];
    int times = 0;
    law_describe(text, vn_plan_print, f, n, arg);
    for (const char *at = text; (at = strstr(at, what)); at++)
        times++;
    return times;
}

static int stages_in(vn_tree *f, int n, vn_tree *const arg[])
{
    return count("\n  stage", f, n, arg);
}

enum { ONE, SEVERAL, ANY };      /* segments */
enum { FEW = 3, IN_SUMS = 256 }; /* examples */

static bool is_by_sums(const char *which, int64_t batch)
{
    return !strcmp(which, "sgd") && batch > FEW && batch <= IN_SUMS;
}

static void check(const char *which, vn_tree *optimiser, int64_t batch, int segments)
{
    static const int threads[] = { 1, 3 };
    const vn_jit_options donate = { .donate = VN_DONATE_ALL_EXCEPT_FIRST };
    vn_tree *const f = vn_partial(vn_function(step, 4), optimiser);
    vn_tree *const kept = vn_partial(vn_function(step_and_old, 4), optimiser);
    vn_tree *const data = data_of(batch, vn_default_dtype()), *const model = model_of();
    vn_tree *const arg[] = { data, model, vn_optim_init(optimiser, model) };
    const int stages = stages_in(f, 3, arg);
    if (segments != ANY)
        expect_of(segments == ONE ? stages == 1 : stages > DEPTH, "other segments", which,
                  batch);
    expect_of(stages_in(kept, 3, arg) == stages, "other segments with the old", which, batch);
    const int made = count("dot_general + sum over lanes", f, 3, arg);
    expect_of(made == (batch <= FEW ? 0 : DEPTH + 1), "other gradients in memory", which,
              batch);
    const int updated = count("* scale + weights", f, 3, arg);
    expect_of(updated == (is_by_sums(which, batch) ? DEPTH + 1 : 0), "other updates by sums",
              which, batch);
    vn_tree *const eager = train(f, optimiser, data);
    vn_tree *first = NULL;
    for (int t = 0; t < 2; t++) {
        vn_set_num_threads(threads[t]);
        vn_tree *const got = train(vn_filter_jit(f, NULL), optimiser, data);
        vn_tree *const donated = train(vn_filter_jit(f, &donate), optimiser, data);
        first = first ? first : got;
        expect_of(leaves_agree(got, first, same_bits), "other bits with threads", which, batch);
        expect_of(leaves_agree(donated, got, same_bits), "other bits donated", which, batch);
    }
    if (vn_default_dtype() == VN_F64)
        expect_of(leaves_agree(first, eager, close_by), "not the eager steps", which, batch);
    vn_tree *const both = vn_call(vn_filter_jit(kept, &donate), data, model, arg[2]);
    expect_of(
        leaves_agree(vn_at(both, 1), vn_filter(model_of(), vn_is_inexact_array), same_bits),
        "the old weights are gone", which, batch);
    vn_set_num_threads(0);
}

/* ---- small steps: each term of a sum is less than the weights can show, and all are not */

enum { SIDE = 400, TERMS = 250 };

static vn_tree *product(vn_tree *const arg[]) { return vn_matmul(arg[0], arg[1]); }

static vn_tree *product_loss(vn_tree *const arg[]) /* weights, x, y */
{
    vn_tree *const f = vn_partial(vn_function(product, 2), arg[0]);
    return vn_sum(vn_mul(vn_vmap_call(f, arg[1]), arg[2]));
}

static vn_tree *descend(vn_tree *const arg[]) /* weights, x, y: all positive */
{
    vn_tree *const grad = vn_filter_grad(vn_function(product_loss, 3), NULL);
    return vn_add(arg[0], vn_scale(-1e-8, vn_call(grad, arg[0], arg[1], arg[2])));
}

static void check_small_steps(void)
{
    vn_tree *const f = vn_function(descend, 3);
    vn_tree *arg[3] = { vn_ones(VN_F32, VN_SHAPE(SIDE, SIDE)) }, *exact[3];
    for (int i = 1; i < 3; i++)
        arg[i] = vn_uniform(vn_key((uint64_t)i), VN_SHAPE(TERMS, SIDE), VN_F32, 1, 2);
    for (int i = 0; i < 3; i++)
        exact[i] = vn_cast(arg[i], VN_F64);
    expect_of(count("* scale + weights", f, 3, arg) == 1, "no update by the sum", "", TERMS);
    vn_array *const got = vn_call_n(vn_filter_jit(f, NULL), 3, arg);
    vn_array *const error = vn_sub(vn_cast(got, VN_F64), vn_call_n(f, 3, exact));
    /* numbers below 1 are 2^-24 apart: half of that for the panels that are full, as much for
     * the one that is not, and what the sum itself loses */
    const double most = vn_item(vn_max(vn_abs(error))) / 0x1p-24;
    expect_of(most <= 1.01, "small steps are lost", "", TERMS);
}

int main(void)
{
    static const int64_t batches[] = { 1, 3, 4, 50, 130, 300 };
    enum { BATCHES = sizeof batches / sizeof batches[0] };
    for (int wide = 0; wide < 2; wide++) {
        vn_set_default_dtype(wide ? VN_F64 : VN_F32);
        for (int i = 0; i < BATCHES; i++)
            VN_SCOPE
            {
                const int segments = batches[i] <= FEW ? ONE : SEVERAL;
                vn_tree *const rate = vn_float(1e-2);
                check("sgd", vn_sgd(rate, NULL), batches[i],
                      is_by_sums("sgd", batches[i]) ? ONE : segments);
                check("adam", vn_adam(rate, NULL), batches[i], segments);
                check("adamw", vn_adamw(rate, NULL), batches[i], segments);
                check("clipped sgd", vn_chain(vn_clip_by_global_norm(1e-3), vn_sgd(rate, NULL)),
                      batches[i], ANY);
            }
        VN_SCOPE check("several tiles", vn_sgd(vn_float(1e-2), NULL), 1300, ONE);
    }
    VN_SCOPE check_small_steps();
    vn_finish();
    return report();
}
