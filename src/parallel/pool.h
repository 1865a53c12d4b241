/* SPDX-License-Identifier: MIT */
/* A loop over independent tasks on all cores.
 *
 * The workers are made on first use, one per physical core, the caller being worker 0. Between
 * loops they spin for a moment and then sleep. A loop never waits for a worker that has not
 * begun: it ends when its last task ends, however busy the machine is.
 *
 * Which worker runs which task differs from run to run. Results must not depend on it.
 *
 * Environment, read once:
 *   VN_NUM_THREADS=n         workers (default: the physical cores of the cpuset and CPU quota)
 *   VN_EXECUTOR=pool|openmp  own threads, or the OpenMP runtime's (default pool)
 *   VN_PIN=0|1               never or always pin workers to cores (default: when there is one
 *                            for each core; the caller's thread is never pinned)
 *   VN_SPIN_US=n             how long a worker spins before it sleeps (default 100; 0 with more
 *                            workers than cores)
 *   VN_FLUSH_DENORMALS=1     tasks run with denormals flushed to zero; when a loop returns, the
 *                            caller's floating-point state is as before */
#ifndef VERNAL_PARALLEL_POOL_H
#define VERNAL_PARALLEL_POOL_H

#include <stdbool.h>
#include <stdint.h>

enum { VN__MAX_WORKERS = 512 };

/* What the functions below return; only core writes sentences. */
enum {
    VN__PARALLEL_OK = 0,
    VN__PARALLEL_BUSY,      /* called from inside a task */
    VN__PARALLEL_RANGE,     /* an argument is outside its range */
    VN__PARALLEL_UNKNOWN    /* no such executor in this build */
};

/* One task. `worker` is in 0 .. vn__pool_workers() - 1 and no two tasks of ONE loop that run at
 * the same time have the same: it may select a scratch block that belongs to that loop. */
typedef void vn__task_fn(void *ctx, int64_t task, int worker);

/* for (t = 0; t < n_tasks; t++) fn(ctx, t, worker), on all workers, in any order; returns when
 * all tasks have ended. What the caller wrote before is visible to the tasks, what they wrote
 * is visible to the caller after.
 *
 * A single task, a loop inside a task, and a loop of a second thread while the pool serves a
 * first one run on the calling thread, in order, with worker = 0. Nothing is allocated and no
 * lock is taken (but for the first call, which makes the workers). */
void vn__parallel_for(int64_t n_tasks, vn__task_fn *fn, void *ctx);

/* Number of workers, the caller included: the bound of `worker`. At least 1. */
int vn__pool_workers(void);

/* Changes the number of workers, 1 .. VN__MAX_WORKERS; 0 for the default. Not while another
 * thread relies on vn__pool_workers(). Waits for a loop of another thread to end. */
int vn__pool_set_workers(int n);

/* Chooses who runs the tasks: "pool" or "openmp". Waits as above. */
int vn__pool_set_executor(const char *name);
const char *vn__pool_executor(void);

/* True on a thread that is inside a task of a loop. */
bool vn__pool_inside(void);

#endif
