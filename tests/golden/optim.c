/* SPDX-License-Identifier: MIT */
/* Group optim: each optimiser fed with the stored gradients, then on its own, loss, gradient
 * and update compiled into one step; schedules. */
#include <stdlib.h>
#include <string.h>

#include "golden/groups.h"
#include "golden/leaves.h"
#include "golden/optimiser.h"
#include "vernal/ops.h"
#include "vernal/optim.h"
#include "vernal/transform.h"

/* ---- one problem: p = {b, w}, loss = mean (tanh(X w^T + b) - Y)^2 */

static vn_tree *loss(vn_tree *const arg[]) /* p, X, Y */
{
    vn_array *b = vn_at(arg[0], 0), *w = vn_at(arg[0], 1);
    vn_array *z = vn_add(vn_matmul(arg[1], vn_transpose(w, (vn_axes){ 0 })), b);
    return vn_mean(vn_square(vn_sub(vn_tanh(z), arg[2])));
}

static vn_tree *update(vn_tree *const arg[]) /* optimiser, state, p, gradients -> (p, state) */
{
    vn_tree *both = vn_optim_update(arg[0], arg[3], arg[1], arg[2]);
    return vn_tuple(vn_apply_updates(arg[2], vn_at(both, 0)), vn_at(both, 1));
}

static vn_tree *
train(vn_tree *const arg[]) /* optimiser, state, p, X, Y -> (p, state), loss, g */
{
    vn_tree *f = vn_filter_value_and_grad(vn_function(loss, 3), NULL);
    vn_tree *both = vn_call(f, arg[2], arg[3], arg[4]);
    vn_tree *const next[] = { arg[0], arg[1], arg[2], vn_at(both, 1) };
    return vn_tuple(update(next), vn_at(both, 0), vn_at(both, 1));
}

static vn_tree *parameters(vn_array *b, vn_array *w)
{
    return vn_dict_n(2, (const char *const[]){ "b", "w" }, VN_TREES(b, w));
}

/* What a run leaves behind: NAME[k] of step k. */
typedef struct history {
    golden_run *r;
    int steps;
    vn_array **values; /* of all names, one after the other */
} history;

static history new_history(golden_run *r, int steps, int names)
{
    return (history){ r, steps, calloc((size_t)(steps * names) + 1, sizeof(vn_array *)) };
}

static void check_history(const history *h, int place, const char *name, golden_level level)
{
    vn_array *const *values = h->values + (ptrdiff_t)place * h->steps;
    golden_check(h->r, name, vn_stack_n(h->steps, values, 0), level);
}

static void fed(golden_run *r, golden_case *c, vn_tree *optimiser, int steps, bool jit)
{
    history h = new_history(r, steps, 2);
    vn_array *gw = golden_input(c, "grad_w"), *gb = golden_input(c, "grad_b");
    vn_tree *p = parameters(golden_input(c, "in/b0"), golden_input(c, "in/w0"));
    vn_tree *state = vn_optim_init(optimiser, p);
    vn_tree *step = golden_compiled(vn_function(update, 4), jit);
    r->variant = jit ? "fed, jit" : "fed, eager";
    for (int k = 0; k < steps; k++) {
        vn_tree *g = parameters(vn_index(gb, 0, k), vn_index(gw, 0, k));
        vn_tree *next = vn_call(step, optimiser, state, p, g);
        p = vn_at(next, 0);
        state = vn_at(next, 1);
        h.values[k] = vn_get(p, "['w']");
        h.values[steps + k] = vn_get(p, "['b']");
    }
    check_history(&h, 0, "w", GOLDEN_FORWARD);
    check_history(&h, 1, "b", GOLDEN_FORWARD);
    free(h.values);
}

static void alone(golden_run *r, golden_case *c, vn_tree *optimiser, int steps)
{
    static const struct {
        const char *name, *path; /* of the step's result */
        golden_level level;
    } rows[] = {
        { "loss", "[1]", GOLDEN_LOSS },           { "grad_w", "[2]['w']", GOLDEN_FINAL },
        { "grad_b", "[2]['b']", GOLDEN_FINAL },   { "w", "[0][0]['w']", GOLDEN_FINAL },
        { "b", "[0][0]['b']", GOLDEN_FINAL },
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    history h = new_history(r, steps, ROWS);
    vn_array *x = golden_input(c, "in/X"), *y = golden_input(c, "in/Y");
    vn_tree *p = parameters(golden_input(c, "in/b0"), golden_input(c, "in/w0"));
    vn_tree *state = vn_optim_init(optimiser, p);
    vn_tree *step = vn_filter_jit(vn_function(train, 5), NULL);
    r->variant = "alone, jit";
    for (int k = 0; k < steps; k++) {
        vn_tree *next = vn_call(step, optimiser, state, p, x, y);
        p = vn_get(next, "[0][0]");
        state = vn_get(next, "[0][1]");
        for (int i = 0; i < ROWS; i++)
            h.values[i * steps + k] = vn_get(next, rows[i].path);
    }
    for (int i = 0; i < ROWS; i++)
        check_history(&h, i, rows[i].name, rows[i].level);
    free(h.values);
}

/* ---- schedules: NAME[k] = schedule(k) in f64, of a number and of an array mapped */

static void run_schedules(golden_run *r, golden_case *c)
{
    const json *list = json_get(c->json, "schedules");
    vn_set_default_dtype(VN_F64);
    for (const json *s = list ? list->child : NULL; s; s = s->next) {
        const golden_array *want = golden_find(c, s->key);
        int n = want && want->shape.rank == 1 ? (int)want->shape.dim[0] : 0;
        vn_tree *schedule = golden_schedule(r, s->key, s);
        if (!schedule)
            continue;
        history h = new_history(r, n, 1);
        for (int k = 0; k < n; k++)
            h.values[k] = vn_call(schedule, vn_int(k));
        r->variant = "numbers";
        check_history(&h, 0, s->key, GOLDEN_FORWARD);
        free(h.values);
        r->variant = "mapped";
        vn_array *counts = vn_arange(VN_I64, n);
        golden_check(r, s->key, vn_vmap_call(schedule, counts), GOLDEN_FORWARD);
    }
}

void golden_run_optim(golden_run *r, golden_case *c)
{
    const char *kind = json_string(json_get(c->json, "kind"), "");
    const golden_array *path = golden_find(c, "loss");
    int steps = path && path->shape.rank == 1 ? (int)path->shape.dim[0] : 0;
    if (!strcmp(kind, "schedules")) {
        run_schedules(r, c);
    } else if (steps) {
        const char *name = json_string(json_get(c->json, "optimiser"), "?");
        vn_tree *optimiser = golden_optimiser(r, name, c->args, NULL);
        if (!optimiser)
            return;
        fed(r, c, optimiser, steps, false);
        fed(r, c, optimiser, steps, true);
        alone(r, c, optimiser, steps);
    } else {
        golden_skip(r, "kind %s with %d losses is not known", kind, steps);
    }
}
