/* SPDX-License-Identifier: MIT
 * Convolution and its weight gradient through tables of taps, pooling and its gradients:
 * against sums in long double and, for max pooling, against the definition. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

static const int reals[] = { VN__F32, VN__F64 };

typedef struct image {
    int64_t channels, outputs, side, window, stride, pad, lanes, gap;
    bool pixels_outside; /* [pixel][channel][lane] in the place of [channel][pixel][lane] */
} image;

static int64_t side_out(const image *s)
{
    return (s->side + 2 * s->pad - s->window) / s->stride + 1;
}

static vn__window make_window(const image *s)
{
    const int64_t out = side_out(s), taps = s->window * s->window, in = s->side * s->side;
    int32_t *tap = malloc((size_t)(out * out * taps) * sizeof *tap);
    for (int64_t q = 0; q < out * out; q++)
        for (int64_t t = 0; t < taps; t++) {
            const int64_t y = q / out * s->stride + t / s->window - s->pad;
            const int64_t x = q % out * s->stride + t % s->window - s->pad;
            const bool inside = y >= 0 && x >= 0 && y < s->side && x < s->side;
            tap[q * taps + t] = inside ? (int32_t)(y * s->side + x) : -1;
        }
    vn__window w = { .tap = tap, .pixels = out * out, .taps = taps, .channels = s->channels,
                     .outputs = s->outputs, .lanes = s->lanes };
    const int64_t row = s->lanes + s->gap;
    w.x_channel = s->pixels_outside ? row : in * row;
    w.x_pixel = s->pixels_outside ? s->channels * row : row;
    w.y_channel = s->pixels_outside ? row : w.pixels * row;
    w.y_pixel = s->pixels_outside ? s->outputs * row : row;
    return w;
}

static int64_t x_size(const image *s)
{
    return s->channels * s->side * s->side * (s->lanes + s->gap);
}

static int64_t y_size(const image *s, const vn__window *w)
{
    return s->outputs * w->pixels * (s->lanes + s->gap);
}

static int64_t x_at(const vn__window *w, int64_t c, int64_t q, int64_t t)
{
    return c * w->x_channel + w->tap[q * w->taps + t] * w->x_pixel;
}

static void check_conv(const vn__kernels *k, int dtype, const image *s, const vn__window *w,
                       const buffer *y, const buffer *x, const buffer *weight,
                       const vn__epilogue *e)
{
    char what[128];
    snprintf(what, sizeof what, "conv %lld -> %lld, window %lld, lanes %lld",
             (long long)s->channels, (long long)s->outputs, (long long)s->window,
             (long long)s->lanes);
    for (int64_t o = 0; o < s->outputs; o++)
        for (int64_t q = 0; q < w->pixels; q++)
            for (int64_t l = 0; l < s->lanes; l++) {
                const int64_t at = o * w->y_channel + q * w->y_pixel + l;
                long double sum = get(dtype, e->bias, o), magnitude = 1;
                for (int64_t t = 0; t < w->taps; t++)
                    for (int64_t c = 0; w->tap[q * w->taps + t] >= 0 && c < s->channels; c++) {
                        const long double v =
                            get(dtype, weight->data, (o * s->channels + c) * w->taps + t) *
                            get(dtype, x->data, x_at(w, c, q, t) + l);
                        sum += v, magnitude += fabsl(v);
                    }
                if (e->unary == VN__THEN(square))
                    sum *= sum, magnitude *= 2 * magnitude;
                if (e->mask && !(get(dtype, e->mask, at) > 0))
                    sum = 0;
                check_near(k, dtype, what, at, get(dtype, y->data, at), sum,
                           (long double)(w->taps * s->channels + 3) * half_ulp(dtype) *
                               magnitude);
            }
}

