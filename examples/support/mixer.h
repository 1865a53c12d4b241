/* SPDX-License-Identifier: MIT */
/* The MLP-Mixer of Equinox's score-based diffusion, for square images of one channel. */
#ifndef EXAMPLES_SUPPORT_MIXER_H
#define EXAMPLES_SUPPORT_MIXER_H

#include <vernal.h>

typedef struct mixer_sizes {
    int64_t image, patch, hidden; /* image and patch: pixels a side */
    int64_t mix_patch, mix_hidden; /* width of the two MLPs of a block */
    int blocks;
} mixer_sizes;

/* (t [], y [1, image, image]) -> the same shape; the time, divided by t1, is a channel more. */
vn_tree *mixer2d(const mixer_sizes *sizes, double t1, vn_array *key);

#endif
