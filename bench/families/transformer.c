/* SPDX-License-Identifier: MIT */
/* One transformer block, layer norms first: x + attention(norm(x)), then +
 * dense(gelu(dense(norm))). loss: mean y^2. forward of an example with w features, s tokens,
 * mlp m: s (8 w w + 4 w m + 4 s w). The first norm has parameters, so the gradient needs that
 * of every product's input. */
#include "bench.h"

typedef struct block {
    vn_module base;
    vn_tree *norm1, *attention, *norm2, *up, *down;
} block;

/* x [seq, width] -> [seq, width] */
static vn_tree *block_call(vn_tree *self, int n, vn_tree *const arg[])
{
    const block *const b = (const block *)(const void *)self;
    (void)n;
    vn_array *const a = vn_vmap_call(b->norm1, arg[0]);
    vn_array *const x = vn_add(arg[0], vn_call(b->attention, a, a, a));
    vn_array *const h = vn_gelu(vn_vmap_call(b->up, vn_vmap_call(b->norm2, x)));
    return vn_add(x, vn_vmap_call(b->down, h));
}

static const vn_field fields[] = { VN_FIELD(block, norm1, TREE),
                                   VN_FIELD(block, attention, TREE),
                                   VN_FIELD(block, norm2, TREE), VN_FIELD(block, up, TREE),
                                   VN_FIELD(block, down, TREE) };
static const vn_type block_type = VN_MODULE_TYPE(block, fields, block_call, 1, 1);

static vn_tree *loss(vn_tree *const arg[])
{
    return vn_mean(vn_square(vn_vmap_call(arg[0], arg[1])));
}

static vn_tree *model(int64_t width, int64_t heads, int64_t mlp)
{
    vn_array *const key = vn_split(vn_key(0), 3);
    return vn_module_new(
        &block_type,
        &(block){
            .norm1 = vn_layer_norm(VN_SHAPE(width), NULL),
            .attention = vn_multihead_attention(heads, width, vn_subkey(key, 0), NULL),
            .norm2 = vn_layer_norm(VN_SHAPE(width), NULL),
            .up = vn_linear(width, mlp, vn_subkey(key, 1), NULL),
            .down = vn_linear(mlp, width, vn_subkey(key, 2), NULL),
        });
}

static bool create(bench_case *c)
{
    const bench_problem *const p = c->problem;
    if (p->n_dims != 1)
        return bench_complain(p, "one width");
    const int64_t w = p->dim[0], batch = bench_int(p, "batch", 64);
    const int64_t heads = bench_int(p, "heads", 8), seq = bench_int(p, "seq", 64);
    const int64_t mlp = bench_int(p, "mlp", 4 * w);
    return bench_train(
        c, &(bench_training){
               .model = model(w, heads, mlp),
               .loss = loss,
               .x = bench_data(p, 1, VN_SHAPE(1, batch, seq, w)),
               .y = vn_zeros(VN_I32, VN_SHAPE(1)),
               .flops = (double)(batch * seq) * (double)(8 * w * w + 4 * w * mlp + 4 * seq * w),
           });
}

const bench_family bench_transformer = {
    .name = "transformer",
    .usage = "WIDTH heads=8 seq=64 [mlp=4 WIDTH] batch=64 [opt=sgd|adam|adamw] [lr=] grad|step",
    .modes = "grad step",
    .keys = BENCH_TRAINING_KEYS " heads seq mlp",
    .create = create,
};
