/* SPDX-License-Identifier: MIT */
/* Keys and order of the leaves are those of Equinox's notebook. */
#include "mixer.h"

enum { MAX_BLOCKS = 16 };

/* ------------------------------------------- a block: y [channels, patches] -> the same */

typedef struct mixer_block {
    vn_module base;
    vn_tree *patch_mixer, *hidden_mixer, *norm1, *norm2;
} mixer_block;

static vn_tree *block_call(vn_tree *self, int n, vn_tree *const arg[])
{
    const mixer_block *m = (const mixer_block *)self;
    (void)n;
    vn_array *y = vn_add(arg[0], vn_vmap_call(m->patch_mixer, vn_call(m->norm1, arg[0])));
    y = vn_swapaxes(y, 0, 1);
    y = vn_add(y, vn_vmap_call(m->hidden_mixer, vn_call(m->norm2, y)));
    return vn_swapaxes(y, 0, 1);
}

static const vn_field block_fields[] = {
    VN_FIELD(mixer_block, patch_mixer, TREE),
    VN_FIELD(mixer_block, hidden_mixer, TREE),
    VN_FIELD(mixer_block, norm1, TREE),
    VN_FIELD(mixer_block, norm2, TREE),
};
static const vn_type block_type = VN_MODULE_TYPE(mixer_block, block_fields, block_call, 1, 1);

static vn_tree *block_new(const mixer_sizes *s, int64_t patches, vn_array *key)
{
    vn_array *k = vn_split(key, 2);
    return vn_module_new(&block_type, &(mixer_block){
        .patch_mixer = vn_mlp(patches, patches, s->mix_patch, 1, vn_subkey(k, 0), NULL),
        .hidden_mixer = vn_mlp(s->hidden, s->hidden, s->mix_hidden, 1, vn_subkey(k, 1), NULL),
        .norm1 = vn_layer_norm(VN_SHAPE(s->hidden, patches), NULL),
        .norm2 = vn_layer_norm(VN_SHAPE(patches, s->hidden), NULL) });
}

/* -------------------------------------------------------------------------- the model */

typedef struct mixer {
    vn_module base;
    vn_tree *conv_in, *conv_out, *blocks, *norm;
    double t1;
} mixer;

static vn_tree *mixer_call(vn_tree *self, int n, vn_tree *const arg[])
{
    const mixer *m = (const mixer *)self;
    (void)n;
    vn_array *time = vn_broadcast_to(vn_scale(1 / m->t1, arg[0]), vn_shape_of(arg[1]));
    vn_array *y = vn_call(m->conv_in, vn_concat(0, arg[1], time));
    const vn_shape patches = vn_shape_of(y);
    y = vn_reshape(y, VN_SHAPE(patches.dim[0], -1));
    for (int i = 0; i < vn_len(m->blocks); i++)
        y = vn_call(vn_at(m->blocks, i), y);
    return vn_call(m->conv_out, vn_reshape(vn_call(m->norm, y), patches));
}

static const vn_field mixer_fields[] = {
    VN_FIELD(mixer, conv_in, TREE), VN_FIELD(mixer, conv_out, TREE),
    VN_FIELD(mixer, blocks, TREE),  VN_FIELD(mixer, norm, TREE),
    VN_FIELD(mixer, t1, FLOAT),
};
static const vn_type mixer_type = VN_MODULE_TYPE(mixer, mixer_fields, mixer_call, 2, 2);

vn_tree *mixer2d(const mixer_sizes *s, double t1, vn_array *key)
{
    if (s->blocks > MAX_BLOCKS || s->image % s->patch)
        return vn_error(VN_ERR_ARGUMENT, "mixer2d: more than %d blocks, or images that are no "
                        "whole number of patches", MAX_BLOCKS);
    const int64_t patches = (s->image / s->patch) * (s->image / s->patch);
    vn_array *k = vn_split(key, 2 + s->blocks);
    vn_tree *blocks[MAX_BLOCKS];
    for (int i = 0; i < s->blocks; i++)
        blocks[i] = block_new(s, patches, vn_subkey(k, 2 + i));
    const vn_shape patch = VN_SHAPE(s->patch);
    const vn_conv_nd_options in = { .stride = patch };
    const vn_conv_transpose_nd_options out = { .stride = patch };
    return vn_module_new(&mixer_type, &(mixer){
        .conv_in = vn_conv2d(2, s->hidden, patch, vn_subkey(k, 0), &in),
        .conv_out = vn_conv_transpose2d(s->hidden, 1, patch, vn_subkey(k, 1), &out),
        .blocks = vn_list_n(s->blocks, blocks),
        .norm = vn_layer_norm(VN_SHAPE(s->hidden, patches), NULL), .t1 = t1 });
}
