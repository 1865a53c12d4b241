/* SPDX-License-Identifier: MIT
 *
 * The weight gradient of a convolution, dW(o, t, c) += sum over q, l of dY[o][q][l] X[c][tap(q,
 * t)][l]: two ways, between which conv_grad.c chooses by cost. k counts the pairs (t, c), k = t
 * channels + c.
 *
 *   outputs in the lanes of registers (conv_grad.c): fast where they fill them
 *   partial sums over lanes (conv_grad_sums.c): for few outputs, and lanes that fill vectors
 * */
#ifndef VN_KERNELS_VECTOR_CONV_GRAD_H
#define VN_KERNELS_VECTOR_CONV_GRAD_H

#include "kernels/real.h"

/* A pair: its tap, where its channel begins in X, where it lies in a row of dW. */
typedef struct vn__pair {
    int64_t tap, offset, target;
} vn__pair;

/* Pairs k0 to k0 + count of a window. */
static inline void vn__list_pairs(vn__pair *pairs, const vn__window *s, int64_t k0,
                                  int64_t count, int64_t dw_tap, int64_t dw_channel)
{
    int64_t t = k0 / s->channels, c = k0 % s->channels;
    for (int64_t j = 0; j < count; j++) {
        pairs[j] = (vn__pair){ t, c * s->x_channel, t * dw_tap + c * dw_channel };
        if (++c == s->channels)
            c = 0, t++;
    }
}

/* Partial sums over lanes; lanes are a multiple of VN_LANES. */
extern vn__conv_weight_grad_fn VN_FN(conv_grad_sums);
int64_t VN_FN(conv_grad_sums_scratch)(void);

#endif
