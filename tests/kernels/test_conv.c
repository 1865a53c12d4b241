/* SPDX-License-Identifier: MIT
 * Convolution, its weight gradient and the norm of that by lane, pooling and its gradients:
 * against sums in long double and, for max pooling, against the definition. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

static const int reals[] = { VN__F32, VN__F64 };

typedef struct image {
    int64_t channels, side, window, stride, pad, lanes, gap;
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
                     .lanes = s->lanes };
    const int64_t row = s->lanes + s->gap;
    w.x_channel = s->pixels_outside ? row : in * row;
    w.x_pixel = s->pixels_outside ? s->channels * row : row;
    return w;
}

static int64_t x_size(const image *s)
{
    return s->channels * s->side * s->side * (s->lanes + s->gap);
}

static int64_t x_at(const vn__window *w, int64_t c, int64_t q, int64_t t)
{
    return c * w->x_channel + w->tap[q * w->taps + t] * w->x_pixel;
}

/* ---- convolution */

/* A square image of lane vectors with its padding written out, seen through a window; `gap`
 * numbers lie between the channels' vectors of a result. scattered: results in the order of a
 * list, and the window's taps one by one. */
typedef struct seen {
    int64_t channels, outputs, side, window, stride, pad, lanes, gap;
    bool scattered;
} seen;

typedef struct scene {
    vn__view view;
    int64_t columns, x_size, y_size;
    int64_t *base, *to, *offset, *target;
    int32_t *span;
} scene;

static int64_t *numbers(int64_t n) { return malloc((size_t)(n + 1) * sizeof(int64_t)); }

/* The window's rows (or columns) from and to, at position i, that lie inside the padding. */
static int32_t first_inside(const seen *s, int64_t i)
{
    return (int32_t)(i * s->stride < s->pad ? s->pad - i * s->stride : 0);
}

static int32_t end_inside(const seen *s, int64_t i)
{
    const int64_t end = s->side + s->pad - i * s->stride;
    return (int32_t)(end < s->window ? end : s->window);
}

static void make_spans(scene *c, const seen *s, int64_t out)
{
    c->span = malloc((size_t)(4 * out * out + 1) * sizeof *c->span);
    for (int64_t q = 0; q < out * out; q++) {
        c->span[4 * q] = first_inside(s, q / out);
        c->span[4 * q + 1] = end_inside(s, q / out);
        c->span[4 * q + 2] = first_inside(s, q % out) * (int32_t)s->channels;
        c->span[4 * q + 3] = end_inside(s, q % out) * (int32_t)s->channels;
    }
    c->view.span = s->pad && !s->scattered ? c->span : NULL;
}

static void clear_padding(const scene *c, const seen *s, int dtype, const buffer *x)
{
    const int64_t wide = s->side + 2 * s->pad, pixel = s->channels * s->lanes;
    for (int64_t i = 0; i < c->x_size; i++) {
        const int64_t row = i / pixel / wide - s->pad, column = i / pixel % wide - s->pad;
        if (row < 0 || row >= s->side || column < 0 || column >= s->side)
            set(dtype, x->data, i, 0);
    }
}

static scene make_scene(const seen *s)
{
    const int64_t wide = s->side + 2 * s->pad, out = (wide - s->window) / s->stride + 1;
    const int64_t taps = s->window * s->window, pixels = out * out, row = s->lanes + s->gap;
    scene c = { .columns = taps * s->channels,
                .x_size = wide * wide * s->channels * s->lanes,
                .y_size = s->outputs * pixels * row };
    const int64_t a_run = s->scattered ? 1 : s->window, runs = taps / a_run;
    c.base = numbers(pixels), c.to = numbers(pixels);
    c.offset = numbers(runs), c.target = numbers(c.columns);
    for (int64_t q = 0; q < pixels; q++) {
        c.base[q] = (q / out * wide + q % out) * s->stride * s->channels * s->lanes;
        c.to[q] = pixels - 1 - q;
    }
    for (int64_t r = 0; r < runs; r++)
        c.offset[r] = (r * a_run / s->window * wide + r * a_run % s->window) * s->channels *
                      s->lanes;
    for (int64_t k = 0; k < c.columns; k++)
        c.target[k] = k % s->channels * taps + k / s->channels;
    c.view = (vn__view){ c.base, s->scattered ? c.to : NULL, c.offset, c.target, pixels, runs,
                         a_run * s->channels, s->outputs, s->lanes, pixels * row, row, NULL };
    make_spans(&c, s, out);
    return c;
}

