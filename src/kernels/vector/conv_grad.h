/* SPDX-License-Identifier: MIT
 *
 * The weight gradient of a convolution, dW(o, k) += sum over q, l of dY[o][q][l] column(q,
 * k)[l]: two ways, between which conv_grad.c chooses by cost.
 *
 *   outputs in the lanes of registers (conv_grad.c): fast where they fill them
 *   partial sums over lanes (conv_grad_sums.c): for any number of outputs
 *
 * The norms by lane (conv_weight_norm) are partial sums that stay apart.
 * */
#ifndef VN_KERNELS_VECTOR_CONV_GRAD_H
#define VN_KERNELS_VECTOR_CONV_GRAD_H

#include "kernels/real.h"

/* Partial sums over lanes, with scratch of their own. */
extern vn__conv_weight_grad_fn VN_FN(conv_grad_sums);
int64_t VN_FN(conv_grad_sums_scratch)(void);

/* Where the results of pixel q lie. */
static inline int64_t vn__view_pixel(const vn__view *view, int64_t q)
{
    return (view->to ? view->to[q] : q) * view->y_pixel;
}

/* Columns of one run that a tile takes at once. */
typedef struct vn__piece {
    int64_t column, columns, offset; /* offset: of its first column, from base */
} vn__piece;

/* The columns from k0 to k0 + count in pieces of at most `most`, those of a run equally long
 * give or take one. At most `count` of them; returns how many. */
static inline int64_t vn__cut_columns(vn__piece *pieces, const vn__view *view, int64_t k0,
                                      int64_t count, int64_t most)
{
    int64_t n = 0;
    for (int64_t k = k0, end = k0 + count; k < end; n++) {
        const int64_t r = k / view->length, i = k % view->length, left = view->length - i;
        const int64_t rest = left < end - k ? left : end - k, cuts = (rest + most - 1) / most;
        pieces[n] = (vn__piece){ k, (rest + cuts - 1) / cuts,
                                  view->offset[r] + i * view->lanes };
        k += pieces[n].columns;
    }
    return n;
}

#endif
