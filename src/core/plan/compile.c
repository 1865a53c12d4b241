/* SPDX-License-Identifier: MIT */
/* From a tape to a program: one step for each instruction, places for its values. */
#include "core/plan/compile.h"

#include <string.h>

/* ------------------------------------------------------------------------- slots */

vn__slot vn__slot_of(const vn__compiler *c, uint32_t value)
{
    const vn__value *const v = &c->tape->value[value];
    const uint64_t lane = c->lane >= 0 ? 1ull << c->lane : 0;
    vn__slot slot = { .aval = v->aval,
                      .loops = v->axes & ~lane,
                      .lanes = (v->axes & lane) != 0 };
    slot.bytes = vn_shape_size(v->aval.shape) * (int64_t)vn_dtype_size(v->aval.dtype);
    for (int a = 0; a < VN__MAX_AXES && slot.loops >> a; a++)
        if (slot.loops >> a & 1)
            slot.bytes *= vn__tape_axis(c->tape, a)->size;
    if (slot.lanes)
        slot.bytes *= c->program->lanes;
    return slot;
}

/* Bytes from one element of loop axis `axis` to the next in a value with these loops. */
int64_t vn__loop_stride(const vn__compiler *c, const vn__slot *slot, int axis)
{
    if (!(slot->loops >> axis & 1))
        return 0;
    int64_t stride = vn_shape_size(slot->aval.shape) *
                     (int64_t)vn_dtype_size(slot->aval.dtype) *
                     (slot->lanes ? c->program->lanes : 1);
    for (int a = axis + 1; a < VN__MAX_AXES && slot->loops >> a; a++)
        if (slot->loops >> a & 1)
            stride *= vn__tape_axis(c->tape, a)->size;
    return stride;
}

/* ------------------------------------------------------------------------- places */

/* The value whose memory this one lies in, and where. */
static uint32_t holder(const vn__compiler *c, uint32_t value, int64_t *offset)
{
    uint32_t v = c->root[value];
    *offset = c->root_offset[value];
    for (; c->whole[v] != v; v = c->whole[v])
        *offset += c->whole_offset[v];
    return v;
}

static vn__place place_of(vn__compiler *c, uint32_t value)
{
    int64_t offset;
    const uint32_t root = holder(c, value, &offset);
    if (c->tape->value[root].constant)
        return (vn__place){ .space = VN__SPACE_CONST,
                            .data = (const char *)vn_data(c->tape->value[root].known) +
                                    offset };
    if (c->in_of[root] >= 0)
        return (vn__place){ VN__SPACE_IN, c->in_of[root], .offset = offset };
    if (c->out_of[root] >= 0)
        return (vn__place){ VN__SPACE_OUT, c->out_of[root], .offset = offset };
    return (vn__place){ VN__SPACE_WORK, (int32_t)root, .offset = offset };
}

vn__step *vn__step_new(vn__compiler *c, vn__step_kind kind, int n_in, const uint32_t in[],
                       int n_out, uint32_t out)
{
    vn__program *const p = c->program;
    if (!vn__grow(&p->step, &p->step_capacity, p->n_step + 1, sizeof *p->step))
        return NULL;
    vn__arena *const a = &p->arena;
    const size_t x = (size_t)(n_in ? n_in : 1), y = (size_t)(n_out ? n_out : 1);
    vn__step s = {
        .kind = kind, .n_in = n_in, .n_op = n_in, .n_out = n_out,
        .lanes = 1,   .parts = 1,    .scratch = -1, .prepared = -1
    };
    s.in = vn__arena_alloc(a, x * sizeof *s.in);
    s.out = vn__arena_alloc(a, y * sizeof *s.out);
    s.in_slot = vn__arena_alloc(a, x * sizeof *s.in_slot);
    s.out_slot = vn__arena_alloc(a, y * sizeof *s.out_slot);
    s.in_aval = vn__arena_alloc(a, x * sizeof *s.in_aval);
    s.out_aval = vn__arena_alloc(a, y * sizeof *s.out_aval);
    s.mapped = vn__arena_alloc(a, x * sizeof *s.mapped);
    s.in_stride = vn__arena_alloc(a, VN__MAX_LOOPS * x * sizeof *s.in_stride);
    s.out_stride = vn__arena_alloc(a, VN__MAX_LOOPS * y * sizeof *s.out_stride);
    if (!s.in || !s.out || !s.in_slot || !s.out_slot || !s.in_aval || !s.out_aval ||
        !s.mapped || !s.in_stride || !s.out_stride)
        return NULL;
    for (int i = 0; i < n_in; i++) {
        s.in[i] = place_of(c, in[i]);
        s.in_slot[i] = vn__slot_of(c, in[i]);
        s.in_aval[i] = s.in_slot[i].aval;
        s.mapped[i] = s.in_slot[i].lanes;
        if (s.mapped[i])
            s.lanes = p->lanes, s.tiled = true;
    }
    p->step[p->n_step] = s;
    if (kind != VN__STEP_STAGE && kind != VN__STEP_FUSED)
        for (int j = 0; j < n_out; j++)
            vn__step_set_out(c, &p->step[p->n_step], j, out + (uint32_t)j);
    return &p->step[p->n_step++];
}