static void check_weight_grad(const vn__kernels *k, int dtype, const image *s,
                              const vn__window *w, const buffer *y, const buffer *x)
{
    const int64_t size = s->outputs * s->channels * w->taps;
    const vn__real_kernels *real = k->real[dtype];
    buffer dw = acquire(dtype, size, 1), old = acquire(dtype, size, 0);
    buffer scratch = acquire(VN__U8, real->conv_weight_grad_scratch(w), 0);
    fill(&dw, size, -1, 1);
    for (int64_t i = 0; i < size; i++)
        set(dtype, old.data, i, get(dtype, dw.data, i));
    real->conv_weight_grad(dw.data, s->channels * w->taps, 1, w->taps, y->data, x->data, w,
                           scratch.data);
    for (int64_t o = 0; o < s->outputs; o++)
        for (int64_t c = 0; c < s->channels; c++)
            for (int64_t t = 0; t < w->taps; t++) {
                const int64_t at = (o * s->channels + c) * w->taps + t;
                long double sum = get(dtype, old.data, at), magnitude = 1;
                for (int64_t q = 0; q < w->pixels; q++)
                    for (int64_t l = 0; w->tap[q * w->taps + t] >= 0 && l < s->lanes; l++) {
                        const long double v =
                            get(dtype, y->data, o * w->y_channel + q * w->y_pixel + l) *
                            get(dtype, x->data, x_at(w, c, q, t) + l);
                        sum += v, magnitude += fabsl(v);
                    }
                check_near(k, dtype, "conv_weight_grad", at, get(dtype, dw.data, at), sum,
                           (long double)(w->pixels + 8) * half_ulp(dtype) * magnitude);
            }
    release(&dw), release(&old), release(&scratch);
}

static void run(const vn__kernels *k, int dtype, const image *s, int variant)
{
    const vn__real_kernels *real = k->real[dtype];
    vn__window w = make_window(s);
    const int64_t n = w.taps * s->channels, rows = y_size(s, &w);
    buffer x = acquire(dtype, x_size(s), s->gap), y = acquire(dtype, rows, 0);
    buffer weight = acquire(dtype, s->outputs * n, 1), bias = acquire(dtype, s->outputs, 0);
    buffer mask = acquire(dtype, rows, 0);
    buffer packed = acquire(VN__U8, real->pack_size(s->outputs, n), 0);
    fill(&x, x_size(s), -1, 1), fill(&y, rows, -1, 1), fill(&mask, rows, -1, 1);
    fill(&weight, s->outputs * n, -1, 1), fill(&bias, s->outputs, -1, 1);
    check_weight_grad(k, dtype, s, &w, &y, &x);
    vn__epilogue e = { .bias = bias.data, .unary = variant & 1 ? VN__THEN(square) : 0 };
    if (variant & 2)
        e.mask = mask.data, e.mask_row = w.y_channel;
    real->pack(packed.data, weight.data, n, 1, w.taps, s->outputs, w.taps, s->channels);
    real->conv(y.data, packed.data, x.data, &w, &e);
    check_conv(k, dtype, s, &w, &y, &x, &weight, &e);
    release(&x), release(&y), release(&weight), release(&bias), release(&mask),
        release(&packed);
    free((void *)(uintptr_t)w.tap);
}

static const image images[] = {
    /* channels, outputs, side, window, stride, pad, lanes, gap, layout */
    { 1, 6, 9, 5, 1, 0, 32, 0, false },  { 1, 8, 8, 3, 1, 1, 32, 0, false },
    { 3, 5, 6, 3, 2, 1, 16, 0, true },   { 2, 19, 5, 2, 1, 0, 32, 16, false },
    { 7, 13, 4, 3, 1, 1, 16, 0, false }, { 4, 16, 6, 4, 2, 1, 48, 0, true },
    { 5, 35, 3, 3, 1, 1, 32, 0, false }, { 40, 33, 3, 3, 1, 1, 16, 0, false },
    { 3, 4, 7, 3, 1, 1, 1, 0, false },   { 2, 3, 5, 3, 1, 2, 7, 1, false },
    { 1, 1, 1, 1, 1, 0, 32, 0, false },  { 2, 20, 12, 3, 1, 1, 64, 0, false },
    { 1, 3, 4, 3, 1, 1, 1200, 0, false },
};

static void convolutions(const vn__kernels *k)
{
    seed(3);
    for (int d = 0; d < 2; d++)
        for (size_t i = 0; i < sizeof images / sizeof images[0]; i++)
            run(k, reals[d], &images[i], (int)i % 4);
}

Test(conv, forward_and_weight_gradient) { for_each_row(convolutions); }

/* A window of pixels that are all padding, and no pixels at all. */
static void empty(const vn__kernels *k)
{
    const int32_t tap[2] = { -1, -1 };
    for (int d = 0; d < 2; d++) {
        const vn__real_kernels *real = k->real[reals[d]];
        vn__window w = { .tap = tap, .pixels = 1, .taps = 2, .channels = 1, .outputs = 1,
                         .lanes = 16, .x_pixel = 16, .y_pixel = 16 };
        buffer y = acquire(reals[d], 16, 0), x = acquire(reals[d], 16, 0);
        buffer packed = acquire(VN__U8, real->pack_size(1, 2), 0);
        fill(&x, 16, 0, 1);
        real->pack(packed.data, x.data, 2, 1, 1, 1, 2, 1);
        real->conv(y.data, packed.data, x.data, &w, NULL);
        for (int i = 0; i < 16; i++)
            cr_assert(get(reals[d], y.data, i) == 0);
        real->max_pool(y.data, x.data, &w);
        cr_assert(get(reals[d], y.data, 3) == -INFINITY);
        w.pixels = 0;
        set(reals[d], y.data, 0, 5);
        real->conv(y.data, packed.data, x.data, &w, NULL);
        cr_assert(get(reals[d], y.data, 0) == 5);
        release(&y), release(&x), release(&packed);
    }
}

