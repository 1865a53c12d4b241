/* SPDX-License-Identifier: MIT */
/* A plan on raw pointers: what a solver calls. Runs on one thread, as small plans do. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

typedef struct raw {
    vn_plan *plan;
    vn_tree *model, *args; /* args: keeps the inputs alive */
    vn_tree *outs;
    const void *in[512];
    void *out[512];
    void *workspace;
} raw;

static bool run(bench_case *c, int64_t times)
{
    const raw *const r = c->state;
    for (int64_t i = 0; i < times; i++)
        if (vn_plan_run(r->plan, r->out, r->in, r->workspace) != VN_ERR_OK)
            return false;
    return true;
}

static void destroy(bench_case *c)
{
    raw *const r = c->state;
    vn_plan_destroy(r->plan);
    vn_release(r->model);
    vn_release(r->args);
    vn_release(r->outs);
    free(r->workspace);
    free(r);
}

/* The model, and the arrays that are not the model's: x.npy, g.npy. */
static bool save(bench_case *c, const char *dir)
{
    const raw *const r = c->state;
    static const char *const names[] = { "x", "g" };
    const int n = vn_len(r->args);
    bool ok = bench_save_model(dir, r->model);
    for (int i = n > 2 ? 1 : 0, k = 0; i < n && ok && k < 2; i++, k++)
        ok = bench_save_array(dir, names[k], vn_at(r->args, i));
    return ok;
}

static bool bind(raw *r)
{
    vn_tree *const leaves = vn_filter(vn_tree_leaves(r->args), vn_is_array);
    vn_tree *out[512];
    int n = 0;
    for (int i = 0; i < vn_len(leaves); i++)
        if (vn_is_array(vn_at(leaves, i)) && n < 512)
            r->in[n++] = vn_data(vn_at(leaves, i));
    const int n_out = vn_plan_outputs(r->plan);
    if (n != vn_plan_inputs(r->plan) || n_out > 512)
        return false;
    for (int i = 0; i < n_out; i++)
        out[i] = vn_empty(vn_plan_output_dtype(r->plan, i), vn_plan_output_shape(r->plan, i));
    if (!vn_assign(&r->outs, vn_tuple_n(n_out, out)))
        return false;
    for (int i = 0; i < n_out; i++)
        r->out[i] = vn_data_mut(out[i]);
    const size_t size = vn_plan_workspace(r->plan) + 64;
    r->workspace = aligned_alloc(64, size / 64 * 64);
    return r->workspace != NULL;
}

bool bench_raw_plan(bench_case *c, vn_tree *f, int n, vn_tree *const arg[], vn_tree *model)
{
    raw *const r = calloc(1, sizeof *r);
    if (!r)
        return false;
    c->state = r;
    c->run = run;
    c->save = save;
    c->destroy = destroy;
    c->one_thread = true;
    vn_assign(&r->model, model);
    vn_assign(&r->args, vn_tuple_n(n, arg));
    const double begin = bench_now();
    r->plan = vn_plan_create(f, n, arg);
    if (!r->plan || !bind(r) || !run(c, 1))
        return false;
    c->first_result_s = bench_now() - begin;
    c->workspace = vn_plan_workspace(r->plan);
    c->worker_bytes = vn_plan_workspace_per_worker(r->plan);
    c->check = vn_item(vn_sum(vn_at(r->outs, 0)));
    return vn_ok();
}
