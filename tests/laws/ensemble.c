/* SPDX-License-Identifier: MIT */
/* vmap over models, their arrays stacked: alone with one input for all, and over a vmap over
 * examples, at once and compiled. */
#include "laws/law.h"

enum { SEED = 90, MODELS = 3, BATCH = 5 };

static vn_tree *axis_or_none(bool mapped) { return mapped ? vn_int(0) : vn_none(); }

/* Models that differ in every inexact array. */
static void draw_models(vn_tree *models[MODELS], const law_subject *s)
{
    vn_tree *model = s->model();
    for (int k = 0; k < MODELS; k++)
        models[k] = law_moved(model, 0.1, law_direction(model, SEED + (uint64_t)k));
}

/* f over the models; the inputs are the same for all of them. */
static vn_tree *over_models(vn_tree *f, int n)
{
    vn_tree *axis[LAW_MAX_ARGS + 1];
    for (int i = 0; i < n; i++)
        axis[i] = axis_or_none(i == 0);
    return vn_filter_vmap(f, &(vn_vmap_options){ .in_axes = axis, .n_in = n });
}

static vn_tree *over_examples(vn_tree *f, int n)
{
    vn_tree *axis[LAW_MAX_ARGS + 1];
    for (int i = 0; i < n; i++)
        axis[i] = axis_or_none(i > 0);
    return vn_filter_vmap(f, &(vn_vmap_options){ .in_axes = axis, .n_in = n });
}

static void compare(law_run *r, const char *what, const char *compiled, vn_tree *f, int n,
                    vn_tree *arg[], vn_tree *const models[MODELS])
{
    vn_tree *out[MODELS], *stacked = law_stacked(MODELS, models), *g = over_models(f, n);
    for (int k = 0; k < MODELS; k++) {
        arg[0] = models[k];
        out[k] = vn_call_n(f, n, arg);
    }
    vn_tree *want = vn_ok() ? law_stacked(MODELS, out) : NULL;
    arg[0] = stacked;
    law_close(r, what, vn_call_n(g, n, arg), want, law_rounding());
    law_close(r, compiled, vn_call_n(vn_filter_jit(g, NULL), n, arg), want, law_rounding());
}

void law_ensemble(law_run *r, const law_subject *s)
{
    vn_tree *models[MODELS], *arg[LAW_MAX_ARGS + 2];
    vn_tree *f = law_function(s);
    int n = law_arity(s);
    bool arrays = s->model && law_has_inexact(s->model());
    if (!arrays || s->flags & LAW_NO_BATCH)
        return; /* nothing to map over */
    draw_models(models, s);
    law_arguments(arg, s, SEED, 0, 0);
    compare(r, "models", "compiled, models", f, n, arg, models);
    law_arguments(arg, s, SEED, BATCH, ~0u);
    vn_tree *batched = over_examples(f, n);
    compare(r, "models and examples", "compiled, models and examples", batched, n, arg, models);
}
