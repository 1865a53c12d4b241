/* SPDX-License-Identifier: MIT */
/* Values that are contiguous parts of others (reshape, slices of the first axis) are not
 * copied: their place is a part of the other's place, which lives as long as they do. And what
 * is joined (concat) is made in the place of the result. */
#include "core/plan/axes.h"
#include "core/plan/compile.h"

#define ALIGN 64 /* of what ops read */

/* A mapped axis and the first real one are the same in memory if it is the innermost loop. */
static bool same_memory(const vn__compiler *c, const vn__instr *instr)
{
    if (instr->op != &vn__op_map_in && instr->op != &vn__op_map_out)
        return false;
    const vn__axis_attr *const a = instr->attr;
    if (a->position != 0)
        return false;
    const uint64_t axes = c->tape->value[instr->in[0]].axes | c->tape->value[instr->out].axes;
    const uint64_t lanes = c->lane >= 0 ? 1ull << c->lane : vn__lane_axes(c->tape);
    return !((axes & ~lanes) >> a->axis >> 1) &&
           (c->lane >= 0 ? a->axis != c->lane : !(axes & lanes));
}

/* Bytes from the start of the operand to the result; -1: the result is a value of its own. */
static int64_t offset_of(const vn__compiler *c, const vn__instr *instr)
{
    const uint32_t from = instr->in[0], to = instr->out;
    const vn__value *const x = &c->tape->value[from], *const y = &c->tape->value[to];
    if (same_memory(c, instr))
        return c->in_of[to] >= 0 || c->out_of[to] >= 0 ? -1 : 0;
    if (!instr->op->view)
        return -1;
    const bool plain_in_lanes = c->lane < 0 && x->axes; /* its stage decides */
    if (x->axes != y->axes || plain_in_lanes || c->in_of[to] >= 0 || c->out_of[to] >= 0)
        return -1;
    const vn__slot slot = vn__slot_of(c, to);
    const int64_t first = instr->op->view(instr->attr, &x->aval, &y->aval);
    const int64_t bytes = first * (int64_t)vn_dtype_size(y->aval.dtype) *
                          (slot.lanes ? c->program->lanes : 1);
    const bool whole = vn_shape_size(x->aval.shape) == vn_shape_size(y->aval.shape);
    return first < 0 || bytes % ALIGN != 0 || (slot.loops && !whole) ? -1 : bytes;
}

static bool is_own(const vn__compiler *c, uint32_t value, const vn__slot *result)
{
    const vn__value *const v = &c->tape->value[value];
    return v->instr != VN__NO_INSTR && !v->constant && c->in_of[value] < 0 &&
           c->out_of[value] < 0 && c->root[value] == value && c->whole[value] == value &&
           (c->lane >= 0 || !v->axes) && !result->loops;
}

/* Puts the operands into the result if each of them is made by an instruction here and for
 * nothing else that has a say in where it lies. */
static void join(vn__compiler *c, uint32_t index)
{
    const vn__instr *const instr = &c->tape->instr[index];
    const vn__slot result = vn__slot_of(c, instr->out);
    int64_t offset = 0;
    if (!instr->op->joins(instr->attr, &result.aval) || c->in_of[instr->out] >= 0 ||
        vn__reads_log(c, instr))
        return;
    for (int i = 0; i < instr->n_in; i++) {
        const vn__slot part = vn__slot_of(c, instr->in[i]);
        bool good = is_own(c, instr->in[i], &result) && part.lanes == result.lanes &&
                    !part.loops && offset % ALIGN == 0;
        for (int j = 0; j < i; j++)
            good = good && instr->in[j] != instr->in[i];
        if (!good)
            return;
        offset += part.bytes;
    }
    offset = 0;
    for (int i = 0; i < instr->n_in; i++) {
        c->whole[instr->in[i]] = instr->out;
        c->whole_offset[instr->in[i]] = offset;
        offset += vn__slot_of(c, instr->in[i]).bytes;
    }
    c->absorbed[index] = true;
}

void vn__find_views(vn__compiler *c)
{
    for (int64_t k = 0; k < c->tape->n_instr; k++) {
        const vn__instr *const instr = &c->tape->instr[k];
        const int64_t offset = instr->n_in == 1 && instr->n_out == 1 ? offset_of(c, instr) : -1;
        if (offset < 0 || vn__reads_log(c, instr))
            continue;
        c->root[instr->out] = c->root[instr->in[0]];
        c->root_offset[instr->out] = c->root_offset[instr->in[0]] + offset;
        c->absorbed[k] = true;
    }
    for (int64_t k = 0; k < c->tape->n_instr; k++)
        if (c->tape->instr[k].op->joins)
            join(c, (uint32_t)k);
}
