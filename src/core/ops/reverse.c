/* SPDX-License-Identifier: MIT */
/* reverse(x): the elements along the axes of a set in the other order    dx = reverse(g)
 * flip: along one axis;  roll: elements that leave at one end enter at the other */
#include "core/ops/grid.h"

typedef struct reverse_attr {
    vn_axes axes;
} reverse_attr;

static vn_axes axes_of(const void *attr) { return ((const reverse_attr *)attr)->axes; }

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    vn_axes axes = axes_of(attr);
    out[0] = in[0];
    return vn__wrap_axes(&axes, "reverse", in[0].shape.rank);
}

static void mapped_eval(const vn_eval *e)
{
    const vn_axes axes = axes_of(e->attr);
    const vn_shape in = e->in_aval[0].shape;
    const int64_t size = (int64_t)vn_dtype_size(e->in_aval[0].dtype);
    int64_t stride[VN_MAX_RANK], last = 0;
    vn__strides(stride, in);
    if (vn_shape_size(in) == 0)
        return;
    vn__grid grid = { .count = 2 };
    for (int d = 0; d < in.rank; d++) {
        const int64_t step = stride[d] * e->lanes;
        const bool back = vn__axes_has(axes, d);
        last += back ? (in.dim[d] - 1) * step : 0;
        vn__grid_push(&grid, in.dim[d], (int64_t[]){ step, back ? -step : step });
    }
    vn__grid_push(&grid, e->lanes, (int64_t[]){ 1, 1 });
    vn__grid_copy(e->out[0], (const char *)e->in[0] + last * size, &grid, (size_t)size,
                  e->kernels);
}

static void eval(const vn_eval *e)
{
    if (!vn__eval_shared(e, mapped_eval))
        mapped_eval(e);
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    din[0] = vn_op_apply(&vn__op_reverse, node->attr, 1, g);
}

static bool pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[], int n_in,
                 const int axis[])
{
    (void)in, (void)n_in;
    vn_axes axes = axes_of(attr);
    if (vn__axes_has(axes, axis[0]))
        return false;
    for (int i = 0; i < axes.count; i++)
        axes.axis[i] -= axes.axis[i] > axis[0];
    *(reverse_attr *)attr_out = (reverse_attr){ axes };
    *out_axis = axis[0];
    return true;
}

const vn_op vn__op_reverse = {
    .name = "reverse",
    .n_in = 1,
    .attr_size = sizeof(reverse_attr),
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = shape,
    .eval = eval,
    .vjp = vjp,
    .pull = pull,
};

/* ---------------------------------------------------------------- public functions */

vn_array *vn_flip(vn_array *x, int axis)
{
    vn_array *const a = vn__as_operand("flip", x);
    if (!a || vn__wrap_axis(&axis, "flip", vn_rank(a)) != VN_ERR_OK)
        return NULL;
    if (vn_dim(a, axis) <= 1)
        return a;
    return vn_op_apply(&vn__op_reverse, &(reverse_attr){ VN_AXES(axis) }, 1, &a);
}

vn_array *vn_roll(vn_array *x, int64_t shift, int axis)
{
    vn_array *const a = vn__as_operand("roll", x);
    if (!a || vn__wrap_axis(&axis, "roll", vn_rank(a)) != VN_ERR_OK)
        return NULL;
    const int64_t n = vn_dim(a, axis), split = n ? (n - shift % n) % n : 0;
    if (split == 0)
        return a;
    return vn_concat(axis, vn_slice(a, axis, split, n, 1), vn_slice(a, axis, 0, split, 1));
}
