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

#include "core/plan/compile.h"
#include "core/plan/fused.h"

#define NEAR  8    /* groups of other chains that are looked at */
#define SMALL 1024 /* elements; below this unrelated chains share a step, to have fewer steps */

typedef struct group {
    uint32_t member[VN__FUSED_MEMBERS]; /* instructions in order */
    int32_t n_member;
    int32_t operands; /* of all members: no more arrays than that and the results */
    int64_t elements, position;
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

static int64_t elements_of(const vn__slot *slot)
{
    return slot->bytes / (int64_t)vn_dtype_size(slot->aval.dtype);
}

/* How an operand lies under a result; false: in none of the ways that are fused. */
static bool reach_of(vn__reach *reach, const vn__slot *operand, const vn__slot *result)
{
    const bool same_shape = vn_shape_equal(operand->aval.shape, result->aval.shape) &&
                            operand->loops == result->loops;
    *reach = VN__REACH_ALL;
    if (same_shape && operand->lanes == result->lanes)
        return true;
    *reach = VN__REACH_ROW;
    if (same_shape && result->lanes)
        return true;
    *reach = VN__REACH_ONE;
    return elements_of(operand) == 1 && !operand->lanes && !operand->loops;
}

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
    for (int i = 0; i < instr->n_in; i++) {
        const vn__slot operand = vn__slot_of(c, instr->in[i]);
        vn__reach reach;
        if (!reach_of(&reach, &operand, &result))
            return false;
    }
    return result.bytes > 0;
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
    const int32_t self = (int32_t)(g - f->groups);
    if (g->n_member == VN__FUSED_MEMBERS || g->lanes != result.lanes ||
        g->elements != elements_of(&result) ||
        g->operands + instr->n_in + g->n_member + 1 > VN__FUSED_ARRAYS)
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
    if (elements_of(&result) <= SMALL)
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
    int32_t g = find_group(f, instr, &down);
    if (g < 0) {
        const vn__slot result = vn__slot_of(f->c, instr->out);
        g = (int32_t)f->n_groups++;
        f->groups[g] = (group){ .elements = elements_of(&result), .lanes = result.lanes };
        down = true;
    }
    group *const into = &f->groups[g];
    if (down)
        into->position = position;
    into->member[into->n_member++] = index;
    into->operands += instr->n_in;
    f->group_of[index] = g;
    mark_read(f, instr, g);
}

/* ------------------------------------------------------------------------- the step */

/* The arrays of one step while it is made. */
typedef struct arrays {
    uint32_t in[VN__FUSED_ARRAYS], out[VN__FUSED_MEMBERS];
    int n_in, n_out;
    int32_t temp[VN__FUSED_MEMBERS]; /* by member: its temporary place, or -1: a result */
} arrays;

static int member_of(const vn__compiler *c, const group *g, uint32_t value)
{
    if (c->root[value] == value && c->in_of[value] < 0)
        for (int k = 0; k < g->n_member; k++)
            if (c->tape->instr[g->member[k]].out == value)
                return k;
    return -1;
}

/* The last member that reads member k's result, -1: somebody else does. */
static int last_reader(const vn__compiler *c, const group *g, int k)
{
    const uint32_t value = c->tape->instr[g->member[k]].out;
    int32_t reads = 0;
    int last = k;
    for (int q = k + 1; q < g->n_member; q++) {
        const vn__instr *const instr = &c->tape->instr[g->member[q]];
        for (int i = 0; i < instr->n_in; i++)
            if (instr->in[i] == value) {
                reads++;
                last = q;
            }
    }
    return c->out_of[value] < 0 && reads == c->uses[value] ? last : -1;
}

static void find_arrays(const vn__compiler *c, const group *g, arrays *a)
{
    int free_from[VN__FUSED_TEMPS] = { 0 }; /* by temporary place: member that may take it */
    for (int k = 0; k < g->n_member; k++) {
        const vn__instr *const instr = &c->tape->instr[g->member[k]];
        const int last = last_reader(c, g, k);
        for (int i = 0; i < instr->n_in; i++) {
            int at = 0;
            while (at < a->n_in && a->in[at] != instr->in[i])
                at++;
            if (at == a->n_in && member_of(c, g, instr->in[i]) < 0)
                a->in[a->n_in++] = instr->in[i];
        }
        a->temp[k] = -1;
        for (int t = 0; t < VN__FUSED_TEMPS && last >= 0 && a->temp[k] < 0; t++)
            if (free_from[t] <= k) {
                a->temp[k] = t;
                free_from[t] = last + 1;
            }
        if (a->temp[k] < 0)
            a->out[a->n_out++] = instr->out;
    }
}

static int16_t number_of(const vn__compiler *c, const group *g, const arrays *a, uint32_t value)
{
    const int k = member_of(c, g, value);
    int at = 0;
    if (k >= 0 && a->temp[k] >= 0)
        return (int16_t)(a->n_in + a->n_out + a->temp[k]);
    if (k < 0) {
        while (a->in[at] != value)
            at++;
        return (int16_t)at;
    }
    while (a->out[at] != value)
        at++;
    return (int16_t)(a->n_in + at);
}

