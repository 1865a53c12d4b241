/* SPDX-License-Identifier: MIT */
/* The three products of a convolution by oneDNN: the lanes of a panel are its batch. Images are
 * transposed at the border, from [channel][pixel][lane] to [lane][pixel][channel] and back;
 * plain weights go into oneDNN's layout once for all tiles (prepare), weight gradients come out
 * of it once a panel.
 *
 * One panel is one call on one thread, so the bits do not depend on the number of threads. */
#include <string.h>

#include "core/ops/conv.h"
#include "kernels/onednn/onednn.h"
#include "kernels/provider.h"

/* ---------------------------------------------------------------------------- the choice */

/* Where measured shapes are clearly faster, border included: on AVX-512, 3 x 3 windows between
 * 256 channels by a tenth, between 512 by a quarter; between 128 by less than it varies. */
static bool is_faster(const vn__onednn_shape *s, const vn__kernels *kernels)
{
    const int64_t in = s->x_channels / s->groups, out = s->y_channels / s->groups;
    int64_t taps = 1;
    for (int d = 0; d < s->axes; d++)
        taps *= s->window[d];
    return strcmp(kernels->name, "avx512") == 0 && in >= 256 && out >= 256 && taps >= 9;
}

static bool is_wanted(const vn__onednn_shape *s)
{
    const vn__use use = vn__use_get(VN__ONEDNN);
    return use == VN__ALWAYS || (use == VN__AUTO && is_faster(s, vn__kernels_get()));
}

static void fill(vn__onednn_shape *o, const vn__sliding *s, vn__onednn_kind kind, int64_t lanes,
                 int64_t x_channels, int64_t y_channels)
{
    memset(o, 0, sizeof *o);
    o->kind = kind;
    o->axes = (int)s->n;
    o->batch = lanes;
    o->groups = s->groups;
    o->x_channels = x_channels;
    o->y_channels = y_channels;
    const size_t bytes = (size_t)s->n * sizeof *s->x;
    memcpy(o->x, s->x, bytes);
    memcpy(o->y, s->y, bytes);
    memcpy(o->window, s->k, bytes);
    memcpy(o->stride, s->stride, bytes);
    memcpy(o->dilation, s->dilation, bytes);
    memcpy(o->before, s->pad_lo, bytes);
    memcpy(o->after, s->pad_hi, bytes);
}

static const vn__onednn_conv *conv_of(const vn__sliding *s, vn_dtype dtype,
                                      vn__onednn_kind kind, int64_t lanes, int64_t x_channels,
                                      int64_t y_channels)
{
    vn__onednn_shape shape;
    if (dtype != VN_F32 || lanes == 1 || s->n > VN__ONEDNN_AXES ||
        vn__use_get(VN__ONEDNN) == VN__NEVER ||
        vn__conv_by_winograd(s, lanes, x_channels, y_channels))
        return NULL;
    for (int64_t d = 0; d < s->n; d++)
        if (s->lhs_dilation[d] != 1)
            return NULL;
    fill(&shape, s, kind, lanes, x_channels, y_channels);
    return is_wanted(&shape) ? vn__onednn_conv_of(&shape) : NULL;
}

/* conv: in = x, w; conv_input_grad (back): in = w, gy. */
static const vn__onednn_conv *product_of(const void *attr, const vn_aval in[],
                                         const bool mapped[], int64_t lanes, bool back)
{
    const vn__sliding *const s = attr;
    const vn_shape w = in[back ? 0 : 1].shape;
    if (!mapped || mapped[back ? 0 : 1] || !mapped[back ? 1 : 0])
        return NULL;
    return conv_of(s, in[0].dtype, back ? VN__ONEDNN_INPUT_GRAD : VN__ONEDNN_FORWARD, lanes,
                   w.dim[1] * s->groups, w.dim[0]);
}

/* in = x, gy */
static const vn__onednn_conv *weight_of(const void *attr, const vn_aval in[],
                                        const bool mapped[], int64_t lanes)
{
    if (!mapped || !mapped[0] || !mapped[1])
        return NULL;
    return conv_of(attr, in[0].dtype, VN__ONEDNN_WEIGHT_GRAD, lanes, in[0].shape.dim[0],
                   in[1].shape.dim[0]);
}

const vn__onednn_conv *vn__conv_onednn_product_of(const vn_eval *e, bool back)
{
    return product_of(e->attr, e->in_aval, e->mapped, e->lanes, back);
}

