/* SPDX-License-Identifier: MIT */
/* A GRU cell scanned over sequences x [seq, in]; loss: mean (h of the last step - y)^2.
 * forward = seq (2 in 3 hidden + 2 hidden 3 hidden) an example; first layer: the part of x. */
#include "bench.h"

/* cell, h, x -> (h', none) */
static vn_tree *advance(vn_tree *const arg[])
{
    return vn_tuple(vn_call(arg[0], arg[2], arg[1]), vn_none());
}

/* cell, x [seq, in] -> h of the last step */
static vn_tree *last_state(vn_tree *const arg[])
{
    const int64_t hidden = vn_dim(vn_get(arg[0], "weight_hh"), 1);
    vn_tree *const h0 = vn_zeros(vn_dtype_of(arg[1]), VN_SHAPE(hidden));
    return vn_at(vn_scan(vn_partial(vn_function(advance, 3), arg[0]), h0, arg[1], 0), 0);
}

static vn_tree *loss(vn_tree *const arg[])
{
    vn_array *const h = vn_vmap_call(vn_partial(vn_function(last_state, 2), arg[0]), arg[1]);
    return vn_mean(vn_square(vn_sub(h, arg[2])));
}

static bool create(bench_case *c)
{
    const bench_problem *const p = c->problem;
    if (p->n_dims != 2)
        return bench_complain(p, "two sizes");
    const int64_t batch = bench_int(p, "batch", 256), seq = bench_int(p, "seq", 100);
    const int64_t in = p->dim[0], hidden = p->dim[1];
    const double once = 6.0 * (double)(batch * seq * hidden);
    return bench_train(c, &(bench_training){
                              .model = vn_gru_cell(in, hidden, vn_key(0), NULL),
                              .loss = loss,
                              .x = bench_data(p, 1, VN_SHAPE(1, batch, seq, in)),
                              .y = vn_tanh(bench_data(p, 2, VN_SHAPE(1, batch, hidden))),
                              .flops = once * (double)(in + hidden),
                              .first = once * (double)in,
                          });
}

const bench_family bench_gru = {
    .name = "gru",
    .usage = "IN-HIDDEN seq=100 batch=256 [opt=sgd|adam|adamw] [lr=] step|grad",
    .modes = "step grad",
    .keys = BENCH_TRAINING_KEYS " seq",
    .create = create,
};
