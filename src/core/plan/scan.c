/* SPDX-License-Identifier: MIT */
/* Loops inside a program. The body is a program of its own whose parameters point into the
 * operands and results of the loop: step t reads slice t of xs and writes slice t of ys where
 * it lies. Values with loop axes are [loops][t][..]: their slices are not contiguous and go
 * through a buffer. */
#include <string.h>

#include "core/plan/compile.h"
#include "kernels/kernels.h"

static int64_t aligned(int64_t bytes) { return (bytes + 63) & ~(int64_t)63; }

/* ------------------------------------------------------------------------ building */

static int64_t turns_of(const vn__compiler *c, const vn__slot *slot)
{
    int64_t n = 1;
    for (int a = 0; a < VN__MAX_AXES && slot->loops >> a; a++)
        if (slot->loops >> a & 1)
            n *= vn__tape_axis(c->tape, a)->size;
    return n;
}

static int64_t take_buffer(const vn__compiler *c, const vn__slot *slot, int64_t *bytes)
{
    const int64_t at = *bytes;
    *bytes += aligned(slot->bytes) * (slot->lanes ? c->program->max_panels : 1);
    return at;
}

static vn__program *compile_body(const vn__compiler *c, const vn__tape *body, int n_varying)
{
    return vn__compile(body, c->lane, c->program->lanes, c->program->max_panels, n_varying);
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
    s->body = compile_body(c, a->body, a->n_carry + a->n_xs);
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
        s->blocks[i] = turns_of(c, &b->in_slot[i]);
        s->buffer[i] = i < a->n_carry + a->n_xs ? take_buffer(c, &b->in_slot[i], &bytes) : 0;
    }
    for (int j = 0; j < b->n_out; j++) {
        s->blocks[b->n_in + j] = turns_of(c, &b->out_slot[j]);
        s->buffer[b->n_in + j] = take_buffer(c, &b->out_slot[j], &bytes);
    }
    s->buffer[b->n_in + b->n_out] = bytes;
    s->rows = bytes + b->work_bytes;
    c->program->flops += b->flops * (double)a->length;
    return VN_ERR_OK;
}

vn_status vn__build_while(vn__compiler *c, const vn__instr *instr)
{
    const vn__while_attr *const a = instr->attr;
    vn__step *s =
        vn__step_new(c, VN__STEP_WHILE, instr->n_in, instr->in, instr->n_out, instr->out);
    if (!s)
        return vn_error_status();
    s->op = instr->op;
    s->attr = a;
    s->cond = compile_body(c, a->cond, (int)a->cond->n_input);
    s->body = compile_body(c, a->body, (int)a->body->n_input);
    if (!s->cond || !s->body)
        return vn_error_status();
    s->buffer =
        vn__arena_alloc(&c->program->arena, (size_t)(a->n_carry + 2) * sizeof *s->buffer);
    if (!s->buffer)
        return vn_error_status();
    int64_t bytes = 0;
    for (int i = 0; i < a->n_carry; i++)
        s->buffer[i] = take_buffer(c, &s->body->out_slot[i], &bytes);
    s->buffer[a->n_carry] = take_buffer(c, &s->cond->out_slot[0], &bytes);
    s->buffer[a->n_carry + 1] = bytes;
    const int64_t work =
        s->body->work_bytes > s->cond->work_bytes ? s->body->work_bytes : s->cond->work_bytes;
    s->rows = bytes + work;
    c->program->flops += s->body->flops + s->cond->flops;
    return VN_ERR_OK;
}

/* ------------------------------------------------------------------------- running */

#define MAX_PARAMETERS 512

typedef struct pointer {
    char *at;
    int64_t panel; /* bytes from panel to panel */
} pointer;

typedef struct scanning {
    const vn__step *s;
    const vn__scan_attr *a;
    const vn__frame *f;
    pointer in[MAX_PARAMETERS], out[MAX_PARAMETERS]; /* operands and results of the scan */
    char *scratch;
} scanning;

static int64_t panels_of(const scanning *r, const vn__slot *slot)
{
    return slot->lanes ? r->f->panels : 1;
}

static pointer buffer(const scanning *r, int index, const vn__slot *slot)
{
    return (pointer){ r->scratch + r->s->buffer[index],
                      slot->lanes ? aligned(slot->bytes) : 0 };
}

/* Copies a value panel by panel. */
static void copy_value(const scanning *r, pointer to, pointer from, const vn__slot *slot)
{
    for (int64_t p = 0; p < panels_of(r, slot) && to.at != from.at; p++)
        memcpy(to.at + p * to.panel, from.at + p * from.panel, (size_t)slot->bytes);
}

