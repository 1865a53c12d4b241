/* SPDX-License-Identifier: MIT */
/* While loops inside a program, and their reverse mode. A tile is run panel by panel: each
 * panel stops when none of its examples is active, and has a schedule of checkpoints of its
 * own. Logs (the last carries) stay where they are: the body writes them in place. */
#include "core/plan/schedule.h"
#include "core/plan/slices.h"

#define TYPICAL_STEPS 100 /* of a loop that ends by its condition, for the cost model */

static int64_t room_for(int64_t *bytes, int64_t size)
{
    const int64_t at = *bytes;
    *bytes += vn__aligned(size);
    return at;
}

static int64_t slot_room(int64_t *bytes, const vn__slot *slot, int64_t times)
{
    return room_for(bytes, times * vn__aligned(slot->bytes));
}

static void count_flops(vn__compiler *c, double one, int64_t length)
{
    c->program->flops += one * (double)(length < TYPICAL_STEPS ? length : TYPICAL_STEPS);
}

static vn__step *new_step(vn__compiler *c, vn__step_kind kind, const vn__instr *instr,
                          int64_t n_buffers)
{
    vn__step *const s = vn__step_new(c, kind, instr->n_in, instr->in, instr->n_out, instr->out);
    if (!s)
        return NULL;
    s->op = instr->op;
    s->attr = instr->attr;
    vn__arena *const arena = &c->program->arena;
    s->buffer = vn__arena_alloc(arena, (size_t)(n_buffers + 1) * sizeof *s->buffer);
    s->blocks = vn__arena_alloc(arena, (size_t)(instr->n_in + instr->n_out + 1) *
                                           sizeof *s->blocks);
    if (!s->buffer || !s->blocks)
        return NULL;
    for (int i = 0; i < instr->n_in; i++)
        s->blocks[i] = vn__turns_of(c, &s->in_slot[i]);
    for (int j = 0; j < instr->n_out; j++)
        s->blocks[instr->n_in + j] = vn__turns_of(c, &s->out_slot[j]);
    return s;
}

/* ------------------------------------------------------------------------- one panel */

/* A step at work on one panel (or on a value without lanes). */
typedef struct looping {
    const vn__step *s;
    vn__frame f;
    vn__pointer in[VN__MAX_OPERANDS], out[VN__MAX_RESULTS];
    char *scratch;
} looping;

static vn__pointer buffer_of(const looping *l, int index, const vn__slot *slot)
{
    return vn__buffer_at(l->scratch + l->s->buffer[index], slot);
}

static vn__stack operand_stack(const looping *l, int i, int64_t length)
{
    return (vn__stack){ l->in[i], l->s->blocks[i], length };
}

static vn__stack result_stack(const looping *l, int j, int64_t length)
{
    return (vn__stack){ l->out[j], l->s->blocks[l->s->n_in + j], length };
}

static char *prepared_at(const looping *l, int64_t offset)
{
    return l->s->prepared >= 0 && l->f.prepared ? l->f.prepared + l->s->prepared + offset
                                                : NULL;
}

/* Calls run for each panel of the frame. */
static void each_panel(const vn__step *s, const vn__frame *f, void (*run)(looping *l))
{
    const int64_t panels = s->tiled ? f->panels : 1;
    looping l = { .s = s, .f = *f, .scratch = f->work + s->scratch };
    for (int64_t p = 0; p < panels; p++) {
        for (int i = 0; i < s->n_in; i++) {
            l.in[i].at = vn__address(&s->in[i], f, &l.in[i].panel);
            l.in[i].at += p * l.in[i].panel;
        }
        for (int j = 0; j < s->n_out; j++) {
            l.out[j].at = vn__address(&s->out[j], f, &l.out[j].panel);
            l.out[j].at += p * l.out[j].panel;
        }
        if (s->tiled) {
            l.f.panels = 1;
            l.f.first = f->first + p * s->lanes;
            l.f.valid = f->valid - p * s->lanes < s->lanes ? f->valid - p * s->lanes : s->lanes;
        }
        run(&l);
    }
}

