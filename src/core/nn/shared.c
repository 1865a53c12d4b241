/* SPDX-License-Identifier: MIT */
/* Shared: () -> tree with the subtree at `get` also at `where`
 * Several places may be filled, and `get` may be a function of the tree.
 * Source: equinox/nn/_shared.py */
#include "core/nn/layer.h"

#define MAX_PLACES 256

/* The paths in the leaf or tuple `where`; their number. */
static int places(const char *path[], vn_tree *where)
{
    const bool one = vn_is_leaf(where);
    const int n = one ? 1 : vn_len(where);
    for (int i = 0; i < n; i++)
        path[i] = vn_string_value(one ? where : vn_at(where, i));
    return n;
}

/* What fills the n places of the tree: n trees, or NULL. */
static bool fillings(vn_tree *value[], int n, vn_tree *tree, vn_tree *get)
{
    char text[VN__SHAPE_TEXT];
    const bool by_path = vn_kind_of(get) == VN_KIND_STRING;
    vn_tree *const got = by_path ? vn_get(tree, vn_string_value(get)) : vn_call(get, tree);
    if (got && n != 1 && (vn_is_leaf(got) || vn_len(got) != n)) {
        vn__fail(VN_ERR_STRUCTURE, "Shared: get returns %s for %d places",
                 vn__describe(text, got), n);
        return false;
    }
    for (int i = 0; got && i < n; i++)
        value[i] = n == 1 ? got : vn_at(got, i);
    return got != NULL;
}

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    vn__named_begin("Shared");
    const struct vn_shared *const l = (const void *)self;
    const char *path[MAX_PLACES];
    vn_tree *value[MAX_PLACES];
    (void)n;
    (void)arg;
    const int count = places(path, l->where);
    return vn__named_end(fillings(value, count, l->pytree, l->get)
                             ? vn_tree_at_n(l->pytree, count, path, value)
                             : NULL);
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

/* Does what `get` gives agree with what is at the places? */
static bool agree(vn_tree *tree, int n, const char *const where[], vn_tree *get)
{
    vn_tree *value[MAX_PLACES];
    bool same = fillings(value, n, tree, get);
    for (int i = 0; same && i < n; i++) {
        vn_tree *const target = vn_get(tree, where[i]);
        same = target && alike(target, value[i]);
    }
    return same;
}

static vn_tree *construct(vn_tree *tree, int n, const char *const where[], vn_tree *get)
{
    vn_tree *path[MAX_PLACES], *mark[MAX_PLACES];
    if (n < 1 || n > MAX_PLACES)
        return vn_error(VN_ERR_ARGUMENT, "Shared: %d places, expected 1 to %d", n, MAX_PLACES);
    for (int i = 0; i < n; i++)
        if (!where[i])
            return vn_error(VN_ERR_NULL_ARGUMENT, "Shared: path %d is NULL", i);
    if (!tree || !get)
        return vn_error(VN_ERR_NULL_ARGUMENT, "Shared: the tree or get is NULL");
    if (!agree(tree, n, where, get))
        return NULL;
    for (int i = 0; i < n; i++) {
        path[i] = vn_string(where[i]);
        mark[i] = vn_string("<shared>");
    }
    return vn_module_new(&vn_shared_type, &(struct vn_shared){
                                              .pytree = vn_tree_at_n(tree, n, where, mark),
                                              .where = n == 1 ? path[0] : vn_tuple_n(n, path),
                                              .get = get,
                                          });
}

vn_tree *vn_shared_n(vn_tree *tree, int n, const char *const where[], vn_tree *get)
{
    vn__named_begin("Shared");
    return vn__named_end(construct(tree, n, where, get));
}

vn_tree *vn_shared(vn_tree *tree, const char *where, const char *get)
{
    vn__named_begin("Shared");
    return vn__named_end(construct(tree, 1, &where, get ? vn_string(get) : NULL));
}
