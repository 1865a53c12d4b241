/* SPDX-License-Identifier: MIT */
/* C = A B with A [m, k], B [k, n]: 2 m n k. by=vernal: a compiled vn_matmul on all threads;
 * by=kernel: our kernel on one thread; by=openblas, libxsmm: theirs, on as many threads as the
 * pool has. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "families/peer_gemm.h"
#include "kernels/kernels.h"

typedef struct gemm {
    vn_tree *fn, *a, *b, *c;
    int64_t m, n, k;
    void *scratch;
    bench_gemm_fn *peer;
} gemm;

static bool run_vernal(bench_case *c, int64_t times)
{
    gemm *const g = c->state;
    for (int64_t i = 0; i < times; i++)
        VN_SCOPE { vn_assign(&g->c, vn_call(g->fn, g->a, g->b)); }
    return vn_ok();
}

static bool run_kernel(bench_case *c, int64_t times)
{
    gemm *const g = c->state;
    const vn__real_kernels *const kernels = vn__kernels_get()->real[c->problem->dtype];
    for (int64_t i = 0; i < times; i++)
        kernels->gemm(vn_data_mut(g->c), g->n, vn_data(g->a), g->k, 1, vn_data(g->b), g->n, 1,
                      g->m, g->n, g->k, false, g->scratch);
    return true;
}

static bool run_peer(bench_case *c, int64_t times)
{
    gemm *const g = c->state;
    for (int64_t i = 0; i < times; i++)
        g->peer(vn_data_mut(g->c), vn_data(g->a), vn_data(g->b), (int)g->m, (int)g->n,
                (int)g->k, vn_num_threads());
    return true;
}

static void destroy(bench_case *c)
{
    gemm *const g = c->state;
    vn_release(g->fn);
    vn_release(g->a);
    vn_release(g->b);
    vn_release(g->c);
    free(g->scratch);
    free(g);
}

static vn_tree *matmul(vn_tree *const arg[]) { return vn_matmul(arg[0], arg[1]); }

static bool choose(bench_case *c, const char *by)
{
    gemm *const g = c->state;
    c->run = run_vernal;
    if (!strcmp(by, "vernal"))
        return true;
    if (!strcmp(by, "kernel")) {
        const vn__real_kernels *const kernels = vn__kernels_get()->real[c->problem->dtype];
        c->workspace = (size_t)kernels->gemm_scratch(g->m, g->n, g->k);
        g->scratch = aligned_alloc(64, (c->workspace + 127) / 64 * 64);
        c->run = run_kernel;
        c->one_thread = true;
        return g->scratch != NULL;
    }
    g->peer = bench_peer_gemm(by, c->problem->dtype == VN_F64);
    c->run = run_peer;
    return g->peer ||
           bench_complain(c->problem, "by=vernal, kernel; openblas, libxsmm if they are there");
}

static bool create(bench_case *c)
{
    const bench_problem *const p = c->problem;
    gemm *const g = calloc(1, sizeof *g);
    if (!g)
        return false;
    c->state = g;
    c->destroy = destroy;
    g->m = bench_int(p, "m", 1024);
    g->n = bench_int(p, "n", 1024);
    g->k = bench_int(p, "k", 1024);
    c->flops = 2.0 * (double)g->m * (double)g->n * (double)g->k;
    vn_assign(&g->fn, vn_filter_jit(vn_function(matmul, 2), NULL));
    vn_assign(&g->a, bench_data(p, 1, VN_SHAPE(g->m, g->k)));
    vn_assign(&g->b, bench_data(p, 2, VN_SHAPE(g->k, g->n)));
    vn_assign(&g->c, vn_zeros(p->dtype, VN_SHAPE(g->m, g->n)));
    if (!vn_ok() || !choose(c, bench_word(p, "by", "vernal")))
        return false;
    const double begin = bench_now();
    if (!c->run(c, 1))
        return false;
    c->first_result_s = bench_now() - begin;
    c->check = ((const float *)vn_data(vn_cast(g->c, VN_F32)))[0];
    return true;
}

const bench_family bench_gemm = {
    .name = "gemm",
    .usage = "m=.. n=.. k=.. [by=vernal|kernel|openblas|libxsmm]",
    .modes = "",
    .keys = "m n k by",
    .create = create,
};
