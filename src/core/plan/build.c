/* SPDX-License-Identifier: MIT */
/* One instruction into one step. The lane axis is loaded, stored and summed; other mapped axes
 * are loops around the op. */
#include "core/plan/compile.h"

static double flops_of(const vn__step *s)
{
    if (s->op->flops)
        return s->op->flops(s->attr, s->in_aval, s->n_op, s->out_aval);
    double n = 0;
    for (int j = 0; j < s->n_out; j++)
        n += (double)vn_shape_size(s->out_aval[j].shape);
    return s->op->flags & VN_OP_LINEAR && !(s->op->flags & VN_OP_ELEMENTWISE) ? 0 : n;
}

static void count_flops(vn__compiler *c, const vn__step *s)
{
    double n = flops_of(s);
    for (int k = 0; k < s->n_loops; k++)
        n *= (double)s->loop_count[k];
    c->program->flops += n;
}

static uint64_t loops_of(const vn__step *s)
{
    uint64_t axes = 0;
    for (int i = 0; i < s->n_in; i++)
        axes |= s->in_slot[i].loops;
    for (int j = 0; j < s->n_out; j++)
        axes |= s->out_slot[j].loops;
    return axes;
}

static vn__step *eval_step(vn__compiler *c, const vn__instr *instr)
{
    vn__step *const s =
        vn__step_new(c, VN__STEP_EVAL, instr->n_in, instr->in, instr->n_out, instr->out);
    if (s) {
        s->op = instr->op;
        s->attr = instr->attr;
    }
    return s;
}

/* chain: of which this instruction is the last, or NULL */
static vn_status build_eval(vn__compiler *c, const vn__instr *instr, const vn__chain *chain)
{
    vn__step *const s = chain ? vn__chain_step(c, chain) : eval_step(c, instr);
    if (!s)
        return vn_error_status();
    s->log = vn__is_log(c, s);
    VN_TRY(vn__step_loops(c, s, loops_of(s)));
    count_flops(c, s);
    return VN_ERR_OK;
}

/* ------------------------------------------------------------- mapped axes: in and out */

/* Blocks around real axis `position` of a shape that has it: rows before it, bytes after it. */
static void set_blocks(vn__step *s, vn_shape shape, int position, int64_t element)
{
    s->rows = 1;
    s->row_bytes = element;
    for (int i = 0; i < shape.rank; i++) {
        if (i < position)
            s->rows *= shape.dim[i];
        if (i > position)
            s->row_bytes *= shape.dim[i];
    }
}

static vn_status build_map_in(vn__compiler *c, const vn__instr *instr)
{
    const vn__axis_attr *const a = instr->attr;
    const bool lane = a->axis == c->lane;
    vn__step *const s =
        vn__step_new(c, lane ? VN__STEP_LOAD : VN__STEP_COPY, 1, instr->in, 1, instr->out);
    if (!s)
        return vn_error_status();
    const int64_t element =
        (int64_t)vn_dtype_size(s->in_aval[0].dtype) * (s->mapped[0] ? s->lanes : 1);
    set_blocks(s, s->in_aval[0].shape, a->position, element);
    s->in_row = s->row_bytes * a->size;
    s->out_row = s->row_bytes;
    VN_TRY(vn__step_loops(c, s, s->in_slot[0].loops));
    if (lane)
        return VN_ERR_OK;
    VN_TRY(vn__step_loop(c, s, a->axis));
    s->in_stride[s->n_loops - 1] = s->row_bytes;
    return VN_ERR_OK;
}

static vn_status build_map_out(vn__compiler *c, const vn__instr *instr)
{
    const vn__axis_attr *const a = instr->attr;
    const bool lane = a->axis == c->lane;
    vn__step *const s =
        vn__step_new(c, lane ? VN__STEP_STORE : VN__STEP_COPY, 1, instr->in, 1, instr->out);
    if (!s)
        return vn_error_status();
    const int64_t element =
        (int64_t)vn_dtype_size(s->in_aval[0].dtype) * (s->out_slot[0].lanes ? s->lanes : 1);
    set_blocks(s, s->out_aval[0].shape, a->position, element);
    s->in_row = s->row_bytes;
    s->out_row = s->row_bytes * a->size;
    VN_TRY(vn__step_loops(c, s, s->out_slot[0].loops));
    if (lane)
        return VN_ERR_OK;
    VN_TRY(vn__step_loop(c, s, a->axis));
    s->out_stride[s->n_loops - 1] = s->row_bytes;
    return VN_ERR_OK;
}

/* ------------------------------------------------------------------------- reductions */

/* The instruction that makes a value for a sum over lanes alone and can do both at once. */
static const vn__instr *fusable(const vn__compiler *c, uint32_t value)
{
    const vn__value *const v = &c->tape->value[value];
    if (v->instr == VN__NO_INSTR || c->uses[value] != 1 || c->in_of[value] >= 0)
        return NULL;
    const vn__instr *const source = &c->tape->instr[v->instr];
    if (!source->op->eval_sum || source->n_out != 1)
        return NULL;
    const uint64_t lane = 1ull << c->lane;
    for (int i = 0; i < source->n_in; i++)
        if (c->tape->value[source->in[i]].axes & ~lane)
            return NULL;
    return source;
}

