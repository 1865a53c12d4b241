/* SPDX-License-Identifier: MIT */
/* Evaluation of conv and conv_input_grad, which are one loop: for each destination pixel, the
 * sum over taps and source channels of W times a source pixel. Back, the roles of x and y and
 * of the channels of W are exchanged.
 *
 *   lanes, w plain   phase by phase and band by band (conv_view.h), W packed once for all tiles
 *                    (prepare); or by a provider
 *   lanes, w mapped  a convolution in each lane (conv_lanes.c)
 *   one example      strips of its rows in the lanes (conv_strips.c), or a product with columns
 *                    (conv_single.c) */
#include <string.h>

#include "core/ops/conv_view.h"

typedef struct roles {
    bool back;
    int64_t groups, m, channels, taps, src_pixels, dst_pixels; /* m: destination channels */
    int64_t w_row, w_channel; /* strides of W(m, t, c); tap: 1 */
    int64_t phases;
    const vn__sliding *s;
    const vn__real_kernels *real;
    int64_t size;
} roles;

static roles roles_of(const vn__sliding *s, const vn_aval in[], bool back,
                      const vn__kernels *kernels)
{
    const vn_aval *const w = &in[back ? 0 : 1], *const src = &in[back ? 1 : 0];
    const int64_t x_channels = back ? w->shape.dim[1] * s->groups : src->shape.dim[0];
    const vn__conv_sizes z = vn__conv_sizes_of(s, x_channels, w->shape.dim[0]);
    return (roles){
        .back = back,
        .groups = z.groups,
        .taps = z.taps,
        .phases = vn__conv_phases(s, back),
        .s = s,
        .m = back ? z.in : z.out,
        .channels = back ? z.out : z.in,
        .src_pixels = back ? z.y_pixels : z.x_pixels,
        .dst_pixels = back ? z.x_pixels : z.y_pixels,
        .w_row = back ? z.taps : z.in * z.taps,
        .w_channel = back ? z.in * z.taps : z.taps,
        .real = kernels->real[w->dtype],
        .size = (int64_t)vn_dtype_size(w->dtype),
    };
}

static vn__conv_sizes sizes_of(const roles *r)
{
    const int64_t x = r->groups * (r->back ? r->m : r->channels);
    return vn__conv_sizes_of(r->s, x, r->groups * (r->back ? r->channels : r->m));
}

static vn__conv_view phase_of(const roles *r, int64_t phase, int64_t lanes)
{
    vn__conv_view v;
    vn__conv_view_of(&v, r->s, r->back, phase, r->channels, r->m, lanes, r->size, false);
    return v;
}

/* ---------------------------------------------------------------------------------- parts */

#define PART_ROWS 2 /* of a part at least: a patch of Winograd's has two */

int64_t vn__conv_product_parts(const void *attr, const vn_aval in[], const bool mapped[],
                               int64_t lanes, bool back)
{
    const vn__sliding *const s = attr;
    const vn_shape w = in[back ? 0 : 1].shape;
    const vn__conv_sizes z = vn__conv_sizes_of(s, w.dim[1] * s->groups, w.dim[0]);
    const double flops = vn__conv_flops(&z) * (double)lanes;
    if (lanes == 1)
        return vn__conv_in_strips(s, &z, back)
                   ? vn__parts_of_flops(flops, vn__conv_strips_parts(s, back))
                   : vn__conv_single_parts(&z, back ? VN__CONV_X : VN__CONV_Y);
    if (mapped[back ? 0 : 1] || !mapped[back ? 1 : 0] ||
        vn__conv_onednn_prepare_size(attr, in, mapped, lanes, back) > 0)
        return 1;
    return vn__parts_of_flops(flops, (back ? s->x[0] : s->y[0]) / PART_ROWS);
}

/* ------------------------------------------------------------------------- packed weights
 * Of each phase and group in turn; behind them room for the weights of one group in the order
 * of the phase's columns, and for its tables. */

static int64_t pack_bytes(const roles *r, const vn__view *view)
{
    return vn__conv_aligned(r->real->pack_size(r->m, view->runs * view->length));
}

static int64_t packed_bytes(const roles *r)
{
    int64_t bytes = 0;
    for (int64_t p = 0; p < r->phases; p++) {
        const vn__conv_view v = phase_of(r, p, 16);
        bytes += r->groups * pack_bytes(r, &v.view);
    }
    return bytes;
}

static int64_t prepare_bytes(const roles *r)
{
    int64_t tables = 0;
    for (int64_t p = 0; p < r->phases; p++) {
        const vn__conv_view v = phase_of(r, p, 16);
        const int64_t bytes = vn__conv_view_bytes(&v);
        tables = bytes > tables ? bytes : tables;
    }
    return packed_bytes(r) + tables + vn__conv_aligned(r->m * r->channels * r->taps * r->size);
}

