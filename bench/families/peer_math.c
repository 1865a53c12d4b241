/* SPDX-License-Identifier: MIT */
/* The C library, and the choice among SLEEF's vector lengths. */
#include "families/peer_math.h"

#include <math.h>
#include <string.h>

#define BENCH_LIBM(name)                                      \
    static void name##_f32(void *y, const void *x, int64_t n) \
    {                                                         \
        for (int64_t i = 0; i < n; i++)                       \
            ((float *)y)[i] = name##f(((const float *)x)[i]); \
    }                                                         \
    static void name##_f64(void *y, const void *x, int64_t n) \
    {                                                         \
        for (int64_t i = 0; i < n; i++)                       \
            ((double *)y)[i] = name(((const double *)x)[i]);  \
    }
BENCH_LIBM(exp)
BENCH_LIBM(log)
BENCH_LIBM(tanh)
BENCH_LIBM(erf)
BENCH_LIBM(sin)
BENCH_LIBM(cos)

static bench_map_fn *libm(bool f64, const char *name)
{
    static const struct {
        const char *name;
        bench_map_fn *f32, *f64;
    } rows[] = { { "exp", exp_f32, exp_f64 },    { "log", log_f32, log_f64 },
                 { "tanh", tanh_f32, tanh_f64 }, { "erf", erf_f32, erf_f64 },
                 { "sin", sin_f32, sin_f64 },    { "cos", cos_f32, cos_f64 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, name))
            return f64 ? rows[i].f64 : rows[i].f32;
    return NULL;
}

bench_map_fn *bench_peer_math(const char *by, int64_t vector_bytes, bool f64, const char *name)
{
    if (!strcmp(by, "libm"))
        return libm(f64, name);
#if defined(BENCH_SLEEF)
    if (!strcmp(by, "sleef") && vector_bytes == 64)
        return bench_sleef_64(f64, name);
    if (!strcmp(by, "sleef") && vector_bytes == 32)
        return bench_sleef_32(f64, name);
#else
    (void)vector_bytes;
#endif
    return NULL;
}
