/* SPDX-License-Identifier: MIT */
/* Lion: u = -lr (sign(b1 m + (1 - b1) g) + weight_decay p),  m = b2 m + (1 - b2) g
 * Source: optax/_src/transform.py, scale_by_lion (Chen et al. 2023) */
#include "core/optim/optim.h"

static void slots(vn__optim_slots *s, const void *opt)
{
    (void)opt;
    *s = (vn__optim_slots){ .n = 1, .name = { "mu" } };
}

static void scalars(vn_array *scalar[], const void *opt, vn_array *rate, vn_array *t)
{
    (void)t;
    scalar[0] = vn_neg(rate);
    scalar[1] = vn_scale(-((const struct vn_lion *)opt)->weight_decay, rate);
}

static void leaf(vn__optim_leaf *l)
{
    const struct vn_lion *const o = l->opt;
    vn_array *const direction = vn_sign(vn__ema(o->b1, l->slot[0], l->g));
    l->update = vn_mul(l->scalar[0], direction);
    if (o->weight_decay != 0)
        l->update = vn_fma(l->p, l->scalar[1], l->update);
    l->slot[0] = vn__ema(o->b2, l->slot[0], l->g);
}

static const vn__optim_rule plain = {
    .slots = slots,
    .scalars = scalars,
    .leaf = leaf,
    .rate = offsetof(struct vn_lion, learning_rate),
};
static const vn__optim_rule decaying = {
    .slots = slots,
    .scalars = scalars,
    .leaf = leaf,
    .rate = offsetof(struct vn_lion, learning_rate),
    .needs_params = true,
};

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const bool decays = ((const struct vn_lion *)(const void *)self)->weight_decay != 0;
    return vn__optim_call(decays ? &decaying : &plain, self, n, arg);
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_lion, learning_rate, TREE),
    VN_FIELD(struct vn_lion, b1, FLOAT),
    VN_FIELD(struct vn_lion, b2, FLOAT),
    VN_FIELD(struct vn_lion, weight_decay, FLOAT),
};

const vn_type vn_lion_type = VN__OPTIM_TYPE("Lion", struct vn_lion, fields, call);

vn_tree *vn_lion(vn_tree *learning_rate, const vn_lion_options *options)
{
    static const vn_lion_options defaults;
    const vn_lion_options o = options ? *options : defaults;
    struct vn_lion l = {
        .learning_rate = vn__optim_rate("Lion", learning_rate),
        .b1 = vn__option(o.b1, 0.9),
        .b2 = vn__option(o.b2, 0.99),
        .weight_decay = vn__option(o.weight_decay, 1e-3),
    };
    if (!l.learning_rate || !vn__optim_decay("Lion", "b1", l.b1) ||
        !vn__optim_decay("Lion", "b2", l.b2))
        return NULL;
    return vn_module_new(&vn_lion_type, &l);
}
