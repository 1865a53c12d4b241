/* SPDX-License-Identifier: MIT */
/* Lambda: y = fn(x)
 * Source: equinox/nn/_composed.py */
#include "core/nn/layer.h"

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    (void)n;
    return vn_call_n(((const struct vn_lambda *)(const void *)self)->fn, 1, arg);
}

static const vn_field fields[] = { VN_FIELD(struct vn_lambda, fn, TREE) };

const vn_type vn_lambda_type = VN__LAYER_TYPE("Lambda", struct vn_lambda, fields, call, 1, 2);

vn_tree *vn_lambda(vn_tree *fn)
{
    vn__named_begin("Lambda");
    if (!fn)
        return vn__named_end(vn_error(VN_ERR_NULL_ARGUMENT, "Lambda: fn is NULL"));
    return vn__named_end(vn_module_new(&vn_lambda_type, &(struct vn_lambda){ .fn = fn }));
}
