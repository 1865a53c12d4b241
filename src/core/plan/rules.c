/* SPDX-License-Identifier: MIT */
/* Rewriting rules. With out(v, k) for map_out at real axis k and in(x, k) for map_in:
 *     in(out(v, k), k)             = v                     (the two axes become one)
 *     out(in(x, k), k)             = x
 *     in(x, k), in(x, k) over another axis: the two axes become one
 *     f(out(v, k), y)              = out(f(v, in(y, k)), k)    f element-wise
 *     sum over k.. of out(v, k)    = axis_sum(sum over .. of v)
 *     axis_sum(f(v))               = f(axis_sum(v))        f linear, does not enlarge
 *     axis_sum(u v)                = u axis_sum(v)         u one number, not mapped
 *     axis_sum(u + v)              = axis_sum(u) + axis_sum(v)   where each sums as it is made
 *     axis_sum over the larger axis comes last
 *     axis_sum(u f(x, y))          = axis_sum(f(x, u y))   in rules_example.c
 *     axis_sum(scatter_add(i, u))  = scatter_add(out(i), out(u))    in rules_rows.c
 *     f(x, pool_max_grad(x, y, g)) = pool_max_grad(x, y, f(y, g))   in rules_pool.c
 *     x 1 = x,  x + 0 = x
 *     0 x 0 + 0 y 0                = 0 (x y) 0             zeros around x and y, side by side
 *     x + buffer_one(i, y)         = buffer_add(x, i, y) */
#include <string.h>

#include "core/ops/ops.h"
#include "core/ops/ops_common.h"
#include "core/plan/axes.h"
#include "core/plan/rewrite.h"
#include "vernal/ops.h"

static uint64_t axes_of(const vn_array *x)
{
    const vn__array *const a = vn__as_array(x);
    return a && a->tape ? a->axes : 0;
}

/* The map_out that made x, or NULL. */
static const vn__axis_attr *stacked(const vn__rewriter *r, const vn_array *x,
                                    const vn__instr **source)
{
    const vn__instr *const instr = vn__rewrite_source(r, x);
    if (!instr || instr->op != &vn__op_map_out)
        return NULL;
    *source = instr;
    return instr->attr;
}

/* --------------------------------------------------------------------- map_in, map_out */

/* Two axes of one size can be one unless some value has both. */
static bool can_unify(const vn__rewriter *r, int a, int b)
{
    const uint64_t both = 1ull << a | 1ull << b;
    if (vn__tape_axis(r->to, a)->size != vn__tape_axis(r->to, b)->size)
        return false;
    for (int64_t i = 0; i < r->from->n_value; i++) {
        uint64_t axes = 0;
        for (int k = 0; k < VN__MAX_AXES; k++)
            if (r->from->value[i].axes >> k & 1)
                axes |= 1ull << r->alias[k];
        if ((axes & both) == both)
            return false;
    }
    return true;
}

static void unify(vn__rewriter *r, int axis, int with)
{
    for (int k = 0; k < VN__MAX_AXES; k++)
        if (r->alias[k] == axis)
            r->alias[k] = with;
    r->again = true;
}

/* The axis of another map_in of x makes this one unnecessary. */
static bool mapped_already(vn__rewriter *r, vn_array *out[], const vn__axis_attr *attr,
                           vn_array *x)
{
    const uint32_t id = vn__tape_import(r->to, x);
    for (int64_t k = 0; id != UINT32_MAX && k < r->to->n_instr; k++) {
        const vn__instr *const instr = &r->to->instr[k];
        const vn__axis_attr *const other = instr->attr;
        if (instr->op != &vn__op_map_in || instr->in[0] != id || other->axis == attr->axis ||
            other->position != attr->position || !can_unify(r, other->axis, attr->axis))
            continue;
        unify(r, attr->axis, other->axis);
        out[0] = vn__tape_array(r->to, instr->out);
        return true;
    }
    return false;
}

bool vn__rule_map_in(vn__rewriter *r, vn_array *out[], const vn__axis_attr *attr, vn_array *x)
{
    const vn__instr *source;
    const vn__axis_attr *const from = stacked(r, x, &source);
    if (!from || from->position != attr->position)
        return mapped_already(r, out, attr, x);
    if (from->axis != attr->axis) {
        if (!can_unify(r, from->axis, attr->axis))
            return false;
        unify(r, attr->axis, from->axis);
    }
    out[0] = vn__rewrite_operand(r, source, 0);
    return true;
}

