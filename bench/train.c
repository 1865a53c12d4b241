/* SPDX-License-Identifier: MIT */
/* Training problems: value and gradient ("grad"), or those and the optimiser's update ("step"),
 * as one compiled function that is called in a loop, batch after batch. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { MOST_BATCHES = 64 };

typedef struct trainer {
    vn_tree *fn;   /* compiled */
    vn_tree *grad; /* (model, x, y) -> (value, gradient) */
    vn_tree *model, *state;
    vn_tree *batch; /* tuple of (x, y) */
    vn_tree *value; /* of the last run */
    int next;       /* batch */
    bool updates;
    bench_stepper *stepper; /* by=plan: runs instead of fn; or NULL */
} trainer;

/* gradient fn, optimiser, (x, y), model, state -> (value, model, state) */
static vn_tree *step(vn_tree *const arg[])
{
    vn_tree *const x = vn_at(arg[2], 0), *const y = vn_at(arg[2], 1), *const model = arg[3];
    vn_tree *const both = vn_call(arg[0], model, x, y);
    vn_tree *const update = vn_optim_update(arg[1], vn_at(both, 1), arg[4], model);
    return vn_tuple(vn_at(both, 0), vn_apply_updates(model, vn_at(update, 0)),
                    vn_at(update, 1));
}

/* gradient fn, optimiser, (x, y), model, state -> (value, gradient) */
static vn_tree *gradient(vn_tree *const arg[])
{
    return vn_call(arg[0], arg[3], vn_at(arg[2], 0), vn_at(arg[2], 1));
}

static bool run(bench_case *c, int64_t times)
{
    trainer *const t = c->state;
    for (int64_t i = 0; i < times; i++)
        VN_SCOPE
        {
            vn_tree *const out = vn_call(t->fn, vn_at(t->batch, t->next), t->model, t->state);
            vn_assign(&t->value, vn_at(out, 0));
            if (t->updates) {
                vn_assign(&t->model, vn_at(out, 1));
                vn_assign(&t->state, vn_at(out, 2));
            }
            t->next = (t->next + 1) % vn_len(t->batch);
        }
    return vn_ok();
}

static bool run_plan(bench_case *c, int64_t times)
{
    return bench_stepper_run(((trainer *)c->state)->stepper, times);
}

static double value(bench_case *c)
{
    const trainer *const t = c->state;
    return t->stepper ? bench_stepper_value(t->stepper) : vn_item(t->value);
}

static void destroy(bench_case *c)
{
    trainer *const t = c->state;
    vn_tree *const trees[] = { t->fn, t->grad, t->model, t->state, t->batch, t->value };
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++)
        vn_release(trees[i]);
    bench_stepper_free(t->stepper);
    free(t);
}

/* The norm of the gradient, for the peers to compare with theirs. */
static vn_array *gradient_norm(const trainer *t)
{
    vn_tree *const batch = vn_at(t->batch, 0), *const fn = vn_filter_jit(t->grad, NULL);
    vn_tree *const both = vn_call(fn, t->model, vn_at(batch, 0), vn_at(batch, 1));
    return vn_sqrt(vn_tree_square_norm(vn_at(both, 1)));
}

static bool save(bench_case *c, const char *dir)
{
    const trainer *const t = c->state;
    vn_tree *x[MOST_BATCHES], *y[MOST_BATCHES];
    const int n = vn_len(t->batch);
    bool ok =
        bench_save_model(dir, t->model) && bench_save_array(dir, "norm", gradient_norm(t));
    for (int i = 0; i < n && ok; i++) {
        x[i] = vn_at(vn_at(t->batch, i), 0);
        y[i] = vn_at(vn_at(t->batch, i), 1);
    }
    return ok && bench_save_array(dir, "x", vn_stack_n(n, x, 0)) &&
           bench_save_array(dir, "y", vn_stack_n(n, y, 0));
}

