/* SPDX-License-Identifier: MIT */
/* Scans inside a program. The body is a program of its own whose parameters point into the
 * operands and results of the loop: step t reads slice t of xs and writes slice t of ys where
 * it lies. With a gate, steps in which it is false everywhere are not run. */
#include "core/plan/slices.h"

/* ------------------------------------------------------------------------ building */

/* Nobody reads the carries before each step: they are not kept. */
static void drop_history(const vn__compiler *c, vn__step *s, const vn__instr *instr)
{
    const vn__scan_attr *const a = instr->attr;
    const int first = a->n_carry + a->n_ys;
    for (int i = 0; i < a->n_carry; i++)
        if (c->uses[instr->out + (uint32_t)(first + i)])
            return;
    s->drop_from = first;
    s->drop_to = first + a->n_carry;
}

/* Is term j only read by a sum over the lanes? Then the body adds it up over lanes and steps at
 * once: weight gradients of recurrent cells never exist per example. */
static bool is_summed(vn__compiler *c, vn__step *s, const vn__instr *instr, int j)
{
    const vn__scan_attr *const a = instr->attr;
    const int term = a->n_carry + a->n_ys + j, sum = a->n_carry + term;
    const uint32_t v = instr->out + (uint32_t)sum, k = c->reader[v];
    const uint64_t lane = c->lane < 0 ? 0 : 1ull << c->lane;
    if (c->lane < 0 || c->uses[v] != 1 || k == VN__NO_INSTR || c->out_of[v] >= 0 ||
        c->tape->value[v].axes != lane || a->body->value[a->body->output[term]].axes != lane)
        return false;
    const vn__instr *const reader = &c->tape->instr[k];
    if (reader->op != &vn__op_axis_sum ||
        ((const vn__axis_attr *)reader->attr)->axis != c->lane)
        return false;
    c->absorbed[k] = true;
    vn__step_set_out(c, s, sum, reader->out);
    return true;
}

static vn_status find_summed(vn__compiler *c, vn__step *s, const vn__instr *instr)
{
    const vn__scan_attr *const a = instr->attr;
    bool *const summed = vn__arena_alloc(&c->program->arena, (size_t)a->body->n_output + 1);
    if (!summed)
        return vn_error_status();
    memset(summed, 0, (size_t)a->body->n_output + 1);
    for (int j = 0; j < a->n_sums; j++)
        summed[a->n_carry + a->n_ys + j] = is_summed(c, s, instr, j);
    s->summed = summed;
    return VN_ERR_OK;
}

/* Buffers: two for each carry, one for each x and each y or term, then the body's workspace. */
vn_status vn__build_scan(vn__compiler *c, const vn__instr *instr)
{
    const vn__scan_attr *const a = instr->attr;
    vn__step *s =
        vn__step_new(c, VN__STEP_SCAN, instr->n_in, instr->in, instr->n_out, instr->out);
    if (!s)
        return vn_error_status();
    s->op = instr->op;
    s->attr = a;
    drop_history(c, s, instr);
    VN_TRY(find_summed(c, s, instr));
    s->body = vn__compile_body(c, a->body, c->program->max_panels, a->n_carry + a->n_xs, NULL,
                               s->summed);
    if (!s->body)
        return vn_error_status();
    const vn__program *const b = s->body;
    s->buffer = vn__arena_alloc(&c->program->arena,
                                (size_t)(2 * (b->n_in + b->n_out) + 2) * sizeof *s->buffer);
    s->blocks = vn__arena_alloc(&c->program->arena,
                                (size_t)(b->n_in + b->n_out + 1) * sizeof *s->blocks);
    if (!s->buffer || !s->blocks)
        return vn_error_status();
    int64_t bytes = 0;
    for (int i = 0; i < b->n_in; i++) {
        s->blocks[i] = vn__turns_of(c, &b->in_slot[i]);
        s->buffer[i] =
            i < a->n_carry + a->n_xs ? vn__take_buffer(c, &b->in_slot[i], &bytes) : 0;
    }
    for (int j = 0; j < b->n_out; j++) {
        s->blocks[b->n_in + j] = vn__turns_of(c, &b->out_slot[j]);
        s->buffer[b->n_in + j] = vn__take_buffer(c, &b->out_slot[j], &bytes);
    }
    s->buffer[b->n_in + b->n_out] = bytes;
    s->rows = bytes + b->work_bytes;
    c->program->flops += b->flops * (double)a->length;
    return VN_ERR_OK;
}

