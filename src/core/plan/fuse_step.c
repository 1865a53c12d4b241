/* SPDX-License-Identifier: MIT */
/* The step of a group of fused instructions: its arrays, and what each op sees of a block. */
#include "core/plan/fuse.h"

bool vn__reach_of(vn__reach *reach, const vn__slot *operand, const vn__slot *result)
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
    return vn__slot_elements(operand) == 1 && !operand->lanes && !operand->loops;
}

/* The arrays of one step while it is made. */
typedef struct group {
    const vn__compiler *c;
    vn__pass pass[VN__FUSED_MEMBERS];
    int n;
    int64_t elements;
    bool lanes;
    uint32_t in[VN__FUSED_ARRAYS], out[VN__FUSED_ARRAYS];
    int n_in, n_out;
    int32_t place[VN__FUSED_MEMBERS][VN__MEMBER_RESULTS]; /* a temporary one, -1: a result */
} group;

typedef struct made_by {
    int pass, result; /* pass -1: none of the group */
} made_by;

static made_by maker(const group *g, uint32_t value)
{
    if (g->c->root[value] == value && g->c->in_of[value] < 0)
        for (int k = 0; k < g->n; k++)
            for (int j = 0; j < g->pass[k].n_out; j++)
                if (g->pass[k].out[j] == value)
                    return (made_by){ k, j };
    return (made_by){ -1, 0 };
}

/* The last pass that reads a value made by pass k, -1: somebody else does. */
static int last_reader(const group *g, int k, uint32_t value)
{
    int32_t reads = 0;
    int last = k;
    for (int q = k + 1; q < g->n; q++)
        for (int i = 0; i < g->pass[q].n_in; i++)
            if (g->pass[q].in[i] == value) {
                reads++;
                last = q;
            }
    return g->c->out_of[value] < 0 && reads == g->c->uses[value] ? last : -1;
}

static void add_operands(group *g, const vn__pass *pass)
{
    for (int i = 0; i < pass->n_in; i++) {
        int at = 0;
        while (at < g->n_in && g->in[at] != pass->in[i])
            at++;
        if (at == g->n_in && maker(g, pass->in[i]).pass < 0)
            g->in[g->n_in++] = pass->in[i];
    }
}

static void find_arrays(group *g)
{
    int free_from[VN__FUSED_TEMPS] = { 0 }; /* by temporary place: pass that may take it */
    for (int k = 0; k < g->n; k++) {
        add_operands(g, &g->pass[k]);
        for (int j = 0; j < g->pass[k].n_out; j++) {
            const uint32_t value = g->pass[k].out[j];
            const int last = last_reader(g, k, value);
            int32_t *const place = &g->place[k][j];
            *place = -1;
            for (int t = 0; t < VN__FUSED_TEMPS && last >= 0 && *place < 0; t++)
                if (free_from[t] <= k) {
                    *place = t;
                    free_from[t] = last + 1;
                }
            if (*place < 0)
                g->out[g->n_out++] = value;
        }
    }
}

