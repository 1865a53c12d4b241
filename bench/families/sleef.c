/* SPDX-License-Identifier: MIT */
/* SLEEF's functions of at most 1 ULP, and what its users make of them where it has none
 * (sigmoid, softplus, silu, both forms of gelu), compiled once for each length of vectors. n is
 * a multiple of the vectors' lengths; what is left over is not computed. */
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
#define MAX_F32         _mm512_max_ps
#define MAX_F64         _mm512_max_pd
#define FIND            bench_sleef_64
typedef __m512 vector_f32;
typedef __m512d vector_f64;
#else
#define SLEEF_F32(name) Sleef_##name##f8_u10avx2
#define SLEEF_F64(name) Sleef_##name##d4_u10avx2
#define LOAD_F32        _mm256_loadu_ps
#define LOAD_F64        _mm256_loadu_pd
#define STORE_F32       _mm256_storeu_ps
#define STORE_F64       _mm256_storeu_pd
#define MAX_F32         _mm256_max_ps
#define MAX_F64         _mm256_max_pd
#define FIND            bench_sleef_32
typedef __m256 vector_f32;
typedef __m256d vector_f64;
#endif

/* The formula in x for one type: F32 or F64. */
#define BENCH_MAP(name, type, TYPE, formula)                                            \
    static void name##_##type(void *y, const void *data, int64_t n)                     \
    {                                                                                   \
        enum { LANES = sizeof(vector_##type) / sizeof(type) };                          \
        for (int64_t i = 0; i + LANES <= n; i += LANES) {                               \
            const vector_##type x = LOAD_##TYPE((const type *)data + i);                \
            STORE_##TYPE((type *)y + i, formula);                                       \
        }                                                                               \
    }
#define BENCH_SLEEF(name, formula32, formula64) \
    BENCH_MAP(name, f32, F32, formula32)        \
    BENCH_MAP(name, f64, F64, formula64)
#define BENCH_SLEEF_FUNCTION(name) \
    BENCH_SLEEF(name, SLEEF_F32(name)(x), SLEEF_F64(name)(x))
typedef float f32;
typedef double f64;

BENCH_SLEEF_FUNCTION(exp)
BENCH_SLEEF_FUNCTION(log)
BENCH_SLEEF_FUNCTION(tanh)
BENCH_SLEEF_FUNCTION(erf)
BENCH_SLEEF_FUNCTION(sin)
BENCH_SLEEF_FUNCTION(cos)
BENCH_SLEEF_FUNCTION(expm1)
BENCH_SLEEF_FUNCTION(log1p)
BENCH_SLEEF(sigmoid, 1 / (1 + SLEEF_F32(exp)(-x)), 1 / (1 + SLEEF_F64(exp)(-x)))
BENCH_SLEEF(silu, x / (1 + SLEEF_F32(exp)(-x)), x / (1 + SLEEF_F64(exp)(-x)))
BENCH_SLEEF(softplus, MAX_F32(x, x - x) + SLEEF_F32(log1p)(SLEEF_F32(exp)(-MAX_F32(x, -x))),
            MAX_F64(x, x - x) + SLEEF_F64(log1p)(SLEEF_F64(exp)(-MAX_F64(x, -x))))
BENCH_SLEEF(gelu,
            0.5f * x * (1 + SLEEF_F32(tanh)(0.797884561f * (x + 0.044715f * x * x * x))),
            0.5 * x * (1 + SLEEF_F64(tanh)(0.79788456080286536 * (x + 0.044715 * x * x * x))))
BENCH_SLEEF(gelu_exact, 0.5f * x * (1 + SLEEF_F32(erf)(0.707106781f * x)),
            0.5 * x * (1 + SLEEF_F64(erf)(0.70710678118654752 * x)))

bench_map_fn *FIND(bool f64, const char *name)
{
    static const struct {
        const char *name;
        bench_map_fn *f32, *f64;
    } rows[] = {
#define BENCH_ROW(name) { #name, name##_f32, name##_f64 },
        BENCH_ROW(exp) BENCH_ROW(log) BENCH_ROW(tanh) BENCH_ROW(erf) BENCH_ROW(sin)
        BENCH_ROW(cos) BENCH_ROW(expm1) BENCH_ROW(log1p) BENCH_ROW(sigmoid) BENCH_ROW(silu)
        BENCH_ROW(softplus) BENCH_ROW(gelu) BENCH_ROW(gelu_exact)
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, name))
            return f64 ? rows[i].f64 : rows[i].f32;
    return NULL;
}