/* ------------------------------------------------------------------------- running */

typedef struct scanning {
    const vn__step *s;
    const vn__scan_attr *a;
    const vn__frame *f;
    vn__pointer in[VN__MAX_PARAMETERS], out[VN__MAX_RESULTS]; /* operands and results */
    vn__pointer x[VN__MAX_PARAMETERS], y[VN__MAX_PARAMETERS]; /* the same of the body */
    char *scratch;
    int64_t first; /* number of the first step that is run */
    bool history;  /* is kept */
} scanning;

static int64_t time_of(const scanning *r, int64_t k)
{
    return r->a->reverse ? r->a->length - 1 - k : k;
}

static vn__pointer buffer(const scanning *r, int index, const vn__slot *slot)
{
    return vn__buffer_at(r->scratch + r->s->buffer[index], slot);
}

static vn__stack stack_in(const scanning *r, int operand)
{
    return (vn__stack){ r->in[operand], r->s->blocks[operand], r->a->length };
}

static vn__stack stack_out(const scanning *r, int result)
{
    return (vn__stack){ r->out[result], r->s->blocks[r->s->body->n_in + result], r->a->length };
}

static vn__stack history_of(const scanning *r, int i)
{
    return (vn__stack){ r->out[r->a->n_carry + r->a->n_ys + i], r->s->blocks[i],
                        r->a->length };
}

static vn__pointer read_slice(const scanning *r, int operand, int64_t t)
{
    const vn__slot *const slot = &r->s->body->in_slot[operand];
    const vn__stack stack = stack_in(r, operand);
    return vn__read_slice(r->f, &stack, buffer(r, operand, slot), slot, t);
}

/* Where a carry lies at step number k (0 .. length): in the history, or in turn in two
 * buffers. */
static vn__pointer carry_at(const scanning *r, int i, int64_t k)
{
    const vn__scan_attr *const a = r->a;
    const vn__slot *const slot = &r->s->body->in_slot[i];
    const vn__stack history = history_of(r, i);
    if (k == a->length)
        return r->out[i];
    if (r->history && history.blocks == 1)
        return vn__slice_at(&history, slot, time_of(r, k));
    return buffer(r, k % 2 ? r->s->body->n_in + i : i, slot);
}

/* The parameters of the body that stay where they are. */
static void place_fixed(scanning *r)
{
    const vn__scan_attr *const a = r->a;
    const vn__program *const b = r->s->body;
    for (int i = a->n_carry + a->n_xs; i < b->n_in; i++)
        r->x[i] = r->in[i];
    for (int j = a->n_carry; j < b->n_out; j++)
        r->y[j] =
            r->s->summed[j] ? r->out[a->n_carry + j] : buffer(r, b->n_in + j, &b->out_slot[j]);
}

/* Those that move from step to step: a carry that was made is read next. */
static void place_moving(scanning *r, int64_t k, int64_t t)
{
    const vn__scan_attr *const a = r->a;
    const vn__program *const b = r->s->body;
    for (int i = 0; i < a->n_carry; i++) {
        r->x[i] = k == r->first ? carry_at(r, i, k) : r->y[i];
        r->y[i] = carry_at(r, i, k + 1);
    }
    for (int i = a->n_carry; i < a->n_carry + a->n_xs; i++)
        r->x[i] = read_slice(r, i, t);
    for (int j = a->n_carry; j < a->n_carry + a->n_ys; j++) {
        const vn__stack stack = stack_out(r, j);
        if (stack.blocks == 1)
            r->y[j] = vn__slice_at(&stack, &b->out_slot[j], t);
    }
}

