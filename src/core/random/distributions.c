/* SPDX-License-Identifier: MIT */
/* Continuous distributions, as functions of uniform numbers (jax.random):
 *
 *   normal            sqrt(2) erf_inv(u),   u in (-1, 1); complex: (a + i b) / sqrt 2 of two
 *                     normal ones, by the two keys of a split
 *   truncated_normal  sqrt(2) erf_inv(u),   u in (erf(lo / sqrt 2), erf(hi / sqrt 2))
 *   gumbel            -log(-log u),         u in [tiny, 1)
 *   exponential       -log1p(-u),           u in [0, 1)
 *   laplace           sign(u) log1p(-|u|),  u in (-1, 1)
 *   logistic          log(u / (1 - u)),     u in [tiny, 1)
 *   cauchy            tan(pi (u - 1/2)),    u in [eps, 1) */
#include <math.h>

#include "core/ops/ops_common.h"
#include "vernal/random.h"

/* eps: from 1 to the next number; tiny: the smallest normal number. */
typedef struct limits {
    double eps, tiny;
} limits;

static limits limits_of(vn_dtype dtype)
{
    static const limits table[VN_DTYPE_COUNT] = {
        [VN_F32] = { 0x1p-23, 0x1p-126 },
        [VN_F64] = { 0x1p-52, 0x1p-1022 },
        [VN_F16] = { 0x1p-10, 0x1p-14 },
        [VN_BF16] = { 0x1p-7, 0x1p-126 },
    };
    return table[vn_dtype_is_inexact(dtype) ? dtype : VN_DTYPE_DEFAULT];
}

static vn_dtype or_default(vn_dtype dtype)
{
    return dtype == VN_DTYPE_DEFAULT ? vn_default_dtype() : dtype;
}

/* In (-1, 1): from the number above -1. */
static vn_array *symmetric(vn_array *key, vn_shape shape, vn_dtype dtype)
{
    return vn_uniform(key, shape, dtype, -1 + limits_of(dtype).eps / 2, 1);
}

static vn_array *real_normal(vn_array *key, vn_shape shape, vn_dtype dtype)
{
    return vn_scale(sqrt(2), vn_erf_inv(symmetric(key, shape, dtype)));
}

static vn_array *complex_normal(vn_array *key, vn_shape shape, vn_dtype dtype)
{
    vn_array *const keys = vn_split(key, 2), *const root = vn_scalar(dtype, sqrt(2));
    return vn_complex(vn_div(real_normal(vn_subkey(keys, 0), shape, dtype), root),
                      vn_div(real_normal(vn_subkey(keys, 1), shape, dtype), root));
}

vn_array *vn_normal(vn_array *key, vn_shape shape, vn_dtype dtype)
{
    vn__named_begin("normal");
    dtype = or_default(dtype);
    return vn__named_end(vn_dtype_is_complex(dtype)
                             ? complex_normal(key, shape, vn_dtype_real(dtype))
                             : real_normal(key, shape, dtype));
}

/* The number after x in the direction of `to`, in the dtype. */
static double next(double x, double to, vn_dtype dtype)
{
    return dtype == VN_F64 ? nextafter(x, to) : (double)nextafterf((float)x, (float)to);
}

vn_array *vn_truncated_normal(vn_array *key, vn_shape shape, vn_dtype dtype, double lo,
                              double hi)
{
    vn__named_begin("truncated_normal");
    dtype = or_default(dtype);
    vn_array *const u = vn_uniform(key, shape, dtype, erf(lo / sqrt(2)), erf(hi / sqrt(2)));
    return vn__named_end(vn_clip(vn_scale(sqrt(2), vn_erf_inv(u)),
                                 vn_scalar(dtype, next(lo, INFINITY, dtype)),
                                 vn_scalar(dtype, next(hi, -INFINITY, dtype))));
}

vn_array *vn_gumbel(vn_array *key, vn_shape shape, vn_dtype dtype)
{
    vn__named_begin("gumbel");
    dtype = or_default(dtype);
    vn_array *const u = vn_uniform(key, shape, dtype, limits_of(dtype).tiny, 1);
    return vn__named_end(vn_neg(vn_log(vn_neg(vn_log(u)))));
}

vn_array *vn_exponential(vn_array *key, vn_shape shape, vn_dtype dtype)
{
    vn__named_begin("exponential");
    return vn__named_end(vn_neg(vn_log1p(vn_neg(vn_uniform(key, shape, dtype, 0, 1)))));
}

vn_array *vn_laplace(vn_array *key, vn_shape shape, vn_dtype dtype)
{
    vn__named_begin("laplace");
    vn_array *const u = symmetric(key, shape, or_default(dtype));
    return vn__named_end(vn_mul(vn_sign(u), vn_log1p(vn_neg(vn_abs(u)))));
}

vn_array *vn_logistic(vn_array *key, vn_shape shape, vn_dtype dtype)
{
    vn__named_begin("logistic");
    dtype = or_default(dtype);
    vn_array *const u = vn_uniform(key, shape, dtype, limits_of(dtype).tiny, 1);
    return vn__named_end(vn_log(vn_div(u, vn_sub(vn_scalar(dtype, 1), u))));
}

vn_array *vn_cauchy(vn_array *key, vn_shape shape, vn_dtype dtype)
{
    vn__named_begin("cauchy");
    dtype = or_default(dtype);
    vn_array *const u = vn_uniform(key, shape, dtype, limits_of(dtype).eps, 1);
    return vn__named_end(vn_tan(vn_scale(acos(-1), vn_sub(u, vn_scalar(dtype, 0.5)))));
}

/* q with its columns times the signs of r's diagonal, which makes the distribution uniform. */
static vn_array *haar(vn_array *normal)
{
    vn_tree *const qr = vn_qr(normal);
    vn_array *const q = vn_at(qr, 0), *const r = vn_at(qr, 1);
    const int rank = vn_rank(r);
    if (!qr)
        return NULL;
    vn_array *const eye = vn_eye(vn_dtype_of(r), vn_dim(r, -1));
    return vn_mul(q, vn_sign(vn_sum_over(vn_mul(r, eye), VN_AXES(rank - 2), true)));
}

vn_array *vn_orthogonal(vn_array *key, int64_t n, int64_t m, vn_shape leading, vn_dtype dtype)
{
    vn__named_begin("orthogonal");
    const int rank = leading.rank;
    m = m == 0 ? n : m;
    vn_shape shape = leading;
    if (vn__shape_insert(&shape, "orthogonal", rank, n > m ? n : m) != VN_ERR_OK ||
        vn__shape_insert(&shape, "orthogonal", rank + 1, n > m ? m : n) != VN_ERR_OK)
        return vn__named_end(NULL);
    vn_array *const q = haar(vn_normal(key, shape, dtype));
    return vn__named_end(q && n < m ? vn_swapaxes(q, -1, -2) : q);
}
