/* SPDX-License-Identifier: MIT */
/* RMSProp: v = decay v + (1 - decay) g^2,  s = -lr g / sqrt(v + eps)
 *     eps outside the root: s = -lr g / (sqrt(v) + eps)
 *     centered: mean = decay mean + (1 - decay) g, v - mean^2 for v
 *     bias correction: v / (1 - decay^t) for v, mean / (1 - decay^t) for mean
 *     momentum: m = s + momentum m, u = m; nesterov u = s + momentum m; without u = s
 * Source: optax/_src/alias.py, rmsprop: the momentum acts on the scaled step */
#include "core/optim/optim.h"

/* Positions of the slots, -1: there is none. */
typedef struct layout {
    int mean, power, trace;
} layout;

static layout layout_of(const struct vn_rmsprop *o)
{
    const int mean = o->centered ? 0 : -1, power = mean + 1;
    return (layout){ mean, power, o->momentum != 0 ? power + 1 : -1 };
}

static void slots(vn__optim_slots *s, const void *opt)
{
    const struct vn_rmsprop *const o = opt;
    const layout at = layout_of(o);
    if (at.mean >= 0)
        s->name[at.mean] = "mu";
    s->name[at.power] = "nu";
    s->initial[at.power] = o->initial_scale;
    if (at.trace >= 0)
        s->name[at.trace] = "trace";
    s->n = 1 + (at.mean >= 0) + (at.trace >= 0);
}

enum { FACTOR_STEP, FACTOR_UNBIASED };

static void scalars(vn_array *scalar[], const void *opt, vn_array *rate, vn_array *t)
{
    const struct vn_rmsprop *const o = opt;
    scalar[FACTOR_STEP] = vn_neg(rate);
    if (o->bias_correction)
        scalar[FACTOR_UNBIASED] = vn_reciprocal(vn__bias_correction(o->decay, t));
}

static void leaf(vn__optim_leaf *l)
{
    const struct vn_rmsprop *const o = l->opt;
    const layout at = layout_of(o);
    vn_array *power = vn__ema(o->decay, l->slot[at.power], vn_square(l->g));
    l->slot[at.power] = power;
    if (o->bias_correction)
        power = vn_mul(power, l->scalar[FACTOR_UNBIASED]);
    if (at.mean >= 0) {
        vn_array *mean = vn__ema(o->decay, l->slot[at.mean], l->g);
        l->slot[at.mean] = mean;
        if (o->bias_correction)
            mean = vn_mul(mean, l->scalar[FACTOR_UNBIASED]);
        power = vn_sub(power, vn_square(mean));
    }
    vn_array *const down = vn_mul(l->g, l->scalar[FACTOR_STEP]), *const eps = vn_float(o->eps);
    l->update = o->eps_in_sqrt ? vn_mul(down, vn_rsqrt(vn_add(power, eps)))
                               : vn_div(down, vn_add(vn_sqrt(power), eps));
    if (at.trace < 0)
        return;
    vn_array *const momentum = vn_float(o->momentum);
    vn_array *const trace = vn_fma(momentum, l->slot[at.trace], l->update);
    l->slot[at.trace] = trace;
    l->update = o->nesterov ? vn_fma(momentum, trace, l->update) : trace;
}

static const vn__optim_rule rule = {
    .slots = slots,
    .scalars = scalars,
    .leaf = leaf,
    .rate = offsetof(struct vn_rmsprop, learning_rate),
};

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    return vn__optim_call(&rule, self, n, arg);
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_rmsprop, learning_rate, TREE),
    VN_FIELD(struct vn_rmsprop, decay, FLOAT),
    VN_FIELD(struct vn_rmsprop, eps, FLOAT),
    VN_FIELD(struct vn_rmsprop, initial_scale, FLOAT),
    VN_FIELD(struct vn_rmsprop, momentum, FLOAT),
    VN_FIELD(struct vn_rmsprop, eps_in_sqrt, BOOL),
    VN_FIELD(struct vn_rmsprop, centered, BOOL),
    VN_FIELD(struct vn_rmsprop, nesterov, BOOL),
    VN_FIELD(struct vn_rmsprop, bias_correction, BOOL),
};

const vn_type vn_rmsprop_type = VN__OPTIM_TYPE("RMSProp", struct vn_rmsprop, fields, call);

vn_tree *vn_rmsprop(vn_tree *learning_rate, const vn_rmsprop_options *options)
{
    static const vn_rmsprop_options defaults;
    const vn_rmsprop_options o = options ? *options : defaults;
    struct vn_rmsprop r = {
        .learning_rate = vn__optim_rate("RMSProp", learning_rate),
        .decay = vn__option(o.decay, 0.9),
        .eps = vn__option(o.eps, 1e-8),
        .initial_scale = o.initial_scale,
        .momentum = o.momentum,
        .eps_in_sqrt = !o.eps_outside,
        .centered = o.centered,
        .nesterov = o.nesterov,
        .bias_correction = o.bias_correction,
    };
    if (!r.learning_rate || !vn__optim_decay("RMSProp", "decay", r.decay) ||
        !vn__optim_decay("RMSProp", "momentum", r.momentum))
        return NULL;
    return vn_module_new(&vn_rmsprop_type, &r);
}
