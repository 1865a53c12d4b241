/* SPDX-License-Identifier: MIT */
/* broadcast(x): axis d of x is axis map[d] of the result (map rises), repeated there if it is
 * 1; other axes of the result repeat all of x.    dx = g summed over the axes that repeat */
#include "core/ops/along_axis.h"
#include "core/ops/grid.h"

typedef struct broadcast_attr {
    vn__dims shape; /* of the result */
    int64_t map[VN_MAX_RANK];
} broadcast_attr;

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const broadcast_attr *const a = attr;
    out[0] = (vn_aval){ in[0].dtype, vn__shape_of_dims(&a->shape) };
    bool fits = true;
    for (int d = 0; d < in[0].shape.rank; d++)
        fits =
            fits && (in[0].shape.dim[d] == 1 || in[0].shape.dim[d] == a->shape.dim[a->map[d]]);
    char from[VN__SHAPE_TEXT], to[VN__SHAPE_TEXT];
    if (!fits)
        return vn__fail(VN_ERR_SHAPE, "broadcast_to: %s does not broadcast to %s",
                        vn__shape_text(from, in[0].dtype, in[0].shape),
                        vn__shape_text(to, in[0].dtype, out[0].shape));
    return VN_ERR_OK;
}

static void eval(const vn_eval *e)
{
    const broadcast_attr *const a = e->attr;
    const vn_shape in = e->in_aval[0].shape, out = e->out_aval[0].shape;
    const int64_t unit = e->mapped[0] ? e->lanes : 1;
    int64_t dst[VN_MAX_RANK], own[VN_MAX_RANK], src[VN_MAX_RANK] = { 0 };
    vn__strides(dst, out);
    vn__strides(own, in);
    for (int d = 0; d < in.rank; d++)
        src[a->map[d]] = in.dim[d] == 1 ? 0 : own[d] * unit;
    vn__grid grid = { .count = 2 };
    for (int d = 0; d < out.rank; d++)
        vn__grid_push(&grid, out.dim[d], (int64_t[]){ dst[d] * e->lanes, src[d] });
    vn__grid_push(&grid, e->lanes, (int64_t[]){ 1, e->lanes == 1 || e->mapped[0] });
    vn__grid_copy(e->out[0], e->in[0], &grid, vn_dtype_size(e->in_aval[0].dtype), e->kernels);
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const broadcast_attr *const a = node->attr;
    const vn_shape in = vn_shape_of(node->in[0]);
    bool kept[VN_MAX_RANK] = { false };
    for (int d = 0; d < in.rank; d++)
        kept[a->map[d]] = in.dim[d] == a->shape.dim[a->map[d]];
    vn_axes axes = { 0 };
    for (int d = 0; d < a->shape.rank; d++)
        if (!kept[d])
            axes.axis[axes.count++] = d;
    din[0] = vn_reshape(vn__reduce_sum(g[0], axes), in);
}

static bool pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[], int n_in,
                 const int axis[])
{
    (void)n_in;
    const broadcast_attr *const a = attr;
    const int out = (int)a->map[axis[0]];
    if (in[0].shape.dim[axis[0]] != a->shape.dim[out])
        return false;
    broadcast_attr rest = { vn__dims_of(vn__shape_without(vn__shape_of_dims(&a->shape), out)),
                            { 0 } };
    for (int d = 0, k = 0; d < in[0].shape.rank; d++)
        if (d != axis[0])
            rest.map[k++] = a->map[d] - (a->map[d] > out);
    *(broadcast_attr *)attr_out = rest;
    *out_axis = out;
    return true;
}

static bool lift(void *attr_out, int *at, bool *swap, const void *attr, int64_t size,
                 const vn_aval in[], int n_in, const bool has[])
{
    (void)at, (void)swap, (void)n_in, (void)has;
    const broadcast_attr *const a = attr;
    vn_shape to = vn__shape_of_dims(&a->shape);
    if (vn__shape_insert(&to, "broadcast_to", 0, size) != VN_ERR_OK)
        return false;
    broadcast_attr all = { vn__dims_of(to), { 0 } };
    for (int d = 0; d < in[0].shape.rank; d++)
        all.map[d + 1] = a->map[d] + 1;
    *(broadcast_attr *)attr_out = all;
    return true;
}

const vn_op vn__op_broadcast = {
    .name = "broadcast_to",
    .n_in = 1,
    .attr_size = sizeof(broadcast_attr),
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = shape,
    .eval = eval,
    .vjp = vjp,
    .pull = pull,
    .lift = lift,
};

