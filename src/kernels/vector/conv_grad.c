/* SPDX-License-Identifier: MIT
 *
 * The weight gradient of a convolution with the outputs in the lanes of registers: see
 * conv_grad.h.
 *
 * dY is transposed, a strip of outputs and a chunk of pixels at a time, to
 * [pixel][lane][outputs]. Against it run blocks of pairs (t, c), one element of X broadcast for
 * each: the pairs have a pointer each to the row of X under their tap, set anew at every pixel;
 * padding reads a row of zeros. The products are those of dW^T, so that n = taps channels is
 * the long side and few outputs are enough to fill a vector.
 * */
#include "kernels/vector/conv_grad.h"
#include "kernels/simd/transpose.h"

#include <stddef.h>

/* Rows of a block: as many pointers as there are general registers for. */
#if VN_VECTOR_BYTES == 64
enum { ROWS = 8 };
#define HEIGHTS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
#else
enum { ROWS = 6 };
#define HEIGHTS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#endif
enum {
    COLS = 2 * VN_LANES,
    DEPTH = 1024,     /* lanes of a chunk of pixels: its strip stays in the level 2 cache */
    PAIR_CHUNK = 256, /* pairs whose products are kept in scratch */
    ZEROS = DEPTH,
};

/* A chunk of pixels, and of each the lanes that x already points to. */
typedef struct chunk {
    const real *x, *zeros, *strip; /* strip[pixels][lanes][one or two vectors] */
    const vn__window *window;
    int64_t pixel, pixels, lanes;
} chunk;

/* result[j][outputs] += sum over the chunk of x[pair j] strip. */
VN_INLINE void tile(real *result, const chunk *in, const vn__pair *pairs, int rows, int vectors)
{
    const int64_t lanes = in->lanes, taps = in->window->taps, x_pixel = in->window->x_pixel;
    const int32_t *tap = in->window->tap + in->pixel * taps;
    const real *strip = in->strip;
    vec acc[ROWS][2];
    VN_UNROLL
    for (int j = 0; j < rows; j++) {
        VN_UNROLL
        for (int v = 0; v < vectors; v++)
            acc[j][v] = v_load(result + j * COLS + v * VN_LANES);
    }
    for (int64_t q = 0; q < in->pixels; q++, tap += taps) {
        const real *x[ROWS];
        VN_UNROLL
        for (int j = 0; j < rows; j++) {
            const int64_t pixel = tap[pairs[j].tap];
            x[j] = pixel < 0 ? in->zeros : in->x + pairs[j].offset + pixel * x_pixel;
        }
        for (int64_t l = 0; l < lanes; l++, strip += vectors * VN_LANES) {
            VN_UNROLL
            for (int j = 0; j < rows; j++) {
                const vec w = v_set(x[j][l]);
                VN_UNROLL
                for (int v = 0; v < vectors; v++)
                    acc[j][v] = v_fma(w, v_load(strip + v * VN_LANES), acc[j][v]);
            }
        }
    }
    VN_UNROLL
    for (int j = 0; j < rows; j++) {
        VN_UNROLL
        for (int v = 0; v < vectors; v++)
            v_store(result + j * COLS + v * VN_LANES, acc[j][v]);
    }
}

typedef void tile_fn(real *result, const chunk *in, const vn__pair *pairs);
#define TILE(rows)                                                               \
    static void one_##rows(real *result, const chunk *in, const vn__pair *pairs) \
    {                                                                            \
        tile(result, in, pairs, rows, 1);                                        \
    }                                                                            \
    static void two_##rows(real *result, const chunk *in, const vn__pair *pairs) \
    {                                                                            \
        tile(result, in, pairs, rows, 2);                                        \
    }
#define ENTRY(rows) { one_##rows, two_##rows },
HEIGHTS(TILE)
static tile_fn *const tiles[ROWS][2] = { HEIGHTS(ENTRY) };

/* The scratch of one call. */
typedef struct room {
    real strip[DEPTH * COLS], result[PAIR_CHUNK * COLS], zeros[ZEROS];
} room;

