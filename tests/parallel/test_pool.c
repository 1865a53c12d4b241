/* SPDX-License-Identifier: MIT */
/* The loop over tasks: each runs once, whoever calls it, with any number of workers. */
#include <criterion/criterion.h>

#include "parallel/pool.h"

#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_TASKS = 1000 };

static const int worker_counts[] = { 1, 2, 3, 8 };
static const char *const executors[] = { "pool", "openmp" };

#define FOR_EACH(type, item, table) \
    for (type item = (table); item < (table) + sizeof(table) / sizeof((table)[0]); item++)

/* What a loop did: how often each task ran, who is in a task now, and what went wrong. */
typedef struct record {
    _Atomic int ran[MAX_TASKS];
    atomic_bool occupied[VN__MAX_WORKERS];
    _Atomic int errors;
    int n_workers;
} record;

static record *new_record(void)
{
    record *r = calloc(1, sizeof *r);
    cr_assert(r);
    r->n_workers = vn__pool_workers();
    return r;
}

static void note(void *ctx, int64_t task, int worker)
{
    record *r = ctx;
    if (worker < 0 || worker >= r->n_workers || atomic_exchange(&r->occupied[worker], true))
        r->errors++;
    r->ran[task]++;
    atomic_store(&r->occupied[worker], false);
}

static int wrong(const record *r, int64_t n)
{
    int count = r->errors;
    for (int64_t t = 0; t < MAX_TASKS; t++)
        count += r->ran[t] != (t < n ? 1 : 0);
    return count;
}