/* ------------------------------------------------------------------------------ while
 * buffers: the second place of each carry, each y, the flag, the saver, its steps, the
 * workspace of the parts */

static int flag_of(const vn__while_attr *a) { return a->n_carry + a->n_ys; }

/* Nobody takes the derivative: no checkpoints. */
static void drop_checkpoints(const vn__compiler *c, vn__step *s, const vn__instr *instr)
{
    const vn__while_attr *const a = instr->attr;
    for (int j = a->n_carry + a->n_ys; j < instr->n_out; j++)
        if (c->uses[instr->out + (uint32_t)j])
            return;
    s->drop_from = a->n_carry + a->n_ys;
    s->drop_to = instr->n_out;
}

vn_status vn__build_while(vn__compiler *c, const vn__instr *instr)
{
    const vn__while_attr *const a = instr->attr;
    const int flag = flag_of(a), plain = a->n_carry - a->n_buffers;
    vn__step *const s = new_step(c, VN__STEP_WHILE, instr, flag + 4);
    if (!s)
        return vn_error_status();
    drop_checkpoints(c, s, instr);
    s->cond = a->cond ? vn__compile_body(c, a->cond, 1, a->n_carry, NULL, NULL) : NULL;
    s->body = vn__compile_body(c, a->body, 1, a->n_carry + a->n_xs,
                               &(vn__logs){ plain, plain, a->n_buffers }, NULL);
    if (!s->body || (a->cond && !s->cond))
        return vn_error_status();
    int64_t bytes = 0, work = s->body->work_bytes;
    for (int j = 0; j < a->n_carry + a->n_ys; j++)
        s->buffer[j] = slot_room(&bytes, &s->body->out_slot[j], 1);
    s->buffer[flag] = s->cond ? slot_room(&bytes, &s->cond->out_slot[0], 1) : 0;
    s->buffer[flag + 1] = room_for(&bytes, a->slots ? vn__saver_bytes(a->slots) : 0);
    s->buffer[flag + 2] = room_for(&bytes, a->slots * (int64_t)sizeof(int64_t));
    s->buffer[flag + 3] = bytes;
    if (s->cond && s->cond->work_bytes > work)
        work = s->cond->work_bytes;
    for (int i = 0; i < a->n_xs; i++)
        slot_room(&work, &s->body->in_slot[a->n_carry + i], 1);
    s->rows = bytes + work;
    count_flops(c, s->body->flops + (s->cond ? s->cond->flops : 0), a->length);
    return VN_ERR_OK;
}

static bool is_active(const looping *l, const vn__while_attr *a, const vn__pointer carry[])
{
    const vn__program *const cond = l->s->cond;
    if (!cond)
        return true;
    vn__pointer in[VN__MAX_PARAMETERS];
    const vn__pointer flag = buffer_of(l, flag_of(a), &cond->out_slot[0]);
    for (int i = 0; i < cond->n_in; i++)
        in[i] = i < a->n_carry ? carry[i] : l->in[i + a->n_xs];
    vn__run_inner(cond, &l->f, in, &flag, l->scratch + l->s->buffer[flag_of(a) + 3],
                  prepared_at(l, 0));
    return vn__any_true(&l->f, flag, &cond->out_slot[0]);
}

/* One step from carry to next; x and y of step k. */
static void step_forward(const looping *l, const vn__while_attr *a, const vn__pointer carry[],
                         const vn__pointer next[], int64_t k)
{
    const vn__program *const body = l->s->body;
    vn__pointer in[VN__MAX_PARAMETERS], out[VN__MAX_PARAMETERS];
    char *work = l->scratch + l->s->buffer[flag_of(a) + 3];
    for (int i = 0; i < body->n_in; i++) {
        if (i >= a->n_carry && i < a->n_carry + a->n_xs) {
            const vn__stack xs = operand_stack(l, i, a->length);
            in[i] = vn__read_slice(&l->f, &xs, vn__buffer_at(work, &body->in_slot[i]),
                                   &body->in_slot[i], k);
            work += vn__aligned(body->in_slot[i].bytes);
        } else {
            in[i] = i < a->n_carry ? carry[i] : l->in[i + a->n_cond_captured];
        }
    }
    for (int j = 0; j < body->n_out; j++) {
        const vn__stack ys = result_stack(l, j, a->length);
        out[j] = j < a->n_carry   ? next[j]
                 : ys.blocks == 1 ? vn__slice_at(&ys, &body->out_slot[j], k)
                                  : buffer_of(l, j, &body->out_slot[j]);
    }
    vn__run_inner(body, &l->f, in, out, work,
                  prepared_at(l, l->s->cond ? vn__aligned(l->s->cond->prepared_bytes) : 0));
    for (int j = a->n_carry; j < body->n_out; j++) {
        const vn__stack ys = result_stack(l, j, a->length);
        if (ys.blocks > 1)
            vn__move_slice(&l->f, &ys, out[j], &body->out_slot[j], k, false);
    }
}

