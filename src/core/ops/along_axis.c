/* SPDX-License-Identifier: MIT */
/* Geometry and plumbing of functions along axes. */
#include "core/ops/along_axis.h"

vn__along vn__along_of(const vn_eval *e)
{
    const int axis = ((const vn__along_attr *)e->attr)->axis;
    const vn_shape shape = e->in_aval[0].shape;
    return (vn__along){ vn__span(shape, 0, axis), shape.dim[axis],
                        vn__span(shape, axis + 1, shape.rank) * e->lanes };
}

int64_t vn__along_share(vn__along *a, const vn_eval *e)
{
    int64_t from;
    const int64_t end = vn__eval_share(&from, e, a->outer);
    a->outer = end - from;
    return from;
}

int64_t vn__along_parts(const void *attr, const vn_aval in[], int64_t lanes, int arrays)
{
    const int64_t size = (int64_t)vn_dtype_size(in[0].dtype);
    const int64_t outer = vn__span(in[0].shape, 0, ((const vn__along_attr *)attr)->axis);
    return vn__parts_of_bytes(arrays * vn_shape_size(in[0].shape) * lanes * size, outer);
}

vn_status vn__along_shape(vn_aval out[], const char *who, int accept, const void *attr,
                          const vn_aval in[])
{
    int axis = ((const vn__along_attr *)attr)->axis;
    VN_TRY(vn__check_dtype(who, in[0].dtype, accept));
    VN_TRY(vn__wrap_axis(&axis, who, in[0].shape.rank));
    out[0] = in[0];
    return VN_ERR_OK;
}

bool vn__along_pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[],
                    int n_in, const int axis[])
{
    (void)in;
    vn__along_attr *const to = attr_out;
    *to = *(const vn__along_attr *)attr;
    for (int i = 0; i < n_in; i++)
        if (axis[i] != axis[0])
            return false;
    if (axis[0] < 0 || axis[0] == to->axis)
        return false;
    to->axis -= to->axis > axis[0];
    *out_axis = axis[0];
    return true;
}

bool vn__along_lift(void *attr_out, int *at, bool *swap, const void *attr, int64_t size,
                    const vn_aval in[], int n_in, const bool has[])
{
    (void)at, (void)swap, (void)size, (void)in;
    vn__along_attr *const to = attr_out;
    *to = *(const vn__along_attr *)attr;
    to->axis++;
    for (int i = 0; i < n_in; i++)
        if (!has[i])
            return false;
    return true;
}

vn_array *vn__along_apply(const vn_op *op, int accept, vn_array *x, int axis)
{
    vn_array *a;
    vn_dtype result;
    if (vn__promote(&a, &result, op->name, accept, 1, &x) != VN_ERR_OK ||
        vn__wrap_axis(&axis, op->name, vn_rank(a)) != VN_ERR_OK)
        return NULL;
    vn_array *const y = vn_op_apply(op, &(vn__along_attr){ .axis = axis }, 1, &a);
    return y && vn_dtype_of(y) == VN_F32 ? vn_cast(y, result) : y;
}

/* ----------------------------------------------------------- several axes as the last one */

static vn_axes kept_then_reduced(vn_axes axes, int rank)
{
    vn_axes order = { 0 };
    for (int d = 0; d < rank; d++)
        if (!vn__axes_has(axes, d))
            order.axis[order.count++] = d;
    for (int i = 0; i < axes.count; i++)
        order.axis[order.count++] = axes.axis[i];
    return order;
}

vn_array *vn__axes_to_end(vn_array *x, vn_axes axes)
{
    const vn_shape shape = vn_shape_of(x);
    vn_shape flat = { .rank = shape.rank - axes.count };
    int64_t n = 1;
    for (int d = 0, k = 0; d < shape.rank; d++)
        if (vn__axes_has(axes, d))
            n *= shape.dim[d];
        else
            flat.dim[k++] = shape.dim[d];
    flat.dim[flat.rank++] = n;
    return vn_reshape(vn_transpose(x, kept_then_reduced(axes, shape.rank)), flat);
}

vn_array *vn__axes_from_end(vn_array *x, vn_axes axes, vn_shape shape)
{
    const vn_axes order = kept_then_reduced(axes, shape.rank);
    vn_shape apart = { .rank = shape.rank };
    vn_axes inverse = { .count = shape.rank };
    for (int k = 0; k < order.count; k++) {
        apart.dim[k] = shape.dim[order.axis[k]];
        inverse.axis[order.axis[k]] = k;
    }
    return vn_transpose(vn_reshape(x, apart), inverse);
}
