/* SPDX-License-Identifier: MIT
 *
 * The weight gradient of a convolution by partial sums over lanes: see conv_grad.h.
 *
 * A block of outputs times pairs keeps a vector of partial sums for each product while it runs
 * over a chunk of pixels; a pixel's rows of X are read where they lie, padding reads a row of
 * zeros. The partial sums wait in scratch between chunks, which are so short that the rows of
 * dY, copied next to one another, stay in the level 1 cache for all pairs. At the end the
 * vectors are summed, a transposed square at a time.
 * */
#include "kernels/simd/transpose.h"
#include "kernels/vector/conv_grad.h"

/* A block's sums and the rows that it loads fill the registers. */
#if VN_VECTOR_BYTES == 64
enum { OUTPUTS = 6, PAIRS = 4 };
#else
enum { OUTPUTS = 3, PAIRS = 3 };
#endif
enum {
    OUTPUT_CHUNK = 18,                      /* outputs whose rows of dY are copied */
    PAIR_CHUNK = 64,                        /* pairs whose partial sums are kept */
    SUMS_ROW = (PAIR_CHUNK + 5) * VN_LANES, /* no power of two: rows would meet in the cache */
    ROW = 1024 / sizeof(real),              /* reals of a copied row: pixels times lanes */
};

/* A chunk of pixels, and of each the lanes [lane, lane + lanes). dy is a copy,
 * [output][ROW]. */
typedef struct chunk {
    const real *dy, *x, *zeros;
    const vn__window *window;
    int64_t pixel, pixels, lane, lanes;
} chunk;

/* sums[i][j] += dY[i] X[j], lane by lane, over the chunk; sums is [OUTPUT_CHUNK][SUMS_ROW]. */
VN_INLINE void tile(real *sums, const chunk *in, const real *dy, const vn__pair *pairs,
                    int outputs, int columns)
{
    const vn__window *s = in->window;
    const int64_t lanes = in->lanes, taps = s->taps, x_pixel = s->x_pixel;
    const int32_t *tap = s->tap + in->pixel * taps;
    vec acc[OUTPUTS][PAIRS];
    VN_UNROLL
    for (int i = 0; i < outputs; i++) {
        VN_UNROLL
        for (int j = 0; j < columns; j++)
            acc[i][j] = v_load(sums + i * SUMS_ROW + j * VN_LANES);
    }
    for (int64_t q = 0; q < in->pixels; q++, tap += taps, dy += lanes) {
        const real *x[PAIRS];
        VN_UNROLL
        for (int j = 0; j < columns; j++) {
            const int64_t pixel = tap[pairs[j].tap];
            x[j] = pixel < 0 ? in->zeros : in->x + pairs[j].offset + pixel * x_pixel;
        }
        for (int64_t l = 0; l < lanes; l += VN_LANES) {
            vec v[PAIRS];
            VN_UNROLL
            for (int j = 0; j < columns; j++)
                v[j] = v_load(x[j] + l);
            VN_UNROLL
            for (int i = 0; i < outputs; i++) {
                const vec g = v_load(dy + i * ROW + l);
                VN_UNROLL
                for (int j = 0; j < columns; j++)
                    acc[i][j] = v_fma(g, v[j], acc[i][j]);
            }
        }
    }
    VN_UNROLL
    for (int i = 0; i < outputs; i++) {
        VN_UNROLL
        for (int j = 0; j < columns; j++)
            v_store(sums + i * SUMS_ROW + j * VN_LANES, acc[i][j]);
    }
}

typedef void tile_fn(real *sums, const chunk *in, const real *dy, const vn__pair *pairs);

#define TILE(i, j)                                                       \
    static void tile_##i##j(real *sums, const chunk *in, const real *dy, \
                            const vn__pair *pairs)                       \
    {                                                                    \
        tile(sums, in, dy, pairs, i, j);                                 \
    }
#if VN_VECTOR_BYTES == 64
#define ALL(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define TILES(i) TILE(i, 1) TILE(i, 2) TILE(i, 3) TILE(i, 4)
#define ENTRY(i) { tile_##i##1, tile_##i##2, tile_##i##3, tile_##i##4 },
#else
#define ALL(X) X(1) X(2) X(3)
#define TILES(i) TILE(i, 1) TILE(i, 2) TILE(i, 3)
#define ENTRY(i) { tile_##i##1, tile_##i##2, tile_##i##3 },
#endif
ALL(TILES)
static tile_fn *const tiles[OUTPUTS][PAIRS] = { ALL(ENTRY) };