static void keep_carry(const looping *l, const vn__while_attr *a, const vn__pointer carry[],
                       int64_t place)
{
    for (int i = 0; place >= 0 && i < a->n_carry - a->n_buffers; i++) {
        const vn__stack kept = result_stack(l, a->n_carry + a->n_ys + i, a->slots);
        vn__move_slice(&l->f, &kept, carry[i], &l->s->body->out_slot[i], place, false);
    }
}

/* The steps that the places hold and the number of steps, in the first lane. */
static void keep_schedule(const looping *l, const vn__while_attr *a, const vn__saver *saver,
                          int64_t steps)
{
    const int at = 2 * a->n_carry - a->n_buffers + a->n_ys;
    int64_t *const kept = (int64_t *)(void *)l->out[at].at;
    const int64_t stride = l->s->out_slot[at].lanes ? l->s->lanes : 1;
    for (int64_t i = 0; i < a->slots; i++)
        kept[i * stride] = saver->at[i];
    *(int64_t *)(void *)l->out[at + 1].at = steps;
}

static void run_while(looping *l)
{
    const vn__while_attr *const a = l->s->attr;
    const vn__slot *const slots = l->s->body->out_slot;
    vn__pointer carry[2][VN__MAX_PARAMETERS];
    vn__saver saver = { 0 };
    const bool keep = a->slots > 0 && l->s->drop_to == l->s->drop_from;
    if (keep)
        vn__saver_start(&saver, l->scratch + l->s->buffer[flag_of(a) + 1],
                        (int64_t *)(void *)(l->scratch + l->s->buffer[flag_of(a) + 2]),
                        a->slots, a->length);
    for (int i = 0; i < a->n_carry; i++) {
        carry[0][i] = l->out[i];
        carry[1][i] = i < a->n_carry - a->n_buffers ? buffer_of(l, i, &slots[i]) : l->out[i];
        vn__copy_value(&l->f, carry[0][i], l->in[i], &slots[i]);
    }
    int now = 0;
    int64_t k = 0;
    for (; k < a->length && is_active(l, a, carry[now]); k++, now = 1 - now) {
        if (keep)
            keep_carry(l, a, carry[now], vn__saver_place(&saver, k));
        step_forward(l, a, carry[now], carry[1 - now], k);
    }
    for (int i = 0; i < a->n_carry; i++)
        vn__copy_value(&l->f, carry[0][i], carry[now][i], &slots[i]);
    if (keep)
        keep_schedule(l, a, &saver, k);
}

void vn__run_while(const vn__step *s, const vn__frame *f) { each_panel(s, f, run_while); }

/* ----------------------------------------------------------------------------- unwind
 * buffers: two places of each carry that is no log, one for each y of the body, the second
 * place of each G, one for each dx and dv, the carries kept on the way, the unwinder's memory,
 * which places these hold, slices of x and gy, the workspace of the parts */

typedef struct layout {
    int plain; /* carries but logs */
    int y, grad, term, kept, memory, own, slice, work;
    int xs, captured, grads, gys, back; /* operands from where on */
} layout;

