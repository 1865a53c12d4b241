/* SPDX-License-Identifier: MIT
 *
 * The weight gradient of a convolution with the outputs in the lanes of registers: see
 * conv_grad.h.
 *
 * dY is transposed, a strip of outputs and a chunk of pixels at a time, to
 * [pixel][lane][outputs]. Against it run blocks of columns, one element of X broadcast for
 * each. The products are those of dW^T, so that n = runs length is the long side and few
 * outputs are enough to fill a vector.
 * */
#include "kernels/vector/conv_grad.h"
#include "kernels/simd/transpose.h"
#include "kernels/vector/tile.h"

#include <stddef.h>

enum {
    DEPTH = 512,        /* lanes of a chunk of pixels: its strip stays in the level 2 cache */
    COLUMN_CHUNK = 640, /* columns whose products are kept in scratch */
};

/* A chunk of pixels, and of each the lanes that x already points to. */
typedef struct chunk {
    const real *x, *strip; /* strip[pixels][lanes][one or two vectors] */
    const vn__view *view;
    int64_t pixel, pixels, lanes;
} chunk;

/* acc[j] += column j at x times the strip. With one vector of outputs two lanes have
 * sums of their own, so that there are enough of them under way. */
VN_INLINE void add_lanes(vec acc[VN_ROWS][2], const real *x, int64_t width, const real *strip,
                         int rows, int vectors)
{
    vec s[2];
    VN_UNROLL
    for (int v = 0; v < 2; v++)
        s[v] = v_load(strip + v * VN_LANES);
    VN_UNROLL
    for (int j = 0; j < rows; j++) {
        VN_UNROLL
        for (int v = 0; v < 2; v++)
            acc[j][v] = v_fma(v_set(x[j * width + (vectors == 1 ? v : 0)]), s[v], acc[j][v]);
    }
}

/* result[j][outputs] += sum over the chunk of column(offset + j) strip. */
VN_INLINE void tile(real *result, const chunk *in, int64_t offset, int rows, int vectors)
{
    const int64_t lanes = in->lanes, width = in->view->lanes;
    const int64_t *const base = in->view->base + in->pixel;
    const real *strip = in->strip;
    vec acc[VN_ROWS][2];
    VN_UNROLL
    for (int j = 0; j < rows; j++)
        acc[j][0] = acc[j][1] = v_set(0);
    for (int64_t q = 0; q < in->pixels; q++) {
        const real *x = in->x + base[q] + offset, *const end = x + lanes;
        const real *const next = in->x + base[q + 2 < in->pixels ? q + 2 : q] + offset;
        VN_UNROLL
        for (int j = 0; j < rows; j++)
            __builtin_prefetch(next + j * width);
        for (; x < end; x += 3 - vectors, strip += VN_COLS)
            add_lanes(acc, x, width, strip, rows, vectors);
    }
    VN_UNROLL
    for (int j = 0; j < rows; j++) {
        real *const to = result + j * VN_COLS;
        const vec both = vectors == 1 ? acc[j][0] + acc[j][1] : acc[j][0];
        v_store(to, v_load(to) + both);
        if (vectors == 2)
            v_store(to + VN_LANES, v_load(to + VN_LANES) + acc[j][1]);
    }
}

typedef void tile_fn(real *result, const chunk *in, int64_t offset);
#define TILE(rows)                                                            \
    static void one_##rows(real *result, const chunk *in, int64_t offset)     \
    {                                                                         \
        tile(result, in, offset, rows, 1);                                    \
    }                                                                         \
    static void two_##rows(real *result, const chunk *in, int64_t offset)     \
    {                                                                         \
        tile(result, in, offset, rows, 2);                                    \
    }
#define ENTRY(rows) { one_##rows, two_##rows },
VN_HEIGHTS(TILE)
static tile_fn *const tiles[VN_ROWS][2] = { VN_HEIGHTS(ENTRY) };

/* The scratch of one call. */
typedef struct room {
    real strip[DEPTH * VN_COLS], result[COLUMN_CHUNK * VN_COLS];
} room;

