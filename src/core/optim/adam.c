/* SPDX-License-Identifier: MIT */
/* Adam, AdamW, NAdam: m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2
 *     u = -lr (m / (1 - b1^t) / (sqrt(v / (1 - b2^t) + eps_root) + eps) + weight_decay p)
 *     nesterov: b1 m / (1 - b1^(t+1)) + (1 - b1) g / (1 - b1^t) for m / (1 - b1^t)
 * Source: optax/_src/transform.py, scale_by_adam (Kingma and Ba 2014; Loshchilov and Hutter
 * 2017; Dozat 2016). Scalars of a step are gathered: -lr / (1 - b1^t) and 1 / (1 - b2^t). */
#include "core/optim/optim.h"

static void slots(vn__optim_slots *s, const void *opt)
{
    (void)opt;
    *s = (vn__optim_slots){ .n = 2, .name = { "mu", "nu" } };
}

enum { FACTOR_M, FACTOR_V, FACTOR_P, FACTOR_G };

static void scalars(vn_array *scalar[], const void *opt, vn_array *rate, vn_array *t)
{
    const struct vn_adam *const o = opt;
    vn_array *const down = vn_neg(rate);
    vn_array *const by_m = vn_div(down, vn__bias_correction(o->b1, t));
    scalar[FACTOR_M] = by_m;
    scalar[FACTOR_V] = vn_reciprocal(vn__bias_correction(o->b2, t));
    scalar[FACTOR_P] = vn_scale(o->weight_decay, down);
    if (o->nesterov) {
        vn_array *const later = vn__bias_correction(o->b1, vn_add(t, vn_int(1)));
        scalar[FACTOR_M] = vn_div(vn_scale(o->b1, down), later);
        scalar[FACTOR_G] = vn_scale(1 - o->b1, by_m);
    }
}

static void leaf(vn__optim_leaf *l)
{
    const struct vn_adam *const o = l->opt;
    vn_array *const m = vn__ema(o->b1, l->slot[0], l->g);
    vn_array *const v = vn__ema(o->b2, l->slot[1], vn_square(l->g));
    vn_array *power = vn_mul(v, l->scalar[FACTOR_V]);
    if (o->eps_root != 0)
        power = vn_add(power, vn_float(o->eps_root));
    vn_array *step = vn_mul(m, l->scalar[FACTOR_M]);
    if (o->nesterov)
        step = vn_fma(l->g, l->scalar[FACTOR_G], step);
    l->update = vn_div(step, vn_add(vn_sqrt(power), vn_float(o->eps)));
    if (o->weight_decay != 0)
        l->update = vn_fma(l->p, l->scalar[FACTOR_P], l->update);
    l->slot[0] = m;
    l->slot[1] = v;
}

static const vn__optim_rule plain = {
    .slots = slots,
    .scalars = scalars,
    .leaf = leaf,
    .rate = offsetof(struct vn_adam, learning_rate),
};
static const vn__optim_rule decaying = {
    .slots = slots,
    .scalars = scalars,
    .leaf = leaf,
    .rate = offsetof(struct vn_adam, learning_rate),
    .needs_params = true,
};

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const bool decays = ((const struct vn_adam *)(const void *)self)->weight_decay != 0;
    return vn__optim_call(decays ? &decaying : &plain, self, n, arg);
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_adam, learning_rate, TREE),
    VN_FIELD(struct vn_adam, b1, FLOAT),
    VN_FIELD(struct vn_adam, b2, FLOAT),
    VN_FIELD(struct vn_adam, eps, FLOAT),
    VN_FIELD(struct vn_adam, eps_root, FLOAT),
    VN_FIELD(struct vn_adam, weight_decay, FLOAT),
    VN_FIELD(struct vn_adam, nesterov, BOOL),
};

const vn_type vn_adam_type = VN__OPTIM_TYPE("Adam", struct vn_adam, fields, call);

static vn_tree *construct(vn_tree *rate, vn_adam_options o)
{
    struct vn_adam a = {
        .learning_rate = vn__optim_rate("Adam", rate),
        .b1 = vn__option(o.b1, 0.9),
        .b2 = vn__option(o.b2, 0.999),
        .eps = vn__option(o.eps, 1e-8),
        .eps_root = vn__option(o.eps_root, 0),
        .weight_decay = vn__option(o.weight_decay, 0),
        .nesterov = o.nesterov,
    };
    if (!a.learning_rate || !vn__optim_decay("Adam", "b1", a.b1) ||
        !vn__optim_decay("Adam", "b2", a.b2))
        return NULL;
    return vn_module_new(&vn_adam_type, &a);
}

static vn_adam_options given(const vn_adam_options *options)
{
    static const vn_adam_options defaults;
    return options ? *options : defaults;
}

vn_tree *vn_adam(vn_tree *learning_rate, const vn_adam_options *options)
{
    return construct(learning_rate, given(options));
}

vn_tree *vn_adamw(vn_tree *learning_rate, const vn_adam_options *options)
{
    vn_adam_options o = given(options);
    if (o.weight_decay == 0)
        o.weight_decay = 1e-4;
    return construct(learning_rate, o);
}

vn_tree *vn_nadam(vn_tree *learning_rate, const vn_adam_options *options)
{
    vn_adam_options o = given(options);
    o.nesterov = true;
    return construct(learning_rate, o);
}
