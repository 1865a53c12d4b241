/* SPDX-License-Identifier: MIT
 * What the tests of kernels share: rows of the table, buffers with borders, numbers,
 * comparison. */
#ifndef VN_TESTS_KERNELS_SUPPORT_H
#define VN_TESTS_KERNELS_SUPPORT_H

#include "kernels/kernels.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <math.h>
#include <stddef.h>

/* Runs test(row) for every row that this machine can run, portable included. */
void for_each_row(void (*test)(const vn__kernels *));
const vn__kernels *row_named(const char *name);

/* n elements of a dtype at `offset` elements behind a 64-byte boundary, filled with a pattern,
 * between two borders. release checks that the borders still hold it. */
typedef struct buffer {
    void *data;
    char *block;
    int64_t bytes, total;
    int dtype;
} buffer;

buffer acquire(int dtype, int64_t n, int64_t offset);
void release(buffer *b);

/* Element i as a number, whatever the dtype (not for bf16 and f16). */
long double get(int dtype, const void *data, int64_t i);
void set(int dtype, void *data, int64_t i, long double value);

/* A deterministic sequence; uniform numbers in [low, high), rounded to the dtype. */
void seed(uint64_t state);
uint64_t next_bits(void);
long double uniform(long double low, long double high);
void fill(buffer *b, int64_t n, long double low, long double high);

/* Half a unit in the last place of 1: 2^-24 or 2^-53. */
long double half_ulp(int dtype);

/* Distance of got from want in units in the last place of want; 0 for two NaNs or equal
 * infinities. */
double ulps(int dtype, long double got, long double want);

/* |got - want| <= tolerance, or both NaN; else the test fails and names row, case and place. */
void check_near(const vn__kernels *k, int dtype, const char *what, int64_t at, long double got,
                long double want, long double tolerance);

int64_t smaller(int64_t a, int64_t b);

#endif
