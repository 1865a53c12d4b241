/* SPDX-License-Identifier: MIT */
/* Group train: whole runs, loss, gradient and update compiled into one step. */
#include "golden/train.h"

#include <stdlib.h>
#include <string.h>

#include "golden/record.h"
#include "vernal/ops.h"
#include "vernal/optim.h"
#include "vernal/random.h"
#include "vernal/transform.h"

/* ---- the step */

static vn_tree *combined_loss(vn_tree *const arg[]) /* trained part, the rest, loss, x, y */
{
    return vn_call(arg[2], vn_combine(arg[0], arg[1]), arg[3], arg[4]);
}

/* optimiser, state, trained part, the rest, loss, x, y -> (trained part, state, loss) */
static vn_tree *step(vn_tree *const arg[])
{
    vn_tree *f = vn_filter_value_and_grad(vn_function(combined_loss, 5), NULL);
    vn_tree *both = vn_call(f, arg[2], arg[3], arg[4], arg[5], arg[6]);
    vn_tree *next = vn_optim_update(arg[0], vn_at(both, 1), arg[1], arg[2]);
    vn_tree *trained = vn_apply_updates(arg[2], vn_at(next, 0));
    return vn_tuple(trained, vn_at(next, 1), vn_at(both, 0));
}

/* ---- batches */

void golden_shuffled(vn_array **x, vn_array **y, training *t, int k)
{
    int64_t size = vn_dim(t->x, 0);
    if (k == 0 || t->start + t->batch_size >= size) {
        if (k > 0)
            vn_assign(&t->loader_key, vn_subkey(vn_split(t->loader_key, 1), 0));
        vn_assign(&t->order, vn_permutation(t->loader_key, size));
        t->start = 0;
    }
    vn_array *rows = vn_slice(t->order, 0, t->start, t->start + t->batch_size, 1);
    *x = vn_take(t->x, rows, 0);
    *y = vn_take(t->y, rows, 0);
    t->start += t->batch_size;
}

/* ---- the run */

static golden_level final_level(const char *path)
{
    (void)path;
    return GOLDEN_FINAL;
}

static void run_steps(golden_run *r, training *t, vn_tree **trained, vn_tree *rest, int steps)
{
    double *losses = calloc((size_t)steps + 1, sizeof *losses);
    vn_tree *state = vn_retain(vn_optim_init(t->optimiser, *trained));
    vn_tree *compiled = vn_filter_jit(vn_function(step, 7), NULL), *f = vn_function(t->loss, 3);
    for (int k = 0; losses && k < steps; k++)
        VN_SCOPE
        {
            vn_array *x = t->x, *y = t->y;
            if (t->batch)
                t->batch(&x, &y, t, k);
            vn_tree *out = vn_call(compiled, t->optimiser, state, *trained, rest, f, x, y);
            vn_assign(trained, vn_at(out, 0));
            vn_assign(&state, vn_at(out, 1));
            losses[k] = out ? vn_item(vn_at(out, 2)) : 0;
        }
    vn_release(state);
    vn_array *wide = losses ? vn_array_from(VN_F64, VN_SHAPE(steps), losses) : NULL;
    free(losses);
    golden_check(r, "loss", vn_cast(wide, vn_default_dtype()), GOLDEN_LOSS);
    if (vn_jit_traces(compiled) != 1)
        golden_fail(r, "the step was recorded %d times", vn_jit_traces(compiled));
}

void golden_train(golden_run *r, golden_case *c, training *t)
{
    const golden_array *loss = golden_find(c, "loss");
    int steps = loss ? (int)loss->shape.dim[0] : 0;
    vn_tree *trained = NULL, *rest = NULL;
    if (!t->model || !t->optimiser || !steps) {
        if (!r->skips)
            golden_fail(r, "the run cannot be set up");
        return;
    }
    golden_check_file(r, "eqx_init", t->model, t->init_level);
    if (t->spec)
        vn_partition_spec(&trained, &rest, t->model, t->spec);
    else
        vn_partition(&trained, &rest, t->model, vn_is_inexact_array);
    vn_retain(trained);
    vn_retain(t->loader_key);
    run_steps(r, t, &trained, rest, steps);
    golden_check_file(r, "eqx_final", vn_combine(trained, rest), final_level);
    vn_release(trained);
    vn_release(t->loader_key);
    vn_release(t->order);
}

/* ---- which run: by the words of its call, or the beginning of the case's name */

void golden_run_train(golden_run *r, golden_case *c)
{
    static const struct {
        const char *name, *words;
        void (*run)(golden_run *r, golden_case *c);
    } rows[] = {
        { "train/mlp", "y = [sin(x0) x1", golden_train_mlp },
        { "train/frozen_layer", "the frozen_layer example", golden_train_frozen },
        { "train/rnn", "the train_rnn example", golden_train_rnn },
        { "train/cnn", "mean over space", golden_train_cnn },
        { "train/transformer", "causal mask", golden_train_transformer },
        { "train/stateful", "state threaded through", golden_train_stateful },
    };
    const char *call = json_string(json_get(c->json, "call"), "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strstr(call, rows[i].words) ||
            !strncmp(c->name, rows[i].name, strlen(rows[i].name))) {
            rows[i].run(r, c);
            return;
        }
    golden_skip(r, "training run is not known");
}
