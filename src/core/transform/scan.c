/* SPDX-License-Identifier: MIT */
/* scan: carry, y_t = f(carry, x_t). Eager: a C loop. Recorded: one instruction with the body's
 * tape.
 *
 * Reverse mode: with h_t the carry before step t (the history) and G the cotangent of the
 * carry,
 *     (G, dx_t, dv) = vjp of the body at (h_t, x_t, v) applied to (G, dy_t), t = length-1 .. 0,
 * again a scan, backwards, in which the body's forward is computed again from h_t, unless the
 * planner finds it cheaper to keep it (core/plan/residuals.c); the cotangents of what the body
 * captures (v) are summed over the steps. Forward mode: the scan of (carry, tangent). */
#include <string.h>

#include "core/transform/derivative.h"
#include "core/transform/leaves.h"
#include "core/transform/loop.h"
#include "core/transform/reach.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

#define MAX_VALUES VN__MAX_RESULTS

/* -------------------------------------------------------------------------- the op */

static vn_status scan_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn__scan_attr *const a = attr;
    const vn__tape *const body = a->body;
    int j = 0;
    for (int i = 0; i < a->n_carry; i++)
        out[j++] = in[i];
    for (int i = 0; i < a->n_ys; i++)
        out[j++] = vn__stacked_aval(body->value[body->output[a->n_carry + i]].aval, a->length);
    for (int i = 0; i < a->n_carry; i++)
        out[j++] = vn__stacked_aval(in[i], a->length);
    for (int i = 0; i < a->n_sums; i++)
        out[j++] = body->value[body->output[a->n_carry + a->n_ys + i]].aval;
    return VN_ERR_OK;
}

/* Op structs have a fixed number of results; scan's depends on its attributes. */
static int scan_results(const vn__scan_attr *a) { return 2 * a->n_carry + a->n_ys + a->n_sums; }

static void unplanned_eval(const vn_eval *e) { (void)e; }

/* ---------------------------------------------------------------------- reverse mode */

typedef struct reverse {
    const vn_node *node;
    const vn__scan_attr *a;
    vn_array *const *g;
    int n_captured;
    bool need[VN__MAX_OPERANDS];      /* by input of the body: its cotangent is looked for */
    int grad_of[VN__MAX_LOOP_VALUES]; /* by carry: number of its cotangent, or -1 */
    int ys[VN__MAX_LOOP_VALUES],
        history[VN__MAX_LOOP_VALUES]; /* x number of their cotangents, or -1 */
    int dx_of[VN__MAX_LOOP_VALUES];   /* operand behind each y of the result */
    int dv_of[VN__MAX_LOOP_VALUES];   /* operand behind each sum */
} reverse;

static bool inexact(const vn_array *x) { return vn_dtype_is_inexact(vn_dtype_of(x)); }

static vn_array *zeros_of(const vn_array *x)
{
    return vn_zeros(vn_dtype_of(x), vn_shape_of(x));
}

/* The mapped axes that all results of a loop have. */
static uint64_t loop_axes(const vn_node *node)
{
    const vn__array *const a = vn__as_array(node->out[0]);
    return a && a->tape ? a->axes : 0;
}

/* The body on marked inputs, and its cotangents. */
static vn_status reverse_step(vn__loop_step *out, void *context, vn__tape *tape,
                              vn_array *const carry[], vn_array *const x[])
{
    reverse *const r = context;
    const vn__scan_attr *const a = r->a;
    const int n_in = a->n_carry + a->n_xs + r->n_captured;
    vn_array *in[MAX_VALUES], *y[MAX_VALUES], *g[MAX_VALUES], *mark[MAX_VALUES], *d[MAX_VALUES];
    int n_marks = 0, mark_of[MAX_VALUES];
    for (int i = 0; i < n_in; i++) {
        in[i] = i < a->n_carry + a->n_xs ? x[i] : r->node->in[i];
        mark_of[i] = -1;
        if (r->need[i]) {
            mark_of[i] = n_marks;
            in[i] = mark[n_marks++] = vn__mark(tape, in[i]);
        }
    }
    if (!vn_ok())
        return vn_error_status();
    VN_TRY(vn__tape_inline(y, a->body, in));
    const int n_y = a->n_carry + a->n_ys + a->n_sums;
    for (int j = 0; j < n_y; j++) {
        if (j < a->n_carry)
            g[j] = r->grad_of[j] < 0 ? NULL : carry[r->grad_of[j]];
        else if (j < a->n_carry + a->n_ys)
            g[j] = r->ys[j - a->n_carry] < 0 ? NULL : x[r->ys[j - a->n_carry]];
        else
            g[j] = r->g[j + a->n_carry];
    }
    /* what the examples share has a cotangent of its own in each: the caller sums them */
    VN_TRY(vn__backward_in(d, tape, loop_axes(r->node), n_marks, mark, n_y, y, g, false));
    for (int i = 0; i < a->n_carry; i++) {
        if (mark_of[i] < 0)
            continue;
        vn_array *dh = d[mark_of[i]] ? d[mark_of[i]] : zeros_of(in[i]);
        if (r->history[i] >= 0)
            dh = vn_add(dh, x[r->history[i]]);
        out->carry[out->n_carry++] = dh;
    }
    for (int i = a->n_carry; i < n_in; i++) {
        if (mark_of[i] < 0 || !d[mark_of[i]])
            continue;
        const bool is_x = i < a->n_carry + a->n_xs;
        if (is_x) {
            r->dx_of[out->n_ys] = i;
            out->y[out->n_ys++] = d[mark_of[i]];
        } else {
            r->dv_of[out->n_sums] = i;
            out->sum[out->n_sums++] = d[mark_of[i]];
        }
    }
    return vn_error_status();
}

