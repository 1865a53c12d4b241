/* SPDX-License-Identifier: MIT */
/* LeNet-5 on images 28 x 28: conv 6 5x5, relu, max-pool 2, conv 16 5x5, relu, max-pool 2, dense
 * 120, relu, dense 84, relu, dense 10; cross entropy. 1.52 MFLOP an example and step. */
#include "bench.h"

static vn_tree *model(void)
{
    const vn_pool_options half = { .stride = VN_SHAPE(2) };
    vn_array *const key = vn_split(vn_key(0), 5);
    bench_layers l = { 0 };
    bench_push(&l, vn_conv2d(1, 6, VN_SHAPE(5), vn_subkey(key, 0), NULL));
    bench_push_function(&l, vn_relu);
    bench_push(&l, vn_max_pool2d(VN_SHAPE(2), &half));
    bench_push(&l, vn_conv2d(6, 16, VN_SHAPE(5), vn_subkey(key, 1), NULL));
    bench_push_function(&l, vn_relu);
    bench_push(&l, vn_max_pool2d(VN_SHAPE(2), &half));
    bench_push_function(&l, vn_ravel);
    bench_push(&l, vn_linear(256, 120, vn_subkey(key, 2), NULL));
    bench_push_function(&l, vn_relu);
    bench_push(&l, vn_linear(120, 84, vn_subkey(key, 3), NULL));
    bench_push_function(&l, vn_relu);
    bench_push(&l, vn_linear(84, 10, vn_subkey(key, 4), NULL));
    return bench_model(&l);
}

static bool create(bench_case *c)
{
    const bench_problem *const p = c->problem;
    const int64_t batch = bench_int(p, "batch", 192), n = bench_int(p, "batches", 16);
    const double conv1 = 2.0 * 25 * 6 * 576, conv2 = 2.0 * 150 * 16 * 64;
    const double dense = 2.0 * (256 * 120 + 120 * 84 + 84 * 10);
    return bench_train(c, &(bench_training){
                              .model = model(),
                              .loss = bench_cross_entropy,
                              .x = bench_data(p, 1, VN_SHAPE(n, batch, 1, 28, 28)),
                              .y = bench_labels(2, VN_SHAPE(n, batch), 10),
                              .flops = (double)batch * (conv1 + conv2 + dense),
                              .first = (double)batch * conv1,
                          });
}

const bench_family bench_lenet5 = {
    .name = "lenet5",
    .usage = "batch=192 [batches=16] [opt=sgd|adam|adamw] [lr=] step|grad",
    .modes = "step grad",
    .keys = BENCH_TRAINING_KEYS,
    .create = create,
};
