/* SPDX-License-Identifier: MIT */
/* Fork and join: a loop of one task a worker, each busy for a few microseconds, less that time.
 * So a worker that is late shows; empty tasks would all be done by the caller. With more
 * workers than cores the tasks that wait for a core are counted as work. */
#include <unistd.h>

#include "bench.h"
#include "parallel/pool.h"

static void task(void *ctx, int64_t i, int worker)
{
    (void)i;
    (void)worker;
    const double end = bench_now() + *(const double *)ctx;
    while (bench_now() < end) {
    }
}

static bool run(bench_case *c, int64_t times)
{
    const int workers = vn__pool_workers();
    double busy = 1e-6 * (double)bench_int(c->problem, "work", 5);
    for (int64_t i = 0; i < times; i++)
        vn__parallel_for(workers, task, &busy);
    return true;
}

static bool create(bench_case *c)
{
    const int workers = vn__pool_workers();
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const long rounds = (workers + cores - 1) / cores;
    c->unit = "fork";
    c->run = run;
    c->work = 1e-6 * (double)(rounds * bench_int(c->problem, "work", 5));
    return true;
}

const bench_family bench_fork = { .name = "fork",
                                  .usage = "[work=5] microseconds",
                                  .modes = "",
                                  .keys = "work",
                                  .create = create };
