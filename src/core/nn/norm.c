/* SPDX-License-Identifier: MIT */
/* What the normalisation layers share: (x - mean(x)) rsqrt(mean((x - mean(x))^2) + eps), in f32
 * at least. The variance is taken of the centred x: a large mean costs no digits. */
#include "core/nn/norm.h"

vn_axes vn__axes_from(const vn_array *x, int first)
{
    vn_axes axes = { .count = 0 };
    for (int i = first; i < vn_rank(x); i++)
        axes.axis[axes.count++] = i;
    return axes;
}

vn_array *vn__norm_widen(vn_array *x)
{
    return vn_cast(x, vn_promote_types(vn_dtype_of(x), VN_F32));
}

vn_array *vn__norm_by_channel(vn_array *w, int rank)
{
    vn_shape shape = { .rank = rank };
    if (vn_is_none(w))
        return w;
    for (int i = 0; i < rank; i++)
        shape.dim[i] = i == 0 ? vn_size(w) : 1;
    return vn_reshape(w, shape);
}

vn_array *vn__norm_centre(vn_array *x, int first, double eps)
{
    const vn_axes axes = vn__axes_from(x, first);
    vn_array *const centred = vn_sub(x, vn_mean_over(x, axes, true));
    vn_array *const variance = vn_mean_over(vn_square(centred), axes, true);
    return vn_mul(centred, vn_rsqrt(vn_add(variance, vn_float(eps))));
}

vn_tree *vn__norm_finish(vn_array *y, vn_tree *weight, vn_tree *bias, vn_dtype dtype, int n,
                         vn_tree *const arg[])
{
    const vn_dtype wide = vn_dtype_of(y);
    if (!vn_is_none(weight))
        y = vn_mul(vn_cast(weight, wide), y);
    if (!vn_is_none(bias))
        y = vn_add(y, vn_cast(bias, wide));
    y = vn_cast(y, dtype);
    for (int i = 1; i < n; i++)
        if (arg[i]->type == &vn_state_type)
            return vn_tuple(y, arg[i]);
    return y;
}
