/* SPDX-License-Identifier: MIT */
/* What a scan keeps for its reverse mode. The reverse of a scan computes the forward of every
 * step again from the carry before it (core/transform/scan.c). Where that is dear beside the
 * memory it would take, the scan stacks the results that the reverse reads, as more of its ys,
 * and the reverse takes them as xs:
 *
 *     z_t = sigmoid(W x_t + U h_t)   forward: a y more    reverse: an x instead
 *
 * Kept are the values at the border, of which the reverse makes use without knowing them by its
 * own operands, or what they are made of where that is smaller and the rest cheap. What is
 * behind a barrier (filter_checkpoint) stays as it is. */
#include "core/plan/residuals.h"

#include <string.h>

#include "core/ops/ops.h"
#include "core/plan/replace.h"
#include "core/transform/error_if.h"
#include "core/transform/loop.h"

#define KEPT_BYTES    (1 << 20) /* of one example, over all steps: at most */
#define FLOPS_A_BYTE  4         /* so much work is worth a byte written and read */
#define DEAR          20        /* flops of an element of a function that is not arithmetic */
#define MAX_KEPT      64

typedef struct pair {
    const vn__tape *tape;
    const vn__instr *forward, *reverse;
    const vn__tape *body;                /* of the reverse */
    uint64_t axes;                       /* of the results of the forward scan */
    int32_t source[VN__MAX_OPERANDS];    /* by input of the reverse's body: the same of the
                                          * forward's, -1: none */
    bool *known;                         /* by value of the body: does not need cotangents */
    bool *kept, *needed;                 /* by value; by instruction */
    int64_t *price;                      /* by value: bytes to keep for it */
    uint32_t value[MAX_KEPT];
    int n;
    vn_array *stacked[MAX_KEPT]; /* the new ys, on the new tape */
} pair;

static const vn__scan_attr *attr_of(const vn__instr *scan) { return scan->attr; }

/* ------------------------------------------------------------------ pairs of scans */

/* The scan of which v is a history, and of which carry. */
static const vn__instr *history_of(const vn__tape *tape, uint32_t v, int *carry)
{
    if (tape->value[v].instr == VN__NO_INSTR)
        return NULL;
    const vn__instr *const scan = &tape->instr[tape->value[v].instr];
    if (scan->op != &vn__op_scan)
        return NULL;
    const vn__scan_attr *const a = attr_of(scan);
    *carry = (int)(v - scan->out) - a->n_carry - a->n_ys;
    return *carry >= 0 && *carry < a->n_carry ? scan : NULL;
}

/* The operand of `forward` from `from` to `to` that is v; -1: none. */
static int32_t find_operand(const vn__instr *forward, uint32_t v, int from, int to)
{
    for (int i = from; i < to; i++)
        if (forward->in[i] == v)
            return i;
    return -1;
}

static int32_t source_of(const pair *p, int i)
{
    const vn__scan_attr *const a = attr_of(p->forward), *const b = attr_of(p->reverse);
    const int xs = a->n_carry + a->n_xs;
    const uint32_t v = p->reverse->in[i];
    int carry;
    if (i < b->n_carry)
        return -1;
    if (i >= b->n_carry + b->n_xs)
        return find_operand(p->forward, v, xs, p->forward->n_in);
    return history_of(p->tape, v, &carry) == p->forward
               ? carry
               : find_operand(p->forward, v, a->n_carry, xs);
}

/* Is it the reverse of a scan? Steps that a gate leaves out must be the same in both. */
static bool find_forward(pair *p, const vn__instr *reverse)
{
    const vn__scan_attr *const b = attr_of(reverse);
    p->reverse = reverse;
    p->body = b->body;
    p->forward = NULL;
    int carry;
    for (int i = b->n_carry; i < b->n_carry + b->n_xs && !p->forward; i++)
        p->forward = history_of(p->tape, reverse->in[i], &carry);
    if (!p->forward)
        return false;
    const vn__scan_attr *const a = attr_of(p->forward);
    p->axes = p->tape->value[p->forward->out].axes;
    if (a->length != b->length || a->length == 0 || a->reverse == b->reverse)
        return false;
    for (int i = 0; i < reverse->n_in; i++)
        p->source[i] = source_of(p, i);
    return b->gate ? p->source[b->gate - 1] == a->gate - 1 : !a->gate;
}