void vn__step_set_out(vn__compiler *c, vn__step *s, int j, uint32_t value)
{
    s->out[j] = place_of(c, value);
    s->out_slot[j] = vn__slot_of(c, value);
    s->out_aval[j] = s->out_slot[j].aval;
    if (s->out_slot[j].lanes)
        s->lanes = c->program->lanes, s->tiled = true;
}

vn_status vn__step_loop(const vn__compiler *c, vn__step *s, int axis)
{
    if (s->n_loops == VN__MAX_LOOPS)
        return vn__fail(VN_ERR_LIMIT, "plan: more than %d nested vmaps", VN__MAX_LOOPS);
    const int k = s->n_loops++;
    s->loop_count[k] = vn__tape_axis(c->tape, axis)->size;
    for (int i = 0; i < s->n_in; i++)
        s->in_stride[k * s->n_in + i] = vn__loop_stride(c, &s->in_slot[i], axis);
    for (int j = 0; j < s->n_out; j++)
        s->out_stride[k * s->n_out + j] = vn__loop_stride(c, &s->out_slot[j], axis);
    return VN_ERR_OK;
}

vn_status vn__step_loops(const vn__compiler *c, vn__step *s, uint64_t axes)
{
    for (int a = 0; a < VN__MAX_AXES && axes >> a; a++)
        if (axes >> a & 1)
            VN_TRY(vn__step_loop(c, s, a));
    return VN_ERR_OK;
}

/* ---------------------------------------------------------------------- the program */

void vn__program_free(vn__program *program)
{
    if (!program)
        return;
    for (int64_t k = 0; k < program->n_step; k++) {
        for (int i = 0; i < vn__inner_programs(&program->step[k]); i++)
            vn__program_free(vn__inner_program(&program->step[k], i));
        if (program->step[k].stage && program->step[k].stage->from == 0)
            vn__program_free(program->step[k].stage->program);
    }
    vn__free(program->step);
    vn__arena_free(&program->arena);
    vn__free(program);
}

static vn_status compiler_begin(vn__compiler *c, int64_t lanes, int64_t max_panels)
{
    const size_t n = (size_t)c->tape->n_value + 1;
    c->program = vn__alloc_zero(sizeof *c->program);
    c->in_of = vn__alloc(n * sizeof *c->in_of);
    c->out_of = vn__alloc(n * sizeof *c->out_of);
    c->uses = vn__alloc_zero(n * sizeof *c->uses);
    c->reader = vn__alloc(n * sizeof *c->reader);
    c->chain = vn__alloc_zero(((size_t)c->tape->n_instr + 1) * sizeof *c->chain);
    c->absorbed = vn__alloc_zero((size_t)c->tape->n_instr + 1);
    c->root = vn__alloc(n * sizeof *c->root);
    c->root_offset = vn__alloc_zero(n * sizeof *c->root_offset);
    c->whole = vn__alloc(n * sizeof *c->whole);
    c->whole_offset = vn__alloc_zero(n * sizeof *c->whole_offset);
    if (!c->program || !c->in_of || !c->out_of || !c->uses || !c->reader || !c->chain ||
        !c->absorbed || !c->root || !c->root_offset || !c->whole || !c->whole_offset)
        return vn_error_status();
    for (size_t v = 0; v < n; v++)
        c->root[v] = c->whole[v] = (uint32_t)v;
    memset(c->reader, -1, n * sizeof *c->reader);
    memset(c->in_of, -1, n * sizeof *c->in_of);
    memset(c->out_of, -1, n * sizeof *c->out_of);
    c->program->lanes = lanes;
    c->program->max_panels = max_panels;
    for (int64_t k = 0; k < c->tape->n_instr; k++)
        for (int i = 0; i < c->tape->instr[k].n_in; i++) {
            c->uses[c->tape->instr[k].in[i]]++;
            c->reader[c->tape->instr[k].in[i]] = (uint32_t)k;
        }
    for (int64_t i = 0; i < c->tape->n_output; i++)
        c->uses[c->tape->output[i]]++;
    return VN_ERR_OK;
}

static vn_status set_parameters(vn__compiler *c, int n_in, const uint32_t in[], int n_out,
                                const uint32_t out[])
{
    vn__program *const p = c->program;
    p->n_in = n_in;
    p->n_out = n_out;
    p->in_slot = vn__arena_alloc(&p->arena, (size_t)(n_in + 1) * sizeof *p->in_slot);
    p->out_slot = vn__arena_alloc(&p->arena, (size_t)(n_out + 1) * sizeof *p->out_slot);
    if (!p->in_slot || !p->out_slot)
        return vn_error_status();
    for (int i = 0; i < n_in; i++) {
        c->in_of[in[i]] = i;
        p->in_slot[i] = vn__slot_of(c, in[i]);
    }
    for (int j = n_out - 1; j >= 0; j--) {
        p->out_slot[j] = vn__slot_of(c, out[j]);
        if (c->summed && c->summed[j]) {
            p->out_slot[j].lanes = false;
            p->out_slot[j].bytes /= p->lanes;
        } else if (c->in_of[out[j]] < 0 && !c->tape->value[out[j]].constant) {
            c->out_of[out[j]] = j; /* the first of equal outputs is computed in place */
        }
    }
    return VN_ERR_OK;
}