/* True if the instruction is left to the sum that reads it. */
static bool is_fused(const vn__compiler *c, const vn__instr *instr)
{
    if (c->lane < 0 || !instr->op->eval_sum || instr->n_out != 1 || c->uses[instr->out] != 1 ||
        c->out_of[instr->out] >= 0)
        return false;
    const uint32_t k = c->reader[instr->out];
    if (k == VN__NO_INSTR) /* it is an output */
        return c->summed && fusable(c, instr->out) == instr;
    const vn__instr *const reader = &c->tape->instr[k];
    return reader->op == &vn__op_axis_sum &&
           ((const vn__axis_attr *)reader->attr)->axis == c->lane &&
           fusable(c, instr->out) == instr;
}

static vn__step *lane_sum_step(vn__compiler *c, uint32_t value, uint32_t out)
{
    const vn__instr *const source = fusable(c, value);
    if (!source)
        return vn__step_new(c, VN__STEP_SUM, 1, &value, 1, out);
    vn__step *const s =
        vn__step_new(c, VN__STEP_EVAL_SUM, source->n_in, source->in, 1, out);
    if (!s)
        return NULL;
    s->op = source->op;
    s->attr = source->attr;
    s->lanes = c->program->lanes;
    s->tiled = true;
    count_flops(c, s);
    return s;
}

vn_status vn__build_summed(vn__compiler *c, int j)
{
    const uint32_t value = c->tape->output[j];
    vn__step *const s = lane_sum_step(c, value, value);
    if (!s)
        return vn_error_status();
    s->out[0] = (vn__place){ .space = VN__SPACE_OUT, .index = j };
    s->out_slot[0] = c->program->out_slot[j];
    return VN_ERR_OK;
}

static vn_status build_lane_reduction(vn__compiler *c, const vn__instr *instr)
{
    const vn__step *const s =
        instr->op == &vn__op_axis_sum
            ? lane_sum_step(c, instr->in[0], instr->out)
            : vn__step_new(c, VN__STEP_MAX, 1, instr->in, 1, instr->out);
    return s ? VN_ERR_OK : vn_error_status();
}

static vn_status build_loop_reduction(vn__compiler *c, const vn__instr *instr)
{
    const vn__axis_attr *const a = instr->attr;
    vn__step *const s =
        vn__step_new(c, instr->op == &vn__op_axis_sum ? VN__STEP_LOOP_SUM : VN__STEP_LOOP_MAX,
                     1, instr->in, 1, instr->out);
    if (!s)
        return vn_error_status();
    s->row_bytes = vn_shape_size(s->in_aval[0].shape) *
                   (int64_t)vn_dtype_size(s->in_aval[0].dtype) * s->lanes;
    VN_TRY(vn__step_loop(c, s, a->axis));
    return vn__step_loops(c, s, s->out_slot[0].loops);
}

static vn_status build_index(vn__compiler *c, const vn__instr *instr)
{
    const vn__axis_attr *const a = instr->attr;
    const bool lane = a->axis == c->lane;
    vn__step *const s =
        vn__step_new(c, lane ? VN__STEP_INDEX : VN__STEP_LOOP_INDEX, 0, NULL, 1, instr->out);
    if (!s)
        return vn_error_status();
    return lane ? VN_ERR_OK : vn__step_loop(c, s, a->axis);
}

static vn_status build_spread(vn__compiler *c, const vn__instr *instr)
{
    vn__step *const s = vn__step_new(c, VN__STEP_SPREAD, 1, instr->in, 1, instr->out);
    return s ? vn__step_loops(c, s, s->out_slot[0].loops) : vn_error_status();
}

vn_status vn__build_instr(vn__compiler *c, uint32_t index)
{
    const vn__instr *const instr = &c->tape->instr[index];
    if (c->absorbed[index])
        return VN_ERR_OK;
    if (instr->op == &vn__op_map_in)
        return build_map_in(c, instr);
    if (instr->op == &vn__op_map_out)
        return build_map_out(c, instr);
    if (instr->op == &vn__op_axis_index)
        return build_index(c, instr);
    if (instr->op == &vn__op_axis_sum || instr->op == &vn__op_axis_max)
        return ((const vn__axis_attr *)instr->attr)->axis == c->lane
                   ? build_lane_reduction(c, instr)
                   : build_loop_reduction(c, instr);
    if (instr->op == &vn__op_spread)
        return build_spread(c, instr);
    if (instr->op == &vn__op_scan)
        return vn__build_scan(c, instr);
    if (instr->op == &vn__op_while)
        return vn__build_while(c, instr);
    if (instr->op == &vn__op_unwind)
        return vn__build_unwind(c, instr);
    if (instr->op == &vn__op_branch)
        return vn__build_branch(c, instr);
    if (instr->op == &vn__op_fault)
        return vn__build_check(c, instr);
    return is_fused(c, instr) ? VN_ERR_OK : build_eval(c, instr, c->chain[index]);
}