/* --------------------------------------------------------------- internal functions */

static vn_array *broadcast(vn_array *x, const broadcast_attr *attr)
{
    const vn_aval in = vn__aval_of(x);
    vn_aval out;
    if (shape(&out, attr, &in, 1) != VN_ERR_OK)
        return NULL;
    const int64_t n = vn_shape_size(in.shape);
    return n > 0 && n == vn_shape_size(out.shape) /* for no examples, each may still grow */
               ? vn_reshape(x, out.shape)
               : vn_op_apply(&vn__op_broadcast, attr, 1, &x);
}

vn_array *vn__broadcast_over(vn_array *y, vn_axes axes, vn_shape shape_)
{
    if (!y)
        return NULL;
    broadcast_attr attr = { vn__dims_of(shape_), { 0 } };
    for (int d = 0, k = 0; d < shape_.rank; d++)
        if (!vn__axes_has(axes, d))
            attr.map[k++] = d;
    return broadcast(y, &attr);
}

/* x seen as [outer][n][inner] with a new axis of `times` before n or (after) behind it. */
static vn_array *multiply(vn_array *x, int axis, int64_t times, bool after)
{
    const vn_shape from = vn_shape_of(x);
    const int64_t outer = vn__span(from, 0, axis), inner = vn__span(from, axis + 1, from.rank);
    const int64_t n = from.dim[axis];
    vn_shape to = from;
    to.dim[axis] = n * times;
    const vn_shape wide =
        after ? VN_SHAPE(outer, n, times, inner) : VN_SHAPE(outer, times, n, inner);
    vn_array *const flat = vn_reshape(x, VN_SHAPE(outer, n, inner));
    return vn_reshape(vn__broadcast_over(flat, VN_AXES(after ? 2 : 1), wide), to);
}

/* ---------------------------------------------------------------- public functions */

vn_array *vn_broadcast_to(vn_array *x, vn_shape shape_)
{
    vn_array *const a = vn__as_operand("broadcast_to", x);
    if (!a || !vn__shape_valid("broadcast_to", vn_dtype_of(a), shape_))
        return NULL;
    const int lead = shape_.rank - vn_rank(a);
    char from[VN__SHAPE_TEXT], to[VN__SHAPE_TEXT];
    if (lead < 0) {
        vn__fail(VN_ERR_SHAPE, "broadcast_to: %s does not broadcast to %s",
                 vn__shape_text(from, vn_dtype_of(a), vn_shape_of(a)),
                 vn__shape_text(to, vn_dtype_of(a), shape_));
        return NULL;
    }
    broadcast_attr attr = { vn__dims_of(shape_), { 0 } };
    for (int d = 0; d < vn_rank(a); d++)
        attr.map[d] = lead + d;
    return broadcast(a, &attr);
}

static bool valid_times(const char *who, int64_t times)
{
    const bool valid = times >= 0 && times <= INT32_MAX;
    if (!valid)
        vn__fail(VN_ERR_ARGUMENT, "%s: %lld times", who, (long long)times);
    return valid;
}

vn_array *vn_repeat(vn_array *x, int64_t times, int axis)
{
    vn__named_begin("repeat");
    vn_array *const a = vn__as_operand("repeat", x);
    if (!a || vn__wrap_axis(&axis, "repeat", vn_rank(a)) != VN_ERR_OK ||
        !valid_times("repeat", times))
        return vn__named_end(NULL);
    return vn__named_end(multiply(a, axis, times, true));
}

vn_array *vn_tile(vn_array *x, vn_shape repeats)
{
    vn__named_begin("tile");
    vn_array *a = vn__as_operand("tile", x);
    if (!a || !vn__shape_valid("tile", vn_dtype_of(a), repeats))
        return vn__named_end(NULL);
    vn_shape to = vn_shape_of(a);
    while (to.rank < repeats.rank && to.rank < VN_MAX_RANK)
        if (vn__shape_insert(&to, "tile", 0, 1) != VN_ERR_OK)
            return vn__named_end(NULL);
    a = vn_reshape(a, to);
    for (int d = 0; a && d < repeats.rank; d++) {
        if (!valid_times("tile", repeats.dim[d]))
            return vn__named_end(NULL);
        if (repeats.dim[d] != 1)
            a = multiply(a, to.rank - repeats.rank + d, repeats.dim[d], false);
    }
    return vn__named_end(a);
}