/* Outputs that are inputs, constants or computed elsewhere are copied at the end. */
static vn_status copy_outputs(vn__compiler *c, int n_out, const uint32_t out[])
{
    for (int j = 0; j < n_out; j++) {
        const bool log = c->logs && j >= c->logs->out && j < c->logs->out + c->logs->n;
        if (c->summed && c->summed[j]) {
            VN_TRY(vn__build_summed(c, j));
            continue;
        }
        if (c->out_of[out[j]] == j)
            continue;
        if (log && c->in_of[out[j]] == c->logs->in + j - c->logs->out)
            continue; /* it is there already */
        vn__step *const s = vn__step_new(c, VN__STEP_COPY, 1, &out[j], 1, out[j]);
        if (!s)
            return vn_error_status();
        s->out[0] = (vn__place){ .space = VN__SPACE_OUT, .index = j };
        s->rows = 1;
        s->row_bytes = s->in_slot[0].bytes;
        s->log = log;
    }
    return VN_ERR_OK;
}

static vn__program *compiler_end(vn__compiler *c, vn_status status)
{
    if (status == VN_ERR_OK)
        status = vn__lay_out(c);
    vn__free(c->in_of);
    vn__free(c->out_of);
    vn__free(c->uses);
    vn__free(c->reader);
    vn__free(c->chain);
    vn__free(c->absorbed);
    vn__free(c->root);
    vn__free(c->root_offset);
    vn__free(c->whole);
    vn__free(c->whole_offset);
    if (status == VN_ERR_OK)
        return c->program;
    vn__program_free(c->program);
    return NULL;
}

static vn_status build_all(vn__compiler *c)
{
    if (c->lane < 0)
        return vn__build_staged(c);
    uint32_t *const all = vn__alloc((size_t)(c->tape->n_instr + 1) * sizeof *all);
    for (int64_t k = 0; all && k < c->tape->n_instr; k++)
        all[k] = (uint32_t)k;
    const vn_status status =
        all ? vn__build_list(c, all, c->tape->n_instr) : vn_error_status();
    vn__free(all);
    return status;
}

/* What is known before the first step. */
static vn_status analyse(vn__compiler *c)
{
    vn__find_views(c);
    return vn__find_chains(c);
}

const vn__choices vn__by_shape = { .wide = -1 };

vn__program *vn__compile_tape(const vn__tape *tape, const vn__choices *choices)
{
    vn__use before[VN__PROVIDERS];
    for (int i = 0; i < VN__PROVIDERS; i++)
        before[i] = vn__use_prefer((vn__provider)i, choices->use[i]);
    vn__program *const p = vn__compile(tape, -1, 1, 1, 0, NULL, NULL, choices);
    for (int i = 0; i < VN__PROVIDERS; i++)
        vn__use_prefer((vn__provider)i, before[i]);
    return p;
}

vn__program *vn__compile(const vn__tape *tape, int lane, int64_t lanes, int64_t max_panels,
                         int n_varying, const vn__logs *logs, const bool summed[],
                         const vn__choices *choices)
{
    vn__compiler c = { .tape = tape,
                       .lane = lane,
                       .n_varying = n_varying,
                       .logs = logs,
                       .summed = summed,
                       .choices = choices };
    vn_status status = compiler_begin(&c, lanes, max_panels);
    if (status == VN_ERR_OK)
        status = set_parameters(&c, (int)tape->n_input, tape->input, (int)tape->n_output,
                                tape->output);
    if (status == VN_ERR_OK && logs && logs->n > 0)
        status = vn__share_logs(&c, logs);
    if (status == VN_ERR_OK)
        status = analyse(&c);
    if (status == VN_ERR_OK)
        status = build_all(&c);
    if (status == VN_ERR_OK)
        status = copy_outputs(&c, (int)tape->n_output, tape->output);
    if (status == VN_ERR_OK)
        status = vn__take_updates(&c);
    if (status == VN_ERR_OK)
        status = vn__cut_stages(&c);
    return compiler_end(&c, status);
}

vn__program *vn__compile_part(const vn__tape *tape, const vn__part *part, int lane,
                              int64_t lanes, int64_t max_panels, bool wide)
{
    vn__compiler c = {
        .tape = tape, .lane = lane, .wide = wide, .choices = &vn__by_shape
    };
    vn_status status = compiler_begin(&c, lanes, max_panels);
    if (status == VN_ERR_OK)
        status = set_parameters(&c, part->n_in, part->in, part->n_out, part->out);
    if (status == VN_ERR_OK)
        status = analyse(&c);
    if (status == VN_ERR_OK)
        status = vn__build_list(&c, part->instr, part->n_instr);
    if (status == VN_ERR_OK && wide)
        vn__delay_sums(&c);
    return compiler_end(&c, status);
}
