/* SPDX-License-Identifier: MIT */
/* Functions and nestings of transformations, for the law that holds between them. */
#ifndef VN_TESTS_LAWS_NESTING_H
#define VN_TESTS_LAWS_NESTING_H

#include "vernal.h"

enum { NEST_W = 4, NEST_X = 2, NEST_BATCH = 5 };

enum {
    NEST_NO_FORWARD = 1 << 0, /* no forward mode, and so no second derivative by it */
    NEST_NO_REVERSE = 1 << 1,
    NEST_NO_SECOND = 1 << 2
};

/* f(w [4], x [2]) -> scalar, smooth where it is looked at. */
typedef struct nest_function {
    const char *name;
    vn_fn *fn;
    unsigned flags;
} nest_function;

extern const nest_function nest_functions[];
extern const int nest_function_count;

/* What plain values of f say, by differences in f64, example by example. All are doubles. */
typedef struct nest_reference {
    double value[NEST_BATCH];
    double grad[NEST_BATCH][NEST_W]; /* in w */
    double grad_x[NEST_BATCH][NEST_X];
    double grad_sum[NEST_W]; /* over the examples */
    double tangent[NEST_BATCH]; /* along the direction */
    double hessian[NEST_BATCH][NEST_W][NEST_W];
    double product[NEST_BATCH][NEST_W]; /* hessian times direction */
    double product_sum[NEST_W];
    double descent[NEST_W]; /* w after three steps of gradient descent at example 0 */
} nest_reference;

/* transform(f, w, x [5, 2], direction) -> an array of `count` numbers, those that lie at `want`
 * in the reference. */
typedef struct nest_nesting {
    const char *name;
    vn_fn *transform;
    size_t want;
    int count;
    unsigned excludes; /* functions with one of these flags */
    double rtol;
} nest_nesting;

extern const nest_nesting nest_nestings[];
extern const int nest_nesting_count;

#endif
