/* SPDX-License-Identifier: MIT */
/* Convolution of one example: a block of output pixels at a time as a matrix product with the
 * columns of the block, column[c, t][q] = x[c][p(q, t)], whose rows are in the order of W's:
 *
 *   conv              y[o][q] = W[o][c, t] column[c, t][q]
 *   conv_input_grad   column[c, t][q] = W^T gy, then x[c][p(q, t)] += column[c, t][q]
 *   conv_weight_grad  W[o][c, t] += gy[o][q] column^T[q][c, t]
 *
 * A part of it has some pixels q, of the gradients some channels c (of each group). */
#include <string.h>

#include "core/ops/conv.h"

#define COLUMN_BYTES  (256 * 1024) /* of the columns of a block: fits L2 */
#define PART_PIXELS   32           /* of a part at least */
#define PART_CHANNELS 8

typedef struct work {
    const vn__sliding *s;
    vn__conv_sizes z;
    const vn__real_kernels *real;
    int64_t size, block;    /* bytes of an element, pixels of a block */
    int64_t channel, end;   /* of each group, from and to */
    int64_t row, rows, all; /* of the columns: the first one, how many, of all channels */
    int32_t *table;
    const char *packed;
    char *column;
    void *gemm;
} work;

int64_t vn__conv_single_parts(const vn__conv_sizes *z, int result)
{
    const int64_t units =
        result == VN__CONV_Y ? z->y_pixels / PART_PIXELS : z->in / PART_CHANNELS;
    return vn__parts_of_flops(vn__conv_flops(z), units);
}

static int64_t pack_bytes(const work *w, int result)
{
    const int64_t bytes = result == VN__CONV_X ? w->real->pack_size(w->rows, w->z.out)
                                               : w->real->pack_size(w->z.out, w->rows);
    return result == VN__CONV_W ? 0 : vn__conv_aligned(bytes);
}

static work work_of(const vn__sliding *s, const vn__conv_sizes *z, vn_dtype dtype)
{
    work w = { .s = s,
               .z = *z,
               .real = vn__kernels_get()->real[dtype],
               .size = (int64_t)vn_dtype_size(dtype),
               .end = z->in,
               .rows = z->in * z->taps,
               .all = z->in * z->taps };
    const int64_t table = vn__sliding_block(s, z->y_pixels);
    const int64_t fit = COLUMN_BYTES / (w.rows * w.size + 1);
    w.block = fit < 16 ? 16 : fit;
    w.block = w.block < table ? w.block : table;
    return w;
}

size_t vn__conv_single_scratch(const vn__sliding *s, const vn__conv_sizes *z, vn_dtype dtype,
                               int result)
{
    const work w = work_of(s, z, dtype);
    return (size_t)(vn__sliding_table_bytes(s, z->y_pixels) +
                    z->groups * pack_bytes(&w, result) + w.block * w.rows * w.size + 128 +
                    w.real->gemm_scratch(z->out, w.rows, w.block));
}

/* Of each group: the rows of its columns times the outputs, or the other way round. */
static void pack_groups(const work *w, int result, char *packed, const char *k)
{
    const vn__conv_sizes *const z = &w->z;
    const int64_t group = z->out * w->all * w->size;
    for (int64_t g = 0; g < z->groups; g++, k += group) {
        char *const to = packed + g * pack_bytes(w, result);
        if (result == VN__CONV_X)
            w->real->pack(to, k + w->row * w->size, 1, 0, w->all, w->rows, 1, z->out);
        if (result == VN__CONV_Y)
            w->real->pack(to, k, w->all, 0, 1, z->out, 1, w->all);
    }
}

/* Weights of conv, packed once for all of its parts and examples. */
size_t vn__conv_single_prepare_size(const vn__sliding *s, const vn__conv_sizes *z,
                                    vn_dtype dtype)
{
    const work w = work_of(s, z, dtype);
    return (size_t)(z->groups * pack_bytes(&w, VN__CONV_Y));
}

void vn__conv_single_prepare(void *memory, const void *k, const vn__sliding *s,
                             const vn__conv_sizes *z, vn_dtype dtype)
{
    const work w = work_of(s, z, dtype);
    pack_groups(&w, VN__CONV_Y, memory, k);
}

/* Row r of the columns: to[i] = from[tap[i]], 0 for padding; back, to[tap[i]] += from[i]. */
static void gather_f32(float *to, const float *from, const int32_t *tap, int64_t taps,
                       int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = tap[i * taps] < 0 ? 0 : from[tap[i * taps]];
}

static void gather_f64(double *to, const double *from, const int32_t *tap, int64_t taps,
                       int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = tap[i * taps] < 0 ? 0 : from[tap[i * taps]];
}

