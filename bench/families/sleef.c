/* SPDX-License-Identifier: MIT */
/* SLEEF's functions of at most 1 ULP, compiled once for each length of vectors. n is a multiple
 * of the vectors' lengths; what is left over is not computed. */
#include <immintrin.h>
#include <sleef.h>
#include <string.h>

#include "families/peer_math.h"

#if defined(__AVX512F__)
#define SLEEF_F32(name) Sleef_##name##f16_u10avx512f
#define SLEEF_F64(name) Sleef_##name##d8_u10avx512f
#define LOAD_F32        _mm512_loadu_ps
#define LOAD_F64        _mm512_loadu_pd
#define STORE_F32       _mm512_storeu_ps
#define STORE_F64       _mm512_storeu_pd
#define FIND            bench_sleef_64
enum { BYTES = 64 };
#else
#define SLEEF_F32(name) Sleef_##name##f8_u10avx2
#define SLEEF_F64(name) Sleef_##name##d4_u10avx2
#define LOAD_F32        _mm256_loadu_ps
#define LOAD_F64        _mm256_loadu_pd
#define STORE_F32       _mm256_storeu_ps
#define STORE_F64       _mm256_storeu_pd
#define FIND            bench_sleef_32
enum { BYTES = 32 };
#endif

#define BENCH_SLEEF_MAP(name)                                              \
    static void name##_f32(void *y, const void *x, int64_t n)              \
    {                                                                      \
        const float *const in = x;                                         \
        for (int64_t i = 0; i + BYTES / 4 <= n; i += BYTES / 4)            \
            STORE_F32((float *)y + i, SLEEF_F32(name)(LOAD_F32(in + i)));  \
    }                                                                      \
    static void name##_f64(void *y, const void *x, int64_t n)              \
    {                                                                      \
        const double *const in = x;                                        \
        for (int64_t i = 0; i + BYTES / 8 <= n; i += BYTES / 8)            \
            STORE_F64((double *)y + i, SLEEF_F64(name)(LOAD_F64(in + i))); \
    }
BENCH_SLEEF_MAP(exp)
BENCH_SLEEF_MAP(log)
BENCH_SLEEF_MAP(tanh)
BENCH_SLEEF_MAP(erf)
BENCH_SLEEF_MAP(sin)
BENCH_SLEEF_MAP(cos)

bench_map_fn *FIND(bool f64, const char *name)
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
