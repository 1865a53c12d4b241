/* SPDX-License-Identifier: MIT */
/* LayerNorm, RMSNorm, GroupNorm, BatchNorm, SpectralNorm, WeightNorm. */
#ifndef VERNAL_NN_NORM_H
#define VERNAL_NN_NORM_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The zero of an option is its default, as everywhere; a negative eps or momentum stands for a
 * 0 that is meant.
 *
 * LayerNorm, RMSNorm and GroupNorm compute in f32 at least and return x's dtype. Their second
 * argument may be a State, which is handed through: (x, state) -> (y, state). */

/* ------------------------------------------------------------------- LayerNorm
 * (x [shape]) -> (x - mean) / sqrt(var + eps) weight + bias, mean and biased variance of all of
 * x. */
struct vn_layer_norm {
    vn_module base;
    vn_shape shape;
    double eps;
    bool use_weight, use_bias;
    vn_tree *weight; /* [shape], ones; or none */
    vn_tree *bias;   /* [shape], zeros; or none */
};
VN_API extern const vn_type vn_layer_norm_type;

typedef struct vn_layer_norm_options {
    double eps;     /* (default 1e-5) */
    bool no_weight; /* (default false) */
    bool no_bias;   /* (default false) */
    vn_dtype dtype; /* (default vn_default_dtype()) */
} vn_layer_norm_options;

VN_API vn_tree *vn_layer_norm(vn_shape shape, const vn_layer_norm_options *options);

/* --------------------------------------------------------------------- RMSNorm
 * (x [shape]) -> x / sqrt(mean(x^2) + eps) weight + bias. There is a bias unless no_bias is
 * set. */
struct vn_rms_norm {
    vn_module base;
    vn_shape shape;
    double eps;
    bool use_weight, use_bias;
    vn_tree *weight; /* [shape], ones; or none */
    vn_tree *bias;   /* [shape], zeros; or none */
};
VN_API extern const vn_type vn_rms_norm_type;

typedef struct vn_rms_norm_options {
    double eps;     /* (default 1e-5) */
    bool no_weight; /* (default false) */
    bool no_bias;   /* (default false) */
    vn_dtype dtype; /* (default vn_default_dtype()) */
} vn_rms_norm_options;

VN_API vn_tree *vn_rms_norm(vn_shape shape, const vn_rms_norm_options *options);

/* ------------------------------------------------------------------- GroupNorm
 * (x [channels, ..]) -> each group of channels / groups channels normalised as in LayerNorm,
 * then weight and bias by channel. */
struct vn_group_norm {
    vn_module base;
    int64_t groups, channels;
    double eps;
    bool channelwise_affine;
    vn_tree *weight; /* [channels], ones; or none */
    vn_tree *bias;   /* [channels], zeros; or none */
};
VN_API extern const vn_type vn_group_norm_type;

typedef struct vn_group_norm_options {
    double eps;                /* (default 1e-5) */
    bool no_channelwise_affine; /* no weight, no bias; channels 0 means any (default false) */
    vn_dtype dtype;            /* (default vn_default_dtype()) */
} vn_group_norm_options;

VN_API vn_tree *vn_group_norm(int64_t groups, int64_t channels,
                              const vn_group_norm_options *options);

/* ------------------------------------------------------------------- BatchNorm
 * (x [channels, ..], state) -> (y, state'), inside a vmap whose axis has the name; (x, state,
 * key, inference): the key is ignored, inference (a bool leaf) replaces the field for this
 * call.
 *     batch mean and biased variance: over the other axes of x and the named axes
 *     y = (x - mean) / sqrt(var + eps) weight + bias
 * "batch": training uses those of the batch, and averages them: a = m a + (1 - m) batch,
 *     n += 1 from a = 0; inference uses a / (1 - m^n), for n = 0 mean 0 and variance 1.
 * "ema": average = batch at the first call, (1 - m) batch + m average later; training uses it
 * too.
 * In inference the state does not change and no axis is needed. */
