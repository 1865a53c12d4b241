/* SPDX-License-Identifier: MIT */
/* The topology from hwloc, for this machine or for a described one. */
#include "parallel/topology.h"

#include <hwloc.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

/* The described machine, or this one; hwloc's own variables (HWLOC_SYNTHETIC, HWLOC_XMLFILE)
 * hold for NULL. */
static int load(hwloc_topology_t machine, const char *description)
{
    int failed = 0;
    if (description && (strchr(description, ':') && !strstr(description, ".xml")))
        failed = hwloc_topology_set_synthetic(machine, description);
    else if (description)
        failed = hwloc_topology_set_xml(machine, description);
    return failed || hwloc_topology_load(machine);
}

/* Leaves only the CPUs of the process's affinity mask (that of its first thread). */
static void keep_allowed(hwloc_topology_t machine)
{
    cpu_set_t set;
    hwloc_bitmap_t mask = hwloc_bitmap_alloc();
    if (mask && sched_getaffinity(getpid(), sizeof set, &set) == 0) {
        for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
            if (CPU_ISSET(cpu, &set))
                (void)hwloc_bitmap_set(mask, cpu);
        (void)hwloc_topology_restrict(machine, mask, 0); /* an empty result is refused */
    }
    hwloc_bitmap_free(mask);
}

/* The smaller of a known size and one more cache; 0 counts as not known. */
static int64_t weakest(int64_t bytes, hwloc_obj_t cache)
{
    const int64_t found = cache ? (int64_t)cache->attr->cache.size : 0;
    return found > 0 && (bytes == 0 || found < bytes) ? found : bytes;
}

static void add_core(vn__topology *out, hwloc_topology_t machine, hwloc_obj_t core)
{
    const hwloc_obj_t l1 = hwloc_get_ancestor_obj_by_type(machine, HWLOC_OBJ_L1CACHE, core);
    const hwloc_obj_t l2 = hwloc_get_ancestor_obj_by_type(machine, HWLOC_OBJ_L2CACHE, core);
    const hwloc_obj_t l3 = hwloc_get_ancestor_obj_by_type(machine, HWLOC_OBJ_L3CACHE, core);
    out->l1_bytes = weakest(out->l1_bytes, l1);
    out->l2_bytes = weakest(out->l2_bytes, l2);
    out->l3_bytes = weakest(out->l3_bytes, l3);

    vn__core *slot = &out->core[out->n_cores++];
    slot->cpu = hwloc_bitmap_first(core->cpuset);
    hwloc_obj_t node = NULL;
    while ((node = hwloc_get_next_obj_by_type(machine, HWLOC_OBJ_NUMANODE, node))) {
        if (hwloc_bitmap_isset(node->cpuset, (unsigned)slot->cpu)) {
            slot->node = (int)node->logical_index;
            break;
        }
    }
}

/* Renumbers the nodes so that those without a core (memory only) leave no gap. */
static void count_nodes(vn__topology *out)
{
    int seen[VN__MAX_CORES];
    for (int c = 0; c < out->n_cores; c++) {
        int n = 0;
        while (n < out->n_nodes && seen[n] != out->core[c].node)
            n++;
        if (n == out->n_nodes)
            seen[out->n_nodes++] = out->core[c].node;
        out->core[c].node = n;
    }
}

static int describe(vn__topology *out, hwloc_topology_t machine)
{
    /* a virtual machine may show no cores, only logical CPUs */
    const hwloc_obj_type_t type =
        hwloc_get_nbobjs_by_type(machine, HWLOC_OBJ_CORE) > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
    const int n = hwloc_get_nbobjs_by_type(machine, type);
    if (n < 1)
        return 1;
    memset(out, 0, sizeof *out);
    out->is_here = hwloc_topology_is_thissystem(machine) != 0;
    for (int c = 0; c < n && c < VN__MAX_CORES; c++)
        add_core(out, machine, hwloc_get_obj_by_type(machine, type, (unsigned)c));
    count_nodes(out);
    const int l3 = hwloc_get_nbobjs_by_type(machine, HWLOC_OBJ_L3CACHE);
    out->l3_cores = l3 > 0 ? (n + l3 - 1) / l3 : n;
    out->n_usable = out->n_cores;
    return 0;
}

int vn__topology_read(vn__topology *out, const char *description)
{
    hwloc_topology_t machine;
    if (hwloc_topology_init(&machine) != 0)
        return 1;
    int failed = load(machine, description);
    if (!failed && hwloc_topology_is_thissystem(machine))
        keep_allowed(machine);
    failed = failed || describe(out, machine);
    hwloc_topology_destroy(machine);
    return failed;
}