bool vn__rule_map_out(vn__rewriter *r, vn_array *out[], const vn__axis_attr *attr, vn_array *x)
{
    if (!(axes_of(x) >> attr->axis & 1)) {
        out[0] = vn__map_out(x, attr->axis, attr->position, attr->size);
        return true;
    }
    const vn__instr *const source = vn__rewrite_source(r, x);
    if (!source || source->op != &vn__op_map_in)
        return false;
    const vn__axis_attr *const from = source->attr;
    if (from->axis != attr->axis || from->position != attr->position)
        return false;
    out[0] = vn__rewrite_operand(r, source, 0);
    return true;
}

vn_array *vn__rewrite_outside(vn__rewriter *r, vn_array *v, const vn__axis_attr *axis)
{
    const vn__instr *const source = vn__rewrite_source(r, v);
    if (!source || source->op != &vn__op_map_in ||
        ((const vn__axis_attr *)source->attr)->axis != axis->axis)
        return vn__map_out(v, axis->axis, 0, axis->size);
    const int position = ((const vn__axis_attr *)source->attr)->position;
    vn_array *const all = vn__rewrite_operand(r, source, 0);
    return position == 0 ? all : vn_moveaxis(all, position, 0);
}

/* --------------------------------------------------------------------------- axis_sum */

static bool shrinks_or_keeps(const vn__rewriter *r, const vn__instr *instr)
{
    return vn_shape_size(r->to->value[instr->in[0]].aval.shape) <=
           vn_shape_size(r->to->value[instr->out].aval.shape);
}

static bool sum_through_linear(vn__rewriter *r, vn_array *out[], const vn__axis_attr *attr,
                               const vn__instr *f)
{
    if (!(f->op->flags & VN_OP_LINEAR) || f->n_in != 1 || f->op->axes ||
        !shrinks_or_keeps(r, f) || f->n_out != 1)
        return false;
    vn_array *const v = vn__rewrite_operand(r, f, 0);
    vn_array *const sum = vn__rewrite_one(r, &vn__op_axis_sum, attr, 1, &v);
    out[0] = vn__rewrite_one(r, f->op, f->attr, 1, &sum);
    return true;
}

static bool sum_through_factor(vn__rewriter *r, vn_array *out[], const vn__axis_attr *attr,
                               const vn__instr *f)
{
    if (f->op != &vn__op_mul)
        return false;
    for (int i = 0; i < 2; i++) {
        vn_array *const u = vn__rewrite_operand(r, f, i), *const v =
                                                              vn__rewrite_operand(r, f, 1 - i);
        if (vn_size(u) != 1 || (axes_of(u) >> attr->axis & 1) || vn_rank(u) > vn_rank(v))
            continue;
        vn_array *const sum = vn__rewrite_one(r, &vn__op_axis_sum, attr, 1, &v);
        vn_array *const in[2] = { u, sum };
        out[0] = vn__rewrite_one(r, &vn__op_mul, NULL, 2, in);
        return true;
    }
    return false;
}

/* Is x made by an op that sums over lanes while it computes, of two values of an example, as a
 * weight gradient, or the sum of such? A product with a shared matrix has other readers. */
static bool sums_by_itself(const vn__rewriter *r, const vn_array *x, const vn__axis_attr *attr)
{
    const vn__instr *const f = vn__rewrite_source(r, x);
    if (!f || !(axes_of(x) >> attr->axis & 1))
        return false;
    if (f->op != &vn__op_add)
        return f->op->eval_sum && f->n_in == 2 &&
               (axes_of(vn__rewrite_operand(r, f, 0)) >> attr->axis & 1) &&
               (axes_of(vn__rewrite_operand(r, f, 1)) >> attr->axis & 1);
    return sums_by_itself(r, vn__rewrite_operand(r, f, 0), attr) &&
           sums_by_itself(r, vn__rewrite_operand(r, f, 1), attr);
}

/* Nested sums: the largest axis last, since it can be the lanes and the other one then is
 * summed within an example. */
