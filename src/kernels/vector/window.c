/* SPDX-License-Identifier: MIT
 * Pooling over windows given by a table of input pixels, and its gradients: one vector of lanes
 * of one pixel at a time, all taps in a row.
 * */
#include "kernels/simd/simd.h"

#include <math.h>

/* One channel, and of each pixel the lanes from the pointers on: a whole vector, or the `tail`
 * of one. */
typedef struct lanes {
    const vn__window *s;
    bool whole;
    part tail;
} lanes;

VN_INLINE vec load(const real *p, const lanes *at)
{
    return at->whole ? v_load(p) : v_load_part(p, at->tail);
}

VN_INLINE void store(real *p, vec v, const lanes *at)
{
    if (at->whole)
        v_store(p, v);
    else
        v_store_part(p, v, at->tail);
}

VN_INLINE vmask is_nan(vec x) { return m_not(v_eq(x, x)); }

/* The larger; a NaN stays. */
VN_INLINE vec keep_max(vec y, vec x)
{
    return v_select(m_or(v_gt(x, y), is_nan(x)), x, y);
}

VN_INLINE void pool(real *y, const real *x, const lanes *at, vec start, bool max)
{
    const vn__window *const s = at->s;
    const int32_t *tap = s->tap;
    for (int64_t q = 0; q < s->pixels; q++, tap += s->taps, y += s->y_pixel) {
        vec sum = start;
        for (int64_t t = 0; t < s->taps; t++) {
            if (tap[t] < 0)
                continue;
            const vec v = load(x + tap[t] * s->x_pixel, at);
            sum = max ? keep_max(sum, v) : sum + v;
        }
        store(y, sum, at);
    }
}

/* What is left of g after the taps before goes to those that hold the maximum. */
VN_INLINE void max_grad(real *dx, const real *x, const real *y, const real *g, const lanes *at)
{
    const vn__window *const s = at->s;
    const int32_t *tap = s->tap;
    for (int64_t q = 0; q < s->pixels; q++, tap += s->taps) {
        const vec best = load(y + q * s->y_pixel, at), zero = v_set(0);
        vec left = load(g + q * s->y_pixel, at);
        for (int64_t t = 0; t < s->taps; t++) {
            if (tap[t] < 0)
                continue;
            real *const to = dx + tap[t] * s->x_pixel;
            const vec v = load(x + tap[t] * s->x_pixel, at);
            const vmask hit = m_or(v_eq(v, best), is_nan(v));
            const vec given = v_select(hit, left, zero);
            store(to, s->once ? given : load(to, at) + given, at);
            left = v_select(hit, zero, left);
        }
    }
}

VN_INLINE void sum_grad(real *dx, const real *g, const lanes *at)
{
    const vn__window *const s = at->s;
    const int32_t *tap = s->tap;
    for (int64_t q = 0; q < s->pixels; q++, tap += s->taps) {
        const vec v = load(g + q * s->y_pixel, at);
        for (int64_t t = 0; t < s->taps; t++) {
            real *const to = dx + tap[t] * s->x_pixel;
            if (tap[t] >= 0)
                store(to, s->once ? v : load(to, at) + v, at);
        }
    }
}

/* ---- all channels, vector by vector */

static lanes lanes_from(const vn__window *s, int64_t l)
{
    const int64_t left = s->lanes - l;
    return (lanes){ s, left >= VN_LANES, part_of(left < VN_LANES ? left : 0) };
}

VN_INLINE void pool_all(real *y, const real *x, const vn__window *s, vec start, bool max)
{
    for (int64_t c = 0; c < s->channels; c++, y += s->y_channel, x += s->x_channel)
        for (int64_t l = 0; l < s->lanes; l += VN_LANES) {
            const lanes at = lanes_from(s, l);
            if (at.whole)
                pool(y + l, x + l, &(lanes){ .s = s, .whole = true }, start, max);
            else
                pool(y + l, x + l, &at, start, max);
        }
}

void VN_FN(max_pool)(void *y, const void *x, const vn__window *window)
{
    pool_all(y, x, window, v_set(-(real)INFINITY), true);
}

void VN_FN(sum_pool)(void *y, const void *x, const vn__window *window)
{
    pool_all(y, x, window, v_set(0), false);
}

void VN_FN(max_pool_grad)(void *dx, const void *x, const void *y, const void *g,
                          const vn__window *window)
{
    const vn__window *const s = window;
    for (int64_t c = 0; c < s->channels; c++)
        for (int64_t l = 0; l < s->lanes; l += VN_LANES) {
            const int64_t from = c * s->x_channel + l, to = c * s->y_channel + l;
            const lanes at = lanes_from(s, l);
            real *const d = (real *)dx + from;
            const real *const a = (const real *)x + from, *const b = (const real *)y + to;
            if (at.whole)
                max_grad(d, a, b, (const real *)g + to, &(lanes){ .s = s, .whole = true });
            else
                max_grad(d, a, b, (const real *)g + to, &at);
        }
}

void VN_FN(sum_pool_grad)(void *dx, const void *g, const vn__window *window)
{
    const vn__window *const s = window;
    for (int64_t c = 0; c < s->channels; c++)
        for (int64_t l = 0; l < s->lanes; l += VN_LANES) {
            real *const d = (real *)dx + c * s->x_channel + l;
            const real *const v = (const real *)g + c * s->y_channel + l;
            const lanes at = lanes_from(s, l);
            if (at.whole)
                sum_grad(d, v, &(lanes){ .s = s, .whole = true });
            else
                sum_grad(d, v, &at);
        }
}
