/* SPDX-License-Identifier: MIT */
/* MultiheadAttention, RotaryPositionalEmbedding. */
#ifndef VERNAL_NN_ATTENTION_H
#define VERNAL_NN_ATTENTION_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------- MultiheadAttention
 * (query [q, query_size], key [kv, key_size], value [kv, value_size], then each absent or none:
 *  mask, key of the dropout, inference, process_heads) -> [q, output_size]
 *     head h: softmax(mask(Q_h K_h^T / sqrt(qk_size))) V_h, dropout on the weights
 *     y = output_proj(heads side by side)
 * mask: bool [q, kv] or [heads, q, kv], false = not seen (a row without true gets equal
 * weights).
 * inference: a bool leaf that replaces the field of the dropout. process_heads: a function of
 * (Q [q, heads, qk_size], K [kv, heads, qk_size], V [kv, heads, vo_size]) that returns such a
 * tuple, as rotary embeddings need it. */
struct vn_multihead_attention {
    vn_module base;
    vn_tree *query_proj, *key_proj, *value_proj, *output_proj; /* Linear */
    vn_tree *dropout;                                          /* Dropout */
    int64_t num_heads;
    int64_t query_size, key_size, value_size, output_size;
    int64_t qk_size, vo_size; /* of one head */
    bool use_query_bias, use_key_bias, use_value_bias, use_output_bias;
};
VN_API extern const vn_type vn_multihead_attention_type;

typedef struct vn_multihead_attention_options {
    int64_t key_size, value_size, output_size; /* (default query_size) */
    int64_t qk_size, vo_size;                  /* (default query_size / num_heads) */
    bool use_query_bias, use_key_bias, use_value_bias, use_output_bias; /* (default false) */
    double dropout_p; /* (default 0) */
    bool inference;   /* (default false) */
    vn_dtype dtype;   /* (default vn_default_dtype()) */
} vn_multihead_attention_options;

VN_API vn_tree *vn_multihead_attention(int64_t num_heads, int64_t query_size, vn_array *key,
                                       const vn_multihead_attention_options *options);

/* --------------------------------------------------- RotaryPositionalEmbedding
 * (x [seq, size]) -> x cos(A) + rotate(x) sin(A), A[t, j] = t / theta^(2 (j mod size/2) /
 * size), rotate(x) = [-second half, first half]. No leaves. A second argument, a key, is
 * ignored. */
struct vn_rotary_positional_embedding {
    vn_module base;
    int64_t embedding_size;
    double theta;
    const char *dtype; /* of cos and sin: "f32" */
};
VN_API extern const vn_type vn_rotary_positional_embedding_type;

typedef struct vn_rotary_positional_embedding_options {
    double theta;   /* (default 10000) */
    vn_dtype dtype; /* of cos and sin (default vn_default_dtype()) */
} vn_rotary_positional_embedding_options;

/* embedding_size: even. */
VN_API vn_tree *
vn_rotary_positional_embedding(int64_t embedding_size,
                               const vn_rotary_positional_embedding_options *options);

#ifdef __cplusplus
}
#endif
#endif
