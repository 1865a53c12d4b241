/* SPDX-License-Identifier: MIT */
/* The tour in pieces: each returns whether what it shows is true. */
#ifndef DOCS_EXAMPLES_TOUR_H
#define DOCS_EXAMPLES_TOUR_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <vernal.h>

bool tour_scan(void);
bool tour_control(void);
bool tour_buffers(void);
bool tour_run_time_errors(void);
bool tour_layers(void);
bool tour_state(void);
bool tour_optimisers(void);
bool tour_files(const char *dir);
bool tour_random(void);
bool tour_errors(void);
bool tour_plan(void);
bool tour_threads(void);

/* The only element of x is near the value. */
static inline bool is(const vn_array *x, double value)
{
    return fabs(vn_item(x) - value) <= 1e-5 * (1 + fabs(value));
}

#endif
