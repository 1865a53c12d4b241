/* SPDX-License-Identifier: MIT */
/* Shared: one array in two places of a model. */
#ifndef VERNAL_NN_SHARED_H
#define VERNAL_NN_SHARED_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------- Shared
 * () -> the tree with the subtree at `get` put in at `where` as well. A model is a tree: what
 * it uses twice it must hold once, so that it has one gradient (the sum of both uses) and one
 * update. */
struct vn_shared {
    vn_module base;
    vn_tree *pytree; /* with a string leaf at `where` */
    vn_tree *where;  /* string leaf: the path of the place that is filled in */
    vn_tree *get;    /* string leaf: the path of the subtree that fills it */
};
VN_API extern const vn_type vn_shared_type;

/* Both places must agree in structure, shapes and dtypes. For several places nest: Shared of
 * Shared, or share a subtree. */
VN_API vn_tree *vn_shared(vn_tree *tree, const char *where, const char *get);

#ifdef __cplusplus
}
#endif
#endif
