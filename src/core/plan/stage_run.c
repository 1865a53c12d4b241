/* SPDX-License-Identifier: MIT */
/* Running a stage: its slots are the tasks of the pool; each runs its tiles in order and keeps
 * its own totals, which are then combined in one fixed binary tree: same bits at any number of
 * threads. */
#include <string.h>

#include "core/plan/stage_run.h"
#include "kernels/kernels.h"
#include "parallel/pool.h"

typedef struct running {
    const vn__step *step;
    const vn__stage *stage;
    char *work; /* of the caller */
    char *workers;
    int64_t worker_bytes;
    vn__report *report;
    char *in[VN__MAX_PARAMETERS], *out[VN__MAX_PARAMETERS];
} running;

static char *totals_of(const running *r, int64_t slot)
{
    return r->work + r->stage->totals_at + slot * r->stage->totals_bytes;
}

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t panel_bytes(const vn__slot *slot) { return (slot->bytes + 63) & ~(int64_t)63; }

static int number(const int32_t *numbers, int k) { return numbers ? numbers[k] : k; }

static bool is_total(const vn__stage *st, int output)
{
    return st->out_role[output] == VN__ROLE_TOTAL || st->out_role[output] == VN__ROLE_LARGEST;
}

/* ----------------------------------------------------------------------- one slot */

/* The examples from first to end. totals: of the slot, NULL: the results themselves. fresh:
 * they begin here. */
static void run_tile(const running *r, int64_t first, int64_t end, char *totals, char *work,
                     bool fresh)
{
    const vn__stage *const st = r->stage;
    const vn__program *const p = st->program;
    vn__pointer in[VN__MAX_PARAMETERS], out[VN__MAX_PARAMETERS];
    const int64_t valid = end - first, panel = first / p->lanes;
    for (int k = 0; k < r->step->n_in; k++) {
        const int i = number(st->in_number, k);
        in[i].panel = st->in_role[i] == VN__ROLE_SPILL ? panel_bytes(&p->in_slot[i]) : 0;
        in[i].at = r->in[i] + panel * in[i].panel;
    }
    for (int k = 0; k < r->step->n_out; k++) {
        const int j = number(st->out_number, k);
        out[j].panel = st->out_role[j] == VN__ROLE_SPILL ? panel_bytes(&p->out_slot[j]) : 0;
        out[j].at = !is_total(st, j) ? r->out[j] + panel * out[j].panel
                    : totals         ? totals + st->total_offset[j]
                                     : r->out[j];
    }
    const vn__frame frame = { .in = in,
                              .out = out,
                              .work = work,
                              .prepared = r->work + st->prepared_at,
                              .panels = (valid + p->lanes - 1) / p->lanes,
                              .fresh = fresh,
                              .first = first,
                              .valid = valid,
                              .n = st->n,
                              .report = r->report };
    if (st->wide)
        vn__run_wide(st, &frame, r->workers, r->worker_bytes, fresh);
    else
        vn__run(p, &frame);
}

static void run_slot(void *context, int64_t slot, int worker)
{
    const running *const r = context;
    const vn__stage *const st = r->stage;
    char *const totals = st->slots > 1 ? totals_of(r, slot) : NULL;
    const int64_t lanes = st->program->lanes, panels = vn__stage_panels(st);
    const int64_t begin = slot * panels / st->slots * lanes,
                  end = smaller((slot + 1) * panels / st->slots * lanes, st->n);
    for (int64_t i = begin; i < end || i == begin;
         i += st->tile) /* none: totals all the same */
        run_tile(r, i, smaller(i + st->tile, end), totals,
                 r->workers + worker * r->worker_bytes, i == begin);
}

/* ------------------------------------------------------------------------ preparation */

#define PREPARE_ALONE (16 << 10) /* bytes that are not worth a fork */

typedef struct preparing {
    const vn__program *program;
    void *const *in;
    char *memory;
} preparing;

static int64_t preparations(const vn__step *s) { return s->prepared >= 0 ? s->parts : 0; }

/* One part of what one step reads: task counts those of all. */
static void prepare_part(void *context, int64_t task, int worker)
{
    (void)worker;
    const preparing *const p = context;
    const vn__step *s = p->program->step;
    for (; task >= preparations(s); s++)
        task -= preparations(s);
    vn__prepare_step(s, p->in, p->memory, task, s->parts);
}

