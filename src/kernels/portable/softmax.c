/* SPDX-License-Identifier: MIT
 * The specification of softmax, its relatives and moments: over the middle axis of
 * [outer][n][inner]. */
#include "kernels/real.h"

#include <math.h>

/* Column i of slice o: n elements at distance inner. */
static real column_max(const real *x, int64_t n, int64_t inner)
{
    real m = -(real)INFINITY;
    for (int64_t k = 0; k < n; k++)
        m = x[k * inner] > m || x[k * inner] != x[k * inner] ? x[k * inner] : m;
    return m;
}

/* A column's softmax is e^(x - shift) / sum. An infinite maximum is not subtracted: inf -
 * inf. */
typedef struct column {
    double shift, sum;
} column;

static column measure(const real *x, int64_t n, int64_t inner)
{
    const real max = column_max(x, n, inner);
    column c = { isinf(max) ? 0 : (double)max, 0 };
    for (int64_t k = 0; k < n; k++)
        c.sum += exp((double)x[k * inner] - c.shift);
    return c;
}

void VN_FN(logsumexp)(void *out, const void *x, int64_t outer, int64_t n, int64_t inner)
{
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            const column c = measure((const real *)x + o * n * inner + i, n, inner);
            ((real *)out)[o * inner + i] = (real)(log(c.sum) + c.shift);
        }
}

void VN_FN(softmax)(void *y, const void *x, int64_t outer, int64_t n, int64_t inner)
{
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            const real *in = (const real *)x + o * n * inner + i;
            real *out = (real *)y + o * n * inner + i;
            const column c = measure(in, n, inner);
            for (int64_t k = 0; k < n; k++)
                out[k * inner] = (real)(exp((double)in[k * inner] - c.shift) / c.sum);
        }
}

void VN_FN(log_softmax)(void *y, const void *x, int64_t outer, int64_t n, int64_t inner)
{
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            const real *in = (const real *)x + o * n * inner + i;
            real *out = (real *)y + o * n * inner + i;
            const column c = measure(in, n, inner);
            for (int64_t k = 0; k < n; k++)
                out[k * inner] = (real)((double)in[k * inner] - c.shift - log(c.sum));
        }
}

void VN_FN(softmax_grad)(void *dx, const void *y, const void *g, int64_t outer, int64_t n,
                         int64_t inner)
{
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            const int64_t at = o * n * inner + i;
            const real *yc = (const real *)y + at, *gc = (const real *)g + at;
            double sum = 0;
            for (int64_t k = 0; k < n * inner; k += inner)
                sum += (double)gc[k] * (double)yc[k];
            for (int64_t k = 0; k < n * inner; k += inner)
                ((real *)dx)[at + k] = (real)((double)yc[k] * ((double)gc[k] - sum));
        }
}

void VN_FN(log_softmax_grad)(void *dx, const void *y, const void *g, int64_t outer, int64_t n,
                             int64_t inner)
{
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            const int64_t at = o * n * inner + i;
            const real *yc = (const real *)y + at, *gc = (const real *)g + at;
            double sum = 0;
            for (int64_t k = 0; k < n * inner; k += inner)
                sum += (double)gc[k];
            for (int64_t k = 0; k < n * inner; k += inner)
                ((real *)dx)[at + k] = (real)((double)gc[k] - exp((double)yc[k]) * sum);
        }
}

void VN_FN(moments)(void *mean, void *variance, const void *x, int64_t outer, int64_t n,
                    int64_t inner)
{
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            const real *in = (const real *)x + o * n * inner + i;
            double sum = 0, squares = 0;
            for (int64_t k = 0; k < n; k++)
                sum += (double)in[k * inner];
            const double centre = sum / (double)n;
            for (int64_t k = 0; k < n; k++)
                squares += ((double)in[k * inner] - centre) * ((double)in[k * inner] - centre);
            ((real *)mean)[o * inner + i] = (real)centre;
            ((real *)variance)[o * inner + i] = (real)(squares / (double)n);
        }
}
