/* SPDX-License-Identifier: MIT */
/* Fork and join: a loop of one empty task a worker. */
#include "bench.h"
#include "parallel/pool.h"

static void task(void *ctx, int64_t i, int worker)
{
    (void)ctx;
    (void)i;
    (void)worker;
}

static bool run(bench_case *c, int64_t times)
{
    (void)c;
    const int workers = vn__pool_workers();
    for (int64_t i = 0; i < times; i++)
        vn__parallel_for(workers, task, NULL);
    return true;
}

static bool create(bench_case *c)
{
    c->unit = "fork";
    c->run = run;
    return true;
}

const bench_family bench_fork = {
    .name = "fork", .usage = "", .modes = "", .keys = "", .create = create
};