static bool sum_before(vn__rewriter *r, vn_array *out[], const vn__axis_attr *attr,
                       const vn__instr *f)
{
    if (f->op != &vn__op_axis_sum ||
        !vn__axis_larger(r->to, ((const vn__axis_attr *)f->attr)->axis, attr->axis))
        return false;
    vn_array *const v = vn__rewrite_operand(r, f, 0);
    vn_array *const sum = vn__rewrite_one(r, &vn__op_axis_sum, attr, 1, &v);
    out[0] = vn__rewrite_one(r, &vn__op_axis_sum, f->attr, 1, &sum);
    return true;
}

static bool sum_through_add(vn__rewriter *r, vn_array *out[], const vn__axis_attr *attr,
                            const vn_array *x, const vn__instr *f)
{
    if (f->op != &vn__op_add || !sums_by_itself(r, x, attr))
        return false;
    vn_array *sum[2];
    for (int i = 0; i < 2; i++) {
        vn_array *const v = vn__rewrite_operand(r, f, i);
        if (!vn_shape_equal(vn_shape_of(v), vn_shape_of(x)))
            return false;
        sum[i] = vn__rewrite_one(r, &vn__op_axis_sum, attr, 1, &v);
    }
    out[0] = vn__rewrite_one(r, &vn__op_add, f->attr, 2, sum);
    return true;
}

bool vn__rule_axis_sum(vn__rewriter *r, vn_array *out[], const vn__axis_attr *attr, vn_array *x)
{
    if (!(axes_of(x) >> attr->axis & 1)) {
        out[0] = vn_scale((double)attr->size, x);
        return true;
    }
    const vn__instr *const source = vn__rewrite_source(r, x);
    if (!source)
        return false;
    const vn__instr f = *source; /* the tape grows under us */
    return sum_through_linear(r, out, attr, &f) || sum_through_factor(r, out, attr, &f) ||
           sum_through_add(r, out, attr, x, &f) || sum_before(r, out, attr, &f) ||
           vn__rule_example_factor(r, out, attr, &f) ||
           vn__rule_outer_of_few(r, out, attr, &f) ||
           vn__rule_sum_of_rows(r, out, attr, &f, false);
}

/* The sum of the products with a number. */
static bool sum_of_scaled(vn__rewriter *r, vn_array *out[], const vn_axes *axes,
                          const vn__instr *f)
{
    const vn_dtype dtype = r->to->value[f->out].aval.dtype;
    if (f->op != &vn__op_mul || (dtype != VN_F32 && dtype != VN_F64))
        return false;
    for (int i = 0; i < 2; i++) {
        vn_array *const u = vn__rewrite_operand(r, f, i);
        vn_array *const v = vn__rewrite_operand(r, f, 1 - i);
        if (vn_rank(u) > 0 || vn_size(v) == 1)
            continue;
        out[0] = vn_mul(u, vn__rewrite_one(r, &vn__op_reduce_sum, axes, 1, &v));
        return true;
    }
    return false;
}

/* sum within an example of a sum over examples: the former first, so that less is kept for
 * the latter (the bias of a convolution) */
bool vn__rule_reduce_sum(vn__rewriter *r, vn_array *out[], const vn_axes *axes, vn_array *x)
{
    const vn__instr *const source = vn__rewrite_source(r, x);
    if (source && sum_of_scaled(r, out, axes, source))
        return true;
    if (!source || source->op != &vn__op_axis_sum)
        return false;
    const vn__instr f = *source;
    vn_array *const v = vn__rewrite_operand(r, &f, 0);
    int64_t terms = 1;
    if (sums_by_itself(r, v, f.attr))
        return false;
    for (int i = 0; i < axes->count; i++)
        terms *= vn_dim(v, axes->axis[i]);
    if (terms <= 1) /* it does not shrink: axis_sum goes the other way through it */
        return false;
    vn_array *const sum = vn__rewrite_one(r, &vn__op_reduce_sum, axes, 1, &v);
    out[0] = vn__rewrite_one(r, &vn__op_axis_sum, f.attr, 1, &sum);
    return true;
}

#define WHOLE 32768 /* elements of an example whose sum is worth several workers */

/* The first axis longer than 1, where a sum over all axes has others behind it; -1: it is
 * small, or a vector. */
