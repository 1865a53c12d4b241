/* SPDX-License-Identifier: MIT */
/* The topology without hwloc, the CPU quota, and the answer that is kept. */
#include "parallel/topology.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int vn__topology_quota(const char *cpu_max)
{
    long long quota = 0;
    long long period = 0;
    if (sscanf(cpu_max, "%lld %lld", &quota, &period) != 2 || quota <= 0 || period <= 0)
        return 0;
    const long long cpus = (quota + period - 1) / period;
    return cpus < VN__MAX_CORES ? (int)cpus : VN__MAX_CORES;
}

/* First line of a small file of the system; empty when there is none. */
static void read_line(char *line, int size, const char *path)
{
    line[0] = '\0';
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    if (!fgets(line, size, file))
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    (void)fclose(file);
}

/* The quota of the process's cgroup as it sees itself, version 2 first, then version 1. */
static int quota_here(void)
{
    char quota[64];
    char period[64];
    char both[129];
    read_line(both, sizeof both, "/sys/fs/cgroup/cpu.max");
    if (both[0] == '\0') {
        read_line(quota, sizeof quota, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
        read_line(period, sizeof period, "/sys/fs/cgroup/cpu/cpu.cfs_period_us");
        (void)snprintf(both, sizeof both, "%s %s", quota, period);
    }
    return vn__topology_quota(both);
}

static int64_t cache_bytes(int name)
{
    const long bytes = sysconf(name);
    return bytes > 0 ? bytes : 0;
}

int vn__topology_read_plain(vn__topology *out)
{
    memset(out, 0, sizeof *out);
    cpu_set_t set;
    if (sched_getaffinity(getpid(), sizeof set, &set) == 0) {
        for (size_t cpu = 0; cpu < CPU_SETSIZE && out->n_cores < VN__MAX_CORES; cpu++)
            if (CPU_ISSET(cpu, &set))
                out->core[out->n_cores++].cpu = (int)cpu;
        out->is_here = true;
    } else { /* more CPUs than a cpu_set_t holds: count them, pin nothing */
        const long online = sysconf(_SC_NPROCESSORS_ONLN);
        out->n_cores = online < 1 ? 1 : online > VN__MAX_CORES ? VN__MAX_CORES : (int)online;
    }
    out->n_nodes = 1;
    out->l3_cores = out->n_cores;
    out->l1_bytes = cache_bytes(_SC_LEVEL1_DCACHE_SIZE);
    out->l2_bytes = cache_bytes(_SC_LEVEL2_CACHE_SIZE);
    out->l3_bytes = cache_bytes(_SC_LEVEL3_CACHE_SIZE);
    out->n_usable = out->n_cores;
    return out->n_cores > 0 ? 0 : 1;
}

#if !defined(VN_HAVE_HWLOC)
int vn__topology_read(vn__topology *out, const char *description)
{
    return description ? 1 : vn__topology_read_plain(out);
}
#endif

static vn__topology here;

static void look(void)
{
    if (vn__topology_read(&here, NULL) != 0 && vn__topology_read_plain(&here) != 0)
        here = (vn__topology){ .n_cores = 1, .n_usable = 1, .n_nodes = 1, .l3_cores = 1 };
    const int quota = here.is_here ? quota_here() : 0;
    if (quota > 0 && quota < here.n_usable)
        here.n_usable = quota;
}

const vn__topology *vn__topology_here(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, look);
    return &here;
}