const vn__onednn_conv *vn__conv_onednn_weight_of(const vn_eval *e)
{
    return weight_of(e->attr, e->in_aval, e->mapped, e->lanes);
}

/* ---------------------------------------------------------------------------- the border */

typedef struct image {
    int64_t channels, pixels, lanes;
} image;

static image image_of(const vn_aval *aval, int64_t lanes)
{
    return (image){ aval->shape.dim[0],
                    vn_shape_size(aval->shape) / aval->shape.dim[0], lanes };
}

static int64_t image_bytes(const vn_aval *aval, int64_t lanes)
{
    return vn__conv_aligned(vn_shape_size(aval->shape) * lanes * (int64_t)sizeof(float));
}

/* Some channels of some pixels at a time: each channel and each lane is a stream of memory of
 * its own, and they are far apart. */
#define CHANNELS 64
#define PIXELS   16

/* last[lane][pixel][channel] from first[channel][pixel][lane], or back. */
static void block(float *last, float *first, bool back, const image *i, int64_t c, int64_t p,
                  const vn__kernels *k)
{
    const int64_t of_channel = i->pixels * i->lanes, of_lane = i->pixels * i->channels;
    const int64_t channels = i->channels - c < CHANNELS ? i->channels - c : CHANNELS;
    const int64_t end = i->pixels - p < PIXELS ? i->pixels : p + PIXELS;
    const int64_t size = (int64_t)sizeof(float);
    for (; p < end; p++) {
        float *const a = last + p * i->channels + c, *const b = first + c * of_channel +
                                                                p * i->lanes;
        if (back)
            k->copy(b, of_channel, 1, a, 1, of_lane, channels, i->lanes, size);
        else
            k->copy(a, 1, of_lane, b, of_channel, 1, channels, i->lanes, size);
    }
}

static void transpose(float *last, float *first, bool back, const image *i,
                      const vn__kernels *k)
{
    for (int64_t p = 0; p < i->pixels; p += PIXELS)
        for (int64_t c = 0; c < i->channels; c += CHANNELS)
            block(last, first, back, i, c, p, k);
}

static void to_last(float *to, const void *from, const image *i, const vn__kernels *k)
{
    transpose(to, (void *)(uintptr_t)from, false, i, k);
}

static void from_last(void *to, float *from, const image *i, const vn__kernels *k)
{
    transpose(from, to, true, i, k);
}

/* ------------------------------------------------------------------------------ products */

#define FLAG 64 /* bytes before prepared weights: not 0 if they are there */

void vn__conv_onednn_prepare(void *memory, const vn_eval *e, bool back)
{
    const vn__onednn_conv *const conv = vn__conv_onednn(e->setup);
    char *const weights = (char *)memory + FLAG;
    *(char *)memory = vn__onednn_weights(conv, weights, e->in[back ? 0 : 1],
                                         weights + vn__onednn_weight_bytes(conv));
}

static int64_t prepare_bytes(const vn__onednn_conv *conv)
{
    const int64_t weights = vn__conv_aligned(vn__onednn_weight_bytes(conv));
    return FLAG + weights + vn__onednn_scratch_bytes(conv) + 64;
}

int64_t vn__conv_onednn_prepare_size(const void *attr, const vn_aval in[], const bool mapped[],
                                     int64_t lanes, bool back)
{
    const vn__onednn_conv *const conv = product_of(attr, in, mapped, lanes, back);
    return conv ? prepare_bytes(conv) : 0;
}

bool vn__conv_onednn_product(const vn_eval *e, bool back)
{
    const vn__onednn_conv *const conv = vn__conv_onednn(e->setup);
    const int source = back ? 1 : 0;
    const image from = image_of(&e->in_aval[source], e->lanes);
    const image to = image_of(&e->out_aval[0], e->lanes);
    char *cursor = e->scratch;
    float *const src =
        vn__conv_reserve(&cursor, image_bytes(&e->in_aval[source], e->lanes));
    float *const dst = vn__conv_reserve(&cursor, image_bytes(&e->out_aval[0], e->lanes));
    char *weights = (char *)(uintptr_t)e->prepared;
    if (!weights) {
        weights = vn__conv_reserve(&cursor, prepare_bytes(conv));
        vn__conv_onednn_prepare(weights, e, back);
    }
    if (!*weights)
        return false;
    to_last(src, e->in[source], &from, e->kernels);
    if (!vn__onednn_conv_run(conv, back ? dst : src, weights + FLAG, back ? src : dst, cursor))
        return false;
    from_last(e->out[0], dst, &to, e->kernels);
    return true;
}

