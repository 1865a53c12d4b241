/* SPDX-License-Identifier: MIT */
/* Machines we do not own, described to hwloc, and the one we run on. */
#include <criterion/criterion.h>

#include "parallel/topology.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

typedef struct machine {
    const char *description;
    int cores, nodes, l3_cores;
    int64_t l1, l2, l3;
} machine;

#define KIB ((int64_t)1 << 10)
#define MIB ((int64_t)1 << 20)

static const machine machines[] = {
    /* a laptop: 4 cores with two threads each */
    { "package:1 l3:1(size=8388608) l2:4(size=262144) l1d:1(size=32768) core:1 pu:2", 4, 1, 4,
      32 * KIB, 256 * KIB, 8 * MIB },
    /* two packages, one NUMA node each, L3 shared by 8 cores */
    { "package:2 numa:1 l3:2(size=33554432) l2:8(size=1048576) l1d:1(size=49152) core:1 pu:2",
      32, 2, 8, 48 * KIB, 1 * MIB, 32 * MIB },
    /* four nodes in one package, no L3 */
    { "package:1 numa:4 l2:16(size=524288) l1d:1(size=65536) core:1 pu:1", 64, 4, 64, 64 * KIB,
      512 * KIB, 0 },
    /* logical CPUs only, as some virtual machines show */
    { "pu:3", 3, 1, 3, 0, 0, 0 },
    /* more cores than we use */
    { "package:8 numa:1 core:128 pu:1", VN__MAX_CORES, 4, 1024, 0, 0, 0 },
};

Test(topology, described_machines)
{
    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++) {
        const machine *m = &machines[i];
        vn__topology t;
        cr_assert(vn__topology_read(&t, m->description) == 0, "%s", m->description);
        cr_assert(!t.is_here, "%s", m->description);
        cr_assert(t.n_cores == m->cores, "%s: %d cores", m->description, t.n_cores);
        cr_assert(t.n_usable == m->cores, "%s", m->description);
        cr_assert(t.n_nodes == m->nodes, "%s: %d nodes", m->description, t.n_nodes);
        cr_assert(t.l3_cores == m->l3_cores, "%s: L3 of %d", m->description, t.l3_cores);
        cr_assert(t.l1_bytes == m->l1, "%s: L1 %d", m->description, (int)t.l1_bytes);
        cr_assert(t.l2_bytes == m->l2, "%s: L2 %d", m->description, (int)t.l2_bytes);
        cr_assert(t.l3_bytes == m->l3, "%s: L3 %d", m->description, (int)t.l3_bytes);
        for (int c = 1; c < t.n_cores; c++) {
            cr_assert(t.core[c].cpu > t.core[c - 1].cpu, "%s: core %d", m->description, c);
            cr_assert(t.core[c].node >= t.core[c - 1].node, "%s: core %d", m->description, c);
        }
        cr_assert(t.core[t.n_cores - 1].node == t.n_nodes - 1, "%s", m->description);
    }
}

Test(topology, a_machine_from_xml)
{
    vn__topology t;
    cr_assert(vn__topology_read(&t, "tests/parallel/two_nodes.xml") == 0);
    cr_assert(t.n_cores == 4 && t.n_nodes == 2 && t.l3_cores == 2);
    cr_assert(t.core[1].cpu == 2 && t.core[2].node == 1);
}

Test(topology, descriptions_without_sense_are_refused)
{
    vn__topology t;
    cr_assert(vn__topology_read(&t, "package:two core:x") != 0);
    cr_assert(vn__topology_read(&t, "no/such/file.xml") != 0);
}

/* Both sources see the CPUs of the affinity mask and no other. */
Test(topology, this_machine_inside_its_cpuset)
{
    cpu_set_t one;
    vn__topology t;
    cr_assert(vn__topology_read(&t, NULL) == 0 && t.is_here && t.n_cores >= 1);
    const int last = t.core[t.n_cores - 1].cpu;
    CPU_ZERO(&one);
    CPU_SET((unsigned)last, &one);
    cr_assert(sched_setaffinity(getpid(), sizeof one, &one) == 0);
    cr_assert(vn__topology_read(&t, NULL) == 0);
    cr_assert(t.n_cores == 1 && t.core[0].cpu == last && t.is_here);
    cr_assert(vn__topology_read_plain(&t) == 0);
    cr_assert(t.n_cores == 1 && t.core[0].cpu == last && t.n_nodes == 1);
}

Test(topology, quota)
{
    cr_assert(vn__topology_quota("max 100000") == 0);
    cr_assert(vn__topology_quota("200000 100000") == 2);
    cr_assert(vn__topology_quota("150000 100000") == 2);
    cr_assert(vn__topology_quota("10000 100000") == 1);
    cr_assert(vn__topology_quota("-1 100000") == 0);
    cr_assert(vn__topology_quota("") == 0);
    cr_assert(vn__topology_quota("99999999999 1") == VN__MAX_CORES);
}
