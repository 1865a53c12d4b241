/* SPDX-License-Identifier: MIT */
/* Linear, Identity, Embedding. */
#ifndef VERNAL_NN_LINEAR_H
#define VERNAL_NN_LINEAR_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "scalar" features (Linear, MLP): x or y of shape [] instead of [1]. */
#define VN_SCALAR_FEATURES (-1)

/* ---------------------------------------------------------------------- Linear
 * (x [in]) -> y [out], y = W x + b. A second argument, a key, is ignored.
 * W, b ~ U(-l, l), l = 1 / sqrt(in) (1 if in is 0). */
struct vn_linear {
    vn_module base;
    vn_tree *weight; /* [out, in] */
    vn_tree *bias;   /* [out] or none */
    int64_t in_features, out_features;
    bool use_bias;
};
VN_API extern const vn_type vn_linear_type;

typedef struct vn_linear_options {
    bool no_bias;   /* y = W x (default false) */
    vn_dtype dtype; /* of W and b, also complex (default vn_default_dtype()) */
} vn_linear_options;

/* in, out >= 0 or VN_SCALAR_FEATURES. */
VN_API vn_tree *vn_linear(int64_t in_features, int64_t out_features, vn_array *key,
                          const vn_linear_options *options);

/* -------------------------------------------------------------------- Identity
 * (x, ...) -> x: a layer without leaves. */
struct vn_identity_layer {
    vn_module base;
};
VN_API extern const vn_type vn_identity_layer_type;

VN_API vn_tree *vn_identity_layer(void);

/* ------------------------------------------------------------------- Embedding
 * (i, an integer of shape []) -> W[i] [size]. -1 is the last row; other indices out of range
 * are clamped at both ends, for the gradient too. A second argument, a key, is ignored. */
struct vn_embedding {
    vn_module base;
    int64_t num_embeddings, embedding_size;
    vn_tree *weight; /* [num, size] */
};
VN_API extern const vn_type vn_embedding_type;

typedef struct vn_embedding_options {
    vn_array *weight; /* [num, size]; then the key may be NULL (default N(0, 1) from the key) */
    vn_dtype dtype;   /* of a W that is drawn, also complex (default vn_default_dtype()) */
} vn_embedding_options;

/* Sizes of 0 are taken from options->weight where that is given. */
VN_API vn_tree *vn_embedding(int64_t num_embeddings, int64_t embedding_size, vn_array *key,
                             const vn_embedding_options *options);

#ifdef __cplusplus
}
#endif
#endif
