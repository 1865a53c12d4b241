/* SPDX-License-Identifier: MIT
 * The convolution of a 3 x 3 window and its weight gradient against the definition: of small
 * integers, whose transforms round nothing, to the last bit; of any numbers within what the
 * transforms can round. */
#include "support.h"

#include <stdio.h>

static const int reals[] = { VN__F32, VN__F64 };

typedef struct scene {
    int64_t channels, outputs, lanes, rows, columns, low[2], high[2];
    int64_t apart; /* lanes between two outputs: y is a band of rows */
    bool back, integers;
    vn__epilogue end;
} scene;

static vn__window3 window_of(const scene *s)
{
    const int64_t size[] = { s->rows, s->columns };
    vn__window3 w = { .channels = s->channels, .outputs = s->outputs, .lanes = s->lanes };
    for (int d = 0; d < 2; d++) {
        w.x[d] = size[d];
        w.low[d] = s->low[d];
        w.y[d] = size[d] + s->low[d] + s->high[d] - 2;
    }
    w.y_channel = (w.y[0] * w.y[1] + s->apart) * s->lanes;
    return w;
}

static int64_t pixels(const int64_t size[2]) { return size[0] * size[1]; }

/* The number of x under tap t of pixel q. */
static long double under(int dtype, const vn__window3 *w, const buffer *x, int64_t c, int64_t q,
                         int64_t t, int64_t l)
{
    const int64_t row = q / w->y[1] + t / 3 - w->low[0];
    const int64_t column = q % w->y[1] + t % 3 - w->low[1];
    if (row < 0 || row >= w->x[0] || column < 0 || column >= w->x[1])
        return 0;
    return get(dtype, x->data, ((c * w->x[0] + row) * w->x[1] + column) * w->lanes + l);
}

/* Numbers of at most 1, or integers that reach `most`. */
static void draw(const scene *s, buffer *b, int64_t n, int64_t most)
{
    fill(b, n, -1, 1);
    for (int64_t i = 0; s->integers && i < n; i++)
        set(b->dtype, b->data, i,
            (long double)(int64_t)(next_bits() % (uint64_t)(2 * most + 1)) - (long double)most);
}

/* With numbers of at most 1 a point of a patch is at most 4, one of the weights 9/4, and nine
 * of their products are a result: what a channel can round is in units of 81. */
static long double bound(const scene *s, int dtype, int64_t terms)
{
    return s->integers ? 0 : (long double)(81 * terms * (terms + 16)) * half_ulp(dtype);
}

static long double ended(const scene *s, int dtype, long double sum, int64_t o, int64_t at,
                         long double old)
{
    const vn__epilogue *const e = &s->end;
    sum += e->bias ? get(dtype, e->bias, o) : 0;
    sum += e->accumulate ? old : 0;
    if (e->unary == VN__THEN(relu))
        sum = sum > 0 ? sum : 0;
    if (e->unary == VN__THEN(square))
        sum *= sum;
    if (e->mask && e->gate == VN__TIMES(mul))
        sum *= get(dtype, e->mask, at);
    else if (e->mask && !(get(dtype, e->mask, at) > 0))
        sum = 0;
    return sum;
}

static void check_product(const vn__kernels *k, const scene *s, const vn__window3 *w,
                          const buffer *y, const buffer *old, const buffer *x,
                          const buffer *weight)
{
    const int dtype = x->dtype;
    char what[96];
    snprintf(what, sizeof what, "winograd %lld -> %lld, %lld x %lld, lanes %lld",
             (long long)s->channels, (long long)s->outputs, (long long)w->y[0],
             (long long)w->y[1], (long long)s->lanes);
    const long double most =
        s->end.unary == VN__THEN(square) ? 40 * (long double)s->channels : 1;
    for (int64_t o = 0; o < s->outputs; o++)
        for (int64_t q = 0; q < pixels(w->y); q++)
            for (int64_t l = 0; l < s->lanes; l++) {
                const int64_t at = o * w->y_channel + q * s->lanes + l;
                long double sum = 0;
                for (int64_t c = 0; c < s->channels; c++)
                    for (int64_t t = 0; t < 9; t++) {
                        const int64_t i = s->back ? (c * s->outputs + o) * 9 + 8 - t
                                                  : (o * s->channels + c) * 9 + t;
                        sum += get(dtype, weight->data, i) * under(dtype, w, x, c, q, t, l);
                    }
                check_near(k, dtype, what, at, get(dtype, y->data, at),
                           ended(s, dtype, sum, o, at, get(dtype, old->data, at)),
                           most * bound(s, dtype, s->channels));
            }
}

static void product(const vn__kernels *k, int dtype, const scene *given)
{
    scene s = *given;
    const vn__real_kernels *const real = k->real[dtype];
    const vn__window3 w = window_of(&s);
    const int64_t nx = s.channels * pixels(w.x) * s.lanes, n = s.channels * s.outputs * 9;
    const int64_t ny = s.outputs * w.y_channel;
    buffer x = acquire(dtype, nx, 1), y = acquire(dtype, ny, 3), old = acquire(dtype, ny, 0);
    buffer weight = acquire(dtype, n, 1), bias = acquire(dtype, s.outputs, 0);
    buffer mask = acquire(dtype, ny, 1);
    buffer packed =
        acquire(VN__U8, real->winograd_pack_size(s.outputs, s.channels), sizeof(double));
    buffer scratch = acquire(VN__U8, real->winograd_scratch(&w), 0);
    draw(&s, &x, nx, 3), draw(&s, &weight, n, 3), draw(&s, &bias, s.outputs, 9);
    draw(&s, &mask, ny, 1), draw(&s, &y, ny, 9);
    for (int64_t i = 0; i < ny; i++)
        set(dtype, old.data, i, get(dtype, y.data, i));
    s.end.bias = s.end.bias ? bias.data : NULL;
    s.end.mask = s.end.mask ? mask.data : NULL;
    const int64_t of_row = s.back ? 9 : 9 * s.channels;
    real->winograd_pack(packed.data, weight.data, of_row, s.back ? 9 * s.outputs : 9, s.back,
                        s.outputs, s.channels);
    real->winograd(y.data, packed.data, x.data, &w, &s.end, scratch.data);
    check_product(k, &s, &w, &y, &old, &x, &weight);
    release(&x), release(&y), release(&old), release(&weight), release(&bias);
    release(&mask), release(&packed), release(&scratch);
}

