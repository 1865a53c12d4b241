/* SPDX-License-Identifier: MIT */
/* Adagrad: s = s + g^2,  u = -lr g / sqrt(s + eps), 0 where s is 0
 * Source: optax/_src/transform.py, scale_by_rss (Duchi et al. 2011) */
#include "core/optim/optim.h"

static void slots(vn__optim_slots *s, const void *opt)
{
    const double initial = ((const struct vn_adagrad *)opt)->initial_accumulator_value;
    *s = (vn__optim_slots){ .n = 1, .name = { "sum_of_squares" }, .initial = { initial } };
}

static void scalars(vn_array *scalar[], const void *opt, vn_array *rate, vn_array *t)
{
    (void)opt;
    (void)t;
    scalar[0] = vn_neg(rate);
}

static void leaf(vn__optim_leaf *l)
{
    const struct vn_adagrad *const o = l->opt;
    vn_array *const sum = vn_add(l->slot[0], vn_square(l->g));
    vn_array *const inverse = vn_rsqrt(vn_add(sum, vn_float(o->eps)));
    vn_array *const step = vn_mul(vn_mul(l->g, l->scalar[0]), inverse);
    l->slot[0] = sum;
    l->update = vn_where(vn_gt(sum, vn_int(0)), step, vn_int(0));
}

static const vn__optim_rule rule = {
    .slots = slots,
    .scalars = scalars,
    .leaf = leaf,
    .rate = offsetof(struct vn_adagrad, learning_rate),
};

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    return vn__optim_call(&rule, self, n, arg);
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_adagrad, learning_rate, TREE),
    VN_FIELD(struct vn_adagrad, initial_accumulator_value, FLOAT),
    VN_FIELD(struct vn_adagrad, eps, FLOAT),
};

const vn_type vn_adagrad_type = VN__OPTIM_TYPE("Adagrad", struct vn_adagrad, fields, call);

vn_tree *vn_adagrad(vn_tree *learning_rate, const vn_adagrad_options *options)
{
    static const vn_adagrad_options defaults;
    const vn_adagrad_options o = options ? *options : defaults;
    struct vn_adagrad a = {
        .learning_rate = vn__optim_rate("Adagrad", learning_rate),
        .initial_accumulator_value = vn__option(o.initial_accumulator_value, 0.1),
        .eps = vn__option(o.eps, 1e-7),
    };
    return a.learning_rate ? vn_module_new(&vn_adagrad_type, &a) : NULL;
}
