/* SPDX-License-Identifier: MIT */
/* SGD: u = -lr g; with momentum m = g + momentum m, u = -lr m; nesterov u = -lr (g + momentum
 * m)
 * Source: optax/_src/alias.py, sgd; transforms/_accumulation.py, trace */
#include "core/optim/optim.h"

static void slots(vn__optim_slots *s, const void *opt)
{
    if (((const struct vn_sgd *)opt)->momentum != 0)
        *s = (vn__optim_slots){ .n = 1, .name = { "trace" } };
}

static void scalars(vn_array *scalar[], const void *opt, vn_array *rate, vn_array *t)
{
    (void)opt;
    (void)t;
    scalar[0] = vn_neg(rate);
}

/* k x + y */
static vn_array *multiple(vn_array *k, vn_array *x, vn_array *y)
{
    return vn_dtype_is_complex(vn_dtype_of(y)) ? vn_add(vn_mul(k, x), y) : vn_fma(k, x, y);
}

static void leaf(vn__optim_leaf *l)
{
    const struct vn_sgd *const o = l->opt;
    vn_array *step = l->g;
    if (o->momentum != 0) {
        vn_array *const momentum = vn_float(o->momentum);
        l->slot[0] = multiple(momentum, l->slot[0], l->g);
        step = o->nesterov ? multiple(momentum, l->slot[0], l->g) : l->slot[0];
    }
    l->update = vn_mul(l->scalar[0], step);
}

static const vn__optim_rule rule = {
    .slots = slots,
    .scalars = scalars,
    .leaf = leaf,
    .rate = offsetof(struct vn_sgd, learning_rate),
    .takes_complex = true,
};

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    return vn__optim_call(&rule, self, n, arg);
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_sgd, learning_rate, TREE),
    VN_FIELD(struct vn_sgd, momentum, FLOAT),
    VN_FIELD(struct vn_sgd, nesterov, BOOL),
};

const vn_type vn_sgd_type = VN__OPTIM_TYPE("SGD", struct vn_sgd, fields, call);

vn_tree *vn_sgd(vn_tree *learning_rate, const vn_sgd_options *options)
{
    static const vn_sgd_options defaults;
    const vn_sgd_options o = options ? *options : defaults;
    struct vn_sgd s = { .learning_rate = vn__optim_rate("SGD", learning_rate),
                        .momentum = o.momentum,
                        .nesterov = o.nesterov };
    if (!s.learning_rate || !vn__optim_decay("SGD", "momentum", s.momentum))
        return NULL;
    return vn_module_new(&vn_sgd_type, &s);
}