/* Of two images, the second with the sums of the first. */
static void gradient(const vn__kernels *k, int dtype, const scene *s)
{
    const vn__real_kernels *const real = k->real[dtype];
    const vn__window3 w = window_of(s);
    const int64_t nx = s->channels * pixels(w.x) * s->lanes, n = s->channels * s->outputs * 9;
    const int64_t ny = s->outputs * w.y_channel;
    buffer x = acquire(dtype, nx, 1), dy = acquire(dtype, ny, 1), dw = acquire(dtype, n, 1);
    buffer sums = acquire(VN__U8, real->winograd_sums_size(s->outputs, s->channels), 0);
    buffer scratch = acquire(VN__U8, real->winograd_grad_scratch(&w), 0);
    draw(s, &x, nx, 3), draw(s, &dy, ny, 3);
    for (int64_t i = 0; i < n; i++)
        set(dtype, dw.data, i, 5);
    for (int image = 0; image < 2; image++)
        real->winograd_sums(sums.data, dy.data, x.data, &w, image == 0, scratch.data);
    real->winograd_grad(dw.data, sums.data, s->outputs, s->channels);
    const int64_t terms = 2 * pixels(w.y) * s->lanes;
    for (int64_t i = 0; i < n; i++) {
        const int64_t o = i / 9 / s->channels, c = i / 9 % s->channels;
        long double sum = 0;
        for (int64_t q = 0; q < pixels(w.y); q++)
            for (int64_t l = 0; l < s->lanes; l++)
                sum += get(dtype, dy.data, o * w.y_channel + q * s->lanes + l) *
                       under(dtype, &w, &x, c, q, i % 9, l);
        check_near(k, dtype, "winograd_grad", i, get(dtype, dw.data, i), 5 + 2 * sum,
                   bound(s, dtype, terms));
    }
    release(&x), release(&dy), release(&dw), release(&sums), release(&scratch);
}

#define FULL .end = { .bias = "", .unary = VN__THEN(relu), .mask = "" }
static const scene scenes[] = {
    /* channels, outputs, lanes, rows, columns, padding below, above */
    { 1, 1, 16, 3, 3, { 0, 0 }, { 0, 0 }, .back = false },
    { 3, 5, 32, 6, 7, { 1, 1 }, { 1, 1 }, .end = { .bias = "" } },
    { 7, 13, 48, 5, 4, { 1, 0 }, { 0, 1 }, FULL },
    { 16, 25, 16, 9, 9, { 1, 1 }, { 1, 1 }, .back = true, .end = { .accumulate = true } },
    { 5, 9, 80, 4, 8, { 2, 2 }, { 2, 2 }, .end = { .unary = VN__THEN(square), .mask = "" } },
    { 12, 7, 112, 4, 3, { -1, 1 }, { 1, 0 }, .back = true, FULL },
    { 2, 30, 144, 2, 5, { 1, 3 }, { 1, -1 }, .end = { .mask = "", .gate = VN__TIMES(mul) } },
    { 4, 50, 16, 1, 1, { 1, 1 }, { 1, 1 }, .end = { .bias = "", .accumulate = true } },
    { 33, 3, 272, 3, 3, { 1, 1 }, { 1, 1 }, .back = true },
    { 9, 14, 32, 5, 5, { 1, 1 }, { -1, 1 }, .apart = 10, FULL },
    { 6, 8, 16, 7, 4, { -2, 1 }, { 0, 1 }, .apart = 3, .end = { .accumulate = true } },
};

static void every_scene(const vn__kernels *k)
{
    seed(7);
    for (int d = 0; d < 2; d++)
        for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
            for (int integers = 0; integers < 2; integers++) {
                scene s = scenes[i];
                s.integers = integers;
                product(k, reals[d], &s);
                if (integers || reals[d] == VN__F64) /* so many terms say nothing in f32 */
                    gradient(k, reals[d], &s);
            }
}

Test(winograd, product_and_gradient) { for_each_row(every_scene); }

/* Every number of channels and of outputs up to two blocks and one, and all sizes of images. */
static void remainders(const vn__kernels *k)
{
    seed(8);
    for (int d = 0; d < 2; d++)
        for (int64_t n = 1; n <= 25; n++) {
            const scene outputs = { 3,         n,        16,       1 + n % 6,
                                    1 + n % 5, { 1, 1 }, { 1, 1 }, .integers = true };
            const scene channels = {
                n, 5, 32, 3, 2 + n % 4, { 1, 1 }, { 1, 1 }, .back = n % 2, .integers = true
            };
            product(k, reals[d], &outputs);
            product(k, reals[d], &channels);
            gradient(k, reals[d], &outputs);
            gradient(k, reals[d], &channels);
        }
}

Test(winograd, remainders) { for_each_row(remainders); }
