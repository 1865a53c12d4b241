/* SPDX-License-Identifier: MIT */
/* Forward mode: tangents along the tape, by the jvp slot, by linearity, or by transposing
 * vjp. */
#include <string.h>

#include "core/transform/control.h"
#include "core/transform/derivative.h"
#include "vernal/ops.h"

static vn_array *zeros_of(const vn_array *x)
{
    return vn_zeros(vn_dtype_of(x), vn_shape_of(x));
}

/* The op on the tangents; operands without one count as zero (or pass, if they are not
 * inexact). */
static vn_status jvp_linear(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    vn_array *in[VN__MAX_OPERANDS];
    for (int i = 0; i < node->n_in; i++) {
        const bool inexact = vn_dtype_is_inexact(vn_dtype_of(node->in[i]));
        in[i] = din[i] ? din[i] : inexact ? zeros_of(node->in[i]) : node->in[i];
    }
    if (node->op->axes && !vn__tape_of(in[0])) {
        vn__tape *const tape =
            vn__tape_of(node->out[0]) ? vn__tape_of(node->out[0]) : vn__tape_current();
        return vn__record(dout, tape, node->op, node->attr, node->n_in, in, 0);
    }
    return vn_op_apply_n(dout, node->op, node->attr, node->n_in, in);
}

static vn_status jvp_bilinear(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    for (int i = 0; i < 2; i++) {
        if (!din[i])
            continue;
        vn_array *in[2] = { node->in[0], node->in[1] };
        in[i] = din[i];
        vn_array *const part = vn_op_apply(node->op, node->attr, 2, in);
        dout[0] = dout[0] ? vn_add(dout[0], part) : part;
    }
    return vn_error_status();
}

/* vjp is linear in the cotangent: g -> J^T g. Record it for a dummy g, then transpose that: the
 * cotangents din of its results give J din. The dummy itself is dead code. */
static vn_status jvp_by_transpose(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    vn__tape *tape = vn__tape_current();
    vn__tape *const own = tape ? NULL : vn__tape_new(NULL, true);
    tape = tape ? tape : own;
    if (!tape)
        return vn_error_status();
    vn_array *g[VN__MAX_RESULTS], *back[VN__MAX_OPERANDS] = { NULL };
    bool need[VN__MAX_OPERANDS];
    for (int j = 0; j < node->n_out; j++)
        g[j] = vn_dtype_is_inexact(vn_dtype_of(node->out[j]))
                   ? vn__mark(tape, zeros_of(node->out[j]))
                   : NULL;
    for (int i = 0; i < node->n_in; i++)
        need[i] = din[i] != NULL;
    vn_node n = *node;
    n.need = need;
    vn__tape_push(tape);
    node->op->vjp(back, &n, g);
    vn_array *marks[VN__MAX_RESULTS], *tangent[VN__MAX_RESULTS];
    int n_marks = 0, index[VN__MAX_RESULTS];
    for (int j = 0; j < node->n_out; j++)
        if (g[j]) {
            index[n_marks] = j;
            marks[n_marks++] = g[j];
        }
    vn_status status = vn_error_status();
    if (status == VN_ERR_OK)
        status =
            vn__backward_in(tangent, tape, vn__node_axes(node), n_marks, marks, node->n_in,
                            back, din, own != NULL);
    vn__tape_pop();
    for (int m = 0; m < n_marks && status == VN_ERR_OK; m++)
        dout[index[m]] = own && tangent[m] ? vn__array_detach(tangent[m]) : tangent[m];
    vn__tape_release(own);
    return status;
}

vn_status vn__jvp_of(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    const vn_op *const op = node->op;
    if (op->flags & VN_OP_NO_GRADIENT)
        return VN_ERR_OK;
    if (op->jvp) {
        op->jvp(dout, node, din);
        return vn_error_status();
    }
    if (op->flags & VN_OP_LINEAR)
        return jvp_linear(dout, node, din);
    if (op->flags & VN_OP_BILINEAR)
        return jvp_bilinear(dout, node, din);
    if (op->vjp)
        return jvp_by_transpose(dout, node, din);
    return vn__fail(VN_ERR_DERIVATIVE, "%s: has no forward-mode derivative", op->name);
}

static vn_array *array_of(vn__tape *tape, uint32_t value, bool plain)
{
    const vn__value *const v = &tape->value[value];
    return plain && v->known ? v->known : vn__tape_array(tape, value);
}

