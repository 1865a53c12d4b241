/* SPDX-License-Identifier: MIT */
/* Run-time errors of a program. A step looks at the code of every example; only one that is not
 * 0 costs more. */
#include <stdio.h>
#include <string.h>

#include "core/plan/compile.h"
#include "core/transform/error_if.h"

/* Where the examples of a code lie: its mapped axes, lowest first, and which is the lanes. */
typedef struct checking {
    const vn__fault_attr *what;
    int32_t n_axes, lane; /* lane: position among the axes, -1: none */
    int64_t size[VN__MAX_LOOPS + 1];
} checking;

vn_status vn__build_check(vn__compiler *c, const vn__instr *instr)
{
    vn__step *const s = vn__step_new(c, VN__STEP_CHECK, 1, instr->in, 1, instr->out);
    checking *const k = s ? vn__arena_alloc(&c->program->arena, sizeof *k) : NULL;
    if (!k)
        return vn_error_status();
    *k = (checking){ .what = instr->attr, .lane = -1 };
    const uint64_t axes = c->tape->value[instr->in[0]].axes;
    for (int a = 0; a < VN__MAX_AXES && axes >> a; a++) {
        if (!(axes >> a & 1))
            continue;
        if (k->n_axes > VN__MAX_LOOPS)
            return vn__fail(VN_ERR_LIMIT, "plan: more than %d nested vmaps", VN__MAX_LOOPS);
        if (a == c->lane)
            k->lane = k->n_axes;
        k->size[k->n_axes++] = vn__tape_axis(c->tape, a)->size;
    }
    s->op = instr->op;
    s->attr = instr->attr;
    s->setup = k;
    return VN_ERR_OK;
}

/* ------------------------------------------------------------------------- running */

static int order(const vn__fault *a, const vn__fault *b)
{
    if (a->what->id != b->what->id)
        return a->what->id < b->what->id ? -1 : 1;
    for (int i = 0; i < a->n && i < b->n; i++)
        if (a->index[i] != b->index[i])
            return a->index[i] < b->index[i] ? -1 : 1;
    return a->code < b->code ? -1 : a->code > b->code;
}

static void lock(vn__report *report)
{
    while (__atomic_exchange_n(&report->lock, 1, __ATOMIC_ACQUIRE))
        ;
}

static void unlock(vn__report *report)
{
    __atomic_store_n(&report->lock, 0, __ATOMIC_RELEASE);
}

/* The report is sorted; what does not fit any more is behind all that it holds. */
static void note(vn__report *report, const vn__fault *fault)
{
    lock(report);
    int at = report->n;
    bool known = false;
    while (at > 0 && order(fault, &report->fault[at - 1]) <= 0)
        known = order(fault, &report->fault[--at]) == 0;
    if (!known && at < VN__MAX_FAULTS) {
        const int kept = report->n < VN__MAX_FAULTS ? report->n : VN__MAX_FAULTS - 1;
        memmove(&report->fault[at + 1], &report->fault[at],
                (size_t)(kept - at) * sizeof *report->fault);
        report->fault[at] = *fault;
        report->n = kept + 1;
    }
    unlock(report);
}

/* Codes are [loops..][lanes]: example number `turn` of the loops, lane l of panel p. */
static void note_example(const vn__step *s, const vn__frame *f, int32_t code, int64_t turn,
                         int64_t number)
{
    const checking *const k = s->setup;
    vn__fault fault = { .what = k->what, .code = code, .n = k->n_axes };
    for (int a = k->n_axes - 1; a >= 0; a--) {
        fault.index[a] = a == k->lane ? number : turn % k->size[a];
        turn = a == k->lane ? turn : turn / k->size[a];
    }
    note(f->report, &fault);
}

void vn__run_check(const vn__step *s, const vn__frame *f)
{
    const bool lanes = s->in_slot[0].lanes;
    const int64_t width = lanes ? s->lanes : 1;
    const int64_t begin = lanes ? f->begin : 0, end = lanes ? f->panels : 1;
    const int64_t turns = s->in_slot[0].bytes / (int64_t)sizeof(int32_t) / width;
    int64_t panel;
    const char *const codes = vn__address(&s->in[0], f, &panel);
    for (int64_t p = begin; p < end; p++) {
        const int32_t *const code = (const int32_t *)(const void *)(codes + p * panel);
        const int64_t left = f->valid - p * width;
        const int64_t valid = !lanes || left > width ? width : left;
        for (int64_t t = 0; t < turns; t++)
            for (int64_t l = 0; l < valid; l++)
                if (code[t * width + l] > 0 && f->report)
                    note_example(s, f, code[t * width + l], t, f->first + p * width + l);
    }
}

/* ------------------------------------------------------------------------ afterwards */

void vn__report_start(vn__report *report)
{
    report->lock = 0;
    report->n = 0;
    report->error.status = VN_ERR_OK;
}

void vn__report_error(vn__report *report)
{
    vn__error error;
    vn__error_take(&error);
    lock(report);
    if (report->error.status == VN_ERR_OK)
        report->error = error;
    unlock(report);
}

vn_status vn__report_status(const vn__report *report)
{
    char all[512] = "", one[512];
    if (report->error.status != VN_ERR_OK)
        vn__error_restore(&report->error);
    for (int i = 0; i < report->n; i++) {
        const vn__fault *const f = &report->fault[i];
        const vn_tree *const messages = f->what->messages;
        const vn__leaf *const text =
            (const vn__leaf *)(const void *)vn__child(messages, f->code - 1);
        vn__fault_text(one, sizeof one, f->n, f->index, text->text);
        vn__fault_append(all, sizeof all, one);
    }
    return report->n ? vn__fail_text(VN_ERR_RUNTIME, all) : report->error.status;
}