/* Slice t of a stacked value, in place (one loop turn) or through the buffer. */
static pointer slice_at(pointer whole, const vn__slot *slot, int64_t t)
{
    return (pointer){ whole.at + t * slot->bytes, whole.panel };
}

static void move_slice(const scanning *r, pointer whole, pointer part, const vn__slot *slot,
                       int64_t blocks, int64_t t, bool to_part)
{
    const int64_t block = slot->bytes / blocks, row = block * r->a->length;
    for (int64_t p = 0; p < panels_of(r, slot); p++)
        for (int64_t b = 0; b < blocks; b++) {
            char *const w = whole.at + p * whole.panel + b * row + t * block;
            char *const x = part.at + p * part.panel + b * block;
            memcpy(to_part ? x : w, to_part ? w : x, (size_t)block);
        }
}

static pointer read_slice(const scanning *r, int operand, int64_t t)
{
    const vn__slot *const slot = &r->s->body->in_slot[operand];
    const int64_t blocks = r->s->blocks[operand];
    if (blocks == 1)
        return slice_at(r->in[operand], slot, t);
    const pointer part = buffer(r, operand, slot);
    move_slice(r, r->in[operand], part, slot, blocks, t, true);
    return part;
}

/* Where a carry lies at step number k (0 .. length): in the history, or in turn in two
 * buffers. */
static pointer carry_at(const scanning *r, int i, int64_t k)
{
    const vn__scan_attr *const a = r->a;
    const vn__slot *const slot = &r->s->body->in_slot[i];
    const pointer history = r->out[a->n_carry + a->n_ys + i];
    if (k == a->length)
        return r->out[i];
    if (a->keep_history && r->s->blocks[i] == 1)
        return slice_at(history, slot, a->reverse ? a->length - 1 - k : k);
    return buffer(r, k % 2 ? r->s->body->n_in + i : i, slot);
}

static void add_to(const scanning *r, pointer sum, pointer term, const vn__slot *slot,
                   bool first)
{
    const vn_dtype dtype = slot->aval.dtype;
    const int64_t n = slot->bytes / (int64_t)vn_dtype_size(dtype);
    if (first) {
        copy_value(r, sum, term, slot);
        return;
    }
    for (int64_t p = 0; p < panels_of(r, slot); p++) {
        char *const y = sum.at + p * sum.panel, *const x = term.at + p * term.panel;
        vn__kernels_get()->binary[dtype][VN__BINARY_add](y, n, (vn__in){ y, n, 1 },
                                                         (vn__in){ x, n, 1 }, 1, n);
    }
}

static void run_body(const scanning *r, int64_t k, int64_t t)
{
    const vn__scan_attr *const a = r->a;
    const vn__program *const b = r->s->body;
    void *in[MAX_PARAMETERS], *out[MAX_PARAMETERS];
    int64_t in_panel[MAX_PARAMETERS], out_panel[MAX_PARAMETERS];
    pointer result[MAX_PARAMETERS];
    for (int i = 0; i < b->n_in; i++) {
        const pointer x = i < a->n_carry             ? carry_at(r, i, k)
                          : i < a->n_carry + a->n_xs ? read_slice(r, i, t)
                                                     : r->in[i];
        in[i] = x.at;
        in_panel[i] = x.panel;
    }
    for (int j = 0; j < b->n_out; j++) {
        const bool y = j >= a->n_carry && j < a->n_carry + a->n_ys;
        result[j] = j < a->n_carry ? carry_at(r, j, k + 1)
                    : y && r->s->blocks[b->n_in + j] == 1
                        ? slice_at(r->out[j], &b->out_slot[j], t)
                        : buffer(r, b->n_in + j, &b->out_slot[j]);
        out[j] = result[j].at;
        out_panel[j] = result[j].panel;
    }
    vn__run(b, &(vn__frame){ .in = in,
                             .out = out,
                             .in_panel = in_panel,
                             .out_panel = out_panel,
                             .work = r->scratch + r->s->buffer[b->n_in + b->n_out],
                             .prepared = r->s->prepared >= 0 && r->f->prepared
                                             ? r->f->prepared + r->s->prepared
                                             : NULL,
                             .workers = r->f->workers,
                             .worker_bytes = r->f->worker_bytes,
                             .panels = r->f->panels,
                             .first = r->f->first,
                             .valid = r->f->valid,
                             .n = r->f->n });
    for (int j = a->n_carry; j < a->n_carry + a->n_ys; j++)
        if (r->s->blocks[b->n_in + j] > 1)
            move_slice(r, r->out[j], result[j], &b->out_slot[j], r->s->blocks[b->n_in + j], t,
                       false);
    for (int j = 0; j < a->n_sums; j++) {
        const int term = a->n_carry + a->n_ys + j;
        add_to(r, r->out[2 * a->n_carry + a->n_ys + j], result[term], &b->out_slot[term],
               k == 0);
    }
}