static void scatter_f32(float *to, const float *from, const int32_t *tap, int64_t taps,
                        int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (tap[i * taps] >= 0)
            to[tap[i * taps]] += from[i];
}

static void scatter_f64(double *to, const double *from, const int32_t *tap, int64_t taps,
                        int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (tap[i * taps] >= 0)
            to[tap[i * taps]] += from[i];
}

/* The columns of a block from the image x of the first channel, or (back) added to it. */
static void columns(const work *w, char *x, bool back, int64_t count)
{
    for (int64_t r = 0; r < w->rows; r++) {
        const int64_t taps = w->z.taps;
        const int32_t *const tap = w->table + r % taps;
        void *const row = w->column + r * count * w->size;
        void *const channel = x + r / taps * w->z.x_pixels * w->size;
        if (w->size == (int64_t)sizeof(float) && back)
            scatter_f32(channel, row, tap, taps, count);
        else if (w->size == (int64_t)sizeof(float))
            gather_f32(row, channel, tap, taps, count);
        else if (back)
            scatter_f64(channel, row, tap, taps, count);
        else
            gather_f64(row, channel, tap, taps, count);
    }
}

/* One group and block: x, k, y are its first channel's image, filters and output pixel. */
static void block_product(const work *w, int result, char *x, char *k, char *y,
                          const char *packed, int64_t count)
{
    const vn__conv_sizes *const z = &w->z;
    static const vn__epilogue plain;
    if (result == VN__CONV_X)
        w->real->gemm_packed(w->column, count, packed, y, z->y_pixels, w->rows, count, z->out,
                             &plain);
    columns(w, x, result == VN__CONV_X, count);
    if (result == VN__CONV_Y)
        w->real->gemm_packed(y, z->y_pixels, packed, w->column, count, z->out, count, w->rows,
                             &plain);
    if (result == VN__CONV_W)
        w->real->gemm(k, w->all, y, z->y_pixels, 1, w->column, 1, count, z->out, w->rows, count,
                      true, w->gemm);
}

/* Zeros where blocks add: the channels of x, or their columns of the filters. */
static void clear(const work *w, int result, char *to)
{
    const vn__conv_sizes *const z = &w->z;
    const int64_t in = z->x_pixels * w->size, row = w->all * w->size;
    for (int64_t g = 0; result == VN__CONV_X && g < z->groups; g++)
        memset(to + (g * z->in + w->channel) * in, 0, (size_t)((w->end - w->channel) * in));
    for (int64_t o = 0; result == VN__CONV_W && o < z->groups * z->out; o++)
        memset(to + o * row + w->row * w->size, 0, (size_t)(w->rows * w->size));
}

/* The pixels from *from to the returned end, or the channels, that a part has. */
static int64_t take_part(work *w, int64_t *from, int result, const vn_eval *e)
{
    const int64_t pixels = w->z.y_pixels;
    *from = 0;
    if (result == VN__CONV_Y)
        return vn__eval_share(from, e, pixels);
    w->end = vn__eval_share(&w->channel, e, w->z.in);
    w->row = w->channel * w->z.taps;
    w->rows = (w->end - w->channel) * w->z.taps;
    return pixels;
}

void vn__conv_single(void *const operand[3], int result, bool fresh, const vn__conv_sizes *z,
                     const vn_eval *e)
{
    int64_t q;
    const vn__sliding *const s = e->attr;
    work w = work_of(s, z, e->in_aval[0].dtype);
    char *cursor = e->scratch;
    char *const x = operand[VN__CONV_X], *const k = operand[VN__CONV_W];
    char *const y = operand[VN__CONV_Y];
    w.table = vn__conv_reserve(&cursor, vn__sliding_table_bytes(s, z->y_pixels));
    char *const packed = vn__conv_reserve(&cursor, z->groups * pack_bytes(&w, result));
    w.column = vn__conv_reserve(&cursor, w.block * w.rows * w.size);
    w.gemm = cursor;
    const int64_t in = z->in * z->x_pixels * w.size, out = z->out * z->y_pixels * w.size;
    const int64_t filters = z->out * w.all * w.size;
    const int64_t end = take_part(&w, &q, result, e);
    if (fresh && result != VN__CONV_Y)
        clear(&w, result, operand[result]);
    w.packed = e->prepared && result == VN__CONV_Y ? e->prepared : packed;
    if (w.packed == packed)
        pack_groups(&w, result, packed, k);
    for (; q < end; q += w.block) {
        const int64_t count = end - q < w.block ? end - q : w.block;
        vn__sliding_table(w.table, s, false, q, count);
        for (int64_t g = 0; g < z->groups; g++)
            block_product(&w, result, x + g * in + w.channel * z->x_pixels * w.size,
                          k + g * filters + w.row * w.size, y + g * out + q * w.size,
                          w.packed + g * pack_bytes(&w, result), count);
    }
}
