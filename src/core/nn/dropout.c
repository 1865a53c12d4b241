/* SPDX-License-Identifier: MIT */
/* Dropout: y = mask x / q, q = 1 - p, mask ~ bernoulli(q); y = x in inference and for p = 0
 * Source: equinox/nn/_dropout.py. The division is by q in x's dtype, as there. p = 1 gives
 * zeros with a zero gradient (0 / 0 there). p may be an array, put there by tree_at. */
#include "core/nn/layer.h"

/* p is a number. */
static vn_array *drop(vn_array *x, double p, vn_array *key)
{
    if (!vn__expect_between("Dropout", "p", p, 0, 1))
        return NULL;
    if (p == 1)
        return vn_zeros_like(x);
    vn_array *const mask = vn_bernoulli(key, 1 - p, vn_shape_of(x));
    return vn_where(mask, vn_div(x, vn_float(1 - p)), vn_int(0));
}

/* p is an array, which may be traced: the uniforms have its dtype, and it has no gradient. */
static vn_array *drop_by_array(vn_array *x, vn_array *p, vn_array *key)
{
    vn_array *const q = vn_sub(vn_int(1), vn_stop_gradient(p));
    vn_array *const mask = vn_lt(vn_uniform(key, vn_shape_of(x), vn_dtype_of(p), 0, 1), q);
    vn_array *const divisor = vn_where(vn_eq(q, vn_int(0)), vn_int(1), q); /* no 0 / 0 */
    const bool real = vn_dtype_is_inexact(vn_dtype_of(x));
    return vn_where(mask, vn_div(x, real ? vn_cast(divisor, vn_dtype_of(x)) : divisor),
                    vn_int(0));
}

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_dropout *const l = (const void *)self;
    vn_tree *const key = vn__optional(n, arg, 1), *const override = vn__optional(n, arg, 2);
    vn_array *const x = arg[0];
    const bool by_array = vn__as_array(l->p) != NULL;
    bool inference = false;
    if (!vn__expect_array("Dropout", "x", x))
        return NULL;
    if (!vn__expect_flag(&inference, "Dropout", "inference",
                         override ? override : l->inference))
        return NULL;
    const double p = by_array ? 0 : vn_item(l->p);
    if (inference || (!by_array && p == 0))
        return x;
    if (!key)
        return vn_error(VN_ERR_ARGUMENT, "Dropout: a key is needed when not in inference mode");
    return by_array ? drop_by_array(x, l->p, key) : drop(x, p, key);
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_dropout, p, TREE),
    VN_FIELD(struct vn_dropout, inference, TREE),
};

const vn_type vn_dropout_type =
    VN__LAYER_TYPE("Dropout", struct vn_dropout, fields, call, 1, 3);

vn_tree *vn_dropout(double p, const vn_dropout_options *options)
{
    vn__named_begin("Dropout");
    if (!vn__expect_between("Dropout", "p", p, 0, 1))
        return vn__named_end(NULL);
    return vn__named_end(
        vn_module_new(&vn_dropout_type, &(struct vn_dropout){
                                            .p = vn_float(p),
                                            .inference = vn_bool(options && options->inference),
                                        }));
}
