/* SPDX-License-Identifier: MIT */
/* An evaluation cut into parts, which the pool's workers share: the parts depend on shapes
 * alone and no sum is split, so the bits are the same at any number of threads. */
#include "core/tape/tape.h"
#include "parallel/pool.h"

typedef struct evaluation {
    const vn_op *op;
    const vn_eval *whole;
    int64_t parts, bytes;
    char *scratch;
    void *shared;
} evaluation;

static vn_eval part_of(const evaluation *all, int64_t part)
{
    vn_eval e = *all->whole;
    e.part = part;
    e.parts = all->parts;
    return e;
}

static void prepare_part(void *context, int64_t part, int worker)
{
    (void)worker;
    const evaluation *const all = context;
    const vn_eval e = part_of(all, part);
    all->op->prepare(all->shared, &e);
}

static void run_part(void *context, int64_t part, int worker)
{
    const evaluation *const all = context;
    vn_eval e = part_of(all, part);
    e.prepared = all->shared;
    e.scratch = all->scratch + worker * all->bytes;
    all->op->eval(&e);
}

int64_t vn__shared_bytes(const vn_op *op, const void *attr, const vn_aval in[], int n_in)
{
    static const bool mapped[VN__MAX_OPERANDS];
    return op->prepare_size ? (int64_t)op->prepare_size(attr, in, n_in, mapped, 1) : 0;
}

void vn__evaluate_parts(const vn_op *op, const vn_eval *e, int64_t parts, char *scratch,
                        int64_t bytes, void *shared)
{
    evaluation all = { op, e, parts, bytes, scratch, shared };
    if (shared)
        vn__parallel_for(parts, prepare_part, &all);
    vn__parallel_for(parts, run_part, &all);
}
