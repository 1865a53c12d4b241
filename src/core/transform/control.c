/* SPDX-License-Identifier: MIT */
/* cond, while_loop, fori_loop. Eager: plain C control flow. Recorded:
 * cond        both branches and a choice by example (where);
 * while_loop  without a bound: the op `while` below, forward mode only; with a bound: a scan of
 * that
 *             many steps in which a finished example keeps its value. */
#include "core/transform/control.h"

#include <string.h>

#include "core/transform/derivative.h"
#include "core/transform/leaves.h"
#include "core/transform/loop.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

static bool recording(void)
{
    const vn__tape *const tape = vn__tape_current();
    return tape && !tape->eager;
}

/* --------------------------------------------------------------------------- cond */

static vn_tree *choose_leaf(void *context, vn_tree *const leaf[])
{
    if (!vn_is_array(leaf[0]))
        return leaf[0];
    if (vn_dtype_of(leaf[0]) != vn_dtype_of(leaf[1]) ||
        !vn_shape_equal(vn_shape_of(leaf[0]), vn_shape_of(leaf[1]))) {
        char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
        return vn_error(VN_ERR_SHAPE, "cond: the branches return %s and %s",
                        vn__shape_text(a, vn_dtype_of(leaf[0]), vn_shape_of(leaf[0])),
                        vn__shape_text(b, vn_dtype_of(leaf[1]), vn_shape_of(leaf[1])));
    }
    return vn_where(context, leaf[0], leaf[1]);
}

vn_tree *vn_cond_n(vn_array *pred, vn_tree *true_fn, vn_tree *false_fn, int n,
                   vn_tree *const arg[])
{
    if (!pred || !true_fn || !false_fn)
        return vn_ok() ? vn_error(VN_ERR_NULL_ARGUMENT, "cond: an argument is NULL") : NULL;
    if (vn_is_array(pred) && vn_rank(pred) != 0) {
        char text[VN__SHAPE_TEXT];
        return vn_error(VN_ERR_SHAPE, "cond: the predicate is %s, expected a scalar",
                        vn__shape_text(text, vn_dtype_of(pred), vn_shape_of(pred)));
    }
    if (!vn_is_array(pred) || !vn_is_traced(pred))
        return vn_call_n(vn_item_bool(pred) ? true_fn : false_fn, n, arg);
    vn_tree *const both[] = { vn_call_n(true_fn, n, arg), vn_call_n(false_fn, n, arg) };
    if (!both[0] || !both[1])
        return NULL;
    if (!vn_tree_same_structure(both[0], both[1]))
        return vn_error(VN_ERR_STRUCTURE, "cond: the branches return different structures");
    return vn__map_leaves_n(2, both, choose_leaf, pred);
}

/* -------------------------------------------------------------------- the op `while` */

static vn_status while_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    for (int i = 0; i < ((const vn__while_attr *)attr)->n_carry; i++)
        out[i] = in[i];
    return VN_ERR_OK;
}

static int while_results(const void *attr) { return ((const vn__while_attr *)attr)->n_carry; }
static void unplanned_eval(const vn_eval *e) { (void)e; }

/* What a while loop does in one step, as arrays on the tape of its part. */
typedef struct looping {
    int n_carry;
    vn_array *const *init;
    vn_status (*cond)(vn_array **out, void *context, vn__tape *tape, vn_array *const carry[]);
    vn_status (*body)(vn_array *out[], void *context, vn__tape *tape, vn_array *const carry[]);
    void *context;
} looping;

static uint64_t axes_of(const vn_array *x)
{
    const vn__array *const a = vn__as_array(x);
    return a && a->tape ? a->axes : 0;
}

