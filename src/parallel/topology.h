/* SPDX-License-Identifier: MIT */
/* The machine as this process may use it: physical cores, NUMA nodes, caches. */
#ifndef VERNAL_PARALLEL_TOPOLOGY_H
#define VERNAL_PARALLEL_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#define VN__MAX_CORES 512   /* further cores are not used */

typedef struct vn__core {
    int cpu;    /* number of its first logical CPU, as the operating system counts */
    int node;   /* NUMA node, 0 .. n_nodes - 1 */
} vn__core;

typedef struct vn__topology {
    int n_cores;        /* physical cores inside the process's cpuset, at least 1 */
    int n_usable;       /* of these, what the cgroup's CPU quota pays for, at least 1 */
    int n_nodes;        /* NUMA nodes that hold one of the cores, at least 1 */
    int l3_cores;       /* cores that share one L3 */
    int64_t l1_bytes;   /* data caches, of the weakest core; 0: not known or not there */
    int64_t l2_bytes;
    int64_t l3_bytes;
    bool is_here;       /* false for a described machine: nothing can be pinned to its cores */
    vn__core core[VN__MAX_CORES];
} vn__topology;

/* The machine, looked at once, on the first call. Never NULL. */
const vn__topology *vn__topology_here(void);

/* Fills *out from hwloc: NULL for this machine, else a synthetic description
 * ("package:2 l3:1 core:8 pu:2") or the path of an XML file. Nonzero when it cannot. */
int vn__topology_read(vn__topology *out, const char *description);

/* Fills *out for this machine from the affinity mask and sysconf alone, one core per logical
 * CPU: what builds without hwloc use. Nonzero when it cannot. */
int vn__topology_read_plain(vn__topology *out);

/* CPUs that a cgroup quota pays for, from the text of cpu.max ("200000 100000", "max 100000"):
 * rounded up; 0 for no limit. */
int vn__topology_quota(const char *cpu_max);

#endif