static layout layout_of(const vn__unwind_attr *a)
{
    layout o = { .plain = a->n_carry - a->n_buffers };
    const int n_ys = (int)a->body->n_output - a->n_carry;
    o.y = 2 * o.plain;
    o.grad = o.y + n_ys;
    o.term = o.grad + a->n_grads;
    o.kept = o.term + a->n_dxs + a->n_sums;
    o.memory = o.kept + o.plain;
    o.own = o.memory + 1;
    o.slice = o.own + 1;
    o.work = o.slice + a->n_xs + a->n_gys;
    o.xs = o.plain + 2 + a->n_buffers;
    o.captured = o.xs + a->n_xs;
    o.grads = o.captured + a->n_captured;
    o.gys = o.grads + a->n_grads;
    o.back = o.gys + a->n_gys;
    return o;
}

static void unwind_buffers(vn__step *s, const vn__unwind_attr *a, layout o)
{
    int64_t bytes = 0;
    const vn__program *const body = s->body, *const back = s->cond;
    for (int i = 0; i < o.plain; i++) {
        s->buffer[i] = slot_room(&bytes, &body->out_slot[i], 1);
        s->buffer[o.plain + i] = slot_room(&bytes, &body->out_slot[i], 1);
        s->buffer[o.kept + i] = slot_room(&bytes, &body->out_slot[i], a->slots);
    }
    for (int j = a->n_carry; j < body->n_out; j++)
        s->buffer[o.y + j - a->n_carry] = slot_room(&bytes, &body->out_slot[j], 1);
    for (int j = 0; j < back->n_out; j++)
        s->buffer[o.grad + j] = slot_room(&bytes, &back->out_slot[j], 1);
    s->buffer[o.memory] = room_for(&bytes, vn__unwinder_bytes(a->slots));
    s->buffer[o.own] = room_for(&bytes, a->slots);
    for (int i = 0; i < a->n_xs; i++)
        s->buffer[o.slice + i] = slot_room(&bytes, &body->in_slot[a->n_carry + i], 1);
    for (int k = 0; k < a->n_gys; k++)
        s->buffer[o.slice + a->n_xs + k] = slot_room(
            &bytes, &back->in_slot[a->n_carry + a->n_xs + a->n_grads + k], 1);
    s->buffer[o.work] = bytes;
    s->rows = bytes + (body->work_bytes > back->work_bytes ? body->work_bytes
                                                           : back->work_bytes);
}

vn_status vn__build_unwind(vn__compiler *c, const vn__instr *instr)
{
    const vn__unwind_attr *const a = instr->attr;
    const layout o = layout_of(a);
    vn__step *const s = new_step(c, VN__STEP_UNWIND, instr, o.work);
    if (!s)
        return vn_error_status();
    const int log = a->n_grads - a->n_log_grads;
    s->body = vn__compile_body(c, a->body, 1, a->n_carry + a->n_xs,
                               &(vn__logs){ o.plain, o.plain, a->n_buffers }, NULL);
    s->cond = vn__compile_body(c, a->back, 1, a->n_carry + a->n_xs + a->n_grads + a->n_gys,
                               &(vn__logs){ a->n_carry + a->n_xs + log, log, a->n_log_grads },
                               NULL);
    if (!s->body || !s->cond)
        return vn_error_status();
    unwind_buffers(s, a, o);
    count_flops(c, s->body->flops + s->cond->flops, a->length);
    return VN_ERR_OK;
}

/* An unwind at work: the carry at hand, the cotangents so far. */
typedef struct unwinding {
    const looping *l;
    const vn__unwind_attr *a;
    layout o;
    vn__unwinder u;
    bool *own; /* by place: kept here, not by the loop */
    vn__pointer carry[2][VN__MAX_PARAMETERS], grad[2][VN__MAX_PARAMETERS];
    int now, side; /* which of the two carries, cotangents */
    bool first;    /* no step has been differentiated yet */
} unwinding;

static vn__stack kept_stack(const unwinding *w, int i, int64_t place)
{
    const vn__slot *const slot = &w->l->s->body->out_slot[i];
    if (!w->own[place])
        return operand_stack(w->l, i, w->a->slots);
    const int64_t one = vn__aligned(slot->bytes);
    return (vn__stack){ { w->l->scratch + w->l->s->buffer[w->o.kept + i] + place * one, one },
                        1, 1 };
}