int64_t vn__conv_onednn_product_scratch(const void *attr, const vn_aval in[],
                                        const bool mapped[], int64_t lanes, bool back)
{
    const vn__onednn_conv *const conv = product_of(attr, in, mapped, lanes, back);
    if (!conv)
        return 0;
    const vn__sliding *const s = attr;
    const vn_shape w = in[back ? 0 : 1].shape;
    const int64_t size = (int64_t)sizeof(float);
    const int64_t x = w.dim[1] * s->groups * vn__sliding_pixels(s->x, s->n) * lanes * size;
    const int64_t y = w.dim[0] * vn__sliding_pixels(s->y, s->n) * lanes * size;
    const int64_t own = x + y + prepare_bytes(conv) + vn__onednn_scratch_bytes(conv) + 256;
    const int64_t each = /* where oneDNN fails */
        vn_shape_size(w) * lanes * size +
        vn__sliding_table_bytes(s, vn__sliding_pixels(s->y, s->n)) + 256;
    return own > each ? own : each;
}

/* ----------------------------------------------------------------------- weight gradient */

typedef struct sum {
    const vn__onednn_conv *conv;
    float *x, *y, *one, *all; /* images; gradients of one panel, of all so far */
    char *weights, *scratch;
} sum;

static void add(const vn_eval *e, float *to, const float *x, int64_t n)
{
    vn__binary_row(e->kernels->binary[VN__F32][VN__BINARY_add], to, to, x, n);
}

/* The gradient of one panel, added to the first ones'; lanes from `valid` on do not count. */
static bool add_panel(const vn_eval *e, const sum *s, int64_t panel, int64_t valid)
{
    const image x = image_of(&e->in_aval[0], e->lanes);
    const image y = image_of(&e->in_aval[1], e->lanes);
    const int64_t n = vn_shape_size(e->out_aval[0].shape), of_one = y.channels * y.pixels;
    to_last(s->x, (const char *)e->in[0] + panel * e->panel_bytes[0], &x, e->kernels);
    to_last(s->y, (const char *)e->in[1] + panel * e->panel_bytes[1], &y, e->kernels);
    memset(s->y + valid * of_one, 0, (size_t)((e->lanes - valid) * of_one) * sizeof(float));
    if (!vn__onednn_conv_run(s->conv, s->x, s->weights, s->y, s->scratch) ||
        !vn__onednn_weights(s->conv, panel ? s->one : s->all, s->weights, s->scratch))
        return false;
    if (panel)
        add(e, s->all, s->one, n);
    return true;
}

bool vn__conv_onednn_weight_sum(const vn_eval *e)
{
    char *cursor = e->scratch;
    sum s = { .conv = vn__conv_onednn(e->setup) };
    s.x = vn__conv_reserve(&cursor, image_bytes(&e->in_aval[0], e->lanes));
    s.y = vn__conv_reserve(&cursor, image_bytes(&e->in_aval[1], e->lanes));
    s.one = vn__conv_reserve(&cursor, image_bytes(&e->out_aval[0], 1));
    s.all = vn__conv_reserve(&cursor, image_bytes(&e->out_aval[0], 1));
    s.weights = vn__conv_reserve(&cursor, vn__onednn_weight_bytes(s.conv));
    s.scratch = cursor;
    for (int64_t p = 0; p < e->panels; p++)
        if (!add_panel(e, &s, p, p == e->panels - 1 ? e->valid : e->lanes))
            return false;
    add(e, e->out[0], s.all, vn_shape_size(e->out_aval[0].shape));
    return true;
}

int64_t vn__conv_onednn_weight_scratch(const void *attr, const vn_aval in[],
                                       const bool mapped[], int64_t lanes)
{
    const vn__onednn_conv *const conv = weight_of(attr, in, mapped, lanes);
    if (!conv)
        return 0;
    const vn__sliding *const s = attr;
    const int64_t w = in[0].shape.dim[0] / s->groups * in[1].shape.dim[0] *
                      vn__sliding_pixels(s->k, s->n) * (int64_t)sizeof(float);
    return image_bytes(&in[0], lanes) + image_bytes(&in[1], lanes) + 2 * w +
           vn__onednn_weight_bytes(conv) + vn__onednn_scratch_bytes(conv) + 320;
}