static int16_t number_of(const group *g, uint32_t value)
{
    const made_by by = maker(g, value);
    int at = 0;
    if (by.pass >= 0 && g->place[by.pass][by.result] >= 0)
        return (int16_t)(g->n_in + g->n_out + g->place[by.pass][by.result]);
    const uint32_t *const values = by.pass < 0 ? g->in : g->out;
    while (values[at] != value)
        at++;
    return (int16_t)(by.pass < 0 ? at : g->n_in + at);
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

static void set_kernel(vn__member *m, const vn__reach reach[], bool rows, int64_t lanes)
{
    const vn__kernels *const k = vn__kernels_get();
    const int row = m->op->kernel_row - 1;
    m->cols = rows ? lanes : 0;
    if (row < 0 || (m->n_in == 1 && reach[0] != VN__REACH_ALL))
        return;
    if (m->n_in == 1)
        m->unary = k->unary[m->whole[0].dtype][row];
    else
        m->binary = k->binary[m->whole[0].dtype][row];
    for (int i = 0; i < m->n_in; i++) {
        m->inner[i] = reach[i] == VN__REACH_ALL;
        m->row[i] = reach[i] == VN__REACH_ALL ? lanes : reach[i] == VN__REACH_ROW;
    }
}

static vn_status set_member(const group *g, vn__fused *fused, int k)
{
    const vn__pass *const pass = &g->pass[k];
    const vn__slot result = vn__slot_of(g->c, pass->out[0]);
    vn__member *const m = &fused->member[k];
    const int64_t left = fused->n % fused->block;
    const int n = pass->n_in + pass->n_out;
    vn__reach reach[VN__MEMBER_OPERANDS + VN__MEMBER_RESULTS];
    bool rows = false;
    *m = (vn__member){
        .op = pass->op, .attr = pass->attr, .n_in = pass->n_in, .n_out = pass->n_out
    };
    m->whole = vn__arena_alloc(&g->c->program->arena, 2 * (size_t)n * sizeof *m->whole);
    if (!m->whole)
        return vn_error_status();
    m->rest = m->whole + n;
    for (int i = 0; i < pass->n_in; i++) {
        const vn__slot operand = vn__slot_of(g->c, pass->in[i]);
        (void)vn__reach_of(&reach[i], &operand, &result);
        rows = rows || reach[i] == VN__REACH_ROW;
        m->in[i] = number_of(g, pass->in[i]);
        if (m->in[i] < fused->n_array)
            fused->reach[m->in[i]] = reach[i];
    }
    for (int j = 0; j < pass->n_out; j++) {
        reach[pass->n_in + j] = VN__REACH_ALL;
        m->out[j] = number_of(g, pass->out[j]);
    }
    for (int i = 0; i < n; i++) {
        const uint32_t value = i < pass->n_in ? pass->in[i] : pass->out[i - pass->n_in];
        const vn_dtype dtype = vn__slot_of(g->c, value).aval.dtype;
        m->whole[i] = block_aval(dtype, reach[i], rows, fused->block, fused->row);
        m->rest[i] = block_aval(dtype, reach[i], rows, left, fused->row);
    }
    set_kernel(m, reach, rows, fused->row);
    return VN_ERR_OK;
}

/* Whole rows, and at most VN__FUSED_BLOCK bytes of any array. */
static int64_t block_of(const group *g)
{
    int64_t size = 1, lanes = g->lanes ? g->c->program->lanes : 1;
    for (int k = 0; k < g->n; k++) {
        const int64_t own =
            (int64_t)vn_dtype_size(g->c->tape->value[g->pass[k].out[0]].aval.dtype);
        size = own > size ? own : size;
    }
    const int64_t most = VN__FUSED_BLOCK / size;
    return most > lanes ? most / lanes * lanes : most;
}

static vn__fused *fused_new(const group *g, int ops)
{
    vn__arena *const arena = &g->c->program->arena;
    vn__fused *const fused = vn__arena_alloc(arena, sizeof *fused);
    if (!fused)
        return NULL;
    *fused = (vn__fused){ .n_member = g->n,
                          .n_array = g->n_in + g->n_out,
                          .ops = ops,
                          .n = g->elements,
                          .block = block_of(g),
                          .row = g->lanes ? g->c->program->lanes : 1 };
    const size_t n = (size_t)fused->n_array;
    fused->reach = vn__arena_alloc(arena, n * sizeof *fused->reach);
    fused->size = vn__arena_alloc(arena, n * sizeof *fused->size);
    fused->member = vn__arena_alloc(arena, (size_t)g->n * sizeof *fused->member);
    return fused->reach && fused->size && fused->member ? fused : NULL;
}

static void set_passes(group *g, const uint32_t instr[], int n)
{
    for (int k = 0; k < n; k++) {
        const vn__instr *const one = &g->c->tape->instr[instr[k]];
        vn__pass *const pass = &g->pass[k];
        *pass = (vn__pass){ one->op, one->attr, one->n_in, 1, { 0 }, { one->out } };
        for (int i = 0; i < one->n_in; i++)
            pass->in[i] = one->in[i];
    }
    const vn__slot result = vn__slot_of(g->c, g->pass[0].out[0]);
    g->elements = vn__slot_elements(&result);
    g->lanes = result.lanes;
    g->n = vn__fuse_adam(g->c, g->pass, n);
}

vn_status vn__build_fused(vn__compiler *c, const uint32_t instr[], int n)
{
    group g = { .c = c };
    set_passes(&g, instr, n);
    find_arrays(&g);
    vn__step *const s = vn__step_new(c, VN__STEP_FUSED, g.n_in, g.in, g.n_out, g.out[0]);
    vn__fused *const fused = s ? fused_new(&g, n) : NULL;
    if (!fused)
        return vn_error_status();
    for (int j = 0; j < g.n_out; j++) /* results are not consecutive values */
        vn__step_set_out(c, s, j, g.out[j]);
    for (int i = 0; i < fused->n_array; i++) {
        const vn_aval *const aval = i < g.n_in ? &s->in_aval[i] : &s->out_aval[i - g.n_in];
        fused->size[i] = (int64_t)vn_dtype_size(aval->dtype);
        fused->reach[i] = VN__REACH_ALL;
    }
    for (int k = 0; k < g.n; k++)
        VN_TRY(set_member(&g, fused, k));
    s->fused = fused;
    c->program->flops += (double)n * (double)g.elements / (double)(g.lanes ? s->lanes : 1);
    return VN_ERR_OK;
}
