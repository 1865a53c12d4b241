/* SPDX-License-Identifier: MIT */
/* What Conv and ConvTranspose share: padding rules, checks, weights. */
#ifndef VN_CORE_NN_CONV_LAYER_H
#define VN_CORE_NN_CONV_LAYER_H

#include "core/nn/layer.h"

/* The constructor arguments of both, after the checks. */
typedef struct vn__conv_spec {
    const char *layer;
    int n; /* spatial axes */
    int64_t in, out, groups;
    vn_shape kernel, stride, padding, padding_end, dilation;
    const char *rule, *mode;
    bool use_bias;
    vn_dtype dtype;
} vn__conv_spec;

/* Completes the shapes of *spec (empty ones become the defaults) and checks everything. */
bool vn__conv_check(vn__conv_spec *spec, vn_padding rule, vn_padding_mode mode);

/* *weight, *bias from split(key, 2). */
void vn__conv_init(vn_tree **weight, vn_tree **bias, const vn__conv_spec *spec, vn_array *key);

/* "Conv2d: x has shape f32[3,4], expected [in, 2 spatial axes]", channels too. */
bool vn__conv_expect_x(const char *layer, const vn_array *x, int n, int64_t in_channels);

bool vn__is_text(const char *text, const char *word);
bool vn__is_same_rule(const char *rule); /* SAME or SAME_LOWER */

/* x with lo[i], hi[i] more elements along spatial axis i, in a mode other than ZEROS. */
vn_array *vn__conv_pad(vn_array *x, int n, const int64_t lo[], const int64_t hi[],
                       const char *mode);

#endif
