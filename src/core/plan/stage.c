/* SPDX-License-Identifier: MIT */
/* Stages. An axis can be the lanes if it never occurs together with a larger one. Instructions
 * over a lane axis run tile by tile; those that need no FINISHED sum or stacked array of each
 * other share a stage. Level b of a plain value: it exists after the stages of the levels below
 * b. */
#include <string.h>

#include "core/ops/ops.h"
#include "core/plan/axes.h"
#include "core/plan/compile.h"

enum { PLAIN = -1 };

typedef struct partition {
    vn__compiler *c;
    int8_t *lane;       /* by instruction: lane axis or PLAIN */
    int32_t *level;     /* by instruction */
    int32_t *ready;     /* by value: level from which it can be used outside of lanes */
    int8_t *value_lane; /* by value: lane axis in which it lives, or PLAIN */
    uint64_t laneable;
    int32_t levels;
    int64_t *axis_lanes; /* by axis: lanes of its stages, 0: not chosen yet */
} partition;

/* --------------------------------------------------------------------- lane axes */

static int lane_of(const partition *p, uint64_t axes)
{
    const int a = vn__largest_axis(p->c->tape, axes);
    return a != PLAIN && (p->laneable >> a & 1) ? a : PLAIN;
}

/* ------------------------------------------------------------------------- levels */

static void place_instr(partition *p, int64_t k)
{
    const vn__tape *const tape = p->c->tape;
    const vn__instr *const instr = &tape->instr[k];
    const int lane = lane_of(p, vn__instr_axes(tape, instr));
    int32_t level = 0;
    for (int i = 0; i < instr->n_in; i++)
        level = p->ready[instr->in[i]] > level ? p->ready[instr->in[i]] : level;
    p->lane[k] = (int8_t)lane;
    p->level[k] = level;
    p->levels = level + 2 > p->levels ? level + 2 : p->levels;
    for (int j = 0; j < instr->n_out; j++) {
        const uint32_t v = instr->out + (uint32_t)j;
        p->value_lane[v] = (int8_t)lane_of(p, tape->value[v].axes);
        p->ready[v] = level + (lane != PLAIN && p->value_lane[v] == PLAIN);
    }
}

/* ------------------------------------------------------------------ one stage's part */

/* The growing lists of a vn__part. */
typedef struct choice {
    uint32_t *instr, *in, *out;
    vn__role *in_role, *out_role;
    int64_t n_instr;
    int32_t n_in, n_out;
    bool *in_stage; /* by instruction */
    bool *is_in;    /* by value */
} choice;

/* Examples are loaded again rather than kept for a later stage. */
static bool reloads(const vn__instr *instr, int lane)
{
    return (instr->op == &vn__op_map_in || instr->op == &vn__op_axis_index) &&
           ((const vn__axis_attr *)instr->attr)->axis == lane;
}

/* Marks instruction k and, again in this stage, the loads that it reads from earlier ones. */
static void choose(const partition *p, choice *s, int64_t k, int lane)
{
    const vn__tape *const tape = p->c->tape;
    s->in_stage[k] = true;
    for (int i = 0; i < tape->instr[k].n_in; i++) {
        const vn__value *const v = &tape->value[tape->instr[k].in[i]];
        if (v->instr != VN__NO_INSTR && p->lane[v->instr] == lane && !s->in_stage[v->instr] &&
            reloads(&tape->instr[v->instr], lane))
            s->in_stage[v->instr] = true;
    }
}

static void add_in(const partition *p, choice *s, uint32_t value)
{
    const vn__value *const v = &p->c->tape->value[value];
    if (s->is_in[value] || v->constant || (v->instr != VN__NO_INSTR && s->in_stage[v->instr]))
        return;
    s->is_in[value] = true;
    s->in_role[s->n_in] = p->value_lane[value] != PLAIN ? VN__ROLE_SPILL : VN__ROLE_SHARED;
    s->in[s->n_in++] = value;
}

static bool read_elsewhere(const partition *p, const choice *s, uint32_t value)
{
    const vn__tape *const tape = p->c->tape;
    const vn__instr *const source = &tape->instr[tape->value[value].instr];
    if (reloads(source, p->value_lane[value]))
        return false;
    for (int64_t k = tape->value[value].instr + 1; k < tape->n_instr; k++)
        if (!s->in_stage[k])
            for (int i = 0; i < tape->instr[k].n_in; i++)
                if (tape->instr[k].in[i] == value)
                    return true;
    return false;
}

