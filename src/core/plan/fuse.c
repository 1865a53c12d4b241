/* SPDX-License-Identifier: MIT */
/* Which element-wise instructions are fused. They are taken in order; one joins a group with as
 * many elements that makes what it reads, or reads what it reads. A group stands at one
 * position of the list. Joining may mean
 *     moving up:    the instruction is done at the group's position, if all that it reads
 *                   exists there;
 *     moving down:  the group is done at the instruction's position, if nobody has read from it
 *                   before.
 * So every value is still made before it is read. Parts of values (views) are read from memory:
 * whoever reads a part of a member's result is outside of the group. */
#include <string.h>

#include "core/plan/fuse.h"

#define NEAR  8    /* groups of other chains that are looked at */
#define SMALL 1024 /* elements; below this unrelated chains share a step, to have fewer steps */

typedef struct group {
    uint32_t member[VN__FUSED_MEMBERS]; /* instructions in order */
    int32_t n_member;
    int32_t operands; /* of all members: no more arrays than that and the results */
    int64_t elements, position;
    int64_t row;      /* elements of its rows; 0: any length will do yet */
    int64_t size;     /* bytes of the largest element */
    bool lanes, read; /* read: by somebody outside */
} group;

typedef struct fusing {
    vn__compiler *c;
    group *groups;
    int64_t n_groups;
    int32_t *group_of;   /* by instruction: number of its group, -1: none */
    int64_t *position;   /* by instruction: in the list, -1: not there (yet) */
    int32_t *last_group; /* by value: the last group with a member that reads it, or -1 */
} fusing;

/* Do all operands of an instruction lie under its result in rows of that length? */
static bool reaches(const vn__compiler *c, const vn__instr *instr, int64_t *row)
{
    vn__reach reach;
    for (int i = 0; i < instr->n_in; i++)
        if (!vn__reach_of(c, instr->in[i], instr->out, &reach, row))
            return false;
    return true;
}

/* Elements of a block for rows like these (0: none) and elements of so many bytes: whole rows,
 * or a part that divides a row, and at most VN__FUSED_BLOCK bytes. */
static int64_t block_of(int64_t row, int64_t size)
{
    const int64_t most = VN__FUSED_BLOCK / size;
    int64_t parts = 1;
    if (row <= most)
        return row > 0 ? most / row * row : most;
    while (row % parts || row / parts > most)
        parts++;
    return row / parts;
}

/* Rows that are longer than a block are cut into equal parts: not into many small ones. */
static bool blocks_fit(int64_t row, int64_t size)
{
    return row * size <= VN__FUSED_BLOCK || block_of(row, size) * size >= VN__FUSED_BLOCK / 4;
}

static int64_t size_of(const vn__slot *slot)
{
    return (int64_t)vn_dtype_size(slot->aval.dtype);
}

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static bool fusable(const vn__compiler *c, uint32_t index)
{
    const vn__instr *const instr = &c->tape->instr[index];
    const vn_op *const op = instr->op;
    if (!(op->flags & VN_OP_ELEMENTWISE) || op->flags & VN_OP_EFFECT || op->setup ||
        op->scratch || op->prepare || instr->n_out != 1 || instr->n_in < 1 ||
        instr->n_in > VN__FUSED_OPERANDS || c->absorbed[index] || c->chain[index] ||
        vn__reads_log(c, instr))
        return false;
    const vn__slot result = vn__slot_of(c, instr->out);
    int64_t row = 0;
    return result.bytes > 0 && reaches(c, instr, &row) && blocks_fit(row, size_of(&result));
}

/* ------------------------------------------------------------------------ joining */

/* Where the instruction that makes a value is done; -1: before all of the list. */
static int64_t made_at(const fusing *f, uint32_t value)
{
    const uint32_t source = f->c->tape->value[f->c->root[value]].instr;
    if (source == VN__NO_INSTR || f->c->in_of[f->c->root[value]] >= 0)
        return -1;
    return f->group_of[source] >= 0 ? f->groups[f->group_of[source]].position
                                    : f->position[source];
}

static int32_t maker(const fusing *f, uint32_t value)
{
    const uint32_t root = f->c->root[value], source = f->c->tape->value[root].instr;
    return source == VN__NO_INSTR || f->c->in_of[root] >= 0 ? -1 : f->group_of[source];
}

