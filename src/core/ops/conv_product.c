/* SPDX-License-Identifier: MIT */
/* Evaluation of conv and conv_input_grad, which are one loop: for each destination pixel, the
 * sum over taps and source channels of W times the source pixel that a table names. Back, the
 * roles of x and y and of the channels of W are exchanged.
 *
 *   lanes, w plain   W packed; the kernel reads source pixels [L] through the table; both are
 *                    made once for all tiles (prepare)
 *   lanes, w mapped  a convolution in each lane (conv_lanes.c)
 *   one example      a product with columns (conv_single.c) */
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

static vn__conv_sizes sizes_of(const roles *r)
{
    const int64_t x = r->groups * (r->back ? r->m : r->channels);
    return vn__conv_sizes_of(r->s, x, r->groups * (r->back ? r->channels : r->m));
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

/* The operands by name; what is plain is repeated in the lanes. */
static void product_of_each(const vn_eval *e, const roles *r)
{
    char *cursor = e->scratch;
    const int w = r->back ? 0 : 1, src = r->back ? VN__CONV_Y : VN__CONV_X;
    const int dst = r->back ? VN__CONV_X : VN__CONV_Y;
    const vn__conv_sizes z = sizes_of(r);
    void *operand[3];
    operand[dst] = e->out[0];
    operand[VN__CONV_W] = vn__conv_in_lanes(&cursor, e, w);
    operand[src] = vn__conv_in_lanes(&cursor, e, 1 - w);
    if (e->lanes > 1)
        vn__conv_lanes(operand, dst, r->s, &z, e, cursor);
    else
        vn__conv_single(operand, dst, r->s, &z, e->in_aval[0].dtype, cursor);
}

void vn__conv_product(const vn_eval *e, bool back)
{
    const roles r = roles_of(e->attr, e->in_aval, back, e->kernels);
    const int w = back ? 0 : 1;
    if (e->lanes == 1 || e->mapped[w])
        product_of_each(e, &r);
    else
        product_lanes(&r, e->out[0], e->in[w], e->in[1 - w], e->lanes, e->prepared, e->scratch);
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
    const vn__conv_sizes z = sizes_of(&r);
    if (lanes == 1)
        return vn__conv_single_scratch(r.s, &z, in[0].dtype, back ? VN__CONV_X : VN__CONV_Y);
    const int64_t x = vn__sliding_table_bytes(r.s, z.x_pixels);
    const int64_t y = vn__sliding_table_bytes(r.s, z.y_pixels);
    const int64_t source = r.groups * r.channels * r.src_pixels * lanes * (int64_t)r.size;
    const bool in_lanes = mapped && mapped[back ? 0 : 1];
    return (size_t)((x > y ? x : y) + 256 + (in_lanes ? source : r.groups * r.pack_bytes));
}
