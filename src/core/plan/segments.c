/* SPDX-License-Identifier: MIT */
/* A wide stage of one tile in segments. Such a stage is a list of steps, each over all workers.
 * What follows it and works element by element on one of its large sums, the optimiser's update
 * of a matrix, is done between these steps, once the sum is finished and nobody in the stage
 * reads what the update may overwrite: gradient and weights are then in level 3, and not in
 * memory again.
 *
 * A segment is a step that runs some of the stage's steps. It reads and writes what these do,
 * so that the lives of values, and which output may take over which input, follow from the list
 * of steps as ever. */
#include <string.h>

#include "core/plan/compile.h"
#include "core/plan/fused.h"
#include "core/plan/places.h"

#define LARGE_BYTES (64 * 1024) /* of a sum; smaller ones stay near */

/* ------------------------------------------------------------------ what can be done early */

/* The step of the stage after which `s` can be done, -1: it does not follow a large sum. */
static int64_t earliest(const vn__step *stage, const vn__step *s)
{
    const vn__program *const p = stage->stage->program;
    int64_t after = -1;
    bool follows = false;
    if (s->kind != VN__STEP_FUSED || s->tiled)
        return -1;
    for (int i = 0; i < s->n_in; i++) {
        int64_t k = -1;
        for (int j = 0; j < stage->n_out; j++)
            if (vn__same_value(&s->in[i], &stage->out[j])) {
                k = vn__last_touch(p, VN__SPACE_OUT, j);
                follows = follows || (stage->stage->out_role[j] == VN__ROLE_TOTAL &&
                                      s->in_slot[i].bytes >= LARGE_BYTES);
            }
        for (int j = 0; j < stage->n_in; j++)
            if (vn__same_value(&s->in[i], &stage->in[j]))
                k = vn__last_touch(p, VN__SPACE_IN, j);
        after = k > after ? k : after;
    }
    return follows ? after : -1;
}

/* By step of the program: the step of the stage at `at` after which it is done, or -1. */
static bool find_early(const vn__program *p, int64_t at, int64_t early[])
{
    bool any = false;
    for (int64_t k = 0; k < p->n_step; k++)
        early[k] = -1;
    for (int64_t k = at + 1; k < p->n_step; k++) {
        early[k] = vn__may_move_to(p, k, at + 1) ? earliest(&p->step[at], &p->step[k]) : -1;
        any = any || early[k] >= 0;
    }
    return any;
}

/* ----------------------------------------------------------------------------- segments */

static void mark(const vn__step *inner, bool in[], bool out[])
{
    for (int i = 0; i < inner->n_in; i++) {
        if (inner->in[i].space == VN__SPACE_IN)
            in[inner->in[i].index] = true;
        if (inner->in[i].space == VN__SPACE_OUT)
            out[inner->in[i].index] = true;
    }
    for (int j = 0; j < inner->n_out; j++)
        if (inner->out[j].space == VN__SPACE_OUT)
            out[inner->out[j].index] = true;
}

/* Those of the whole's parameters that are marked. */
static vn_status take_marked(vn__arena *arena, const bool marked[], int32_t *n,
                             int32_t **number, vn__place **place, vn__slot **slot,
                             vn_aval **aval)
{
    const int32_t all = *n;
    const vn__place *const from = *place;
    const vn__slot *const slots = *slot;
    *number = vn__arena_alloc(arena, (size_t)(all + 1) * sizeof **number);
    *place = vn__arena_alloc(arena, (size_t)(all + 1) * sizeof **place);
    *slot = vn__arena_alloc(arena, (size_t)(all + 1) * sizeof **slot);
    *aval = vn__arena_alloc(arena, (size_t)(all + 1) * sizeof **aval);
    if (!*number || !*place || !*slot || !*aval)
        return vn_error_status();
    *n = 0;
    for (int32_t i = 0; i < all; i++)
        if (marked[i]) {
            (*number)[*n] = i;
            (*place)[*n] = from[i];
            (*slot)[*n] = slots[i];
            (*aval)[(*n)++] = slots[i].aval;
        }
    return VN_ERR_OK;
}

/* The steps from `from` to `to` of the stage of `whole`. The first segment prepares for all. */
static vn_status make_segment(vn__arena *arena, vn__step *s, const vn__step *whole,
                              int64_t from, int64_t to)
{
    const vn__program *const p = whole->stage->program;
    bool in[VN__MAX_PARAMETERS] = { false }, out[VN__MAX_PARAMETERS] = { false };
    vn__stage *const st = vn__arena_alloc(arena, sizeof *st);
    if (!st)
        return vn_error_status();
    *s = *whole;
    *st = *whole->stage;
    s->stage = st;
    st->from = from;
    st->to = to;
    for (int64_t k = 0; k < p->n_step; k++)
        if ((k >= from && k < to) || (from == 0 && p->step[k].prepared >= 0))
            mark(&p->step[k], in, out);
    VN_TRY(take_marked(arena, in, &s->n_in, &st->in_number, &s->in, &s->in_slot, &s->in_aval));
    s->n_op = s->n_in;
    return take_marked(arena, out, &s->n_out, &st->out_number, &s->out, &s->out_slot,
                       &s->out_aval);
}

/* The new list: segments, behind each the steps that it was waited for, then all others. */
static vn_status lay_segments(vn__program *p, int64_t at, const int64_t early[], vn__step *step,
                              int64_t *n)
{
    const vn__step *const whole = &p->step[at];
    const int64_t end = whole->stage->program->n_step;
    memcpy(step, p->step, (size_t)at * sizeof *step);
    *n = at;
    for (int64_t from = 0, to; from < end; from = to) {
        to = end;
        for (int64_t k = at + 1; k < p->n_step; k++)
            if (early[k] >= from && early[k] + 1 < to)
                to = early[k] + 1;
        VN_TRY(make_segment(&p->arena, &step[(*n)++], whole, from, to));
        for (int64_t k = at + 1; k < p->n_step; k++)
            if (early[k] + 1 == to)
                step[(*n)++] = p->step[k];
    }
    for (int64_t k = at + 1; k < p->n_step; k++)
        if (early[k] < 0)
            step[(*n)++] = p->step[k];
    return VN_ERR_OK;
}

static vn_status cut(vn__program *p, int64_t at, const int64_t early[])
{
    const int64_t most = 2 * p->n_step + 1;
    int64_t n = 0;
    vn__step *const step = vn__alloc((size_t)most * sizeof *step);
    const vn_status status = step ? lay_segments(p, at, early, step, &n) : vn_error_status();
    if (status != VN_ERR_OK) {
        vn__free(step);
        return status;
    }
    vn__free(p->step);
    p->step = step;
    p->n_step = n;
    p->step_capacity = most;
    return VN_ERR_OK;
}

vn_status vn__cut_stages(vn__compiler *c)
{
    vn__program *const p = c->program;
    if (c->logs && c->logs->n > 0) /* an output of which an input is the same memory */
        return VN_ERR_OK;
    for (int64_t at = 0; at < p->n_step; at++) {
        const vn__stage *const st = p->step[at].stage;
        if (!st || !st->wide || st->n > st->tile || st->in_number)
            continue;
        int64_t *const early = vn__alloc((size_t)p->n_step * sizeof *early);
        const vn_status status = !early                     ? vn_error_status()
                                 : find_early(p, at, early) ? cut(p, at, early)
                                                            : VN_ERR_OK;
        vn__free(early);
        VN_TRY(status);
    }
    return VN_ERR_OK;
}