static void add_out(const partition *p, choice *s, int64_t k, int32_t level, uint32_t value)
{
    const vn__instr *const instr = &p->c->tape->instr[k];
    vn__role role;
    if (p->level[k] != level)
        return; /* a load done again */
    if (p->value_lane[value] != PLAIN) {
        if (!read_elsewhere(p, s, value))
            return;
        role = VN__ROLE_SPILL;
    } else {
        role = instr->op == &vn__op_axis_sum   ? VN__ROLE_TOTAL
               : instr->op == &vn__op_axis_max ? VN__ROLE_LARGEST
                                               : VN__ROLE_ARRAY;
    }
    s->out_role[s->n_out] = role;
    s->out[s->n_out++] = value;
}

static vn_status choice_alloc(choice *s, const vn__tape *tape)
{
    const size_t ni = (size_t)tape->n_instr + 1, nv = (size_t)tape->n_value + 1;
    s->instr = vn__alloc(ni * sizeof *s->instr);
    s->in = vn__alloc(nv * sizeof *s->in);
    s->out = vn__alloc(nv * sizeof *s->out);
    s->in_role = vn__alloc(nv * sizeof *s->in_role);
    s->out_role = vn__alloc(nv * sizeof *s->out_role);
    s->in_stage = vn__alloc_zero(ni);
    s->is_in = vn__alloc_zero(nv);
    return s->instr && s->in && s->out && s->in_role && s->out_role && s->in_stage && s->is_in
               ? VN_ERR_OK
               : vn_error_status();
}

static void choice_free(choice *s)
{
    vn__free(s->instr);
    vn__free(s->in);
    vn__free(s->out);
    vn__free(s->in_role);
    vn__free(s->out_role);
    vn__free(s->in_stage);
    vn__free(s->is_in);
}

static vn_status collect(const partition *p, choice *s, int32_t level, int lane)
{
    const vn__tape *const tape = p->c->tape;
    VN_TRY(choice_alloc(s, tape));
    for (int64_t k = 0; k < tape->n_instr; k++)
        if (p->lane[k] == lane && p->level[k] == level)
            choose(p, s, k, lane);
    for (int64_t k = 0; k < tape->n_instr; k++)
        if (s->in_stage[k])
            s->instr[s->n_instr++] = (uint32_t)k;
    for (int64_t q = 0; q < s->n_instr; q++) {
        const vn__instr *const instr = &tape->instr[s->instr[q]];
        for (int i = 0; i < instr->n_in; i++)
            add_in(p, s, instr->in[i]);
        for (int j = 0; j < instr->n_out; j++)
            add_out(p, s, s->instr[q], level, instr->out + (uint32_t)j);
    }
    return VN_ERR_OK;
}

/* ----------------------------------------------------------------------- its step */

static vn_status lay_totals(vn__compiler *c, vn__stage *st, const choice *s)
{
    st->in_role =
        vn__arena_alloc(&c->program->arena, (size_t)(s->n_in + 1) * sizeof *st->in_role);
    st->out_role =
        vn__arena_alloc(&c->program->arena, (size_t)(s->n_out + 1) * sizeof *st->out_role);
    st->total_offset =
        vn__arena_alloc(&c->program->arena, (size_t)(s->n_out + 1) * sizeof *st->total_offset);
    if (!st->in_role || !st->out_role || !st->total_offset)
        return vn_error_status();
    memcpy(st->in_role, s->in_role, (size_t)s->n_in * sizeof *st->in_role);
    memcpy(st->out_role, s->out_role, (size_t)s->n_out * sizeof *st->out_role);
    for (int j = 0; j < s->n_out; j++)
        if (s->out_role[j] == VN__ROLE_TOTAL || s->out_role[j] == VN__ROLE_LARGEST) {
            st->total_offset[j] = st->totals_bytes;
            st->totals_bytes += (st->program->out_slot[j].bytes + 63) & ~(int64_t)63;
        }
    return VN_ERR_OK;
}

/* Spilled values live in the caller's workspace, as panels of all examples. */
static void size_spill(vn__slot *slot, const vn__stage *st)
{
    const int64_t panel = (slot->bytes + 63) & ~(int64_t)63;
    slot->bytes = panel * vn__stage_panels(st);
}

