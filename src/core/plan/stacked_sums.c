/* SPDX-License-Identifier: MIT */
/* Sums of products over the steps of a scan. In the reverse of a recurrent cell every step adds
 * dy_t x_t^T to the weight gradient: a pass over a whole matrix for a few lanes. Instead the
 * scan stacks dy, and x where it is not an operand that is stacked already; behind it one
 * product contracts the steps,
 *
 *     sum over t of u_t v_t   =   U V,   contracted over the first axis as well
 *
 * which the sum over the examples then takes over, many steps at a time (dot_sum.c). Only where
 * what is stacked is small: the matrix that it spares the passes over lies in level 2. */
#include "core/plan/stacked_sums.h"

#include <string.h>

#include "core/ops/ops.h"
#include "core/ops/ops_common.h"
#include "core/plan/replace.h"
#include "core/transform/loop.h"
#include "vernal/ops.h"

#define STACKED_BYTES (1 << 14) /* of one example: those of 32 stay in level 2 */
#define MAX_TERMS     64

/* A term dot_general(u, v) of the body, or u alone, and the number of its result. */
typedef struct term {
    int32_t result;
    const vn__instr *dot; /* NULL: u alone */
    int32_t y[2]; /* by operand: which new y it is; -1: an x */
    int32_t x[2]; /* ... which operand of the scan */
} term;

typedef struct stacking {
    const vn__tape *tape;
    const vn__instr *scan;
    const vn__scan_attr *a;
    term term[MAX_TERMS];
    int n_terms, n_ys;
    uint32_t y[2 * MAX_TERMS]; /* values of the body */
} stacking;

/* ------------------------------------------------------------------- what is stacked */

/* Which x of the scan the value of the body is: the number of the operand, or -1. */
static int32_t x_of(const stacking *s, uint32_t v)
{
    const vn__tape *const body = s->a->body;
    for (int i = s->a->n_carry; i < s->a->n_carry + s->a->n_xs; i++)
        if (body->input[i] == v)
            return i;
    return -1;
}

/* Mapped like the results of the scan, and with room for an axis more. */
static bool is_stackable(const stacking *s, uint32_t v)
{
    const vn__value *const value = &s->a->body->value[v];
    return value->axes == s->tape->value[s->scan->out].axes &&
           value->aval.shape.rank < VN_MAX_RANK;
}

/* Made in the body, so that it can be a y. */
static bool can_stack(const stacking *s, uint32_t v)
{
    const vn__value *const value = &s->a->body->value[v];
    return !value->constant && value->instr != VN__NO_INSTR && value->aval.shape.rank > 0 &&
           is_stackable(s, v);
}

/* The place of v among the new ys, where it is added. */
static int32_t add_y(stacking *s, uint32_t v)
{
    for (int k = 0; k < s->n_ys; k++)
        if (s->y[k] == v)
            return k;
    s->y[s->n_ys] = v;
    return s->n_ys++;
}

static bool take_operand(stacking *s, term *t, int i)
{
    const uint32_t v = t->dot->in[i];
    t->x[i] = x_of(s, v);
    t->y[i] = -1;
    if (t->x[i] >= 0)
        return is_stackable(s, v);
    if (!can_stack(s, v))
        return false;
    t->y[i] = add_y(s, v);
    return true;
}

static const term *term_of(const stacking *s, int32_t result)
{
    for (int k = 0; k < s->n_terms; k++)
        if (s->term[k].result == result)
            return &s->term[k];
    return NULL;
}

static bool take_product(stacking *s, term *t)
{
    const vn__value *const v = &s->a->body->value[s->a->body->output[t->result]];
    if (v->constant || v->instr == VN__NO_INSTR)
        return false;
    t->dot = &s->a->body->instr[v->instr];
    const int before = s->n_ys;
    if (t->dot->op == &vn__op_dot_general && take_operand(s, t, 0) && take_operand(s, t, 1))
        return true;
    s->n_ys = before;
    return false;
}

/* A term that is stacked for a product anyway. */
static bool take_factor(const stacking *s, term *t)
{
    t->dot = NULL;
    for (t->y[0] = 0; t->y[0] < s->n_ys; t->y[0]++)
        if (s->y[t->y[0]] == s->a->body->output[t->result])
            return true;
    return false;
}

static void take_terms(stacking *s, bool products)
{
    for (int j = 0; j < s->a->n_sums && s->n_terms < MAX_TERMS; j++) {
        term t = { .result = s->a->n_carry + s->a->n_ys + j };
        if (products ? take_product(s, &t) : !term_of(s, t.result) && take_factor(s, &t))
            s->term[s->n_terms++] = t;
    }
}

