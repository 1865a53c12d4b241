/* SPDX-License-Identifier: MIT */
/* The executor with threads of its own.
 *
 * All hand-off goes through one word, the gate:
 *
 *     | loop number (21 bits) | open (1) | workers inside (10) |
 *
 * The caller opens it by adding one loop number and the open bit, works itself, clears the bit
 * when no task is left, and waits until nobody is inside. A worker that sees a new loop number
 * adds one; if the gate was open then, it works; in either case it subtracts one. So a worker
 * that comes late (asleep, not scheduled) is never waited for, and nobody needs a lock.
 *
 * The word's modifications are all read-modify-write: each worker's entry continues the release
 * sequence of the caller's opening (it sees the job), and the caller, when it reads that nobody
 * is inside, sees what all workers wrote. */
#include "parallel/executor.h"
#include "parallel/topology.h"
#include "parallel/wait.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define INSIDE_MASK 0x3ffu
#define OPEN        0x400u
#define LOOP_ONE    0x800u
#define LOOP_MASK   (~(LOOP_ONE - 1))

enum { WORKERS = 1, CALLER = 2 }; /* groups of sleepers on the gate */
enum { SPINS_PER_LOOK = 64 };     /* pauses between two looks at the clock */

static struct {
    alignas(VN__CACHE_LINE) _Atomic uint32_t gate;
    vn__job *job;                                   /* valid for who entered an open gate */
    alignas(VN__CACHE_LINE) _Atomic int32_t asleep; /* workers that sleep or are about to */
    _Atomic bool caller_asleep;
    _Atomic bool stop;
    alignas(VN__CACHE_LINE) int64_t spin_ns; /* from here on: set while starting */
    uint32_t first_loop;                     /* loop number when the threads started */
    int n_threads;
    pthread_t thread[VN__MAX_WORKERS];
} team;

/* ---- waiting */

/* Until the loop number differs from `seen`, spinning first, then asleep. Returns the gate. */
static uint32_t next_loop(uint32_t seen)
{
    const int64_t end = team.spin_ns > 0 ? vn__now_ns() + team.spin_ns : 0;
    uint32_t gate;
    do {
        for (int i = 0; i < SPINS_PER_LOOK; i++) {
            gate = atomic_load_explicit(&team.gate, memory_order_acquire);
            if ((gate & LOOP_MASK) != seen)
                return gate;
            vn__pause();
        }
    } while (team.spin_ns > 0 && vn__now_ns() < end);

    /* `asleep` rises before the gate is read, the caller reads `asleep` after it changed the
     * gate: one of the two sees the other */
    atomic_fetch_add(&team.asleep, 1);
    while (((gate = atomic_load(&team.gate)) & LOOP_MASK) == seen)
        vn__sleep(&team.gate, gate, WORKERS);
    atomic_fetch_sub(&team.asleep, 1);
    return gate;
}

/* The caller, after it closed the gate: until no worker is inside. */
static void wait_until_empty(void)
{
    uint32_t gate = atomic_load_explicit(&team.gate, memory_order_acquire);
    if ((gate & INSIDE_MASK) == 0)
        return;
    const int64_t end = team.spin_ns > 0 ? vn__now_ns() + team.spin_ns : 0;
    do {
        for (int i = 0; i < SPINS_PER_LOOK; i++) {
            gate = atomic_load_explicit(&team.gate, memory_order_acquire);
            if ((gate & INSIDE_MASK) == 0)
                return;
            vn__pause();
        }
    } while (team.spin_ns > 0 && vn__now_ns() < end);

    atomic_store(&team.caller_asleep, true);
    while (((gate = atomic_load(&team.gate)) & INSIDE_MASK) != 0)
        vn__sleep(&team.gate, gate, CALLER);
    atomic_store(&team.caller_asleep, false);
}

/* ---- workers */

static void leave_gate(void)
{
    const uint32_t before = atomic_fetch_sub(&team.gate, 1);
    if ((before & (OPEN | INSIDE_MASK)) == 1 && atomic_load(&team.caller_asleep))
        vn__wake(&team.gate, 1, CALLER);
}

static void *worker_main(void *argument)
{
    const int worker = (int)(intptr_t)argument;
    uint32_t seen = team.first_loop;
    for (;;) {
        uint32_t gate = next_loop(seen);
        seen = gate & LOOP_MASK;
        if (gate & OPEN) { /* else it came late */
            gate = atomic_fetch_add_explicit(&team.gate, 1, memory_order_acq_rel);
            seen = gate & LOOP_MASK;
            if (gate & OPEN)
                vn__job_work(team.job, worker);
            leave_gate();
        }
        /* after `seen` has its last value: the loop number that came with the stop is not
         * waited for */
        if (atomic_load_explicit(&team.stop, memory_order_acquire))
            return NULL;
    }
}

