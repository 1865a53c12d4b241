/* SPDX-License-Identifier: MIT
 * Pooling over windows given by a table of input pixels, and its gradients. The loops over
 * lanes are short and contiguous: the compiler vectorises them. */
#include "kernels/real.h"

#include <math.h>

static inline void keep_max(real *y, const real *x, int64_t lanes)
{
    for (int64_t l = 0; l < lanes; l++)
        y[l] = x[l] > y[l] || x[l] != x[l] ? x[l] : y[l];
}

static inline void add(real *y, const real *x, int64_t lanes)
{
    for (int64_t l = 0; l < lanes; l++)
        y[l] += x[l];
}

static inline void pool(real *y, const real *x, const vn__window *s, real start,
                        void (*keep)(real *, const real *, int64_t))
{
    for (int64_t c = 0; c < s->channels; c++)
        for (int64_t q = 0; q < s->pixels; q++) {
            const int32_t *tap = s->tap + q * s->taps;
            real *out = y + c * s->y_channel + q * s->y_pixel;
            for (int64_t l = 0; l < s->lanes; l++)
                out[l] = start;
            for (int64_t t = 0; t < s->taps; t++)
                if (tap[t] >= 0)
                    keep(out, x + c * s->x_channel + tap[t] * s->x_pixel, s->lanes);
        }
}

void VN_FN(max_pool)(void *y, const void *x, const vn__window *window)
{
    pool(y, x, window, -(real)INFINITY, keep_max);
}

void VN_FN(sum_pool)(void *y, const void *x, const vn__window *window)
{
    pool(y, x, window, 0, add);
}

/* The lane's gradient goes to the first tap that holds the maximum: afterwards it is spent. */
static void give(real *dx, const real *x, const real *y, real *g, int64_t lanes)
{
    for (int64_t l = 0; l < lanes; l++) {
        const bool hit = x[l] == y[l] || (x[l] != x[l] && y[l] != y[l]);
        dx[l] += hit ? g[l] : 0;
        g[l] = hit ? 0 : g[l];
    }
}

/* Blocks of lanes, so that the gradient still to give lies in a few registers. */
static void max_pool_grad_pixel(real *dx, const real *x, const real *y, const real *g,
                                const int32_t *tap, const vn__window *s)
{
    enum { B = 16 };
    for (int64_t l = 0; l < s->lanes; l += B) {
        const int64_t count = s->lanes - l < B ? s->lanes - l : B;
        real left[B];
        for (int64_t j = 0; j < count; j++)
            left[j] = g[l + j];
        for (int64_t t = 0; t < s->taps; t++)
            if (tap[t] >= 0)
                give(dx + tap[t] * s->x_pixel + l, x + tap[t] * s->x_pixel + l, y + l, left,
                     count);
    }
}

void VN_FN(max_pool_grad)(void *dx, const void *x, const void *y, const void *g,
                          const vn__window *window)
{
    const vn__window *s = window;
    for (int64_t c = 0; c < s->channels; c++)
        for (int64_t q = 0; q < s->pixels; q++) {
            const int64_t at = c * s->y_channel + q * s->y_pixel;
            max_pool_grad_pixel((real *)dx + c * s->x_channel,
                                (const real *)x + c * s->x_channel, (const real *)y + at,
                                (const real *)g + at, s->tap + q * s->taps, s);
        }
}

void VN_FN(sum_pool_grad)(void *dx, const void *g, const vn__window *window)
{
    const vn__window *s = window;
    for (int64_t c = 0; c < s->channels; c++)
        for (int64_t q = 0; q < s->pixels; q++)
            for (int64_t t = 0; t < s->taps; t++) {
                const int32_t pixel = s->tap[q * s->taps + t];
                if (pixel >= 0)
                    add((real *)dx + c * s->x_channel + pixel * s->x_pixel,
                        (const real *)g + c * s->y_channel + q * s->y_pixel, s->lanes);
            }
}
