/* SPDX-License-Identifier: MIT */
/* Down: at each level a block, whose result is kept, then one that halves the image. Up: at
 * each level a block that also sees what was kept there, then one that doubles the image. */
#include "unet.h"

#include <math.h>

typedef struct unet_model {
    vn_module base;
    vn_tree *time, *first, *down, *half, *middle, *up, *twice, *norm, *last;
    int64_t hidden;
} unet_model;

/* sin(t w_i), cos(t w_i), w_i from 1 to 1 / 10000 */
static vn_array *waves(vn_array *t, int64_t size)
{
    const double rate = log(10000) / (double)(size / 2 - 1);
    vn_array *w = vn_exp(vn_scale(-rate, vn_arange(VN_F32, size / 2)));
    vn_array *phase = vn_mul(t, w);
    return vn_concat(0, vn_sin(phase), vn_cos(phase));
}

static vn_tree *unet_call(vn_tree *self, int n, vn_tree *const arg[])
{
    const unet_model *m = (const unet_model *)self;
    const int levels = vn_len(m->down);
    vn_array *kept[UNET_MAX_LEVELS], *time = vn_call(m->time, waves(arg[0], m->hidden));
    vn_array *x = vn_call(m->first, arg[n - 1]);
    for (int i = 0; i < levels; i++) {
        kept[i] = x = vn_call(vn_at(m->down, i), x, time);
        x = i < levels - 1 ? vn_call(vn_at(m->half, i), x, time) : x;
    }
    for (int i = 0; i < vn_len(m->middle); i++)
        x = vn_call(vn_at(m->middle, i), x, time);
    for (int i = levels - 1; i >= 0; i--) {
        x = vn_call(vn_at(m->up, i), vn_concat(0, x, kept[i]), time);
        x = i ? vn_call(vn_at(m->twice, i - 1), x, time) : x;
    }
    return vn_call(m->last, vn_silu(vn_call(m->norm, x)));
}

static const vn_field unet_fields[] = {
    VN_FIELD(unet_model, time, TREE),  VN_FIELD(unet_model, first, TREE),
    VN_FIELD(unet_model, down, TREE),  VN_FIELD(unet_model, half, TREE),
    VN_FIELD(unet_model, middle, TREE), VN_FIELD(unet_model, up, TREE),
    VN_FIELD(unet_model, twice, TREE), VN_FIELD(unet_model, norm, TREE),
    VN_FIELD(unet_model, last, TREE),  VN_FIELD(unet_model, hidden, INT),
};
static const vn_type unet_type = VN_MODULE_TYPE(unet_model, unet_fields, unet_call, 2, 2);

static int64_t width(const unet_sizes *s, int level) { return s->hidden * s->multiples[level]; }

vn_tree *unet(const unet_sizes *s, vn_array *key)
{
    const int levels = s->levels;
    const vn_conv_nd_options same = { .padding = VN_SHAPE(1) };
    const vn_mlp_options silu = { .activation = vn_unary(vn_silu) };
    vn_tree *down[UNET_MAX_LEVELS], *half[UNET_MAX_LEVELS];
    vn_tree *up[UNET_MAX_LEVELS], *twice[UNET_MAX_LEVELS];
    if (levels < 1 || levels > UNET_MAX_LEVELS)
        return vn_error(VN_ERR_ARGUMENT, "unet: %d levels, expected 1 to %d", levels,
                        UNET_MAX_LEVELS);
    vn_array *k = vn_split(key, 5), *block_keys = vn_split(vn_subkey(k, 0), 4 * levels);
    for (int i = 0; i < levels; i++) {
        const int64_t in = i ? width(s, i - 1) : s->hidden, out = width(s, i), t = s->hidden;
        vn_array *b = vn_slice(block_keys, 0, 4 * i, 4 * i + 4, 1);
        down[i] = unet_block(in, out, t, 0, 0, 0, vn_subkey(b, 0));
        half[i] = unet_block(out, out, t, -1, 0, 0, vn_subkey(b, 1));
        up[i] = unet_block(2 * out, in, t, 0, 0, 0, vn_subkey(b, 2));
        twice[i] = unet_block(out, out, t, 1, 0, 0, vn_subkey(b, 3));
    }
    const int64_t deep = width(s, levels - 1);
    vn_array *m = vn_split(vn_subkey(k, 1), 2);
    return vn_module_new(&unet_type, &(unet_model){
        .time = vn_mlp(s->hidden, s->hidden, 4 * s->hidden, 1, vn_subkey(k, 2), &silu),
        .first = vn_conv2d(s->channels, s->hidden, VN_SHAPE(3), vn_subkey(k, 3), &same),
        .down = vn_list_n(levels, down), .half = vn_list_n(levels - 1, half),
        .middle = vn_list(unet_block(deep, deep, s->hidden, 0, s->heads, s->head_size,
                                     vn_subkey(m, 0)),
                          unet_block(deep, deep, s->hidden, 0, 0, 0, vn_subkey(m, 1))),
        .up = vn_list_n(levels, up), .twice = vn_list_n(levels - 1, twice),
        .norm = vn_group_norm(1, s->hidden, NULL), .hidden = s->hidden,
        .last = vn_conv2d(s->hidden, s->channels, VN_SHAPE(3), vn_subkey(k, 4), &same) });
}
