/* SPDX-License-Identifier: MIT */
/* The pool's environment variables are read once: each test is a process of its own. */
#include <criterion/criterion.h>

#include "parallel/pool.h"
#include "parallel/topology.h"

#include <float.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static void count(void *ctx, int64_t task, int worker)
{
    (void)task, (void)worker;
    (*(_Atomic int *)ctx)++;
}

static void expect_workers(int expected)
{
    _Atomic int ran = 0;
    cr_assert(vn__pool_workers() == expected, "%d workers", vn__pool_workers());
    vn__parallel_for(1000, count, &ran);
    cr_assert(ran == 1000);
}

Test(pool_environment, number_of_workers)
{
    setenv("VN_NUM_THREADS", "3", 1);
    expect_workers(3);
}

Test(pool_environment, a_number_without_sense_means_the_default)
{
    setenv("VN_NUM_THREADS", "many", 1);
    expect_workers(vn__topology_here()->n_usable);
}

Test(pool_environment, executor)
{
    setenv("VN_EXECUTOR", "openmp", 1);
#if defined(VN_HAVE_OPENMP)
    cr_assert(strcmp(vn__pool_executor(), "openmp") == 0);
#else
    cr_assert(strcmp(vn__pool_executor(), "pool") == 0);
#endif
    expect_workers(vn__pool_workers());
}

Test(pool_environment, unpinned_and_without_spinning)
{
    setenv("VN_PIN", "0", 1);
    setenv("VN_SPIN_US", "0", 1);
    setenv("VN_NUM_THREADS", "2", 1);
    for (int i = 0; i < 1000; i++)
        expect_workers(2);
}

Test(pool_environment, pinned_with_fewer_workers_than_cores)
{
    setenv("VN_PIN", "1", 1);
    setenv("VN_NUM_THREADS", "2", 1);
    expect_workers(2);
}

/* A machine that is not ours gives the number of workers; nothing is pinned to it. */
Test(pool_environment, described_machine)
{
#if defined(VN_HAVE_HWLOC)
    setenv("HWLOC_SYNTHETIC", "package:2 core:3 pu:2", 1);
    cr_assert(!vn__topology_here()->is_here);
    expect_workers(6);
#endif
}

static void halve_smallest(void *ctx, int64_t task, int worker)
{
    (void)task, (void)worker;
    volatile float x = FLT_MIN;
    x = x / 2;
    if (x != 0)
        (*(_Atomic int *)ctx)++;
}

static int denormals_seen(int64_t n_tasks)
{
    _Atomic int seen = 0;
    vn__parallel_for(n_tasks, halve_smallest, &seen);
    return seen;
}

Test(pool_environment, denormals_are_kept_unless_asked)
{
    setenv("VN_NUM_THREADS", "3", 1);
    cr_assert(denormals_seen(100) == 100);
    cr_assert(denormals_seen(1) == 1);
}

Test(pool_environment, denormals_are_flushed_in_tasks_only)
{
#if defined(__SSE2__) || defined(__aarch64__)
    setenv("VN_NUM_THREADS", "3", 1);
    setenv("VN_FLUSH_DENORMALS", "1", 1);
    cr_assert(denormals_seen(100) == 0);
    cr_assert(denormals_seen(1) == 0);
    volatile float x = FLT_MIN;
    x = x / 2;
    cr_assert(x > 0);
#endif
}