static void run_body(scanning *r, int64_t k, int64_t t)
{
    const vn__scan_attr *const a = r->a;
    const vn__program *const b = r->s->body;
    place_moving(r, k, t);
    vn__frame frame = *r->f;
    frame.fresh = frame.fresh && k == r->first;
    vn__run_inner(b, &frame, r->x, r->y, r->scratch + r->s->buffer[b->n_in + b->n_out],
                  r->s->prepared >= 0 && r->f->prepared ? r->f->prepared + r->s->prepared
                                                        : NULL);
    for (int j = a->n_carry; j < a->n_carry + a->n_ys; j++) {
        const vn__stack stack = stack_out(r, j);
        if (stack.blocks > 1)
            vn__move_slice(r->f, &stack, r->y[j], &b->out_slot[j], t, false);
    }
    for (int j = 0; j < a->n_sums; j++) {
        const int term = a->n_carry + a->n_ys + j;
        if (!r->s->summed[term])
            vn__add_term(r->f, r->out[a->n_carry + term], r->y[term], &b->out_slot[term],
                         k == r->first);
    }
}

/* History of carries whose slices are not contiguous is copied. */
static void keep_history(const scanning *r, int64_t k, int64_t t)
{
    for (int i = 0; r->history && i < r->a->n_carry; i++) {
        const vn__stack history = history_of(r, i);
        if (history.blocks > 1)
            vn__move_slice(r->f, &history, carry_at(r, i, k), &r->s->body->in_slot[i], t,
                           false);
    }
}

/* --------------------------------------------------------------------------- gates */

static bool gate_open(const scanning *r, int64_t k)
{
    const int gate = r->a->gate - 1;
    if (gate < 0)
        return true;
    const vn__pointer flags =
        gate < r->a->n_carry ? carry_at(r, gate, k) : read_slice(r, gate, time_of(r, k));
    return vn__any_true(r->f, flags, &r->s->body->in_slot[gate]);
}

/* The steps from k on are not run: the carries are final, the gate's history is false. */
static void finish(const scanning *r, int64_t k)
{
    const vn__slot *const slots = r->s->body->in_slot;
    for (int i = 0; i < r->a->n_carry; i++)
        vn__copy_value(r->f, r->out[i], carry_at(r, i, k), &slots[i]);
    const int gate = r->a->gate - 1;
    for (; r->history && gate < r->a->n_carry && k < r->a->length; k++) {
        const vn__stack history = history_of(r, gate);
        vn__move_slice(r->f, &history, r->out[gate], &slots[gate], time_of(r, k), false);
    }
}

void vn__run_scan(const vn__step *s, const vn__frame *f)
{
    scanning r; /* not cleared: large, and little of it is used */
    r.s = s;
    r.a = s->attr;
    r.f = f;
    r.scratch = f->work + s->scratch;
    r.first = 0;
    r.history = false;
    const vn__scan_attr *const a = r.a;
    r.history = s->drop_to == s->drop_from;
    for (int i = 0; i < s->n_in; i++)
        r.in[i].at = vn__address(&s->in[i], f, &r.in[i].panel);
    for (int j = 0; j < s->n_out; j++)
        r.out[j].at = vn__address(&s->out[j], f, &r.out[j].panel);
    while (a->gate > a->n_carry && r.first < a->length && !gate_open(&r, r.first))
        r.first++;
    for (int i = 0; i < a->n_carry; i++)
        vn__copy_value(f, carry_at(&r, i, r.first), r.in[i], &s->body->in_slot[i]);
    place_fixed(&r);
    int64_t k = r.first;
    for (; k < a->length && gate_open(&r, k); k++) {
        keep_history(&r, k, time_of(&r, k));
        run_body(&r, k, time_of(&r, k));
    }
    for (int j = 0; k == r.first && j < a->n_sums; j++) {
        const int sum = 2 * a->n_carry + a->n_ys + j;
        if (f->fresh || !s->summed[sum - a->n_carry])
            vn__clear_value(f, r.out[sum], &s->out_slot[sum]);
    }
    if (k < a->length)
        finish(&r, k);
}
