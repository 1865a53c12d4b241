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

static uint64_t instr_axes(const vn__tape *tape, const vn__instr *instr)
{
    uint64_t axes = 0;
    for (int i = 0; i < instr->n_in; i++)
        axes |= tape->value[instr->in[i]].axes;
    for (int j = 0; j < instr->n_out; j++)
        axes |= tape->value[instr->out + (uint32_t)j].axes;
    return axes;
}

static void place_instr(partition *p, int64_t k)
{
    const vn__tape *const tape = p->c->tape;
    const vn__instr *const instr = &tape->instr[k];
    const int lane = lane_of(p, instr_axes(tape, instr));
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

/* ------------------------------------------------------------------------ tile sizes
 * Everything here depends on shapes alone, never on the machine or the number of threads: the
 * same program gives the same bits everywhere. */

#define TILE_BYTES   (640 * 1024) /* of intermediates: a share of L2 */
#define PANEL_BYTES  (512 * 1024) /* above this for 32 lanes, panels of images are 16 wide */
#define MIDDLE_BYTES (160 * 1024) /* below this for 32 lanes, panels are twice as wide */
#define SMALL_BYTES  (64 * 1024)  /* below this WIDE_LANES wide */
#define WIDE_LANES   128
#define ALONE_BYTES  (4 << 20)  /* above this for 32 lanes, matrices need no lanes */
#define MATRIX_FLOPS 8          /* for each element read or written: worth no lanes */
#define MAX_PANELS   4
#define ALONE_TILES  16 /* of examples without lanes: as many as give all workers some */
#define MAX_SLOTS    64
#define SLOT_FLOPS   4e5       /* a slot is at least some microseconds of work */
#define TOTALS_BYTES (6 << 20) /* all slots together */
#define WIDE_TOTALS  (1 << 19) /* with so much for one slot a stage runs step by step */
#define WIDE_SHARED  (1 << 20) /* or with so much of weights, and few examples */
#define WIDE_VALUES  (64 << 20)
#define PART_BYTES   (1 << 16) /* a result that more than one worker should make */
#define WIDE_TILE    1024

/* As many as the work is worth, then as few as have no more panels each: twelve panels in eight
 * slots would be four of two and four of one, which are never faster than six of two. */
static int64_t slots_of(const vn__stage *st, const vn__program *program)
{
    int64_t slots = 1;
    while (slots < MAX_SLOTS && 2 * slots * st->tile <= st->n &&
           (double)st->n * program->flops / (double)(2 * slots) >= SLOT_FLOPS &&
           2 * slots * st->totals_bytes <= TOTALS_BYTES)
        slots *= 2;
    const int64_t panels = vn__stage_panels(st), own = (panels + slots - 1) / slots;
    return own > 0 ? (panels + own - 1) / own : 1;
}

/* Pixels and lanes together fill the vectors of a convolution, lanes alone those of a product
 * with a matrix. */
static bool convolves(const vn__program *p)
{
    for (int64_t k = 0; k < p->n_step; k++) {
        const vn__step *const s = &p->step[k];
        if (s->op && s->op->flops && s->op != &vn__op_dot_general)
            return true;
        for (int i = 0; i < vn__inner_programs(s); i++)
            if (vn__inner_program(s, i) && convolves(vn__inner_program(s, i)))
                return true;
    }
    return false;
}

/* No more lanes than the batch fills. */
static int64_t within_batch(int64_t lanes, int64_t n)
{
    const int64_t all = (n + 15) & ~(int64_t)15;
    return all < lanes && all > 0 ? all : lanes;
}

/* Few features: wide panels, so that a step does more than it costs to start. */
static int64_t better_lanes(const vn__program *of_32, int64_t n)
{
    const int64_t bytes_of_32 = of_32->value_bytes;
    if (bytes_of_32 > PANEL_BYTES)
        return convolves(of_32) ? 16 : 32;
    const int64_t lanes = bytes_of_32 > MIDDLE_BYTES  ? 32
                          : bytes_of_32 > SMALL_BYTES ? 64
                                                      : WIDE_LANES;
    return within_batch(lanes, n);
}

/* Can several workers share a large sum over examples? */
static bool divides(const vn__step *s)
{
    return s->kind != VN__STEP_EVAL_SUM || s->parts > 1 || s->out_slot[0].bytes < PART_BYTES;
}

/* Are the sums over examples so large that slots cannot have some each, or the weights so large
 * that few examples cannot pay for every worker reading them all? Loops would not be parallel
 * step by step. */
static bool is_wide(const vn__program *program, const vn__part *part, int64_t n,
                    const vn__choices *choices)
{
    int64_t totals = 0;
    for (int j = 0; j < part->n_out; j++)
        if (part->out_role[j] == VN__ROLE_TOTAL)
            totals += program->out_slot[j].bytes;
    for (int64_t k = 0; k < program->n_step; k++)
        if (program->step[k].body || program->step[k].n_branches || !divides(&program->step[k]))
            return false;
    const bool by_shape = totals > WIDE_TOTALS ||
                          (program->prepared_bytes > WIDE_SHARED && n <= WIDE_TILE);
    return choices->wide < 0 ? by_shape : choices->wide > 0;
}

/* A product of matrices, not of a matrix and a vector: it computes more than it reads. */
static bool is_matrix_product(const vn__step *s, double flops)
{
    const int64_t touched = vn_shape_size(s->in_aval[0].shape) +
                            vn_shape_size(s->in_aval[1].shape) +
                            vn_shape_size(s->out_aval[0].shape);
    return flops >= MATRIX_FLOPS * (double)touched;
}

/* Does an example have products of matrices large enough to fill vectors by themselves (the
 * tokens of a sequence), and nothing else that is worth lanes? Then a tile is one example. */
static bool stands_alone(const vn__program *program)
{
    double products = 0;
    if (program->value_bytes <= ALONE_BYTES)
        return false;
    for (int64_t k = 0; k < program->n_step; k++) {
        const vn__step *const s = &program->step[k];
        if (s->body || s->n_branches || s->n_loops)
            return false;
        if (!s->op)
            continue;
        if (s->op != &vn__op_dot_general && (s->op->flops || s->kind == VN__STEP_EVAL_SUM))
            return false;
        if (s->op != &vn__op_dot_general)
            continue;
        const double flops = s->op->flops(s->attr, s->in_aval, s->n_op, s->out_aval);
        products += is_matrix_product(s, flops) ? flops : 0;
    }
    return 2 * products > program->flops;
}

/* The large sums over examples are passed through once for a tile, not for every example, and
 * the values of its examples are the smaller part: more than one, while all workers have
 * tiles. */
static int64_t alone_panels(int64_t n)
{
    const int64_t panels = n / ALONE_TILES;
    return panels < 1 ? 1 : panels > MAX_PANELS ? MAX_PANELS : panels;
}

/* Lanes, whether the stage is wide, and the tile that memory asks for; the program is that of
 * one panel. *shared: the lanes of earlier stages of the axis, whose panels this one may read;
 * 0: none. */
static vn_status size_stage(vn__stage *st, const vn__tape *tape, const vn__part *part,
                            int64_t *shared, const vn__choices *choices)
{
    const int64_t chosen = within_batch(choices->lanes, st->n);
    int64_t lanes = *shared ? *shared : chosen ? chosen : 32;
    st->program = vn__compile_part(tape, part, st->axis, lanes, 1, false);
    const bool alone = st->program && !*shared && stands_alone(st->program);
    st->wide = st->program && !alone && is_wide(st->program, part, st->n, choices);
    const int64_t better = !st->program || *shared || chosen || st->wide ? lanes
                           : alone                             ? 1
                                      : better_lanes(st->program, st->n);
    if (better != lanes) {
        lanes = better;
        vn__program_free(st->program);
        st->program = vn__compile_part(tape, part, st->axis, lanes, 1, false);
    }
    *shared = lanes;
    if (!st->program)
        return vn_error_status();
    const int64_t one = st->program->value_bytes, most = vn__stage_panels(st);
    const int64_t limit = lanes == 1 && !alone ? 1
                          : st->wide           ? WIDE_TILE / lanes
                          : choices->panels    ? choices->panels
                          : alone              ? alone_panels(st->n)
                                               : MAX_PANELS;
    const int64_t memory = st->wide || alone || choices->panels ? WIDE_VALUES : TILE_BYTES;
    int64_t panels = one ? memory / one : limit;
    panels = panels > limit ? limit : panels;
    panels = panels > most ? most : panels;
    st->tile = lanes * (panels < 1 ? 1 : panels);
    return VN_ERR_OK;
}

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
    st->slots = st->wide ? 1 : slots_of(st, st->program);
    return VN_ERR_OK;
}

