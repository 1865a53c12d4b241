/* SPDX-License-Identifier: MIT */
/* Layers: modules that act on ONE example; vn_filter_vmap or vn_vmap_call maps them over a
 * batch.
 *
 *     vn_tree *layer = vn_linear(784, 10, vn_key(0), NULL);
 *     vn_array *y = vn_call(layer, x);              x [784] -> y [10]
 *     vn_array *ys = vn_vmap_call(layer, xs);       xs [batch, 784] -> ys [batch, 10]
 *
 * Constructors, fields, the order of leaves and the initial values from a key are those of
 * equinox.nn. Options are structs whose zero is the default; a NULL pointer means all defaults.
 * A constructor returns NULL and records one sentence when an argument is wrong.
 *
 * A layer is a struct (struct vn_linear for vn_linear) behind a vn_tree *; vn_get(layer,
 * "weight") reads a field, vn_tree_at(layer, "weight", w) makes the layer with another one. */
#ifndef VERNAL_NN_H
#define VERNAL_NN_H

#include "vernal/nn/attention.h"
#include "vernal/nn/conv.h"
#include "vernal/nn/linear.h"
#include "vernal/nn/mlp.h"
#include "vernal/nn/norm.h"
#include "vernal/nn/pool.h"
#include "vernal/nn/rnn.h"
#include "vernal/nn/sequential.h"
#include "vernal/nn/shared.h"
#include "vernal/nn/state.h"

#endif