/* Chooses the carries that have cotangents; their numbers are those in the reverse loop. */
static vn_status choose_cotangents(reverse *r)
{
    const vn_node *const node = r->node;
    const vn__scan_attr *const a = r->a;
    const int n_history = a->n_carry + a->n_ys;
    bool has[VN__MAX_RESULTS];
    for (int i = 0; i < node->n_in; i++)
        r->need[i] = node->need[i] && inexact(node->in[i]);
    for (int j = 0; j < a->n_carry + a->n_ys + a->n_sums; j++)
        has[j] = j < n_history ? r->g[j] || (j < a->n_carry && r->g[n_history + j])
                               : r->g[j + a->n_carry] != NULL;
    const vn__cycle cycle = { a->body, a->n_carry };
    VN_TRY(vn__reach_carries(r->need, NULL, &cycle));
    VN_TRY(vn__reach_cotangents(r->need, has, &cycle));
    for (int i = 0, k = 0; i < a->n_carry; i++)
        r->grad_of[i] = r->need[i] ? k++ : -1;
    return VN_ERR_OK;
}

static void scan_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const vn__scan_attr *const a = node->attr;
    reverse *const r = vn__alloc_zero(sizeof *r);
    vn_array *init[VN__MAX_LOOP_VALUES], *xs[MAX_VALUES], *out[MAX_VALUES];
    if (!r)
        return;
    *r = (reverse){
        .node = node, .a = a, .g = g, .n_captured = node->n_in - a->n_carry - a->n_xs
    };
    int n_init = 0, n_xs = 0, n_ys = 0, n_sums = 0;
    vn_array *const *const history = node->out + a->n_carry + a->n_ys;
    const bool chosen = choose_cotangents(r) == VN_ERR_OK;
    for (int i = 0; chosen && i < a->n_carry; i++) {
        if (r->grad_of[i] >= 0)
            init[n_init++] = g[i] ? g[i] : zeros_of(node->in[i]);
        xs[n_xs++] = history[i];
    }
    for (int i = 0; i < a->n_xs; i++)
        xs[n_xs++] = node->in[a->n_carry + i];
    for (int j = 0; j < a->n_ys; j++)
        if ((r->ys[j] = g[a->n_carry + j] ? n_xs : -1) >= 0)
            xs[n_xs++] = g[a->n_carry + j];
    for (int i = 0; i < a->n_carry; i++)
        if ((r->history[i] = g[a->n_carry + a->n_ys + i] ? n_xs : -1) >= 0)
            xs[n_xs++] = g[a->n_carry + a->n_ys + i];
    /* xs begin with what the body's inputs were: its gate is one of them now */
    const vn__loop loop = { .who = "scan",
                            .n_carry = n_init,
                            .n_xs = n_xs,
                            .init = init,
                            .xs = xs,
                            .length = a->length,
                            .reverse = !a->reverse,
                            .gate = a->gate ? n_init + a->gate : 0,
                            .body = reverse_step,
                            .context = r };
    if (vn_ok() && vn__loop_record(out, &n_ys, &n_sums, &loop) == VN_ERR_OK) {
        for (int i = 0; i < a->n_carry; i++)
            din[i] = r->grad_of[i] < 0 ? NULL : out[r->grad_of[i]];
        for (int j = 0; j < n_ys; j++)
            din[r->dx_of[j]] = out[n_init + j];
        for (int j = 0; j < n_sums; j++)
            din[r->dv_of[j]] = out[2 * n_init + n_ys + j];
    }
    vn__free(r);
}

/* ---------------------------------------------------------------------- forward mode */

typedef struct forward {
    const vn_node *node;
    const vn__scan_attr *a;
    vn_array *const *din;
    int n_captured;
    bool perturbed[VN__MAX_OPERANDS];    /* by input of the body */
    int tangent_of[VN__MAX_LOOP_VALUES]; /* x number of the tangent of x i, or -1 */
    bool has_y[VN__MAX_LOOP_VALUES], has_sum[VN__MAX_LOOP_VALUES];
} forward;

