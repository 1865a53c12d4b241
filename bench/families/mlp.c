/* SPDX-License-Identifier: MIT */
/* Multi-layer perceptrons: a training step or gradient on a batch, or one example on raw
 * pointers. forward = 2 sum of in x out; first layer = 2 in x out; call = forward; the pullback
 * to x and all parameters ("vjp") = 3 forward, to x alone ("vjp wrt=x") = 2 forward. */
#include <string.h>

#include "bench.h"

static double forward(const bench_problem *p, int layers)
{
    double sum = 0;
    for (int i = 0; i < layers; i++)
        sum += 2.0 * (double)p->dim[i] * (double)p->dim[i + 1];
    return sum;
}

/* Equinox's MLP has one width; others are a Sequential of the same leaves. */
static vn_tree *model(const bench_problem *p, bench_activation_fn *act)
{
    const int n = p->n_dims;
    bool mlp = n > 2;
    for (int i = 2; i < n - 1; i++)
        mlp &= p->dim[i] == p->dim[1];
    if (mlp)
        return vn_mlp(p->dim[0], p->dim[n - 1], p->dim[1], n - 2, vn_key(0),
                      &(vn_mlp_options){ .activation = vn_unary(act) });
    bench_layers layers = { 0 };
    vn_array *const keys = vn_split(vn_key(0), n - 1);
    for (int i = 0; i < n - 1; i++) {
        bench_push(&layers, vn_linear(p->dim[i], p->dim[i + 1], vn_subkey(keys, i), NULL));
        if (i < n - 2)
            bench_push_function(&layers, act);
    }
    return bench_model(&layers);
}

static vn_tree *call(vn_tree *const arg[]) { return vn_call(arg[0], arg[1]); }

/* model, x, g -> (y, cotangents of model and x) */
static vn_tree *pull_all(vn_tree *const arg[])
{
    vn_tree *const out = vn_filter_vjp(vn_function(call, 2), 2, arg);
    return vn_tuple(vn_at(out, 0), vn_call(vn_at(out, 1), arg[2]));
}

/* model, x, g -> (y, cotangent of x) */
static vn_tree *pull_x(vn_tree *const arg[])
{
    vn_tree *const out = vn_filter_vjp(arg[0], 1, arg + 1);
    return vn_tuple(vn_at(out, 0), vn_call(vn_at(out, 1), arg[2]));
}

static bool create_raw(bench_case *c, vn_tree *m)
{
    const bench_problem *const p = c->problem;
    const double once = forward(p, p->n_dims - 1);
    vn_array *const x = bench_data(p, 1, VN_SHAPE(p->dim[0]));
    vn_array *const g = bench_data(p, 2, VN_SHAPE(p->dim[p->n_dims - 1]));
    if (bench_is(p, "call")) {
        c->flops = once;
        return bench_raw_plan(c, m, 1, VN_TREES(x), m);
    }
    if (!strcmp(bench_word(p, "wrt", "all"), "x")) {
        c->flops = 2 * once;
        return bench_raw_plan(c, vn_partial(vn_function(pull_x, 3), m), 2, VN_TREES(x, g), m);
    }
    c->flops = 3 * once;
    return bench_raw_plan(c, vn_function(pull_all, 3), 3, VN_TREES(m, x, g), m);
}

static bool create(bench_case *c)
{
    const bench_problem *const p = c->problem;
    bench_activation_fn *const act = bench_activation(p, "relu");
    if (p->n_dims < 2)
        return bench_complain(p, "at least two sizes");
    if (!act)
        return false;
    vn_tree *const m = model(p, act);
    if (bench_is(p, "call") || bench_is(p, "vjp"))
        return create_raw(c, m);
    const bool classes = !strcmp(bench_word(p, "loss", "mse"), "ce");
    const int64_t batch = bench_int(p, "batch", 256), n = bench_int(p, "batches", 1);
    const int64_t out = p->dim[p->n_dims - 1];
    return bench_train(c, &(bench_training){
                              .model = m,
                              .loss = classes ? bench_cross_entropy : bench_mean_square,
                              .x = bench_data(p, 1, VN_SHAPE(n, batch, p->dim[0])),
                              .y = classes ? bench_labels(2, VN_SHAPE(n, batch), out)
                                           : bench_data(p, 2, VN_SHAPE(n, batch, out)),
                              .flops = (double)batch * forward(p, p->n_dims - 1),
                              .first = (double)batch * forward(p, 1),
                          });
}

const bench_family bench_mlp = {
    .name = "mlp",
    .usage =
        "IN-..-OUT [act=relu] batch=N [batches=N] [loss=mse|ce] [opt=sgd|adam|adamw] [lr=]\n"
        "      step|grad; or call|vjp [wrt=all|x]: one example on raw pointers",
    .modes = "step grad call vjp",
    .keys = BENCH_TRAINING_KEYS " act loss wrt",
    .create = create,
};
