/* SPDX-License-Identifier: MIT */
/* The body is recorded with the mapped axes that its carry starts with; if a step shows more (a
 * carry that becomes different by example) it is recorded again with those, until they are
 * stable. */
#include "core/transform/loop.h"

#include <string.h>

static uint64_t axes_of(const vn_array *x)
{
    const vn__array *const a = vn__as_array(x);
    return a && a->tape ? a->axes : 0;
}

static vn_aval slice_aval(const vn_array *x)
{
    vn_aval aval = { vn_dtype_of(x), vn_shape_of(x) };
    for (int i = 0; i + 1 < aval.shape.rank; i++)
        aval.shape.dim[i] = aval.shape.dim[i + 1];
    aval.shape.dim[--aval.shape.rank] = 0;
    return aval;
}

static vn_status check_carry(const vn__loop *loop, const vn__loop_step *step)
{
    char want[VN__SHAPE_TEXT], got[VN__SHAPE_TEXT];
    if (step->n_carry != loop->n_carry)
        return vn__fail(VN_ERR_STRUCTURE,
                        "scan: the carry has %d arrays at first, %d after a step",
                        loop->n_carry, step->n_carry);
    for (int i = 0; i < loop->n_carry; i++)
        if (vn_dtype_of(step->carry[i]) != vn_dtype_of(loop->init[i]) ||
            !vn_shape_equal(vn_shape_of(step->carry[i]), vn_shape_of(loop->init[i])))
            return vn__fail(
                VN_ERR_SHAPE, "scan: array %d of the carry is %s at first, %s after a step", i,
                vn__shape_text(want, vn_dtype_of(loop->init[i]), vn_shape_of(loop->init[i])),
                vn__shape_text(got, vn_dtype_of(step->carry[i]), vn_shape_of(step->carry[i])));
    return VN_ERR_OK;
}

static vn_status record_body(vn__loop_step *step, const vn__loop *loop, vn__tape *body,
                             uint64_t axes)
{
    vn_array *carry[VN__MAX_LOOP_VALUES], *x[VN__MAX_LOOP_VALUES];
    for (int i = 0; i < loop->n_carry; i++) {
        const vn_aval aval = { vn_dtype_of(loop->init[i]), vn_shape_of(loop->init[i]) };
        carry[i] = vn__tape_input(body, aval, axes, NULL);
        if (!carry[i])
            return vn_error_status();
    }
    for (int i = 0; i < loop->n_xs; i++) {
        x[i] = vn__tape_input(body, slice_aval(loop->xs[i]), axes_of(loop->xs[i]), NULL);
        if (!x[i])
            return vn_error_status();
    }
    *step = (vn__loop_step){ 0 };
    vn__tape_push(body);
    vn_status status = loop->body(step, loop->context, body, carry, x);
    vn__tape_pop();
    if (status == VN_ERR_OK)
        status = check_carry(loop, step);
    return status;
}

static uint64_t body_axes(const vn__tape *body, const vn__loop_step *step)
{
    uint64_t axes = 0;
    for (int64_t i = 0; i < body->n_input; i++)
        axes |= body->value[body->input[i]].axes;
    for (int i = 0; i < step->n_carry; i++)
        axes |= axes_of(step->carry[i]);
    for (int i = 0; i < step->n_ys; i++)
        axes |= axes_of(step->y[i]);
    for (int i = 0; i < step->n_sums; i++)
        axes |= axes_of(step->sum[i]);
    return axes;
}

static vn_status seal_body(vn__tape *body, const vn__loop_step *step, uint64_t axes)
{
    vn_array *out[3 * VN__MAX_LOOP_VALUES];
    int n = 0;
    for (int i = 0; i < step->n_carry; i++)
        out[n++] = step->carry[i];
    for (int i = 0; i < step->n_ys; i++)
        out[n++] = step->y[i];
    for (int i = 0; i < step->n_sums; i++)
        out[n++] = step->sum[i];
    for (int i = 0; i < n; i++) {
        out[i] = vn__spread(body, out[i], axes);
        if (!out[i])
            return vn_error_status();
    }
    return vn__tape_seal(body, n, out);
}

static vn_status record_scan(vn_array *out[], const vn__loop *loop, const vn__loop_step *step,
                             vn__tape *body, uint64_t axes)
{
    vn__tape *const tape = body->parent;
    vn_array *in[VN__MAX_OPERANDS];
    int n = 0;
    if (loop->n_carry + loop->n_xs + body->n_captured > VN__MAX_OPERANDS / 2)
        return vn__fail(VN_ERR_LIMIT, "scan: more than %d arrays", VN__MAX_OPERANDS / 2);
    for (int i = 0; i < loop->n_carry; i++)
        in[n++] = vn__spread(tape, loop->init[i], axes);
    for (int i = 0; i < loop->n_xs; i++)
        in[n++] = loop->xs[i];
    for (int64_t i = 0; i < body->n_captured; i++)
        in[n++] = vn__tape_array(tape, body->captured[i]);
    vn__scan_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.body = body;
    attr.length = loop->length;
    attr.n_carry = loop->n_carry;
    attr.n_xs = loop->n_xs;
    attr.n_ys = step->n_ys;
    attr.n_sums = step->n_sums;
    attr.reverse = loop->reverse;
    attr.keep_history = 1;
    VN_TRY(vn__tape_keep_child(tape, body));
    return vn_ok() ? vn__record(out, tape, &vn__op_scan, &attr, n, in, axes)
                   : vn_error_status();
}

vn_status vn__loop_record(vn_array *out[], int *n_ys, int *n_sums, const vn__loop *loop)
{
    vn__tape *const tape = vn__tape_current();
    uint64_t axes = 0;
    if (loop->n_carry > VN__MAX_LOOP_VALUES || loop->n_xs > VN__MAX_LOOP_VALUES)
        return vn__fail(VN_ERR_LIMIT, "scan: more than %d arrays", VN__MAX_LOOP_VALUES);
    for (int i = 0; i < loop->n_carry; i++)
        axes |= axes_of(loop->init[i]);
    vn__loop_step *const step = vn__alloc(sizeof *step);
    vn_status status = vn_error_status();
    for (bool stable = false; step && status == VN_ERR_OK && !stable;) {
        vn__tape *const body = vn__tape_new(tape, false);
        status = body ? record_body(step, loop, body, axes) : vn_error_status();
        const uint64_t more = status == VN_ERR_OK ? body_axes(body, step) : axes;
        stable = (more | axes) == axes;
        axes |= more;
        if (status == VN_ERR_OK && stable) {
            status = seal_body(body, step, axes);
            if (status == VN_ERR_OK)
                status = record_scan(out, loop, step, body, axes);
        }
        vn__tape_release(body);
    }
    if (step) {
        *n_ys = step->n_ys;
        *n_sums = step->n_sums;
    }
    vn__free(step);
    return status;
}
