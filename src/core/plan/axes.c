/* SPDX-License-Identifier: MIT */
/* Which mapped axes can be lanes: those that never occur together with a larger one. The others
 * are loops. So are, in the body of a loop or a branch, those of its inputs and results, which
 * lie in memory as the program around it has them.
 *
 * An axis leads, which counts as being larger, if it has products of its own, outside of what
 * is mapped over a larger axis inside of it, and shares the weights that it meets there.
 * Such are the examples of a model with attention, whatever the number of tokens: with the
 * tokens in lanes, every product of sequences would be a border, and each token's outer product
 * would be stored before they are summed. The members of an ensemble do not lead: their weights
 * are their own. */
#include "core/plan/axes.h"

uint64_t vn__instr_axes(const vn__tape *tape, const vn__instr *instr)
{
    uint64_t axes = 0;
    for (int i = 0; i < instr->n_in; i++)
        axes |= tape->value[instr->in[i]].axes;
    for (int j = 0; j < instr->n_out; j++)
        axes |= tape->value[instr->out + (uint32_t)j].axes;
    return axes;
}

/* ------------------------------------------------------------------------------ leading */

#define OWN    0.02 /* of the work inside of larger axes is work of its own, */
#define SHARED 0.5  /* and so much of it is with weights for all */

/* By axis: operations of products over it and no larger axis further in; of those with one; and
 * of these with an operand that has neither. */
typedef struct shares {
    double own[VN__MAX_AXES], inside[VN__MAX_AXES], shared[VN__MAX_AXES];
} shares;

static double operations(const vn__tape *tape, const vn__instr *instr, uint64_t axes)
{
    enum { MOST = 4 }; /* operands and results of a product */
    vn_aval in[MOST], out[MOST];
    if (!instr->op->flops || instr->n_in > MOST || instr->n_out > MOST)
        return 0;
    for (int i = 0; i < instr->n_in; i++)
        in[i] = tape->value[instr->in[i]].aval;
    for (int j = 0; j < instr->n_out; j++)
        out[j] = tape->value[instr->out + (uint32_t)j].aval;
    double n = instr->op->flops(instr->attr, in, instr->n_in, out);
    for (int a = 0; a < VN__MAX_AXES && axes >> a; a++)
        n *= axes >> a & 1 ? (double)vn__tape_axis(tape, a)->size : 1;
    return n;
}

static uint64_t larger_inside(const vn__tape *tape, uint64_t axes, int a)
{
    uint64_t larger = 0;
    for (int b = a + 1; b < VN__MAX_AXES && axes >> b; b++)
        if ((axes >> b & 1) && vn__tape_axis(tape, b)->size > vn__tape_axis(tape, a)->size)
            larger |= 1ull << b;
    return larger;
}

static bool has_operand_without(const vn__tape *tape, const vn__instr *instr, uint64_t axes)
{
    for (int i = 0; i < instr->n_in; i++)
        if (!(tape->value[instr->in[i]].axes & axes))
            return true;
    return false;
}

static void add_to_axis(shares *s, const vn__tape *tape, const vn__instr *instr, uint64_t axes,
                        int a, double n)
{
    const uint64_t larger = larger_inside(tape, axes, a);
    if (!larger) {
        s->own[a] += n;
        return;
    }
    s->inside[a] += n;
    if (has_operand_without(tape, instr, larger | 1ull << a))
        s->shared[a] += n;
}

static void add_shares(shares *s, const vn__tape *tape)
{
    for (int64_t k = 0; k < tape->n_instr; k++) {
        const uint64_t axes = vn__instr_axes(tape, &tape->instr[k]);
        const double n = axes ? operations(tape, &tape->instr[k], axes) : 0;
        for (int a = 0; n > 0 && a < VN__MAX_AXES && axes >> a; a++)
            if (axes >> a & 1)
                add_to_axis(s, tape, &tape->instr[k], axes, a, n);
    }
    for (int64_t i = 0; i < tape->n_child; i++)
        add_shares(s, tape->child[i]);
}

void vn__rank_axes(vn__tape *tape)
{
    shares s = { { 0 }, { 0 }, { 0 } };
    add_shares(&s, tape);
    for (int a = 0; a < tape->n_axes; a++)
        tape->axis[a].leads = s.inside[a] > 0 && s.own[a] >= OWN * s.inside[a] &&
                              s.shared[a] >= SHARED * s.inside[a];
}

/* -------------------------------------------------------------------------------- order */

bool vn__axis_larger(const vn__tape *tape, int a, int b)
{
    const vn__axis *const x = vn__tape_axis(tape, a), *const y = vn__tape_axis(tape, b);
    if (a > b)
        return x->size > y->size && !y->leads;
    return x->size >= y->size || x->leads;
}

int vn__largest_axis(const vn__tape *tape, uint64_t axes)
{
    int best = -1;
    for (int a = 0; a < VN__MAX_AXES && axes >> a; a++)
        if ((axes >> a & 1) && (best < 0 || vn__axis_larger(tape, a, best)))
            best = a;
    return best;
}

uint64_t vn__loop_axes(const vn__tape *tape)
{
    uint64_t loops = 0;
    for (int64_t i = 0; i < tape->n_value; i++) {
        const uint64_t axes = tape->value[i].axes;
        if (axes)
            loops |= axes & ~(1ull << vn__largest_axis(tape, axes));
    }
    return loops;
}

uint64_t vn__lane_axes(const vn__tape *tape)
{
    uint64_t used = 0, outer = 0;
    for (int64_t i = 0; i < tape->n_value; i++)
        used |= tape->value[i].axes;
    for (int64_t i = 0; i < tape->n_input; i++)
        outer |= tape->value[tape->input[i]].axes;
    for (int64_t j = 0; j < tape->n_output; j++)
        outer |= tape->value[tape->output[j]].axes;
    return used & ~vn__loop_axes(tape) & ~outer;
}
