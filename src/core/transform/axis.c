/* SPDX-License-Identifier: MIT */
/* Mapped axes as ops. For x [.., n, ..] with n at real axis p:
 *     map_in(x)[..]      = the example of the lane            (adds the axis)
 *     map_out(y)[..,n,..] = all examples                      (removes it)
 *     axis_sum(y) = sum over the axis of y                    (removes it)
 * Each is linear; map_in and map_out are each other's transpose. axis_sum's transpose gives
 * every example the same cotangent: a value that is simply not mapped. The planner expands all
 * of them into loads, stores and accumulators, so they have no evaluation of their own. */
#include "core/transform/axis.h"

#include <string.h>

#include "core/ops/ops_common.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

/* ------------------------------------------------------------------------- mark */

static vn_status mark_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    out[0] = in[0];
    return VN_ERR_OK;
}

static void mark_eval(const vn_eval *e)
{
    const size_t n = (size_t)vn_shape_size(e->in_aval[0].shape) * (size_t)e->lanes;
    memcpy(e->out[0], e->in[0], n * vn_dtype_size(e->in_aval[0].dtype));
}

static int64_t mark_view(const void *attr, const vn_aval *in, const vn_aval *out)
{
    (void)attr, (void)in, (void)out;
    return 0;
}

static void mark_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    (void)node;
    din[0] = g[0];
}

const vn_op vn__op_mark = {
    .name = "mark",
    .n_in = 1,
    .flags = VN_OP_LINEAR | VN_OP_LANES | VN_OP_ELEMENTWISE,
    .shape = mark_shape,
    .eval = mark_eval,
    .vjp = mark_vjp,
    .view = mark_view,
};

vn_array *vn__mark(vn__tape *tape, vn_array *x)
{
    vn_array *out;
    if (!x || vn__record(&out, tape, &vn__op_mark, NULL, 1, &x, 0) != VN_ERR_OK ||
        !vn__grow(&tape->open, &tape->open_capacity, tape->n_open + 1, sizeof *tape->open))
        return NULL;
    tape->open[tape->n_open++] = vn__as_array(out)->value;
    return out;
}

const vn_op vn__op_barrier = {
    .name = "barrier",
    .n_in = 1,
    .attr_size = sizeof(int64_t),
    .flags = VN_OP_LINEAR | VN_OP_LANES | VN_OP_ELEMENTWISE,
    .shape = mark_shape,
    .eval = mark_eval,
    .vjp = mark_vjp,
    .view = mark_view,
};

vn_array *vn__barrier(vn__tape *tape, vn_array *x, int64_t id)
{
    vn_array *out;
    return x && vn__record(&out, tape, &vn__op_barrier, &id, 1, &x, 0) == VN_ERR_OK ? out
                                                                                    : NULL;
}

/* ------------------------------------------------------------- map_in and map_out */

static uint64_t bit(const void *attr) { return 1ull << ((const vn__axis_attr *)attr)->axis; }
static uint64_t add_axis(const void *attr, uint64_t in) { return in | bit(attr); }
static uint64_t remove_axis(const void *attr, uint64_t in) { return in & ~bit(attr); }

static void unplanned_eval(const vn_eval *e) { (void)e; }

static vn_status map_in_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn__axis_attr *const a = attr;
    out[0] = in[0];
    vn_shape *const s = &out[0].shape;
    for (int i = a->position; i < s->rank - 1; i++)
        s->dim[i] = s->dim[i + 1];
    s->dim[--s->rank] = 0;
    return VN_ERR_OK;
}

static vn_status map_out_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn__axis_attr *const a = attr;
    out[0] = in[0];
    vn_shape *const s = &out[0].shape;
    if (s->rank == VN_MAX_RANK)
        return vn__fail(VN_ERR_LIMIT, "vmap: the result would have more than %d axes",
                        VN_MAX_RANK);
    for (int i = s->rank++; i > a->position; i--)
        s->dim[i] = s->dim[i - 1];
    s->dim[a->position] = a->size;
    return VN_ERR_OK;
}

static vn_array *axis_op(const vn_op *op, const vn__axis_attr *attr, vn_array *x)
{
    return vn_op_apply(op, attr, 1, &x);
}

static void map_in_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const vn__axis_attr *const a = node->attr;
    din[0] = vn__map_out(g[0], a->axis, a->position, a->size);
}

static void map_out_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    din[0] = vn__tape_of(g[0]) ? axis_op(&vn__op_map_in, node->attr, g[0])
                               : vn__map_in(vn__tape_of(node->in[0]), g[0],
                                            ((const vn__axis_attr *)node->attr)->axis,
                                            ((const vn__axis_attr *)node->attr)->position);
}

