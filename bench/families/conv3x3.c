/* SPDX-License-Identifier: MIT */
/* Two or more 3 x 3 convolutions with relu between them, images of one size; loss mean y^2. */
#include "bench.h"

static vn_tree *model(const bench_problem *p)
{
    const vn_conv_nd_options same = { .padding = VN_SHAPE(1) };
    vn_array *const key = vn_split(vn_key(0), p->n_dims);
    bench_layers l = { 0 };
    for (int i = 0; i + 1 < p->n_dims; i++) {
        if (i)
            bench_push_function(&l, vn_relu);
        bench_push(&l,
                   vn_conv2d(p->dim[i], p->dim[i + 1], VN_SHAPE(3), vn_subkey(key, i), &same));
    }
    return bench_model(&l);
}

static vn_tree *loss(vn_tree *const arg[])
{
    return vn_mean(vn_square(vn_vmap_call(arg[0], arg[1])));
}

static bool create(bench_case *c)
{
    const bench_problem *const p = c->problem;
    if (p->n_dims < 2)
        return bench_complain(p, "at least two numbers of channels");
    const int64_t batch = bench_int(p, "batch", 64), size = bench_int(p, "size", 32);
    double flops[BENCH_MAX_DIMS], all = 0;
    for (int i = 0; i + 1 < p->n_dims; i++)
        all += flops[i] =
            (double)batch * 18.0 * (double)(size * size) * (double)(p->dim[i] * p->dim[i + 1]);
    return bench_train(c, &(bench_training){
                              .model = model(p),
                              .loss = loss,
                              .x = bench_data(p, 1, VN_SHAPE(1, batch, p->dim[0], size, size)),
                              .y = vn_zeros(VN_I32, VN_SHAPE(1)),
                              .flops = all,
                              .first = flops[0],
                          });
}

const bench_family bench_conv3x3 = {
    .name = "conv3x3",
    .usage = "IN-..-OUT size=32 batch=64 [opt=sgd|adam|adamw] [lr=] grad|step",
    .modes = "grad step",
    .keys = BENCH_TRAINING_KEYS " size",
    .create = create,
};
