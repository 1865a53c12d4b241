/* SPDX-License-Identifier: MIT */
/* Mapped axes that are never lanes become real axes: what would be a loop around an op is one
 * op on a larger array. A layer mapped over the tokens of a sequence is one matrix product,
 * and the gradient of its weights contracts the tokens instead of adding a product of each.
 *
 * One axis at a time, the innermost first, on the simplified tape. A value that is mapped over
 * the axis has two forms: LOW, one example, mapped; and HIGH, with the axis as its first. In
 * memory they are the same, so going from one to the other costs nothing (view.c). An op is
 * lifted if it is element-wise or has a `lift` slot; around others the axis stays a loop. */
#include <string.h>

#include "core/ops/ops_common.h"
#include "core/plan/rewrite.h"
#include "vernal/ops.h"

static bool has_axis(const vn__rewriter *r, uint32_t value)
{
    return r->from->value[value].axes >> r->lift_axis & 1;
}

static vn__axis_attr first_position(const vn__rewriter *r)
{
    return (vn__axis_attr){ r->lift_axis, 0, vn__tape_axis(r->to, r->lift_axis)->size };
}

static vn_array *record_one(vn__rewriter *r, const vn_op *op, const void *attr, int n_in,
                            vn_array *const in[])
{
    vn_array *out;
    for (int i = 0; i < n_in; i++)
        if (!in[i])
            return NULL;
    return vn__record(&out, r->to, op, attr, n_in, in, 0) == VN_ERR_OK ? out : NULL;
}

/* ------------------------------------------------------------------------ the two forms */

static vn_array *low(vn__rewriter *r, uint32_t value)
{
    if (!r->map[value] && r->high[value]) {
        const vn__axis_attr attr = first_position(r);
        r->map[value] = record_one(r, &vn__op_map_in, &attr, 1, &r->high[value]);
    }
    return r->map[value];
}

static vn_array *high(vn__rewriter *r, uint32_t value)
{
    if (!r->high[value]) {
        const vn__axis_attr attr = first_position(r);
        r->high[value] = record_one(r, &vn__op_map_out, &attr, 1, &r->map[value]);
    }
    return r->high[value];
}

static bool fits(const vn__rewriter *r, uint32_t value)
{
    return r->from->value[value].aval.shape.rank < VN_MAX_RANK;
}

/* --------------------------------------------------------------- ops of mapped axes */

/* A transpose of a transpose is one, or none. */
static vn_array *transposed(vn__rewriter *r, vn_array *x, vn_axes axes)
{
    const vn__instr *const source = vn__rewrite_source(r, x);
    vn_axes before;
    if (source && vn__transpose_axes(&before, source->op, source->attr)) {
        x = vn__rewrite_operand(r, source, 0);
        for (int d = 0; d < axes.count; d++)
            axes.axis[d] = before.axis[axes.axis[d]];
    }
    bool same = true;
    for (int d = 0; d < axes.count; d++)
        same = same && axes.axis[d] == d;
    return same ? x : vn_transpose(x, axes);
}

/* Real axis `from` to the place `to`. */
static vn_array *moved(vn__rewriter *r, vn_array *x, int from, int to)
{
    if (!x || from == to)
        return x;
    vn_axes axes = { .count = vn_rank(x) };
    for (int d = 0, k = 0; d < axes.count; d++) {
        k += k == from;
        axes.axis[d] = d == to ? from : k++;
    }
    return transposed(r, x, axes);
}

/* The sum over the first axis; of a batch of products, the axis is contracted with the
 * others. */
static vn_array *sum_first(vn__rewriter *r, vn_array *x)
{
    const vn__instr *const source = vn__rewrite_source(r, x);
    const vn_dot_dims *const d =
        source && source->op == &vn__op_dot_general ? source->attr : NULL;
    if (!d || d->batch_a.count == 0 || d->batch_a.axis[0] != 0 || d->batch_b.axis[0] != 0)
        return vn__reduce_sum(x, VN_AXES(0));
    vn_dot_dims sum = { .contract_a = { 1 + d->contract_a.count, { 0 } },
                        .contract_b = { 1 + d->contract_b.count, { 0 } },
                        .batch_a = { d->batch_a.count - 1, { 0 } },
                        .batch_b = { d->batch_b.count - 1, { 0 } } };
    for (int i = 0; i < d->contract_a.count; i++) {
        sum.contract_a.axis[i + 1] = d->contract_a.axis[i];
        sum.contract_b.axis[i + 1] = d->contract_b.axis[i];
    }
    for (int i = 1; i < d->batch_a.count; i++) {
        sum.batch_a.axis[i - 1] = d->batch_a.axis[i];
        sum.batch_b.axis[i - 1] = d->batch_b.axis[i];
    }
    vn_array *const in[] = { vn__rewrite_operand(r, source, 0),
                             vn__rewrite_operand(r, source, 1) };
    return record_one(r, &vn__op_dot_general, &sum, 2, in);
}

