/* SPDX-License-Identifier: MIT
 *
 * The weight gradient of a convolution by partial sums over lanes, and its norm by lane: see
 * conv_grad.h.
 *
 * A block of outputs times columns keeps a vector of partial sums for each product while it
 * runs over a chunk of pixels. The partial sums wait in scratch between chunks, which are so
 * short that the rows of dY, copied next to one another, stay in the level 1 cache for all
 * columns. At the end the vectors are summed, a transposed square at a time, or squared.
 * */
#include "kernels/vector/conv_grad.h"
#include "kernels/simd/transpose.h"
#include "kernels/vector/tile.h"

/* The sums of a tile, its shorter side and a vector of the other fill the registers: so many
 * outputs for each number of columns, and a row of ALL for each pair. */
#if VN_VECTOR_BYTES == 64
enum { OUTPUTS = 6, COLUMNS = 4 };
static const int8_t tallest[COLUMNS] = { 6, 6, 6, 6 };
#define OF_3(X) X(1, 3) X(2, 3) X(3, 3) X(4, 3) X(5, 3) X(6, 3)
#define OF_4(X) X(1, 4) X(2, 4) X(3, 4) X(4, 4) X(5, 4) X(6, 4)
#define OF_5(X)
#else
enum { OUTPUTS = 6, COLUMNS = 5 };
static const int8_t tallest[COLUMNS] = { 6, 6, 4, 3, 2 };
#define OF_3(X) X(1, 3) X(2, 3) X(3, 3) X(4, 3)
#define OF_4(X) X(1, 4) X(2, 4) X(3, 4)
#define OF_5(X) X(1, 5) X(2, 5)
#endif
#define OF_1(X) X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1)
#define OF_2(X) X(1, 2) X(2, 2) X(3, 2) X(4, 2) X(5, 2) X(6, 2)
#define ALL(X)  OF_1(X) OF_2(X) OF_3(X) OF_4(X) OF_5(X)
enum {
    OUTPUT_CHUNK = 384 / VN_VECTOR_BYTES,     /* outputs whose rows of dY are copied */
    COLUMN_CHUNK = 64,                        /* columns whose partial sums are kept */
    SUMS_ROW = (COLUMN_CHUNK + 5) * VN_LANES, /* no power of two: rows would meet in cache */
    PIXELS = 64,                              /* of a chunk */
    DY_ROW = (PIXELS + 1) * VN_LANES,         /* of a copied row: no power of two either */
};

/* A chunk of pixels, of each one vector of lanes, to which x and dy already point; dy:
 * [output][pixel]. */
typedef struct chunk {
    const real *dy, *x;
    const vn__view *view;
    int64_t dy_row, pixel, pixels;
    bool first;   /* the sums begin here */
    real *square; /* NULL, or the sums end here, and their squares are added to this vector */
} chunk;

VN_INLINE void add_squares(real *to, vec acc[OUTPUTS][COLUMNS], int outputs, int columns)
{
    vec sum[COLUMNS];
    VN_UNROLL
    for (int j = 0; j < columns; j++)
        sum[j] = j ? v_set(0) : v_load(to);
    VN_UNROLL
    for (int i = 0; i < outputs; i++) {
        VN_UNROLL
        for (int j = 0; j < columns; j++)
            sum[j] = v_fma(acc[i][j], acc[i][j], sum[j]);
    }
    VN_UNROLL
    for (int j = 1; j < columns; j++)
        sum[0] += sum[j];
    v_store(to, sum[0]);
}

/* acc[i][j] += dy[i] x[j]: the shorter side stays in registers, the other comes vector by
 * vector. */
VN_INLINE void add_pixel(vec acc[OUTPUTS][COLUMNS], const real *dy, int64_t dy_row,
                         const real *x, int64_t width, int outputs, int columns)
{
    const bool keep_dy = outputs < columns;
    const int few = keep_dy ? outputs : columns, many = keep_dy ? columns : outputs;
    vec kept[OUTPUTS];
    VN_UNROLL
    for (int i = 0; i < few; i++)
        kept[i] = keep_dy ? v_load(dy + i * dy_row) : v_load(x + i * width);
    VN_UNROLL
    for (int k = 0; k < many; k++) {
        const vec v = v_keep(keep_dy ? v_load(x + k * width) : v_load(dy + k * dy_row));
        VN_UNROLL
        for (int i = 0; i < few; i++) {
            vec *const sum = keep_dy ? &acc[i][k] : &acc[k][i];
            *sum = v_fma(v, kept[i], *sum);
        }
    }
}

