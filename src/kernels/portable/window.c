/* SPDX-License-Identifier: MIT
 * The specification of pooling over windows given by a table of input pixels, and of its
 * gradients. */
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

/* The gradient of one pixel and lane goes to the first tap that holds the maximum. */
static void give(real *dx, const real *x, real y, real g, const int32_t *tap,
                 const vn__window *s)
{
    bool given = false;
    for (int64_t t = 0; t < s->taps; t++) {
        const int64_t at = tap[t] * s->x_pixel;
        if (tap[t] < 0)
            continue;
        const bool hit = !given && (x[at] == y || (x[at] != x[at] && y != y));
        dx[at] = (s->once ? 0 : dx[at]) + (hit ? g : 0);
        given = given || hit;
    }
}

void VN_FN(max_pool_grad)(void *dx, const void *x, const void *y, const void *g,
                          const vn__window *window)
{
    const vn__window *s = window;
    for (int64_t c = 0; c < s->channels; c++)
        for (int64_t q = 0; q < s->pixels; q++)
            for (int64_t l = 0; l < s->lanes; l++) {
                const int64_t to = c * s->x_channel + l;
                const int64_t at = c * s->y_channel + q * s->y_pixel + l;
                give((real *)dx + to, (const real *)x + to, ((const real *)y)[at],
                     ((const real *)g)[at], s->tap + q * s->taps, s);
            }
}

void VN_FN(sum_pool_grad)(void *dx, const void *g, const vn__window *window)
{
    const vn__window *s = window;
    for (int64_t c = 0; c < s->channels; c++)
        for (int64_t q = 0; q < s->pixels; q++)
            for (int64_t t = 0; t < s->taps; t++) {
                const int32_t pixel = s->tap[q * s->taps + t];
                if (pixel < 0)
                    continue;
                real *const to = (real *)dx + c * s->x_channel + pixel * s->x_pixel;
                const real *const from = (const real *)g + c * s->y_channel + q * s->y_pixel;
                for (int64_t l = 0; l < s->lanes; l++)
                    to[l] = (s->once ? 0 : to[l]) + from[l];
            }
}