static void release_scene(scene *c)
{
    free(c->base), free(c->to), free(c->offset), free(c->target), free(c->span);
}

static int64_t x_index(const vn__view *v, int64_t q, int64_t k)
{
    return v->base[q] + v->offset[k / v->length] + k % v->length * v->lanes;
}

static int64_t y_index(const vn__view *v, int64_t o, int64_t q)
{
    return o * v->y_channel + (v->to ? v->to[q] : q) * v->y_pixel;
}

static void check_conv(const vn__kernels *k, int dtype, const scene *c, const buffer *y,
                       const buffer *x, const buffer *weight, const vn__epilogue *e)
{
    const vn__view *const v = &c->view;
    char what[128];
    snprintf(what, sizeof what, "conv of %lld columns, outputs %lld, lanes %lld",
             (long long)c->columns, (long long)v->outputs, (long long)v->lanes);
    for (int64_t o = 0; o < v->outputs; o++)
        for (int64_t q = 0; q < v->pixels; q++)
            for (int64_t l = 0; l < v->lanes; l++) {
                const int64_t at = y_index(v, o, q) + l;
                long double sum = get(dtype, e->bias, o), magnitude = 1;
                for (int64_t t = 0; t < c->columns; t++) {
                    const long double term =
                        get(dtype, weight->data, o * c->columns + t) *
                        get(dtype, x->data, x_index(v, q, t) + l);
                    sum += term, magnitude += fabsl(term);
                }
                if (e->unary == VN__THEN(square))
                    sum *= sum, magnitude *= 2 * magnitude;
                if (e->mask && !(get(dtype, e->mask, at) > 0))
                    sum = 0;
                check_near(k, dtype, what, at, get(dtype, y->data, at), sum,
                           (long double)(c->columns + 3) * half_ulp(dtype) * magnitude);
            }
}

/* The product of a column with an output in lane l, and the sum of its terms' magnitudes. */
static long double one_product(int dtype, const scene *c, const buffer *y, const buffer *x,
                               int64_t o, int64_t t, int64_t l, long double *magnitude)
{
    long double sum = 0;
    for (int64_t q = 0; q < c->view.pixels; q++) {
        const long double v = get(dtype, y->data, y_index(&c->view, o, q) + l) *
                              get(dtype, x->data, x_index(&c->view, q, t) + l);
        sum += v, *magnitude += fabsl(v);
    }
    return sum;
}