typedef enum vn_batch_norm_mode { VN_BATCH_NORM_EMA, VN_BATCH_NORM_BATCH } vn_batch_norm_mode;

struct vn_batch_norm {
    vn_module base;
    vn_tree *weight;                                      /* [channels], ones; or none */
    vn_tree *bias;                                        /* [channels], zeros; or none */
    vn_tree *ema_first_time_index, *ema_state_index;      /* of mode "ema", else none */
    vn_tree *batch_counter, *batch_state_index;           /* of mode "batch", else none */
    vn_tree *axis_name;                                   /* string leaf or tuple of them */
    vn_tree *inference;                                   /* bool leaf */
    int64_t input_size;
    double eps;
    bool channelwise_affine;
    double momentum;
    const char *mode; /* "ema", "batch" */
    bool equinox_debias;
};
VN_API extern const vn_type vn_batch_norm_type;

typedef struct vn_batch_norm_options {
    double eps;                /* (default 1e-5) */
    bool no_channelwise_affine; /* (default false) */
    double momentum;           /* m (default 0.99) */
    bool inference;            /* (default false) */
    vn_dtype dtype;            /* (default vn_default_dtype()) */
    vn_batch_norm_mode mode;   /* (default VN_BATCH_NORM_EMA) */
    vn_tree *axis_names; /* tuple of string leaves, for several axes (default: axis_name) */
    /* "batch" inference with Equinox's variance, which is too large by m^n / (1 - m^n), for
     * models that were tuned with it (default false) */
    bool equinox_debias;
} vn_batch_norm_options;

VN_API vn_tree *vn_batch_norm(int64_t input_size, const char *axis_name,
                              const vn_batch_norm_options *options);

/* ---------------------------------------------------------------- SpectralNorm
 * (x, state) -> (layer'(x), state'), layer' = layer with W / sigma; (x, state, key, inference)
 * as above.
 *     u = W v / max(eps, |W v|), v = W^T u / max(eps, |W^T u|), a few times, without gradient
 *     sigma = u^T W v, the largest singular value of W as a matrix [axis 0, the others] */
struct vn_spectral_norm {
    vn_module base;
    vn_tree *layer;
    const char *weight_name;
    vn_tree *uv_index;
    int64_t num_power_iterations;
    double eps;
    vn_tree *inference; /* bool leaf */
};
VN_API extern const vn_type vn_spectral_norm_type;

typedef struct vn_spectral_norm_options {
    int64_t num_power_iterations; /* of a training call (default 1) */
    double eps;                   /* (default 1e-12) */
    bool inference;               /* (default false) */
} vn_spectral_norm_options;

/* weight_name: a path in the layer, "weight". */
VN_API vn_tree *vn_spectral_norm(vn_tree *layer, const char *weight_name, vn_array *key,
                                 const vn_spectral_norm_options *options);

/* ------------------------------------------------------------------ WeightNorm
 * (x) -> layer'(x), layer' = layer with W g / |W|, the norm over all axes but one. A key is
 * ignored.
 * At first g = |W|, so that layer' = layer. */
struct vn_weight_norm {
    vn_module base;
    vn_tree *layer;
    vn_tree *g; /* |W|, reduced axes kept with size 1 */
    const char *weight_name;
    int64_t axis; /* -1: none */
    vn_tree *norm; /* function leaf, printed as _norm */
};
VN_API extern const vn_type vn_weight_norm_type;

typedef struct vn_weight_norm_options {
    const char *weight_name; /* a path in the layer (default "weight") */
    int64_t axis;            /* one norm for each entry along it (default 0) */
    bool no_axis;            /* one norm for the whole weight (default false) */
} vn_weight_norm_options;

VN_API vn_tree *vn_weight_norm(vn_tree *layer, const vn_weight_norm_options *options);

#ifdef __cplusplus
}
#endif
#endif