static int first_of_whole(const vn__tape *tape, const vn__instr *sum)
{
    const vn_shape shape = tape->value[sum->in[0]].aval.shape;
    vn_axes axes;
    int first = 0;
    if (!vn__reduce_sum_axes(&axes, sum->op, sum->attr) || axes.count != shape.rank ||
        vn_shape_size(shape) < WHOLE)
        return -1;
    while (shape.dim[first] == 1)
        first++;
    return shape.dim[first] == vn_shape_size(shape) ? -1 : first;
}

bool vn__has_whole_sum(const vn__tape *tape)
{
    for (int64_t k = 0; k < tape->n_instr; k++)
        if (first_of_whole(tape, &tape->instr[k]) >= 0)
            return true;
    return false;
}

/* Row by row, which are parts of the work, then the rows. */
bool vn__rule_whole_sum(vn__rewriter *r, vn_array *out[], const vn__instr *sum)
{
    const int first = first_of_whole(r->from, sum);
    vn_array *x = r->map[sum->in[0]];
    if (first < 0)
        return false;
    const vn_axes all = vn__all_axes(vn_rank(x)), rows = vn__all_axes(first + 1);
    vn_axes rest = { .count = all.count - rows.count };
    for (int i = 0; i < rest.count; i++)
        rest.axis[i] = rows.count + i;
    x = vn__rewrite_one(r, &vn__op_reduce_sum, &rest, 1, &x);
    out[0] = vn__rewrite_one(r, &vn__op_reduce_sum, &rows, 1, &x);
    return true;
}

/* ---------------------------------------------------------------------------- pulling */

/* The operand as seen from inside the axis at distance `from_right` from its last axis: one
 * example, or the same for all; NULL if it cannot be. */
static vn_array *enter(vn__rewriter *r, vn_array *x, const vn__axis_attr *axis, int from_right)
{
    const int position = vn_rank(x) - 1 - from_right;
    if (position < 0)
        return x;
    if (vn_dim(x, position) == axis->size) {
        const vn__axis_attr attr = { axis->axis, position, axis->size };
        return vn__rewrite_one(r, &vn__op_map_in, &attr, 1, &x);
    }
    return vn_dim(x, position) == 1 ? vn_squeeze(x, position) : NULL;
}

static bool put_back(vn__rewriter *r, vn_array *out[], vn_array *y, const vn__axis_attr *axis,
                     int position)
{
    if (axes_of(y) >> axis->axis & 1) {
        const vn__axis_attr attr = { axis->axis, position, axis->size };
        out[0] = vn__rewrite_one(r, &vn__op_map_out, &attr, 1, &y);
    } else {
        out[0] = vn__map_out(y, axis->axis, position, axis->size);
    }
    return true;
}

static bool pull_elementwise(vn__rewriter *r, vn_array *out[], const vn_op *op,
                             const void *attr, int n_in, vn_array *const in[],
                             const vn__axis_attr *axis, int which)
{
    const int from_right = vn_rank(in[which]) - 1 - axis->position;
    vn_array *inside[4];
    int rank = 0;
    if (n_in > 4)
        return false;
    for (int i = 0; i < n_in; i++) {
        rank = vn_rank(in[i]) > rank ? vn_rank(in[i]) : rank;
        const int position = vn_rank(in[i]) - 1 - from_right;
        if (position >= 0 && vn_dim(in[i], position) != axis->size &&
            vn_dim(in[i], position) != 1)
            return false;
    }
    for (int i = 0; i < n_in; i++) {
        inside[i] = enter(r, in[i], axis, from_right);
        if (!inside[i])
            return true; /* an error is recorded */
    }
    vn_array *const y = vn__rewrite_one(r, op, attr, n_in, inside);
    return y ? put_back(r, out, y, axis, rank - 1 - from_right) : true;
}