/* strip[pixel][lane][width] = dY of the outputs from o0, padded with zeros. */
static void make_strip(real *strip, const real *dy, const vn__window *s, const chunk *in,
                       int64_t outputs)
{
    const int64_t width = outputs > VN_LANES ? COLS : VN_LANES;
    const bool run = s->y_pixel == in->lanes; /* then pixels follow one another as lanes do */
    const int64_t steps = run ? 1 : in->pixels,
                  count = run ? in->pixels * in->lanes : in->lanes;
    for (int64_t q = 0; q < steps; q++)
        for (int64_t o = 0; o < outputs; o += VN_LANES)
            transpose_padded(strip + q * count * width + o, width,
                             dy + o * s->y_channel + (in->pixel + q) * s->y_pixel, s->y_channel,
                             outputs - o < VN_LANES ? outputs - o : VN_LANES, count);
}

/* The products of a strip of outputs with a chunk of pairs, over all pixels; dy is at output
 * o0. */
static void sum_pixels(room *at, const real *dy, const real *x, const vn__window *s,
                       int64_t outputs, const vn__pair *pairs, int64_t count)
{
    const int64_t lanes = s->lanes < DEPTH ? s->lanes : DEPTH, group = DEPTH / lanes;
    const int64_t blocks = (count + ROWS - 1) / ROWS;
    memset(at->result, 0, (size_t)(count * COLS) * sizeof(real));
    for (int64_t q = 0; q < s->pixels; q += group)
        for (int64_t l = 0; l < s->lanes; l += lanes) {
            const chunk in = {
                .x = x + l, .zeros = at->zeros, .strip = at->strip, .window = s, .pixel = q,
                .pixels = s->pixels - q < group ? s->pixels - q : group,
                .lanes = s->lanes - l < lanes ? s->lanes - l : lanes,
            };
            make_strip(at->strip, dy + l, s, &in, outputs);
            for (int64_t b = 0, j = 0, rows; b < blocks; b++, j += rows) {
                rows = (count - j + blocks - b - 1) / (blocks - b);
                tiles[rows - 1][outputs > VN_LANES](at->result + j * COLS, &in, pairs + j);
            }
        }
}

static void outputs_in_lanes(real *dw, int64_t dw_row, int64_t dw_tap, int64_t dw_channel,
                             const real *dy, const real *x, const vn__window *s, room *at)
{
    const int64_t n = s->taps * s->channels;
    memset(at->zeros, 0, sizeof at->zeros);
    for (int64_t o = 0; s->lanes > 0 && o < s->outputs; o += COLS)
        for (int64_t k = 0; k < n; k += PAIR_CHUNK) {
            const int64_t outputs = s->outputs - o < COLS ? s->outputs - o : COLS;
            const int64_t count = n - k < PAIR_CHUNK ? n - k : PAIR_CHUNK;
            vn__pair pairs[PAIR_CHUNK];
            vn__list_pairs(pairs, s, k, count, dw_tap, dw_channel);
            sum_pixels(at, dy + o * s->y_channel, x, s, outputs, pairs, count);
            for (int64_t i = 0; i < outputs; i++)
                for (int64_t j = 0; j < count; j++)
                    dw[(o + i) * dw_row + pairs[j].target] += at->result[j * COLS + i];
        }
}

/* Vector steps for each lane of a pixel: n broadcasts and a transposed row of the strip against
 * n m partial sums, which run at about three quarters of the speed and are summed at the
 * end. */
static bool sums_are_cheaper(const vn__window *s)
{
    const double m = (double)s->outputs, n = (double)(s->taps * s->channels);
    const double depth = (double)(s->pixels * s->lanes);
    const double vectors = (double)((s->outputs + VN_LANES - 1) / VN_LANES);
    const double lanes_cost = depth * vectors * (n + 6) + 2 * m * n;
    const double sums_cost = depth * 1.4 * m * n / VN_LANES + 7 * m * n;
    return s->lanes % VN_LANES == 0 && sums_cost < lanes_cost;
}

int64_t VN_FN(conv_weight_grad_scratch)(const vn__window *window)
{
    const int64_t sums = VN_FN(conv_grad_sums_scratch)();
    (void)window;
    return (int64_t)sizeof(room) > sums ? (int64_t)sizeof(room) : sums;
}

void VN_FN(conv_weight_grad)(void *dw, int64_t dw_row, int64_t dw_tap, int64_t dw_channel,
                             const void *dy, const void *x, const vn__window *window,
                             void *scratch)
{
    if (sums_are_cheaper(window))
        VN_FN(conv_grad_sums)(dw, dw_row, dw_tap, dw_channel, dy, x, window, scratch);
    else
        outputs_in_lanes(dw, dw_row, dw_tap, dw_channel, dy, x, window, scratch);
}