static bool can_join(const fusing *f, const group *g, const vn__instr *instr, bool *down)
{
    const vn__slot result = vn__slot_of(f->c, instr->out);
    int64_t row = g->row;
    const int32_t self = (int32_t)(g - f->groups);
    if (g->n_member == VN__FUSED_MEMBERS || g->lanes != result.lanes ||
        g->elements != vn__slot_elements(&result) ||
        g->operands + instr->n_in + g->n_member + 1 > VN__FUSED_ARRAYS ||
        !reaches(f->c, instr, &row) || !blocks_fit(row, larger(g->size, size_of(&result))))
        return false;
    bool up = true;
    for (int i = 0; i < instr->n_in; i++) {
        const uint32_t v = instr->in[i];
        if (maker(f, v) == self && f->c->root[v] != v)
            return false;
        if (maker(f, v) != self && made_at(f, v) >= g->position)
            up = false;
    }
    *down = !up;
    return up || !g->read;
}

static int32_t find_group(const fusing *f, const vn__instr *instr, bool *down)
{
    for (int i = 0; i < instr->n_in; i++) {
        const int32_t g = maker(f, instr->in[i]);
        if (g >= 0 && can_join(f, &f->groups[g], instr, down))
            return g;
    }
    for (int i = 0; i < instr->n_in; i++) {
        const int32_t g = f->last_group[instr->in[i]];
        if (g >= 0 && can_join(f, &f->groups[g], instr, down))
            return g;
    }
    const vn__slot result = vn__slot_of(f->c, instr->out);
    if (vn__slot_elements(&result) <= SMALL)
        for (int64_t g = f->n_groups - 1; g >= 0 && g >= f->n_groups - NEAR; g--)
            if (can_join(f, &f->groups[g], instr, down))
                return (int32_t)g;
    return -1;
}

/* Everybody who makes an operand of an instruction outside of its group is read. */
static void mark_read(fusing *f, const vn__instr *instr, int32_t own)
{
    for (int i = 0; i < instr->n_in; i++) {
        const int32_t g = maker(f, instr->in[i]);
        if (g >= 0 && (g != own || f->c->root[instr->in[i]] != instr->in[i]))
            f->groups[g].read = true;
        if (own >= 0)
            f->last_group[instr->in[i]] = own;
    }
}

static void place(fusing *f, uint32_t index, int64_t position)
{
    const vn__instr *const instr = &f->c->tape->instr[index];
    bool down = false;
    f->position[index] = position;
    if (!fusable(f->c, index)) {
        if (!(instr->op->view && f->c->root[instr->out] != instr->out))
            mark_read(f, instr, -1);
        return;
    }
    const vn__slot result = vn__slot_of(f->c, instr->out);
    int32_t g = find_group(f, instr, &down);
    if (g < 0) {
        g = (int32_t)f->n_groups++;
        f->groups[g] = (group){ .elements = vn__slot_elements(&result), .lanes = result.lanes };
        down = true;
    }
    group *const into = &f->groups[g];
    if (down)
        into->position = position;
    into->member[into->n_member++] = index;
    into->operands += instr->n_in;
    into->size = larger(into->size, size_of(&result));
    (void)reaches(f->c, instr, &into->row);
    f->group_of[index] = g;
    mark_read(f, instr, g);
}

/* ----------------------------------------------------------------------------- lists */

static vn_status build_group(vn__compiler *c, const group *g)
{
    return vn__build_fused(c, g->member, g->n_member, g->row, block_of(g->row, g->size));
}

static vn_status emit(const fusing *f, const uint32_t *instr, int64_t n)
{
    for (int64_t q = 0; q < n; q++) {
        const int32_t g = f->group_of[instr[q]];
        if (g < 0)
            VN_TRY(vn__build_instr(f->c, instr[q]));
        else if (f->groups[g].position == q)
            VN_TRY(build_group(f->c, &f->groups[g]));
    }
    return VN_ERR_OK;
}

vn_status vn__build_list(vn__compiler *c, const uint32_t *instr, int64_t n)
{
    const size_t ni = (size_t)c->tape->n_instr + 1, nv = (size_t)c->tape->n_value + 1;
    fusing f = { .c = c };
    f.groups = vn__alloc((size_t)(n + 1) * sizeof *f.groups);
    f.group_of = vn__alloc(ni * sizeof *f.group_of);
    f.position = vn__alloc(ni * sizeof *f.position);
    f.last_group = vn__alloc(nv * sizeof *f.last_group);
    vn_status status = vn_error_status();
    if (f.groups && f.group_of && f.position && f.last_group) {
        memset(f.group_of, -1, ni * sizeof *f.group_of);
        memset(f.position, -1, ni * sizeof *f.position);
        memset(f.last_group, -1, nv * sizeof *f.last_group);
        for (int64_t q = 0; q < n; q++)
            place(&f, instr[q], q);
        status = emit(&f, instr, n);
    }
    vn__free(f.groups);
    vn__free(f.group_of);
    vn__free(f.position);
    vn__free(f.last_group);
    return status;
}