static void load_carry(unwinding *w, int64_t place)
{
    for (int i = 0; i < w->o.plain; i++) {
        const vn__stack kept = kept_stack(w, i, place);
        vn__move_slice(&w->l->f, &kept, w->carry[w->now][i], &w->l->s->body->out_slot[i],
                       w->own[place] ? 0 : place, true);
    }
}

static void save_carry(unwinding *w, int64_t place)
{
    w->own[place] = true;
    for (int i = 0; i < w->o.plain; i++) {
        const vn__stack kept = kept_stack(w, i, place);
        vn__move_slice(&w->l->f, &kept, w->carry[w->now][i], &w->l->s->body->out_slot[i], 0,
                       false);
    }
}

/* Inputs that both parts have first: carry and x of step t. */
static void shared_inputs(const unwinding *w, vn__pointer in[], int64_t t)
{
    const vn__unwind_attr *const a = w->a;
    for (int i = 0; i < a->n_carry; i++)
        in[i] = i < w->o.plain ? w->carry[w->now][i] : w->l->in[i + 2];
    for (int i = 0; i < a->n_xs; i++) {
        const vn__slot *const slot = &w->l->s->body->in_slot[a->n_carry + i];
        const vn__stack xs = operand_stack(w->l, w->o.xs + i, a->length);
        in[a->n_carry + i] = vn__read_slice(&w->l->f, &xs,
                                            buffer_of(w->l, w->o.slice + i, slot), slot, t);
    }
}

/* The step at hand again; logs have been written already. */
static void step_again(unwinding *w)
{
    const vn__unwind_attr *const a = w->a;
    const vn__program *const body = w->l->s->body;
    vn__pointer in[VN__MAX_PARAMETERS], out[VN__MAX_PARAMETERS];
    shared_inputs(w, in, w->u.value);
    for (int i = 0; i < a->n_captured; i++)
        in[a->n_carry + a->n_xs + i] = w->l->in[w->o.captured + i];
    for (int j = 0; j < body->n_out; j++)
        out[j] = j < w->o.plain  ? w->carry[1 - w->now][j]
                 : j < a->n_carry ? in[j]
                                  : buffer_of(w->l, w->o.y + j - a->n_carry,
                                              &body->out_slot[j]);
    vn__frame f = w->l->f;
    f.replay = true;
    vn__run_inner(body, &f, in, out, w->l->scratch + w->l->s->buffer[w->o.work],
                  prepared_at(w->l, 0));
    w->now = 1 - w->now;
}

static void step_back(unwinding *w)
{
    const vn__unwind_attr *const a = w->a;
    const looping *const l = w->l;
    const vn__program *const back = l->s->cond;
    const int64_t t = w->u.value;
    const int G = a->n_carry + a->n_xs, gy = G + a->n_grads, captured = gy + a->n_gys;
    vn__pointer in[VN__MAX_PARAMETERS], out[VN__MAX_PARAMETERS];
    shared_inputs(w, in, t);
    for (int k = 0; k < a->n_grads; k++)
        in[G + k] = w->grad[w->side][k];
    for (int k = 0; k < a->n_gys; k++) {
        const vn__stack gys = operand_stack(l, w->o.gys + k, a->length);
        const vn__slot *const slot = &back->in_slot[gy + k];
        in[gy + k] = vn__read_slice(&l->f, &gys,
                                    buffer_of(l, w->o.slice + a->n_xs + k, slot), slot, t);
    }
    for (int i = captured; i < back->n_in; i++)
        in[i] = l->in[w->o.back + i - captured];
    for (int j = 0; j < back->n_out; j++)
        out[j] = j < a->n_grads ? w->grad[1 - w->side][j]
                                : buffer_of(l, w->o.grad + j, &back->out_slot[j]);
    vn__run_inner(back, &l->f, in, out, l->scratch + l->s->buffer[w->o.work],
                  prepared_at(l, vn__aligned(l->s->body->prepared_bytes)));
    for (int j = a->n_grads; j < back->n_out; j++) {
        const vn__stack dxs = result_stack(l, j, a->length);
        if (j < a->n_grads + a->n_dxs)
            vn__move_slice(&l->f, &dxs, out[j], &back->out_slot[j], t, false);
        else
            vn__add_term(&l->f, l->out[j], out[j], &back->out_slot[j], w->first);
    }
    w->first = false;
    w->side = 1 - w->side;
}

