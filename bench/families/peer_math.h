/* SPDX-License-Identifier: MIT */
/* Other people's element-wise functions, as y[i] = f(x[i]), i < n. */
#ifndef VERNAL_BENCH_PEER_MATH_H
#define VERNAL_BENCH_PEER_MATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void bench_map_fn(void *y, const void *x, int64_t n);

/* NULL if that library does not have it in this build. by: "sleef", "libm". */
bench_map_fn *bench_peer_math(const char *by, int64_t vector_bytes, bool f64, const char *name);

/* SLEEF's, from the file compiled for vectors of 32 and 64 bytes. */
bench_map_fn *bench_sleef_32(bool f64, const char *name);
bench_map_fn *bench_sleef_64(bool f64, const char *name);

#endif