static vn__tape *record_part(const looping *w, uint64_t *axes, bool is_cond)
{
    vn__tape *const part = vn__tape_new(vn__tape_current(), false);
    vn_array *carry[VN__MAX_LOOP_VALUES], *out[VN__MAX_LOOP_VALUES];
    vn_status status = part ? VN_ERR_OK : vn_error_status();
    for (int i = 0; status == VN_ERR_OK && i < w->n_carry; i++) {
        const vn_aval aval = { vn_dtype_of(w->init[i]), vn_shape_of(w->init[i]) };
        carry[i] = vn__tape_input(part, aval, *axes, NULL);
        status = vn_error_status();
    }
    if (status == VN_ERR_OK) {
        vn__tape_push(part);
        status = is_cond ? w->cond(out, w->context, part, carry)
                         : w->body(out, w->context, part, carry);
        vn__tape_pop();
    }
    const int n = is_cond ? 1 : w->n_carry;
    for (int64_t i = 0; status == VN_ERR_OK && i < part->n_input; i++)
        *axes |= part->value[part->input[i]].axes;
    for (int i = 0; status == VN_ERR_OK && i < n; i++) {
        *axes |= axes_of(out[i]);
        out[i] = vn__spread(part, out[i], *axes);
    }
    if (status == VN_ERR_OK)
        status = vn__tape_seal(part, n, out);
    if (status == VN_ERR_OK)
        return part;
    vn__tape_release(part);
    return NULL;
}

static vn_status record_while(vn_array *out[], const looping *w, const vn__tape *cond,
                              const vn__tape *body, uint64_t axes)
{
    vn__tape *const tape = vn__tape_current();
    vn_array *in[VN__MAX_OPERANDS];
    int n = 0;
    for (int i = 0; i < w->n_carry; i++)
        in[n++] = vn__spread(tape, w->init[i], axes);
    for (int64_t i = 0; i < cond->n_captured; i++)
        in[n++] = vn__tape_array(tape, cond->captured[i]);
    for (int64_t i = 0; i < body->n_captured; i++)
        in[n++] = vn__tape_array(tape, body->captured[i]);
    vn__while_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.body = (vn__tape *)(uintptr_t)body;
    attr.cond = (vn__tape *)(uintptr_t)cond;
    attr.n_carry = w->n_carry;
    attr.n_cond_captured = (int32_t)cond->n_captured;
    VN_TRY(vn__tape_keep_child(tape, attr.body));
    VN_TRY(vn__tape_keep_child(tape, attr.cond));
    return vn_ok() ? vn__record(out, tape, &vn__op_while, &attr, n, in, axes)
                   : vn_error_status();
}

static vn_status while_recorded(vn_array *out[], const looping *w)
{
    uint64_t axes = 0, before;
    vn_status status = vn_error_status();
    for (int i = 0; i < w->n_carry; i++)
        axes |= axes_of(w->init[i]);
    do {
        before = axes;
        vn__tape *const cond = record_part(w, &axes, true);
        vn__tape *const body = cond ? record_part(w, &axes, false) : NULL;
        status = body ? VN_ERR_OK : vn_error_status();
        if (status == VN_ERR_OK && axes == before)
            status = record_while(out, w, cond, body, axes);
        vn__tape_release(cond);
        vn__tape_release(body);
    } while (status == VN_ERR_OK && axes != before);
    return status;
}

/* Forward mode: the loop of (carry, tangents). */
typedef struct dual {
    const vn_node *node;
    const vn__while_attr *a;
    vn_array *const *din;
} dual;

static vn_status dual_cond(vn_array **out, void *context, vn__tape *tape,
                           vn_array *const carry[])
{
    (void)tape;
    const dual *const d = context;
    vn_array *in[VN__MAX_OPERANDS];
    for (int i = 0; i < d->a->n_carry; i++)
        in[i] = carry[i];
    for (int i = 0; i < d->a->n_cond_captured; i++)
        in[d->a->n_carry + i] = d->node->in[d->a->n_carry + i];
    return vn__tape_inline(out, d->a->cond, in);
}

static vn_status dual_body(vn_array *out[], void *context, vn__tape *tape,
                           vn_array *const carry[])
{
    const dual *const d = context;
    const int n = d->a->n_carry, n_in = (int)d->a->body->n_input;
    vn_array *in[VN__MAX_OPERANDS], *dx[VN__MAX_OPERANDS], *dy[VN__MAX_LOOP_VALUES];
    for (int i = 0, k = n; i < n_in; i++) {
        const int operand = i < n ? i : i + d->a->n_cond_captured;
        in[i] = vn__mark(tape, i < n ? carry[i] : d->node->in[operand]);
        dx[i] = i >= n                                       ? d->din[operand]
                : vn_dtype_is_inexact(vn_dtype_of(carry[i])) ? carry[k++]
                                                             : NULL;
    }
    if (!vn_ok())
        return vn_error_status();
    VN_TRY(vn__tape_inline(out, d->a->body, in));
    VN_TRY(vn__forward(dy, tape, n_in, in, dx, n, out, false));
    for (int i = 0, k = n; i < n; i++)
        if (vn_dtype_is_inexact(vn_dtype_of(out[i])))
            out[k++] = dy[i] ? dy[i] : vn_zeros_like(out[i]);
    return vn_error_status();
}

