/* SPDX-License-Identifier: MIT */
#include "encoder.h"

enum { MAX_LAYERS = 32 };

typedef struct encoder_block {
    vn_module base;
    vn_tree *norm1, *attention, *dropout, *norm2, *feed;
    bool bert;
} encoder_block;

static vn_array *feed(vn_tree *layers, vn_array *x, vn_tree *key)
{
    vn_tree *mapped = vn_filter_vmap(layers, NULL);
    return vn_is_none(key) ? vn_call(mapped, x)
                           : vn_call(mapped, x, vn_split(key, vn_dim(x, 0)));
}

static vn_tree *block_call(vn_tree *self, int n, vn_tree *const arg[])
{
    const encoder_block *m = (const encoder_block *)self;
    vn_array *k = vn_is_none(arg[n - 1]) ? NULL : vn_split(arg[n - 1], 3), *x = arg[0];
    vn_array *key[3];
    for (int i = 0; i < 3; i++)
        key[i] = k ? vn_subkey(k, i) : vn_none();
    vn_array *h = m->bert ? x : vn_vmap_call(m->norm1, x);
    h = vn_call(m->attention, h, h, h, arg[1], key[0]);
    x = vn_add(x, vn_call(m->dropout, h, key[1]));
    if (!m->bert)
        return vn_add(x, feed(m->feed, vn_vmap_call(m->norm2, x), key[2]));
    x = vn_vmap_call(m->norm1, x);
    return vn_vmap_call(m->norm2, vn_add(x, feed(m->feed, x, key[2])));
}

static const vn_field block_fields[] = {
    VN_FIELD(encoder_block, norm1, TREE),   VN_FIELD(encoder_block, attention, TREE),
    VN_FIELD(encoder_block, dropout, TREE), VN_FIELD(encoder_block, norm2, TREE),
    VN_FIELD(encoder_block, feed, TREE),    VN_FIELD(encoder_block, bert, BOOL),
};
static const vn_type block_type = VN_MODULE_TYPE(encoder_block, block_fields, block_call, 3, 3);

static vn_tree *block_new(const encoder_sizes *s, vn_array *key)
{
    const vn_multihead_attention_options o = {
        .use_query_bias = s->bert, .use_key_bias = s->bert, .use_value_bias = s->bert,
        .use_output_bias = s->bert, .dropout_p = s->bert ? s->dropout : 0,
    };
    vn_array *k = vn_split(key, 3);
    return vn_module_new(&block_type, &(encoder_block){
        .norm1 = vn_layer_norm(VN_SHAPE(s->size), NULL),
        .attention = vn_multihead_attention(s->heads, s->size, vn_subkey(k, 0), &o),
        .dropout = vn_dropout(s->bert ? s->dropout : 0, NULL),
        .norm2 = vn_layer_norm(VN_SHAPE(s->size), NULL),
        .feed = vn_sequential(
            vn_linear(s->size, s->hidden, vn_subkey(k, 1), NULL), vn_unary(vn_gelu),
            vn_dropout(s->bert ? 0 : s->dropout, NULL),
            vn_linear(s->hidden, s->size, vn_subkey(k, 2), NULL),
            vn_dropout(s->dropout, NULL)),
        .bert = s->bert });
}

vn_tree *encoder_blocks(const encoder_sizes *s, vn_array *key)
{
    vn_tree *blocks[MAX_LAYERS];
    if (s->layers > MAX_LAYERS)
        return vn_error(VN_ERR_ARGUMENT, "encoder_blocks: more than %d layers", MAX_LAYERS);
    vn_array *k = vn_split(key, s->layers);
    for (int i = 0; i < s->layers; i++)
        blocks[i] = block_new(s, vn_subkey(k, i));
    return vn_list_n(s->layers, blocks);
}

vn_array *encoder_apply(vn_tree *blocks, vn_array *x, vn_tree *mask, vn_tree *key)
{
    const int layers = vn_len(blocks);
    vn_array *k = vn_is_none(key) ? NULL : vn_split(key, layers);
    for (int i = 0; i < layers; i++)
        x = vn_call(vn_at(blocks, i), x, mask, k ? vn_subkey(k, i) : vn_none());
    return x;
}