/* --------------------------------------------------------------- what is to be kept */

static bool is_pure(const vn_op *op)
{
    return !(op->flags & VN_OP_EFFECT) && op != &vn__op_barrier && op != &vn__op_fault &&
           op != &vn__op_error_if;
}

static void find_known(const pair *p)
{
    const vn__tape *const t = p->body;
    for (int64_t v = 0; v < t->n_value; v++)
        p->known[v] = t->value[v].constant;
    for (int64_t i = 0; i < t->n_input; i++)
        p->known[t->input[i]] = p->source[i] >= 0;
    for (int64_t k = 0; k < t->n_instr; k++) {
        const vn__instr *const instr = &t->instr[k];
        bool known = is_pure(instr->op) && instr->n_in > 0;
        for (int i = 0; i < instr->n_in; i++)
            known = known && p->known[instr->in[i]];
        for (int j = 0; j < instr->n_out; j++)
            p->known[instr->out + (uint32_t)j] = known;
    }
}

/* Arithmetic, and moves of elements. */
static bool is_cheap(const vn_op *op)
{
    if (!(op->flags & VN_OP_ELEMENTWISE))
        return op->flags & VN_OP_LINEAR && !op->flops;
    return op->flags & (VN_OP_LINEAR | VN_OP_BILINEAR | VN_OP_NO_GRADIENT) ||
           op == &vn__op_square || op == &vn__op_relu || op == &vn__op_abs || op->n_in == 3;
}

static double work_of(const pair *p, const vn__instr *instr)
{
    const vn__tape *const t = p->body;
    vn_aval in[VN__MAX_OPERANDS];
    for (int i = 0; i < instr->n_in; i++)
        in[i] = t->value[instr->in[i]].aval;
    if (instr->op->flops)
        return instr->op->flops(instr->attr, in, instr->n_in, &t->value[instr->out].aval);
    return (double)vn_shape_size(t->value[instr->out].aval.shape) *
           (is_cheap(instr->op) ? 1 : DEAR);
}

static const vn__instr *maker_of(const pair *p, uint32_t v)
{
    const vn__value *const value = &p->body->value[v];
    return value->constant || value->instr == VN__NO_INSTR ? NULL
                                                           : &p->body->instr[value->instr];
}

static int64_t bytes_of(const pair *p, uint32_t v)
{
    return vn__aval_bytes(p->body->value[v].aval);
}

/* Can v be a y of the forward scan? */
static bool can_keep(const pair *p, uint32_t v)
{
    const vn__value *const value = &p->body->value[v];
    return maker_of(p, v)->n_out == 1 && value->axes == p->axes &&
           value->aval.shape.rank < VN_MAX_RANK;
}

/* What is kept for v: itself, or what it is made of cheaply. */
static int64_t price_of(const pair *p, uint32_t v)
{
    const vn__instr *const maker = maker_of(p, v);
    const int64_t own = can_keep(p, v) ? bytes_of(p, v) : INT64_MAX;
    int64_t parts = 0;
    if (p->kept[v])
        return 0;
    if (!is_cheap(maker->op) && can_keep(p, v))
        return own;
    for (int i = 0; i < maker->n_in && parts < own; i++) {
        const int64_t more = p->price[maker->in[i]];
        parts = more > own - parts ? own : parts + more;
    }
    return parts;
}

