/* SPDX-License-Identifier: MIT */
/* The op branch. Its derivatives are branches again: branch i of the vjp is the vjp of branch
 * i, with zeros for what only the others read. */
#include "core/transform/branch.h"

#include <string.h>

#include "core/transform/derivative.h"
#include "core/transform/loop.h"
#include "core/transform/reach.h"
#include "vernal/ops.h"

static vn_status branch_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)in, (void)n_in;
    const vn__tape *const first = ((const vn__branch_attr *)attr)->branch[0];
    for (int64_t j = 0; j < first->n_output; j++)
        out[j] = first->value[first->output[j]].aval;
    return VN_ERR_OK;
}

static int branch_results(const void *attr)
{
    return (int)((const vn__branch_attr *)attr)->branch[0]->n_output;
}

static void unplanned_eval(const vn_eval *e) { (void)e; }

/* ---------------------------------------------------------------------- recording */

/* The branches being recorded. */
typedef struct choosing {
    vn__tape *tape[VN__MAX_BRANCHES];
    vn_array **out[VN__MAX_BRANCHES];
    int n_branches, n_out;
    uint64_t axes;
} choosing;

static vn_status record_one(choosing *c, int i, vn__branch_body *body, void *context)
{
    int n = 0;
    c->tape[i] = vn__tape_new(vn__tape_current(), false);
    c->out[i] = vn__alloc(VN__MAX_RESULTS * sizeof **c->out);
    if (!c->tape[i] || !c->out[i])
        return vn_error_status();
    vn__tape_push(c->tape[i]);
    const vn_status status = body(c->out[i], &n, context, i);
    vn__tape_pop();
    VN_TRY(status);
    if (i > 0 && n != c->n_out)
        return vn__fail(VN_ERR_STRUCTURE, "cond: branches return %d and %d arrays", c->n_out,
                        n);
    c->n_out = n;
    c->axes |= vn__input_axes(c->tape[i]);
    for (int j = 0; j < n; j++)
        c->axes |= vn__axes_of(c->out[i][j]);
    return VN_ERR_OK;
}

static vn_status seal(const choosing *c)
{
    for (int i = 0; i < c->n_branches; i++) {
        for (int j = 0; j < c->n_out; j++)
            if (!(c->out[i][j] = vn__spread(c->tape[i], c->out[i][j], c->axes)))
                return vn_error_status();
        VN_TRY(vn__tape_seal(c->tape[i], c->n_out, c->out[i]));
    }
    return VN_ERR_OK;
}

static vn_status append(vn_array *out[], const choosing *c, vn_array *index)
{
    vn__tape *const tape = vn__tape_current();
    vn_array *in[VN__MAX_OPERANDS];
    vn__branch_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.n_branches = c->n_branches;
    int n = 0;
    in[n++] = index;
    for (int i = 0; i < c->n_branches; i++) {
        attr.branch[i] = c->tape[i];
        VN_TRY(vn__tape_keep_child(tape, c->tape[i]));
        if (n + c->tape[i]->n_captured > VN__MAX_OPERANDS / 2)
            return vn__fail(VN_ERR_LIMIT, "cond: more than %d arrays", VN__MAX_OPERANDS / 2);
        for (int64_t k = 0; k < c->tape[i]->n_captured; k++)
            in[n++] = vn__tape_array(tape, c->tape[i]->captured[k]);
    }
    return vn_ok() ? vn__record(out, tape, &vn__op_branch, &attr, n, in, c->axes)
                   : vn_error_status();
}

vn_status vn__branch_record(vn_array *out[], int *n, vn_array *index, int n_branches,
                            vn__branch_body *body, void *context)
{
    if (n_branches > VN__MAX_BRANCHES)
        return vn__fail(VN_ERR_LIMIT, "switch: %d branches, at most %d", n_branches,
                        VN__MAX_BRANCHES);
    choosing *const c = vn__alloc_zero(sizeof *c);
    if (!c)
        return vn_error_status();
    vn_status status = VN_ERR_OK;
    c->n_branches = n_branches;
    for (int i = 0; i < n_branches && status == VN_ERR_OK; i++)
        status = record_one(c, i, body, context);
    if (status == VN_ERR_OK)
        status = seal(c);
    if (status == VN_ERR_OK && c->n_out > 0)
        status = append(out, c, index);
    *n = c->n_out;
    for (int i = 0; i < n_branches; i++) {
        vn__tape_release(c->tape[i]);
        vn__free(c->out[i]);
    }
    vn__free(c);
    return status;
}

/* -------------------------------------------------------------------- derivatives */

typedef struct deriving {
    const vn_node *node;
    const vn__branch_attr *a;
    vn_array *const *given;       /* cotangents of the results, or tangents of the operands */
    int target[VN__MAX_OPERANDS]; /* by operand: which cotangent it adds to, or -1 */
    int n_targets;
    int of[VN__MAX_OPERANDS]; /* by cotangent: an operand that it belongs to */
    bool has[VN__MAX_RESULTS]; /* forward: by result: it has a tangent */
} deriving;

static bool inexact(const vn_array *x) { return vn_dtype_is_inexact(vn_dtype_of(x)); }

static vn_array *zeros_of(const vn_array *x)
{
    return vn_zeros(vn_dtype_of(x), vn_shape_of(x));
}

/* Operands from where on belong to branch i. */
static int operands_from(const vn__branch_attr *a, int i)
{
    int from = 1;
    for (int k = 0; k < i; k++)
        from += (int)a->branch[k]->n_input;
    return from;
}

