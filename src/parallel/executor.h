/* SPDX-License-Identifier: MIT */
/* What an executor is: somebody who has threads. pool.c lets one loop at a time into it. */
#ifndef VERNAL_PARALLEL_EXECUTOR_H
#define VERNAL_PARALLEL_EXECUTOR_H

#include "parallel/pool.h"

#include <stdalign.h>
#include <stdatomic.h>

enum { VN__CACHE_LINE = 64 };

/* One loop. The counter of tasks handed out has a cache line of its own. */
typedef struct vn__job {
    vn__task_fn *fn;
    void *ctx;
    int64_t n_tasks;
    alignas(VN__CACHE_LINE) _Atomic int64_t next;
} vn__job;

typedef struct vn__executor {
    const char *name;
    int (*default_workers)(void);           /* when nobody asked for a number */
    void (*start)(int workers);             /* may be NULL: nothing to prepare */
    void (*run)(vn__job *job, int workers); /* the caller is worker 0 */
    void (*stop)(void);                     /* may be NULL: nothing to end */
    void (*forked)(void);                   /* in a child, without threads; may be NULL */
} vn__executor;

extern const vn__executor vn__executor_pool;
#if defined(VN_HAVE_OPENMP)
extern const vn__executor vn__executor_openmp;
#endif

/* Runs tasks of the job as `worker` until none is left, on whichever thread. */
void vn__job_work(vn__job *job, int worker);

#endif
