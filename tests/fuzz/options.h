/* SPDX-License-Identifier: MIT */
/* Option structs with drawn fields, or NULL; valid until the next draw of the same kind. */
#ifndef VN_TESTS_FUZZ_OPTIONS_H
#define VN_TESTS_FUZZ_OPTIONS_H

#include "fuzz/fuzz.h"
#include "vernal/io.h"
#include "vernal/optim.h"
#include "vernal/transform.h"

#define FUZZ_OPTIONS(X)                                                                        \
    X(vn_linear_options)                                                                       \
    X(vn_embedding_options)                                                                    \
    X(vn_mlp_options) X(vn_conv_nd_options) X(vn_conv_transpose_nd_options) X(vn_pool_options) \
        X(vn_gru_cell_options) X(vn_lstm_cell_options) X(vn_layer_norm_options)                \
            X(vn_rms_norm_options) X(vn_group_norm_options) X(vn_batch_norm_options)           \
                X(vn_spectral_norm_options) X(vn_weight_norm_options)                          \
                    X(vn_multihead_attention_options)                                          \
                        X(vn_rotary_positional_embedding_options) X(vn_dropout_options)        \
                            X(vn_pads) X(vn_dot_dims) X(vn_conv_options) X(vn_window)          \
                                X(vn_shape) X(vn_tree_equal_options)                           \
                                    X(vn_tree_pformat_options) X(vn_jit_options)               \
                                        X(vn_grad_options) X(vn_vmap_options)                  \
                                            X(vn_state_dict_options) X(vn_sgd_options)         \
                                                X(vn_adam_options) X(vn_adabelief_options)     \
                                                    X(vn_rmsprop_options) X(vn_lion_options)   \
    X(vn_adagrad_options) X(vn_exponential_decay_options) X(vn_cosine_decay_options)           \
        X(vn_warmup_cosine_decay_options) X(vn_cosine_onecycle_options)

#define DECLARE(T) const T *fuzz_##T(void);
FUZZ_OPTIONS(DECLARE)
#undef DECLARE

#endif