const vn_op vn__op_map_in = {
    .name = "map_in",
    .n_in = 1,
    .attr_size = sizeof(vn__axis_attr),
    .flags = VN_OP_LINEAR,
    .shape = map_in_shape,
    .eval = unplanned_eval,
    .vjp = map_in_vjp,
    .axes = add_axis,
};

const vn_op vn__op_map_out = {
    .name = "map_out",
    .n_in = 1,
    .attr_size = sizeof(vn__axis_attr),
    .flags = VN_OP_LINEAR,
    .shape = map_out_shape,
    .eval = unplanned_eval,
    .vjp = map_out_vjp,
    .axes = remove_axis,
};

vn_array *vn__map_in(vn__tape *tape, vn_array *x, int axis, int position)
{
    if (!x)
        return NULL;
    const vn__axis_attr attr = { axis, position, vn_dim(x, position) };
    vn_array *out;
    return vn__record(&out, tape, &vn__op_map_in, &attr, 1, &x, 0) == VN_ERR_OK ? out : NULL;
}

static bool is_mapped(const vn_array *x, int axis)
{
    const vn__array *const a = vn__as_array(x);
    return a && a->tape && (a->axes >> axis & 1);
}

vn_array *vn__map_out(vn_array *x, int axis, int position, int64_t size)
{
    if (!x)
        return NULL;
    const vn__axis_attr attr = { axis, position, size };
    if (is_mapped(x, axis))
        return axis_op(&vn__op_map_out, &attr, x);
    vn_array *const wide = vn_expand_dims(x, position);
    vn_shape shape = vn_shape_of(wide);
    shape.dim[position] = size;
    return vn_broadcast_to(wide, shape);
}

/* --------------------------------------------------------------------- reductions */

static vn_status reduce_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    out[0] = in[0];
    return VN_ERR_OK;
}

static void axis_sum_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    (void)node;
    din[0] = g[0];
}

const vn_op vn__op_axis_sum = {
    .name = "axis_sum",
    .n_in = 1,
    .attr_size = sizeof(vn__axis_attr),
    .flags = VN_OP_LINEAR,
    .shape = reduce_shape,
    .eval = unplanned_eval,
    .vjp = axis_sum_vjp,
    .axes = remove_axis,
};

/* The cotangent goes in equal shares to the examples that attain the maximum. */
static void axis_max_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const vn__axis_attr *const a = node->attr;
    vn_array *const hit = vn_cast(vn_eq(node->in[0], node->out[0]), vn_dtype_of(node->in[0]));
    din[0] = vn_mul(hit, vn_div(g[0], vn__axis_sum(hit, a->axis)));
}

static void axis_max_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    const vn__axis_attr *const a = node->attr;
    vn_array *const hit = vn_cast(vn_eq(node->in[0], node->out[0]), vn_dtype_of(node->in[0]));
    dout[0] = vn_div(vn__axis_sum(vn_mul(hit, din[0]), a->axis), vn__axis_sum(hit, a->axis));
}

const vn_op vn__op_axis_max = {
    .name = "axis_max",
    .n_in = 1,
    .attr_size = sizeof(vn__axis_attr),
    .shape = reduce_shape,
    .eval = unplanned_eval,
    .vjp = axis_max_vjp,
    .jvp = axis_max_jvp,
    .axes = remove_axis,
};

static vn_status index_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)in, (void)n_in;
    out[0] = (vn_aval){ .dtype = VN_I32 };
    return VN_ERR_OK;
}

const vn_op vn__op_axis_index = {
    .name = "axis_index",
    .n_in = 0,
    .attr_size = sizeof(vn__axis_attr),
    .flags = VN_OP_NO_GRADIENT,
    .shape = index_shape,
    .eval = unplanned_eval,
    .axes = add_axis,
};

/* Over the examples; bf16 and f16 are stored, not computed with: in f32, rounded once. */
static vn_array *reduced(const vn_op *op, const vn__axis_attr *attr, vn_array *x)
{
    const vn_dtype dtype = vn_dtype_of(x);
    if (dtype != VN_BF16 && dtype != VN_F16)
        return axis_op(op, attr, x);
    vn_array *const wide = vn_cast(x, VN_F32);
    return wide ? vn_cast(axis_op(op, attr, wide), dtype) : NULL;
}

vn_array *vn__axis_sum(vn_array *x, int axis)
{
    if (!x)
        return NULL;
    const vn__array *const a = vn__as_array(x);
    const int64_t size = a->tape ? vn__tape_axis(a->tape, axis)->size : 1;
    if (!is_mapped(x, axis))
        return vn_scale((double)size, x);
    const vn__axis_attr attr = { axis, 0, size };
    return reduced(&vn__op_axis_sum, &attr, x);
}

