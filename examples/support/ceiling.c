/* SPDX-License-Identifier: MIT */
/* Twelve independent chains of vector multiply-adds a thread: enough to hide their latency.
 * Compiled with -O3 -ffp-contract=fast (CMakeLists.txt), for the machine's widest vectors. */
#include "ceiling.h"

#include <pthread.h>
#include <time.h>

#define TURNS       20000
#define CHAINS      12
#define SECONDS     0.05
#define MAX_THREADS 256

static double seconds_now(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* name(): TURNS x CHAINS multiply-adds of vectors; the result keeps them from being removed. */
#define FMA_LOOP(name, bytes)                                                                  \
    static float name(void)                                                                    \
    {                                                                                          \
        typedef float vector __attribute__((vector_size(bytes)));                              \
        const vector zero = { 0 }, a = zero + 0.999f, b = zero + 0.001f;                       \
        vector x[CHAINS], sum = zero;                                                          \
        for (int k = 0; k < CHAINS; k++)                                                       \
            x[k] = zero + (float)k;                                                            \
        for (int t = 0; t < TURNS; t++)                                                        \
            for (int k = 0; k < CHAINS; k++)                                                   \
                x[k] = x[k] * a + b;                                                           \
        for (int k = 0; k < CHAINS; k++)                                                       \
            sum += x[k];                                                                       \
        return sum[0];                                                                         \
    }

#if defined(__x86_64__)
__attribute__((target("avx512f"))) FMA_LOOP(fma_512, 64)
__attribute__((target("avx2,fma"))) FMA_LOOP(fma_256, 32)
#endif
FMA_LOOP(fma_128, 16)

static float (*widest(int *lanes))(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return *lanes = 16, fma_512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return *lanes = 8, fma_256;
#endif
    return *lanes = 4, fma_128;
}

/* The best rate of one thread within SECONDS: the machine may be busy. */
static void *measure(void *rate)
{
    int lanes;
    float (*const loop)(void) = widest(&lanes);
    const double flops = 2.0 * TURNS * CHAINS * lanes, end = seconds_now() + SECONDS;
    volatile float sink = 0;
    for (double start = seconds_now(), stop; start < end; start = stop) {
        sink = loop();
        stop = seconds_now();
        if (flops / (stop - start) > *(double *)rate)
            *(double *)rate = flops / (stop - start);
    }
    (void)sink;
    return NULL;
}

double fma_ceiling(int threads)
{
    static double rate[MAX_THREADS];
    pthread_t thread[MAX_THREADS];
    double sum = 0;
    int started = 0;
    threads = threads < MAX_THREADS ? threads : MAX_THREADS;
    while (started < threads &&
           pthread_create(&thread[started], NULL, measure, &rate[started]) == 0)
        started++;
    for (int i = 0; i < started; i++) {
        pthread_join(thread[i], NULL);
        sum += rate[i];
    }
    return started == threads ? sum : 0;
}
