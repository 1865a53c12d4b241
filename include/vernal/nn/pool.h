/* SPDX-License-Identifier: MIT */
/* Pool, MaxPool1d/2d/3d, AvgPool1d/2d/3d, AdaptivePool, AdaptiveMax/AvgPool1d/2d/3d. */
#ifndef VERNAL_NN_POOL_H
#define VERNAL_NN_POOL_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------ Pool
 * (x [channels, spatial..]) -> y [channels, spatial'..]: init combined with the elements of
 * each window by the operation. spatial' = floor((spatial + padding + padding_end - kernel) /
 * stride) + 1, with use_ceil rounded up. AvgPool divides by the size of the whole kernel:
 * paddings count as 0.
 * Sizes are shapes of one entry (for all axes) or of one entry an axis: VN_SHAPE(2),
 * VN_SHAPE(3, 2).
 * A second argument, a key, is ignored. */
struct vn_pool {
    vn_module base;
    vn_tree *init;      /* number leaf or array of shape [] */
    vn_tree *operation; /* function leaf (a, b) -> c on arrays */
    int64_t num_spatial_dims;
    vn_shape kernel_size, stride, padding, padding_end;
    bool use_ceil;
};
VN_API extern const vn_type vn_pool_type;
VN_API extern const vn_type vn_max_pool1d_type, vn_max_pool2d_type, vn_max_pool3d_type;
VN_API extern const vn_type vn_avg_pool1d_type, vn_avg_pool2d_type, vn_avg_pool3d_type;

typedef struct vn_pool_options {
    vn_shape stride;      /* (default 1, as in Equinox; not the kernel size) */
    vn_shape padding;     /* elements before each axis, at most the kernel size (default 0) */
    vn_shape padding_end; /* elements after it (default: as padding) */
    bool use_ceil;        /* (default false) */
} vn_pool_options;

/* init: a number leaf (an infinity beside integers: the end of their range) or an array of
 * shape []. operation: a function of two arrays, element by element, associative and
 * commutative. */
VN_API vn_tree *vn_pool(vn_tree *init, vn_tree *operation, int num_spatial_dims,
                        vn_shape kernel_size, const vn_pool_options *options);
VN_API vn_tree *vn_max_pool1d(vn_shape kernel_size, const vn_pool_options *options);
VN_API vn_tree *vn_max_pool2d(vn_shape kernel_size, const vn_pool_options *options);
VN_API vn_tree *vn_max_pool3d(vn_shape kernel_size, const vn_pool_options *options);
VN_API vn_tree *vn_avg_pool1d(vn_shape kernel_size, const vn_pool_options *options);
VN_API vn_tree *vn_avg_pool2d(vn_shape kernel_size, const vn_pool_options *options);
VN_API vn_tree *vn_avg_pool3d(vn_shape kernel_size, const vn_pool_options *options);

/* ---------------------------------------------------------------- AdaptivePool
 * (x [channels, spatial..]) -> y [channels, target..]: along each axis in turn, n elements are
 * cut into t disjoint pieces, the first n % t of them one longer than the others, and the
 * operation makes one number of each piece. A second argument, a key, is ignored. */
struct vn_adaptive_pool {
    vn_module base;
    vn_shape target_shape;
    vn_tree *operation; /* function of an array [k] -> [] */
    int64_t num_spatial_dims;
};
VN_API extern const vn_type vn_adaptive_pool_type;
VN_API extern const vn_type vn_adaptive_max_pool1d_type, vn_adaptive_max_pool2d_type,
    vn_adaptive_max_pool3d_type;
VN_API extern const vn_type vn_adaptive_avg_pool1d_type, vn_adaptive_avg_pool2d_type,
    vn_adaptive_avg_pool3d_type;

/* operation: vn_unary(vn_max), vn_unary(vn_mean) or any function of a vector. */
VN_API vn_tree *vn_adaptive_pool(vn_shape target_shape, int num_spatial_dims,
                                 vn_tree *operation);
VN_API vn_tree *vn_adaptive_max_pool1d(vn_shape target_shape);
VN_API vn_tree *vn_adaptive_max_pool2d(vn_shape target_shape);
VN_API vn_tree *vn_adaptive_max_pool3d(vn_shape target_shape);
VN_API vn_tree *vn_adaptive_avg_pool1d(vn_shape target_shape);
VN_API vn_tree *vn_adaptive_avg_pool2d(vn_shape target_shape);
VN_API vn_tree *vn_adaptive_avg_pool3d(vn_shape target_shape);

#ifdef __cplusplus
}
#endif
#endif
