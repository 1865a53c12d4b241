/* SPDX-License-Identifier: MIT */
/* h = conv(silu(norm(x))) + linear(silu(time)),  y = (conv(silu(norm(h))) + x) / sqrt(2), then
 * y + attention(y). Scaling comes before the first convolution, for both ways. */
#include <math.h>

#include "unet.h"

static vn_tree *group_norm(int64_t channels)
{
    const int64_t groups = channels / 4 < 32 ? channels / 4 : 32;
    return vn_group_norm(groups > 1 ? groups : 1, channels, NULL);
}

/* -------------------------------- linear attention: x [c, h, w] -> the same
 * k is a softmax over pixels; context = k v^T [head, head] is all that a pixel looks up. */

typedef struct linear_attention {
    vn_module base;
    vn_tree *norm, *to_qkv, *to_out;
    int64_t heads;
} linear_attention;

static vn_tree *attention_call(vn_tree *self, int n, vn_tree *const arg[])
{
    const linear_attention *m = (const linear_attention *)self;
    const int64_t h = vn_dim(arg[n - 1], 1), w = vn_dim(arg[n - 1], 2);
    vn_array *qkv = vn_call(m->to_qkv, vn_call(m->norm, arg[0]));
    qkv = vn_reshape(qkv, VN_SHAPE(3, m->heads, -1, h * w)); /* [3, heads, size, pixels] */
    vn_array *q = vn_index(qkv, 0, 0), *k = vn_softmax(vn_index(qkv, 0, 1), -1);
    vn_array *context = vn_einsum("hdn,hen->hde", k, vn_index(qkv, 0, 2));
    vn_array *found = vn_einsum("hde,hdn->hen", context, q);
    return vn_call(m->to_out, vn_reshape(found, VN_SHAPE(-1, h, w)));
}

static const vn_field attention_fields[] = {
    VN_FIELD(linear_attention, norm, TREE),   VN_FIELD(linear_attention, to_qkv, TREE),
    VN_FIELD(linear_attention, to_out, TREE), VN_FIELD(linear_attention, heads, INT),
};
static const vn_type attention_type =
    VN_MODULE_TYPE(linear_attention, attention_fields, attention_call, 1, 1);

static vn_tree *attention_new(int64_t channels, int64_t heads, int64_t size, vn_array *key)
{
    vn_array *k = vn_split(key, 2);
    return vn_module_new(&attention_type, &(linear_attention){
        .norm = group_norm(channels), .heads = heads,
        .to_qkv = vn_conv2d(channels, 3 * heads * size, VN_SHAPE(1), vn_subkey(k, 0), NULL),
        .to_out = vn_conv2d(heads * size, channels, VN_SHAPE(1), vn_subkey(k, 1), NULL) });
}

/* ------------------------------------------------------------------------- the block */

typedef struct resnet_block {
    vn_module base;
    vn_tree *norm1, *scaling, *conv1, *time, *norm2, *conv2, *residual, *attention;
} resnet_block;

static vn_tree *block_call(vn_tree *self, int n, vn_tree *const arg[])
{
    const resnet_block *m = (const resnet_block *)self;
    vn_array *x = arg[0], *h = vn_silu(vn_call(m->norm1, x));
    vn_array *time = vn_call(m->time, vn_silu(arg[n - 1]));
    h = vn_call(m->conv1, vn_call(m->scaling, h));
    h = vn_add(h, vn_reshape(time, VN_SHAPE(-1, 1, 1)));
    h = vn_call(m->conv2, vn_silu(vn_call(m->norm2, h)));
    x = vn_call(m->residual, vn_call(m->scaling, x));
    x = vn_scale(sqrt(0.5), vn_add(h, x));
    return vn_is_none(m->attention) ? x : vn_add(x, vn_call(m->attention, x));
}

static const vn_field block_fields[] = {
    VN_FIELD(resnet_block, norm1, TREE),    VN_FIELD(resnet_block, scaling, TREE),
    VN_FIELD(resnet_block, conv1, TREE),    VN_FIELD(resnet_block, time, TREE),
    VN_FIELD(resnet_block, norm2, TREE),    VN_FIELD(resnet_block, conv2, TREE),
    VN_FIELD(resnet_block, residual, TREE), VN_FIELD(resnet_block, attention, TREE),
};
static const vn_type block_type = VN_MODULE_TYPE(resnet_block, block_fields, block_call, 2, 2);

static vn_tree *scaling(int64_t channels, int scale, vn_array *key)
{
    const vn_conv_transpose_nd_options up = { .stride = VN_SHAPE(2), .padding = VN_SHAPE(1) };
    const vn_conv_nd_options down = { .stride = VN_SHAPE(2), .padding = VN_SHAPE(1) };
    if (scale == 0)
        return vn_identity_layer();
    return scale > 0 ? vn_conv_transpose2d(channels, channels, VN_SHAPE(4), key, &up)
                     : vn_conv2d(channels, channels, VN_SHAPE(3), key, &down);
}

vn_tree *unet_block(int64_t in, int64_t out, int64_t time_size, int scale, int64_t heads,
                    int64_t head_size, vn_array *key)
{
    const vn_conv_nd_options same = { .padding = VN_SHAPE(1) };
    vn_array *k = vn_split(key, 6);
    return vn_module_new(&block_type, &(resnet_block){
        .norm1 = group_norm(in), .norm2 = group_norm(out),
        .scaling = scaling(in, scale, vn_subkey(k, 0)),
        .conv1 = vn_conv2d(in, out, VN_SHAPE(3), vn_subkey(k, 1), &same),
        .time = vn_linear(time_size, out, vn_subkey(k, 2), NULL),
        .conv2 = vn_conv2d(out, out, VN_SHAPE(3), vn_subkey(k, 3), &same),
        .residual = in == out && scale == 0
                        ? vn_identity_layer()
                        : vn_conv2d(in, out, VN_SHAPE(1), vn_subkey(k, 4), NULL),
        .attention = heads ? attention_new(out, heads, head_size, vn_subkey(k, 5))
                           : vn_none() });
}