static void while_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    const vn__while_attr *const a = node->attr;
    vn_array *init[VN__MAX_LOOP_VALUES], *out[VN__MAX_LOOP_VALUES];
    dual d = { node, a, din };
    int n = a->n_carry;
    for (int i = 0; i < a->n_carry; i++)
        init[i] = node->in[i];
    for (int i = 0; i < a->n_carry; i++)
        if (vn_dtype_is_inexact(vn_dtype_of(node->in[i])))
            init[n++] =
                din[i] ? din[i] : vn_zeros(vn_dtype_of(node->in[i]), vn_shape_of(node->in[i]));
    const looping w = { n, init, dual_cond, dual_body, &d };
    if (!vn_ok() || while_recorded(out, &w) != VN_ERR_OK)
        return;
    for (int i = 0, k = a->n_carry; i < a->n_carry; i++)
        if (vn_dtype_is_inexact(vn_dtype_of(node->in[i])))
            dout[i] = out[k++];
}

const vn_op vn__op_while = {
    .name = "while",
    .n_in = -1,
    .attr_size = sizeof(vn__while_attr),
    .shape = while_shape,
    .eval = unplanned_eval,
    .jvp = while_jvp,
    .results = while_results,
};

/* -------------------------------------------------------------- as a user calls it */

typedef struct user_while {
    vn_tree *cond, *body, *init;
} user_while;

static vn_status scalar_bool(vn_array **out, vn_tree *value)
{
    if (!value)
        return vn_error_status();
    if (vn_kind_of(value) == VN_KIND_BOOL)
        value = vn_scalar(VN_BOOL, vn_bool_value(value));
    if (!vn_is_array(value) || vn_dtype_of(value) != VN_BOOL || vn_rank(value) != 0)
        return vn__fail(VN_ERR_DTYPE, "while_loop: the condition is no scalar bool");
    *out = value;
    return VN_ERR_OK;
}

static vn_status user_cond(vn_array **out, void *context, vn__tape *tape,
                           vn_array *const carry[])
{
    (void)tape;
    const user_while *const u = context;
    int64_t next = 0;
    vn_tree *const value = vn__leaves_replace(u->init, vn_is_array, carry, &next, true);
    return value ? scalar_bool(out, vn_call(u->cond, value)) : vn_error_status();
}

static vn_status arrays_of(vn_array *out[], vn_tree *tree, vn_tree *like)
{
    vn__leaves leaves = { 0 };
    if (!tree)
        return vn_error_status();
    if (!vn_tree_same_structure(tree, like))
        return vn__fail(VN_ERR_STRUCTURE,
                        "while_loop: the body changes the structure of the value");
    const vn_status status = vn__leaves_add(&leaves, tree, vn_is_array);
    for (int64_t i = 0; status == VN_ERR_OK && i < leaves.n && i < VN__MAX_LOOP_VALUES; i++)
        out[i] = leaves.item[i];
    vn__leaves_free(&leaves);
    return status;
}

/* A finished example keeps its value; without mapped axes the loop ends with it. */
static vn_status user_body(vn_array *out[], void *context, vn__tape *tape,
                           vn_array *const carry[])
{
    const user_while *const u = context;
    int64_t next = 0;
    vn_array *active;
    vn_tree *const value = vn__leaves_replace(u->init, vn_is_array, carry, &next, true);
    VN_TRY(arrays_of(out, value ? vn_call(u->body, value) : NULL, u->init));
    VN_TRY(user_cond(&active, context, tape, carry));
    for (int64_t i = 0; i < next; i++) {
        const vn_aval want = { vn_dtype_of(carry[i]), vn_shape_of(carry[i]) };
        if (vn_dtype_of(out[i]) != want.dtype ||
            !vn_shape_equal(vn_shape_of(out[i]), want.shape)) {
            char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
            return vn__fail(VN_ERR_SHAPE,
                            "while_loop: an array is %s before the body, %s after it",
                            vn__shape_text(a, want.dtype, want.shape),
                            vn__shape_text(b, vn_dtype_of(out[i]), vn_shape_of(out[i])));
        }
        if (axes_of(active))
            out[i] = vn_where(active, out[i], carry[i]);
    }
    return vn_error_status();
}

