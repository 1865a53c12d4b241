/* SPDX-License-Identifier: MIT */
/* Transformations without a state of their own, and chains of transformations
 *     clip_by_global_norm: u = g min(1, max_norm / |all g|)
 *     scale: u = factor g
 * Source: optax/transforms/_clipping.py, _src/transform.py, transforms/_combining.py */
#include <math.h>

#include "core/optim/optim.h"

/* ------------------------------------------------------------------- clip by norm */

static vn_tree *times(void *factor, vn_tree *leaf)
{
    return vn_is_inexact_array(leaf) ? vn_mul(leaf, vn_cast(factor, vn_dtype_of(leaf))) : leaf;
}

static vn_tree *clip(vn_tree *self, int n, vn_tree *const arg[])
{
    const double limit = ((const struct vn_clip_by_global_norm *)(const void *)self)->max_norm;
    if (n == 1)
        return vn_none();
    vn_array *const norm = vn_sqrt(vn_tree_square_norm(arg[0]));
    vn_array *const factor =
        vn_where(vn_lt(norm, vn_float(limit)), vn_int(1), vn_div(vn_float(limit), norm));
    return factor ? vn_tuple(vn__map_leaves(arg[0], times, factor), vn_none()) : NULL;
}

static const vn_field clip_fields[] = {
    VN_FIELD(struct vn_clip_by_global_norm, max_norm, FLOAT),
};

const vn_type vn_clip_by_global_norm_type =
    VN__OPTIM_TYPE("ClipByGlobalNorm", struct vn_clip_by_global_norm, clip_fields, clip);

vn_tree *vn_clip_by_global_norm(double max_norm)
{
    if (!(max_norm > 0))
        return vn_error(VN_ERR_ARGUMENT,
                        "ClipByGlobalNorm: max_norm is %g, expected more than 0", max_norm);
    return vn_module_new(&vn_clip_by_global_norm_type,
                         &(struct vn_clip_by_global_norm){ .max_norm = max_norm });
}

/* -------------------------------------------------------------------------- scale */

static vn_tree *scale(vn_tree *self, int n, vn_tree *const arg[])
{
    const double factor = ((const struct vn_scale_updates *)(const void *)self)->factor;
    return n == 1 ? vn_none() : vn_tuple(vn_tree_scale(factor, arg[0]), vn_none());
}

static const vn_field scale_fields[] = { VN_FIELD(struct vn_scale_updates, factor, FLOAT) };

const vn_type vn_scale_updates_type =
    VN__OPTIM_TYPE("Scale", struct vn_scale_updates, scale_fields, scale);

vn_tree *vn_scale_updates(double factor)
{
    if (!isfinite(factor))
        return vn_error(VN_ERR_ARGUMENT, "Scale: the factor is %g", factor);
    return vn_module_new(&vn_scale_updates_type,
                         &(struct vn_scale_updates){ .factor = factor });
}

/* -------------------------------------------------------------------------- chain */

/* A call of every transformation; states[] are theirs before and after. */
static vn_tree *run(vn_tree *transforms, vn_tree **states, int n, vn_tree *const arg[])
{
    vn_tree *updates = arg[0];
    for (int i = 0; i < vn_len(transforms); i++) {
        vn_tree *const one = vn_at(transforms, i);
        vn_tree *const out = n == 1 ? vn_optim_init(one, arg[0])
                                    : vn_optim_update(one, updates, vn_at(arg[1], i),
                                                      n > 2 ? arg[2] : vn_none());
        if (!out)
            return NULL;
        states[i] = n == 1 ? out : vn_at(out, 1);
        updates = n == 1 ? updates : vn_at(out, 0);
    }
    return updates;
}

static vn_tree *chain(vn_tree *self, int n, vn_tree *const arg[])
{
    vn_tree *const transforms = ((const struct vn_chain *)(const void *)self)->transforms;
    const int count = vn_len(transforms);
    if (n > 1 && (vn_is_leaf(arg[1]) || vn_len(arg[1]) != count))
        return vn_error(VN_ERR_STRUCTURE, "Chain: the state is not a tuple of %d states",
                        count);
    vn_tree **const states = vn__alloc(((size_t)count + 1) * sizeof *states);
    vn_tree *const updates = states ? run(transforms, states, n, arg) : NULL;
    vn_tree *const state = updates ? vn_tuple_n(count, states) : NULL;
    vn__free(states);
    return n == 1 || !state ? state : vn_tuple(updates, state);
}

static const vn_field chain_fields[] = { VN_FIELD(struct vn_chain, transforms, TREE) };

const vn_type vn_chain_type = VN__OPTIM_TYPE("Chain", struct vn_chain, chain_fields, chain);

vn_tree *vn_chain_n(int n, vn_tree *const transforms[])
{
    if (n > 0 && !transforms)
        return vn_error(VN_ERR_NULL_ARGUMENT, "Chain: the list of transformations is NULL");
    for (int i = 0; i < n; i++)
        if (!transforms[i])
            return vn_error(VN_ERR_NULL_ARGUMENT, "Chain: transformation %d is NULL", i);
    return vn_module_new(&vn_chain_type,
                         &(struct vn_chain){ .transforms = vn_tuple_n(n, transforms) });
}
