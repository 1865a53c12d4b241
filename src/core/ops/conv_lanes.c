/* SPDX-License-Identifier: MIT */
/* Parts of convolution's evaluation: sizes, and a convolution in each lane.
 *
 * In each lane, tap t pairs runs of output pixels q with runs of input pixels p at a constant
 * step; a run is one matrix product of lane vectors:
 *   y[o][q] += w[o][c] x[c][p]     x[c][p] += w[o][c] y[o][q]     w[o][c] += y[o][q] x[c][p] */
#include <string.h>

#include "core/ops/conv.h"
#include "core/ops/ops_common.h"

vn__conv_sizes vn__conv_sizes_of(const vn__sliding *s, int64_t x_channels, int64_t y_channels)
{
    return (vn__conv_sizes){
        .groups = s->groups,
        .in = x_channels / s->groups,
        .out = y_channels / s->groups,
        .taps = vn__sliding_pixels(s->k, s->n),
        .x_pixels = vn__sliding_pixels(s->x, s->n),
        .y_pixels = vn__sliding_pixels(s->y, s->n),
    };
}

double vn__conv_flops(const vn__conv_sizes *z)
{
    return 2.0 * (double)z->groups * (double)z->out * (double)z->in * (double)z->taps *
           (double)z->y_pixels;
}

void *vn__conv_in_lanes(char **cursor, const vn_eval *e, int i)
{
    if (e->lanes == 1 || e->mapped[i])
        return (void *)(uintptr_t)e->in[i];
    const int64_t entries = vn_shape_size(e->in_aval[i].shape);
    const size_t size = vn_dtype_size(e->in_aval[i].dtype);
    void *const repeated = vn__conv_reserve(cursor, entries * e->lanes * (int64_t)size);
    vn__spread_lanes(repeated, e->in[i], entries, e->lanes, size);
    return repeated;
}

/* A strided matrix of lane vectors. */
typedef struct matrix {
    char *data;
    int64_t row, col;
} matrix;

typedef struct lane_work {
    const vn__conv_sizes *z;
    const vn__real_kernels *real;
    int64_t lanes, size;
    char *operand[3];
    int result;
} lane_work;

static matrix entries(const lane_work *l, int which, int64_t offset, int64_t row, int64_t col)
{
    return (matrix){ l->operand[which] + offset * l->lanes * l->size, row * l->lanes,
                     col * l->lanes };
}

/* One run of group g: output pixels q, q + 1, .., input pixels p, p + step, .. under tap t. */
static void run_product(const lane_work *l, int64_t g, int64_t t, int64_t q, int64_t p,
                        int64_t step, int64_t length)
{
    const vn__conv_sizes *const z = l->z;
    const matrix x = entries(l, VN__CONV_X, g * z->in * z->x_pixels + p, z->x_pixels, step);
    const matrix y = entries(l, VN__CONV_Y, g * z->out * z->y_pixels + q, z->y_pixels, 1);
    const matrix w =
        entries(l, VN__CONV_W, g * z->out * z->in * z->taps + t, z->in * z->taps, z->taps);
    if (l->result == VN__CONV_Y)
        l->real->lane_matmul(y.data, y.row, y.col, w.data, w.row, w.col, x.data, x.row, x.col,
                             z->out, length, z->in, l->lanes, true);
    else if (l->result == VN__CONV_X)
        l->real->lane_matmul(x.data, x.row, x.col, w.data, w.col, w.row, y.data, y.row, y.col,
                             z->in, length, z->out, l->lanes, true);
    else
        l->real->lane_matmul(w.data, w.row, w.col, y.data, y.row, y.col, x.data, x.col, x.row,
                             z->out, z->in, length, l->lanes, true);
}

/* The runs of tap t among the pixels of a table. */
static void tap_products(const lane_work *l, const int32_t *table, int64_t t, int64_t first,
                         int64_t count)
{
    const int64_t taps = l->z->taps;
    for (int64_t i = 0, length; i < count; i += length) {
        const int64_t p = table[i * taps + t];
        length = 1;
        if (p < 0)
            continue;
        const int64_t next = i + 1 < count ? table[(i + 1) * taps + t] : -1;
        const int64_t step = next > p ? next - p : 1;
        while (i + length < count && table[(i + length) * taps + t] == p + length * step)
            length++;
        for (int64_t g = 0; g < l->z->groups; g++)
            run_product(l, g, t, first + i, p, step, length);
    }
}

void vn__conv_lanes(void *const operand[3], int result, const vn__sliding *s,
                    const vn__conv_sizes *z, const vn_eval *e, void *work)
{
    const vn_dtype dtype = e->in_aval[0].dtype;
    const lane_work l = { .z = z,
                          .real = e->kernels->real[dtype],
                          .lanes = e->lanes,
                          .size = (int64_t)vn_dtype_size(dtype),
                          .operand = { operand[0], operand[1], operand[2] },
                          .result = result };
    const int64_t block = vn__sliding_block(s, z->y_pixels);
    memset(e->out[0], 0, (size_t)(vn_shape_size(e->out_aval[0].shape) * l.lanes * l.size));
    for (int64_t q = 0; q < z->y_pixels; q += block) {
        const int64_t count = z->y_pixels - q < block ? z->y_pixels - q : block;
        vn__sliding_table(work, s, false, q, count);
        for (int64_t t = 0; t < z->taps; t++)
            tap_products(&l, work, t, q, count);
    }
}
