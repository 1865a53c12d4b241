/* SPDX-License-Identifier: MIT */
/* Initialisers of jax.nn.initializers, shape (.., in, out): variance v = scale / fan, fan in or
 * the mean of fan in and fan out;
 *
 *   uniform  u sqrt(3 v), u in [-1, 1)
 *   normal   t sqrt(v) / 0.87962566103423978, t normal truncated to (-2, 2), which has that
 *            standard deviation */
#include <math.h>

#include "core/ops/ops_common.h"
#include "vernal/random.h"

typedef enum fan { FAN_IN, FAN_AVERAGE } fan;

static double denominator(vn_shape shape, fan mode)
{
    const double field = (double)vn__span(shape, 0, shape.rank - 2);
    const double in = field * (double)shape.dim[shape.rank - 2];
    const double out = field * (double)shape.dim[shape.rank - 1];
    return mode == FAN_IN ? in : (in + out) / 2;
}

/* As JAX, which rounds the variance and every step to the dtype. */
static double factor(double variance, bool uniform, vn_dtype dtype)
{
    const double width = 0.87962566103423978;
    if (dtype == VN_F64)
        return uniform ? sqrt(3 * variance) : sqrt(variance) / width;
    const float v = (float)variance;
    return (double)(uniform ? sqrtf(3 * v) : sqrtf(v) / (float)width);
}

static bool shape_fits(const char *who, vn_shape shape, vn_dtype dtype)
{
    if (!vn__shape_valid(who, dtype, shape))
        return false;
    if (shape.rank < 2)
        vn__fail(VN_ERR_SHAPE, "%s: a shape with %d axes, expected (.., in, out)", who,
                 shape.rank);
    return shape.rank >= 2;
}

static vn_array *scaled(vn_array *key, vn_shape shape, vn_dtype dtype, const char *who,
                        fan mode, double scale, bool uniform)
{
    vn__named_begin(who);
    dtype = dtype == VN_DTYPE_DEFAULT ? vn_default_dtype() : dtype;
    if (!shape_fits(who, shape, dtype))
        return vn__named_end(NULL);
    vn_array *const x = uniform ? vn_uniform(key, shape, dtype, -1, 1)
                                : vn_truncated_normal(key, shape, dtype, -2, 2);
    return vn__named_end(vn_scale(factor(scale / denominator(shape, mode), uniform, dtype), x));
}

vn_array *vn_glorot_uniform(vn_array *key, vn_shape shape, vn_dtype dtype)
{
    return scaled(key, shape, dtype, "glorot_uniform", FAN_AVERAGE, 1, true);
}

vn_array *vn_glorot_normal(vn_array *key, vn_shape shape, vn_dtype dtype)
{
    return scaled(key, shape, dtype, "glorot_normal", FAN_AVERAGE, 1, false);
}

vn_array *vn_he_uniform(vn_array *key, vn_shape shape, vn_dtype dtype)
{
    return scaled(key, shape, dtype, "he_uniform", FAN_IN, 2, true);
}

vn_array *vn_he_normal(vn_array *key, vn_shape shape, vn_dtype dtype)
{
    return scaled(key, shape, dtype, "he_normal", FAN_IN, 2, false);
}

vn_array *vn_lecun_uniform(vn_array *key, vn_shape shape, vn_dtype dtype)
{
    return scaled(key, shape, dtype, "lecun_uniform", FAN_IN, 1, true);
}

vn_array *vn_lecun_normal(vn_array *key, vn_shape shape, vn_dtype dtype)
{
    return scaled(key, shape, dtype, "lecun_normal", FAN_IN, 1, false);
}

vn_array *vn_orthogonal_init(vn_array *key, vn_shape shape, vn_dtype dtype)
{
    vn__named_begin("orthogonal_init");
    dtype = dtype == VN_DTYPE_DEFAULT ? vn_default_dtype() : dtype;
    if (!shape_fits("orthogonal_init", shape, dtype))
        return vn__named_end(NULL);
    const int64_t out = shape.dim[shape.rank - 1], rest = vn__span(shape, 0, shape.rank - 1);
    return vn__named_end(vn_reshape(vn_orthogonal(key, rest, out, VN_SCALAR, dtype), shape));
}