static void find_prices(const pair *p)
{
    const vn__tape *const t = p->body;
    memset(p->price, 0, (size_t)t->n_value * sizeof *p->price);
    for (int64_t k = 0; k < t->n_instr; k++)
        for (int j = 0; j < t->instr[k].n_out && p->known[t->instr[k].out]; j++)
            p->price[t->instr[k].out + (uint32_t)j] =
                price_of(p, t->instr[k].out + (uint32_t)j);
}

static void keep_parts(pair *p, uint32_t v)
{
    const vn__instr *const maker = maker_of(p, v);
    if (!maker || p->price[v] == 0 || p->kept[v] || p->n == MAX_KEPT ||
        p->needed[maker - p->body->instr])
        return;
    p->needed[maker - p->body->instr] = true; /* has been here */
    if (can_keep(p, v) && (!is_cheap(maker->op) || p->price[v] == bytes_of(p, v))) {
        p->kept[v] = true;
        p->value[p->n++] = v;
        return;
    }
    for (int i = 0; i < maker->n_in; i++)
        keep_parts(p, maker->in[i]);
}

static void keep(pair *p, uint32_t v)
{
    find_prices(p);
    memset(p->needed, 0, (size_t)p->body->n_instr);
    keep_parts(p, v);
}

/* A value at the border: known, and read by what is not. */
static bool is_border(const pair *p, const vn__instr *reader, uint32_t v)
{
    return !p->known[reader->out] && p->known[v] && maker_of(p, v);
}

/* The dear ones first: the others may then be made of them. */
static void choose(pair *p)
{
    const vn__tape *const t = p->body;
    for (int cheap = 0; cheap < 2; cheap++)
        for (int64_t k = 0; k < t->n_instr; k++)
            for (int i = 0; i < t->instr[k].n_in; i++) {
                const uint32_t v = t->instr[k].in[i];
                if (is_border(p, &t->instr[k], v) && is_cheap(maker_of(p, v)->op) == cheap)
                    keep(p, v);
            }
}

static void need(const pair *p, uint32_t v, bool again)
{
    const vn__instr *const maker = maker_of(p, v);
    if (!maker || (!again && p->kept[v]) || p->needed[maker - p->body->instr])
        return;
    p->needed[maker - p->body->instr] = true;
    for (int i = 0; i < maker->n_in; i++)
        need(p, maker->in[i], again);
}

/* The work of the forward in a step of the reverse; again: all of it, else with what is
 * kept. */
static double forward_work(const pair *p, bool again)
{
    const vn__tape *const t = p->body;
    double work = 0;
    memset(p->needed, 0, (size_t)t->n_instr);
    for (int64_t k = 0; k < t->n_instr; k++)
        for (int i = 0; i < t->instr[k].n_in; i++)
            if (is_border(p, &t->instr[k], t->instr[k].in[i]))
                need(p, t->instr[k].in[i], again);
    for (int64_t k = 0; k < t->n_instr; k++)
        work += p->needed[k] ? work_of(p, &t->instr[k]) : 0;
    return work;
}

static bool is_worth_it(const pair *p)
{
    int64_t bytes = 0;
    for (int k = 0; k < p->n; k++)
        bytes += bytes_of(p, p->value[k]);
    if (p->n == 0 || p->n == MAX_KEPT || p->forward->n_out + p->n > VN__MAX_LOOP_VALUES ||
        p->reverse->n_in + p->n > VN__MAX_LOOP_VALUES)
        return false;
    return bytes <= KEPT_BYTES / attr_of(p->forward)->length &&
           forward_work(p, true) - forward_work(p, false) >= FLOPS_A_BYTE * (double)bytes;
}

/* -------------------------------------------------------------------- the new bodies */

/* The body with other inputs and outputs and some of its instructions. */
typedef struct excerpt {
    vn__tape tape;
    vn__instr *instr;
    uint32_t *input;
} excerpt;