static void start_unwinding(unwinding *w)
{
    const looping *const l = w->l;
    const vn__slot *const carries = l->s->body->out_slot, *const grads = l->s->cond->out_slot;
    w->own = (bool *)(void *)(l->scratch + l->s->buffer[w->o.own]);
    memset(w->own, 0, (size_t)w->a->slots);
    w->first = true;
    for (int i = 0; i < w->o.plain; i++) {
        w->carry[0][i] = buffer_of(l, i, &carries[i]);
        w->carry[1][i] = buffer_of(l, w->o.plain + i, &carries[i]);
    }
    for (int k = 0; k < w->a->n_grads; k++) {
        const bool log = k >= w->a->n_grads - w->a->n_log_grads;
        w->grad[0][k] = l->out[k];
        w->grad[1][k] = log ? l->out[k] : buffer_of(l, w->o.grad + k, &grads[k]);
        vn__copy_value(&l->f, w->grad[0][k], l->in[w->o.grads + k], &grads[k]);
    }
}

static void run_unwind(looping *l)
{
    unwinding w = { .l = l, .a = l->s->attr };
    const vn__unwind_attr *const a = w.a;
    w.o = layout_of(a);
    start_unwinding(&w);
    const int64_t steps = *(const int64_t *)(void *)l->in[w.o.plain + 1].at;
    const int64_t stride = l->s->in_slot[w.o.plain].lanes ? l->s->lanes : 1;
    int64_t place = steps ? vn__unwinder_start(&w.u, l->scratch + l->s->buffer[w.o.memory],
                                               (const int64_t *)(void *)l->in[w.o.plain].at,
                                               stride, a->slots, a->length, steps)
                          : -1;
    while (place >= 0) {
        load_carry(&w, place);
        while (!vn__unwinder_turns(&w.u)) {
            step_again(&w);
            const int64_t kept = vn__unwinder_forth(&w.u);
            if (kept >= 0)
                save_carry(&w, kept);
        }
        step_back(&w);
        place = vn__unwinder_back(&w.u);
    }
    for (int k = 0; k < a->n_grads; k++)
        vn__copy_value(&l->f, w.grad[0][k], w.grad[w.side][k], &l->s->cond->out_slot[k]);
    for (int j = a->n_grads + a->n_dxs; w.first && j < l->s->n_out; j++)
        vn__clear_value(&l->f, l->out[j], &l->s->out_slot[j]);
}

void vn__run_unwind(const vn__step *s, const vn__frame *f) { each_panel(s, f, run_unwind); }

/* ------------------------------------------------------------ what is prepared once a run */

static void prepare_part(const vn__program *part, void *const in[], int varying, int captured,
                         char *memory)
{
    void *x[VN__MAX_PARAMETERS] = { NULL };
    for (int i = varying; part && i < part->n_in; i++)
        x[i] = in[captured + i - varying];
    if (part && part->prepared_bytes)
        vn__prepare(part, x, memory);
}

void vn__prepare_while(const vn__step *s, void *const in[], char *memory)
{
    const vn__while_attr *const a = s->attr;
    const int captured = a->n_carry + a->n_xs;
    prepare_part(s->cond, in, a->n_carry, captured, memory);
    prepare_part(s->body, in, captured, captured + a->n_cond_captured,
                 memory + (s->cond ? vn__aligned(s->cond->prepared_bytes) : 0));
}

void vn__prepare_unwind(const vn__step *s, void *const in[], char *memory)
{
    const vn__unwind_attr *const a = s->attr;
    const layout o = layout_of(a);
    const int varying = a->n_carry + a->n_xs;
    prepare_part(s->body, in, varying, o.captured, memory);
    prepare_part(s->cond, in, varying + a->n_grads + a->n_gys, o.back,
                 memory + vn__aligned(s->body->prepared_bytes));
}
