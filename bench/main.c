/* SPDX-License-Identifier: MIT */
/* vernal-bench: what the problems of the command line, or the default list, take on this
 * machine. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

typedef struct settings {
    double seconds;
    int threads;
    bool json, list, serve;
    const char *save; /* directory for the peers' files */
    bench_ceilings ceilings;
} settings;

static const char help[] =
    "usage: vernal-bench [options] [problem | family]...\n"
    "\n"
    "Measures each problem (a line in quotes), the listed ones of a family (its name), or all\n"
    "that --list shows.\n"
    "\n"
    "  --list        the default problems\n"
    "  --threads N   workers (default: VN_NUM_THREADS, else the physical cores)\n"
    "  --time S      seconds for each problem (default 1)\n"
    "  --json        one object a problem\n"
    "  --save DIR    also write the model (.eqx) and the data (.npy) of the problem\n"
    "  --serve       one problem: print its facts, then measure for as many seconds as each\n"
    "                line of standard input says (bench/peers uses this)\n"
    "  --machine     one line about this machine\n"
    "  --help        this text\n"
    "\n"
    "The ceiling is what multiply-adds in registers reach on all cores at once, measured in "
    "the\n"
    "same run before and after each problem; the best counts. \"of CPU\": the rate by the time "
    "that\n"
    "the threads were given, for machines that are busy with something else as well.\n"
    "FLOPs are those of the textbook, whatever the plan does: 2 m n k for a matrix product, "
    "the\n"
    "same for a convolution's windows; gradient = 3 times forward minus the first layer's "
    "input\n"
    "gradient; activations, losses and optimisers count nothing.\n"
    "\n"
    "Options of every problem: f32 (default), f64, threads=N. Of training: by=jit (default),\n"
    "a call of filter_jit, or by=plan, its plan on raw pointers. Families:\n";

static int show_help(void)
{
    fputs(help, stdout);
    for (int i = 0; bench_families[i]; i++)
        printf("  %s %s\n", bench_families[i]->name, bench_families[i]->usage);
    return 0;
}

/* Still a number? A training run that diverges measures something else. */
static bool is_sane(bench_case *c)
{
    return !c->value || isfinite(c->value(c)) || bench_complain(c->problem, "diverged");
}

static bool serve(bench_case *c, settings *s)
{
    printf("{\"problem\": \"%s\", \"unit\": \"%s\", \"flops\": %.9g, \"check\": %.9g, "
           "\"first_result_s\": %.6g}\n",
           c->problem->text, c->unit, c->flops, c->check, c->first_result_s);
    fflush(stdout);
    double seconds;
    while (scanf("%lf", &seconds) == 1) {
        bench_stats stats;
        bench_measure_ceilings(&s->ceilings, 0.1);
        if (!bench_measure(&stats, c, seconds) || !is_sane(c))
            return false;
        bench_measure_ceilings(&s->ceilings, 0.1);
        bench_print_json(c, &stats, &s->ceilings);
    }
    return true;
}

static bool measure(bench_case *c, settings *s)
{
    bench_stats stats;
    if (!bench_measure(&stats, c, s->seconds) || !is_sane(c))
        return false;
    const int threads = vn_num_threads();
    if (s->threads)
        vn_set_num_threads(s->threads);
    bench_measure_ceilings(&s->ceilings, 0.1);
    vn_set_num_threads(threads);
    (s->json ? bench_print_json : bench_print_text)(c, &stats, &s->ceilings);
    return true;
}

static bool run_problem(const char *line, settings *s)
{
    bench_problem problem;
    bench_case c;
    if (!bench_parse(&problem, line))
        return false;
    const int usual = vn_num_threads();
    if (!bench_open(&c, &problem))
        return false;
    bool ok = !s->save || (c.save ? c.save(&c, s->save) : bench_complain(&problem, "no files"));
    ok = ok && (s->serve ? serve : measure)(&c, s);
    if (!ok && !vn_ok())
        bench_complain(&problem, vn_error_message());
    bench_close(&c);
    vn_set_num_threads(usual);
    return ok;
}

/* The listed problems of the family, or all if it is NULL; false if there are none. */
static bool run_listed(const char *family, settings *s, bool *ok)
{
    bool any = false;
    for (int i = 0; bench_problems[i]; i++) {
        const char *const line = bench_problems[i];
        const size_t n = strcspn(line, " ");
        if (family && (strlen(family) != n || strncmp(family, line, n) != 0))
            continue;
        any = true;
        if (s->list)
            puts(line);
        else
            *ok &= run_problem(line, s);
    }
    return any;
}

static bool is_listed(const char *line)
{
    for (int i = 0; bench_problems[i]; i++)
        if (!strcmp(bench_problems[i], line))
            return true;
    return false;
}

/* Reads the options before the first problem; its place in argv, or -1. */
static int read_options(settings *s, int argc, char **argv)
{
    int i = 1;
    for (; i < argc && !strncmp(argv[i], "--", 2); i++) {
        const char *const name = argv[i] + 2;
        if (!strcmp(name, "list"))
            s->list = true;
        else if (!strcmp(name, "json"))
            s->json = true;
        else if (!strcmp(name, "serve"))
            s->serve = true;
        else if (!strcmp(name, "threads") && i + 1 < argc)
            s->threads = atoi(argv[++i]);
        else if (!strcmp(name, "time") && i + 1 < argc)
            s->seconds = atof(argv[++i]);
        else if (!strcmp(name, "save") && i + 1 < argc)
            s->save = argv[++i];
        else
            return -1;
    }
    return i;
}

int main(int argc, char **argv)
{
    settings s = { .seconds = 1 };
    if (argc > 1 && !strcmp(argv[1], "--help"))
        return show_help();
    if (argc > 1 && !strcmp(argv[1], "--machine"))
        return printf("%s; %d threads\n", vn_machine(), vn_num_threads()) < 0;
    const int first = read_options(&s, argc, argv);
    if (first < 0) {
        fprintf(stderr, "vernal-bench: unknown option; --help lists them\n");
        return 2;
    }
    if (s.threads && vn_set_num_threads(s.threads) != VN_ERR_OK) {
        fprintf(stderr, "vernal-bench: %s\n", vn_error_message());
        return 2;
    }
    s.threads = vn_num_threads();
    if (!s.list) {
        bench_measure_ceilings(&s.ceilings, 0.4);
        if (!s.json && !s.serve)
            bench_print_header(&s.ceilings);
    }
    bool ok = true;
    if (first == argc)
        run_listed(NULL, &s, &ok);
    for (int i = first; i < argc; i++)
        if (strchr(argv[i], ' ') || is_listed(argv[i]) || !run_listed(argv[i], &s, &ok))
            ok &= run_problem(argv[i], &s);
    return ok ? 0 : 1;
}