/* What the op sees of n elements: [n], or rows of lanes where it has operands with rows. */
static vn_aval block_aval(vn_dtype dtype, vn__reach reach, bool rows, int64_t n, int64_t lanes)
{
    vn_aval aval = { .dtype = dtype };
    if (reach == VN__REACH_ONE)
        return aval;
    aval.shape.rank = rows ? 2 : 1;
    aval.shape.dim[0] = rows ? n / lanes : n;
    if (rows)
        aval.shape.dim[1] = reach == VN__REACH_ROW ? 1 : lanes;
    return aval;
}

static void set_member(const vn__compiler *c, const group *g, const arrays *a, vn__fused *fused,
                       int k)
{
    const vn__instr *const instr = &c->tape->instr[g->member[k]];
    const vn__slot result = vn__slot_of(c, instr->out);
    vn__member *const m = &fused->member[k];
    const int64_t left = fused->n % fused->block;
    vn__reach reach[VN__FUSED_OPERANDS + 1] = { 0 };
    bool rows = false;
    *m = (vn__member){ .op = instr->op, .attr = instr->attr, .n_in = instr->n_in };
    m->out = number_of(c, g, a, instr->out);
    for (int i = 0; i < instr->n_in; i++) {
        const vn__slot operand = vn__slot_of(c, instr->in[i]);
        (void)reach_of(&reach[i], &operand, &result);
        rows = rows || reach[i] == VN__REACH_ROW;
        m->in[i] = number_of(c, g, a, instr->in[i]);
        m->whole[i].dtype = operand.aval.dtype;
        if (m->in[i] < fused->n_array)
            fused->reach[m->in[i]] = reach[i];
    }
    reach[instr->n_in] = VN__REACH_ALL;
    m->whole[instr->n_in].dtype = result.aval.dtype;
    for (int i = 0; i <= instr->n_in; i++) {
        const vn_dtype dtype = m->whole[i].dtype;
        m->whole[i] = block_aval(dtype, reach[i], rows, fused->block, fused->row);
        m->rest[i] = block_aval(dtype, reach[i], rows, left, fused->row);
    }
}

/* Whole rows, and at most VN__FUSED_BLOCK bytes of any array. */
static int64_t block_of(const vn__compiler *c, const group *g)
{
    int64_t size = 1, lanes = g->lanes ? c->program->lanes : 1;
    for (int k = 0; k < g->n_member; k++) {
        const int64_t own =
            (int64_t)vn_dtype_size(c->tape->value[c->tape->instr[g->member[k]].out].aval.dtype);
        size = own > size ? own : size;
    }
    const int64_t most = VN__FUSED_BLOCK / size;
    return most > lanes ? most / lanes * lanes : most;
}

static vn__fused *fused_new(vn__compiler *c, const group *g, const arrays *a)
{
    vn__arena *const arena = &c->program->arena;
    vn__fused *const fused = vn__arena_alloc(arena, sizeof *fused);
    if (!fused)
        return NULL;
    *fused = (vn__fused){ .n_member = g->n_member,
                          .n_array = a->n_in + a->n_out,
                          .n = g->elements,
                          .block = block_of(c, g),
                          .row = g->lanes ? c->program->lanes : 1 };
    const size_t n = (size_t)fused->n_array;
    fused->reach = vn__arena_alloc(arena, n * sizeof *fused->reach);
    fused->size = vn__arena_alloc(arena, n * sizeof *fused->size);
    fused->member = vn__arena_alloc(arena, (size_t)g->n_member * sizeof *fused->member);
    return fused->reach && fused->size && fused->member ? fused : NULL;
}

static vn_status build_group(vn__compiler *c, const group *g)
{
    arrays a = { 0 };
    find_arrays(c, g, &a);
    vn__step *const s = vn__step_new(c, VN__STEP_FUSED, a.n_in, a.in, a.n_out, a.out[0]);
    vn__fused *const fused = s ? fused_new(c, g, &a) : NULL;
    if (!fused)
        return vn_error_status();
    for (int j = 0; j < a.n_out; j++) /* results are not consecutive values */
        vn__step_set_out(c, s, j, a.out[j]);
    for (int i = 0; i < fused->n_array; i++) {
        const vn_aval *const aval = i < a.n_in ? &s->in_aval[i] : &s->out_aval[i - a.n_in];
        fused->size[i] = (int64_t)vn_dtype_size(aval->dtype);
        fused->reach[i] = VN__REACH_ALL;
    }
    for (int k = 0; k < g->n_member; k++)
        set_member(c, g, &a, fused, k);
    s->fused = fused;
    c->program->flops +=
        (double)g->n_member * (double)g->elements / (double)(g->lanes ? s->lanes : 1);
    return VN_ERR_OK;
}

/* ----------------------------------------------------------------------------- lists */

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