/* to[i][k] = w[i * w_row + target[k]] */
static void order_columns(char *to, const char *w, const roles *r, const vn__view *view)
{
    const int64_t k = view->runs * view->length;
    for (int64_t i = 0; i < r->m; i++)
        for (int64_t j = 0; j < k; j++, to += r->size)
            memcpy(to, w + (i * r->w_row + view->target[j]) * r->size, (size_t)r->size);
}

static void pack_phase(char *packed, char *room, const char *w, const roles *r, int64_t phase)
{
    vn__conv_view v = phase_of(r, phase, 16);
    vn__conv_view_tables(&v, &room, r->s, r->w_channel);
    const int64_t k = v.view.runs * v.view.length, bytes = pack_bytes(r, &v.view);
    for (int64_t g = 0; g < r->groups; g++) {
        order_columns(room, w + g * r->m * r->channels * r->taps * r->size, r, &v.view);
        r->real->pack(packed + g * bytes, room, k, 0, 1, r->m, 1, k);
    }
}

static void pack_all(char *packed, const char *w, const roles *r)
{
    char *const room = packed + packed_bytes(r);
    for (int64_t p = 0; p < r->phases; p++) {
        const vn__conv_view v = phase_of(r, p, 16);
        pack_phase(packed, room, w, r, p);
        packed += r->groups * pack_bytes(r, &v.view);
    }
}

/* ------------------------------------------------------------------------------- product */

typedef struct operands {
    char *dst;
    const char *src, *packed;
    const vn__epilogue *epilogue; /* NULL: none */
} operands;

/* One group of a band: dst and the epilogue's mask are at its first pixel. */
static void group_product(const roles *r, const vn__conv_view *v, const operands *o, int64_t g,
                          int64_t row, int64_t pixel)
{
    const int64_t channel = v->view.y_channel * r->size;
    const int64_t at = g * r->m * channel + pixel * v->view.y_pixel * r->size;
    vn__epilogue end = o->epilogue ? *o->epilogue : (vn__epilogue){ 0 };
    if (end.bias)
        end.bias = (const char *)end.bias + g * r->m * r->size;
    if (end.mask)
        end.mask = (const char *)end.mask + at;
    const int64_t src = g * r->channels * r->src_pixels * v->lanes * r->size;
    r->real->conv(o->dst + at, o->packed + g * pack_bytes(r, &v->view),
                  vn__conv_image(v, row, o->src + src), &v->view, &end);
}