/* ------------------------------------------------------------------------- spread */

static uint64_t spread_axes(const void *attr, uint64_t in)
{
    return in | ((const vn__spread_attr *)attr)->axes;
}

/* Summed over the new axes by the pass, like what examples share. */
static void spread_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    (void)node;
    din[0] = g[0];
}

const vn_op vn__op_spread = {
    .name = "spread",
    .n_in = 1,
    .attr_size = sizeof(vn__spread_attr),
    .flags = VN_OP_LINEAR,
    .shape = reduce_shape,
    .eval = unplanned_eval,
    .vjp = spread_vjp,
    .axes = spread_axes,
};

vn_array *vn__spread(vn__tape *tape, vn_array *x, uint64_t axes)
{
    const vn__array *const a = vn__as_array(x);
    if (!a || ((a->tape ? a->axes : 0) & axes) == axes)
        return x;
    const vn__spread_attr attr = { axes };
    vn_array *out;
    return vn__record(&out, tape, &vn__op_spread, &attr, 1, &x, 0) == VN_ERR_OK ? out : NULL;
}

/* ---------------------------------------------------------- named axes, as a user sees them */

static vn_array *collective(vn_array *x, const char *name, const char *who, const vn_op *op)
{
    const int axis = x ? vn__axis_find(who, name) : -1;
    if (axis < 0)
        return NULL;
    if (op == &vn__op_axis_max && vn_dtype_is_complex(vn_dtype_of(x)))
        return vn_error(VN_ERR_DTYPE, "%s: %s operand, expected real numbers", who,
                        vn_dtype_name(vn_dtype_of(x)));
    if (!is_mapped(x, axis))
        return op == &vn__op_axis_sum
                   ? vn_scale((double)vn__tape_axis(vn__tape_current(), axis)->size, x)
                   : x;
    const vn__axis_attr attr = { axis, 0, vn__tape_axis(vn__tape_current(), axis)->size };
    return reduced(op, &attr, x);
}

/* Bools are counted, as in JAX. */
static vn_array *countable(const char *who, vn_array *x)
{
    x = vn__as_operand(who, x);
    return x && vn_dtype_of(x) == VN_BOOL ? vn_cast(x, VN_I32) : x;
}

vn_array *vn_psum(vn_array *x, const char *axis_name)
{
    return collective(countable("psum", x), axis_name, "psum", &vn__op_axis_sum);
}

vn_array *vn_pmax(vn_array *x, const char *axis_name)
{
    return collective(vn__as_operand("pmax", x), axis_name, "pmax", &vn__op_axis_max);
}

/* x in reverse order; twice gives x. The negative of an unsigned number would not do. */
static vn_array *reversed(vn_array *x)
{
    if (!x)
        return NULL;
    const vn_dtype dtype = vn_dtype_of(x);
    return dtype == VN_BOOL || vn_dtype_is_integer(dtype) ? vn_not(x) : vn_neg(x);
}

vn_array *vn_pmin(vn_array *x, const char *axis_name)
{
    x = reversed(vn__as_operand("pmin", x));
    return reversed(collective(x, axis_name, "pmin", &vn__op_axis_max));
}

vn_array *vn_pmean(vn_array *x, const char *axis_name)
{
    x = countable("pmean", x);
    const int axis = x ? vn__axis_find("pmean", axis_name) : -1;
    if (axis < 0 || !is_mapped(x, axis))
        return axis < 0 ? NULL : x;
    const double size = (double)vn__tape_axis(vn__tape_current(), axis)->size;
    return vn_scale(1.0 / size, vn__axis_sum(x, axis));
}

vn_array *vn__axis_index(vn__tape *tape, int axis)
{
    const vn__axis_attr attr = { axis, 0, vn__tape_axis(tape, axis)->size };
    vn_array *out;
    return vn__record(&out, tape, &vn__op_axis_index, &attr, 0, NULL, 0) == VN_ERR_OK ? out
                                                                                      : NULL;
}

vn_array *vn_axis_index(const char *axis_name)
{
    const int axis = vn__axis_find("axis_index", axis_name);
    return axis < 0 ? NULL : vn__axis_index(vn__tape_current(), axis);
}

vn_array *vn_all_gather(vn_array *x, const char *axis_name)
{
    const char *const who = "all_gather";
    vn__named_begin(who);
    x = vn__as_operand(who, x);
    const int axis = x ? vn__axis_find(who, axis_name) : -1;
    if (axis < 0)
        return vn__named_end(NULL);
    const int64_t size = vn__tape_axis(vn__tape_current(), axis)->size;
    return vn__named_end(vn__map_out(x, axis, 0, size));
}
