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
    vn_tree *where;  /* string leaf or tuple of them: paths of the places filled in */
    vn_tree *get;    /* string leaf: the path of the subtree that fills it; or a function */
};
VN_API extern const vn_type vn_shared_type;

/* Both places must agree in structure, shapes and dtypes. */
VN_API vn_tree *vn_shared(vn_tree *tree, const char *where, const char *get);
/* n places, filled with get(tree): what it returns, for n > 1 a tuple of n. So one array may
 * fill several places, or fill one transposed. */
VN_API vn_tree *vn_shared_n(vn_tree *tree, int n, const char *const where[], vn_tree *get);

#ifdef __cplusplus
}
#endif
#endif
