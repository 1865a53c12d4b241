/* SPDX-License-Identifier: MIT */
/* The body is recorded with the mapped axes that its carry starts with; if a step shows more (a
 * carry that becomes different by example) it is recorded again with those, until they are
 * stable. */
#include "core/transform/loop.h"

#include <string.h>

vn_aval vn__slice_aval(const vn_array *x)
{
    vn_aval aval = { vn_dtype_of(x), vn_shape_of(x) };
    for (int i = 0; i + 1 < aval.shape.rank; i++)
        aval.shape.dim[i] = aval.shape.dim[i + 1];
    aval.shape.dim[--aval.shape.rank] = 0;
    return aval;
}

vn_aval vn__stacked_aval(vn_aval x, int64_t length)
{
    for (int i = x.shape.rank++; i > 0; i--)
        x.shape.dim[i] = x.shape.dim[i - 1];
    x.shape.dim[0] = length;
    return x;
}

uint64_t vn__input_axes(const vn__tape *body)
{
    uint64_t axes = 0;
    for (int64_t i = 0; i < body->n_input; i++)
        axes |= body->value[body->input[i]].axes;
    return axes;
}

static vn_status check_carry(const vn__loop *loop, const vn__loop_step *step)
{
    char want[VN__SHAPE_TEXT], got[VN__SHAPE_TEXT];
    if (step->n_carry != loop->n_carry)
        return vn__fail(VN_ERR_STRUCTURE,
                        "%s: the carry has %d arrays at first, %d after a step", loop->who,
                        loop->n_carry, step->n_carry);
    for (int i = 0; i < loop->n_carry; i++)
        if (vn_dtype_of(step->carry[i]) != vn_dtype_of(loop->init[i]) ||
            !vn_shape_equal(vn_shape_of(step->carry[i]), vn_shape_of(loop->init[i])))
            return vn__fail(
                VN_ERR_SHAPE, "%s: array %d of the carry is %s at first, %s after a step",
                loop->who, i,
                vn__shape_text(want, vn_dtype_of(loop->init[i]), vn_shape_of(loop->init[i])),
                vn__shape_text(got, vn_dtype_of(step->carry[i]), vn_shape_of(step->carry[i])));
    return VN_ERR_OK;
}

static vn_status carry_inputs(vn_array *carry[], const vn__loop *loop, vn__tape *tape,
                              uint64_t axes)
{
    for (int i = 0; i < loop->n_carry; i++) {
        const vn_aval aval = { vn_dtype_of(loop->init[i]), vn_shape_of(loop->init[i]) };
        carry[i] = vn__tape_input(tape, aval, axes, NULL);
        if (!carry[i])
            return vn_error_status();
    }
    return VN_ERR_OK;
}