/* All blocks of a chunk of outputs and pairs, for one chunk of pixels. */
static void add_chunk(real *sums, const chunk *in, const vn__pair *pairs, int64_t outputs,
                      int64_t columns)
{
    const int64_t blocks = (outputs + OUTPUTS - 1) / OUTPUTS;
    for (int64_t k = 0; k < columns; k += PAIRS)
        for (int64_t b = 0, o = 0, height; b < blocks; b++, o += height) {
            const int64_t width = columns - k < PAIRS ? columns - k : PAIRS;
            height = (outputs - o + blocks - b - 1) / (blocks - b);
            tiles[height - 1][width - 1](sums + o * SUMS_ROW + k * VN_LANES, in,
                                         in->dy + o * ROW, pairs + k);
        }
}

/* to[o][ROW] = dY[o0 + o] over the chunk's pixels and lanes. */
static void copy_dy(real *to, const real *dy, int64_t o0, int64_t outputs, const chunk *in)
{
    const vn__window *s = in->window;
    for (int64_t o = 0; o < outputs; o++)
        for (int64_t q = 0; q < in->pixels; q++) {
            const real *from =
                dy + (o0 + o) * s->y_channel + (in->pixel + q) * s->y_pixel + in->lane;
            for (int64_t l = 0; l < in->lanes; l += VN_LANES)
                v_store(to + o * ROW + q * in->lanes + l, v_load(from + l));
        }
}

/* The scratch of one call. */
typedef struct room {
    real sums[OUTPUT_CHUNK * SUMS_ROW], dy[OUTPUT_CHUNK * ROW], zeros[ROW];
} room;

static void sum_pixels(room *at, const real *dy, const real *x, const vn__window *s, int64_t o0,
                       int64_t outputs, const vn__pair *pairs, int64_t columns)
{
    const int64_t lanes = s->lanes < ROW ? s->lanes : ROW, group = ROW / lanes;
    memset(at->sums, 0, sizeof at->sums);
    for (int64_t q = 0; q < s->pixels; q += group)
        for (int64_t l = 0; l < s->lanes; l += lanes) {
            const chunk in = {
                .dy = at->dy, .x = x + l, .zeros = at->zeros, .window = s, .pixel = q,
                .pixels = s->pixels - q < group ? s->pixels - q : group,
                .lane = l, .lanes = s->lanes - l < lanes ? s->lanes - l : lanes,
            };
            copy_dy(at->dy, dy, o0, outputs, &in);
            add_chunk(at->sums, &in, pairs, outputs, columns);
        }
}

/* The sums of VN_LANES vectors, one a lane: transposed, their lanes are rows. */
static void sum_lanes(real *to, const real *vectors)
{
    vec r[VN_LANES];
    VN_UNROLL
    for (int i = 0; i < VN_LANES; i++)
        r[i] = v_load(vectors + i * VN_LANES);
    v_transpose(r);
    VN_UNROLL
    for (int step = VN_LANES / 2; step > 0; step /= 2)
        for (int i = 0; i < step; i++)
            r[i] += r[i + step];
    v_store(to, r[0]);
}

/* dW(o, k) += sum over lanes of sums[o][k], for a chunk; dw is the row of the chunk's first
 * output. */
static void add_sums(real *dw, int64_t dw_row, const room *at, const vn__pair *pairs,
                     int64_t outputs, int64_t columns)
{
    for (int64_t o = 0; o < outputs; o++, dw += dw_row)
        for (int64_t k = 0; k < columns; k += VN_LANES) {
            real sum[VN_LANES];
            sum_lanes(sum, at->sums + o * SUMS_ROW + k * VN_LANES);
            for (int64_t j = 0; j < VN_LANES && k + j < columns; j++)
                dw[pairs[k + j].target] += sum[j];
        }
}

int64_t VN_FN(conv_grad_sums_scratch)(void)
{
    return (int64_t)sizeof(room);
}

void VN_FN(conv_grad_sums)(void *dw, int64_t dw_row, int64_t dw_tap, int64_t dw_channel,
                           const void *dy, const void *x, const vn__window *window,
                           void *scratch)
{
    const int64_t n = window->taps * window->channels, m = window->outputs;
    room *at = scratch;
    memset(at->zeros, 0, sizeof at->zeros);
    for (int64_t o = 0; o < m; o += OUTPUT_CHUNK)
        for (int64_t k = 0; k < n; k += PAIR_CHUNK) {
            const int64_t outputs = m - o < OUTPUT_CHUNK ? m - o : OUTPUT_CHUNK;
            const int64_t columns = n - k < PAIR_CHUNK ? n - k : PAIR_CHUNK;
            vn__pair pairs[PAIR_CHUNK];
            vn__list_pairs(pairs, window, k, columns, dw_tap, dw_channel);
            sum_pixels(at, dy, x, window, o, outputs, pairs, columns);
            add_sums((real *)dw + o * dw_row, dw_row, at, pairs, outputs, columns);
        }
}
