/* SPDX-License-Identifier: MIT */
/* One line of text or one JSON object a problem. */
#include <stdio.h>

#include "bench.h"

/* A number with a unit of seconds, three digits. */
static const char *seconds_text(char *text, size_t size, double s)
{
    static const struct {
        double scale;
        const char *unit;
    } units[] = { { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "us" }, { 1e-9, "ns" } };
    size_t i = 0;
    while (i < 3 && s < units[i].scale)
        i++;
    const double v = s / units[i].scale;
    snprintf(text, size, "%.*f %s", v < 10 ? 2 : v < 100 ? 1 : 0, v, units[i].unit);
    return text;
}

static const char *bytes_text(char *text, size_t size, size_t bytes)
{
    if (bytes < 1 << 20)
        snprintf(text, size, "%.1f kB", (double)bytes / 1024);
    else
        snprintf(text, size, "%.1f MB", (double)bytes / (1 << 20));
    return text;
}

void bench_print_header(const bench_ceilings *ceilings)
{
    printf("%s; %d threads\n", vn_machine(), vn_num_threads());
    printf("ceiling, GFLOP/s: f32 %.1f on one core, %.1f on all; f64 %.1f, %.1f\n\n",
           ceilings->f32[0] * 1e-9, ceilings->f32[1] * 1e-9, ceilings->f64[0] * 1e-9,
           ceilings->f64[1] * 1e-9);
    printf("%-64s %9s %9s %9s %9s %8s %7s %7s %9s %9s\n", "problem", "median", "min", "p90",
           "CPU", "GFLOP/s", "ceiling", "of CPU", "workspace", "first");
    fflush(stdout);
}

void bench_print_text(const bench_case *c, const bench_stats *s, const bench_ceilings *ceilings)
{
    char text[6][24];
    const double rate = c->flops / s->median;
    printf("%-64s %9s %9s %9s %9s ", c->problem->text, seconds_text(text[0], 24, s->median),
           seconds_text(text[1], 24, s->min), seconds_text(text[2], 24, s->p90),
           seconds_text(text[5], 24, s->cpu));
    if (c->flops > 0)
        printf("%8.2f %5.1f %% %5.1f %% ", rate * 1e-9,
               100 * rate / bench_ceiling_of(ceilings, c, true),
               100 * c->flops / s->cpu / bench_ceiling_of(ceilings, c, false));
    else
        printf("%8s %7s %7s ", "-", "-", "-");
    printf("%9s %9s\n", c->workspace ? bytes_text(text[3], 24, c->workspace) : "-",
           c->first_result_s > 0 ? seconds_text(text[4], 24, c->first_result_s) : "-");
    fflush(stdout);
}

void bench_print_json(const bench_case *c, const bench_stats *s, const bench_ceilings *ceilings)
{
    const double rate = c->flops / s->median, ceiling = bench_ceiling_of(ceilings, c, true);
    printf("{\"problem\": \"%s\", \"unit\": \"%s\", \"median\": %.9g, \"min\": %.9g, \"p90\": "
           "%.9g",
           c->problem->text, c->unit, s->median, s->min, s->p90);
    if (c->flops > 0)
        printf(", \"gflops\": %.6g, \"ceiling_gflops\": %.6g, \"percent\": %.4g", rate * 1e-9,
               ceiling * 1e-9, 100 * rate / ceiling);
    else
        printf(", \"gflops\": null, \"ceiling_gflops\": %.6g, \"percent\": null",
               ceiling * 1e-9);
    printf(", \"isa\": \"%s\", \"threads\": %d, \"workspace_bytes\": %zu", vn_isa(),
           c->one_thread ? 1 : vn_num_threads(), c->workspace);
    printf(", \"cpu\": %.9g", s->cpu);
    printf(", \"worker_bytes\": %zu, \"first_result_s\": %.6g, \"samples\": %lld, \"check\": "
           "%.9g}\n",
           c->worker_bytes, c->first_result_s, (long long)s->samples, c->check);
    fflush(stdout);
}