/* With a gate, steps that are left out would stack nothing. */
static bool is_worth_it(stacking *s, const vn__instr *scan)
{
    s->scan = scan;
    s->a = scan->attr;
    s->n_terms = s->n_ys = 0;
    if (s->a->gate)
        return false;
    int64_t bytes = 0;
    take_terms(s, true);
    take_terms(s, false);
    for (int k = 0; k < s->n_ys; k++)
        bytes += vn__aval_bytes(s->a->body->value[s->y[k]].aval) * s->a->length;
    return s->n_terms > 0 && scan->n_out + s->n_ys <= VN__MAX_LOOP_VALUES &&
           bytes <= STACKED_BYTES;
}

/* -------------------------------------------------------------------------- the new scan */

/* The body with more ys and fewer sums. */
static vn__tape *new_body(vn__tape *parent, const stacking *s)
{
    const vn__tape *const old = s->a->body;
    const int first = s->a->n_carry + s->a->n_ys;
    vn_array *in[VN__MAX_OPERANDS], *y[VN__MAX_RESULTS + 2 * MAX_TERMS];
    uint32_t output[VN__MAX_RESULTS + 2 * MAX_TERMS];
    vn__tape *const to = vn__tape_new(parent, false);
    if (!to)
        return NULL;
    for (int64_t i = 0; i < old->n_input; i++) {
        const vn__value *const v = &old->value[old->input[i]];
        in[i] = vn__input_like(to, v, v->axes);
    }
    vn__tape with = *old;
    with.output = output;
    with.n_output = 0;
    for (int32_t j = 0; j < old->n_output; j++) {
        for (int k = 0; j == first && k < s->n_ys; k++)
            output[with.n_output++] = s->y[k];
        if (!term_of(s, j))
            output[with.n_output++] = old->output[j];
    }
    vn__tape_push(to);
    if (vn_ok())
        (void)vn__tape_inline(y, &with, in);
    vn__tape_pop();
    return vn__end_body(to, with.n_output, y);
}

static vn_array *summed(vn__tape *to, const term *t, vn_array *const x[2])
{
    vn_array *out;
    if (!t->dot)
        return vn__record(&out, to, &vn__op_reduce_sum, &VN_AXES(0), 1, x, 0) == VN_ERR_OK
                   ? out
                   : NULL;
    const vn_dot_dims *const d = t->dot->attr;
    const vn_dot_dims dims = {
        vn__axes_behind(&d->contract_a, true), vn__axes_behind(&d->contract_b, true),
        vn__axes_behind(&d->batch_a, false), vn__axes_behind(&d->batch_b, false)
    };
    return vn__record(&out, to, &vn__op_dot_general, &dims, 2, x, 0) == VN_ERR_OK ? out : NULL;
}

/* Results [carry.., ys.., new ys.., history.., sums that are left..] */
static vn_status copy_scan(vn__tape *to, vn_array *map[], const stacking *s,
                           vn_array *const in[])
{
    vn__scan_attr a = *s->a;
    vn_array *out[VN__MAX_RESULTS];
    const int first = a.n_carry + a.n_ys, sums = first + a.n_carry;
    a.n_ys += s->n_ys;
    a.n_sums -= s->n_terms;
    VN_TRY(vn__record_scan(out, to, &a, new_body(to, s), s->scan->n_in, in));
    for (int j = 0, left = sums + s->n_ys; j < s->scan->n_out; j++) {
        const term *const t = j < sums ? NULL : term_of(s, j - a.n_carry);
        vn_array *x[2];
        for (int i = 0; t && i < (t->dot ? 2 : 1); i++)
            x[i] = t->y[i] < 0 ? in[t->x[i]] : out[first + t->y[i]];
        map[s->scan->out + (uint32_t)j] = t           ? summed(to, t, x)
                                          : j < first ? out[j]
                                          : j < sums  ? out[j + s->n_ys]
                                                      : out[left++];
    }
    return vn_error_status();
}

static bool replace(vn__tape *to, vn_array *map[], const vn__instr *instr,
                    vn_array *const in[], void *context)
{
    const stacking *const s = context;
    if (instr == s->scan)
        (void)copy_scan(to, map, s, in);
    return instr == s->scan;
}

vn__tape *vn__stack_sums(vn__tape *tape)
{
    stacking *const s = tape ? vn__alloc(sizeof *s) : NULL;
    vn__tape *to = NULL;
    if (!s)
        return NULL;
    s->tape = tape;
    for (int64_t k = 0; k < tape->n_instr && !to && vn_ok(); k++)
        if (tape->instr[k].op == &vn__op_scan && is_worth_it(s, &tape->instr[k]))
            to = vn__tape_replace(tape, replace, s);
    vn__free(s);
    return to;
}
