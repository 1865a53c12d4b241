/* SPDX-License-Identifier: MIT */
/* GRUCell, LSTMCell: one step of a recurrent network; vn_scan runs them over a sequence. */
#ifndef VERNAL_NN_RNN_H
#define VERNAL_NN_RNN_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --------------------------------------------------------------------- GRUCell
 * (x [in], h [hidden]) -> h' [hidden]. A third argument, a key, is ignored.
 *     r = sigmoid(Wi_r x + b_r + Wh_r h),  z = sigmoid(Wi_z x + b_z + Wh_z h)
 *     n = tanh(Wi_n x + b_n + r (Wh_n h + bias_n)),  h' = n + z (h - n)
 * Rows of the weights: r, z, n. All of them ~ U(-l, l), l = sqrt(1 / hidden). */
struct vn_gru_cell {
    vn_module base;
    vn_tree *weight_ih; /* [3 hidden, in] */
    vn_tree *weight_hh; /* [3 hidden, hidden] */
    vn_tree *bias;      /* [3 hidden] or none */
    vn_tree *bias_n;    /* [hidden] or none */
    int64_t input_size, hidden_size;
    bool use_bias;
};
VN_API extern const vn_type vn_gru_cell_type;

typedef struct vn_gru_cell_options {
    bool no_bias;   /* (default false) */
    vn_dtype dtype; /* also complex (default vn_default_dtype()) */
} vn_gru_cell_options;

VN_API vn_tree *vn_gru_cell(int64_t input_size, int64_t hidden_size, vn_array *key,
                            const vn_gru_cell_options *options);

/* -------------------------------------------------------------------- LSTMCell
 * (x [in], (h, c) [hidden] each) -> (h', c'). A third argument, a key, is ignored.
 *     i, f, g, o = Wi x + Wh h + b
 *     c' = sigmoid(f) c + sigmoid(i) tanh(g),  h' = sigmoid(o) tanh(c')
 * All weights ~ U(-l, l), l = sqrt(1 / hidden). */
struct vn_lstm_cell {
    vn_module base;
    vn_tree *weight_ih; /* [4 hidden, in] */
    vn_tree *weight_hh; /* [4 hidden, hidden] */
    vn_tree *bias;      /* [4 hidden] or none */
    int64_t input_size, hidden_size;
    bool use_bias;
};
VN_API extern const vn_type vn_lstm_cell_type;

typedef struct vn_lstm_cell_options {
    bool no_bias;   /* (default false) */
    vn_dtype dtype; /* also complex (default vn_default_dtype()) */
} vn_lstm_cell_options;

VN_API vn_tree *vn_lstm_cell(int64_t input_size, int64_t hidden_size, vn_array *key,
                             const vn_lstm_cell_options *options);

#ifdef __cplusplus
}
#endif
#endif