/* All bands, or the share of a part. */
static void product_lanes(const vn_eval *e, const roles *r, operands *o, char *scratch)
{
    for (int64_t p = 0; p < r->phases; p++) {
        vn__conv_view v = phase_of(r, p, e->lanes);
        char *cursor = scratch;
        int64_t band;
        vn__conv_view_cut(&v, e->parts);
        const int64_t end = vn__eval_share(&band, e, vn__conv_bands(&v));
        if (band < end)
            vn__conv_view_tables(&v, &cursor, r->s, r->w_channel);
        for (; band < end; band++) {
            const int64_t row = band * v.rows, pixel = vn__conv_band(&v, row);
            for (int64_t g = 0; g < r->groups; g++)
                group_product(r, &v, o, g, row, pixel);
        }
        o->packed += r->groups * pack_bytes(r, &v.view);
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
        vn__conv_single(operand, dst, true, &z, e);
}

/* The epilogue in passes of its own. */
static void end_rows(const vn_eval *e, const roles *r)
{
    const vn__epilogue *const end = e->epilogue;
    const vn_dtype dtype = e->in_aval[0].dtype;
    if (!end)
        return;
    vn__binary_fn *const *const binary = e->kernels->binary[dtype];
    const int64_t row = r->dst_pixels * e->lanes, bytes = row * r->size;
    for (int64_t i = 0; i < r->groups * r->m; i++) {
        char *const y = (char *)e->out[0] + i * bytes;
        const char *const mask = end->mask ? (const char *)end->mask + i * bytes : NULL;
        if (end->bias)
            binary[VN__BINARY_add](
                y, row,
                (vn__in[]){ { y, row, 1 }, { (const char *)end->bias + i * r->size, 0, 0 } }, 1,
                row);
        if (end->unary)
            e->kernels->unary[dtype][end->unary - 1](y, y, row);
        if (mask)
            vn__binary_row(binary[end->gate ? end->gate - 1 : VN__BINARY_relu_grad], y, mask, y,
                           row);
    }
}

/* One example whose image is worth cutting into strips. */
static bool in_strips(const roles *r, int64_t lanes)
{
    const vn__conv_sizes z = sizes_of(r);
    return lanes == 1 && vn__conv_in_strips(r->s, &z, r->back);
}

void vn__conv_product(const vn_eval *e, bool back)
{
    const roles r = roles_of(e->attr, e->in_aval, back, e->kernels);
    const int w = back ? 0 : 1;
    if (in_strips(&r, e->lanes)) {
        vn__conv_strips_product(e, back);
        return;
    }
    if (vn__conv_winograd(e->setup)) {
        vn__conv_winograd_product(e, back);
        return;
    }
    if (vn__conv_onednn(e->setup)) {
        if (!vn__conv_onednn_product(e, back))
            product_of_each(e, &r);
        end_rows(e, &r);
        return;
    }
    if (e->lanes == 1 || e->mapped[w]) {
        product_of_each(e, &r);
        return;
    }
    char *cursor = e->scratch;
    operands o = { e->out[0], e->in[1 - w], e->prepared, e->epilogue };
    if (!o.packed) {
        char *const packed = vn__conv_reserve(&cursor, prepare_bytes(&r));
        pack_all(packed, e->in[w], &r);
        o.packed = packed;
    }
    product_lanes(e, &r, &o, cursor);
}

static int64_t most(int64_t a, int64_t b, int64_t c)
{
    const int64_t ab = a > b ? a : b;
    return ab > c ? ab : c;
}

size_t vn__conv_prepare_size(const void *attr, const vn_aval in[], const bool mapped[],
                             int64_t lanes, bool back)
{
    if (mapped[back ? 0 : 1])
        return 0;
    const roles r = roles_of(attr, in, back, vn__kernels_get());
    const vn__conv_sizes z = sizes_of(&r);
    if (in_strips(&r, lanes))
        return vn__conv_strips_prepare_size(attr, in, back);
    if (lanes == 1)
        return back ? 0 : vn__conv_single_prepare_size(r.s, &z, in[0].dtype);
    return (size_t)most(prepare_bytes(&r),
                        vn__conv_winograd_prepare_size(attr, in, mapped, lanes, back),
                        vn__conv_onednn_prepare_size(attr, in, mapped, lanes, back));
}

void vn__conv_prepare(void *memory, const vn_eval *e, bool back)
{
    const roles r = roles_of(e->attr, e->in_aval, back, e->kernels);
    if (e->parts > 1 && e->part > 0) /* all parts read all of it */
        return;
    const vn__conv_sizes z = sizes_of(&r);
    if (in_strips(&r, e->lanes))
        vn__conv_strips_prepare(memory, e, back);
    else if (e->lanes == 1)
        vn__conv_single_prepare(memory, e->in[1], r.s, &z, e->in_aval[0].dtype);
    else if (vn__conv_winograd(e->setup))
        vn__conv_winograd_prepare(memory, e, back);
    else if (vn__conv_onednn(e->setup))
        vn__conv_onednn_prepare(memory, e, back);
    else
        pack_all(memory, e->in[back ? 0 : 1], &r);
}

/* With plain weights, a bias by output channel. */
bool vn__conv_takes_epilogue(const void *attr, const vn_aval in[], const bool mapped[],
                             int64_t lanes, const vn_aval *bias, bool back)
{
    const int w = back ? 0 : 1;
    const vn_shape weight = in[w].shape;
    const roles r = roles_of(attr, in, back, vn__kernels_get());
    if (mapped[w] || !mapped[1 - w] || (lanes == 1 && !in_strips(&r, lanes)))
        return false;
    if (!bias)
        return true;
    const vn_shape b = bias->shape;
    return !back && b.rank == weight.rank - 1 && b.dim[0] == weight.dim[0] &&
           vn_shape_size(b) == b.dim[0];
}

size_t vn__conv_product_scratch(const void *attr, const vn_aval in[], const bool mapped[],
                                int64_t lanes, bool back)
{
    const roles r = roles_of(attr, in, back, vn__kernels_get());
    const vn__conv_sizes z = sizes_of(&r);
    if (in_strips(&r, lanes))
        return vn__conv_strips_product_scratch(attr, in, back);
    if (lanes == 1)
        return vn__conv_single_scratch(r.s, &z, in[0].dtype, back ? VN__CONV_X : VN__CONV_Y);
    if (mapped && mapped[back ? 0 : 1])
        return (size_t)(vn__sliding_table_bytes(r.s, z.y_pixels) + 256 +
                        r.groups * r.channels * r.src_pixels * lanes * r.size);
    int64_t view = 0;
    for (int64_t p = 0; p < r.phases; p++) {
        const vn__conv_view v = phase_of(&r, p, lanes);
        const int64_t bytes = vn__conv_view_bytes(&v);
        view = bytes > view ? bytes : view;
    }
    return (size_t)most(view + 64 + prepare_bytes(&r),
                        vn__conv_winograd_product_scratch(attr, in, mapped, lanes, back),
                        vn__conv_onednn_product_scratch(attr, in, mapped, lanes, back));
}
