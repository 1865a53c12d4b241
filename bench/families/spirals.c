/* SPDX-License-Identifier: MIT */
/* Equinox's RNN example: GRU 2 -> 16 over spirals of 16 points, dense 1, bias, sigmoid, binary
 * cross entropy, batch 32, Adam. */
#include "bench.h"

typedef struct rnn {
    vn_module base;
    vn_tree *cell, *linear, *bias;
} rnn;

static vn_tree *advance(vn_tree *const arg[])
{
    return vn_tuple(vn_call(arg[0], arg[2], arg[1]), vn_none());
}

/* x [seq, 2] -> probability [1] */
static vn_tree *rnn_call(vn_tree *self, int n, vn_tree *const arg[])
{
    const rnn *const m = (const rnn *)(const void *)self;
    (void)n;
    vn_tree *const h0 =
        vn_zeros(vn_dtype_of(arg[0]), VN_SHAPE(vn_dim(vn_get(m->cell, "weight_hh"), 1)));
    vn_tree *const out = vn_scan(vn_partial(vn_function(advance, 3), m->cell), h0, arg[0], 0);
    return vn_sigmoid(vn_add(vn_call(m->linear, vn_at(out, 0)), m->bias));
}

static const vn_field fields[] = { VN_FIELD(rnn, cell, TREE), VN_FIELD(rnn, linear, TREE),
                                   VN_FIELD(rnn, bias, TREE) };
static const vn_type rnn_type = VN_MODULE_TYPE(rnn, fields, rnn_call, 1, 1);

/* -mean (y log p + (1 - y) log (1 - p)) */
static vn_tree *loss(vn_tree *const arg[])
{
    vn_array *const p = vn_reshape(vn_vmap_call(arg[0], arg[1]), VN_SHAPE(-1)), *const y =
                                                                                    arg[2];
    vn_array *const one = vn_float(1);
    vn_array *const no = vn_mul(vn_sub(one, y), vn_log(vn_sub(one, p)));
    return vn_neg(vn_mean(vn_add(vn_mul(y, vn_log(p)), no)));
}

static vn_tree *model(int64_t hidden)
{
    vn_array *const key = vn_split(vn_key(0), 2);
    return vn_module_new(&rnn_type,
                         &(rnn){
                             .cell = vn_gru_cell(2, hidden, vn_subkey(key, 0), NULL),
                             .linear = vn_linear(hidden, 1, vn_subkey(key, 1),
                                                 &(vn_linear_options){ .no_bias = true }),
                             .bias = vn_zeros(VN_DTYPE_DEFAULT, VN_SHAPE(1)),
                         });
}

static bool create(bench_case *c)
{
    const bench_problem *const p = c->problem;
    const int64_t batch = bench_int(p, "batch", 32), n = bench_int(p, "batches", 16);
    const int64_t seq = bench_int(p, "seq", 16), hidden = bench_int(p, "hidden", 16);
    const double once = 6.0 * (double)(batch * seq * hidden);
    return bench_train(
        c, &(bench_training){
               .model = model(hidden),
               .loss = loss,
               .x = bench_data(p, 1, VN_SHAPE(n, batch, seq, 2)),
               .y = vn_cast(bench_labels(2, VN_SHAPE(n, batch), 2), p->dtype),
               .flops = once * (double)(2 + hidden) + 2.0 * (double)(batch * hidden),
               .first = once * 2,
               .rate = 1e-6, /* however long it is measured, no log 0 */
           });
}

const bench_family bench_spirals = {
    .name = "spirals",
    .usage =
        "[hidden=16] [seq=16] [batch=32] [batches=16] [opt=sgd|adam|adamw] [lr=] step|grad",
    .modes = "step grad",
    .keys = BENCH_TRAINING_KEYS " seq hidden",
    .create = create,
};
