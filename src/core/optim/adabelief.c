/* SPDX-License-Identifier: MIT */
/* AdaBelief: m = b1 m + (1 - b1) g,  s = b2 s + (1 - b2) (g - m)^2 + eps_root, with the new m
 *     u = -lr (m / (1 - b1^t)) / (sqrt(s / (1 - b2^t)) + eps)
 *     nesterov: b1 m / (1 - b1^(t+1)) + (1 - b1) g / (1 - b1^t) for m / (1 - b1^t)
 * Source: optax/_src/transform.py, scale_by_belief (Zhuang et al. 2020) */
#include "core/optim/optim.h"

static void slots(vn__optim_slots *s, const void *opt)
{
    (void)opt;
    *s = (vn__optim_slots){ .n = 2, .name = { "mu", "nu" } };
}

enum { FACTOR_M, FACTOR_S, FACTOR_G };

static void scalars(vn_array *scalar[], const void *opt, vn_array *rate, vn_array *t)
{
    const struct vn_adabelief *const o = opt;
    vn_array *const down = vn_neg(rate);
    vn_array *const by_m = vn_div(down, vn__bias_correction(o->b1, t));
    scalar[FACTOR_M] = by_m;
    scalar[FACTOR_S] = vn_reciprocal(vn__bias_correction(o->b2, t));
    if (o->nesterov) {
        vn_array *const later = vn__bias_correction(o->b1, vn_add(t, vn_int(1)));
        scalar[FACTOR_M] = vn_div(vn_scale(o->b1, down), later);
        scalar[FACTOR_G] = vn_scale(1 - o->b1, by_m);
    }
}

static void leaf(vn__optim_leaf *l)
{
    const struct vn_adabelief *const o = l->opt;
    vn_array *const m = vn__ema(o->b1, l->slot[0], l->g);
    vn_array *const s = vn__ema(o->b2, l->slot[1], vn_square(vn_sub(l->g, m)));
    l->slot[0] = m;
    l->slot[1] = vn_add(s, vn_float(o->eps_root));
    vn_array *const deviation = vn_sqrt(vn_mul(l->slot[1], l->scalar[FACTOR_S]));
    vn_array *step = vn_mul(m, l->scalar[FACTOR_M]);
    if (o->nesterov)
        step = vn_fma(l->g, l->scalar[FACTOR_G], step);
    l->update = vn_div(step, vn_add(deviation, vn_float(o->eps)));
}

static const vn__optim_rule rule = {
    .slots = slots,
    .scalars = scalars,
    .leaf = leaf,
    .rate = offsetof(struct vn_adabelief, learning_rate),
};

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    return vn__optim_call(&rule, self, n, arg);
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_adabelief, learning_rate, TREE),
    VN_FIELD(struct vn_adabelief, b1, FLOAT),
    VN_FIELD(struct vn_adabelief, b2, FLOAT),
    VN_FIELD(struct vn_adabelief, eps, FLOAT),
    VN_FIELD(struct vn_adabelief, eps_root, FLOAT),
    VN_FIELD(struct vn_adabelief, nesterov, BOOL),
};

const vn_type vn_adabelief_type =
    VN__OPTIM_TYPE("AdaBelief", struct vn_adabelief, fields, call);

vn_tree *vn_adabelief(vn_tree *learning_rate, const vn_adabelief_options *options)
{
    static const vn_adabelief_options defaults;
    const vn_adabelief_options o = options ? *options : defaults;
    struct vn_adabelief a = {
        .learning_rate = vn__optim_rate("AdaBelief", learning_rate),
        .b1 = vn__option(o.b1, 0.9),
        .b2 = vn__option(o.b2, 0.999),
        .eps = vn__option(o.eps, 1e-16),
        .eps_root = vn__option(o.eps_root, 1e-16),
        .nesterov = o.nesterov,
    };
    if (!a.learning_rate || !vn__optim_decay("AdaBelief", "b1", a.b1) ||
        !vn__optim_decay("AdaBelief", "b2", a.b2))
        return NULL;
    return vn_module_new(&vn_adabelief_type, &a);
}
