/* SPDX-License-Identifier: MIT */
/* The CNN of Equinox's MNIST example: conv 3 4x4, max-pool 2 stride 1, relu, dense 512,
 * sigmoid, dense 64, relu, dense 10, log softmax; mean of -log p. 5.6 MFLOP an example and
 * step. */
#include "bench.h"

static vn_array *log_softmax(vn_array *x) { return vn_log_softmax(x, -1); }

static vn_tree *model(void)
{
    vn_array *const key = vn_split(vn_key(0), 4);
    bench_layers l = { 0 };
    bench_push(&l, vn_conv2d(1, 3, VN_SHAPE(4), vn_subkey(key, 0), NULL));
    bench_push(&l, vn_max_pool2d(VN_SHAPE(2), NULL));
    bench_push_function(&l, vn_relu);
    bench_push_function(&l, vn_ravel);
    bench_push(&l, vn_linear(1728, 512, vn_subkey(key, 1), NULL));
    bench_push_function(&l, vn_sigmoid);
    bench_push(&l, vn_linear(512, 64, vn_subkey(key, 2), NULL));
    bench_push_function(&l, vn_relu);
    bench_push(&l, vn_linear(64, 10, vn_subkey(key, 3), NULL));
    bench_push_function(&l, log_softmax);
    return bench_model(&l);
}

static vn_tree *example_loss(vn_tree *const arg[])
{
    return vn_neg(vn_dynamic_index(vn_call(arg[0], arg[1]), arg[2], 0));
}

static vn_tree *loss(vn_tree *const arg[])
{
    vn_tree *const axes[] = { vn_none(), vn_int(0), vn_int(0) };
    vn_tree *const each = vn_filter_vmap(vn_function(example_loss, 3),
                                         &(vn_vmap_options){ .in_axes = axes, .n_in = 3 });
    return vn_mean(vn_call_n(each, 3, arg));
}

static bool create(bench_case *c)
{
    const bench_problem *const p = c->problem;
    const int64_t batch = bench_int(p, "batch", 64), n = bench_int(p, "batches", 16);
    const double conv = 2.0 * 16 * 3 * 625;
    const double dense = 2.0 * (1728 * 512 + 512 * 64 + 64 * 10);
    return bench_train(c, &(bench_training){
                              .model = model(),
                              .loss = loss,
                              .x = bench_data(p, 1, VN_SHAPE(n, batch, 1, 28, 28)),
                              .y = bench_labels(2, VN_SHAPE(n, batch), 10),
                              .flops = (double)batch * (conv + dense),
                              .first = (double)batch * conv,
                          });
}

const bench_family bench_mnistcnn = {
    .name = "mnistcnn",
    .usage = "batch=64 [batches=16] [opt=sgd|adam|adamw] [lr=] step|grad",
    .modes = "step grad",
    .keys = BENCH_TRAINING_KEYS,
    .create = create,
};