/* The panels of a slot in tiles of one size, a little larger or smaller than what memory asks
 * for: else some slots would have a tile more than others, and workers wait for these. */
static int64_t even_panels(const vn__stage *st, int64_t panels)
{
    const int64_t own = (vn__stage_panels(st) + st->slots - 1) / st->slots;
    const int64_t tiles = (2 * own + panels) / (2 * panels); /* the nearest number */
    return tiles > 1 ? (own + tiles - 1) / tiles : own;
}

/* The program of whole tiles. */
static vn_status compile_tiles(vn__stage *st, const vn__tape *tape, const vn__part *part,
                               const vn__choices *choices)
{
    const int64_t lanes = st->program->lanes, asked = st->tile / lanes;
    const int64_t panels = st->slots > 1 && !choices->panels ? even_panels(st, asked) : asked;
    st->tile = lanes * panels;
    if (panels == 1 && !st->wide)
        return VN_ERR_OK;
    vn__program_free(st->program);
    st->program = vn__compile_part(tape, part, st->axis, lanes, panels, st->wide);
    return vn_error_status();
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
        status = size_stage(st, c->tape, &chosen, &p->axis_lanes[lane], c->choices);
        if (status == VN_ERR_OK)
            status = lay_totals(c, st, &s);
        if (status == VN_ERR_OK)
            status = compile_tiles(st, c->tape, &chosen, c->choices);
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
