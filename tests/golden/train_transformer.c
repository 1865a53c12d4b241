/* SPDX-License-Identifier: MIT */
/* The run transformer: pre-norm blocks with a causal mask, next-token cross-entropy, gradients
 * clipped to norm 1, Adam. */
#include <string.h>

#include "golden/train.h"
#include "vernal/nn.h"
#include "vernal/ops.h"
#include "vernal/optim.h"
#include "vernal/random.h"
#include "vernal/transform.h"

/* ---- x + attention(norm(x)), then x + mlp(norm(x)) for each token */

typedef struct block {
    vn_module base;
    vn_tree *ln1, *attn, *ln2, *mlp;
} block;

static vn_tree *block_call(vn_tree *self, int n, vn_tree *const arg[])
{
    const block *m = (const void *)self;
    vn_array *x = arg[0], *h = vn_vmap_call(m->ln1, x);
    x = vn_add(x, vn_call(m->attn, h, h, h, arg[n - 1]));
    return vn_add(x, vn_vmap_call(m->mlp, vn_vmap_call(m->ln2, x)));
}

static const vn_field block_fields[] = {
    VN_FIELD(block, ln1, TREE),
    VN_FIELD(block, attn, TREE),
    VN_FIELD(block, ln2, TREE),
    VN_FIELD(block, mlp, TREE),
};
static const vn_type block_type = VN_MODULE_TYPE(block, block_fields, block_call, 2, 2);

static vn_tree *block_new(int64_t dim, int64_t heads, vn_array *key)
{
    vn_array *keys = vn_split(key, 2);
    vn_mlp_options gelu = { .activation = vn_unary(vn_gelu) };
    vn_shape shape = VN_SHAPE(dim);
    return vn_module_new(
        &block_type,
        &(block){ .ln1 = vn_layer_norm(shape, NULL),
                  .attn = vn_multihead_attention(heads, dim, vn_subkey(keys, 0), NULL),
                  .ln2 = vn_layer_norm(shape, NULL),
                  .mlp = vn_mlp(dim, dim, 2 * dim, 1, vn_subkey(keys, 1), &gelu) });
}

/* ---- tokens [seq] -> logits [seq, vocab] */

typedef struct transformer {
    vn_module base;
    vn_tree *emb, *pos, *blocks, *ln, *head;
} transformer;

static vn_tree *transformer_call(vn_tree *self, int n, vn_tree *const arg[])
{
    const transformer *m = (const void *)self;
    vn_array *x = vn_add(vn_vmap_call(m->emb, arg[n - 1]), m->pos);
    int64_t seq = vn_dim(m->pos, 0);
    vn_array *causal = vn_tril(vn_ones(VN_BOOL, VN_SHAPE(seq, seq)), 0);
    for (int i = 0; i < vn_len(m->blocks); i++)
        x = vn_call(vn_at(m->blocks, i), x, causal);
    return vn_vmap_call(m->head, vn_vmap_call(m->ln, x));
}

static const vn_field transformer_fields[] = {
    VN_FIELD(transformer, emb, TREE),    VN_FIELD(transformer, pos, TREE),
    VN_FIELD(transformer, blocks, TREE), VN_FIELD(transformer, ln, TREE),
    VN_FIELD(transformer, head, TREE),
};
static const vn_type transformer_type =
    VN_MODULE_TYPE(transformer, transformer_fields, transformer_call, 1, 1);

static int64_t size_of(const golden_case *c, const char *name)
{
    return json_int(json_get(c->args, name), 1);
}

enum { MAX_DEPTH = 128 };

static vn_tree *transformer_new(const golden_case *c)
{
    int64_t dim = size_of(c, "dim"), vocab = size_of(c, "vocab"), depth = size_of(c, "depth");
    vn_array *keys = vn_split(vn_key(c->seed), 3 + depth);
    vn_shape shape = VN_SHAPE(size_of(c, "seq"), dim);
    vn_tree *blocks[MAX_DEPTH];
    if (depth > MAX_DEPTH)
        return vn_error(VN_ERR_LIMIT, "golden: a transformer of %lld blocks", (long long)depth);
    for (int64_t i = 0; i < depth; i++)
        blocks[i] = block_new(dim, size_of(c, "heads"), vn_subkey(keys, 3 + i));
    vn_array *pos = vn_normal(vn_subkey(keys, 1), shape, VN_DTYPE_DEFAULT);
    return vn_module_new(
        &transformer_type,
        &(transformer){ .emb = vn_embedding(vocab, dim, vn_subkey(keys, 0), NULL),
                        .pos = vn_scale(0.02, pos),
                        .blocks = vn_tuple_n((int)depth, blocks),
                        .ln = vn_layer_norm(VN_SHAPE(dim), NULL),
                        .head = vn_linear(dim, vocab, vn_subkey(keys, 2), NULL) });
}

static vn_tree *next_token(vn_tree *const arg[]) /* model, tokens read, tokens to come */
{
    vn_array *logp = vn_log_softmax(vn_vmap_call(arg[0], arg[1]), -1);
    vn_array *picked = vn_take_along_axis(logp, vn_expand_dims(arg[2], 2), 2);
    return vn_neg(vn_mean(picked));
}

static golden_level drawn_from_normal(const char *path)
{
    bool normal = !strcmp(path, ".emb.weight") || !strcmp(path, ".pos");
    return normal ? GOLDEN_ULP : GOLDEN_EXACT;
}

void golden_train_transformer(golden_run *r, golden_case *c)
{
    double rate = json_number(json_get(c->args, "lr"), 0);
    double clip = json_number(json_get(c->args, "clip"), 1);
    vn_array *tokens = golden_input(c, "in/tokens");
    int64_t length = vn_dim(tokens, 1);
    training t = { .model = transformer_new(c),
                   .optimiser =
                       vn_chain(vn_clip_by_global_norm(clip), vn_adam(vn_float(rate), NULL)),
                   .loss = next_token,
                   .x = vn_slice(tokens, 1, 0, length - 1, 1),
                   .y = vn_slice(tokens, 1, 1, length, 1),
                   .init_level = drawn_from_normal };
    golden_train(r, c, &t);
}