static vn_tree *optimiser(const bench_problem *p, double rate)
{
    const char *const name = bench_word(p, "opt", "sgd");
    const bool sgd = !strcmp(name, "sgd");
    vn_tree *const lr = vn_float(bench_real(p, "lr", rate > 0 ? rate : sgd ? 1e-2 : 3e-4));
    if (sgd)
        return vn_sgd(lr, NULL);
    if (!strcmp(name, "adam"))
        return vn_adam(lr, NULL);
    if (!strcmp(name, "adamw"))
        return vn_adamw(lr, NULL);
    bench_complain(p, "no such optimiser: sgd, adam, adamw");
    return NULL;
}

static vn_tree *batches(vn_array *x, vn_array *y)
{
    vn_tree *pairs[MOST_BATCHES];
    const int n = vn_dim(x, 0) < MOST_BATCHES ? (int)vn_dim(x, 0) : MOST_BATCHES;
    for (int i = 0; i < n; i++)
        pairs[i] = vn_tuple(vn_index(x, 0, i), vn_index(y, 0, i));
    return vn_tuple_n(n, pairs);
}

/* What the compiled step needs in memory, asked of a plan of the same function. */
static void ask_workspace(bench_case *c, vn_tree *fn, const trainer *t)
{
    vn_tree *const arg[] = { vn_at(t->batch, 0), t->model, t->state };
    vn_plan *const plan = vn_plan_create(fn, 3, arg);
    if (plan) {
        c->workspace = vn_plan_workspace(plan);
        c->worker_bytes = vn_plan_workspace_per_worker(plan);
        vn_plan_destroy(plan);
    }
}

static bool start(bench_case *c, trainer *t, vn_tree *fn)
{
    const double begin = bench_now();
    const vn_jit_options update = { .donate = VN_DONATE_ALL_EXCEPT_FIRST };
    vn_assign(&t->fn, vn_filter_jit(fn, NULL));
    t->updates = false; /* the first run leaves the model as it is, for save */
    if (!run(c, 1))
        return false;
    c->first_result_s = bench_now() - begin;
    c->check = value(c);
    t->next = 0;
    t->updates = bench_is(c->problem, "step");
    if (t->updates)
        vn_assign(&t->fn, vn_filter_jit(fn, &update));
    const char *const by = bench_word(c->problem, "by", "jit");
    if (!strcmp(by, "plan")) {
        t->stepper = bench_stepper_new(fn, t->batch, t->model, t->state, t->updates);
        c->run = run_plan;
        return t->stepper != NULL;
    }
    return strcmp(by, "jit") ? bench_complain(c->problem, "by=jit or by=plan") : vn_ok();
}

bool bench_train(bench_case *c, const bench_training *t)
{
    const bool updates = bench_is(c->problem, "step");
    vn_tree *const opt = optimiser(c->problem, t->rate);
    trainer *const self = opt ? calloc(1, sizeof *self) : NULL;
    if (!self)
        return false;
    c->state = self;
    c->run = run;
    c->value = value;
    c->save = save;
    c->destroy = destroy;
    c->unit = updates ? "step" : "gradient";
    c->flops = t->gradient_flops > 0 ? t->gradient_flops : 3 * t->flops - t->first;
    vn_tree *const grad = t->gradient ? vn_function(t->gradient, 3)
                                      : vn_filter_value_and_grad(vn_function(t->loss, 3), NULL);
    vn_assign(&self->grad, grad);
    vn_assign(&self->model, t->model);
    vn_assign(&self->state, updates ? vn_optim_init(opt, t->model) : vn_none());
    vn_assign(&self->batch, batches(t->x, t->y));
    vn_tree *const fn = vn_partial(vn_function_named(updates ? step : gradient, 5, "step"),
                                   grad, updates ? opt : vn_none());
    if (!vn_ok())
        return false;
    ask_workspace(c, fn, self);
    return vn_ok() && start(c, self, fn);
}
