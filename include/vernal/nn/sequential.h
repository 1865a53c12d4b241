/* SPDX-License-Identifier: MIT */
/* Sequential, Lambda, Dropout, PReLU. */
#ifndef VERNAL_NN_SEQUENTIAL_H
#define VERNAL_NN_SEQUENTIAL_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ Sequential
 * (x), (x, key): layer after layer. (x, state), (x, state, key): the same for models with
 * stateful layers (BatchNorm, ...), returns (y, state). The key is split into one for each
 * layer; a layer whose call takes no second argument gets x alone. A layer is anything that can
 * be called. */
struct vn_sequential {
    vn_module base;
    vn_tree *layers; /* tuple */
};
VN_API extern const vn_type vn_sequential_type;

VN_API vn_tree *vn_sequential_n(int n, vn_tree *const layers[]);
#ifdef __cplusplus
} /* extern "C" */
template <typename... T> inline vn_tree *vn_sequential(T... layer)
{
    vn_tree *const layers[] = { layer... };
    return vn_sequential_n((int)sizeof...(layer), layers);
}
extern "C" {
#else
#define vn_sequential(...) vn_sequential_n(VN_TREE_COUNT(__VA_ARGS__), VN_TREES(__VA_ARGS__))
#endif

/* len(model); model[i], -1 being the last layer; model[begin:end:step] as a Sequential:
 * negative numbers count from the end, what lies outside is cut off, step >= 1. */
VN_API int vn_sequential_len(const vn_tree *model);
VN_API vn_tree *vn_sequential_at(vn_tree *model, int i);
VN_API vn_tree *vn_sequential_slice(vn_tree *model, int begin, int end, int step);

/* ---------------------------------------------------------------------- Lambda
 * (x) -> fn(x): a function as a layer. A second argument, a key, is ignored. */
struct vn_lambda {
    vn_module base;
    vn_tree *fn;
};
VN_API extern const vn_type vn_lambda_type;

/* vn_lambda(vn_unary(vn_relu)) */
VN_API vn_tree *vn_lambda(vn_tree *fn);

/* --------------------------------------------------------------------- Dropout
 * (x, key), (x, key, inference): each element is 0 with probability p, else x / (1 - p). x
 * itself if inference or p = 0; then the key may be absent or none. The third argument, a bool
 * leaf, replaces the field inference for this call. */
struct vn_dropout {
    vn_module base;
    vn_tree *p;         /* float leaf */
    vn_tree *inference; /* bool leaf: see vn_inference_mode */
};
VN_API extern const vn_type vn_dropout_type;

typedef struct vn_dropout_options {
    bool inference; /* (default false) */
} vn_dropout_options;

VN_API vn_tree *vn_dropout(double p, const vn_dropout_options *options);

/* ----------------------------------------------------------------------- PReLU
 * (x) -> x >= 0 ? x : a x, with a learnt; a broadcasts as in NumPy. A key is ignored. */
struct vn_prelu {
    vn_module base;
    vn_tree *negative_slope;
    bool weak; /* it was made of a number: y has the dtype of a float x */
};
VN_API extern const vn_type vn_prelu_type;

/* init_alpha: an array or a number leaf (NULL: 0.25). */
VN_API vn_tree *vn_prelu(vn_array *init_alpha);

#ifdef __cplusplus
}
#endif
#endif