static vn_status record_body(vn__loop_step *step, const vn__loop *loop, vn__tape *body,
                             uint64_t axes)
{
    vn_array *carry[VN__MAX_LOOP_VALUES], *x[VN__MAX_LOOP_VALUES];
    VN_TRY(carry_inputs(carry, loop, body, axes));
    for (int i = 0; i < loop->n_xs; i++) {
        x[i] = vn__tape_input(body, vn__slice_aval(loop->xs[i]), vn__axes_of(loop->xs[i]),
                              NULL);
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

static vn_status record_cond(vn_array **active, const vn__loop *loop, vn__tape *cond,
                             uint64_t axes)
{
    vn_array *carry[VN__MAX_LOOP_VALUES];
    VN_TRY(carry_inputs(carry, loop, cond, axes));
    vn__tape_push(cond);
    const vn_status status = loop->cond(active, loop->context, cond, carry);
    vn__tape_pop();
    return status;
}

static uint64_t body_axes(const vn__tape *body, const vn__loop_step *step)
{
    uint64_t axes = vn__input_axes(body);
    for (int i = 0; i < step->n_carry; i++)
        axes |= vn__axes_of(step->carry[i]);
    for (int i = 0; i < step->n_ys; i++)
        axes |= vn__axes_of(step->y[i]);
    for (int i = 0; i < step->n_sums; i++)
        axes |= vn__axes_of(step->sum[i]);
    return axes;
}

static vn_status seal(vn__tape *tape, int n, vn_array *out[], uint64_t axes)
{
    for (int i = 0; i < n; i++) {
        out[i] = vn__spread(tape, out[i], axes);
        if (!out[i])
            return vn_error_status();
    }
    return vn__tape_seal(tape, n, out);
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
    return seal(body, n, out, axes);
}

static int captured_operands(vn_array *in[], vn__tape *tape, const vn__tape *body)
{
    for (int64_t i = 0; body && i < body->n_captured; i++)
        in[i] = vn__tape_array(tape, body->captured[i]);
    return body ? (int)body->n_captured : 0;
}

/* One attempt: the tapes, and the step that the body made. */
typedef struct attempt {
    vn__tape *body, *cond;
    vn__loop_step step;
    vn_array *active;
    uint64_t axes;
} attempt;

static vn_status append(vn_array *out[], const vn__loop *loop, const attempt *t)
{
    vn__tape *const tape = t->body->parent;
    vn_array *in[VN__MAX_OPERANDS];
    int n = 0;
    const int64_t captured = t->body->n_captured + (t->cond ? t->cond->n_captured : 0);
    if (loop->n_carry + loop->n_xs + captured > VN__MAX_OPERANDS / 2)
        return vn__fail(VN_ERR_LIMIT, "%s: more than %d arrays", loop->who,
                        VN__MAX_OPERANDS / 2);
    for (int i = 0; i < loop->n_carry; i++)
        in[n++] = vn__spread(tape, loop->init[i], t->axes);
    for (int i = 0; i < loop->n_xs; i++)
        in[n++] = loop->xs[i];
    n += captured_operands(in + n, tape, t->cond);
    n += captured_operands(in + n, tape, t->body);
    VN_TRY(vn__tape_keep_child(tape, t->body));
    if (t->cond)
        VN_TRY(vn__tape_keep_child(tape, t->cond));
    union {
        vn__scan_attr scan;
        vn__while_attr loop;
    } a;
    memset(&a, 0, sizeof a);
    if (loop->is_while) {
        a.loop.body = t->body, a.loop.cond = t->cond;
        a.loop.length = loop->length, a.loop.slots = loop->slots;
        a.loop.n_carry = loop->n_carry, a.loop.n_xs = loop->n_xs;
        a.loop.n_ys = t->step.n_ys, a.loop.n_buffers = loop->n_buffers;
        a.loop.n_cond_captured = t->cond ? (int32_t)t->cond->n_captured : 0;
    } else {
        a.scan.body = t->body, a.scan.length = loop->length;
        a.scan.n_carry = loop->n_carry, a.scan.n_xs = loop->n_xs;
        a.scan.n_ys = t->step.n_ys, a.scan.n_sums = t->step.n_sums;
        a.scan.reverse = loop->reverse, a.scan.gate = loop->gate;
    }
    return vn_ok() ? vn__record(out, tape, loop->is_while ? &vn__op_while : &vn__op_scan, &a, n,
                                in, t->axes)
                   : vn_error_status();
}

/* Records both tapes with the axes so far; *stable: no others have shown. */
static vn_status try_axes(attempt *t, const vn__loop *loop, vn__tape *tape, bool *stable)
{
    const uint64_t axes = t->axes;
    t->body = vn__tape_new(tape, false);
    t->cond = loop->cond ? vn__tape_new(tape, false) : NULL;
    if (!t->body || (loop->cond && !t->cond))
        return vn_error_status();
    if (t->cond) {
        VN_TRY(record_cond(&t->active, loop, t->cond, axes));
        t->axes |= vn__input_axes(t->cond) | vn__axes_of(t->active);
    }
    VN_TRY(record_body(&t->step, loop, t->body, axes));
    t->axes |= body_axes(t->body, &t->step);
    *stable = t->axes == axes;
    if (!*stable)
        return VN_ERR_OK;
    if (t->cond)
        VN_TRY(seal(t->cond, 1, &t->active, axes));
    return seal_body(t->body, &t->step, axes);
}

vn_status vn__loop_record(vn_array *out[], int *n_ys, int *n_sums, const vn__loop *loop)
{
    if (loop->n_carry > VN__MAX_LOOP_VALUES || loop->n_xs > VN__MAX_LOOP_VALUES)
        return vn__fail(VN_ERR_LIMIT, "%s: more than %d arrays", loop->who,
                        VN__MAX_LOOP_VALUES);
    attempt *const t = vn__alloc_zero(sizeof *t);
    if (!t)
        return vn_error_status();
    for (int i = 0; i < loop->n_carry; i++)
        t->axes |= vn__axes_of(loop->init[i]);
    vn_status status = vn_error_status();
    for (bool stable = false; status == VN_ERR_OK && !stable;) {
        status = try_axes(t, loop, vn__tape_current(), &stable);
        if (status == VN_ERR_OK && stable)
            status = append(out, loop, t);
        vn__tape_release(t->body);
        vn__tape_release(t->cond);
        t->body = t->cond = NULL;
    }
    *n_ys = t->step.n_ys;
    *n_sums = t->step.n_sums;
    vn__free(t);
    return status;
}
