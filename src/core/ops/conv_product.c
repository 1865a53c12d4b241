/* SPDX-License-Identifier: MIT */
/* Evaluation of conv and conv_input_grad, which are one loop: for each destination pixel, the
 * sum over taps and source channels of W times the source pixel that a table names. Back, the
 * roles of x and y and of the channels of W are exchanged.
 *
 *   lanes, w plain   W packed; the kernel reads source pixels [L] through the table; both are
 *                    made once for all tiles (prepare)
 *   lanes, w mapped  a convolution in each lane (conv_lanes.c)
 *   one example      columns of a block of pixels, then a matrix product */
#include <string.h>

#include "core/ops/conv.h"

#define COLUMN_BYTES   (256 * 1024)       /* of a block of columns: fits L2 */
#define PREPARED_TABLE ((int64_t)4 << 20) /* bytes of the longest table that is kept */

typedef struct roles {
    bool back;
    int64_t groups, m, channels, taps, src_pixels, dst_pixels; /* m: destination channels */
    int64_t w_row, w_channel; /* strides of W(m, t, c); tap: 1 */
    const vn__sliding *s;
    const vn__real_kernels *real;
    size_t size;
    int64_t pack_bytes; /* of one group */
} roles;

static roles roles_of(const vn__sliding *s, const vn_aval in[], bool back,
                      const vn__kernels *kernels)
{
    const vn_aval *const w = &in[back ? 0 : 1], *const src = &in[back ? 1 : 0];
    const int64_t x_channels = back ? w->shape.dim[1] * s->groups : src->shape.dim[0];
    const vn__conv_sizes z = vn__conv_sizes_of(s, x_channels, w->shape.dim[0]);
    roles r = {
        .back = back,
        .groups = z.groups,
        .taps = z.taps,
        .s = s,
        .m = back ? z.in : z.out,
        .channels = back ? z.out : z.in,
        .src_pixels = back ? z.y_pixels : z.x_pixels,
        .dst_pixels = back ? z.x_pixels : z.y_pixels,
        .w_row = back ? z.taps : z.in * z.taps,
        .w_channel = back ? z.in * z.taps : z.taps,
        .real = kernels->real[w->dtype],
        .size = vn_dtype_size(w->dtype),
    };
    r.pack_bytes = (r.real->pack_size(r.m, r.taps * r.channels) + 63) & ~(int64_t)63;
    return r;
}

static void pack_groups(char *packed, const char *w, const roles *r)
{
    const int64_t group = r->m * r->channels * r->taps * (int64_t)r->size;
    for (int64_t g = 0; g < r->groups; g++)
        r->real->pack(packed + g * r->pack_bytes, w + g * group, r->w_row, 1, r->w_channel,
                      r->m, r->taps, r->channels);
}

/* What is prepared: the packed groups, then the table of all pixels if it is not too long. */
static int64_t whole_table_bytes(const roles *r)
{
    const int64_t bytes = r->dst_pixels * r->taps * (int64_t)sizeof(int32_t);
    return bytes <= PREPARED_TABLE ? bytes : 0;
}

static void product_lanes(const roles *r, void *dst, const void *w, const void *src,
                          int64_t lanes, const char *prepared, char *scratch)
{
    const int64_t packed_bytes = r->groups * r->pack_bytes, size = (int64_t)r->size;
    const bool whole = prepared && whole_table_bytes(r) > 0;
    const int64_t block = whole ? r->dst_pixels : vn__sliding_block(r->s, r->dst_pixels);
    int32_t *const table =
        vn__conv_reserve(&scratch, vn__sliding_table_bytes(r->s, r->dst_pixels));
    const char *const packed = prepared ? prepared : scratch;
    if (!prepared)
        pack_groups(scratch, w, r);
    vn__window window = {
        .tap = whole ? (const int32_t *)(const void *)(prepared + packed_bytes) : table,
        .taps = r->taps,
        .channels = r->channels,
        .outputs = r->m,
        .lanes = lanes,
        .x_channel = r->src_pixels * lanes,
        .x_pixel = lanes,
        .y_channel = r->dst_pixels * lanes,
        .y_pixel = lanes,
    };
    for (int64_t q = 0; q < r->dst_pixels; q += block) {
        window.pixels = r->dst_pixels - q < block ? r->dst_pixels - q : block;
        if (!whole)
            vn__sliding_table(table, r->s, r->back, q, window.pixels);
        for (int64_t g = 0; g < r->groups; g++)
            r->real->conv((char *)dst + (g * r->m * r->dst_pixels + q) * lanes * size,
                          packed + g * r->pack_bytes,
                          (const char *)src + g * r->channels * r->src_pixels * lanes * size,
                          &window, &(vn__epilogue){ 0 });
    }
}

