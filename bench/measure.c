/* SPDX-License-Identifier: MIT */
/* Time of one run: samples of as many runs as the clock needs, sorted. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_now(void) { return seconds_of(CLOCK_MONOTONIC); }

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

#define FAILED (-1e9)

/* Seconds of one run, or FAILED. */
static double sample(bench_case *c, int64_t times)
{
    const double start = bench_now();
    if (!c->run(c, times))
        return FAILED;
    return (bench_now() - start) / (double)times - c->work;
}

/* How many runs make a sample of at least 50 us; -1 on error. */
static int64_t calibrate(bench_case *c)
{
    const double shortest = 50e-6;
    int64_t times = 1;
    for (;;) {
        const double t = sample(c, times);
        if (t <= FAILED)
            return -1;
        if ((t + c->work) * (double)times >= shortest)
            return times;
        times *= 2;
    }
}

bool bench_measure(bench_stats *stats, bench_case *c, double seconds)
{
    enum { LEAST = 5, MOST = 100000 };
    static double samples[MOST];
    const int64_t times = calibrate(c);
    if (times < 0)
        return false;
    const double end = bench_now() + seconds, cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    int64_t n = 0;
    while (n < MOST && (n < LEAST || bench_now() < end)) {
        if ((samples[n++] = sample(c, times)) <= FAILED)
            return false;
    }
    const double used = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    qsort(samples, (size_t)n, sizeof *samples, ascending);
    *stats = (bench_stats){ samples[n / 2], samples[0], samples[n * 9 / 10],
                            used / (double)(n * times), n };
    return true;
}
