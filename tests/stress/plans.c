/* SPDX-License-Identifier: MIT */
/* Threads that share a plan, a jitted function and a model: each runs the plan with a workspace
 * of its own, calls the jitted step, takes eager gradients on tapes of its own, and maps
 * eagerly over the pool. All must see the numbers that one thread alone sees. For
 * ThreadSanitizer. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vernal.h"

#define THREADS 4
#define ROUNDS  20
#define BATCH   300

static vn_tree *loss(vn_tree *const arg[]) /* model, x, y */
{
    return vn_mean(vn_square(vn_sub(arg[2], vn_vmap_call(arg[0], arg[1]))));
}

static vn_tree *
one(vn_tree *const arg[]) /* model, x: halves until small, by plain control flow */
{
    vn_array *y = vn_sum(vn_square(vn_call(arg[0], arg[1])));
    for (int i = 0; i < 5 && vn_item(y) > 0.1; i++)
        y = vn_scale(0.5, y);
    return y;
}

static vn_tree *dynamic(vn_tree *const arg[])
{
    vn_tree *const axes[] = { vn_none(), vn_int(0) };
    const vn_vmap_options options = { .in_axes = axes, .n_in = 2 };
    return vn_sum(vn_call(vn_filter_vmap(vn_function(one, 2), &options), arg[0], arg[1]));
}

typedef struct shared {
    vn_plan *plan;
    vn_tree *model, *x, *y, *jitted;
    double value, gradient;
    int failures;
} shared;

static double run_plan(const shared *s, void *work)
{
    float value = 0;
    const void *in[] = { vn_data(s->x), vn_data(s->y) };
    void *out[] = { &value };
    return vn_plan_run(s->plan, out, in, work) == VN_ERR_OK ? (double)value : -1.0;
}

static double eager_gradient(const shared *s)
{
    vn_tree *grad = vn_filter_grad(vn_function(dynamic, 2), NULL);
    vn_array *rows = vn_slice(s->x, 0, 0, 40, 1);
    return vn_item(vn_tree_square_norm(vn_call(grad, s->model, rows)));
}

static void *work(void *context)
{
    shared *const s = context;
    const size_t bytes = (vn_plan_workspace(s->plan) + 63) & ~(size_t)63;
    void *memory = aligned_alloc(64, bytes);
    for (int i = 0; memory && i < ROUNDS; i++)
        VN_SCOPE {
            const double a = run_plan(s, memory);
            const double b = vn_item(vn_call(s->jitted, s->model, s->x, s->y));
            const double c = eager_gradient(s);
            if (a != s->value || b != s->value || c != s->gradient || !vn_ok())
                __atomic_add_fetch(&s->failures, 1, __ATOMIC_RELAXED);
        }
    if (!vn_ok())
        fprintf(stderr, "%s\n", vn_error_message());
    free(memory);
    vn_finish();
    return memory ? NULL : context;
}

static vn_tree *loss_of_data(vn_tree *const arg[]) { return loss(arg); }

int main(void)
{
    shared s = { .model = vn_mlp(3, 2, 16, 2, vn_key(0), NULL) };
    s.x = vn_normal(vn_key(1), VN_SHAPE(BATCH, 3), VN_F32);
    s.y = vn_normal(vn_key(2), VN_SHAPE(BATCH, 2), VN_F32);
    vn_tree *bound = vn_partial(vn_function(loss_of_data, 3), s.model);
    s.plan = vn_plan_create(bound, 2, VN_TREES(s.x, s.y));
    s.jitted = vn_filter_jit(vn_function(loss, 3), NULL);
    s.value = s.plan ? vn_item(vn_call(s.jitted, s.model, s.x, s.y)) : -1;
    s.gradient = eager_gradient(&s);
    pthread_t thread[THREADS];
    for (int t = 0; vn_ok() && t < THREADS; t++)
        pthread_create(&thread[t], NULL, work, &s);
    for (int t = 0; vn_ok() && t < THREADS; t++)
        pthread_join(thread[t], NULL);
    if (!vn_ok())
        fprintf(stderr, "%s\n", vn_error_message());
    printf("loss %.9g, gradient %.9g, %d failures\n", s.value, s.gradient, s.failures);
    vn_plan_destroy(s.plan);
    return vn_ok() && s.failures == 0 ? 0 : 1;
}