/* sums[i][j] += dY[i] column j, lane by lane, over the chunk; sums is [..][SUMS_ROW]. */
VN_INLINE void tile(real *sums, const chunk *in, const real *dy, int64_t offset, int outputs,
                    int columns)
{
    const int64_t width = in->view->lanes, dy_row = in->dy_row;
    const int64_t *base = in->view->base + in->pixel, *const end = base + in->pixels;
    const real *const x0 = in->x + offset;
    vec acc[OUTPUTS][COLUMNS];
    VN_UNROLL
    for (int i = 0; i < outputs; i++) {
        VN_UNROLL
        for (int j = 0; j < columns; j++)
            acc[i][j] = in->first ? v_set(0) : v_load(sums + i * SUMS_ROW + j * VN_LANES);
    }
    for (; base < end; base++, dy += VN_LANES)
        add_pixel(acc, dy, dy_row, x0 + *base, width, outputs, columns);
    if (in->square) {
        add_squares(in->square, acc, outputs, columns);
        return;
    }
    VN_UNROLL
    for (int i = 0; i < outputs; i++) {
        VN_UNROLL
        for (int j = 0; j < columns; j++)
            v_store(sums + i * SUMS_ROW + j * VN_LANES, acc[i][j]);
    }
}

typedef void tile_fn(real *sums, const chunk *in, const real *dy, int64_t offset);

#define TILE(i, j)                                                                          \
    static void tile_##i##j(real *sums, const chunk *in, const real *dy, int64_t offset)    \
    {                                                                                       \
        tile(sums, in, dy, offset, i, j);                                                   \
    }
#define ENTRY(i, j) [i - 1][j - 1] = tile_##i##j,
ALL(TILE)
static tile_fn *const tiles[OUTPUTS][COLUMNS] = { ALL(ENTRY) };

/* A block of the gradient: its outputs and columns. */
typedef struct block {
    int64_t o0, outputs, k0, columns, pieces;
    vn__piece piece[COLUMN_CHUNK];
} block;

/* All tiles of a block, for one chunk of pixels. */
static void add_chunk(real *sums, const chunk *in, const block *b)
{
    for (int64_t k = 0; k < b->pieces; k++) {
        const vn__piece *const p = &b->piece[k];
        const vn__cut cut = vn__cut_into(b->outputs, tallest[p->columns - 1]);
        real *const to = sums + (p->column - b->k0) * VN_LANES;
        for (int64_t t = 0; t < cut.blocks; t++) {
            const int64_t o = vn__block_start(&cut, t), height = vn__block_rows(&cut, t);
            tiles[height - 1][p->columns - 1](to + o * SUMS_ROW, in, in->dy + o * in->dy_row,
                                              p->offset);
        }
    }
}

/* to[o][DY_ROW] = dY of the block over the chunk's pixels, one vector of lanes at dy. */
static void copy_dy(real *to, const real *dy, const block *b, const chunk *in)
{
    const vn__view *const v = in->view;
    for (int64_t o = 0; o < b->outputs; o++, to += DY_ROW) {
        const real *const from = dy + (b->o0 + o) * v->y_channel;
        for (int64_t q = 0; q < in->pixels; q++)
            v_store(to + q * VN_LANES, v_load(from + vn__view_pixel(v, in->pixel + q)));
    }
}

/* The scratch of one call. */
typedef struct room {
    real sums[OUTPUT_CHUNK * SUMS_ROW], dy[OUTPUT_CHUNK * DY_ROW];
} room;

/* Rows of dY need no copy if they are pixel after pixel and far enough apart in the cache. */
static bool lies_well(const vn__view *v)
{
    const int64_t apart = v->y_channel * (int64_t)sizeof(real) % 4096;
    return !v->to && v->y_pixel == VN_LANES && apart >= 64 && apart <= 4032;
}