static vn_status forward_step(vn__loop_step *out, void *context, vn__tape *tape,
                              vn_array *const carry[], vn_array *const x[])
{
    forward *const r = context;
    const vn__scan_attr *const a = r->a;
    const int n_in = a->n_carry + a->n_xs + r->n_captured;
    vn_array *in[MAX_VALUES], *dx[MAX_VALUES], *y[MAX_VALUES], *dy[MAX_VALUES];
    for (int i = 0, k = a->n_carry; i < n_in; i++) {
        const bool is_carry = i < a->n_carry, is_x = !is_carry && i < a->n_carry + a->n_xs;
        vn_array *const plain = is_carry ? carry[i] : is_x ? x[i - a->n_carry] : r->node->in[i];
        in[i] = vn__mark(tape, plain);
        const int tangent = is_x ? r->tangent_of[i - a->n_carry] : -1;
        if (is_carry)
            dx[i] = r->perturbed[i] ? carry[k++] : NULL;
        else if (is_x)
            dx[i] = tangent < 0 ? NULL : x[tangent];
        else
            dx[i] = r->din[i];
        if (!in[i])
            return vn_error_status();
    }
    const int n_y = a->n_carry + a->n_ys + a->n_sums;
    VN_TRY(vn__tape_inline(y, a->body, in));
    VN_TRY(vn__forward(dy, tape, n_in, in, dx, n_y, y, false));
    for (int i = 0; i < a->n_carry; i++)
        out->carry[out->n_carry++] = y[i];
    for (int i = 0; i < a->n_carry; i++)
        if (r->perturbed[i])
            out->carry[out->n_carry++] = dy[i] ? dy[i] : zeros_of(y[i]);
    for (int j = 0; j < a->n_ys; j++)
        if ((r->has_y[j] = dy[a->n_carry + j] != NULL))
            out->y[out->n_ys++] = dy[a->n_carry + j];
    for (int j = 0; j < a->n_sums; j++)
        if ((r->has_sum[j] = dy[a->n_carry + a->n_ys + j] != NULL))
            out->sum[out->n_sums++] = dy[a->n_carry + a->n_ys + j];
    return vn_error_status();
}

static void scan_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    const vn__scan_attr *const a = node->attr;
    forward *const r = vn__alloc_zero(sizeof *r);
    vn_array *init[MAX_VALUES], *xs[MAX_VALUES], *out[MAX_VALUES];
    if (!r)
        return;
    *r = (forward){
        .node = node, .a = a, .din = din, .n_captured = node->n_in - a->n_carry - a->n_xs
    };
    int n_init = 0, n_xs = 0, n_ys = 0, n_sums = 0;
    for (int i = 0; i < node->n_in; i++)
        r->perturbed[i] = din[i] != NULL;
    const vn__cycle cycle = { a->body, a->n_carry };
    (void)vn__reach_carries(r->perturbed, NULL, &cycle);
    for (int i = 0; i < a->n_carry; i++)
        init[n_init++] = node->in[i];
    for (int i = 0; i < a->n_carry; i++)
        if (r->perturbed[i])
            init[n_init++] = din[i] ? din[i] : zeros_of(node->in[i]);
    for (int i = 0; i < a->n_xs; i++)
        xs[n_xs++] = node->in[a->n_carry + i];
    for (int i = 0; i < a->n_xs; i++)
        if ((r->tangent_of[i] = din[a->n_carry + i] ? n_xs : -1) >= 0)
            xs[n_xs++] = din[a->n_carry + i];
    const bool gate_x = a->gate > a->n_carry;
    const vn__loop loop = { .who = "scan",
                            .n_carry = n_init,
                            .n_xs = n_xs,
                            .init = init,
                            .xs = xs,
                            .length = a->length,
                            .reverse = a->reverse,
                            .gate = gate_x ? a->gate + n_init - a->n_carry : a->gate,
                            .body = forward_step,
                            .context = r };
    if (vn_ok() && vn__loop_record(out, &n_ys, &n_sums, &loop) == VN_ERR_OK) {
        for (int i = 0, k = a->n_carry; i < a->n_carry; i++)
            if (r->perturbed[i]) {
                dout[a->n_carry + a->n_ys + i] = out[n_init + n_ys + k];
                dout[i] = out[k++];
            }
        for (int j = 0, k = n_init; j < a->n_ys; j++)
            dout[a->n_carry + j] = r->has_y[j] ? out[k++] : NULL;
        for (int j = 0, k = 2 * n_init + n_ys; j < a->n_sums; j++)
            dout[2 * a->n_carry + a->n_ys + j] = r->has_sum[j] ? out[k++] : NULL;
    }
    vn__free(r);
}

static int results(const void *attr) { return scan_results(attr); }

const vn_op vn__op_scan = {
    .name = "scan",
    .n_in = -1,
    .attr_size = sizeof(vn__scan_attr),
    .shape = scan_shape,
    .eval = unplanned_eval,
    .vjp = scan_vjp,
    .jvp = scan_jvp,
    .results = results,
};
