/* SPDX-License-Identifier: MIT */
/* The memory of a program: values share it when their lives do not overlap; behind them lie the
 * scratch of the steps, what is prepared once, and the totals of stages. */
#include <string.h>

#include "core/ops/ops.h"
#include "core/plan/compile.h"
#include "core/plan/fused.h"
#include "core/transform/callback.h"
#include "kernels/kernels.h"

#define ALIGN 64

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t aligned(int64_t bytes) { return (bytes + ALIGN - 1) & ~(int64_t)(ALIGN - 1); }

/* First fit: a value takes the lowest gap that is free while it lives. */
typedef struct block {
    int64_t start, bytes, last;
} block;

static int64_t take_gap(block *live, int64_t *n, int64_t bytes, int64_t now, int64_t last)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < *n; i++)
        if (live[i].last >= now)
            live[kept++] = live[i];
    *n = kept;
    int64_t start = 0, at = 0;
    for (; at < kept && start + bytes > live[at].start; at++)
        start =
            live[at].start + live[at].bytes > start ? live[at].start + live[at].bytes : start;
    /* blocks are sorted by start: the gap before live[at] (or the end) fits */
    memmove(&live[at + 1], &live[at], (size_t)(kept - at) * sizeof *live);
    live[at] = (block){ start, bytes, last };
    *n = kept + 1;
    return start;
}

static void note_uses(int64_t *last, const vn__place place[], int n, int64_t step)
{
    for (int i = 0; i < n; i++)
        if (place[i].space == VN__SPACE_WORK)
            last[place[i].index] = step;
}

/* live: room for the blocks, last: for the last step that reads or makes each value. */
static void assign_offsets(vn__compiler *c, int64_t *offset, block *live, int64_t *last)
{
    vn__program *const p = c->program;
    int64_t n = 0;
    for (int64_t k = 0; k < p->n_step; k++) {
        note_uses(last, p->step[k].in, p->step[k].n_in, k);
        note_uses(last, p->step[k].out, p->step[k].n_out, k);
    }
    for (int64_t k = 0; k < p->n_step; k++) {
        const vn__step *const s = &p->step[k];
        for (int j = 0; j < s->n_out; j++) {
            if (s->out[j].space != VN__SPACE_WORK || (j >= s->drop_from && j < s->drop_to))
                continue;
            const int32_t v = s->out[j].index;
            const int64_t panels = s->out_slot[j].lanes ? p->max_panels : 1;
            const int64_t whole = vn__slot_of(c, (uint32_t)v).bytes, own = s->out_slot[j].bytes;
            const int64_t bytes = aligned(larger(whole, own)) * panels;
            if (offset[v] >= 0)
                continue;
            offset[v] = take_gap(live, &n, bytes, k, last[v]);
            p->work_bytes = larger(p->work_bytes, offset[v] + bytes);
        }
    }
}

/* The place of a part of a value is that of the whole, with the whole's panels. */
static void settle(const vn__compiler *c, vn__place *place, const int64_t *offset)
{
    if (place->space != VN__SPACE_WORK)
        return;
    const vn__slot whole = vn__slot_of(c, (uint32_t)place->index);
    place->offset += offset[place->index];
    place->panel = whole.lanes ? aligned(whole.bytes) : 0;
}

static int64_t scratch_bytes(const vn__compiler *c, const vn__step *s)
{
    if (s->body || s->n_branches)
        return s->rows; /* set by the builder */
    if (s->kind != VN__STEP_EVAL && s->kind != VN__STEP_EVAL_SUM)
        return 0;
    const bool native =
        s->lanes == 1 || (s->op->flags & VN_OP_LANES) || s->kind == VN__STEP_EVAL_SUM;
    int64_t bytes = s->op->scratch ? (int64_t)s->op->scratch(s->attr, s->in_aval, s->n_op,
                                                             native ? s->mapped : NULL,
                                                             native ? s->lanes : 1)
                                   : 0;
    if (native)
        return bytes;
    for (int i = 0; i < s->n_in; i++)
        bytes += s->mapped[i] ? aligned(s->in_slot[i].bytes / c->program->lanes) : 0;
    for (int j = 0; j < s->n_out; j++)
        bytes += aligned(s->out_slot[j].bytes / c->program->lanes);
    return bytes + ALIGN;
}

