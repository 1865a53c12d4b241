/* SPDX-License-Identifier: MIT */
/* A plan on raw pointers: what a solver calls, or a training loop with arrays of its own. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { MOST = 512 };

typedef struct raw {
    vn_plan *plan;
    vn_tree *model, *args; /* args: keeps the inputs alive */
    vn_tree *outs;
    const void *in[MOST];
    void *out[MOST];
    void *workspace;
} raw;

static bool run_once(const raw *r)
{
    return vn_plan_run(r->plan, r->out, r->in, r->workspace) == VN_ERR_OK;
}

static bool run(bench_case *c, int64_t times)
{
    for (int64_t i = 0; i < times; i++)
        if (!run_once(c->state))
            return false;
    return true;
}

static void release(raw *r)
{
    vn_plan_destroy(r->plan);
    vn_release(r->model);
    vn_release(r->args);
    vn_release(r->outs);
    free(r->workspace);
}

static void destroy(bench_case *c)
{
    release(c->state);
    free(c->state);
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
    vn_tree *out[MOST];
    int n = 0;
    for (int i = 0; i < vn_len(leaves); i++)
        if (vn_is_array(vn_at(leaves, i)) && n < MOST)
            r->in[n++] = vn_data(vn_at(leaves, i));
    const int n_out = vn_plan_outputs(r->plan);
    if (n != vn_plan_inputs(r->plan) || n_out > MOST)
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

static bool open(raw *r, vn_tree *f, int n, vn_tree *const arg[])
{
    vn_assign(&r->args, vn_tuple_n(n, arg));
    r->plan = vn_plan_create(f, n, arg);
    return r->plan && bind(r);
}

/* ---- training */

struct bench_stepper {
    raw raw;
    vn_tree *batches; /* of (x, y): inputs 0 and 1 */
    int next;
    bool updates;
};

bench_stepper *bench_stepper_new(vn_tree *f, vn_tree *batches, vn_tree *model, vn_tree *state,
                                 bool updates)
{
    bench_stepper *const s = calloc(1, sizeof *s);
    if (s && open(&s->raw, f, 3, VN_TREES(vn_at(batches, 0), model, state))) {
        s->updates = updates;
        vn_assign(&s->batches, batches);
        return s;
    }
    bench_stepper_free(s);
    return NULL;
}

void bench_stepper_free(bench_stepper *s)
{
    if (!s)
        return;
    release(&s->raw);
    vn_release(s->batches);
    free(s);
}

/* What was written, behind the value, is read next, behind the batch. */
static void swap(raw *r)
{
    for (int i = 2, n = vn_plan_inputs(r->plan); i < n; i++) {
        void *const old = (void *)(uintptr_t)r->in[i];
        r->in[i] = r->out[i - 1];
        r->out[i - 1] = old;
    }
}

bool bench_stepper_run(bench_stepper *s, int64_t times)
{
    for (int64_t i = 0; i < times; i++) {
        vn_tree *const batch = vn_at(s->batches, s->next);
        s->raw.in[0] = vn_data(vn_at(batch, 0));
        s->raw.in[1] = vn_data(vn_at(batch, 1));
        if (!run_once(&s->raw))
            return false;
        if (s->updates)
            swap(&s->raw);
        s->next = (s->next + 1) % vn_len(s->batches);
    }
    return true;
}

double bench_stepper_value(const bench_stepper *s) { return vn_item(vn_at(s->raw.outs, 0)); }

/* ---- one example */

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
    const double begin = bench_now();
    if (!open(r, f, n, arg) || !run(c, 1))
        return false;
    c->first_result_s = bench_now() - begin;
    c->workspace = vn_plan_workspace(r->plan);
    c->worker_bytes = vn_plan_workspace_per_worker(r->plan);
    c->check = vn_item(vn_sum(vn_at(r->outs, 0)));
    return vn_ok();
}
