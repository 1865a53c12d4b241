/* SPDX-License-Identifier: MIT */
/* The step of a group of fused instructions: its arrays, and what each op sees of a block. */
#include "core/plan/fuse.h"

/* The axes of a result from the innermost on: first the operand has them and then not, or the
 * other way round, or it is the same for all. */
typedef struct border {
    int64_t inside; /* elements of the axes that are like the innermost */
    int kinds;      /* 0: no axis yet; 1: all alike; 2: others outside; 3: and others again */
    bool innermost, last;
} border;

static void add_axis(border *b, int64_t size, bool present)
{
    if (size == 1)
        return;
    if (b->kinds == 0)
        b->innermost = present;
    b->kinds += b->kinds == 0 || b->last != present;
    b->last = present;
    if (b->kinds == 1)
        b->inside *= size;
}

bool vn__reach_of(const vn__compiler *c, uint32_t operand, uint32_t result, vn__reach *reach,
                  int64_t *row)
{
    const vn__slot x = vn__slot_of(c, operand), y = vn__slot_of(c, result);
    border b = { .inside = 1 };
    if (y.lanes)
        add_axis(&b, c->program->lanes, x.lanes);
    for (int k = 1; k <= y.aval.shape.rank; k++) {
        const int64_t size = y.aval.shape.dim[y.aval.shape.rank - k];
        add_axis(&b, size,
                 k <= x.aval.shape.rank && x.aval.shape.dim[x.aval.shape.rank - k] == size);
    }
    for (int a = VN__MAX_AXES - 1; a >= 0; a--)
        if (y.loops >> a & 1)
            add_axis(&b, vn__tape_axis(c->tape, a)->size, x.loops >> a & 1);
    if (b.kinds < 2) {
        *reach = b.kinds == 0 || b.innermost ? VN__REACH_ALL : VN__REACH_ONE;
        return true;
    }
    *reach = b.innermost ? VN__REACH_ROW : VN__REACH_COLUMN;
    *row = *row ? *row : b.inside;
    return b.kinds == 2 && *row == b.inside;
}

/* The arrays of one step while it is made. */
typedef struct group {
    const vn__compiler *c;
    vn__pass pass[VN__FUSED_MEMBERS];
    int n;
    int64_t elements;
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

/* What the op sees of n elements: [n], or whole rows. */
static vn_aval block_aval(vn_dtype dtype, vn__reach reach, int64_t n, int64_t row)
{
    vn_aval aval = { .dtype = dtype };
    const bool rows = row > 0 && row <= n;
    if (reach == VN__REACH_ONE || (reach == VN__REACH_COLUMN && !rows))
        return aval;
    aval.shape.rank = rows ? 2 : 1;
    aval.shape.dim[0] = rows ? reach == VN__REACH_ROW ? 1 : n / row : n;
    if (rows)
        aval.shape.dim[1] = reach == VN__REACH_COLUMN ? 1 : row;
    return aval;
}

static void set_kernel(vn__member *m, const vn__reach reach[], int64_t row)
{
    const vn__kernels *const k = vn__kernels_get();
    const int kernel = m->op->kernel_row - 1;
    m->cols = row;
    if (kernel < 0 || (m->n_in == 1 && reach[0] != VN__REACH_ALL))
        return;
    if (m->n_in == 1)
        m->unary = k->unary[m->whole[0].dtype][kernel];
    else if (m->n_in == 2)
        m->binary = k->binary[m->whole[0].dtype][kernel];
    else
        m->ternary = k->ternary[m->whole[m->n_in].dtype][kernel];
    for (int i = 0; i < m->n_in; i++) {
        m->inner[i] = reach[i] == VN__REACH_ALL || reach[i] == VN__REACH_ROW;
        m->row[i] = reach[i] == VN__REACH_ALL ? row : reach[i] == VN__REACH_COLUMN;
    }
}

static vn_status set_member(const group *g, vn__fused *fused, int k)
{
    const vn__pass *const pass = &g->pass[k];
    vn__member *const m = &fused->member[k];
    const int64_t left = fused->n % fused->block;
    const int n = pass->n_in + pass->n_out;
    vn__reach reach[VN__MEMBER_OPERANDS + VN__MEMBER_RESULTS];
    int64_t row = 0; /* of this member: 0 where all its operands are whole or one number */
    *m = (vn__member){
        .op = pass->op, .attr = pass->attr, .n_in = pass->n_in, .n_out = pass->n_out
    };
    m->whole = vn__arena_alloc(&g->c->program->arena, 2 * (size_t)n * sizeof *m->whole);
    if (!m->whole)
        return vn_error_status();
    m->rest = m->whole + n;
    for (int i = 0; i < pass->n_in; i++) {
        (void)vn__reach_of(g->c, pass->in[i], pass->out[0], &reach[i], &row);
        m->in[i] = number_of(g, pass->in[i]);
        if (m->in[i] < fused->n_array)
            fused->reach[m->in[i]] = reach[i];
    }
    for (int j = 0; j < pass->n_out; j++) {
        reach[pass->n_in + j] = VN__REACH_ALL;
        m->out[j] = number_of(g, pass->out[j]);
    }
    row = row <= fused->block ? row : 0;
    for (int i = 0; i < n; i++) {
        const uint32_t value = i < pass->n_in ? pass->in[i] : pass->out[i - pass->n_in];
        const vn_dtype dtype = vn__slot_of(g->c, value).aval.dtype;
        m->whole[i] = block_aval(dtype, reach[i], fused->block, row);
        m->rest[i] = block_aval(dtype, reach[i], left, row);
    }
    set_kernel(m, reach, row);
    return VN_ERR_OK;
}

static vn__fused *fused_new(const group *g, int ops, int64_t row, int64_t block)
{
    vn__arena *const arena = &g->c->program->arena;
    vn__fused *const fused = vn__arena_alloc(arena, sizeof *fused);
    if (!fused)
        return NULL;
    *fused = (vn__fused){ .n_member = g->n,
                          .n_array = g->n_in + g->n_out,
                          .ops = ops,
                          .n = g->elements,
                          .block = block,
                          .row = row };
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
    g->n = vn__fuse_adam(g->c, g->pass, n);
}

vn_status vn__build_fused(vn__compiler *c, const uint32_t instr[], int n, int64_t row,
                          int64_t block)
{
    group g = { .c = c };
    set_passes(&g, instr, n);
    find_arrays(&g);
    vn__step *const s = vn__step_new(c, VN__STEP_FUSED, g.n_in, g.in, g.n_out, g.out[0]);
    vn__fused *const fused = s ? fused_new(&g, n, row, block) : NULL;
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
    c->program->flops += (double)n * (double)g.elements / (double)s->lanes;
    return VN_ERR_OK;
}
