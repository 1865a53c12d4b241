/* SPDX-License-Identifier: MIT */
/* The op while. Forward mode: the loop of (carry, tangents). Reverse mode: the op unwind
 * (unwind.c), from the checkpoints that the loop has kept. */
#include <string.h>

#include "core/transform/derivative.h"
#include "core/transform/loop.h"
#include "core/transform/reach.h"
#include "core/transform/unwind.h"
#include "vernal/ops.h"

#define MAX_VALUES VN__MAX_RESULTS

static vn_status while_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn__while_attr *const a = attr;
    int j = 0;
    for (int i = 0; i < a->n_carry; i++)
        out[j++] = in[i];
    for (int i = 0; i < a->n_ys; i++)
        out[j++] = vn__stacked_aval(a->body->value[a->body->output[a->n_carry + i]].aval,
                                    a->length);
    if (a->slots == 0)
        return VN_ERR_OK;
    for (int i = 0; i < a->n_carry - a->n_buffers; i++)
        out[j++] = vn__stacked_aval(in[i], a->slots);
    const vn_aval number = { .dtype = VN_I64 };
    out[j++] = vn__stacked_aval(number, a->slots);
    out[j++] = number;
    return VN_ERR_OK;
}

static int while_results(const void *attr)
{
    const vn__while_attr *const a = attr;
    return a->n_carry + a->n_ys + (a->slots ? a->n_carry - a->n_buffers + 2 : 0);
}

static void unplanned_eval(const vn_eval *e) { (void)e; }

static vn_array *zeros_of(const vn_array *x)
{
    return vn_zeros(vn_dtype_of(x), vn_shape_of(x));
}

/* ---------------------------------------------------------------------- forward mode
 * Carries of the dual loop: those of the loop but the logs, the tangents of these, the logs,
 * their tangents: logs stay last. */

typedef struct dual {
    const vn_node *node;
    const vn__while_attr *a;
    vn_array *const *din;
    int n_plain;                         /* carries that are no logs */
    bool perturbed[VN__MAX_OPERANDS];    /* by input of the body */
    int primal[VN__MAX_LOOP_VALUES];     /* by carry: its number in the dual loop */
    int tangent[VN__MAX_LOOP_VALUES];    /* by carry: that of its tangent, or -1 */
    int tangent_of_x[VN__MAX_LOOP_VALUES]; /* x number of the tangent of x i, or -1 */
    bool has_y[VN__MAX_LOOP_VALUES];
} dual;

static int number_carries(dual *d)
{
    int n = 0;
    for (int part = 0; part < 2; part++) {
        const int from = part ? d->n_plain : 0, to = part ? d->a->n_carry : d->n_plain;
        for (int i = from; i < to; i++)
            d->primal[i] = n++;
        for (int i = from; i < to; i++)
            d->tangent[i] = d->perturbed[i] ? n++ : -1;
    }
    return n;
}

static vn_status dual_cond(vn_array **out, void *context, vn__tape *tape,
                           vn_array *const carry[])
{
    (void)tape;
    const dual *const d = context;
    const vn__while_attr *const a = d->a;
    vn_array *in[VN__MAX_OPERANDS];
    for (int i = 0; i < a->n_carry; i++)
        in[i] = carry[d->primal[i]];
    for (int i = 0; i < a->n_cond_captured; i++)
        in[a->n_carry + i] = d->node->in[a->n_carry + a->n_xs + i];
    return vn__tape_inline(out, a->cond, in);
}

static vn_status dual_body(vn__loop_step *out, void *context, vn__tape *tape,
                           vn_array *const carry[], vn_array *const x[])
{
    dual *const d = context;
    const vn__while_attr *const a = d->a;
    const int n = a->n_carry, n_in = (int)a->body->n_input;
    vn_array *in[VN__MAX_OPERANDS], *dx[VN__MAX_OPERANDS];
    vn_array *y[MAX_VALUES], *dy[MAX_VALUES];
    for (int i = 0; i < n_in; i++) {
        const bool is_x = i >= n && i < n + a->n_xs;
        const int operand = i < n + a->n_xs ? i : i + a->n_cond_captured;
        vn_array *const plain = i < n  ? carry[d->primal[i]]
                                : is_x ? x[i - n]
                                       : d->node->in[operand];
        const int tangent = i < n  ? d->tangent[i]
                            : is_x ? d->tangent_of_x[i - n]
                                   : -1;
        in[i] = vn__mark(tape, plain);
        dx[i] = i < n + a->n_xs ? (tangent < 0 ? NULL : is_x ? x[tangent] : carry[tangent])
                                : d->din[operand];
        if (!in[i])
            return vn_error_status();
    }
    VN_TRY(vn__tape_inline(y, a->body, in));
    VN_TRY(vn__forward(dy, tape, n_in, in, dx, n + a->n_ys, y, false));
    for (int i = 0; i < n; i++) {
        out->carry[d->primal[i]] = y[i];
        out->n_carry++;
        if (d->tangent[i] < 0)
            continue;
        out->carry[d->tangent[i]] = dy[i] ? dy[i] : zeros_of(y[i]);
        out->n_carry++;
    }
    for (int j = 0; j < a->n_ys; j++)
        if ((d->has_y[j] = dy[n + j] != NULL))
            out->y[out->n_ys++] = dy[n + j];
    return vn_error_status();
}

