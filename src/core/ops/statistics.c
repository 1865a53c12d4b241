/* SPDX-License-Identifier: MIT */
/* Reductions that are composed of others; halves are computed in f32 throughout:
 *   mean = sum x / n                   var = sum (x - mean)^2 / (n - ddof), std = sqrt(var)
 *   logsumexp = m + ln sum e^(x - m), m = max x where that is finite, else 0
 *   norm = sqrt(sum x^2) */
#include <math.h>

#include "core/ops/along_axis.h"

/* *a = x as a dtype that is accepted; axes made sorted, *n the number of elements they span. */
static vn_status prepare(vn_array **a, vn_dtype *result, vn_axes *axes, double *n,
                         const char *who, int accept, vn_array *x)
{
    VN_TRY(vn__promote(a, result, who, accept, 1, &x));
    VN_TRY(vn__wrap_axes(axes, who, vn_rank(*a)));
    *n = 1;
    for (int i = 0; i < axes->count; i++)
        *n *= (double)vn_dim(*a, axes->axis[i]);
    return VN_ERR_OK;
}

vn_array *vn_mean_over(vn_array *x, vn_axes axes, bool keepdims)
{
    vn__named_begin("mean");
    vn_array *a;
    vn_dtype result;
    double n;
    if (prepare(&a, &result, &axes, &n, "mean", VN__INEXACT, x) != VN_ERR_OK)
        return vn__named_end(NULL);
    return vn__named_end(vn_cast(vn_scale(1.0 / n, vn_sum_over(a, axes, keepdims)), result));
}

vn_array *vn_mean(vn_array *x)
{
    vn_array *const a = vn__as_operand("mean", x);
    return a ? vn_mean_over(a, vn__all_axes(vn_rank(a)), false) : NULL;
}

vn_array *vn_var_over(vn_array *x, vn_axes axes, int ddof, bool keepdims)
{
    vn__named_begin("var");
    vn_array *a;
    vn_dtype result;
    double n;
    if (prepare(&a, &result, &axes, &n, "var", VN__REALS, x) != VN_ERR_OK)
        return vn__named_end(NULL);
    vn_array *const centred = vn_sub(a, vn_mean_over(a, axes, true));
    vn_array *const sum = vn_sum_over(vn_square(centred), axes, keepdims);
    return vn__named_end(
        vn_cast(vn_scale(n > ddof ? 1.0 / (n - ddof) : (double)NAN, sum), result));
}

vn_array *vn_std_over(vn_array *x, vn_axes axes, int ddof, bool keepdims)
{
    vn__named_begin("std");
    return vn__named_end(vn_sqrt(vn_var_over(x, axes, ddof, keepdims)));
}

vn_array *vn_logsumexp(vn_array *x, vn_axes axes, bool keepdims)
{
    vn__named_begin("logsumexp");
    vn_array *a;
    vn_dtype result;
    double n;
    if (prepare(&a, &result, &axes, &n, "logsumexp", VN__REALS, x) != VN_ERR_OK)
        return vn__named_end(NULL);
    vn_array *const largest = vn_stop_gradient(vn_max_over(a, axes, true));
    vn_array *const m = vn_where(vn_is_finite(largest), largest, vn_float(0.0));
    vn_array *const y = vn_add(m, vn_log(vn_sum_over(vn_exp(vn_sub(a, m)), axes, true)));
    vn_shape shape = { 0 };
    for (int d = 0; d < vn_rank(a); d++)
        if (keepdims || !vn__axes_has(axes, d))
            shape.dim[shape.rank++] = vn__axes_has(axes, d) ? 1 : vn_dim(a, d);
    return vn__named_end(vn_cast(vn_reshape(y, shape), result));
}

vn_array *vn_norm(vn_array *x)
{
    vn__named_begin("norm");
    vn_array *a;
    vn_dtype result;
    if (vn__promote(&a, &result, "norm", VN__REALS, 1, &x) != VN_ERR_OK)
        return vn__named_end(NULL);
    return vn__named_end(vn_cast(vn_sqrt(vn_sum(vn_square(a))), result));
}
