/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <stdio.h>
#include <time.h>

#include "ceiling.h"

double seconds_now(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double flops_of(vn_tree *f, int n, vn_tree *const arg[])
{
    vn_plan *const plan = vn_plan_create(f, n, arg);
    const double flops = plan ? vn_plan_flops(plan) : 0;
    vn_plan_destroy(plan);
    return flops;
}

void reports_print(int n, const report reports[])
{
    const double ceiling = fma_ceiling(vn_num_threads());
    printf("\n       test accuracy   seconds   examples/s   GFLOP/s   of ceiling   threads\n");
    for (int i = 0; i < n; i++) {
        const report *const r = &reports[i];
        const double rate = r->flops / r->seconds;
        printf("%-6s %11.1f %% %9.2f %12.0f %9.1f %10.0f %% %9d\n", r->name, r->accuracy,
               r->seconds, r->examples / r->seconds, 1e-9 * rate, 100 * rate / ceiling,
               vn_num_threads());
    }
    printf("ceiling: %.0f GFLOP/s, kernels: %s\n\n", 1e-9 * ceiling, vn_isa());
}