/* The sum of rows that the examples of the axis add to a table, which is not lifted itself. */
static bool lift_sum_of_rows(vn__rewriter *r, const vn__axis_attr *attr, uint32_t x, uint32_t y)
{
    const vn__instr *const found = r->map[x] ? vn__rewrite_source(r, r->map[x]) : NULL;
    if (!found || !has_axis(r, x))
        return false;
    const vn__instr source = *found; /* the tape grows under us */
    return vn__rule_sum_of_rows(r, &r->map[y], attr, &source, true);
}

/* An op that begins, ends or reduces a mapped axis: this one or another. */
static bool lift_axis_op(vn__rewriter *r, const vn__instr *instr)
{
    const vn_op *const op = instr->op;
    vn__axis_attr attr = *(const vn__axis_attr *)instr->attr;
    const uint32_t x = instr->in[0], y = instr->out;
    const bool own = attr.axis == r->lift_axis;
    const bool real = vn_dtype_is_inexact(r->from->value[x].aval.dtype);
    if (op == &vn__op_map_in && own) {
        r->high[y] = moved(r, r->map[x], attr.position, 0);
    } else if (op == &vn__op_map_out && own) {
        r->map[y] = moved(r, high(r, x), 0, attr.position);
    } else if (op == &vn__op_axis_sum && own && real) {
        if (!lift_sum_of_rows(r, &attr, x, y))
            r->map[y] = sum_first(r, high(r, x));
    } else if (op == &vn__op_axis_max && own && real) {
        r->map[y] = vn_max_over(high(r, x), VN_AXES(0), false);
    } else if (!own && fits(r, x) && fits(r, y)) {
        attr.position += op == &vn__op_map_in || op == &vn__op_map_out;
        vn_array *const in = high(r, x);
        r->high[y] = record_one(r, op, &attr, 1, &in);
    } else {
        return false;
    }
    return true;
}

/* -------------------------------------------------------------------------- other ops */

/* [size][shape] as [size][1..][shape] so that it broadcasts with examples of `rank` axes. */
static vn_array *aligned(vn_array *x, int rank)
{
    if (!x || vn_rank(x) == rank + 1)
        return x;
    vn_shape shape = { .rank = rank + 1, .dim = { vn_dim(x, 0) } };
    const int gap = rank + 1 - vn_rank(x);
    for (int d = 1; d <= rank; d++)
        shape.dim[d] = d <= gap ? 1 : vn_dim(x, d - gap);
    return vn_reshape(x, shape);
}

static bool lift_elementwise(vn__rewriter *r, const vn__instr *instr)
{
    vn_array *in[VN__MAX_OPERANDS];
    const int rank = r->from->value[instr->out].aval.shape.rank;
    for (int i = 0; i < instr->n_in; i++)
        in[i] = has_axis(r, instr->in[i]) ? aligned(high(r, instr->in[i]), rank)
                                          : r->map[instr->in[i]];
    r->high[instr->out] = record_one(r, instr->op, instr->attr, instr->n_in, in);
    return true;
}

static bool lift_by_slot(vn__rewriter *r, const vn__instr *instr)
{
    enum { MAX = 16 };
    bool has[MAX], swap = false;
    int at = 0;
    vn_aval aval[MAX];
    vn_array *in[MAX];
    union {
        unsigned char bytes[2048];
        max_align_t align;
    } attr = { { 0 } };
    if (!instr->op->lift || instr->n_in > MAX || instr->op->attr_size > sizeof attr)
        return false;
    for (int i = 0; i < instr->n_in; i++) {
        has[i] = has_axis(r, instr->in[i]);
        aval[i] = r->from->value[instr->in[i]].aval;
    }
    if (!instr->op->lift(attr.bytes, &at, &swap, instr->attr, first_position(r).size, aval,
                         instr->n_in, has))
        return false;
    for (int i = 0; i < instr->n_in; i++)
        in[swap ? 1 - i : i] = has[i] ? high(r, instr->in[i]) : r->map[instr->in[i]];
    vn_axes axes;
    vn_array *const y = vn__transpose_axes(&axes, instr->op, attr.bytes)
                            ? transposed(r, in[0], axes)
                            : record_one(r, instr->op, attr.bytes, instr->n_in, in);
    r->high[instr->out] = moved(r, y, at, 0);
    return true;
}

bool vn__lift_instr(vn__rewriter *r, const vn__instr *instr)
{
    const vn_op *const op = instr->op;
    bool any = op == &vn__op_map_in &&
               ((const vn__axis_attr *)instr->attr)->axis == r->lift_axis;
    bool fit = instr->n_out == 1 && fits(r, instr->out);
    for (int i = 0; i < instr->n_in; i++) {
        any = any || has_axis(r, instr->in[i]);
        fit = fit && fits(r, instr->in[i]);
    }
    if (!any)
        return false;
    const bool axis_op = op == &vn__op_map_in || op == &vn__op_map_out ||
                         op == &vn__op_axis_sum || op == &vn__op_axis_max;
    const bool plain = fit && !op->axes && !(op->flags & VN_OP_EFFECT);
    if (axis_op            ? lift_axis_op(r, instr)
        : !plain           ? false
        : op->flags & VN_OP_ELEMENTWISE ? lift_elementwise(r, instr)
                                        : lift_by_slot(r, instr))
        return true;
    for (int i = 0; i < instr->n_in; i++)
        low(r, instr->in[i]);
    return false;
}
