/* SPDX-License-Identifier: MIT */
/* The CNN of differentially private training: conv 16 8x8 stride 2 SAME, relu, max-pool 2
 * stride 1, conv 32 4x4 stride 2, relu, max-pool 2 stride 1, dense 32, relu, dense 10; cross
 * entropy. 2.13 MFLOP an example. "grad": of the mean loss. "clip": the sum of the examples'
 * own gradients, each scaled to a norm of at most 1 (counted as the plain gradient). */
#include "bench.h"

static vn_tree *model(void)
{
    vn_array *const key = vn_split(vn_key(0), 4);
    bench_layers l = { 0 };
    bench_push(&l, vn_conv2d(1, 16, VN_SHAPE(8), vn_subkey(key, 0),
                             &(vn_conv_nd_options){ .stride = VN_SHAPE(2),
                                                    .padding_rule = VN_PADDING_SAME }));
    bench_push_function(&l, vn_relu);
    bench_push(&l, vn_max_pool2d(VN_SHAPE(2), NULL));
    bench_push(&l, vn_conv2d(16, 32, VN_SHAPE(4), vn_subkey(key, 1),
                             &(vn_conv_nd_options){ .stride = VN_SHAPE(2) }));
    bench_push_function(&l, vn_relu);
    bench_push(&l, vn_max_pool2d(VN_SHAPE(2), NULL));
    bench_push_function(&l, vn_ravel);
    bench_push(&l, vn_linear(512, 32, vn_subkey(key, 2), NULL));
    bench_push_function(&l, vn_relu);
    bench_push(&l, vn_linear(32, 10, vn_subkey(key, 3), NULL));
    return bench_model(&l);
}

static vn_tree *example_loss(vn_tree *const arg[])
{
    vn_array *const p = vn_log_softmax(vn_call(arg[0], arg[1]), -1);
    return vn_neg(vn_dynamic_index(p, arg[2], 0));
}

static vn_tree *times(vn_tree *const arg[]) { return vn_mul(arg[0], arg[1]); }
static vn_tree *sum_examples(vn_tree *const arg[])
{
    return vn_sum_over(arg[0], VN_AXES(0), false);
}

/* model, x, y of one example -> (loss, gradient of norm at most 1) */
static vn_tree *clipped(vn_tree *const arg[])
{
    vn_tree *const grad = vn_filter_value_and_grad(vn_function(example_loss, 3), NULL);
    vn_tree *const both = vn_call_n(grad, 3, arg);
    vn_array *const norm = vn_sqrt(vn_tree_square_norm(vn_at(both, 1)));
    vn_array *const scale = vn_reciprocal(vn_maximum(norm, vn_float(1)));
    vn_tree *const scaled =
        vn_tree_map(vn_partial(vn_function(times, 2), scale), vn_at(both, 1));
    return vn_tuple(vn_at(both, 0), scaled);
}

/* model, x [batch, ..], y [batch] -> (mean loss, sum of the clipped gradients) */
static vn_tree *clipped_sum(vn_tree *const arg[])
{
    vn_tree *const axes[] = { vn_none(), vn_int(0), vn_int(0) };
    vn_tree *const each = vn_filter_vmap(vn_function(clipped, 3),
                                         &(vn_vmap_options){ .in_axes = axes, .n_in = 3 });
    vn_tree *const both = vn_call_n(each, 3, arg);
    return vn_tuple(vn_mean(vn_at(both, 0)),
                    vn_tree_map(vn_function(sum_examples, 1), vn_at(both, 1)));
}

static bool create(bench_case *c)
{
    const bench_problem *const p = c->problem;
    const int64_t batch = bench_int(p, "batch", 256);
    const double conv1 = 2.0 * 64 * 16 * 196, conv2 = 2.0 * 256 * 32 * 25;
    const double dense = 2.0 * (512 * 32 + 32 * 10);
    return bench_train(c, &(bench_training){
                              .model = model(),
                              .loss = bench_cross_entropy,
                              .gradient = bench_is(p, "clip") ? clipped_sum : NULL,
                              .x = bench_data(p, 1, VN_SHAPE(1, batch, 1, 28, 28)),
                              .y = bench_labels(2, VN_SHAPE(1, batch), 10),
                              .flops = (double)batch * (conv1 + conv2 + dense),
                              .first = (double)batch * conv1,
                          });
}

const bench_family bench_dpsgd = {
    .name = "dpsgd",
    .usage = "batch=256 [opt=sgd|adam|adamw] [lr=] grad|clip|step",
    .modes = "grad clip step",
    .keys = BENCH_TRAINING_KEYS,
    .create = create,
};