static void check_weight_grad(const vn__kernels *k, int dtype, const scene *c, const buffer *y,
                              const buffer *x)
{
    const vn__view *const v = &c->view;
    const int64_t size = v->outputs * c->columns;
    const vn__real_kernels *real = k->real[dtype];
    buffer dw = acquire(dtype, size, 1), old = acquire(dtype, size, 0);
    buffer norm = acquire(dtype, v->lanes, 1);
    buffer scratch = acquire(VN__U8, real->conv_weight_grad_scratch(v), 0);
    long double squares[256] = { 0 }, bound = 1;
    fill(&dw, size, -1, 1), fill(&norm, v->lanes, 0, 1);
    for (int64_t i = 0; i < size; i++)
        set(dtype, old.data, i, get(dtype, dw.data, i));
    for (int64_t l = 0; l < v->lanes; l++)
        squares[l] = get(dtype, norm.data, l);
    real->conv_weight_grad(dw.data, c->columns, y->data, x->data, v, scratch.data);
    real->conv_weight_norm(norm.data, y->data, x->data, v, scratch.data);
    for (int64_t o = 0; o < v->outputs; o++)
        for (int64_t t = 0; t < c->columns; t++) {
            const int64_t at = o * c->columns + v->target[t];
            long double sum = get(dtype, old.data, at), magnitude = 1;
            for (int64_t l = 0; l < v->lanes; l++) {
                const long double one = one_product(dtype, c, y, x, o, t, l, &magnitude);
                sum += one, squares[l] += one * one;
            }
            bound += magnitude * magnitude;
            check_near(k, dtype, "conv_weight_grad", at, get(dtype, dw.data, at), sum,
                       (long double)(v->pixels + 8) * half_ulp(dtype) * magnitude);
        }
    for (int64_t l = 0; l < v->lanes; l++)
        check_near(k, dtype, "conv_weight_norm", l, get(dtype, norm.data, l), squares[l],
                   (long double)(v->pixels + 8) * half_ulp(dtype) * bound);
    release(&dw), release(&old), release(&scratch), release(&norm);
}

static void run(const vn__kernels *k, int dtype, const seen *s, int variant)
{
    const vn__real_kernels *real = k->real[dtype];
    scene c = make_scene(s);
    const int64_t n = c.columns, rows = c.y_size;
    buffer x = acquire(dtype, c.x_size, s->gap), y = acquire(dtype, rows, s->gap);
    buffer weight = acquire(dtype, s->outputs * n, 1), bias = acquire(dtype, s->outputs, 0);
    buffer mask = acquire(dtype, rows, 0);
    buffer packed = acquire(VN__U8, real->pack_size(s->outputs, n), 0);
    fill(&x, c.x_size, -1, 1), fill(&y, rows, -1, 1), fill(&mask, rows, -1, 1);
    fill(&weight, s->outputs * n, -1, 1), fill(&bias, s->outputs, -1, 1);
    clear_padding(&c, s, dtype, &x);
    check_weight_grad(k, dtype, &c, &y, &x);
    vn__epilogue e = { .bias = bias.data, .unary = variant & 1 ? VN__THEN(square) : 0 };
    if (variant & 2)
        e.mask = mask.data;
    real->pack(packed.data, weight.data, n, 0, 1, s->outputs, 1, n);
    real->conv(y.data, packed.data, x.data, &c.view, &e);
    check_conv(k, dtype, &c, &y, &x, &weight, &e);
    release(&x), release(&y), release(&weight), release(&bias), release(&mask),
        release(&packed);
    release_scene(&c);
}

static const seen scenes[] = {
    /* channels, outputs, side, window, stride, pad, lanes, gap, scattered */
    { 1, 6, 9, 5, 1, 0, 32, 0, false },  { 1, 8, 8, 3, 1, 1, 32, 0, false },
    { 3, 5, 6, 3, 2, 1, 16, 0, true },   { 2, 19, 5, 2, 1, 0, 32, 16, false },
    { 7, 13, 4, 3, 1, 1, 16, 0, false }, { 4, 16, 6, 4, 2, 1, 48, 0, true },
    { 5, 35, 3, 3, 1, 1, 32, 3, false }, { 40, 33, 3, 3, 1, 1, 16, 0, false },
    { 1, 1, 1, 1, 1, 0, 32, 0, false },  { 2, 20, 12, 3, 1, 1, 64, 0, false },
    { 1, 3, 4, 3, 1, 1, 112, 0, false }, { 30, 12, 4, 3, 1, 1, 16, 0, false },
    { 1, 4, 11, 2, 1, 0, 16, 0, true },
};

static void convolutions(const vn__kernels *k)
{
    seed(3);
    for (int d = 0; d < 2; d++)
        for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
            run(k, reals[d], &scenes[i], (int)i % 4);
}

Test(conv, forward_and_weight_gradient) { for_each_row(convolutions); }

