/* SPDX-License-Identifier: MIT */
/* Other people's matrix products: C [m, n] = A [m, k] B [k, n], row-major, on `threads`. */
#ifndef VERNAL_BENCH_PEER_GEMM_H
#define VERNAL_BENCH_PEER_GEMM_H

#include <stdbool.h>
#include <stdint.h>

typedef void bench_gemm_fn(void *c, const void *a, const void *b, int m, int n, int k,
                           int threads);

/* NULL if that library is not there. by: "openblas" (loaded now, so that its threads exist
 * only where it is measured), "libxsmm" (with OpenMP; linked if it was found). */
bench_gemm_fn *bench_peer_gemm(const char *by, bool f64);

#endif
