/* SPDX-License-Identifier: MIT */
/* The table at the end of a training run. */
#ifndef EXAMPLES_SUPPORT_REPORT_H
#define EXAMPLES_SUPPORT_REPORT_H

#include <vernal.h>

typedef struct report {
    const char *name;
    double accuracy; /* per cent */
    double seconds;  /* within the steps */
    double examples; /* seen in these seconds */
    double flops;    /* done in these seconds */
} report;

/* One line each: accuracy, examples a second, GFLOP/s, % of what the machine's threads can do
 * at most (multiply-adds in registers, measured here for a moment). */
void reports_print(int n, const report reports[]);

/* Floating-point operations of one call of f(arg...), compiled. */
double flops_of(vn_tree *f, int n, vn_tree *const arg[]);

/* Seconds since some moment in the past. */
double seconds_now(void);

#endif
