/* SPDX-License-Identifier: MIT */
/* The convolution of one image: its rows (along the first spatial axis) are cut into sixteen
 * strips of equal height, which take the place of the lanes. Each has the rows around it that
 * its window sees, so it is a smaller image [channel][row][..][strip] with nothing padded along
 * that axis, for the kernels of a panel of examples. The last strips may have rows that are
 * none of the image's: zeros where they are read, left out where they are made. */
#include <string.h>

#include "core/ops/conv.h"

enum { STRIPS = 16 };
#define STRIP_FLOPS 2e5 /* of an image at least: what laying it out costs */

/* How an image lies in strips: t has `height` rows from low + t step on. */
typedef struct cut {
    int64_t height, low, step;
} cut;

/* A convolution in strips: the destination (of a weight gradient: y) in strips that follow one
 * another, the other image in those that they see. s: of one strip. */
typedef struct strips {
    vn__sliding s;
    cut to, from;
} strips;

static int64_t over(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t floor_over(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static int64_t rows_of(const vn__sliding *s, bool back) { return back ? s->x[0] : s->y[0]; }

/* Rows that stay together: whole steps of the window back, whole quads for Winograd, if these
 * are enough strips. */
static int64_t unit_of(const vn__sliding *s, bool back)
{
    if (s->stride[0] > 1)
        return back ? s->stride[0] : 1;
    return s->k[0] == 3 && rows_of(s, back) > STRIPS ? 2 : 1;
}

static int64_t units_of(const vn__sliding *s, bool back)
{
    return over(over(rows_of(s, back), STRIPS), unit_of(s, back));
}

/* Of each strip the units of rows from `first` to `end`. */
static strips strips_of(const vn__sliding *s, bool back, int64_t first, int64_t end)
{
    const int64_t unit = unit_of(s, back), height = (end - first) * unit;
    const int64_t step = units_of(s, back) * unit, row = first * unit;
    const int64_t reach = (s->k[0] - 1) * s->dilation[0];
    const int64_t stride = s->stride[0], pad = s->pad_lo[0];
    const int64_t before = floor_over(reach - pad, stride); /* rows of y before those of x */
    strips c = { .s = *s, .to = { height, row, step } };
    if (back)
        c.from = (cut){ floor_over(height - 1 + pad, stride) + before + 1,
                        row / stride - before, step / stride };
    else
        c.from = (cut){ (height - 1) * stride + reach + 1, row * stride - pad, step * stride };
    c.s.pad_lo[0] = back ? pad + before * stride : 0;
    c.s.x[0] = back ? height : c.from.height;
    c.s.y[0] = back ? c.from.height : height;
    return c;
}

static strips whole_strips(const vn__sliding *s, bool back)
{
    return strips_of(s, back, 0, units_of(s, back));
}

/* Is a row read no more often than the window has rows? Not so where these lie far apart. */
static bool are_near(const vn__sliding *s, bool back)
{
    const cut from = whole_strips(s, back).from;
    return from.height > 0 && from.height <= s->k[0] * from.step;
}

/* Are they enough to be faster than the product with columns? One row each, which are read with
 * two others, should be all. */
static bool are_enough(const vn__sliding *s, bool back)
{
    const int64_t height = unit_of(s, back) * units_of(s, back);
    const int64_t filled = over(rows_of(s, back), height);
    return filled >= (s->stride[0] == 1 && height == 1 ? STRIPS - 1 : STRIPS / 2 + 1);
}

bool vn__conv_in_strips(const vn__sliding *s, const vn__conv_sizes *z, bool back)
{
    return s->lhs_dilation[0] == 1 && s->k[0] > 0 && vn__conv_flops(z) >= STRIP_FLOPS &&
           are_enough(s, back) && are_near(s, back);
}

int64_t vn__conv_strips_parts(const vn__sliding *s, bool back) { return units_of(s, back); }

/* ------------------------------------------------------------------------------- images */

/* Elements of a row, bytes of the plane that all strips of a channel lie in. */
static int64_t width_of(const vn_aval *image)
{
    return vn__span(image->shape, 2, image->shape.rank);
}

static int64_t plane_bytes(const cut *c, const vn_aval *image)
{
    return vn__conv_aligned(((STRIPS - 1) * c->step + c->height) * width_of(image) *
                            (int64_t)vn_dtype_size(image->dtype));
}

/* The channels from `channel` to `end`. plane: room for one, with zeros around it. */
static void lay(char *to, const char *from, const cut *c, const vn_aval *image, int64_t channel,
                int64_t end, char *plane)
{
    const vn__kernels *const k = vn__kernels_get();
    const int64_t size = (int64_t)vn_dtype_size(image->dtype), row = width_of(image);
    const int64_t rows = image->shape.dim[1], all = (STRIPS - 1) * c->step + c->height;
    const int64_t first = c->low > 0 ? c->low : 0;
    const int64_t last = c->low + all < rows ? c->low + all : rows;
    const int64_t inside = last > first ? last - first : 0, n = c->height * row;
    memset(plane, 0, (size_t)(all * row * size));
    for (int64_t i = channel; i < end; i++) {
        memcpy(plane + (first - c->low) * row * size, from + (i * rows + first) * row * size,
               (size_t)(inside * row * size));
        k->load_lanes(to + i * n * STRIPS * size, plane, c->step * row, n, STRIPS, STRIPS,
                      size);
    }
}

/* Back into the image: whole strips, and of one more the rows that the image has. */
static void take(char *to, const char *from, const cut *c, const vn_aval *image)
{
    const vn__kernels *const k = vn__kernels_get();
    const int64_t size = (int64_t)vn_dtype_size(image->dtype), row = width_of(image);
    const int64_t rows = image->shape.dim[1], n = c->height * row, stride = c->step * row;
    const int64_t below = rows - c->low, above = below - c->height;
    const int64_t fit = above < 0 ? 0 : above / c->step + 1;
    const int64_t whole = fit < STRIPS ? fit : STRIPS, left = below - whole * c->step;
    const int64_t last = whole < STRIPS && left > 0 ? left * row : 0;
    for (int64_t i = 0; i < image->shape.dim[0]; i++, from += n * STRIPS * size) {
        char *const channel = to + (i * rows + c->low) * row * size;
        if (last > 0)
            k->store_lanes(channel, stride, from, last, STRIPS, whole + 1, size);
        if (whole > 0)
            k->store_lanes(channel + last * size, stride, from + last * STRIPS * size, n - last,
                           STRIPS, whole, size);
    }
}

/* --------------------------------------------------------------------- the inner evaluation */

/* Of strips in lanes: avals of a strip's operands and result. */
typedef struct inner {
    strips c;
    vn_eval e;
    vn_aval in[2], out;
    vn__conv_setup setup;
} inner;

static void begin(inner *i, const vn__sliding *s, const vn_aval in[2], bool back)
{
    *i = (inner){ .c = whole_strips(s, back), .in = { in[0], in[1] } };
    i->e = (vn_eval){ .attr = &i->c.s,
                      .n_in = 2,
                      .n_out = 1,
                      .lanes = STRIPS,
                      .in_aval = i->in,
                      .out_aval = &i->out,
                      .kernels = vn__kernels_get(),
                      .setup = &i->setup };
}

static void begin_product(inner *i, const vn__sliding *s, const vn_aval in[2], bool back)
{
    static const bool image[2][2] = { { true, false }, { false, true } };
    const vn_shape w = in[back ? 0 : 1].shape;
    begin(i, s, in, back);
    i->in[back].shape.dim[1] = i->c.from.height;
    i->out = (vn_aval){ in[0].dtype, vn__conv_shape(back ? w.dim[1] * s->groups : w.dim[0], -1,
                                                    back ? i->c.s.x : i->c.s.y, s->n) };
    i->e.mapped = image[back];
    i->setup.winograd = vn__conv_winograd_takes(&i->e, back);
}

/* The share of a part: who computes it is as for all of it. */
static void take_rows(inner *i, const vn_eval *e, bool back)
{
    int64_t first;
    const int64_t end = vn__eval_share(&first, e, units_of(e->attr, back));
    i->c = strips_of(e->attr, back, first, end);
    i->in[back].shape.dim[1] = i->c.from.height;
    i->out.shape.dim[1] = i->c.to.height;
}

static void begin_weight(inner *i, const vn__sliding *s, const vn_aval in[2])
{
    static const bool both[2] = { true, true };
    begin(i, s, in, false);
    i->in[0].shape.dim[1] = i->c.from.height;
    i->in[1].shape.dim[1] = i->c.to.height;
    i->out =
        (vn_aval){ in[0].dtype, vn__conv_shape(in[1].shape.dim[0],
                                               in[0].shape.dim[0] / s->groups, s->k, s->n) };
    i->e.mapped = both;
    i->e.panels = 1;
    i->e.valid = STRIPS;
    i->setup.winograd =
        vn__conv_by_winograd(&i->c.s, STRIPS, in[0].shape.dim[0], in[1].shape.dim[0]);
}

static int64_t bytes_of(const vn_aval *strip)
{
    return vn__conv_aligned(vn_shape_size(strip->shape) * STRIPS *
                            (int64_t)vn_dtype_size(strip->dtype));
}

bool vn__conv_strips_winograd(const vn_eval *e, int result)
{
    inner i;
    if (result == VN__CONV_W)
        begin_weight(&i, e->attr, e->in_aval);
    else
        begin_product(&i, e->attr, e->in_aval, result == VN__CONV_X);
    return i.setup.winograd;
}

/* ------------------------------------------------------------------------------ products */

void vn__conv_strips_product(const vn_eval *e, bool back)
{
    inner i;
    char *cursor = e->scratch;
    begin_product(&i, e->attr, e->in_aval, back);
    take_rows(&i, e, back);
    char *const image = vn__conv_reserve(&cursor, bytes_of(&i.in[back]));
    char *const result = vn__conv_reserve(&cursor, bytes_of(&i.out));
    vn__epilogue end;
    if (e->epilogue) {
        end = *e->epilogue;
        i.e.epilogue = &end;
    }
    if (e->epilogue && end.mask) {
        char *const mask = vn__conv_reserve(&cursor, bytes_of(&i.out));
        lay(mask, end.mask, &i.c.to, &e->out_aval[0], 0, e->out_aval[0].shape.dim[0], cursor);
        end.mask = mask;
    }
    lay(image, e->in[back], &i.c.from, &e->in_aval[back], 0, e->in_aval[back].shape.dim[0],
        cursor);
    const void *in[2] = { e->in[0], e->in[1] };
    in[back] = image;
    i.e.in = in;
    i.e.out = (void *const[]){ result };
    i.e.scratch = cursor;
    i.e.prepared = e->prepared;
    vn__conv_product(&i.e, back);
    take(e->out[0], result, &i.c.to, &e->out_aval[0]);
}

size_t vn__conv_strips_product_scratch(const vn__sliding *s, const vn_aval in[], bool back)
{
    inner i;
    begin_product(&i, s, in, back);
    const int64_t from = plane_bytes(&i.c.from, &in[back]), to = plane_bytes(&i.c.to, &i.out);
    const int64_t plane = from > to ? from : to;
    const int64_t own =
        (int64_t)vn__conv_product_scratch(&i.c.s, i.in, i.e.mapped, STRIPS, back);
    return (size_t)(bytes_of(&i.in[back]) + 2 * bytes_of(&i.out) + (own > plane ? own : plane));
}

size_t vn__conv_strips_prepare_size(const vn__sliding *s, const vn_aval in[], bool back)
{
    inner i;
    begin_product(&i, s, in, back);
    return vn__conv_prepare_size(&i.c.s, i.in, i.e.mapped, STRIPS, back);
}

void vn__conv_strips_prepare(void *memory, const vn_eval *e, bool back)
{
    inner i;
    begin_product(&i, e->attr, e->in_aval, back);
    i.e.in = e->in;
    vn__conv_prepare(memory, &i.e, back);
}

/* ------------------------------------------------------------------------ weight gradients */

void vn__conv_strips_weight(const void *x, const void *gy, const vn_eval *e, bool fresh)
{
    static const int64_t none[2];
    inner i;
    int64_t first;
    char *cursor = e->scratch;
    begin_weight(&i, e->attr, e->in_aval);
    char *const image = vn__conv_reserve(&cursor, bytes_of(&i.in[0]));
    char *const result = vn__conv_reserve(&cursor, bytes_of(&i.in[1]));
    lay(image, x, &i.c.from, &e->in_aval[0], 0, e->in_aval[0].shape.dim[0], cursor);
    const int64_t end = vn__conv_weight_outputs(&first, e);
    lay(result, gy, &i.c.to, &e->in_aval[1], first, end, cursor);
    i.e.in = (const void *const[]){ image, result };
    i.e.out = e->out;
    i.e.panel_bytes = none;
    i.e.fresh = fresh;
    i.e.part = e->part;
    i.e.parts = e->parts;
    i.e.scratch = cursor;
    vn__conv_weight_eval_sum(&i.e);
}

size_t vn__conv_strips_weight_scratch(const vn__sliding *s, const vn_aval in[])
{
    inner i;
    begin_weight(&i, s, in);
    const int64_t x = plane_bytes(&i.c.from, &in[0]), y = plane_bytes(&i.c.to, &in[1]);
    const int64_t plane = x > y ? x : y;
    const int64_t own = (int64_t)vn__conv_weight_scratch(&i.c.s, i.in, 2, i.e.mapped, STRIPS);
    return (size_t)(bytes_of(&i.in[0]) + bytes_of(&i.in[1]) + (own > plane ? own : plane));
}