/* Which inputs of the body have tangents. */
static vn_status find_perturbed(dual *d)
{
    const vn__while_attr *const a = d->a;
    const int own = a->n_carry + a->n_xs;
    for (int i = 0; i < a->body->n_input; i++)
        d->perturbed[i] = d->din[i < own ? i : i + a->n_cond_captured] != NULL;
    const vn__cycle cycle = { a->body, a->n_carry };
    return vn__reach_carries(d->perturbed, NULL, &cycle);
}

static void while_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    const vn__while_attr *const a = node->attr;
    vn_array *init[VN__MAX_LOOP_VALUES], *xs[MAX_VALUES], *out[MAX_VALUES];
    dual *const d = vn__alloc_zero(sizeof *d);
    if (!d || 2 * a->n_carry > VN__MAX_LOOP_VALUES) {
        if (d)
            vn__fail(VN_ERR_LIMIT, "while_loop: more than %d arrays", VN__MAX_LOOP_VALUES);
        vn__free(d);
        return;
    }
    *d = (dual){ .node = node, .a = a, .din = din, .n_plain = a->n_carry - a->n_buffers };
    const int n = find_perturbed(d) == VN_ERR_OK ? number_carries(d) : 0;
    int n_xs = 0, n_ys = 0, n_sums = 0, n_log_tangents = 0;
    for (int i = 0; n && i < a->n_carry; i++) {
        init[d->primal[i]] = node->in[i];
        if (d->tangent[i] >= 0)
            init[d->tangent[i]] = din[i] ? din[i] : zeros_of(node->in[i]);
        n_log_tangents += i >= d->n_plain && d->tangent[i] >= 0;
    }
    for (int i = 0; i < a->n_xs; i++)
        xs[n_xs++] = node->in[a->n_carry + i];
    for (int i = 0; i < a->n_xs; i++)
        if ((d->tangent_of_x[i] = din[a->n_carry + i] ? n_xs : -1) >= 0)
            xs[n_xs++] = din[a->n_carry + i];
    const vn__loop loop = { .who = "while_loop",
                            .n_carry = n,
                            .n_xs = n_xs,
                            .init = init,
                            .xs = xs,
                            .length = a->length,
                            .is_while = true,
                            .cond = a->cond ? dual_cond : NULL,
                            .slots = a->slots,
                            .n_buffers = a->n_buffers + n_log_tangents,
                            .body = dual_body,
                            .context = d };
    if (vn_ok() && vn__loop_record(out, &n_ys, &n_sums, &loop) == VN_ERR_OK) {
        for (int i = 0; i < a->n_carry; i++)
            dout[i] = d->tangent[i] < 0 ? NULL : out[d->tangent[i]];
        for (int j = 0, k = n; j < a->n_ys; j++)
            dout[a->n_carry + j] = d->has_y[j] ? out[k++] : NULL;
    }
    vn__free(d);
}

static void while_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    if (((const vn__while_attr *)node->attr)->slots == 0)
        vn__fail(VN_ERR_DERIVATIVE,
                 "while_loop: without a bound on its steps it has forward mode only; give "
                 "max_steps or checkpoints");
    else
        vn__unwind(din, node, g);
}

const vn_op vn__op_while = {
    .name = "while",
    .n_in = -1,
    .attr_size = sizeof(vn__while_attr),
    .shape = while_shape,
    .eval = unplanned_eval,
    .vjp = while_vjp,
    .jvp = while_jvp,
    .results = while_results,
};
