/* SPDX-License-Identifier: MIT */
/* Reverse mode of a while loop of N steps: with G the cotangent of the carry,
 *     (G, dx_t, dv) = vjp of the body at (h_t, x_t, v) applied to (G, dy_t), t = N-1 .. 0.
 * The loop has kept the carries of some steps; those between are computed again by the body,
 * in the order of core/plan/schedule.c. What differs from step to step in it, one step of the
 * body's reverse mode, is recorded here as the tape `back`. */
#include <string.h>

#include "core/ops/buffer.h"
#include "core/ops/ops.h"
#include "core/transform/derivative.h"
#include "core/transform/loop.h"
#include "core/transform/reach.h"
#include "core/transform/unwind.h"
#include "vernal/ops.h"

#define MAX_VALUES VN__MAX_RESULTS

static vn_status unwind_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)in, (void)n_in;
    const vn__unwind_attr *const a = attr;
    const vn__tape *const back = a->back;
    for (int j = 0; j < back->n_output; j++) {
        const vn_aval aval = back->value[back->output[j]].aval;
        const bool is_dx = j >= a->n_grads && j < a->n_grads + a->n_dxs;
        out[j] = is_dx ? vn__stacked_aval(aval, a->length) : aval;
    }
    return VN_ERR_OK;
}

static int unwind_results(const void *attr)
{
    return (int)((const vn__unwind_attr *)attr)->back->n_output;
}

static void unplanned_eval(const vn_eval *e) { (void)e; }

static void no_second_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    (void)din, (void)node, (void)g;
    vn__fail(VN_ERR_DERIVATIVE, "while_loop: a loop with checkpoints has no second derivative; "
                                "use VN_LOOP_BOUNDED");
}

const vn_op vn__op_unwind = {
    .name = "unwind",
    .n_in = -1,
    .attr_size = sizeof(vn__unwind_attr),
    .shape = unwind_shape,
    .eval = unplanned_eval,
    .vjp = no_second_vjp,
    .jvp = no_second_vjp,
    .results = unwind_results,
};

/* ---------------------------------------------------------------------- recording */

typedef struct unwinding {
    const vn_node *node;
    const vn__while_attr *a;
    vn_array *const *g;
    int n_captured;                    /* by the body */
    bool need[VN__MAX_OPERANDS];       /* by input of the body: its cotangent is looked for */
    int n_grads, n_log_grads, n_gys;
    int carry_of[VN__MAX_LOOP_VALUES]; /* carry behind each G */
    int gy_of[VN__MAX_LOOP_VALUES];    /* y behind each gy */
    int n_dxs, n_sums;
    int dx_of[VN__MAX_LOOP_VALUES], dv_of[VN__MAX_LOOP_VALUES]; /* operands behind them */
    vn_array *grad[VN__MAX_LOOP_VALUES];                        /* cotangents at the end */
    uint64_t axes;
} unwinding;

static bool inexact(const vn_array *x) { return vn_dtype_is_inexact(vn_dtype_of(x)); }

static vn_array *zeros_of(const vn_array *x)
{
    return vn_zeros(vn_dtype_of(x), vn_shape_of(x));
}

/* Operand of the node behind input i of the body. */
static int operand_of(const vn__while_attr *a, int i)
{
    return i < a->n_carry + a->n_xs ? i : i + a->n_cond_captured;
}

static vn_status find_needed(unwinding *u)
{
    const vn__while_attr *const a = u->a;
    bool has[VN__MAX_RESULTS];
    for (int i = 0; i < a->body->n_input; i++) {
        const int operand = operand_of(a, i);
        u->need[i] = u->node->need[operand] && inexact(u->node->in[operand]);
    }
    for (int j = 0; j < a->n_carry + a->n_ys; j++)
        has[j] = u->g[j] != NULL;
    const vn__cycle cycle = { a->body, a->n_carry };
    VN_TRY(vn__reach_carries(u->need, NULL, &cycle));
    return vn__reach_cotangents(u->need, has, &cycle);
}

static void choose_cotangents(unwinding *u)
{
    const vn__while_attr *const a = u->a;
    for (int i = 0; i < a->n_carry; i++)
        if (u->need[i]) {
            u->grad[u->n_grads] = u->g[i] ? u->g[i] : zeros_of(u->node->in[i]);
            u->axes |= vn__axes_of(u->grad[u->n_grads]);
            u->n_log_grads += i >= a->n_carry - a->n_buffers;
            u->carry_of[u->n_grads++] = i;
        }
    for (int j = 0; j < a->n_ys; j++)
        if (u->g[a->n_carry + j]) {
            u->axes |= vn__axes_of(u->g[a->n_carry + j]);
            u->gy_of[u->n_gys++] = j;
        }
    u->axes |= vn__axes_of(u->node->out[0]);
}

