/* SPDX-License-Identifier: MIT */
/* The executor on the OpenMP runtime's threads, for programs that have such a team already. */
#include "parallel/executor.h"

#include <omp.h>

/* Inside a parallel region of the caller its team is busy: the loop runs on this thread. */
static void run(vn__job *job, int workers)
{
    if (omp_in_parallel()) {
        vn__job_work(job, 0);
        return;
    }
#pragma omp parallel num_threads(workers)
    vn__job_work(job, omp_get_thread_num());
}

const vn__executor vn__executor_openmp = {
    .name = "openmp",
    .default_workers = omp_get_max_threads,
    .run = run,
};
