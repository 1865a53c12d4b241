/* SPDX-License-Identifier: MIT */
/* State: what stateful layers (BatchNorm, SpectralNorm) remember from call to call. */
#ifndef VERNAL_NN_STATE_H
#define VERNAL_NN_STATE_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A layer holds StateIndex nodes, a State holds their values:
 *
 *     vn_tree *both = vn_make_with_state(vn_batch_norm(3, "batch", NULL));
 *     vn_tree *model = vn_at(both, 0), *state = vn_at(both, 1);
 *     vn_tree *out = vn_call(model, x, state);           (y, new state)
 *
 * A State is immutable like every tree: the old one stays valid beside the new one (Equinox
 * forbids to use it again). */

/* ------------------------------------------------------------------ StateIndex */
struct vn_state_index {
    vn_module base;
    const char *marker; /* the name under which a State keeps the value */
    vn_tree *init;      /* value at first: a tree of arrays; none after vn_delete_init_state */
};
VN_API extern const vn_type vn_state_index_type;

/* init: a tree whose leaves are arrays or numbers (which become arrays). Every index is
 * another: a constructor mapped by vn_filter_vmap needs an axis name there, which has it run
 * once for all examples. */
VN_API vn_tree *vn_state_index(vn_tree *init);

/* ----------------------------------------------------------------------- State */
struct vn_state {
    vn_module base;
    vn_tree *markers; /* static: tuple of string leaves */
    vn_tree *values;  /* tuple, in the same order */
};
VN_API extern const vn_type vn_state_type;

/* The initial values of all StateIndex nodes of the model, in tree order. */
VN_API vn_tree *vn_state(vn_tree *model);

VN_API vn_tree *vn_state_get(vn_tree *state, vn_tree *index);
/* A State with another value there, of the same structure, shapes and dtypes. */
VN_API vn_tree *vn_state_set(vn_tree *state, vn_tree *index, vn_tree *value);

/* The part of the State that belongs to the indices in `tree`; and the State with such a part
 * put back (Equinox: state.substate, state.update). */
VN_API vn_tree *vn_substate(vn_tree *state, vn_tree *tree);
VN_API vn_tree *vn_state_update(vn_tree *state, vn_tree *substate);

/* (model, state): markers become the paths of the indices, so that two models built alike have
 * the same structure, and the initial values leave the model. */
VN_API vn_tree *vn_make_with_state(vn_tree *model);
/* The model without the initial values: vn_state of it is an error. */
VN_API vn_tree *vn_delete_init_state(vn_tree *model);

#ifdef __cplusplus
}
#endif
#endif
