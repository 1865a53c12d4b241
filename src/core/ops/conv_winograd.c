/* SPDX-License-Identifier: MIT */
/* Convolutions of 3 x 3 windows that move by one pixel, by the winograd kernels: of a panel,
 * with plain weights, whose points are made once for all tiles (prepare). Back, the window is
 * turned round. */
#include "core/ops/conv.h"
#include "kernels/provider.h"

/* ---------------------------------------------------------------------------- the choice */

static bool takes(const vn__sliding *s)
{
    bool all = s->n == 2;
    for (int d = 0; d < 2 && all; d++)
        all = s->k[d] == 3 && s->stride[d] == 1 && s->dilation[d] == 1 &&
              s->lhs_dilation[d] == 1 && s->x[d] > 0 && s->y[d] > 0;
    return all;
}

/* Pixels and taps that do not meet padding, along one axis. */
static int64_t meetings(const vn__sliding *s, int d)
{
    int64_t n = 0;
    for (int64_t tap = 0; tap < 3; tap++) {
        const int64_t first = s->pad_lo[d] - tap, end = s->x[d] + first;
        const int64_t from = first > 0 ? first : 0, to = end < s->y[d] ? end : s->y[d];
        n += to > from ? to - from : 0;
    }
    return n;
}

/* In multiply-adds: what the points of a patch and of a quad cost for each channel, and how
 * much slower the short sums of small channels are. Clear of the direct kernel by a tenth,
 * since that rounds less. */
static bool pays(const vn__sliding *s, int64_t in, int64_t out)
{
    enum { TRANSFORM = 48, SHORT = 8 };
    const double quads = (double)(((s->y[0] + 1) / 2) * ((s->y[1] + 1) / 2));
    const double a = (double)in, b = (double)out;
    const double direct = (double)(meetings(s, 0) * meetings(s, 1)) * a * b;
    const double ours = quads * (16 * a * (b + SHORT) + TRANSFORM * (a + b));
    return a >= 8 && b >= 8 && 1.1 * ours < direct;
}

bool vn__conv_by_winograd(const vn__sliding *s, int64_t lanes, int64_t x_channels,
                          int64_t y_channels)
{
    const vn__use use = vn__use_get(VN__WINOGRAD);
    if (use == VN__NEVER || lanes == 1 || !takes(s))
        return false;
    return use == VN__ALWAYS || (vn__use_get(VN__ONEDNN) != VN__ALWAYS &&
                                 pays(s, x_channels / s->groups, y_channels / s->groups));
}

/* -------------------------------------------------------------------- a group of channels */

/* Of one group of channels: the window, and the bytes of its weights and of its images in a
 * panel. w_row, w_channel: strides of W(o, c), o and c as the product has them. */
typedef struct work {
    vn__window3 window;
    const vn__real_kernels *real;
    int64_t groups, size, w_row, w_channel;
    int64_t w_bytes, x_bytes, y_bytes;
    bool back;
} work;

static work work_of(const vn__sliding *s, int64_t x_channels, int64_t y_channels,
                    vn_dtype dtype, int64_t lanes, bool back, const vn__kernels *kernels)
{
    const vn__conv_sizes z = vn__conv_sizes_of(s, x_channels, y_channels);
    work w = { .real = kernels->real[dtype],
               .groups = z.groups,
               .size = (int64_t)vn_dtype_size(dtype),
               .w_row = back ? 9 : 9 * z.in,
               .w_channel = back ? 9 * z.in : 9,
               .back = back };
    vn__window3 *const v = &w.window;
    v->channels = back ? z.out : z.in;
    v->outputs = back ? z.in : z.out;
    v->lanes = lanes;
    for (int d = 0; d < 2; d++) {
        v->x[d] = back ? s->y[d] : s->x[d];
        v->y[d] = back ? s->x[d] : s->y[d];
        v->low[d] = back ? 2 - s->pad_lo[d] : s->pad_lo[d];
    }
    v->y_channel = v->y[0] * v->y[1] * lanes;
    w.w_bytes = z.out * z.in * 9 * w.size;
    w.x_bytes = v->channels * v->x[0] * v->x[1] * lanes * w.size;
    w.y_bytes = v->outputs * v->y_channel * w.size;
    return w;
}

/* ------------------------------------------------------------------------------- product */

/* in = x, w, or w, gy: back */
static work product_of(const vn__sliding *s, const vn_aval in[], int64_t lanes, bool back,
                       const vn__kernels *kernels)
{
    const vn_aval *const w = &in[back ? 0 : 1];
    return work_of(s, w->shape.dim[1] * s->groups, w->shape.dim[0], w->dtype, lanes, back,
                   kernels);
}

static int64_t packed_bytes(const work *w)
{
    return vn__conv_aligned(w->real->winograd_pack_size(w->window.outputs, w->window.channels));
}

static void pack(char *packed, const char *weights, const work *w)
{
    const vn__window3 *const v = &w->window;
    for (int64_t g = 0; g < w->groups; g++)
        w->real->winograd_pack(packed + g * packed_bytes(w), weights + g * w->w_bytes, w->w_row,
                               w->w_channel, w->back, v->outputs, v->channels);
}

