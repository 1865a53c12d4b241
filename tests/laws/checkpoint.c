/* SPDX-License-Identifier: MIT */
/* Checkpoints in a deep chain of layers: the compiled gradient is the same and needs less
 * memory, because what is computed again is not merged with the first time. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "laws/tally.h"
#include "vernal.h"

enum { SEGMENTS = 6, LAYERS = 6, WIDTH = 64 };

static vn_tree *segment(vn_tree *const arg[]) /* w, x */
{
    vn_array *x = arg[1];
    for (int i = 0; i < LAYERS; i++)
        x = vn_tanh(vn_matmul(arg[0], x));
    return x;
}

static vn_tree *chain(vn_tree *const arg[]) /* f, ws, x */
{
    vn_array *x = arg[2];
    for (int i = 0; i < vn_len(arg[1]); i++)
        x = vn_call(arg[0], vn_at(arg[1], i), x);
    return vn_sum(vn_square(x));
}

static vn_tree *whole(vn_tree *const arg[]) /* ws, f, x [64, n] */
{
    return chain((vn_tree *const[]){ arg[1], arg[0], arg[2] });
}

static vn_tree *batched(vn_tree *const arg[]) /* ws, f, x [n, 64] */
{
    vn_tree *axes[] = { vn_none(), vn_none(), vn_int(0) };
    vn_vmap_options o = { .in_axes = axes, .n_in = 3 };
    return vn_mean(
        vn_call(vn_filter_vmap(vn_function(chain, 3), &o), arg[1], arg[0], arg[2]));
}

static vn_tree *weights(void)
{
    vn_tree *w[SEGMENTS];
    for (int i = 0; i < SEGMENTS; i++)
        w[i] = vn_scale(0.12, vn_normal(vn_key(i), VN_SHAPE(WIDTH, WIDTH), VN_F32));
    return vn_tuple_n(SEGMENTS, w);
}

/* Bytes of workspace of the gradient's plan, and its numbers. */
static size_t measure(vn_tree **gradient, vn_fn *loss, vn_tree *f, vn_tree *ws, vn_array *x)
{
    vn_tree *const arg[] = { ws, f, x };
    vn_tree *g = vn_filter_grad(vn_function_named(loss, 3, "loss"), NULL);
    vn_plan *plan = vn_plan_create(g, 3, arg);
    size_t bytes = plan ? vn_plan_workspace(plan) : 0;
    vn_plan_destroy(plan);
    *gradient = vn_call_n(vn_filter_jit(g, NULL), 3, arg);
    return bytes;
}

/* |a - b| / |b| of the whole trees. */
static double distance(vn_tree *a, vn_tree *b)
{
    vn_array *error = vn_tree_square_norm(vn_tree_sub(a, b));
    return sqrt(vn_item(error) / vn_item(vn_tree_square_norm(b)));
}

static void check(const char *what, vn_fn *loss, vn_array *x, double factor)
{
    char text[160];
    vn_tree *f = vn_function(segment, 2), *saving = vn_filter_checkpoint(f), *ws = weights();
    vn_tree *kept, *again, *const arg[] = { ws, f, x };
    vn_tree *want = vn_call_n(vn_filter_grad(vn_function_named(loss, 3, "loss"), NULL), 3, arg);
    size_t all = measure(&kept, loss, f, ws, x), less = measure(&again, loss, saving, ws, x);
    snprintf(text, sizeof text, "%s: %zu bytes with checkpoints, %zu without", what, less, all);
    puts(text);
    expect(less > 0 && (double)less * factor <= (double)all, "too many", text);
    expect(distance(kept, want) < 1e-3, "the gradient without checkpoints", what);
    expect(distance(again, want) < 1e-3, "the gradient with checkpoints", what);
}

/* ---- a function that knows the axis it is mapped over, run again behind the vmap */

static vn_tree *centred(vn_tree *const arg[]) /* w, x */
{
    vn_array *y = vn_mul(arg[0], vn_sin(arg[1]));
    return vn_sum(vn_square(vn_sub(y, vn_pmean(y, "batch"))));
}

static vn_tree *over_batch(vn_tree *const arg[]) /* w, f, xs */
{
    vn_tree *axes[] = { vn_none(), vn_int(0) };
    vn_vmap_options o = { .in_axes = axes, .n_in = 2, .axis_name = "batch" };
    return vn_mean(vn_call(vn_filter_vmap(arg[1], &o), arg[0], arg[2]));
}

static void check_named_axis(void)
{
    vn_tree *f = vn_function(centred, 2), *saving = vn_filter_checkpoint(f);
    vn_array *w = vn_linspace(VN_F32, 0.5, 2, 4);
    vn_array *xs = vn_normal(vn_key(3), VN_SHAPE(9, 4), VN_F32);
    vn_tree *grad = vn_filter_grad(vn_function(over_batch, 3), NULL);
    for (int jit = 0; jit < 2; jit++) {
        vn_tree *g = jit ? vn_filter_jit(grad, NULL) : grad;
        expect(distance(vn_call(g, w, saving, xs), vn_call(g, w, f, xs)) < 1e-5,
               "a mean over the batch inside a checkpoint", jit ? "compiled" : "eager");
    }
}

int main(void)
{
    VN_SCOPE
    {
        vn_array *x = vn_normal(vn_key(91), VN_SHAPE(1024, WIDTH), VN_F32);
        check("one matrix", whole, vn_moveaxis(x, 0, 1), 2.5);
        check("a batch of one tile", batched, vn_slice(x, 0, 0, 700, 1), 1.5);
        check_named_axis();
    }
    vn_finish();
    return report();
}
