/* SPDX-License-Identifier: MIT */
#include "families/peer_gemm.h"

#include <dlfcn.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "vernal/runtime.h"

#if defined(BENCH_LIBXSMM)
#include <libxsmm.h>
#include <omp.h>
#endif

/* ---- OpenBLAS: its own types, so that its headers are not needed */

enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111 };
typedef void sgemm_fn(int order, int ta, int tb, int m, int n, int k, float alpha,
                      const float *a, int lda, const float *b, int ldb, float beta, float *c,
                      int ldc);
typedef void dgemm_fn(int order, int ta, int tb, int m, int n, int k, double alpha,
                      const double *a, int lda, const double *b, int ldb, double beta,
                      double *c, int ldc);

static struct {
    sgemm_fn *sgemm;
    dgemm_fn *dgemm;
    void (*set_threads)(int n);
} blas;

/* A processor that this version does not know would get kernels of another age: it is told the
 * instruction set, unless the user did. */
static bool load_blas(void)
{
    setenv("OPENBLAS_CORETYPE", strcmp(vn_isa(), "avx512") ? "Haswell" : "SkylakeX", 0);
    void *const library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return false;
    *(void **)&blas.sgemm = dlsym(library, "cblas_sgemm");
    *(void **)&blas.dgemm = dlsym(library, "cblas_dgemm");
    *(void **)&blas.set_threads = dlsym(library, "openblas_set_num_threads");
    return blas.sgemm && blas.dgemm && blas.set_threads;
}

static void blas_f32(void *c, const void *a, const void *b, int m, int n, int k, int threads)
{
    blas.set_threads(threads);
    blas.sgemm(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, m, n, k, 1, a, k, b, n, 0, c, n);
}

static void blas_f64(void *c, const void *a, const void *b, int m, int n, int k, int threads)
{
    blas.set_threads(threads);
    blas.dgemm(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, m, n, k, 1, a, k, b, n, 0, c, n);
}

/* ---- LIBXSMM: column-major, so C^T = B^T A^T */

#if defined(BENCH_LIBXSMM)
static void xsmm_f32(void *c, const void *a, const void *b, int m, int n, int k, int threads)
{
    const float one = 1, zero = 0;
    omp_set_num_threads(threads);
    libxsmm_sgemm_omp("N", "N", &n, &m, &k, &one, b, &n, a, &k, &zero, c, &n);
}

static void xsmm_f64(void *c, const void *a, const void *b, int m, int n, int k, int threads)
{
    const double one = 1, zero = 0;
    omp_set_num_threads(threads);
    libxsmm_dgemm_omp("N", "N", &n, &m, &k, &one, b, &n, a, &k, &zero, c, &n);
}
#endif

/* Our pool pins the caller; threads that a library starts from here would share its core. */
static void unpin(void)
{
    cpu_set_t all;
    CPU_ZERO(&all);
    for (size_t i = 0; i < CPU_SETSIZE; i++)
        CPU_SET(i, &all);
    sched_setaffinity(0, sizeof all, &all);
}

bench_gemm_fn *bench_peer_gemm(const char *by, bool f64)
{
    unpin();
    if (!strcmp(by, "openblas") && load_blas())
        return f64 ? blas_f64 : blas_f32;
#if defined(BENCH_LIBXSMM)
    if (!strcmp(by, "libxsmm"))
        return f64 ? xsmm_f64 : xsmm_f32;
#endif
    return NULL;
}
