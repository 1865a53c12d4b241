/* SPDX-License-Identifier: MIT */
/* The table of families, the default list, opening and closing cases. */
#include "bench.h"

#define BENCH_FAMILY(name) extern const bench_family bench_##name;
#include "families.def"
#undef BENCH_FAMILY

const bench_family *const bench_families[] = {
#define BENCH_FAMILY(name) &bench_##name,
#include "families.def"
#undef BENCH_FAMILY
    NULL
};

const char *const bench_problems[] = {
#define BENCH_PROBLEM(line) line,
#include "problems.def"
#undef BENCH_PROBLEM
    NULL
};

/* A problem with threads=N has a pool of its own; others get `usual` workers. */
bool bench_open(bench_case *c, const bench_problem *p)
{
    *c = (bench_case){ .problem = p, .unit = "call" };
    const int64_t threads = bench_int(p, "threads", 0);
    if (threads > 0)
        vn_set_num_threads((int)threads);
    const vn_dtype usual = vn_default_dtype();
    vn_set_default_dtype(p->dtype);
    bool ok = false;
    VN_SCOPE { ok = p->family->create(c); }
    vn_set_default_dtype(usual);
    if (ok && !vn_ok())
        ok = bench_complain(p, vn_error_message());
    else if (!ok && !vn_ok())
        bench_complain(p, vn_error_message());
    if (!ok)
        bench_close(c);
    return ok;
}

void bench_close(bench_case *c)
{
    if (c->destroy)
        c->destroy(c);
    c->destroy = NULL;
    vn_error_clear();
}
