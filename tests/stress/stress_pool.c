/* SPDX-License-Identifier: MIT */
/* Many loops of many sizes from several threads, while the number of workers changes.
 * Everything is written without atomics where the pool promises an order, so that
 * ThreadSanitizer sees a promise that is broken. `stress_pool 10` runs ten times as long. */
#include "parallel/pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_TASKS = 257, SLOTS = VN__MAX_WORKERS, CALLERS = 3 };

typedef struct loop {
    int64_t input[MAX_TASKS];  /* written by the caller, read by the tasks */
    int64_t output[MAX_TASKS]; /* the reverse */
    int64_t scratch[SLOTS][8]; /* one slot a worker: no two tasks at a time */
    int depth;
} loop;

static void task(void *ctx, int64_t t, int worker);

static void nest(int64_t *output, int64_t value)
{
    loop *inner = calloc(1, sizeof *inner);
    inner->input[0] = value;
    inner->input[1] = value;
    inner->depth = 1;
    vn__parallel_for(2, task, inner);
    *output = inner->output[0] - inner->output[1] + 3 * value;
    free(inner);
}

static void task(void *ctx, int64_t t, int worker)
{
    loop *l = ctx;
    int64_t *s = l->scratch[worker];
    s[0] = l->input[t];
    for (int i = 1; i < 8; i++)
        s[i] = s[i - 1] + l->input[t];
    if (l->depth == 0 && t % 64 == 5)
        nest(&l->output[t], l->input[t]);
    else
        l->output[t] = s[2];
}

/* Number of wrong results of `loops` loops. */
static int run_loops(loop *l, int loops, unsigned seed)
{
    int wrong = 0;
    for (int i = 0; i < loops; i++) {
        seed = seed * 1664525u + 1013904223u;
        const int64_t n = (seed >> 16) % MAX_TASKS;
        for (int64_t t = 0; t < n; t++) {
            l->input[t] = (int64_t)(seed >> 8) + t;
            l->output[t] = -1;
        }
        vn__parallel_for(n, task, l);
        for (int64_t t = 0; t < n; t++)
            wrong += l->output[t] != 3 * l->input[t];
        if (seed % 64 == 0) /* let the workers fall asleep now and then */
            (void)nanosleep(&(struct timespec){ .tv_nsec = 300000 }, NULL);
    }
    return wrong;
}

typedef struct caller {
    pthread_t thread;
    int loops;
    unsigned seed;
    int wrong;
} caller;

static void *caller_main(void *argument)
{
    caller *c = argument;
    loop *l = calloc(1, sizeof *l);
    c->wrong = run_loops(l, c->loops, c->seed);
    free(l);
    return NULL;
}

static int run_callers(int loops)
{
    caller c[CALLERS];
    int wrong = 0;
    for (int i = 0; i < CALLERS; i++) {
        c[i] = (caller){ .loops = loops, .seed = 17u + (unsigned)i };
        if (pthread_create(&c[i].thread, NULL, caller_main, &c[i]) != 0)
            return 1;
    }
    for (int i = 0; i < CALLERS; i++) {
        (void)pthread_join(c[i].thread, NULL);
        wrong += c[i].wrong;
    }
    return wrong;
}

static void count(void *ctx, int64_t t, int worker)
{
    (void)t, (void)worker;
    __atomic_add_fetch((int *)ctx, 1, __ATOMIC_RELAXED);
}

/* A pool of another size after every loop, which is so short that workers are late for it and
 * meet their end instead. */
static int run_changes(int changes)
{
    int counted = 0, expected = 0;
    for (int i = 0; i < changes; i++) {
        const int workers = i % 2 ? 2 : 8;
        (void)vn__pool_set_workers(workers);
        vn__parallel_for(workers, count, &counted);
        expected += workers;
    }
    return counted != expected;
}

int main(int argc, char **argv)
{
    const int factor = argc > 1 ? atoi(argv[1]) : 1;
    const int workers[] = { 2, 3, 1, 8, 2, 5, 0 };
    int wrong = 0;
    for (size_t w = 0; w < sizeof workers / sizeof workers[0]; w++) {
        (void)vn__pool_set_workers(workers[w]);
        const int bad = run_callers(300 * factor);
        printf("%d workers: %d wrong results\n", vn__pool_workers(), bad);
        wrong += bad;
    }
    const int bad = run_changes(6000 * factor);
    printf("pools that change: %d wrong results\n", bad);
    wrong += bad;
    return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
