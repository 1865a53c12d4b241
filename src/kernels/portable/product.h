/* SPDX-License-Identifier: MIT
 * What the specifications of the products share: rows of the result, finished one by one, so
 * that the inner loops are contiguous. */
#ifndef VN_KERNELS_PORTABLE_PRODUCT_H
#define VN_KERNELS_PORTABLE_PRODUCT_H

#include "kernels/real.h"

#include <stddef.h>

/* c[j] += a b[j] */
static inline void add_scaled(real *c, real a, const real *b, int64_t n)
{
    for (int64_t j = 0; j < n; j++)
        c[j] += a * b[j];
}

static inline void set(real *c, real value, int64_t n)
{
    for (int64_t j = 0; j < n; j++)
        c[j] = value;
}

/* What is known before the product: bias, or nothing; the old row stays if we accumulate. */
static inline void begin_row(real *c, int64_t i, int64_t n, const vn__epilogue *e)
{
    const real bias = e && e->bias ? ((const real *)e->bias)[i] : 0;
    if (!e || !e->accumulate)
        set(c, bias, n);
    else
        for (int64_t j = 0; j < n; j++)
            c[j] += bias;
}

static inline void end_row(real *c, const real *mask, int64_t n, const vn__epilogue *e)
{
    if (e && e->unary)
        VN_FN(unary)[e->unary - 1](c, c, n);
    if (mask) {
        const int row = e->gate ? e->gate - 1 : VN__BINARY_relu_grad;
        vn__binary_row(VN_FN(binary)[row], c, mask, c, n);
    }
}

static inline const real *mask_row(const vn__epilogue *e, int64_t i, int64_t row)
{
    return e && e->mask ? (const real *)e->mask + i * row : NULL;
}

static inline real lane_dot(const real *x, const real *y, int64_t lanes)
{
    real sum = 0;
    for (int64_t l = 0; l < lanes; l++)
        sum += x[l] * y[l];
    return sum;
}

#endif