static vn_status add_stage_step(vn__compiler *c, vn__stage *st, const choice *s)
{
    vn__step *const step =
        vn__step_new(c, VN__STEP_STAGE, s->n_in, s->in, s->n_out, s->n_out ? s->out[0] : 0);
    if (!step)
        return vn_error_status();
    step->stage = st;
    st->to = st->program->n_step;
    step->lanes = 1;
    step->tiled = false;
    for (int j = 0; j < s->n_out; j++) /* results are not consecutive values */
        vn__step_set_out(c, step, j, s->out[j]);
    for (int i = 0; i < s->n_in; i++) {
        if (s->in_role[i] != VN__ROLE_SPILL)
            continue;
        step->in_slot[i] = st->program->in_slot[i];
        size_spill(&step->in_slot[i], st);
        step->in_slot[i].lanes = false;
    }
    for (int j = 0; j < s->n_out; j++)
        if (s->out_role[j] == VN__ROLE_SPILL) {
            step->out_slot[j] = st->program->out_slot[j];
            size_spill(&step->out_slot[j], st);
            step->out_slot[j].lanes = false;
        }
    c->program->flops += st->program->flops * (double)st->n;
    return VN_ERR_OK;
}

static bool has_effect(const vn__tape *tape, const choice *s)
{
    for (int64_t k = 0; k < s->n_instr; k++)
        if (tape->instr[s->instr[k]].op->flags & VN_OP_EFFECT)
            return true;
    return false;
}

static vn_status build_stage(const partition *p, int32_t level, int lane)
{
    choice s = { 0 };
    vn_status status = collect(p, &s, level, lane);
    vn__compiler *const c = p->c;
    vn__stage *const st = vn__arena_alloc(&c->program->arena, sizeof *st);
    const bool needed = s.n_instr > 0 && (s.n_out > 0 || has_effect(c->tape, &s));
    if (status == VN_ERR_OK && st && needed) {
        st->axis = lane;
        st->n = vn__tape_axis(c->tape, lane)->size;
        const vn__part chosen = { s.instr, s.n_instr, s.in,      s.out,
                                  s.n_in,  s.n_out,   s.in_role, s.out_role };
        status = vn__stage_tiles(st, c->tape, &chosen, &p->axis_lanes[lane], c->choices);
        if (status == VN_ERR_OK)
            status = lay_totals(c, st, &s);
        if (status == VN_ERR_OK)
            status = add_stage_step(c, st, &s);
        if (status != VN_ERR_OK)
            vn__program_free(st->program);
    }
    choice_free(&s);
    return st ? status : vn_error_status();
}

/* ------------------------------------------------------------------------ all of it */

/* plain: room for a list of instructions */
static vn_status build_level(const partition *p, int32_t level, uint32_t *plain)
{
    const vn__tape *const tape = p->c->tape;
    uint64_t lanes = 0;
    int64_t n = 0;
    for (int64_t k = 0; k < tape->n_instr; k++) {
        if (p->level[k] != level)
            continue;
        if (p->lane[k] == PLAIN)
            plain[n++] = (uint32_t)k;
        else
            lanes |= 1ull << p->lane[k];
    }
    VN_TRY(vn__build_list(p->c, plain, n));
    for (int a = 0; a < VN__MAX_AXES && lanes >> a; a++)
        if (lanes >> a & 1)
            VN_TRY(build_stage(p, level, a));
    return VN_ERR_OK;
}

static vn_status build_levels(partition *p)
{
    const vn__tape *const tape = p->c->tape;
    p->laneable = vn__lane_axes(tape);
    for (int64_t k = 0; k < tape->n_instr; k++)
        place_instr(p, k);
    vn_status status = VN_ERR_OK;
    uint32_t *const plain = vn__alloc((size_t)(tape->n_instr + 1) * sizeof *plain);
    for (int32_t level = 0; plain && status == VN_ERR_OK && level < p->levels; level++)
        status = build_level(p, level, plain);
    vn__free(plain);
    return plain ? status : vn_error_status();
}

vn_status vn__build_staged(vn__compiler *c)
{
    const size_t ni = (size_t)c->tape->n_instr + 1, nv = (size_t)c->tape->n_value + 1;
    int64_t axis_lanes[VN__MAX_AXES] = { 0 };
    partition p = { .c = c, .axis_lanes = axis_lanes };
    p.lane = vn__alloc(ni);
    p.level = vn__alloc(ni * sizeof *p.level);
    p.ready = vn__alloc_zero(nv * sizeof *p.ready);
    p.value_lane = vn__alloc(nv);
    vn_status status = vn_error_status();
    if (p.lane && p.level && p.ready && p.value_lane) {
        memset(p.value_lane, PLAIN, nv);
        status = build_levels(&p);
    }
    vn__free(p.lane);
    vn__free(p.level);
    vn__free(p.ready);
    vn__free(p.value_lane);
    return status;
}