/* The partial sums of a block over all pixels, of the lanes from `lane` to `end`; square: of
 * one vector of lanes, whose squares go there. */
static void sum_pixels(room *at, const real *dy, const real *x, const vn__view *v,
                       const block *b, int64_t lane, int64_t end, real *square)
{
    for (int64_t q = 0; q < v->pixels; q += PIXELS)
        for (int64_t l = lane; l < end; l += VN_LANES) {
            chunk in = {
                .dy = at->dy, .dy_row = DY_ROW, .x = x + l, .view = v, .pixel = q,
                .pixels = v->pixels - q < PIXELS ? v->pixels - q : PIXELS,
                .first = q == 0 && l == lane,
                .square = q + PIXELS < v->pixels ? NULL : square,
            };
            if (lies_well(v)) {
                in.dy = dy + b->o0 * v->y_channel + q * v->y_pixel + l;
                in.dy_row = v->y_channel;
            } else {
                copy_dy(at->dy, dy + l, b, &in);
            }
            add_chunk(at->sums, &in, b);
        }
}

/* The block at output o and column k. */
static void block_at(block *b, const vn__view *v, int64_t o, int64_t k)
{
    const int64_t n = v->runs * v->length - k, m = v->outputs - o;
    b->o0 = o;
    b->outputs = m < OUTPUT_CHUNK ? m : OUTPUT_CHUNK;
    b->k0 = k;
    b->columns = n < COLUMN_CHUNK ? n : COLUMN_CHUNK;
    b->pieces = vn__cut_columns(b->piece, v, k, b->columns, COLUMNS);
}

/* ---- sums over lanes */

/* The sums of VN_LANES vectors, one a lane: transposed, their lanes are rows. */
static void sum_lanes(real *to, const real *vectors)
{
    vec r[VN_LANES];
    VN_UNROLL
    for (int i = 0; i < VN_LANES; i++)
        r[i] = v_load(vectors + i * VN_LANES);
    v_store(to, v_sums(r));
}

static void add_sums(real *dw, int64_t dw_row, const room *at, const int64_t *target,
                     const block *b)
{
    for (int64_t o = 0; o < b->outputs; o++, dw += dw_row)
        for (int64_t k = 0; k < b->columns; k += VN_LANES) {
            real sum[VN_LANES];
            sum_lanes(sum, at->sums + o * SUMS_ROW + k * VN_LANES);
            for (int64_t j = 0; j < VN_LANES && k + j < b->columns; j++)
                dw[target[k + j]] += sum[j];
        }
}

int64_t VN_FN(conv_grad_sums_scratch)(void)
{
    return (int64_t)sizeof(room);
}

void VN_FN(conv_grad_sums)(void *dw, int64_t dw_row, const void *dy, const void *x,
                           const vn__view *view, void *scratch)
{
    const int64_t n = view->runs * view->length;
    room *const at = scratch;
    for (int64_t o = 0; view->pixels > 0 && o < view->outputs; o += OUTPUT_CHUNK)
        for (int64_t k = 0; k < n; k += COLUMN_CHUNK) {
            block b;
            block_at(&b, view, o, k);
            sum_pixels(at, dy, x, view, &b, 0, view->lanes, NULL);
            add_sums((real *)dw + o * dw_row, dw_row, at, view->target + k, &b);
        }
}

/* ---- norms */

void VN_FN(conv_weight_norm)(void *norm, const void *dy, const void *x, const vn__view *view,
                             void *scratch)
{
    const int64_t n = view->runs * view->length;
    room *const at = scratch;
    for (int64_t l = 0; l < view->lanes; l += VN_LANES)
        for (int64_t o = 0; o < view->outputs; o += OUTPUT_CHUNK)
            for (int64_t k = 0; k < n; k += COLUMN_CHUNK) {
                block b;
                block_at(&b, view, o, k);
                sum_pixels(at, dy, x, view, &b, l, l + VN_LANES, (real *)norm + l);
            }
}