Test(conv, padding_only) { for_each_row(empty); }

/* ---- pooling */

static void check_pool(const vn__kernels *k, int dtype, const image *s)
{
    const vn__real_kernels *real = k->real[dtype];
    vn__window w = make_window(s);
    const int64_t nx = x_size(s), ny = s->channels * w.pixels * (s->lanes + s->gap);
    w.y_pixel = s->lanes + s->gap, w.y_channel = w.pixels * w.y_pixel;
    buffer x = acquire(dtype, nx, 0), y = acquire(dtype, ny, 0), sum = acquire(dtype, ny, 0);
    buffer g = acquire(dtype, ny, 0), dx = acquire(dtype, nx, 0), dsum = acquire(dtype, nx, 0);
    buffer want = acquire(dtype, nx, 0), want_sum = acquire(dtype, nx, 0);
    for (int64_t i = 0; i < nx; i++) { /* few values, so that maxima are met twice */
        set(dtype, x.data, i, (long double)(next_bits() % 5) - 2);
        set(dtype, dx.data, i, 1), set(dtype, want.data, i, 1);
        set(dtype, dsum.data, i, 2), set(dtype, want_sum.data, i, 2);
    }
    set(dtype, x.data, 0, NAN);
    for (int64_t i = 0; i < ny; i++)
        set(dtype, g.data, i, (long double)(next_bits() % 64) - 31);
    real->max_pool(y.data, x.data, &w);
    real->sum_pool(sum.data, x.data, &w);
    real->max_pool_grad(dx.data, x.data, y.data, g.data, &w);
    real->sum_pool_grad(dsum.data, g.data, &w);
    for (int64_t c = 0; c < s->channels; c++)
        for (int64_t q = 0; q < w.pixels; q++)
            for (int64_t l = 0; l < s->lanes; l++) {
                const int64_t at = c * w.y_channel + q * w.y_pixel + l;
                const long double gradient = get(dtype, g.data, at);
                long double best = -INFINITY, total = 0;
                int64_t first = -1;
                for (int64_t t = 0; t < w.taps; t++)
                    if (w.tap[q * w.taps + t] >= 0) {
                        const int64_t from = x_at(&w, c, q, t) + l;
                        const long double v = get(dtype, x.data, from);
                        total += v;
                        if (v > best || (isnan(v) && !isnan(best)))
                            best = v, first = from;
                        set(dtype, want_sum.data, from,
                            get(dtype, want_sum.data, from) + gradient);
                    }
                if (first >= 0)
                    set(dtype, want.data, first, get(dtype, want.data, first) + gradient);
                check_near(k, dtype, "max_pool", at, get(dtype, y.data, at), best, 0);
                check_near(k, dtype, "sum_pool", at, get(dtype, sum.data, at), total, 0);
            }
    for (int64_t i = 0; i < nx; i++) {
        check_near(k, dtype, "max_pool_grad", i, get(dtype, dx.data, i),
                   get(dtype, want.data, i), 0);
        check_near(k, dtype, "sum_pool_grad", i, get(dtype, dsum.data, i),
                   get(dtype, want_sum.data, i), 0);
    }
    release(&x), release(&y), release(&sum), release(&g), release(&dx), release(&dsum);
    release(&want), release(&want_sum);
    free((void *)(uintptr_t)w.tap);
}

static void pooling(const vn__kernels *k)
{
    static const image shapes[] = {
        { 3, 3, 6, 2, 2, 0, 32, 0, false }, { 2, 2, 5, 3, 1, 1, 16, 0, true },
        { 1, 1, 7, 3, 2, 1, 1, 0, false },  { 2, 2, 4, 2, 1, 0, 21, 3, false },
    };
    seed(4);
    for (int d = 0; d < 2; d++)
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
            check_pool(k, reals[d], &shapes[i]);
}

Test(conv, pooling_and_its_gradients) { for_each_row(pooling); }