static vn_array *input(vn__tape *back, vn_aval aval, uint64_t axes)
{
    return vn__tape_input(back, aval, axes, NULL);
}

/* Inputs of the tape: the body's carry and x, then the cotangents. */
static vn_status back_inputs(const unwinding *u, vn__tape *back, vn_array *in[], vn_array *G[],
                             vn_array *gy[])
{
    const vn__while_attr *const a = u->a;
    const uint64_t axes = vn__axes_of(u->node->out[0]);
    for (int i = 0; i < a->n_carry + a->n_xs; i++) {
        const vn_array *const x = u->node->in[i];
        in[i] = i < a->n_carry
                    ? input(back, (vn_aval){ vn_dtype_of(x), vn_shape_of(x) }, axes)
                    : input(back, vn__slice_aval(x), vn__axes_of(x));
    }
    for (int k = 0; k < u->n_grads; k++)
        G[k] = input(back, (vn_aval){ vn_dtype_of(u->grad[k]), vn_shape_of(u->grad[k]) },
                     u->axes);
    for (int k = 0; k < u->n_gys; k++) {
        const vn_array *const x = u->g[a->n_carry + u->gy_of[k]];
        gy[k] = input(back, vn__slice_aval(x), vn__axes_of(x));
    }
    for (int i = 0; i < u->n_captured; i++)
        in[a->n_carry + a->n_xs + i] = u->node->in[operand_of(a, a->n_carry + a->n_xs + i)];
    return vn_error_status();
}

/* The body on marked inputs, and its cotangents: out[G.., dx.., dv..]. */
static vn_status back_step(unwinding *u, vn__tape *back, vn_array *out[])
{
    const vn__while_attr *const a = u->a;
    const int n_in = a->n_carry + a->n_xs + u->n_captured, n_y = a->n_carry + a->n_ys;
    vn_array *in[MAX_VALUES], *G[VN__MAX_LOOP_VALUES], *gy[VN__MAX_LOOP_VALUES];
    vn_array *mark[MAX_VALUES], *y[MAX_VALUES], *g[MAX_VALUES] = { NULL }, *d[MAX_VALUES];
    int n_marks = 0, mark_of[MAX_VALUES];
    VN_TRY(back_inputs(u, back, in, G, gy));
    for (int i = 0; i < n_in; i++) {
        mark_of[i] = -1;
        if (u->need[i]) {
            mark_of[i] = n_marks;
            in[i] = mark[n_marks++] = vn__mark(back, in[i]);
        }
    }
    if (!vn_ok())
        return vn_error_status();
    VN_TRY(vn__tape_inline(y, a->body, in));
    for (int k = 0; k < u->n_grads; k++)
        g[u->carry_of[k]] = G[k];
    for (int k = 0; k < u->n_gys; k++)
        g[a->n_carry + u->gy_of[k]] = gy[k];
    VN_TRY(vn__backward_in(d, back, u->axes, n_marks, mark, n_y, y, g, false));
    int n = 0;
    for (int k = 0; k < u->n_grads; k++) {
        const int i = u->carry_of[k];
        out[n++] = d[mark_of[i]] ? d[mark_of[i]] : zeros_of(in[i]);
    }
    u->n_dxs = u->n_sums = 0;
    for (int i = a->n_carry; i < n_in; i++) {
        if (mark_of[i] < 0 || !d[mark_of[i]])
            continue;
        if (i < a->n_carry + a->n_xs)
            u->dx_of[u->n_dxs++] = i;
        else
            u->dv_of[u->n_sums++] = operand_of(a, i);
        out[n++] = d[mark_of[i]];
    }
    return vn_error_status();
}

/* The logs come with all that the loop has written: what the body writes again is there. So the
 * sets of this tape's copy of the body do nothing, and no version needs memory of its own. */
static vn_status mark_written(const unwinding *u, const vn__tape *back)
{
    bool *const is_log = vn__alloc_zero((size_t)back->n_value + 1);
    if (!is_log)
        return vn_error_status();
    for (int i = u->a->n_carry - u->a->n_buffers; i < u->a->n_carry; i++)
        is_log[back->input[i]] = true;
    for (int64_t k = 0; k < back->n_instr; k++) {
        const vn__instr *const instr = &back->instr[k];
        const bool set = instr->op == &vn__op_buffer_set;
        if ((!set && instr->op != &vn__op_mark) || !is_log[instr->in[0]])
            continue;
        is_log[instr->out] = true;
        if (set)
            ((vn__buffer_attr *)(uintptr_t)instr->attr)->written = 1;
    }
    vn__free(is_log);
    return VN_ERR_OK;
}

