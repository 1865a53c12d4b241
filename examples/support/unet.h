/* SPDX-License-Identifier: MIT */
/* A U-Net with residual blocks that know the time, and linear attention in the middle: that of
 * Equinox's unet notebook, without dropout. */
#ifndef EXAMPLES_SUPPORT_UNET_H
#define EXAMPLES_SUPPORT_UNET_H

#include <vernal.h>

enum { UNET_MAX_LEVELS = 6 };

typedef struct unet_sizes {
    int levels;                        /* each has half the pixels a side of the one before */
    int64_t channels, hidden;          /* of the image, of the first level and the time */
    int64_t multiples[UNET_MAX_LEVELS];/* channels of a level, times hidden */
    int64_t heads, head_size;          /* of the attention */
} unet_sizes;

/* (t [], x [channels, height, width]) -> the same shape as x. */
vn_tree *unet(const unet_sizes *sizes, vn_array *key);

/* What it is made of: (x [in, h, w], time [time_size]) -> [out, h, w], or [out, 2 h, 2 w] with
 * scale 1, [out, h / 2, w / 2] with scale -1. heads 0: no attention. */
vn_tree *unet_block(int64_t in, int64_t out, int64_t time_size, int scale, int64_t heads,
                    int64_t head_size, vn_array *key);

#endif