/* Once, here, what every evaluation would derive again. */
static bool make_setup(vn__program *p, vn__step *s)
{
    const bool native =
        s->kind == VN__STEP_EVAL_SUM ||
        (s->kind == VN__STEP_EVAL && (s->lanes == 1 || (s->op->flags & VN_OP_LANES)));
    if (!native || !s->op->setup)
        return true;
    void *const memory = vn__arena_alloc(&p->arena, s->op->setup_size);
    if (memory)
        s->op->setup(memory, &(vn_eval){ .attr = s->attr,
                                         .n_in = s->n_op,
                                         .n_out = s->n_out,
                                         .lanes = s->lanes,
                                         .mapped = s->mapped,
                                         .in_aval = s->in_aval,
                                         .out_aval = s->out_aval,
                                         .kernels = vn__kernels_get(),
                                         .panels = s->kind == VN__STEP_EVAL_SUM });
    s->setup = memory;
    return memory != NULL;
}

static bool is_invariant(const vn__compiler *c, const vn__place *place)
{
    return place->space == VN__SPACE_CONST ||
           (place->space == VN__SPACE_IN && place->index >= c->n_varying);
}

static void forget_preparation(vn__program *p);

static void forget_inner(const vn__step *s)
{
    for (int i = 0; i < vn__inner_programs(s); i++)
        if (vn__inner_program(s, i))
            forget_preparation(vn__inner_program(s, i));
}

static void forget_preparation(vn__program *p)
{
    for (int64_t k = 0; k < p->n_step; k++) {
        p->step[k].prepared = -1;
        forget_inner(&p->step[k]);
    }
    p->prepared_bytes = 0;
}

/* In a wide stage the groups of rows of a large matrix are packed by who multiplies by them,
 * for all panels of the tile: its memory is passed through once, not three times. */
#define PREPARED_BYTES (256 * 1024)

/* Reserves memory for what the step can prepare: in a tile, if its shared operands stay the
 * same. */
static void plan_preparation(const vn__compiler *c, vn__step *s)
{
    vn__program *const p = c->program;
    if (c->lane < 0)
        return;
    bool invariant = true;
    for (int i = 0; i < s->n_op; i++)
        invariant = invariant && (s->mapped[i] || is_invariant(c, &s->in[i]));
    int64_t bytes = 0;
    if (s->kind == VN__STEP_EVAL && invariant && s->n_loops == 0 && s->op->prepare && s->tiled)
        bytes = (int64_t)s->op->prepare_size(s->attr, s->in_aval, s->n_op, s->mapped, s->lanes);
    const bool by_part = s->op == &vn__op_dot_general && s->lanes > 1 && s->parts > 1;
    if (c->wide && by_part && bytes > PREPARED_BYTES)
        return;
    for (int i = 0; invariant && i < vn__inner_programs(s); i++)
        if (vn__inner_program(s, i))
            bytes += aligned(vn__inner_program(s, i)->prepared_bytes);
    if (!invariant)
        forget_inner(s);
    if (bytes == 0)
        return;
    s->prepared = p->prepared_bytes;
    p->prepared_bytes += aligned(bytes);
}

#define SUM_ROWS 128 /* elements of a part of a sum over lanes */

static int64_t parts_of(const vn__compiler *c, const vn__step *s)
{
    const bool sum = s->kind == VN__STEP_EVAL_SUM;
    if ((s->kind == VN__STEP_SUM || s->kind == VN__STEP_MAX) && s->n_loops == 0)
        return (vn__slot_elements(&s->out_slot[0]) + SUM_ROWS - 1) / SUM_ROWS;
    if (s->kind == VN__STEP_FUSED)
        return c->wide && s->tiled ? vn__fused_parts(s->fused) : 1;
    if ((s->kind != VN__STEP_EVAL && !sum) || s->n_loops || !s->op->parts)
        return 1;
    return s->op->parts(s->attr, s->in_aval, s->mapped, s->lanes, sum);
}

