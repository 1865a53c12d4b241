/* SPDX-License-Identifier: MIT */
/* argmax, argmin along an axis, which disappears: i32, the first of equal ones; a NaN is both.
 * No gradient. */
#include "core/ops/along_axis.h"

static vn_status shape(vn_aval out[], const char *who, const void *attr, const vn_aval in[])
{
    VN_TRY(vn__along_shape(out, who, VN__ORDERED, attr, in));
    const int axis = ((const vn__along_attr *)attr)->axis;
    char text[VN__SHAPE_TEXT];
    if (in[0].shape.dim[axis] == 0)
        return vn__fail(VN_ERR_SHAPE, "%s: of no elements: axis %d of %s", who, axis,
                        vn__shape_text(text, in[0].dtype, in[0].shape));
    out[0] = (vn_aval){ VN_I32, vn__shape_without(in[0].shape, axis) };
    return VN_ERR_OK;
}

static vn_status argmax_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    return shape(out, "argmax", attr, in);
}

static vn_status argmin_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    return shape(out, "argmin", attr, in);
}

static void argmax_mapped(const vn_eval *e)
{
    const vn__along a = vn__along_of(e);
    e->kernels->argmax[e->in_aval[0].dtype](e->out[0], e->in[0], a.outer, a.n, a.inner);
}

static void argmin_mapped(const vn_eval *e)
{
    const vn__along a = vn__along_of(e);
    e->kernels->argmin[e->in_aval[0].dtype](e->out[0], e->in[0], a.outer, a.n, a.inner);
}

static void argmax_eval(const vn_eval *e)
{
    if (!vn__eval_shared(e, argmax_mapped))
        argmax_mapped(e);
}

static void argmin_eval(const vn_eval *e)
{
    if (!vn__eval_shared(e, argmin_mapped))
        argmin_mapped(e);
}

static bool pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[], int n_in,
                 const int axis[])
{
    if (!vn__along_pull(attr_out, out_axis, attr, in, n_in, axis))
        return false;
    *out_axis -= ((const vn__along_attr *)attr)->axis < axis[0];
    return true;
}

const vn_op vn__op_argmax = {
    .name = "argmax",
    .n_in = 1,
    .attr_size = sizeof(vn__along_attr),
    .flags = VN_OP_LANES | VN_OP_NO_GRADIENT,
    .shape = argmax_shape,
    .eval = argmax_eval,
    .pull = pull,
};

const vn_op vn__op_argmin = {
    .name = "argmin",
    .n_in = 1,
    .attr_size = sizeof(vn__along_attr),
    .flags = VN_OP_LANES | VN_OP_NO_GRADIENT,
    .shape = argmin_shape,
    .eval = argmin_eval,
    .pull = pull,
};

vn_array *vn_argmax(vn_array *x, int axis)
{
    return vn__along_apply(&vn__op_argmax, VN__ORDERED, x, axis);
}

vn_array *vn_argmin(vn_array *x, int axis)
{
    return vn__along_apply(&vn__op_argmin, VN__ORDERED, x, axis);
}
