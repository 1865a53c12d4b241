/* SPDX-License-Identifier: MIT */
/* The machine's ceiling: multiply-adds in registers, on one core and on all at once. The
 * machine may be noisy, so the best rate of the whole run counts: no problem gains by a bad
 * moment. */
#include "bench.h"
#include "kernels/kernels.h"
#include "parallel/pool.h"

typedef struct loop {
    int dtype;
    double seconds;
    double rate[VN__MAX_WORKERS];
} loop;

static void task(void *ctx, int64_t i, int worker)
{
    loop *const l = ctx;
    (void)worker;
    l->rate[i] = vn__fma_ceiling(vn__kernels_get(), l->dtype, l->seconds);
}

/* One loop a worker, all at the same time. */
static double rate(int dtype, int workers, double seconds)
{
    static loop l;
    l.dtype = dtype;
    l.seconds = seconds;
    vn__parallel_for(workers, task, &l);
    double sum = 0;
    for (int i = 0; i < workers; i++)
        sum += l.rate[i];
    return sum;
}

static void keep_best(double *best, double value)
{
    if (value > *best)
        *best = value;
}

void bench_measure_ceilings(bench_ceilings *best, double seconds)
{
    const int workers[2] = { 1, vn__pool_workers() };
    for (int i = 0; i < 2; i++) {
        keep_best(&best->f32[i], rate(VN__F32, workers[i], seconds / 4));
        keep_best(&best->f64[i], rate(VN__F64, workers[i], seconds / 4));
    }
}

double bench_ceiling_of(const bench_ceilings *best, const bench_case *c, bool threads)
{
    const int all = threads && !c->one_thread && bench_int(c->problem, "threads", 0) != 1;
    return c->problem->dtype == VN_F64 ? best->f64[all] : best->f32[all];
}
