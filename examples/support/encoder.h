/* SPDX-License-Identifier: MIT */
/* The blocks of a transformer that sees all of a sequence: of ViT and of BERT.
 *
 *     ViT     x = x + attention(norm1(x)),           x = x + feed(norm2(x))
 *     BERT    x = norm1(x + drop(attention(x))),     x = norm2(x + feed(x))
 *
 * feed, for each token: Linear, gelu, Linear, dropout; in ViT another dropout after the gelu.
 * In BERT the attention has biases and drops some of its weights. */
#ifndef EXAMPLES_SUPPORT_ENCODER_H
#define EXAMPLES_SUPPORT_ENCODER_H

#include <vernal.h>

typedef struct encoder_sizes {
    int layers;                  /* at most 32 */
    int64_t size, hidden, heads; /* of a token, between the Linears of feed */
    double dropout;
    bool bert;
} encoder_sizes;

/* A list of blocks, each (x [tokens, size], mask or none, key or none) -> the same shape. */
vn_tree *encoder_blocks(const encoder_sizes *sizes, vn_array *key);

/* One after the other. Without dropout (vn_inference_mode) no key is needed: none. */
vn_array *encoder_apply(vn_tree *blocks, vn_array *x, vn_tree *mask, vn_tree *key);

#endif