static void prepare(const vn__program *program, void *const in[], char *memory)
{
    preparing p = { program, in, memory };
    int64_t tasks = 0;
    if (program->prepared_bytes <= PREPARE_ALONE) {
        vn__prepare(program, in, memory);
        return;
    }
    for (int64_t k = 0; k < program->n_step; k++)
        tasks += preparations(&program->step[k]);
    vn__parallel_for(tasks, prepare_part, &p);
}

/* -------------------------------------------------------------------- combining slots */

#define COMBINE_BLOCK 4096      /* elements of one task */
#define COMBINE_ALONE (1 << 18) /* bytes of all slots that are not worth a fork */

static int64_t blocks_of(const vn__stage *st, int output)
{
    return is_total(st, output)
               ? (vn__slot_elements(&st->program->out_slot[output]) + COMBINE_BLOCK - 1) /
                     COMBINE_BLOCK
               : 0;
}

/* One block of one output: task counts the blocks of all. */
static void combine_block(void *context, int64_t task, int worker)
{
    (void)worker;
    const running *const r = context;
    const vn__stage *const st = r->stage;
    int output = 0;
    for (; task >= blocks_of(st, output); output++)
        task -= blocks_of(st, output);
    const vn__slot *const slot = &st->program->out_slot[output];
    const vn_dtype dtype = slot->aval.dtype;
    const int64_t size = (int64_t)vn_dtype_size(dtype), from = task * COMBINE_BLOCK;
    const int64_t left = vn__slot_elements(slot) - from;
    const int64_t n = left < COMBINE_BLOCK ? left : COMBINE_BLOCK;
    const int64_t at = st->total_offset[output] + from * size;
    vn__binary_fn *const f =
        vn__kernels_get()
            ->binary[dtype]
                    [st->out_role[output] == VN__ROLE_TOTAL ? VN__BINARY_add : VN__BINARY_max];
    for (int64_t width = 1; width < st->slots; width *= 2)
        for (int64_t s = 0; s + width < st->slots; s += 2 * width) {
            char *const a = totals_of(r, s) + at, *const b = totals_of(r, s + width) + at;
            vn__binary_row(f, 2 * width < st->slots ? a : r->out[output] + from * size, a, b,
                           n);
        }
}

/* The last addition of the tree goes into the results; one slot has written there itself. */
static void combine_totals(running *r)
{
    const vn__stage *const st = r->stage;
    int64_t tasks = 0;
    for (int j = 0; j < st->program->n_out; j++)
        tasks += blocks_of(st, j);
    if (st->slots == 1)
        return;
    if (st->slots * st->totals_bytes > COMBINE_ALONE)
        vn__parallel_for(tasks, combine_block, r);
    else
        for (int64_t task = 0; task < tasks; task++)
            combine_block(r, task, 0);
}

void vn__run_stage(const vn__step *step, const vn__frame *f)
{
    running r; /* not cleared: large, and little of it is used */
    r.step = step;
    r.stage = step->stage;
    r.work = f->work;
    r.workers = f->workers;
    r.worker_bytes = f->worker_bytes;
    r.report = f->report;
    int64_t ignored;
    for (int i = 0; i < step->n_in; i++)
        r.in[number(r.stage->in_number, i)] = vn__address(&step->in[i], f, &ignored);
    for (int j = 0; j < step->n_out; j++)
        r.out[number(r.stage->out_number, j)] = vn__address(&step->out[j], f, &ignored);
    void *const *const shared = (void *const *)(void *)r.in;
    if (r.stage->wide) {
        if (r.stage->from == 0)
            prepare(r.stage->program, shared, f->work + r.stage->prepared_at);
        for (int64_t first = 0; first < r.stage->n; first += r.stage->tile)
            run_tile(&r, first, smaller(first + r.stage->tile, r.stage->n), NULL,
                     r.work + r.stage->values_at, first == 0);
        return;
    }
    prepare(r.stage->program, shared, f->work + r.stage->prepared_at);
    vn__parallel_for(r.stage->slots, run_slot, &r);
    combine_totals(&r);
}