/* ---- the caller */

static void run(vn__job *job, int workers)
{
    (void)workers;
    team.job = job;
    atomic_fetch_add(&team.gate, LOOP_ONE + OPEN);
    const int asleep = atomic_load(&team.asleep);
    const int64_t useful = job->n_tasks - 1;
    if (asleep > 0)
        vn__wake(&team.gate, useful < asleep ? (int)useful : asleep, WORKERS);
    vn__job_work(job, 0);
    atomic_fetch_and_explicit(&team.gate, ~OPEN, memory_order_acq_rel);
    wait_until_empty();
}

/* ---- start and stop */

static int default_workers(void) { return vn__topology_here()->n_usable; }

static int64_t spin_ns(bool crowded)
{
    const char *const us = getenv("VN_SPIN_US");
    const long value = us ? strtol(us, NULL, 10) : crowded ? 0 : 100;
    return value < 0 ? 0 : value > 1000000 ? 1000000000 : (int64_t)value * 1000;
}

static bool should_pin(int workers)
{
    const vn__topology *const machine = vn__topology_here();
    const char *const pin = getenv("VN_PIN");
    if (!machine->is_here || workers > machine->n_cores || (pin && strcmp(pin, "0") == 0))
        return false;
    return workers == machine->n_cores || (pin && strcmp(pin, "1") == 0);
}

/* Where the caller runs now: the workers are pinned to the cores that follow it. */
static int caller_core(void)
{
    const vn__topology *const machine = vn__topology_here();
    const int cpu = sched_getcpu();
    for (int c = 0; c < machine->n_cores; c++)
        if (machine->core[c].cpu == cpu)
            return c;
    return 0;
}

/* The CPUs of a worker: one core, or all of them (never the mask that the caller's thread
 * happens to have). False where affinities do not apply. */
static bool worker_cpus(cpu_set_t *set, int worker, bool pinned, int first)
{
    const vn__topology *const machine = vn__topology_here();
    CPU_ZERO(set);
    for (int c = 0; c < machine->n_cores; c++) {
        const int cpu = machine->core[c].cpu;
        const bool mine = !pinned || c == (first + worker) % machine->n_cores;
        if (mine && cpu < CPU_SETSIZE)
            CPU_SET((unsigned)cpu, set);
    }
    return machine->is_here && CPU_COUNT(set) > 0;
}

static bool start_worker(int worker, bool pinned, int first)
{
    pthread_attr_t attributes;
    cpu_set_t cpus;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    if (worker_cpus(&cpus, worker, pinned, first))
        (void)pthread_attr_setaffinity_np(&attributes, sizeof cpus, &cpus);
    void *const argument = (void *)(intptr_t)worker;
    pthread_t *const thread = &team.thread[team.n_threads];
    int failed = pthread_create(thread, &attributes, worker_main, argument);
    if (failed) /* the mask may no longer be allowed: once more without it */
        failed = pthread_create(thread, NULL, worker_main, argument);
    (void)pthread_attr_destroy(&attributes);
    return !failed;
}

/* Threads that cannot be made are done without. The workers take no signals. */
static void start(int workers)
{
    sigset_t all;
    sigset_t before;
    const bool pinned = should_pin(workers);
    const int first = caller_core();
    team.spin_ns = spin_ns(workers > vn__topology_here()->n_usable);
    team.first_loop = atomic_load(&team.gate) & LOOP_MASK;
    atomic_store(&team.stop, false);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int w = 1; w < workers && start_worker(w, pinned, first); w++)
        team.n_threads++;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void stop(void)
{
    atomic_store(&team.stop, true);
    atomic_fetch_add(&team.gate, LOOP_ONE);
    vn__wake(&team.gate, INT_MAX, WORKERS);
    for (int t = 0; t < team.n_threads; t++)
        (void)pthread_join(team.thread[t], NULL);
    team.n_threads = 0;
}

static void forked(void)
{
    atomic_store(&team.gate, 0);
    atomic_store(&team.asleep, 0);
    atomic_store(&team.caller_asleep, false);
    team.n_threads = 0;
}

const vn__executor vn__executor_pool = {
    .name = "pool",
    .default_workers = default_workers,
    .start = start,
    .run = run,
    .stop = stop,
    .forked = forked,
};
