/* SPDX-License-Identifier: MIT */
/* What a run of golden cases has found, and the comparisons that say so. */
#ifndef VN_TESTS_GOLDEN_CHECK_H
#define VN_TESTS_GOLDEN_CHECK_H

#include "golden/case.h"

/* The rows of the set's README: relative tolerance in f32 and in f64. f16 and bf16 are held
 * to two units in the last place, integers and bools to equality, whatever the row. ULP is
 * the README's "a few ulp"; in f64 XLA's own log1p is up to 75 ulp off (exponential, u =
 * 0.40659). */
#define GOLDEN_TOLERANCES(X)                                                                  \
    X(EXACT, 0.0, 0.0)                                                                        \
    X(ULP, 4 * 0x1p-23, 64 * 0x1p-52) /* random numbers through log, erf_inv or QR */         \
    X(FORWARD, 1e-5, 1e-12)  /* layers and functions; optimisers fed with stored gradients */ \
    X(GRADIENT, 5e-5, 1e-11) /* gradients of a layer, transforms */                           \
    X(SECOND, 1e-3, 1e-9)    /* large_mean, SpectralNorm states, second derivatives */        \
    X(LOSS, 1e-3, 1e-8)      /* of optimiser and training runs, per step */                   \
    X(FINAL, 1e-2, 1e-8)     /* leaves after training */

typedef enum golden_level {
#define GOLDEN_ENUM(name, f32, f64) GOLDEN_##name,
    GOLDEN_TOLERANCES(GOLDEN_ENUM)
#undef GOLDEN_ENUM
} golden_level;

typedef struct golden_run {
    golden_case *c;      /* the present case */
    const char *variant; /* how it is run now: "eager", "jit", ... */
    bool verbose;
    double cancelled; /* size of the terms that gradients are sums of: see golden_check */
    int faults, skips, compared; /* of the present case */
    int passed, failed, skipped; /* cases */
    char *skip_list;             /* one line each */
} golden_run;

/* Compares `got` with the array `name` of the case: dtype, shape, then     |got - want| <=
 * rtol |want| + rtol max|want| A NULL `got` is a failure. Level GRADIENT also allows four
 * units in the last place of r->cancelled: some gradients are sums of large terms that
 * cancel (in x behind a norm without an affine part, in the bias of attention's keys), and
 * what JAX stored of them is rounding. In all other arrays that is far below the tolerance. */
void golden_check(golden_run *r, const char *name, vn_array *got, golden_level level);
/* The same for an array that is not in the table (of a file). */
void golden_check_array(golden_run *r, golden_array *want, vn_array *got, golden_level level);
/* A failure of the case; the sentence of a recorded error is added, and the error forgotten. */
void golden_fail(golden_run *r, const char *format, ...) VN_PRINTF(2, 3);
/* A part of the case that cannot be run, and why. */
void golden_skip(golden_run *r, const char *format, ...) VN_PRINTF(2, 3);

void golden_begin(golden_run *r, golden_case *c);
/* Counts the case. A case that compared nothing has failed, and so has one that left an array
 * of its table unread (unless a part of it was skipped). */
void golden_end(golden_run *r);

#endif