/* The tape of one step, with the axes that its results turn out to have. */
static vn__tape *record_back(unwinding *u)
{
    vn_array *out[MAX_VALUES];
    for (;;) {
        vn__tape *const back = vn__tape_new(vn__tape_current(), false);
        if (!back)
            return NULL;
        vn__tape_push(back);
        vn_status status = back_step(u, back, out);
        vn__tape_pop();
        const int n = u->n_grads + u->n_dxs + u->n_sums;
        uint64_t axes = u->axes | (status == VN_ERR_OK ? vn__input_axes(back) : 0);
        for (int j = 0; status == VN_ERR_OK && j < n; j++)
            axes |= vn__axes_of(out[j]);
        const bool stable = axes == u->axes;
        for (int j = 0; status == VN_ERR_OK && stable && j < n; j++)
            if (!(out[j] = vn__spread(back, out[j], axes)))
                status = vn_error_status();
        if (status == VN_ERR_OK && stable)
            status = mark_written(u, back);
        if (status == VN_ERR_OK && stable)
            status = vn__tape_seal(back, n, out);
        if (status == VN_ERR_OK && stable)
            return back;
        vn__tape_release(back);
        if (status != VN_ERR_OK)
            return NULL;
        u->axes = axes;
    }
}

static vn_status append(vn_array *out[], const unwinding *u, vn__tape *back)
{
    const vn__while_attr *const a = u->a;
    vn__tape *const tape = back->parent;
    vn_array *in[VN__MAX_OPERANDS];
    vn__unwind_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.body = a->body, attr.back = back, attr.length = a->length, attr.slots = a->slots;
    attr.n_carry = a->n_carry, attr.n_xs = a->n_xs, attr.n_buffers = a->n_buffers;
    attr.n_captured = u->n_captured, attr.n_grads = u->n_grads;
    attr.n_log_grads = u->n_log_grads, attr.n_gys = u->n_gys;
    attr.n_dxs = u->n_dxs, attr.n_sums = u->n_sums;
    const int64_t total = 2 * a->n_carry + 2 + a->n_xs + u->n_captured + u->n_grads +
                          u->n_gys + back->n_captured;
    if (total > VN__MAX_OPERANDS / 2)
        return vn__fail(VN_ERR_LIMIT, "while_loop: more than %d arrays", VN__MAX_OPERANDS / 2);
    int n = 0;
    const int plain = a->n_carry - a->n_buffers;
    for (int i = 0; i < plain + 2; i++)
        in[n++] = u->node->out[a->n_carry + a->n_ys + i];
    for (int i = plain; i < a->n_carry; i++)
        in[n++] = u->node->out[i];
    for (int i = 0; i < a->n_xs; i++)
        in[n++] = u->node->in[a->n_carry + i];
    for (int i = 0; i < u->n_captured; i++)
        in[n++] = u->node->in[operand_of(a, a->n_carry + a->n_xs + i)];
    for (int k = 0; k < u->n_grads; k++)
        in[n++] = vn__spread(tape, u->grad[k], u->axes);
    for (int k = 0; k < u->n_gys; k++)
        in[n++] = u->g[a->n_carry + u->gy_of[k]];
    for (int64_t i = 0; i < back->n_captured; i++)
        in[n++] = vn__tape_array(tape, back->captured[i]);
    VN_TRY(vn__tape_keep_child(tape, back));
    return vn_ok() ? vn__record(out, tape, &vn__op_unwind, &attr, n, in, u->axes)
                   : vn_error_status();
}

void vn__unwind(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const vn__while_attr *const a = node->attr;
    unwinding *const u = vn__alloc_zero(sizeof *u);
    vn_array *out[MAX_VALUES];
    if (!u)
        return;
    u->node = node, u->a = a, u->g = g;
    u->n_captured = (int)a->body->n_input - a->n_carry - a->n_xs;
    if (find_needed(u) == VN_ERR_OK)
        choose_cotangents(u);
    vn__tape *const back = vn_ok() ? record_back(u) : NULL;
    if (back && append(out, u, back) == VN_ERR_OK) {
        for (int k = 0; k < u->n_grads; k++)
            din[u->carry_of[k]] = out[k];
        for (int j = 0; j < u->n_dxs; j++)
            din[u->dx_of[j]] = out[u->n_grads + j];
        for (int j = 0; j < u->n_sums; j++)
            din[u->dv_of[j]] = out[u->n_grads + u->n_dxs + j];
    }
    vn__tape_release(back);
    vn__free(u);
}
