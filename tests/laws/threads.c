/* SPDX-License-Identifier: MIT */
/* The same bits at any number of threads: a mapped function at once and compiled, and the
 * gradient of its mean, whose sums over the batch are combined across workers. */
#include "laws/law.h"
#include "vernal/runtime.h"

enum { SEED = 35, BATCH = 300, RUNS = 3 };

typedef struct run {
    const char *name;
    vn_tree *f; /* NULL: not for this subject */
    int n;
    vn_tree *arg[LAW_MAX_ARGS + 2];
    vn_tree *want;
} run;

static void set_up(run runs[RUNS], const law_subject *s)
{
    vn_tree *arg[LAW_MAX_ARGS + 2], *axis[LAW_MAX_ARGS + 2], *one[LAW_MAX_ARGS + 2];
    int n = law_arity(s), first = s->model != NULL;
    vn_tree *f = law_function(s);
    law_arguments(arg, s, SEED, BATCH, ~0u);
    law_arguments(one, s, SEED, 0, 0);
    for (int i = 0; i <= n; i++)
        axis[i] = i < first || i == n ? vn_none() : vn_int(0);
    vn_vmap_options options = { .in_axes = axis, .n_in = n }, weighted = options;
    vn_tree *out = vn_call_n(f, n, one);
    runs[0] = (run){ .name = "vmap", .f = vn_filter_vmap(f, &options), .n = n };
    runs[1] = (run){ .name = "compiled vmap", .f = vn_filter_jit(runs[0].f, NULL), .n = n };
    runs[2] = (run){ .name = "compiled grad of mean", .n = 1 };
    for (int i = 0; i < n; i++)
        runs[0].arg[i] = runs[1].arg[i] = arg[i];
    if (s->flags & LAW_NO_DERIVATIVE || !law_has_inexact(out) ||
        !law_has_inexact(vn_tuple_n(n, one)))
        return;
    weighted.n_in = n + 1;
    arg[n] = law_direction(out, SEED);
    runs[2].arg[0] = vn_tuple_n(n + 1, arg);
    vn_tree *loss = law_mean_gradient(vn_filter_vmap(law_weighted(f), &weighted));
    runs[2].f = vn_filter_jit(loss, NULL);
}

void law_threads(law_run *r, const law_subject *s)
{
    static const int counts[] = { 1, 2, 3, 8 };
    int before = vn_num_threads();
    run runs[RUNS];
    if (s->flags & LAW_NO_BATCH)
        return;
    set_up(runs, s);
    for (int t = 0; t < 4; t++) {
        vn_set_num_threads(counts[t]);
        for (int k = 0; k < RUNS; k++) {
            if (!runs[k].f)
                continue;
            vn_tree *got = vn_call_n(runs[k].f, runs[k].n, runs[k].arg);
            runs[k].want = t ? runs[k].want : got;
            law_same_bits(r, runs[k].name, got, runs[k].want);
        }
    }
    vn_set_num_threads(before);
}