static bool excerpt_begin(excerpt *e, const vn__tape *of, int more)
{
    e->tape = *of;
    e->instr = vn__alloc((size_t)(of->n_instr + 1) * sizeof *e->instr);
    e->input = vn__alloc((size_t)(of->n_input + more + 1) * sizeof *e->input);
    if (e->input && of->n_input)
        memcpy(e->input, of->input, (size_t)of->n_input * sizeof *e->input);
    e->tape.instr = e->instr;
    e->tape.input = e->input;
    e->tape.n_instr = 0;
    return e->instr && e->input;
}

static void excerpt_end(const excerpt *e)
{
    vn__free(e->instr);
    vn__free(e->input);
}

/* What is kept, from the forward's inputs. */
static vn_status make_kept(vn_array *out[], const pair *p, vn_array *const in[])
{
    vn_array *x[VN__MAX_OPERANDS];
    excerpt e;
    memset(p->needed, 0, (size_t)p->body->n_instr);
    for (int k = 0; k < p->n; k++)
        need(p, p->value[k], true);
    if (excerpt_begin(&e, p->body, 0)) {
        for (int64_t k = 0; k < p->body->n_instr; k++)
            if (p->needed[k])
                e.instr[e.tape.n_instr++] = p->body->instr[k];
        for (int64_t i = 0; i < p->body->n_input; i++)
            x[i] = p->source[i] < 0 ? NULL : in[p->source[i]];
        e.tape.output = (uint32_t *)(uintptr_t)p->value;
        e.tape.n_output = p->n;
        (void)vn__tape_inline(out, &e.tape, x);
    }
    excerpt_end(&e);
    return vn_error_status();
}

/* The rest of the reverse, given what is kept as inputs behind the others. */
static vn_status make_rest(vn_array *out[], const pair *p, vn_array *const in[])
{
    excerpt e;
    if (excerpt_begin(&e, p->body, p->n)) {
        for (int64_t k = 0; k < p->body->n_instr; k++)
            if (!p->kept[p->body->instr[k].out])
                e.instr[e.tape.n_instr++] = p->body->instr[k];
        memcpy(e.input + p->body->n_input, p->value, (size_t)p->n * sizeof *p->value);
        e.tape.n_input += p->n;
        (void)vn__tape_inline(out, &e.tape, in);
    }
    excerpt_end(&e);
    return vn_error_status();
}

/* A body with inputs like those of `old`, and those that are kept before input `at` (-1:
 * none); in: `old`'s inputs in order, then the kept. */
static vn__tape *begin_body(vn_array *in[], vn__tape *parent, const vn__tape *old,
                            const pair *p, int64_t at)
{
    vn__tape *const to = vn__tape_new(parent, false);
    for (int64_t i = 0; to && i <= old->n_input; i++) {
        for (int k = 0; i == at && k < p->n; k++)
            in[old->n_input + k] =
                vn__input_like(to, &p->body->value[p->value[k]], p->axes);
        if (i < old->n_input)
            in[i] = vn__input_like(to, &old->value[old->input[i]],
                                   old->value[old->input[i]].axes);
    }
    return to;
}

static vn__tape *forward_body(vn__tape *parent, const pair *p)
{
    const vn__scan_attr *const a = attr_of(p->forward);
    const int64_t n = a->body->n_output, first = a->n_carry + a->n_ys;
    vn_array *in[VN__MAX_OPERANDS], *y[VN__MAX_RESULTS + MAX_KEPT];
    vn__tape *const to = begin_body(in, parent, a->body, p, -1);
    if (!to)
        return NULL;
    vn__tape_push(to);
    if (vn_ok() && vn__tape_inline(y, a->body, in) == VN_ERR_OK) {
        memmove(y + first + p->n, y + first, (size_t)(n - first) * sizeof *y);
        (void)make_kept(y + first, p, in);
    }
    vn__tape_pop();
    return vn__end_body(to, n + p->n, y);
}

