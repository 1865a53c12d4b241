/* SPDX-License-Identifier: MIT */
/* Windows that slide over the spatial axes of an image: the attributes of convolution and
 * pooling.
 *
 *   along one axis, tap t of output pixel q lies on the dilated input at q stride + t dilation
 * - pad_lo,
 *   which is input pixel p if that is p lhs_dilation, else on a zero. */
#ifndef VN_CORE_OPS_SLIDING_H
#define VN_CORE_OPS_SLIDING_H

#include "vernal/op.h"

typedef struct vn__sliding {
    int64_t n;                                              /* spatial axes */
    int64_t x[VN_MAX_RANK], k[VN_MAX_RANK], y[VN_MAX_RANK]; /* sizes of input, window, output */
    int64_t stride[VN_MAX_RANK], pad_lo[VN_MAX_RANK], pad_hi[VN_MAX_RANK];
    int64_t dilation[VN_MAX_RANK], lhs_dilation[VN_MAX_RANK];
    int64_t groups; /* of channels (convolution) */
} vn__sliding;

/* Fills y; an error if a stride or dilation is not positive, a size is negative or an image has
 * more than 2^31 - 1 pixels. */
vn_status vn__sliding_finish(vn__sliding *s, const char *op);

/* Products of the sizes. */
int64_t vn__sliding_pixels(const int64_t size[], int64_t n);

/* table[i * taps + t] for `count` pixels from `first` on: the input pixel under tap t of output
 * pixel first + i, or -1. back: the output pixel whose tap t lies on input pixel first + i, or
 * -1. */
void vn__sliding_table(int32_t *table, const vn__sliding *s, bool back, int64_t first,
                       int64_t count);

/* Pixels for which a table is made at a time, so that it stays in L2, and its size. */
int64_t vn__sliding_block(const vn__sliding *s, int64_t pixels);
int64_t vn__sliding_table_bytes(const vn__sliding *s, int64_t pixels);

#endif