/* Branch i on marked operands: in[n_input], y[n_output]. */
static vn_status replay(vn_array *in[], vn_array *y[], const deriving *d, int i)
{
    const vn__tape *const branch = d->a->branch[i];
    const int from = operands_from(d->a, i);
    for (int64_t k = 0; k < branch->n_input; k++) {
        in[k] = vn__mark(vn__tape_current(), d->node->in[from + k]);
        if (!in[k])
            return vn_error_status();
    }
    return vn__tape_inline(y, branch, in);
}

/* Those of a branch's operands whose cotangents are looked for: x[n], and k[n], their numbers
 * among its inputs. */
static int needed(vn_array *x[], int k[], const deriving *d, vn_array *const in[], int i)
{
    const int from = operands_from(d->a, i);
    int n = 0;
    for (int j = 0; j < d->a->branch[i]->n_input; j++)
        if (d->target[from + j] >= 0) {
            k[n] = j;
            x[n++] = in[j];
        }
    return n;
}

/* Two operands that are the same value have one cotangent. */
static void find_targets(deriving *d)
{
    const vn_node *const node = d->node;
    for (int k = 0; k < node->n_in; k++) {
        d->target[k] = -1;
        if (!node->need[k] || !inexact(node->in[k]))
            continue;
        const vn__array *const x = vn__as_array(node->in[k]);
        for (int t = 0; t < d->n_targets && d->target[k] < 0; t++) {
            const vn__array *const other = vn__as_array(node->in[d->of[t]]);
            if (x->tape && x->tape == other->tape && x->value == other->value)
                d->target[k] = t;
        }
        if (d->target[k] < 0) {
            d->target[k] = d->n_targets;
            d->of[d->n_targets++] = k;
        }
    }
}

static vn_status reverse_branch(vn_array *out[], int *n, void *context, int i)
{
    const deriving *const d = context;
    const int from = operands_from(d->a, i);
    vn_array *in[VN__MAX_OPERANDS], *x[VN__MAX_OPERANDS], *dx[VN__MAX_OPERANDS];
    vn_array *y[VN__MAX_RESULTS];
    int input[VN__MAX_OPERANDS];
    VN_TRY(replay(in, y, d, i));
    const int n_x = needed(x, input, d, in, i);
    VN_TRY(vn__backward_in(dx, vn__tape_current(), vn__axes_of(d->node->out[0]), n_x, x,
                           d->node->n_out, y, d->given, false));
    *n = d->n_targets;
    for (int t = 0; t < d->n_targets; t++)
        out[t] = NULL;
    for (int k = 0; k < n_x; k++) {
        const int t = d->target[from + input[k]];
        if (dx[k])
            out[t] = out[t] ? vn_add(out[t], dx[k]) : dx[k];
    }
    for (int t = 0; t < d->n_targets; t++)
        out[t] = out[t] ? out[t] : zeros_of(d->node->in[d->of[t]]);
    return vn_error_status();
}

static void branch_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const vn__branch_attr *const a = node->attr;
    deriving *const d = vn__alloc_zero(sizeof *d);
    vn_array *out[VN__MAX_OPERANDS];
    int n = 0;
    if (!d)
        return;
    d->node = node, d->a = a, d->given = g;
    find_targets(d);
    if (vn__branch_record(out, &n, node->in[0], a->n_branches, reverse_branch, d) == VN_ERR_OK)
        for (int t = 0; t < n; t++)
            din[d->of[t]] = out[t];
    vn__free(d);
}

static vn_status forward_branch(vn_array *out[], int *n, void *context, int i)
{
    const deriving *const d = context;
    const int from = operands_from(d->a, i), n_in = (int)d->a->branch[i]->n_input;
    vn_array *in[VN__MAX_OPERANDS], *y[VN__MAX_RESULTS], *dy[VN__MAX_RESULTS];
    VN_TRY(replay(in, y, d, i));
    VN_TRY(vn__forward(dy, vn__tape_current(), n_in, in, d->given + from, d->node->n_out, y,
                       false));
    for (int j = 0; j < d->node->n_out; j++)
        if (d->has[j])
            out[(*n)++] = dy[j] ? dy[j] : zeros_of(y[j]);
    return vn_error_status();
}

static void branch_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    const vn__branch_attr *const a = node->attr;
    vn_array *out[VN__MAX_RESULTS];
    int n = 0;
    deriving *const d = vn__alloc_zero(sizeof *d);
    if (!d)
        return;
    d->node = node, d->a = a, d->given = din;
    bool perturbed[VN__MAX_OPERANDS];
    for (int i = 0; i < node->n_in; i++)
        perturbed[i] = din[i] != NULL;
    if (vn__reach_branches(d->has, a, perturbed) == VN_ERR_OK &&
        vn__branch_record(out, &n, node->in[0], a->n_branches, forward_branch, d) == VN_ERR_OK)
        for (int j = 0, k = 0; j < node->n_out; j++)
            dout[j] = d->has[j] ? out[k++] : NULL;
    vn__free(d);
}

const vn_op vn__op_branch = {
    .name = "branch",
    .n_in = -1,
    .attr_size = sizeof(vn__branch_attr),
    .shape = branch_shape,
    .eval = unplanned_eval,
    .vjp = branch_vjp,
    .jvp = branch_jvp,
    .results = branch_results,
};