/* strip[pixel][lane][width] = dY of the outputs from dy on, padded with zeros. */
static void make_strip(real *strip, const real *dy, const chunk *in, int64_t outputs)
{
    const vn__view *const v = in->view;
    const int64_t width = outputs > VN_LANES ? VN_COLS : VN_LANES;
    for (int64_t q = 0; q < in->pixels; q++)
        for (int64_t o = 0; o < outputs; o += VN_LANES)
            transpose_padded(strip + q * in->lanes * width + o, width,
                             dy + o * v->y_channel + vn__view_pixel(v, in->pixel + q),
                             v->y_channel, outputs - o < VN_LANES ? outputs - o : VN_LANES,
                             in->lanes);
}

/* The products of a strip of outputs with the columns from k0 on, over all pixels; dy is at
 * the strip's first output. */
static void sum_pixels(room *at, const real *dy, const real *x, const vn__view *v,
                       int64_t outputs, int64_t k0, int64_t count)
{
    const int64_t lanes = v->lanes < DEPTH ? v->lanes : DEPTH, group = DEPTH / lanes;
    vn__piece piece[COLUMN_CHUNK];
    const int64_t n = vn__cut_columns(piece, v, k0, count, VN_ROWS);
    memset(at->result, 0, (size_t)(count * VN_COLS) * sizeof(real));
    for (int64_t q = 0; q < v->pixels; q += group)
        for (int64_t l = 0; l < v->lanes; l += lanes) {
            const chunk in = {
                .x = x + l, .strip = at->strip, .view = v, .pixel = q,
                .pixels = v->pixels - q < group ? v->pixels - q : group,
                .lanes = v->lanes - l < lanes ? v->lanes - l : lanes,
            };
            make_strip(at->strip, dy + l, &in, outputs);
            for (int64_t k = 0; k < n; k++)
                tiles[piece[k].columns - 1][outputs > VN_LANES](
                    at->result + (piece[k].column - k0) * VN_COLS, &in, piece[k].offset);
        }
}

static void outputs_in_lanes(real *dw, int64_t dw_row, const real *dy, const real *x,
                             const vn__view *v, room *at)
{
    const int64_t n = v->runs * v->length;
    for (int64_t o = 0; o < v->outputs; o += VN_COLS)
        for (int64_t k = 0; k < n; k += COLUMN_CHUNK) {
            const int64_t outputs = v->outputs - o < VN_COLS ? v->outputs - o : VN_COLS;
            const int64_t count = n - k < COLUMN_CHUNK ? n - k : COLUMN_CHUNK;
            sum_pixels(at, dy + o * v->y_channel, x, v, outputs, k, count);
            for (int64_t i = 0; i < outputs; i++)
                for (int64_t j = 0; j < count; j++)
                    dw[(o + i) * dw_row + v->target[k + j]] += at->result[j * VN_COLS + i];
        }
}

/* Vector steps for each lane of a pixel: n broadcasts and a transposed row of the strip against
 * n m partial sums, which are summed at the end. */
static bool sums_are_cheaper(const vn__view *v)
{
    const double m = (double)v->outputs, n = (double)(v->runs * v->length);
    const double depth = (double)(v->pixels * v->lanes);
    const double vectors = (double)((v->outputs + VN_LANES - 1) / VN_LANES);
    const double lanes_cost = depth * vectors * (n + 6) + 2 * m * n;
    const double sums_cost = depth * 1.1 * m * n / VN_LANES + 7 * m * n;
    return sums_cost < lanes_cost;
}

int64_t VN_FN(conv_weight_grad_scratch)(const vn__view *view)
{
    const int64_t sums = VN_FN(conv_grad_sums_scratch)();
    (void)view;
    return (int64_t)sizeof(room) > sums ? (int64_t)sizeof(room) : sums;
}

void VN_FN(conv_weight_grad)(void *dw, int64_t dw_row, const void *dy, const void *x,
                             const vn__view *view, void *scratch)
{
    if (sums_are_cheaper(view))
        VN_FN(conv_grad_sums)(dw, dw_row, dy, x, view, scratch);
    else
        outputs_in_lanes(dw, dw_row, dy, x, view, scratch);
}
