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
} evaluation;

static void run_part(void *context, int64_t part, int worker)
{
    const evaluation *const all = context;
    vn_eval e = *all->whole;
    e.part = part;
    e.parts = all->parts;
    e.scratch = all->scratch + worker * all->bytes;
    all->op->eval(&e);
}

void vn__evaluate_parts(const vn_op *op, const vn_eval *e, int64_t parts, char *scratch,
                        int64_t bytes)
{
    evaluation all = { op, e, parts, bytes, scratch };
    vn__parallel_for(parts, run_part, &all);
}