/* sum over axes of x, of which one is the stacked axis */
static bool pull_sum(vn__rewriter *r, vn_array *out[], const vn_op *op, const void *attr,
                     const vn__instr *source, const vn__axis_attr *axis)
{
    vn_axes axes;
    if (!vn__reduce_sum_axes(&axes, op, attr))
        return false;
    vn_axes rest = { 0 };
    for (int i = 0; i < axes.count; i++)
        if (axes.axis[i] != axis->position)
            rest.axis[rest.count++] = axes.axis[i] - (axes.axis[i] > axis->position);
    if (rest.count == axes.count)
        return false;
    vn_array *const v = vn__rewrite_operand(r, source, 0);
    vn_array *const part =
        rest.count ? vn__rewrite_one(r, &vn__op_reduce_sum, &rest, 1, &v) : v;
    const vn__axis_attr sum = { axis->axis, 0, axis->size };
    out[0] = vn__rewrite_one(r, &vn__op_axis_sum, &sum, 1, &part);
    return true;
}

static bool pull_by_slot(vn__rewriter *r, vn_array *out[], const vn_op *op, const void *attr,
                         int n_in, vn_array *const in[], const vn__axis_attr *axis)
{
    union {
        unsigned char bytes[2048];
        max_align_t align;
    } inner = { { 0 } };
    vn_aval aval[VN__MAX_OPERANDS];
    int position[VN__MAX_OPERANDS], out_axis = -1;
    vn_array *inside[VN__MAX_OPERANDS];
    if (!op->pull || op->attr_size > sizeof inner)
        return false;
    for (int i = 0; i < n_in; i++) {
        const vn__instr *source;
        const vn__axis_attr *const other = stacked(r, in[i], &source);
        const bool same = other && other->axis == axis->axis;
        aval[i] = (vn_aval){ vn_dtype_of(in[i]), vn_shape_of(in[i]) };
        position[i] = same ? other->position : -1;
        inside[i] = same ? vn__rewrite_operand(r, source, 0) : in[i];
    }
    if (!op->pull(inner.bytes, &out_axis, attr, aval, n_in, position))
        return false;
    vn_array *const y = vn__rewrite_one(r, op, inner.bytes, n_in, inside);
    return y ? put_back(r, out, y, axis, out_axis) : true;
}

/* An operand that is mapped over the axis already meets all examples of the stacked one, not
 * its own: the two must not become one. */
static bool any_mapped(int n_in, vn_array *const in[], int axis)
{
    for (int i = 0; i < n_in; i++)
        if (axes_of(in[i]) >> axis & 1)
            return true;
    return false;
}

bool vn__rule_pull(vn__rewriter *r, vn_array *out[], const vn_op *op, const void *attr,
                   int n_in, vn_array *const in[])
{
    if (op->n_out > 1 || op->results)
        return false;
    for (int i = 0; i < n_in; i++) {
        const vn__instr *found;
        const vn__axis_attr *const stack = stacked(r, in[i], &found);
        if (!stack)
            continue;
        const vn__axis_attr axis = *stack;
        const vn__instr source = *found;
        if (any_mapped(n_in, in, axis.axis))
            continue;
        if (op->flags & VN_OP_ELEMENTWISE
                ? pull_elementwise(r, out, op, attr, n_in, in, &axis, i)
                : pull_sum(r, out, op, attr, &source, &axis) ||
                      pull_by_slot(r, out, op, attr, n_in, in, &axis))
            return true;
    }
    return false;
}

/* -------------------------------------------------------------------------- identities */

/* True if x is a plain constant all of whose elements (at most 1) have the value. */
static bool is_number(const vn_array *x, double value)
{
    if (vn__tape_of(x) || vn_size(x) != 1 || !vn_dtype_is_inexact(vn_dtype_of(x)))
        return false;
    const vn_c128 number = vn_item_complex(x);
    return number.re == value && number.im == 0;
}

static bool neutral(vn_array *out[], vn_array *x, const vn_array *number, double value)
{
    if (!is_number(number, value) || vn_rank(number) > vn_rank(x))
        return false;
    out[0] = x;
    return true;
}

/* A broadcast or reshaped single number under an element-wise op broadcasts by itself. */
static vn_array *shrink(const vn__rewriter *r, vn_array *x)
{
    while (vn_rank(x) > 0) {
        const vn__instr *const source = vn__rewrite_source(r, x);
        if (!source || (source->op != &vn__op_broadcast && source->op != &vn__op_reshape) ||
            vn_shape_size(r->to->value[source->in[0]].aval.shape) != 1)
            return x;
        x = vn__rewrite_operand(r, source, 0);
    }
    return x;
}

