/* SPDX-License-Identifier: MIT */
/* Element-wise functions: the kernel of one thread on n numbers in cache. by=sleef: SLEEF's
 * function of at most 1 ULP, or a formula of such functions, in vectors of the same width;
 * by=libm: the C library, one by one. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "families/peer_math.h"
#include "kernels/kernels.h"

typedef struct function {
    vn__unary_fn *fn;
    vn_tree *x, *y;
} function;

static bool run(bench_case *c, int64_t times)
{
    const function *const f = c->state;
    const int64_t n = vn_size(f->x);
    const void *const x = vn_data(f->x);
    void *const y = vn_data_mut(f->y);
    for (int64_t i = 0; i < times; i++)
        f->fn(y, x, n);
    return true;
}

static void destroy(bench_case *c)
{
    function *const f = c->state;
    vn_release(f->x);
    vn_release(f->y);
    free(f);
}

static vn__unary_fn *kernel(const bench_problem *p)
{
    const bool gelu = !strcmp(p->family->name, "gelu"); /* as jax.nn.gelu and vn_gelu */
    for (int op = 0; op < VN__UNARIES; op++)
        if (!strcmp(vn__unary_name(op), gelu ? "gelu_tanh" : p->family->name))
            return vn__kernels_get()->unary[p->dtype][op];
    return NULL;
}

static vn__unary_fn *find(const bench_problem *p)
{
    const char *const by = bench_word(p, "by", "vernal");
    if (!strcmp(by, "vernal"))
        return kernel(p);
    return bench_peer_math(by, vn__kernels_get()->vector_bytes, p->dtype == VN_F64,
                           p->family->name);
}

static bool create(bench_case *c)
{
    const bench_problem *const p = c->problem;
    const int64_t n = bench_int(p, "n", 4096);
    vn__unary_fn *const fn = find(p);
    if (!fn)
        return bench_complain(p, "this build does not have that function by that library");
    function *const f = calloc(1, sizeof *f);
    if (!f)
        return false;
    c->state = f;
    c->destroy = destroy;
    c->run = run;
    c->one_thread = true;
    f->fn = fn;
    const double lo = strncmp(p->family->name, "log", 3) ? -8 : 1e-3;
    vn_assign(&f->x, vn_uniform(vn_key(1), VN_SHAPE(n), p->dtype, lo, 8));
    vn_assign(&f->y, vn_zeros(p->dtype, VN_SHAPE(n)));
    return vn_ok();
}

/* clang-format off */
#define BENCH_FUNCTION(function)                                                               \
    const bench_family bench_##function = {                                                    \
        .name = #function, .usage = "n=4096 [by=vernal|sleef|libm]", .modes = "",              \
        .keys = "n by", .create = create                                                       \
    };
/* clang-format on */
BENCH_FUNCTION(exp)
BENCH_FUNCTION(log)
BENCH_FUNCTION(tanh)
BENCH_FUNCTION(sigmoid)
BENCH_FUNCTION(gelu)
BENCH_FUNCTION(erf)
BENCH_FUNCTION(softplus)
BENCH_FUNCTION(sin)
BENCH_FUNCTION(cos)
BENCH_FUNCTION(expm1)
BENCH_FUNCTION(log1p)
BENCH_FUNCTION(silu)
BENCH_FUNCTION(gelu_exact)