/* Pixels of a block of columns, at most the block of a table. */
static int64_t column_block(const roles *r)
{
    const int64_t table = vn__sliding_block(r->s, r->dst_pixels);
    const int64_t fit = COLUMN_BYTES / (r->taps * r->channels * (int64_t)r->size + 1);
    const int64_t block = fit < 16 ? 16 : fit;
    return block < table ? block : table;
}

static void product_single(const roles *r, void *dst, const void *w, const void *src,
                           char *scratch)
{
    const int64_t block = column_block(r), size = (int64_t)r->size, k = r->taps * r->channels;
    int32_t *const table =
        vn__conv_reserve(&scratch, vn__sliding_table_bytes(r->s, r->dst_pixels));
    char *const packed = vn__conv_reserve(&scratch, r->groups * r->pack_bytes);
    void *const column = scratch;
    pack_groups(packed, w, r);
    for (int64_t q = 0; q < r->dst_pixels; q += block) {
        const int64_t count = r->dst_pixels - q < block ? r->dst_pixels - q : block;
        vn__sliding_table(table, r->s, r->back, q, count);
        for (int64_t g = 0; g < r->groups; g++) {
            vn__conv_columns(column, (const char *)src + g * r->channels * r->src_pixels * size,
                             r->src_pixels, table, r->taps, r->channels, r->channels, 1, count,
                             r->size);
            r->real->gemm_packed((char *)dst + (g * r->m * r->dst_pixels + q) * size,
                                 r->dst_pixels, packed + g * r->pack_bytes, column, count, r->m,
                                 count, k, &(vn__epilogue){ 0 });
        }
    }
}

/* W mapped: what is plain is repeated in the lanes. */
static void product_in_lanes(const vn_eval *e, const roles *r)
{
    char *cursor = e->scratch;
    const vn_aval *const w = &e->in_aval[r->back ? 0 : 1];
    const vn__conv_sizes z =
        vn__conv_sizes_of(r->s, r->groups * (r->back ? r->m : r->channels), w->shape.dim[0]);
    void *operand[3];
    operand[VN__CONV_W] = vn__conv_in_lanes(&cursor, e, r->back ? 0 : 1);
    operand[r->back ? VN__CONV_Y : VN__CONV_X] = vn__conv_in_lanes(&cursor, e, r->back ? 1 : 0);
    operand[r->back ? VN__CONV_X : VN__CONV_Y] = e->out[0];
    vn__conv_lanes(operand, r->back ? VN__CONV_X : VN__CONV_Y, r->s, &z, e, cursor);
}

void vn__conv_product(const vn_eval *e, bool back)
{
    const roles r = roles_of(e->attr, e->in_aval, back, e->kernels);
    const int w = back ? 0 : 1, src = back ? 1 : 0;
    if (e->lanes > 1 && e->mapped[w])
        product_in_lanes(e, &r);
    else if (e->lanes > 1)
        product_lanes(&r, e->out[0], e->in[w], e->in[src], e->lanes, e->prepared, e->scratch);
    else
        product_single(&r, e->out[0], e->in[w], e->in[src], e->scratch);
}

size_t vn__conv_prepare_size(const void *attr, const vn_aval in[], const bool mapped[],
                             bool back)
{
    if (mapped[back ? 0 : 1])
        return 0;
    const roles r = roles_of(attr, in, back, vn__kernels_get());
    return (size_t)(r.groups * r.pack_bytes + whole_table_bytes(&r));
}

void vn__conv_prepare(void *memory, const vn_eval *e, bool back)
{
    const roles r = roles_of(e->attr, e->in_aval, back, e->kernels);
    pack_groups(memory, e->in[back ? 0 : 1], &r);
    if (whole_table_bytes(&r) > 0)
        vn__sliding_table((int32_t *)(void *)((char *)memory + r.groups * r.pack_bytes), r.s,
                          back, 0, r.dst_pixels);
}

size_t vn__conv_product_scratch(const void *attr, const vn_aval in[], const bool mapped[],
                                int64_t lanes, bool back)
{
    const roles r = roles_of(attr, in, back, vn__kernels_get());
    const int64_t x_pixels = back ? r.dst_pixels : r.src_pixels;
    const int64_t y_pixels = back ? r.src_pixels : r.dst_pixels;
    int64_t bytes =
        vn__sliding_table_bytes(r.s, x_pixels > y_pixels ? x_pixels : y_pixels) + 256;
    if (lanes > 1 && mapped && mapped[back ? 0 : 1])
        return (size_t)(bytes + r.groups * r.channels * r.src_pixels * lanes * (int64_t)r.size);
    bytes += r.groups * r.pack_bytes;
    if (lanes == 1)
        bytes += column_block(&r) * r.taps * r.channels * (int64_t)r.size;
    return (size_t)bytes;
}