static vn_status step(vn_array **tangent, vn__tape *tape, const vn__instr *instr, bool plain)
{
    vn_array *in[VN__MAX_OPERANDS], *out[VN__MAX_RESULTS], *din[VN__MAX_OPERANDS];
    vn_array *dout[VN__MAX_RESULTS];
    bool any = false;
    for (int i = 0; i < instr->n_in; i++)
        any |= (din[i] = tangent[instr->in[i]]) != NULL;
    if (!any)
        return VN_ERR_OK;
    for (int i = 0; i < instr->n_in; i++)
        in[i] = array_of(tape, instr->in[i], plain);
    for (int j = 0; j < instr->n_out; j++) {
        out[j] = array_of(tape, instr->out + (uint32_t)j, plain);
        dout[j] = NULL;
    }
    const vn_node node = { instr->op, instr->attr, instr->n_in, instr->n_out, in, out, NULL,
                           NULL };
    VN_TRY(vn__jvp_of(dout, &node, din));
    for (int j = 0; j < instr->n_out; j++) {
        const vn_aval aval = tape->value[instr->out + (uint32_t)j].aval;
        if (dout[j] && !vn_shape_equal(vn_shape_of(dout[j]), aval.shape))
            dout[j] = vn_broadcast_to(dout[j], aval.shape);
        tangent[instr->out + (uint32_t)j] = dout[j];
    }
    return vn_error_status();
}

vn_status vn__forward(vn_array *dy[], vn__tape *tape, int n_x, vn_array *const x[],
                      vn_array *const dx[], int n_y, vn_array *const y[], bool plain)
{
    return vn__forward_to(dy, tape, tape->n_instr, n_x, x, dx, n_y, y, plain);
}

/* Marks the values that y is made of. What a function with a rule of its own does inside is
 * none of them: the rule says how its result changes. */
static void mark_live(bool *live, const vn__tape *tape, int64_t n_instr)
{
    for (int64_t k = n_instr - 1; k >= 0; k--) {
        const vn__instr *const instr = &tape->instr[k];
        bool any = false;
        for (int j = 0; j < instr->n_out; j++)
            any |= live[instr->out + (uint32_t)j];
        const int first = any && instr->op == &vn__op_override
                              ? vn__override_skips(instr->attr)
                              : 0;
        for (int i = first; any && i < instr->n_in; i++)
            live[instr->in[i]] = true;
    }
}

static bool is_live(const bool *live, const vn__instr *instr)
{
    for (int j = 0; j < instr->n_out; j++)
        if (live[instr->out + (uint32_t)j])
            return true;
    return false;
}

vn_status vn__forward_to(vn_array *dy[], vn__tape *tape, int64_t n_instr, int n_x,
                         vn_array *const x[], vn_array *const dx[], int n_y,
                         vn_array *const y[], bool plain)
{
    uint32_t *const value = vn__alloc((size_t)(n_y + 1) * sizeof *value);
    for (int j = 0; value && j < n_y; j++)
        value[j] = vn__tape_of(y[j]) ? vn__tape_import(tape, y[j]) : UINT32_MAX;
    const int64_t n_value = tape->n_value;
    vn_array **const tangent = vn__alloc_zero((size_t)(n_value + 1) * sizeof *tangent);
    bool *const live = vn__alloc_zero((size_t)(n_value + 1));
    vn_status status = vn_error_status();
    for (int i = 0; status == VN_ERR_OK && i < n_x; i++)
        tangent[vn__as_array(x[i])->value] = dx[i];
    for (int j = 0; status == VN_ERR_OK && j < n_y; j++)
        if (value[j] != UINT32_MAX)
            live[value[j]] = true;
    if (status == VN_ERR_OK)
        mark_live(live, tape, n_instr);
    for (int64_t k = 0; k < n_instr && status == VN_ERR_OK; k++) {
        const vn__instr instr = tape->instr[k];
        if (is_live(live, &instr))
            status = step(tangent, tape, &instr, plain);
    }
    for (int j = 0; j < n_y; j++)
        dy[j] = status == VN_ERR_OK && value[j] != UINT32_MAX ? tangent[value[j]] : NULL;
    vn__free(value);
    vn__free(tangent);
    vn__free(live);
    return status == VN_ERR_OK ? vn_error_status() : status;
}
