/* SPDX-License-Identifier: MIT */
/* What the library says about the machine, and the switches of a process. */
#include "vernal/runtime.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/fail.h"
#include "core/base/large.h"
#include "kernels/kernels.h"
#include "parallel/pool.h"
#include "parallel/topology.h"

static char machine[256];
static pthread_once_t machine_once = PTHREAD_ONCE_INIT;
static int verbose = -1, tune = -1; /* -1: ask the environment */

int vn_num_threads(void) { return vn__pool_workers(); }

vn_status vn_set_num_threads(int n)
{
    switch (vn__pool_set_workers(n)) {
    case VN__PARALLEL_OK:
        return VN_ERR_OK;
    case VN__PARALLEL_BUSY:
        return vn__fail(VN_ERR_ARGUMENT, "set_num_threads: called from inside a parallel task");
    default:
        return vn__fail(VN_ERR_ARGUMENT, "set_num_threads: %d threads, expected 1 to %d", n,
                        VN__MAX_WORKERS);
    }
}

const char *vn_isa(void) { return vn__kernels_get()->name; }

static void describe_machine(void)
{
    const vn__topology *const t = vn__topology_here();
    snprintf(machine, sizeof machine,
             "%d cores (%d usable), %d NUMA node%s, L1 %d kB, L2 %d kB, L3 %d kB, kernels %s",
             t->n_cores, t->n_usable, t->n_nodes, t->n_nodes == 1 ? "" : "s",
             (int)(t->l1_bytes / 1024), (int)(t->l2_bytes / 1024), (int)(t->l3_bytes / 1024),
             vn_isa());
}

const char *vn_machine(void)
{
    pthread_once(&machine_once, describe_machine);
    return machine;
}

static void set_level(int *level, int value)
{
    __atomic_store_n(level, value < 0 ? 0 : value, __ATOMIC_RELAXED);
}

static int level_of(int *level, const char *variable)
{
    const int known = __atomic_load_n(level, __ATOMIC_RELAXED);
    if (known >= 0)
        return known;
    const char *const text = getenv(variable);
    set_level(level, text ? atoi(text) : 0);
    return __atomic_load_n(level, __ATOMIC_RELAXED);
}

int vn_verbose(void) { return level_of(&verbose, "VN_VERBOSE"); }
void vn_set_verbose(int level) { set_level(&verbose, level); }

int vn_tune(void) { return level_of(&tune, "VN_TUNE"); }
void vn_set_tune(int level) { set_level(&tune, level); }

int64_t vn_cache_limit(void) { return vn__large_limit(); }
void vn_set_cache_limit(int64_t bytes) { vn__large_set_limit(bytes); }
