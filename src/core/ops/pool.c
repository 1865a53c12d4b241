/* SPDX-License-Identifier: MIT */
/* What pooling ops share. */
#include "core/ops/pool.h"

#include <string.h>

#define PREPARED_TABLE ((int64_t)4 << 20) /* bytes of the longest table that is kept */

vn_status vn__pool_attr(vn__sliding *s, const char *op, const vn_array *x,
                        const vn_window *window)
{
    const vn_shape shape = vn_shape_of(x);
    if (!window)
        return vn__fail(VN_ERR_NULL_ARGUMENT, "%s: the window is NULL", op);
    if (window->n < 1 || window->n > shape.rank)
        return vn__fail(VN_ERR_SHAPE, "%s: a window over %d axes of an array with %d axes", op,
                        window->n, shape.rank);
    *s = (vn__sliding){ .n = window->n, .groups = 1 };
    for (int d = 0; d < window->n; d++) {
        s->x[d] = shape.dim[shape.rank - window->n + d];
        s->k[d] = window->size[d];
        s->stride[d] = window->stride[d] == 0 ? 1 : window->stride[d];
        s->pad_lo[d] = window->pad_lo[d];
        s->pad_hi[d] = window->pad_hi[d];
        s->dilation[d] = s->lhs_dilation[d] = 1;
    }
    return vn__sliding_finish(s, op);
}

vn_status vn__pool_shape(vn_aval *out, const char *op, vn_aval in, const int64_t from[],
                         const int64_t to[], int64_t n)
{
    const int64_t leading = in.shape.rank - n;
    *out = in;
    for (int64_t d = 0; d < n; d++) {
        if (leading < 0 || in.shape.dim[leading + d] != from[d])
            return vn__fail(VN_ERR_SHAPE,
                            "%s: the operand is not of the sizes of the attributes", op);
        out->shape.dim[leading + d] = to[d];
    }
    return VN_ERR_OK;
}

static size_t table_offset(const vn_aval in[], int n_in, const bool mapped[], int64_t lanes)
{
    return (vn__lanes_scratch(NULL, in, n_in, mapped, lanes) + 63) & ~(size_t)63;
}

size_t vn__pool_prepare_size(const void *attr, const vn_aval in[], int n_in,
                             const bool mapped[], int64_t lanes)
{
    (void)in, (void)n_in, (void)mapped, (void)lanes;
    const vn__sliding *const s = attr;
    const int64_t bytes = vn__sliding_pixels(s->y, s->n) * vn__sliding_pixels(s->k, s->n) *
                          (int64_t)sizeof(int32_t);
    return bytes <= PREPARED_TABLE ? (size_t)bytes : 0;
}

void vn__pool_prepare(void *memory, const vn_eval *e)
{
    const vn__sliding *const s = e->attr;
    int64_t from;
    const int64_t end = vn__eval_share(&from, e, vn__sliding_pixels(s->y, s->n));
    vn__sliding_table((int32_t *)memory + from * vn__sliding_pixels(s->k, s->n), s, false, from,
                      end - from);
}

/* Channels; operands that lanes share would be spread by every part. */
int64_t vn__pool_parts(const void *attr, const vn_aval in[], const bool mapped[], int64_t lanes,
                       bool sum)
{
    const vn__sliding *const s = attr;
    const vn_shape shape = in[0].shape;
    if (sum || (lanes > 1 && !mapped[0]))
        return 1;
    return vn__parts_of_bytes(vn_shape_size(shape) * lanes *
                                  (int64_t)vn_dtype_size(in[0].dtype),
                              vn__span(shape, 0, shape.rank - (int)s->n));
}

size_t vn__pool_scratch(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                        int64_t lanes)
{
    const vn__sliding *const s = attr;
    return table_offset(in, n_in, mapped, lanes) +
           (size_t)vn__sliding_table_bytes(s, vn__sliding_pixels(s->y, s->n));
}

bool vn__pool_pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[],
                   int n_in, const int axis[])
{
    const vn__sliding *const s = attr;
    for (int i = 0; i < n_in; i++)
        if (axis[i] < 0 || axis[i] != axis[0] || axis[i] >= in[i].shape.rank - (int)s->n)
            return false;
    *(vn__sliding *)attr_out = *s;
    *out_axis = axis[0];
    return true;
}

