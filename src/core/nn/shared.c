/* SPDX-License-Identifier: MIT */
/* Shared: () -> tree with the subtree at `get` also at `where`
 * Source: equinox/nn/_shared.py */
#include "core/nn/layer.h"

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_shared *const l = (const void *)self;
    (void)n;
    (void)arg;
    return vn_tree_at(l->pytree, vn_string_value(l->where),
                      vn_get(l->pytree, vn_string_value(l->get)));
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_shared, pytree, TREE),
    VN_FIELD(struct vn_shared, where, TREE),
    VN_FIELD(struct vn_shared, get, TREE),
};

const vn_type vn_shared_type = VN__LAYER_TYPE("Shared", struct vn_shared, fields, call, 0, 0);

/* Two subtrees of one structure whose arrays agree in shape and dtype. */
static bool alike(vn_tree *a, vn_tree *b)
{
    char x[VN__SHAPE_TEXT], y[VN__SHAPE_TEXT];
    const int n = vn_len(a);
    bool same = vn__as_array(a) ? vn_dtype_of(a) == vn_dtype_of(b) &&
                                      vn_shape_equal(vn_shape_of(a), vn_shape_of(b))
                : vn_is_leaf(a) ? vn_kind_of(a) == vn_kind_of(b)
                                : !vn_is_leaf(b) && vn__same_node(a, b);
    if (!same)
        vn__fail(VN_ERR_STRUCTURE,
                 "Shared: Every node being shared together must agree: where is %s, get %s",
                 vn__describe(x, a), vn__describe(y, b));
    for (int i = 0; same && i < n; i++)
        same = alike(vn__child(a, i), vn__child(b, i));
    return same;
}

vn_tree *vn_shared(vn_tree *tree, const char *where, const char *get)
{
    vn__named_begin("Shared");
    if (!tree || !where || !get)
        return vn__named_end(
            vn_error(VN_ERR_NULL_ARGUMENT, "Shared: the tree or a path is NULL"));
    vn_tree *const target = vn_get(tree, where), *const source = vn_get(tree, get);
    if (!target || !source || !alike(target, source))
        return vn__named_end(NULL);
    return vn__named_end(vn_module_new(
        &vn_shared_type, &(struct vn_shared){
                             .pytree = vn_tree_at(tree, where, vn_string("<shared>")),
                             .where = vn_string(where),
                             .get = vn_string(get),
                         }));
}
