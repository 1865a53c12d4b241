/* SPDX-License-Identifier: MIT */
/* Running fused element-wise ops. A plain step with much to do is cut into chunks for the
 * pool's workers; the chunks depend on shapes alone. */
#include <stdalign.h>

#include "core/ops/ops_common.h"
#include "core/plan/fused.h"
#include "parallel/pool.h"

/* Temporary values are apart by more than a block: at equal distances from 4096 a load would
 * wait for stores that it does not depend on. */
#define TEMP_BYTES (VN__FUSED_BLOCK + 128)

#define CHUNK_BLOCKS 8  /* of one task */
#define MANY_BLOCKS  64 /* blocks times ops: below this a fork costs more than it saves */

typedef struct running {
    const vn__fused *fused;
    char *base[VN__FUSED_ARRAYS];
} running;

static int64_t distance(const vn__fused *g, int array, int64_t element)
{
    switch (g->reach[array]) {
    case VN__REACH_ALL:
        return element * g->size[array];
    case VN__REACH_COLUMN:
        return element / g->row * g->size[array];
    case VN__REACH_ROW:
        return element % g->row * g->size[array];
    case VN__REACH_ONE:
        break;
    }
    return 0;
}

/* n elements by the kernel of an op. */
static void call_kernel(const vn__member *m, char *const at[], int64_t n)
{
    char *const z = at[m->out[0]], *const x = at[m->in[0]];
    if (m->unary) {
        m->unary(z, x, n);
        return;
    }
    const int64_t cols = m->cols ? m->cols : n, rows = m->cols ? n / cols : 1;
    vn__in in[VN__FUSED_OPERANDS] = { { x, m->row[0], m->inner[0] },
                                      { at[m->in[1]], m->row[1], m->inner[1] } };
    if (m->binary) {
        m->binary(z, cols, in, rows, cols);
        return;
    }
    in[2] = (vn__in){ at[m->in[2]], m->row[2], m->inner[2] };
    m->ternary(z, cols, in, rows, cols);
}

/* A whole block or the last one by the op itself. */
static void call_op(const vn__member *m, char *const at[], bool whole)
{
    static const bool none[VN__MEMBER_OPERANDS];
    const void *x[VN__MEMBER_OPERANDS];
    void *y[VN__MEMBER_RESULTS];
    for (int i = 0; i < m->n_in; i++)
        x[i] = at[m->in[i]];
    for (int j = 0; j < m->n_out; j++)
        y[j] = at[m->out[j]];
    const vn_aval *const avals = whole ? m->whole : m->rest;
    m->op->eval(&(vn_eval){ .attr = m->attr,
                            .n_in = m->n_in,
                            .n_out = m->n_out,
                            .lanes = 1,
                            .in = x,
                            .out = y,
                            .mapped = none,
                            .in_aval = avals,
                            .out_aval = avals + m->n_in,
                            .kernels = vn__kernels_get() });
}

/* Elements from `from` to `to`, from the start of a block on. */
static void run_range(const running *r, int64_t from, int64_t to)
{
    alignas(64) char temp[VN__FUSED_TEMPS * TEMP_BYTES];
    const vn__fused *const g = r->fused;
    char *at[VN__FUSED_ARRAYS + VN__FUSED_TEMPS];
    for (int t = 0; t < VN__FUSED_TEMPS; t++)
        at[g->n_array + t] = temp + t * TEMP_BYTES;
    for (int64_t b = from; b < to; b += g->block) {
        const bool whole = g->n - b >= g->block;
        const int64_t n = whole ? g->block : g->n - b;
        for (int i = 0; i < g->n_array; i++)
            at[i] = r->base[i] + distance(g, i, b);
        for (int k = 0; k < g->n_member; k++) {
            const vn__member *const m = &g->member[k];
            if (m->unary || m->binary || m->ternary)
                call_kernel(m, at, n);
            else
                call_op(m, at, whole);
        }
    }
}

static void run_chunk(void *context, int64_t task, int worker)
{
    (void)worker;
    const running *const r = context;
    const int64_t chunk = CHUNK_BLOCKS * r->fused->block, from = task * chunk;
    run_range(r, from, from + chunk < r->fused->n ? from + chunk : r->fused->n);
}

/* The elements of a panel that are asked for: all, or the blocks of one part. */
static void take_blocks(int64_t *from, int64_t *to, const vn__fused *g, const vn__frame *f)
{
    const int64_t blocks = (g->n + g->block - 1) / g->block;
    const int64_t end = vn__share_of(from, f->part, f->parts, blocks) * g->block;
    *from *= g->block;
    *to = end < g->n ? end : g->n;
}

int64_t vn__fused_parts(const vn__fused *g)
{
    const int64_t blocks = g->block ? (g->n + g->block - 1) / g->block : 0;
    return vn__parts_of_bytes(blocks * VN__FUSED_BLOCK, blocks);
}

void vn__run_fused(const vn__step *s, const vn__frame *f)
{
    const vn__fused *const g = s->fused;
    running r; /* only the first arrays are used */
    r.fused = g;
    int64_t panel[VN__FUSED_ARRAYS];
    for (int i = 0; i < s->n_in; i++)
        r.base[i] = vn__address(&s->in[i], f, &panel[i]);
    for (int j = 0; j < s->n_out; j++)
        r.base[s->n_in + j] = vn__address(&s->out[j], f, &panel[s->n_in + j]);
    if (!s->tiled) {
        const int64_t blocks = (g->n + g->block - 1) / g->block;
        if (f->workers && blocks * g->ops >= MANY_BLOCKS)
            vn__parallel_for((blocks + CHUNK_BLOCKS - 1) / CHUNK_BLOCKS, run_chunk, &r);
        else
            run_range(&r, 0, g->n);
        return;
    }
    for (int i = 0; i < g->n_array; i++)
        r.base[i] += f->begin * panel[i];
    int64_t from, to;
    take_blocks(&from, &to, g, f);
    for (int64_t p = f->begin; p < f->panels; p++) {
        run_range(&r, from, to);
        for (int i = 0; i < g->n_array; i++)
            r.base[i] += panel[i];
    }
}

/* An op may write what it reads; later ones must not want what was there. */
bool vn__fused_in_place(const vn__step *s, int i, int j)
{
    const vn__fused *const g = s->fused;
    const int out = s->n_in + j;
    bool written = false;
    if (g->reach[i] != VN__REACH_ALL || g->size[i] != g->size[out])
        return false;
    for (int k = 0; k < g->n_member; k++) {
        for (int o = 0; o < g->member[k].n_in; o++)
            if (written && g->member[k].in[o] == i)
                return false;
        for (int o = 0; o < g->member[k].n_out; o++)
            written = written || g->member[k].out[o] == out;
    }
    return true;
}
