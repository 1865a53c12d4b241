/* SPDX-License-Identifier: MIT */
/* Dropout: y = mask x / q, q = 1 - p, mask ~ bernoulli(q); y = x in inference and for p = 0
 * Source: equinox/nn/_dropout.py. The division is by q in x's dtype, as there. p = 1 gives
 * zeros with a zero gradient (0 / 0 there). */
#include "core/nn/layer.h"

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_dropout *const l = (const void *)self;
    vn_tree *const key = vn__optional(n, arg, 1), *const override = vn__optional(n, arg, 2);
    vn_array *const x = arg[0];
    const double p = vn_item(l->p);
    bool inference = false;
    if (!vn__expect_array("Dropout", "x", x))
        return NULL;
    if (!vn__expect_flag(&inference, "Dropout", "inference",
                         override ? override : l->inference))
        return NULL;
    if (p == 0 || inference)
        return x;
    if (!vn__expect_between("Dropout", "p", p, 0, 1))
        return NULL;
    if (!key)
        return vn_error(VN_ERR_ARGUMENT, "Dropout: a key is needed when not in inference mode");
    if (p == 1)
        return vn_zeros_like(x);
    vn_array *const mask = vn_bernoulli(key, 1 - p, vn_shape_of(x));
    return vn_where(mask, vn_div(x, vn_float(1 - p)), vn_int(0));
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
