/* SPDX-License-Identifier: MIT */
/* MLP: Linear layers with activations between them. */
#ifndef VERNAL_NN_MLP_H
#define VERNAL_NN_MLP_H

#include "vernal/nn/linear.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------- MLP
 * (x [in]) -> y [out]: depth hidden layers of `width` neurons. A key is ignored.
 * Activations act on each neuron apart; their arrays (PReLU) are repeated at construction, to
 * (depth, width, ...) and (out, ...), so that every neuron learns its own. */
struct vn_mlp {
    vn_module base;
    vn_tree *layers; /* tuple of depth + 1 Linears; with scan (first, stack of hidden, last) */
    vn_tree *activation;       /* after every layer but the last */
    vn_tree *final_activation; /* after the last */
    bool use_bias, use_final_bias;
    int64_t in_size, out_size, width_size, depth;
    bool scan;
};
VN_API extern const vn_type vn_mlp_type;

typedef struct vn_mlp_options {
    vn_tree *activation;       /* (default vn_unary(vn_relu)) */
    vn_tree *final_activation; /* (default vn_unary(vn_identity)) */
    bool no_bias;              /* of all layers but the last (default false) */
    bool no_final_bias;        /* (default false) */
    vn_dtype dtype;            /* also complex (default vn_default_dtype()) */
    bool scan;                 /* hidden layers as one vn_scan: short program (default false) */
} vn_mlp_options;

/* Sizes >= 0 or, in and out, VN_SCALAR_FEATURES. Depth 0: one Linear and final_activation. */
VN_API vn_tree *vn_mlp(int64_t in_size, int64_t out_size, int64_t width_size, int64_t depth,
                       vn_array *key, const vn_mlp_options *options);

#ifdef __cplusplus
}
#endif
#endif
