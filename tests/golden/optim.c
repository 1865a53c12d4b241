/* SPDX-License-Identifier: MIT */
/* Group optim: each optimiser fed with the stored gradients, then on its own, loss, gradient
 * and update compiled into one step; schedules. */
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

enum { MAX_STEPS = 256 };

static void check_path(golden_run *r, const char *name, int n, vn_array *const values[],
                       golden_level level)
{
    golden_check(r, name, vn_stack_n(n, values, 0), level);
}

static void fed(golden_run *r, golden_case *c, vn_tree *optimiser, int steps, bool jit)
{
    vn_array *b[MAX_STEPS], *w[MAX_STEPS];
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
        b[k] = vn_get(p, "['b']");
        w[k] = vn_get(p, "['w']");
    }
    check_path(r, "w", steps, w, GOLDEN_FORWARD);
    check_path(r, "b", steps, b, GOLDEN_FORWARD);
}

static void alone(golden_run *r, golden_case *c, vn_tree *optimiser, int steps)
{
    vn_array *b[MAX_STEPS], *w[MAX_STEPS], *l[MAX_STEPS], *gb[MAX_STEPS], *gw[MAX_STEPS];
    vn_array *x = golden_input(c, "in/X"), *y = golden_input(c, "in/Y");
    vn_tree *p = parameters(golden_input(c, "in/b0"), golden_input(c, "in/w0"));
    vn_tree *state = vn_optim_init(optimiser, p);
    vn_tree *step = vn_filter_jit(vn_function(train, 5), NULL);
    r->variant = "alone, jit";
    for (int k = 0; k < steps; k++) {
        vn_tree *next = vn_call(step, optimiser, state, p, x, y);
        p = vn_get(next, "[0][0]");
        state = vn_get(next, "[0][1]");
        l[k] = vn_at(next, 1);
        gb[k] = vn_get(next, "[2]['b']");
        gw[k] = vn_get(next, "[2]['w']");
        b[k] = vn_get(p, "['b']");
        w[k] = vn_get(p, "['w']");
    }
    check_path(r, "loss", steps, l, GOLDEN_LOSS);
    check_path(r, "grad_w", steps, gw, GOLDEN_FINAL);
    check_path(r, "grad_b", steps, gb, GOLDEN_FINAL);
    check_path(r, "w", steps, w, GOLDEN_FINAL);
    check_path(r, "b", steps, b, GOLDEN_FINAL);
}

/* ---- schedules: NAME[k] = schedule(k) in f64, of a number and of an array mapped */

static void run_schedules(golden_run *r, golden_case *c)
{
    const json *list = json_get(c->json, "schedules");
    vn_set_default_dtype(VN_F64);
    for (const json *s = list ? list->child : NULL; s; s = s->next) {
        vn_array *values[MAX_STEPS];
        const golden_array *want = golden_find(c, s->key);
        int n = want ? (int)want->shape.dim[0] : 0;
        vn_tree *schedule = golden_schedule(r, s->key, s);
        if (!schedule || n > MAX_STEPS)
            continue;
        for (int k = 0; k < n; k++)
            values[k] = vn_call(schedule, vn_int(k));
        r->variant = "numbers";
        check_path(r, s->key, n, values, GOLDEN_FORWARD);
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
    } else if (steps && steps <= MAX_STEPS) {
        const char *name = json_string(json_get(c->json, "optimiser"), "?");
        vn_tree *optimiser = golden_optimiser(r, name, c->args, NULL);
        if (!optimiser)
            return;
        fed(r, c, optimiser, steps, false);
        fed(r, c, optimiser, steps, true);
        alone(r, c, optimiser, steps);
    } else {
        golden_skip(r, "kind %s is not known", kind);
    }
}