static bool shrink_operands(vn__rewriter *r, vn_array *out[], const vn_op *op, const void *attr,
                            int n_in, vn_array *const in[])
{
    vn_array *small[4];
    vn_aval aval[4], full[1], now[1];
    bool changed = false, all = true;
    if (!(op->flags & VN_OP_ELEMENTWISE) || n_in > 4 || n_in < 2)
        return false;
    for (int i = 0; i < n_in; i++) {
        aval[i] = (vn_aval){ vn_dtype_of(in[i]), vn_shape_of(in[i]) };
        small[i] = shrink(r, in[i]);
        changed |= small[i] != in[i];
        all &= vn_size(small[i]) == 1;
    }
    if (!changed || op->shape(full, attr, aval, n_in) != VN_ERR_OK)
        return false;
    for (int i = 0; i < n_in; i++) {
        if (small[i] != in[i] && vn_rank(small[i]) > 0)
            small[i] = vn_reshape(small[i], VN_SCALAR);
        aval[i].shape = vn_shape_of(small[i]);
    }
    if (op->shape(now, attr, aval, n_in) != VN_ERR_OK ||
        (!all && !vn_shape_equal(full[0].shape, now[0].shape)))
        return false;
    out[0] = vn__rewrite_one(r, op, attr, n_in, small);
    if (all)
        out[0] = vn_broadcast_to(out[0], full[0].shape);
    return true;
}

/* x + an array that is zero but for one row. */
static bool add_one(vn__rewriter *r, vn_array *out[], vn_array *x, vn_array *one)
{
    const vn__instr *const source = vn__rewrite_source(r, one);
    if (!source || source->op != &vn__op_buffer_one ||
        !vn_shape_equal(vn_shape_of(x), vn_shape_of(one)))
        return false;
    vn_array *const in[] = { x, vn__rewrite_operand(r, source, 0),
                             vn__rewrite_operand(r, source, 1) };
    out[0] = vn__rewrite_one(r, &vn__op_buffer_add, NULL, 3, in);
    return true;
}

/* Zeros around x and zeros around y, where y begins as x ends: both in one, zeros around it. */
static bool join_padded(vn__rewriter *r, vn_array *out[], vn_array *const in[], int first)
{
    int axis[2];
    int64_t lo[2], hi[2];
    vn_array *x[2];
    if (!vn_shape_equal(vn_shape_of(in[0]), vn_shape_of(in[1])) ||
        axes_of(in[0]) != axes_of(in[1]))
        return false;
    for (int i = 0; i < 2; i++) {
        const int k = i ^ first;
        const vn__instr *const pad = vn__rewrite_source(r, in[k]);
        if (!pad || pad->op != &vn__op_pad ||
            !vn__pad_along(pad->attr, vn_rank(in[k]), &axis[i], &lo[i], &hi[i]))
            return false;
        x[i] = vn__rewrite_operand(r, pad, 0);
    }
    if (axis[0] != axis[1] || vn_dim(in[0], axis[0]) - hi[0] != lo[1])
        return false;
    vn_pads around = { 0 };
    around.lo[axis[0]] = lo[0];
    around.hi[axis[0]] = hi[1];
    out[0] = vn_pad(vn_concat_n(2, x, axis[0]), &around, 0.0);
    return true;
}

bool vn__rule_identity(vn__rewriter *r, vn_array *out[], const vn_op *op, const void *attr,
                       int n_in, vn_array *const in[])
{
    if (op == &vn__op_add &&
        (join_padded(r, out, in, 0) || join_padded(r, out, in, 1)))
        return true;
    if (op == &vn__op_stop_gradient) {
        out[0] = in[0];
        return true;
    }
    if (op == &vn__op_mul &&
        (neutral(out, in[0], in[1], 1.0) || neutral(out, in[1], in[0], 1.0)))
        return true;
    if (op == &vn__op_add &&
        (neutral(out, in[0], in[1], 0.0) || neutral(out, in[1], in[0], 0.0)))
        return true;
    if (op == &vn__op_add && (add_one(r, out, in[0], in[1]) || add_one(r, out, in[1], in[0])))
        return true;
    return shrink_operands(r, out, op, attr, n_in, in);
}