static bool wanted(const vn__sliding *s, const vn_aval in[], const bool mapped[], int64_t lanes,
                   bool back)
{
    const vn_shape w = in[back ? 0 : 1].shape;
    return mapped && !mapped[back ? 0 : 1] && mapped[back ? 1 : 0] &&
           vn__conv_by_winograd(s, lanes, w.dim[1] * s->groups, w.dim[0]);
}

bool vn__conv_winograd_takes(const vn_eval *e, bool back)
{
    return wanted(e->attr, e->in_aval, e->mapped, e->lanes, back);
}

void vn__conv_winograd_prepare(void *memory, const vn_eval *e, bool back)
{
    const work w = product_of(e->attr, e->in_aval, e->lanes, back, e->kernels);
    pack(memory, e->in[back ? 0 : 1], &w);
}

int64_t vn__conv_winograd_prepare_size(const void *attr, const vn_aval in[],
                                       const bool mapped[], int64_t lanes, bool back)
{
    if (!wanted(attr, in, mapped, lanes, back))
        return 0;
    const work w = product_of(attr, in, lanes, back, vn__kernels_get());
    return w.groups * packed_bytes(&w);
}

int64_t vn__conv_winograd_product_scratch(const void *attr, const vn_aval in[],
                                          const bool mapped[], int64_t lanes, bool back)
{
    if (!wanted(attr, in, mapped, lanes, back))
        return 0;
    const work w = product_of(attr, in, lanes, back, vn__kernels_get());
    return w.groups * packed_bytes(&w) + w.real->winograd_scratch(&w.window) + 64;
}

/* Whole quads of rows: all of them, or the share of a part. Bytes before the first. */
static int64_t take_rows(vn__window3 *v, const vn_eval *e, int64_t size)
{
    int64_t first;
    const int64_t end = 2 * vn__eval_share(&first, e, (v->y[0] + 1) / 2);
    first *= 2;
    v->y[0] = (end < v->y[0] ? end : v->y[0]) - first;
    v->low[0] -= first;
    return first * v->y[1] * v->lanes * size;
}

void vn__conv_winograd_product(const vn_eval *e, bool back)
{
    work w = product_of(e->attr, e->in_aval, e->lanes, back, e->kernels);
    vn__window3 *const v = &w.window;
    char *cursor = e->scratch;
    const char *packed = e->prepared;
    if (!packed) {
        char *const own = vn__conv_reserve(&cursor, w.groups * packed_bytes(&w));
        pack(own, e->in[back ? 0 : 1], &w);
        packed = own;
    }
    const int64_t before = take_rows(v, e, w.size);
    for (int64_t g = 0; g < w.groups; g++) {
        vn__epilogue end = e->epilogue ? *e->epilogue : (vn__epilogue){ 0 };
        if (end.bias)
            end.bias = (const char *)end.bias + g * v->outputs * w.size;
        if (end.mask)
            end.mask = (const char *)end.mask + g * w.y_bytes + before;
        w.real->winograd((char *)e->out[0] + g * w.y_bytes + before,
                         packed + g * packed_bytes(&w),
                         (const char *)e->in[back ? 1 : 0] + g * w.x_bytes, v, &end, cursor);
    }
}

/* ----------------------------------------------------------------------- weight gradient */

/* in = x, gy */
static work gradient_of(const vn__sliding *s, const vn_aval in[], int64_t lanes,
                        const vn__kernels *kernels)
{
    return work_of(s, in[0].shape.dim[0], in[1].shape.dim[0], in[0].dtype, lanes, false,
                   kernels);
}

int64_t vn__conv_winograd_sum_scratch(const void *attr, const vn_aval in[], int64_t lanes)
{
    if (!vn__conv_by_winograd(attr, lanes, in[0].shape.dim[0], in[1].shape.dim[0]))
        return 0;
    const work w = gradient_of(attr, in, lanes, vn__kernels_get());
    return w.real->winograd_sums_size(w.window.outputs, w.window.channels) +
           w.real->winograd_grad_scratch(&w.window) + 128;
}

void vn__conv_winograd_sum(const vn_eval *e, const vn__conv_panels *p, char *scratch)
{
    work w = gradient_of(e->attr, e->in_aval, e->lanes, e->kernels);
    vn__window3 *const v = &w.window;
    const int64_t of_group = v->outputs, image = v->y_channel * w.size;
    const int64_t filter = v->channels * 9 * w.size;
    void *const sums =
        vn__conv_reserve(&scratch, w.real->winograd_sums_size(of_group, v->channels));
    v->outputs = p->step;
    for (int64_t o = 0; o < p->count; o += p->step) {
        const int64_t group = (p->first + o) / of_group;
        for (int64_t t = 0; t < e->panels; t++)
            w.real->winograd_sums(sums, vn__conv_panel(p, e, 1, t) + o * image,
                                  vn__conv_panel(p, e, 0, t) + group * w.x_bytes, v, t == 0,
                                  scratch);
        if (e->panels > 0)
            w.real->winograd_grad((char *)e->out[0] + (p->first + o) * filter, sums, p->step,
                                  v->channels);
    }
}