/* History of carries whose slices are not contiguous is copied. */
static void keep_history(const scanning *r, int64_t k, int64_t t)
{
    for (int i = 0; r->a->keep_history && i < r->a->n_carry; i++)
        if (r->s->blocks[i] > 1)
            move_slice(r, r->out[r->a->n_carry + r->a->n_ys + i], carry_at(r, i, k),
                       &r->s->body->in_slot[i], r->s->blocks[i], t, false);
}

void vn__run_scan(const vn__step *s, const vn__frame *f)
{
    scanning r = { .s = s, .a = s->attr, .f = f, .scratch = f->work + s->scratch };
    for (int i = 0; i < s->n_in; i++)
        r.in[i].at = vn__address(&s->in[i], f, &r.in[i].panel);
    for (int j = 0; j < s->n_out; j++)
        r.out[j].at = vn__address(&s->out[j], f, &r.out[j].panel);
    for (int i = 0; i < r.a->n_carry; i++)
        copy_value(&r, carry_at(&r, i, 0), r.in[i], &s->body->in_slot[i]);
    for (int j = 0; r.a->length == 0 && j < r.a->n_sums; j++) {
        const vn__slot *const slot = &s->out_slot[2 * r.a->n_carry + r.a->n_ys + j];
        const pointer sum = r.out[2 * r.a->n_carry + r.a->n_ys + j];
        for (int64_t p = 0; p < panels_of(&r, slot); p++)
            memset(sum.at + p * sum.panel, 0, (size_t)slot->bytes);
    }
    for (int64_t k = 0; k < r.a->length; k++) {
        const int64_t t = r.a->reverse ? r.a->length - 1 - k : k;
        keep_history(&r, k, t);
        run_body(&r, k, t);
    }
}

/* -------------------------------------------------------------------------- while */

static bool any_active(const scanning *r, pointer flags)
{
    const vn__slot *const slot = &r->s->cond->out_slot[0];
    for (int64_t p = 0; p < panels_of(r, slot); p++)
        for (int64_t i = 0; i < slot->bytes; i++)
            if (flags.at[p * flags.panel + i])
                return true;
    return false;
}

static void run_part(const scanning *r, const vn__program *p, const pointer carry[],
                     int n_carry, int captured, const pointer result[])
{
    void *in[MAX_PARAMETERS], *out[MAX_PARAMETERS];
    int64_t in_panel[MAX_PARAMETERS], out_panel[MAX_PARAMETERS];
    for (int i = 0; i < p->n_in; i++) {
        const pointer x = i < n_carry ? carry[i] : r->in[captured + i - n_carry];
        in[i] = x.at;
        in_panel[i] = x.panel;
    }
    for (int j = 0; j < p->n_out; j++) {
        out[j] = result[j].at;
        out_panel[j] = result[j].panel;
    }
    vn__frame f = *r->f;
    f.prepared = NULL;
    f.in = in, f.out = out, f.in_panel = in_panel, f.out_panel = out_panel;
    vn__run(p, &f);
}

void vn__run_while(const vn__step *s, const vn__frame *f)
{
    const vn__while_attr *const a = s->attr;
    vn__frame inner = *f;
    scanning r = { .s = s, .f = &inner, .scratch = f->work + s->scratch };
    inner.work = r.scratch + s->buffer[a->n_carry + 1];
    pointer carry[2][MAX_PARAMETERS], flags = buffer(&r, a->n_carry, &s->cond->out_slot[0]);
    for (int i = 0; i < s->n_in; i++)
        r.in[i].at = vn__address(&s->in[i], f, &r.in[i].panel);
    for (int i = 0; i < a->n_carry; i++) {
        carry[0][i].at = vn__address(&s->out[i], f, &carry[0][i].panel);
        carry[1][i] = buffer(&r, i, &s->body->out_slot[i]);
        copy_value(&r, carry[0][i], r.in[i], &s->body->out_slot[i]);
    }
    int now = 0;
    for (;; now = 1 - now) {
        run_part(&r, s->cond, carry[now], a->n_carry, a->n_carry, &flags);
        if (!any_active(&r, flags))
            break;
        run_part(&r, s->body, carry[now], a->n_carry, a->n_carry + a->n_cond_captured,
                 carry[1 - now]);
    }
    for (int i = 0; i < a->n_carry; i++)
        copy_value(&r, carry[0][i], carry[now][i], &s->body->out_slot[i]);
}