static void sleep_us(long us)
{
    (void)nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

Test(pool, each_task_runs_once)
{
    FOR_EACH(const char *const *, name, executors)
    {
        if (vn__pool_set_executor(*name) != VN__PARALLEL_OK)
            continue; /* not in this build */
        FOR_EACH(const int *, workers, worker_counts)
        {
            cr_assert(vn__pool_set_workers(*workers) == VN__PARALLEL_OK);
            cr_assert(vn__pool_workers() == *workers);
            record *r = new_record();
            for (int64_t n = 0; n <= MAX_TASKS; n++) {
                memset(r->ran, 0, sizeof r->ran);
                vn__parallel_for(n, note, r);
                cr_assert(wrong(r, n) == 0, "%s: %d workers, %d tasks", *name, *workers,
                          (int)n);
            }
            free(r);
        }
    }
}

Test(pool, a_negative_number_of_tasks_is_none)
{
    record *r = new_record();
    vn__parallel_for(-3, note, r);
    cr_assert(wrong(r, 0) == 0);
    free(r);
}

/* ---- nesting */

static void inner(void *ctx, int64_t task, int worker)
{
    record *r = ctx;
    r->errors += worker != 0 || !vn__pool_inside();
    r->ran[task]++;
}

static void outer(void *ctx, int64_t task, int worker)
{
    (void)task, (void)worker;
    vn__parallel_for(10, inner, ctx);
}

Test(pool, a_loop_inside_a_task_runs_inline)
{
    FOR_EACH(const char *const *, name, executors)
    {
        if (vn__pool_set_executor(*name) != VN__PARALLEL_OK)
            continue;
        (void)vn__pool_set_workers(3);
        record *r = new_record();
        vn__parallel_for(100, outer, r);
        for (int t = 0; t < 10; t++)
            cr_assert(r->ran[t] == 100);
        cr_assert(r->errors == 0);
        cr_assert(!vn__pool_inside());
        free(r);
    }
}

static void change_pool(void *ctx, int64_t task, int worker)
{
    (void)task, (void)worker;
    _Atomic int *refused = ctx;
    *refused += vn__pool_set_workers(2) == VN__PARALLEL_BUSY;
    *refused += vn__pool_set_executor("pool") == VN__PARALLEL_BUSY;
}

Test(pool, changes_from_inside_a_task_are_refused)
{
    _Atomic int refused = 0;
    (void)vn__pool_set_workers(3);
    vn__parallel_for(10, change_pool, &refused);
    cr_assert(refused == 20);
    cr_assert(vn__pool_workers() == 3);
}

Test(pool, arguments_outside_their_range_are_refused)
{
    const int before = vn__pool_workers();
    cr_assert(vn__pool_set_workers(-1) == VN__PARALLEL_RANGE);
    cr_assert(vn__pool_set_workers(VN__MAX_WORKERS + 1) == VN__PARALLEL_RANGE);
    cr_assert(vn__pool_set_executor("cluster") == VN__PARALLEL_UNKNOWN);
    cr_assert(vn__pool_set_executor(NULL) == VN__PARALLEL_UNKNOWN);
    cr_assert(vn__pool_workers() == before);
    cr_assert(vn__pool_set_workers(5) == VN__PARALLEL_OK);
    cr_assert(vn__pool_set_workers(0) == VN__PARALLEL_OK);
    cr_assert(vn__pool_workers() == before);
}

/* ---- several callers */

static void *call_many_times(void *argument)
{
    (void)argument;
    record *r = new_record();
    int failures = 0;
    for (int64_t n = 0; n < 500; n++) {
        memset(r->ran, 0, sizeof r->ran);
        vn__parallel_for(n, note, r);
        failures += wrong(r, n);
    }
    free(r);
    return (void *)(intptr_t)failures;
}

Test(pool, loops_of_several_threads_do_not_disturb_each_other)
{
    pthread_t thread[4];
    (void)vn__pool_set_workers(3);
    for (int t = 0; t < 4; t++)
        cr_assert(pthread_create(&thread[t], NULL, call_many_times, NULL) == 0);
    for (int t = 0; t < 4; t++) {
        void *failures;
        (void)pthread_join(thread[t], &failures);
        cr_assert(!failures);
    }
}

/* ---- sleeping */

static void wait_a_little(void *ctx, int64_t task, int worker)
{
    (void)task;
    _Atomic int *count = ctx;
    count[worker]++;
    sleep_us(200);
}

Test(pool, sleeping_workers_are_woken)
{
    enum { WORKERS = 4, LOOPS = 20, TASKS = 40 };
    _Atomic int count[WORKERS] = { 0 };
    int total = 0;
    (void)vn__pool_set_workers(WORKERS);
    for (int i = 0; i < LOOPS; i++) {
        vn__parallel_for(TASKS, wait_a_little, count);
        sleep_us(2000); /* longer than the workers spin */
    }
    for (int w = 0; w < WORKERS; w++) {
        cr_assert(count[w] > 0, "worker %d had no task", w);
        total += count[w];
    }
    cr_assert(total == LOOPS * TASKS);
}

/* ---- what belongs to the caller */

Test(pool, a_forked_child_has_a_pool_of_its_own)
{
    (void)vn__pool_set_workers(3);
    record *r = new_record();
    vn__parallel_for(100, note, r);
    const pid_t child = fork();
    if (child == 0) {
        memset(r->ran, 0, sizeof r->ran);
        vn__parallel_for(MAX_TASKS, note, r);
        _exit(wrong(r, MAX_TASKS) == 0 ? 0 : 1);
    }
    int status = -1;
    cr_assert(waitpid(child, &status, 0) == child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    memset(r->ran, 0, sizeof r->ran);
    vn__parallel_for(MAX_TASKS, note, r);
    cr_assert(wrong(r, MAX_TASKS) == 0);
    free(r);
}

Test(pool, the_callers_affinity_and_rounding_are_untouched)
{
    cpu_set_t before;
    cpu_set_t after;
    record *r = new_record();
    cr_assert(sched_getaffinity(0, sizeof before, &before) == 0);
    (void)fesetround(FE_UPWARD);
    vn__parallel_for(100, note, r);
    cr_assert(fegetround() == FE_UPWARD);
    (void)fesetround(FE_TONEAREST);
    cr_assert(sched_getaffinity(0, sizeof after, &after) == 0);
    cr_assert(CPU_EQUAL(&before, &after));
    free(r);
}
