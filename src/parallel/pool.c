/* SPDX-License-Identifier: MIT */
/* The loop as its callers see it: who may enter, with how many workers, on which executor. */
#include "parallel/pool.h"

#include "parallel/executor.h"
#include "parallel/floating.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static const vn__executor *const executors[] = {
    &vn__executor_pool,
#if defined(VN_HAVE_OPENMP)
    &vn__executor_openmp,
#endif
};

/* `busy` guards everything here but `workers`, which is read at any time. */
static atomic_bool busy;
static bool started;
static bool flush_denormals;
static int requested; /* workers asked for; 0: the executor's default */
static _Atomic int workers;
static _Atomic(const vn__executor *) executor = &vn__executor_pool;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static _Thread_local bool inside;

bool vn__pool_inside(void) { return inside; }

static bool try_enter(void)
{
    return !atomic_load_explicit(&busy, memory_order_relaxed) &&
           !atomic_exchange_explicit(&busy, true, memory_order_acquire);
}

static void leave(void) { atomic_store_explicit(&busy, false, memory_order_release); }

/* ---- configuration */

static const vn__executor *find_executor(const char *name)
{
    for (size_t i = 0; name && i < sizeof executors / sizeof executors[0]; i++)
        if (strcmp(executors[i]->name, name) == 0)
            return executors[i];
    return NULL;
}

static void count_workers(void)
{
    const int n = requested > 0 ? requested : atomic_load(&executor)->default_workers();
    atomic_store(&workers, n < 1 ? 1 : n > VN__MAX_WORKERS ? VN__MAX_WORKERS : n);
}

/* The child of a fork has one thread. If it stood in a task, it goes on alone. */
static void in_child(void)
{
    const vn__executor *e = atomic_load(&executor);
    if (e->forked)
        e->forked();
    started = false;
    atomic_store(&busy, inside);
}

static void configure(void)
{
    const char *const threads = getenv("VN_NUM_THREADS");
    const vn__executor *const chosen = find_executor(getenv("VN_EXECUTOR"));
    const char *const flush = getenv("VN_FLUSH_DENORMALS");
    if (threads)
        requested = (int)strtol(threads, NULL, 10);
    if (requested < 0 || requested > VN__MAX_WORKERS)
        requested = 0;
    if (chosen)
        atomic_store(&executor, chosen);
    flush_denormals = flush && strcmp(flush, "1") == 0;
    count_workers();
    (void)pthread_atfork(NULL, NULL, in_child);
}

int vn__pool_workers(void)
{
    const int n = atomic_load_explicit(&workers, memory_order_acquire);
    if (n > 0)
        return n;
    (void)pthread_once(&once, configure);
    return atomic_load(&workers);
}

static void stop_threads(void)
{
    const vn__executor *e = atomic_load(&executor);
    if (started && e->stop)
        e->stop();
    started = false;
}

/* Applies a change of `requested` or `executor`, with nobody in a loop. */
static int change(const vn__executor *chosen, int n)
{
    if (inside)
        return VN__PARALLEL_BUSY;
    (void)vn__pool_workers();
    while (!try_enter())
        (void)sched_yield();
    stop_threads();
    if (chosen)
        atomic_store(&executor, chosen);
    if (n >= 0)
        requested = n;
    count_workers();
    leave();
    return VN__PARALLEL_OK;
}

int vn__pool_set_workers(int n)
{
    return n < 0 || n > VN__MAX_WORKERS ? VN__PARALLEL_RANGE : change(NULL, n);
}

int vn__pool_set_executor(const char *name)
{
    const vn__executor *const chosen = find_executor(name);
    return chosen ? change(chosen, -1) : VN__PARALLEL_UNKNOWN;
}

const char *vn__pool_executor(void)
{
    (void)vn__pool_workers();
    return atomic_load(&executor)->name;
}

/* Joins the workers at exit or dlclose, unless the exit comes from inside a loop. `busy` stays
 * set: what runs later runs inline. */
__attribute__((destructor)) static void at_exit(void)
{
    if (!inside && try_enter())
        stop_threads();
}

/* ---- the loop */

void vn__job_work(vn__job *job, int worker)
{
    const bool was_inside = inside;
    const vn__floating before = vn__floating_enter(flush_denormals);
    inside = true;
    for (;;) {
        const int64_t task = atomic_fetch_add_explicit(&job->next, 1, memory_order_relaxed);
        if (task >= job->n_tasks)
            break;
        job->fn(job->ctx, task, worker);
    }
    inside = was_inside;
    vn__floating_leave(flush_denormals, before);
}

static void run_inline(int64_t n_tasks, vn__task_fn *fn, void *ctx)
{
    const vn__floating before = vn__floating_enter(flush_denormals);
    for (int64_t task = 0; task < n_tasks; task++)
        fn(ctx, task, 0);
    vn__floating_leave(flush_denormals, before);
}

void vn__parallel_for(int64_t n_tasks, vn__task_fn *fn, void *ctx)
{
    if (vn__pool_workers() == 1 || n_tasks <= 1 || inside || !try_enter()) {
        run_inline(n_tasks, fn, ctx);
        return;
    }
    const vn__executor *const e = atomic_load_explicit(&executor, memory_order_relaxed);
    const int n = atomic_load_explicit(&workers, memory_order_relaxed);
    if (!started && e->start)
        e->start(n);
    started = true;
    vn__job job = { .fn = fn, .ctx = ctx, .n_tasks = n_tasks };
    e->run(&job, n);
    leave();
}
