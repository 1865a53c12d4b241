/* SPDX-License-Identifier: MIT */
/* Identity: y = x
 * Source: equinox/nn/_linear.py */
#include "core/nn/layer.h"

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    (void)self;
    (void)n;
    return arg[0];
}

const vn_type vn_identity_layer_type = {
    .name = "Identity",
    .kind = VN_KIND_MODULE,
    .size = sizeof(struct vn_identity_layer),
    .call = call,
    .min_args = 1,
    .max_args = -1,
};

vn_tree *vn_identity_layer(void)
{
    return vn_module_new(&vn_identity_layer_type, &(struct vn_identity_layer){ .base = { 0 } });
}
