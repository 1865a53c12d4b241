/* SPDX-License-Identifier: MIT */
/* Gradients through scan, with and without checkpoints, and through a bounded while loop. */
#include "golden/leaves.h"
#include "golden/record.h"
#include "golden/transforms.h"
#include "golden/written.h"
#include "vernal/nn.h"
#include "vernal/ops.h"
#include "vernal/random.h"
#include "vernal/transform.h"

/* ---- scan: h_t = cell(x_t, h_t-1), loss = |h_last|^2 / 2 + sum of all |h_t|^2 / 2 */

static vn_tree *scan_step(vn_tree *const arg[]) /* cell, h, x -> (h, h) */
{
    vn_tree *h = vn_call(arg[0], arg[2], arg[1]);
    return vn_tuple(h, h);
}

static vn_tree *scan_all(vn_tree *const arg[]) /* cell, xs -> (h_last, hs) */
{
    vn_tree *step = vn_partial(vn_function(scan_step, 3), arg[0]);
    vn_array *h0 =
        vn_zeros(vn_dtype_of(arg[1]), VN_SHAPE(vn_dim(vn_get(arg[0], "weight_hh"), 1)));
    return vn_scan(step, h0, arg[1], 0);
}

static vn_tree *scan_loss(vn_tree *const arg[]) /* (cell, xs) */
{
    vn_tree *const parts[] = { vn_at(arg[0], 0), vn_at(arg[0], 1) };
    return golden_half_squares(scan_all(parts));
}

/* The same with every step computed again for the gradient. */
static vn_tree *scan_loss_checkpointed(vn_tree *const arg[])
{
    vn_tree *cell = vn_at(arg[0], 0), *xs = vn_at(arg[0], 1);
    vn_tree *step = vn_partial(vn_filter_checkpoint(vn_function(scan_step, 3)), cell);
    vn_array *h0 = vn_zeros(vn_dtype_of(xs), VN_SHAPE(vn_dim(vn_get(cell, "weight_hh"), 1)));
    return golden_half_squares(vn_scan(step, h0, xs, 0));
}

static void check_scan(golden_run *r, vn_fn *loss, vn_tree *cell, vn_array *xs, bool jit)
{
    vn_tree *grad = golden_compiled(vn_filter_grad(vn_function(loss, 1), NULL), jit);
    vn_tree *both = vn_call(grad, vn_tuple(cell, xs));
    golden_check_leaves(r, "scan_grad/", vn_at(both, 0), GOLDEN_GRADIENT);
    golden_check(r, "scan_grad_xs", vn_at(both, 1), GOLDEN_GRADIENT);
}

/* ---- while: y <- y + 0.1 m(y) while step < limit; the value is (y, step) */

static vn_tree *loop_goes_on(vn_tree *const arg[]) /* limit, value */
{
    return vn_lt(vn_at(arg[1], 1), arg[0]);
}

static vn_tree *loop_body(vn_tree *const arg[]) /* m, value */
{
    vn_array *y = vn_at(arg[1], 0), *step = vn_at(arg[1], 1);
    vn_array *change = vn_scale(0.1, vn_call(arg[0], y));
    return vn_tuple(vn_add(y, change), vn_add(step, vn_int(1)));
}

static vn_tree *loop(vn_tree *const arg[]) /* (m, y), limit, (max_steps, checkpoints) */
{
    vn_tree *cond = vn_partial(vn_function(loop_goes_on, 2), arg[1]);
    vn_tree *body = vn_partial(vn_function(loop_body, 2), vn_at(arg[0], 0));
    vn_tree *init = vn_tuple(vn_at(arg[0], 1), vn_scalar(VN_I32, 0));
    const vn_loop_options o = { .max_steps = vn_int_value(vn_at(arg[2], 0)),
                                .checkpoints = vn_int_value(vn_at(arg[2], 1)) };
    return vn_at(vn_while_loop(cond, body, init, &o), 0);
}

static vn_tree *loop_loss(vn_tree *const arg[]) { return golden_half_squares(loop(arg)); }

static vn_tree *loop_tangent(vn_tree *const arg[]) /* (m, y), limit, bounds, tangent of y */
{
    vn_tree *none = vn_none();
    vn_tree *const tangents[] = { vn_tuple(none, arg[3]), none, none };
    return golden_tangent(vn_filter_jvp(vn_function(loop, 3), 3, arg, tangents));
}

static void check_while(golden_run *r, golden_case *c, vn_tree *model, vn_array *y0, bool jit)
{
    vn_tree *pair = vn_tuple(model, y0);
    vn_array *limit = vn_scalar(VN_I32, json_number(json_get(c->args, "while_limit"), 0));
    vn_tree *steps = vn_int(json_int(json_get(c->args, "steps"), 0));
    vn_tree *bounded = vn_tuple(steps, vn_int(0));
    vn_tree *kept = vn_tuple(steps, vn_int(json_int(json_get(c->args, "checkpoints"), 1)));
    vn_tree *run = golden_compiled(vn_function(loop, 3), jit);
    vn_tree *grad = golden_compiled(vn_filter_grad(vn_function(loop_loss, 3), NULL), jit);
    vn_tree *tangent = golden_compiled(vn_function(loop_tangent, 4), jit);
    golden_check(r, "while_y", vn_call(run, pair, limit, bounded), GOLDEN_FORWARD);
    for (int i = 0; i < 2; i++) {
        vn_tree *both = vn_call(grad, pair, limit, i ? kept : bounded);
        golden_check_leaves(r, "while_grad/", vn_at(both, 0), GOLDEN_GRADIENT);
        golden_check(r, "while_grad_y0", vn_at(both, 1), GOLDEN_GRADIENT);
    }
    vn_array *ty0 = golden_input(c, "in/ty0");
    golden_check(r, "while_jvp", vn_call(tangent, pair, limit, bounded, ty0), GOLDEN_GRADIENT);
}

void golden_transforms_loops(golden_run *r, golden_case *c, bool jit)
{
    vn_array *xs = golden_input(c, "in/xs"), *y0 = golden_input(c, "in/y0");
    int64_t hidden = vn_dim(y0, 0);
    const golden_word words[] = { { "hidden", hidden }, { NULL, 0 } };
    vn_tree *cell = vn_gru_cell(vn_dim(xs, 1), hidden, vn_key(c->seed), NULL);
    vn_tree *model = golden_written_layer(r, "MLP", 0, words, vn_key(c->seed + 1));
    if (!cell || !model)
        return;
    golden_check_file(r, "eqx", vn_tuple(cell, model), NULL);
    vn_tree *all = vn_call(golden_compiled(vn_function(scan_all, 2), jit), cell, xs);
    golden_check(r, "scan_hs", vn_at(all, 1), GOLDEN_FORWARD);
    check_scan(r, scan_loss, cell, xs, jit);
    check_scan(r, scan_loss_checkpointed, cell, xs, jit);
    check_while(r, c, model, y0, jit);
}