/* An op outside of tiles in parts: workers have scratch of their own, and the step's holds what
 * they share. Its bytes. */
static int64_t plan_shared(vn__program *p, vn__step *s, int64_t bytes)
{
    const int64_t shared = vn__shared_bytes(s->op, s->attr, s->in_aval, s->n_op);
    p->worker_bytes = larger(p->worker_bytes, aligned(bytes));
    s->shares = shared > 0;
    return larger(bytes, shared);
}

/* The workspace of a worker: for tiles, or for the scratch of steps whose values are the
 * caller's. */
static int64_t worker_bytes_of(const vn__stage *stage)
{
    return stage->program->work_bytes - (stage->wide ? stage->program->value_bytes : 0);
}

/* Stages run one after the other: their totals share one region behind the rest, their tiles
 * the workers' workspaces. */
static void place_totals(vn__program *p)
{
    int64_t totals = 0;
    for (int64_t k = 0; k < p->n_step; k++) {
        const vn__step *const s = &p->step[k];
        p->checks = p->checks || s->kind == VN__STEP_CHECK || s->op == &vn__op_callback ||
                    (s->stage && s->stage->program->checks);
        for (int i = 0; i < vn__inner_programs(s); i++)
            if (vn__inner_program(s, i))
                p->checks = p->checks || vn__inner_program(s, i)->checks;
        for (int i = 0; i < vn__inner_programs(s); i++)
            if (vn__inner_program(s, i))
                p->worker_bytes =
                    larger(p->worker_bytes, vn__inner_program(s, i)->worker_bytes);
        if (!s->stage)
            continue;
        p->worker_bytes = larger(p->worker_bytes, aligned(worker_bytes_of(s->stage)));
        s->stage->totals_at = p->work_bytes;
        s->stage->prepared_at =
            p->work_bytes +
            (s->stage->wide ? 0 : aligned(s->stage->slots * s->stage->totals_bytes));
        s->stage->values_at =
            s->stage->prepared_at + aligned(s->stage->program->prepared_bytes);
        const int64_t bytes = s->stage->values_at - p->work_bytes +
                              (s->stage->wide ? s->stage->program->value_bytes : 0);
        totals = larger(totals, bytes);
    }
    p->work_bytes += aligned(totals);
}

vn_status vn__lay_out(vn__compiler *c)
{
    vn__program *const p = c->program;
    const size_t n = (size_t)c->tape->n_value + 1;
    int64_t *const offset = vn__alloc(n * sizeof *offset), *last = vn__alloc(n * sizeof *last);
    block *const live = vn__alloc(n * sizeof *live);
    const bool room = offset && last && live;
    if (room) {
        memset(offset, -1, n * sizeof *offset);
        assign_offsets(c, offset, live, last);
    }
    vn__free(last);
    vn__free(live);
    int64_t scratch = 0;
    for (int64_t k = 0; room && k < p->n_step; k++) {
        vn__step *const s = &p->step[k];
        for (int i = 0; i < s->n_in; i++)
            settle(c, &s->in[i], offset);
        for (int j = 0; j < s->n_out; j++)
            settle(c, &s->out[j], offset);
        int64_t bytes = scratch_bytes(c, s);
        s->parts = parts_of(c, s);
        plan_preparation(c, s);
        if (c->lane < 0 && s->parts > 1 && s->kind == VN__STEP_EVAL)
            bytes = plan_shared(p, s, bytes);
        s->scratch = bytes ? aligned(p->work_bytes) : -1;
        if (!make_setup(p, s))
            break;
        scratch = larger(scratch, bytes);
    }
    vn__free(offset);
    p->value_bytes = aligned(p->work_bytes);
    p->work_bytes = p->value_bytes + aligned(scratch);
    place_totals(p);
    return vn_error_status();
}
