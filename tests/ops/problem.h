/* SPDX-License-Identifier: MIT */
/* An op with random operands, evaluated by its slots directly: one example at a time, over
 * lanes, summed over panels of lanes. */
#ifndef VN_TESTS_OPS_PROBLEM_H
#define VN_TESTS_OPS_PROBLEM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ops/ops.h"
#include "vernal/ops.h"

#define PROBLEM_OPERANDS 4

typedef struct problem {
    const vn_op *op;
    const void *attr;
    vn_aval in[PROBLEM_OPERANDS];
    bool mapped[PROBLEM_OPERANDS];
    int64_t low, high; /* values of integer operands; low = high = 0: -3 .. 3 */
} problem;

/* The result over `lanes` lanes is the result of every example by itself. */
void problem_lanes(const problem *p, int64_t lanes);

/* eval_sum over `panels` panels, `valid` lanes of the last, adds the sum of all examples. */
void problem_sum(const problem *p, int64_t lanes, int64_t panels, int64_t valid);

/* For an op of one or two operands and every axis of each: where the pull slot lets the axis
 * out, the op on one example after the other is the op on all of them. Returns how often it
 * did. */
int problem_pull(const problem *p);

/* The aval of an array of that dtype. */
vn_aval aval(vn_dtype dtype, vn_shape shape);

/* n random numbers, small multiples of 1/8 in -1 .. 1 (sums of products of them are exact). */
void random_fill(double *x, int64_t n);
uint32_t random_below(uint32_t n);

/* A new array of random numbers; its elements as doubles (for free()). */
vn_array *random_array(vn_dtype dtype, vn_shape shape);
double *doubles_of(const vn_array *x);

/* Fails the test, with the name of the case, unless |got - want| <= tolerance max(1, |want|).
 * */
void expect_close(const char *what, const double *got, const double *want, int64_t n,
                  double tolerance);

#endif