static vn_status bounded_step(vn__loop_step *out, void *context, vn__tape *tape,
                              vn_array *const carry[], vn_array *const x[])
{
    (void)x, (void)tape;
    const user_while *const u = context;
    int64_t next = 0;
    vn_array *active, *inside[VN__MAX_LOOP_VALUES];
    vn_tree *const value = vn__leaves_replace(u->init, vn_is_array, carry, &next, true);
    VN_TRY(value ? scalar_bool(&active, vn_call(u->cond, value)) : vn_error_status());
    /* a finished example computes its body on its last active value's shape, but keeps its
     * own */
    VN_TRY(arrays_of(inside, vn_call(u->body, value), u->init));
    for (int64_t i = 0; i < next; i++)
        out->carry[out->n_carry++] = vn_where(active, inside[i], carry[i]);
    return vn_error_status();
}

static vn_tree *loop_recorded(const user_while *u, int64_t max_steps)
{
    vn__leaves c = { 0 };
    vn_array *out[VN__MAX_RESULTS];
    int n_ys, n_sums;
    vn_status status = vn__leaves_add(&c, u->init, vn_is_array);
    if (status == VN_ERR_OK && c.n > VN__MAX_LOOP_VALUES)
        status = vn__fail(VN_ERR_LIMIT, "while_loop: more than %d arrays", VN__MAX_LOOP_VALUES);
    if (status == VN_ERR_OK && max_steps > 0)
        status = vn__loop_record(out, &n_ys, &n_sums,
                                 &(vn__loop){ .n_carry = (int)c.n,
                                              .init = c.item,
                                              .length = max_steps,
                                              .body = bounded_step,
                                              .context = (void *)(uintptr_t)u });
    else if (status == VN_ERR_OK)
        status = while_recorded(
            out, &(looping){ (int)c.n, c.item, user_cond, user_body, (void *)(uintptr_t)u });
    vn__leaves_free(&c);
    int64_t next = 0;
    return status == VN_ERR_OK ? vn__leaves_replace(u->init, vn_is_array, out, &next, true)
                               : NULL;
}

vn_tree *vn_while_loop(vn_tree *cond, vn_tree *body, vn_tree *init, int64_t max_steps)
{
    if (!cond || !body || !init)
        return vn_ok() ? vn_error(VN_ERR_NULL_ARGUMENT, "while_loop: an argument is NULL")
                       : NULL;
    if (max_steps < 0)
        return vn_error(VN_ERR_ARGUMENT, "while_loop: max_steps is %lld", (long long)max_steps);
    const user_while u = { cond, body, init };
    if (recording())
        return loop_recorded(&u, max_steps);
    vn_tree *value = init;
    for (int64_t k = 0; value && (max_steps == 0 || k < max_steps); k++) {
        vn_array *active;
        if (scalar_bool(&active, vn_call(cond, value)) != VN_ERR_OK)
            return NULL;
        if (!vn_item_bool(active))
            break;
        value = vn_call(body, value);
        if (value && !vn_tree_same_structure(value, init))
            return vn_error(VN_ERR_STRUCTURE, "while_loop: the body changes the structure");
    }
    return value;
}

/* fori: a scan over 0 .. n-1 that keeps no ys. */
static vn_tree *fori_step(vn_tree *const arg[]) /* body, lower, carry, i */
{
    vn_tree *const i = vn_add(arg[3], arg[1]);
    return vn_tuple(vn_call(arg[0], i, arg[2]), vn_none());
}

vn_tree *vn_fori_loop(int64_t lower, int64_t upper, vn_tree *body, vn_tree *init)
{
    if (upper <= lower)
        return init;
    vn_tree *const step =
        vn_partial(vn_function(fori_step, 4), body, vn_scalar(VN_I32, (double)lower));
    return vn_at(vn_scan(step, init, vn_arange(VN_I32, upper - lower), 0), 0);
}
