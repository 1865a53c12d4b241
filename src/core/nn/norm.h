/* SPDX-License-Identifier: MIT */
/* What the normalisation layers share. */
#ifndef VN_CORE_NN_NORM_H
#define VN_CORE_NN_NORM_H

#include "core/nn/layer.h"

/* x in f32 at least. */
vn_array *vn__norm_widen(vn_array *x);

/* (x - mean) rsqrt(var + eps), mean and biased variance over the axes from `first` on. */
vn_array *vn__norm_centre(vn_array *x, int first, double eps);

/* y weight + bias in y's dtype (each may be none), cast to `dtype`; with a State among arg[1..]
 * the pair (result, state). */
vn_tree *vn__norm_finish(vn_array *y, vn_tree *weight, vn_tree *bias, vn_dtype dtype, int n,
                         vn_tree *const arg[]);

/* An array [channels] with axes of size 1 behind, so that it broadcasts over `rank` axes; none
 * stays. */
vn_array *vn__norm_by_channel(vn_array *w, int rank);

/* The axes from `first` to the last one of x. */
vn_axes vn__axes_from(const vn_array *x, int first);

#endif