static int32_t *table_in(const vn_eval *e)
{
    char *const scratch = e->scratch;
    return (int32_t *)(void *)(scratch +
                               table_offset(e->in_aval, e->n_in, e->mapped, e->lanes));
}

/* Is every pixel of x under exactly one tap? */
static bool each_once(const vn__sliding *s)
{
    for (int64_t d = 0; d < s->n; d++)
        if (s->stride[d] != s->k[d] || s->pad_lo[d] != 0 || s->x[d] != s->y[d] * s->k[d])
            return false;
    return true;
}

/* Bytes of a channel. */
static int64_t channel_bytes(const vn_aval *aval, const vn_eval *e)
{
    const vn__sliding *const s = e->attr;
    const int rank = aval->shape.rank;
    return vn__span(aval->shape, rank - (int)s->n, rank) * e->lanes *
           (int64_t)vn_dtype_size(aval->dtype);
}

/* The channels of this part, in all operands and in the result. */
static void take_channels(vn__pool_walk *walk, const vn_eval *e)
{
    int64_t from;
    const int64_t end = vn__eval_share(&from, e, walk->window.channels);
    walk->window.channels = end - from;
    walk->out = (char *)e->out[0] + from * channel_bytes(&e->out_aval[0], e);
    for (int i = 0; i < e->n_in; i++)
        walk->operand[i] =
            (const char *)walk->operand[i] + from * channel_bytes(&e->in_aval[i], e);
}

vn__pool_walk vn__pool_start(const vn_eval *e)
{
    const vn__sliding *const s = e->attr;
    const int64_t x_pixels = vn__sliding_pixels(s->x, s->n);
    const int64_t y_pixels = vn__sliding_pixels(s->y, s->n), lanes = e->lanes;
    vn__pool_walk walk = {
        .s = s,
        .block = e->prepared ? y_pixels : vn__sliding_block(s, y_pixels),
        .size = (int64_t)vn_dtype_size(e->in_aval[0].dtype),
        .table = e->prepared ? NULL : table_in(e),
    };
    vn__lanes_operands(walk.operand, e);
    walk.window = (vn__window){
        .tap = e->prepared ? e->prepared : walk.table,
        .taps = vn__sliding_pixels(s->k, s->n),
        .lanes = lanes,
        .channels = vn__span(e->in_aval[0].shape, 0, e->in_aval[0].shape.rank - (int)s->n),
        .x_channel = x_pixels * lanes,
        .x_pixel = lanes,
        .y_channel = y_pixels * lanes,
        .y_pixel = lanes,
        .once = each_once(s),
    };
    take_channels(&walk, e);
    return walk;
}

vn__pool_walk vn__pool_start_grad(const vn_eval *e)
{
    const vn__pool_walk walk = vn__pool_start(e);
    if (!walk.window.once)
        memset(walk.out, 0, (size_t)(walk.window.channels * channel_bytes(&e->out_aval[0], e)));
    return walk;
}

bool vn__pool_next(vn__pool_walk *walk)
{
    const int64_t pixels = vn__sliding_pixels(walk->s->y, walk->s->n);
    walk->first += walk->window.pixels;
    if (walk->first >= pixels)
        return false;
    walk->window.pixels =
        pixels - walk->first < walk->block ? pixels - walk->first : walk->block;
    walk->offset = walk->first * walk->window.lanes * walk->size;
    if (walk->table)
        vn__sliding_table(walk->table, walk->s, false, walk->first, walk->window.pixels);
    return true;
}

void vn__pool_rows(void *y, const void *x, const vn__window *w, const vn_eval *e, int reduce,
                   int binary)
{
    const vn_dtype dtype = e->in_aval[0].dtype;
    const int64_t size = (int64_t)vn_dtype_size(dtype), lanes = w->lanes;
    for (int64_t c = 0; c < w->channels; c++)
        for (int64_t q = 0; q < w->pixels; q++) {
            char *const to = (char *)y + (c * w->y_channel + q * w->y_pixel) * size;
            e->kernels->reduce[dtype][reduce](to, x, 1, 0, lanes, false); /* the identity */
            for (int64_t t = 0; t < w->taps; t++) {
                const int64_t p = w->tap[q * w->taps + t];
                const char *const from =
                    (const char *)x + (c * w->x_channel + p * w->x_pixel) * size;
                if (p >= 0)
                    vn__binary_row(e->kernels->binary[dtype][binary], to, to, from, lanes);
            }
        }
}