static vn__tape *reverse_body(vn__tape *parent, const pair *p)
{
    const vn__scan_attr *const b = attr_of(p->reverse);
    vn_array *in[VN__MAX_OPERANDS], *y[VN__MAX_RESULTS];
    vn__tape *const to = begin_body(in, parent, b->body, p, b->n_carry + b->n_xs);
    if (!to)
        return NULL;
    vn__tape_push(to);
    if (vn_ok())
        (void)make_rest(y, p, in);
    vn__tape_pop();
    return vn__end_body(to, b->body->n_output, y);
}

/* ---------------------------------------------------------------------- the new tape */

static vn_status copy_forward(vn__tape *to, vn_array *map[], pair *p, vn_array *const in[])
{
    vn__scan_attr a = *attr_of(p->forward);
    vn_array *out[VN__MAX_RESULTS];
    const int first = a.n_carry + a.n_ys;
    a.n_ys += p->n;
    VN_TRY(vn__record_scan(out, to, &a, forward_body(to, p), p->forward->n_in, in));
    for (int j = 0; j < p->forward->n_out; j++)
        map[p->forward->out + (uint32_t)j] = out[j < first ? j : j + p->n];
    memcpy(p->stacked, out + first, (size_t)p->n * sizeof *out);
    return VN_ERR_OK;
}

static vn_status copy_reverse(vn__tape *to, vn_array *map[], const pair *p,
                              vn_array *const in[])
{
    vn__scan_attr b = *attr_of(p->reverse);
    vn_array *x[VN__MAX_OPERANDS], *out[VN__MAX_RESULTS];
    const int first = b.n_carry + b.n_xs, n = p->reverse->n_in;
    memcpy(x, in, (size_t)first * sizeof *x);
    memcpy(x + first, p->stacked, (size_t)p->n * sizeof *x);
    memcpy(x + first + p->n, in + first, (size_t)(n - first) * sizeof *x);
    b.n_xs += p->n;
    VN_TRY(vn__record_scan(out, to, &b, reverse_body(to, p), n + p->n, x));
    for (int j = 0; j < p->reverse->n_out; j++)
        map[p->reverse->out + (uint32_t)j] = out[j];
    return VN_ERR_OK;
}

static bool replace(vn__tape *to, vn_array *map[], const vn__instr *instr,
                    vn_array *const in[], void *context)
{
    pair *const p = context;
    if (instr == p->forward)
        (void)copy_forward(to, map, p, in);
    else if (instr == p->reverse)
        (void)copy_reverse(to, map, p, in);
    return instr == p->forward || instr == p->reverse;
}

static void pair_free(pair *p)
{
    vn__free(p->known);
    vn__free(p->kept);
    vn__free(p->needed);
    vn__free(p->price);
}

static bool find_pair(pair *p, const vn__tape *tape)
{
    p->tape = tape;
    for (int64_t k = 0; k < tape->n_instr; k++) {
        if (tape->instr[k].op != &vn__op_scan || !find_forward(p, &tape->instr[k]))
            continue;
        p->n = 0;
        p->known = vn__alloc_zero((size_t)p->body->n_value + 1);
        p->kept = vn__alloc_zero((size_t)p->body->n_value + 1);
        p->needed = vn__alloc_zero((size_t)p->body->n_instr + 1);
        p->price = vn__alloc((size_t)(p->body->n_value + 1) * sizeof *p->price);
        if (p->known && p->kept && p->needed && p->price) {
            find_known(p);
            choose(p);
            if (is_worth_it(p))
                return true;
        }
        pair_free(p);
    }
    return false;
}

vn__tape *vn__keep_residuals(vn__tape *tape)
{
    pair *const p = vn__alloc(sizeof *p);
    if (!p || !tape || !find_pair(p, tape)) {
        vn__free(p);
        return NULL;
    }
    vn__tape *const to = vn__tape_replace(tape, replace, p);
    pair_free(p);
    vn__free(p);
    return to;
}
