/* SPDX-License-Identifier: MIT */
/* Conv, Conv1d/2d/3d, ConvTranspose, ConvTranspose1d/2d/3d. */
#ifndef VERNAL_NN_CONV_H
#define VERNAL_NN_CONV_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sizes for each spatial axis are shapes of one entry (for all axes) or of one entry an axis:
 * VN_SHAPE(3), VN_SHAPE(3, 2). An empty shape (zero) means the default. */

typedef enum vn_padding {
    VN_PADDING_EXPLICIT,  /* the numbers in padding and padding_end */
    VN_PADDING_VALID,     /* none */
    VN_PADDING_SAME,      /* y has ceil(size of x / stride) elements, an odd one at the end */
    VN_PADDING_SAME_LOWER /* the same, an odd one at the beginning */
} vn_padding;

typedef enum vn_padding_mode {
    VN_PADDING_ZEROS,
    VN_PADDING_REFLECT,   /* mirrored, the edge not repeated */
    VN_PADDING_REPLICATE, /* the edge repeated */
    VN_PADDING_CIRCULAR   /* as if x went round */
} vn_padding_mode;

/* ------------------------------------------------------------------------ Conv
 * (x [in, spatial..]) -> y [out, spatial'..], y = x * W + b, a cross-correlation.
 * spatial' = floor((spatial + padding + padding_end - dilation (kernel - 1) - 1) / stride) + 1.
 * W, b ~ U(-l, l), l = 1 / sqrt(in / groups product(kernel)). A second argument, a key, is
 * ignored. */
struct vn_conv_nd {
    vn_module base;
    int64_t num_spatial_dims;
    vn_tree *weight; /* [out, in / groups, kernel..] */
    vn_tree *bias;   /* [out, 1..] or none */
    int64_t in_channels, out_channels;
    vn_shape kernel_size, stride, padding, padding_end;
    const char *padding_rule; /* "EXPLICIT", "VALID", "SAME", "SAME_LOWER" */
    vn_shape dilation;
    int64_t groups;
    bool use_bias;
    const char *padding_mode; /* "ZEROS", "REFLECT", "REPLICATE", "CIRCULAR" */
};
VN_API extern const vn_type vn_conv_nd_type, vn_conv1d_type, vn_conv2d_type, vn_conv3d_type;

typedef struct vn_conv_nd_options {
    vn_shape stride;              /* (default 1) */
    vn_shape padding;             /* elements before each axis, negative cuts (default 0) */
    vn_shape padding_end;         /* elements after it (default: as padding) */
    vn_padding padding_rule;      /* a rule instead of numbers (default VN_PADDING_EXPLICIT) */
    vn_shape dilation;            /* of the kernel (default 1) */
    int64_t groups;               /* in and out are multiples of it (default 1) */
    bool no_bias;                 /* (default false) */
    vn_padding_mode padding_mode; /* (default VN_PADDING_ZEROS) */
    vn_dtype dtype;               /* also complex (default vn_default_dtype()) */
} vn_conv_nd_options;

VN_API vn_tree *vn_conv_nd(int num_spatial_dims, int64_t in_channels, int64_t out_channels,
                           vn_shape kernel_size, vn_array *key,
                           const vn_conv_nd_options *options);
VN_API vn_tree *vn_conv1d(int64_t in_channels, int64_t out_channels, vn_shape kernel_size,
                          vn_array *key, const vn_conv_nd_options *options);
VN_API vn_tree *vn_conv2d(int64_t in_channels, int64_t out_channels, vn_shape kernel_size,
                          vn_array *key, const vn_conv_nd_options *options);
VN_API vn_tree *vn_conv3d(int64_t in_channels, int64_t out_channels, vn_shape kernel_size,
                          vn_array *key, const vn_conv_nd_options *options);

/* --------------------------------------------------------------- ConvTranspose
 * (x [in, spatial..]) -> y [out, spatial'..]: the cross-correlation with W of x with stride - 1
 * zeros between its elements. W is neither transposed nor flipped: the adjoint of a Conv with
 * weight V is the ConvTranspose with flip(V, spatial axes) and its first two axes swapped.
 * spatial' = (spatial - 1) stride + dilation (kernel - 1) + 1 - padding - padding_end +
 * output_padding; with SAME and SAME_LOWER spatial stride - output_padding. */
struct vn_conv_transpose_nd {
    vn_module base;
    int64_t num_spatial_dims;
    vn_tree *weight; /* [out, in / groups, kernel..] */
    vn_tree *bias;   /* [out, 1..] or none */
    int64_t in_channels, out_channels;
    vn_shape kernel_size, stride, padding, padding_end;
    const char *padding_rule;
    vn_shape output_padding, dilation;
    int64_t groups;
    bool use_bias;
    const char *padding_mode;
};
VN_API extern const vn_type vn_conv_transpose_nd_type, vn_conv_transpose1d_type,
    vn_conv_transpose2d_type, vn_conv_transpose3d_type;

typedef struct vn_conv_transpose_nd_options {
    vn_shape stride;              /* (default 1) */
    vn_shape padding;             /* of the Conv whose adjoint it is (default 0) */
    vn_shape padding_end;         /* (default: as padding) */
    vn_padding padding_rule;      /* (default VN_PADDING_EXPLICIT) */
    vn_shape output_padding;      /* elements more at the end, less than stride (default 0) */
    vn_shape dilation;            /* of the kernel (default 1) */
    int64_t groups;               /* (default 1) */
    bool no_bias;                 /* (default false) */
    vn_padding_mode padding_mode; /* ZEROS; CIRCULAR with SAME, SAME_LOWER (default ZEROS) */
    vn_dtype dtype;               /* also complex (default vn_default_dtype()) */
} vn_conv_transpose_nd_options;

VN_API vn_tree *vn_conv_transpose_nd(int num_spatial_dims, int64_t in_channels,
                                     int64_t out_channels, vn_shape kernel_size, vn_array *key,
                                     const vn_conv_transpose_nd_options *options);
VN_API vn_tree *vn_conv_transpose1d(int64_t in_channels, int64_t out_channels,
                                    vn_shape kernel_size, vn_array *key,
                                    const vn_conv_transpose_nd_options *options);
VN_API vn_tree *vn_conv_transpose2d(int64_t in_channels, int64_t out_channels,
                                    vn_shape kernel_size, vn_array *key,
                                    const vn_conv_transpose_nd_options *options);
VN_API vn_tree *vn_conv_transpose3d(int64_t in_channels, int64_t out_channels,
                                    vn_shape kernel_size, vn_array *key,
                                    const vn_conv_transpose_nd_options *options);

#ifdef __cplusplus
}
#endif
#endif