/* Every number of outputs and of columns up to two blocks and one, all remainders of pixels. */
static void remainders(const vn__kernels *k)
{
    seed(5);
    for (int d = 0; d < 2; d++)
        for (int64_t n = 1; n <= 25; n++) {
            const seen outputs = { 2, n, 3, 2, 1, 0, n % 2 ? 16 : 48, 0, n % 3 == 0 };
            const seen channels = { n, 5, 2 + n % 4, 2, 1, 0, n % 2 ? 32 : 16, 0, false };
            run(k, reals[d], &outputs, (int)n % 4);
            run(k, reals[d], &channels, (int)n % 4);
        }
}

Test(conv, remainders) { for_each_row(remainders); }

/* No columns: the bias; no pixels: nothing. */
static void empty(const vn__kernels *k)
{
    const int64_t none[1] = { 0 };
    for (int d = 0; d < 2; d++) {
        const vn__real_kernels *real = k->real[reals[d]];
        vn__view v = { .base = none, .offset = none, .target = none, .pixels = 1, .length = 1,
                       .outputs = 1, .lanes = 16, .y_channel = 16, .y_pixel = 16 };
        buffer y = acquire(reals[d], 16, 0), x = acquire(reals[d], 16, 0);
        buffer bias = acquire(reals[d], 1, 0), dw = acquire(reals[d], 1, 0);
        buffer scratch = acquire(VN__U8, real->conv_weight_grad_scratch(&v), 0);
        fill(&x, 16, 0, 1), fill(&bias, 1, 0, 1);
        real->conv(y.data, bias.data, x.data, &v, &(vn__epilogue){ .bias = bias.data });
        for (int i = 0; i < 16; i++)
            cr_assert(get(reals[d], y.data, i) == get(reals[d], bias.data, 0));
        v.pixels = 0, v.runs = 1;
        set(reals[d], y.data, 0, 5), set(reals[d], dw.data, 0, 7);
        real->conv(y.data, bias.data, x.data, &v, NULL);
        real->conv_weight_grad(dw.data, 1, y.data, x.data, &v, scratch.data);
        cr_assert(get(reals[d], y.data, 0) == 5 && get(reals[d], dw.data, 0) == 7);
        release(&y), release(&x), release(&bias), release(&dw), release(&scratch);
    }
}

Test(conv, nothing) { for_each_row(empty); }

/* ---- pooling */

/* once: gradients are written, not added. */
static void check_pool(const vn__kernels *k, int dtype, const image *s, bool once)
{
    const vn__real_kernels *real = k->real[dtype];
    vn__window w = make_window(s);
    w.once = once;
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
    for (int64_t c = 0; once && c < s->channels; c++)
        for (int64_t i = 0; i < w.pixels * w.taps; i++)
            for (int64_t l = 0; l < s->lanes; l++) {
                set(dtype, want.data, x_at(&w, c, 0, i) + l, 0);
                set(dtype, want_sum.data, x_at(&w, c, 0, i) + l, 0);
            }
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
        { 3, 6, 2, 2, 0, 32, 0, false }, { 2, 5, 3, 1, 1, 16, 0, true },
        { 1, 7, 3, 2, 1, 1, 0, false },  { 2, 4, 2, 1, 0, 21, 3, false },
        { 2, 6, 2, 1, 1, 48, 0, false }, { 1, 5, 2, 2, 0, 17, 0, false },
        { 2, 4, 2, 2, 0, 19, 2, true },  { 1, 9, 3, 3, 0, 33, 0, false },
    };
    seed(4);
    for (int d = 0; d < 2; d++)
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
            const image *const s = &shapes[i];
            check_pool(k, reals[d], s, false);
            if (s->stride == s->window && s->pad == 0 && s->side % s->window == 0)
                check_pool(k, reals[d], s, true);
        }
}

Test(conv, pooling_and_its_gradients) { for_each_row(pooling); }
