/* SPDX-License-Identifier: MIT */
/* Views of convolutions: geometry, tables, images. */
#include "core/ops/conv_view.h"

#include <string.h>

#define BAND_BYTES  (640 * 1024) /* of an image: a share of the level 2 cache */
#define BAND_PIXELS 4096         /* of the tables, where there is no image to make */

/* ------------------------------------------------------------------------------ phases */

static int64_t divisor_of(const vn__sliding *s, bool back, int64_t d)
{
    return back ? s->stride[d] : s->lhs_dilation[d];
}

int64_t vn__conv_phases(const vn__sliding *s, bool back)
{
    const int64_t *const dst = back ? s->x : s->y;
    int64_t phases = 1;
    for (int64_t d = 0; d < s->n; d++) {
        const int64_t divisor = divisor_of(s, back, d);
        phases *= divisor < dst[d] ? divisor : dst[d];
    }
    return phases;
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static vn__conv_axis axis_of(const vn__sliding *s, bool back, int64_t d, int64_t first)
{
    const int64_t dilation = s->dilation[d], k = s->k[d];
    const int64_t pad = back ? (k - 1) * dilation - s->pad_lo[d] : s->pad_lo[d];
    const int64_t dst = back ? s->x[d] : s->y[d];
    vn__conv_axis a = { .first = first,
                        .divisor = divisor_of(s, back, d),
                        .step = back ? s->lhs_dilation[d] : s->stride[d],
                        .size = back ? s->y[d] : s->x[d] };
    a.n = first < dst ? (dst - first + a.divisor - 1) / a.divisor : 0;
    int64_t u = 0, next;
    while (u < k && (first * a.step + u * dilation - pad) % a.divisor != 0)
        u++;
    for (next = u + 1; next < k && (next - u) * dilation % a.divisor != 0;)
        next++;
    a.taps = u < k ? 1 + (k - 1 - u) / (next - u) : 0;
    a.tap = back ? k - 1 - u : u;
    a.tap_step = back ? u - next : next - u;
    a.spread = (next - u) * dilation / a.divisor;
    a.low = floor_div(first * a.step + u * dilation - pad, a.divisor);
    return a;
}

/* Positions that n destination pixels see along the axis. */
static int64_t seen(const vn__conv_axis *a, int64_t n)
{
    return n > 0 && a->taps > 0 ? (n - 1) * a->step + (a->taps - 1) * a->spread + 1 : 0;
}

/* ---------------------------------------------------------------------------- geometry */

static int64_t taps_of(const vn__conv_view *v)
{
    int64_t taps = 1;
    for (int64_t d = 0; d < v->axes; d++)
        taps *= v->axis[d].taps;
    return taps;
}

/* Channels that lie side by side in a pixel; the others are planes of their own. */
static int64_t beside(const vn__conv_view *v) { return v->in_place ? 1 : v->channels; }
static int64_t planes_of(const vn__conv_view *v)
{
    return v->in_place ? v->channels : v->channels > 0;
}

static bool is_in_place(const vn__conv_view *v)
{
    bool inside = v->channels == 1 || v->planes;
    for (int64_t d = 0; d < v->axes; d++)
        inside = inside && v->axis[d].low >= 0 &&
                 v->axis[d].low + v->axis[d].extent <= v->axis[d].size;
    return inside;
}

static void set_bands(vn__conv_view *v, int64_t bands)
{
    vn__conv_axis *const first = &v->axis[0];
    v->rows = bands > 0 ? (first->n + bands - 1) / bands : 0;
    if (!v->in_place)
        first->extent = seen(first, v->rows);
}

static void choose_rows(vn__conv_view *v)
{
    vn__conv_axis *const first = &v->axis[0];
    int64_t pixels = 1, row = v->channels * v->lanes * v->size, rows = 1;
    for (int64_t d = 1; d < v->axes; d++) {
        pixels *= v->axis[d].n;
        row *= v->axis[d].extent;
    }
    while (rows < first->n && (rows + 1) * pixels <= BAND_PIXELS &&
           (v->in_place || seen(first, rows + 1) * row <= BAND_BYTES))
        rows++;
    set_bands(v, (first->n + rows - 1) / rows);
}

void vn__conv_view_cut(vn__conv_view *v, int64_t parts)
{
    if (vn__conv_bands(v) < parts)
        set_bands(v, parts);
}

static void set_strides(vn__conv_view *v, const vn__sliding *s, bool back)
{
    const int64_t *const dst = back ? s->x : s->y;
    int64_t stride = 1, x = 1, y = 1;
    for (int64_t d = v->axes - 1; d >= 0; d--) {
        vn__conv_axis *const a = &v->axis[d];
        a->stride = stride;
        a->x_stride = x;
        a->y_stride = y;
        stride *= v->in_place ? a->size : a->extent;
        x *= a->size;
        y *= dst[d];
    }
    v->x_pixels = x;
    v->view.y_channel = y * v->lanes;
    v->view.y_pixel = v->lanes;
}

void vn__conv_view_of(vn__conv_view *v, const vn__sliding *s, bool back, int64_t phase,
                      int64_t channels, int64_t outputs, int64_t lanes, int64_t size,
                      bool planes)
{
    const int64_t *const dst = back ? s->x : s->y;
    *v = (vn__conv_view){ .axes = s->n, .channels = channels, .lanes = lanes, .size = size,
                          .planes = planes };
    for (int64_t d = s->n - 1; d >= 0; d--) {
        const int64_t divisor = divisor_of(s, back, d);
        const int64_t firsts = divisor < dst[d] ? divisor : dst[d];
        v->axis[d] = axis_of(s, back, d, firsts ? phase % firsts : 0);
        v->axis[d].extent = seen(&v->axis[d], v->axis[d].n);
        phase = firsts ? phase / firsts : 0;
    }
    v->side_by_side = true;
    for (int64_t d = 0; d < s->n; d++)
        v->side_by_side = v->side_by_side && v->axis[d].divisor == 1;
    v->in_place = is_in_place(v);
    choose_rows(v);
    const vn__conv_axis *const last = &v->axis[s->n - 1];
    const bool whole = last->spread == 1 && last->taps > 0;
    const int64_t taps = taps_of(v), a_run = whole ? last->taps : 1;
    v->view = (vn__view){ .runs = planes_of(v) * (taps / a_run),
                          .length = a_run * beside(v),
                          .outputs = outputs,
                          .lanes = lanes };
    set_strides(v, s, back);
}

/* ------------------------------------------------------------------------------ tables */

static int64_t band_pixels(const vn__conv_view *v)
{
    int64_t pixels = v->rows;
    for (int64_t d = 1; d < v->axes; d++)
        pixels *= v->axis[d].n;
    return pixels;
}

static int64_t image_bytes(const vn__conv_view *v)
{
    return v->in_place ? 0
                       : v->axis[0].extent * v->axis[0].stride * v->channels * v->lanes *
                             v->size;
}

int64_t vn__conv_view_bytes(const vn__conv_view *v)
{
    const int64_t entries = 4 * band_pixels(v) + v->view.runs * (1 + v->view.length);
    return entries * (int64_t)sizeof(int64_t) + image_bytes(v) + 6 * 64;
}

/* The next pixel of a band, the last axis fastest. */
static void step_index(int64_t i[], const vn__conv_view *v)
{
    int64_t d = v->axes - 1;
    for (; d > 0 && ++i[d] == v->axis[d].n; d--)
        i[d] = 0;
    i[0] += d == 0;
}

/* base and to of a band, relative to its first row. */
static void list_pixels(const vn__conv_view *v, int64_t *base, int64_t *to)
{
    const int64_t vector = beside(v) * v->lanes, last = v->axes - 1;
    const int64_t pixels = band_pixels(v), line = last ? v->axis[last].n : v->rows;
    const int64_t along = v->axis[last].step * v->axis[last].stride * vector;
    const int64_t y_along = v->axis[last].divisor * v->axis[last].y_stride;
    int64_t i[VN_MAX_RANK] = { 0 };
    for (int64_t q = 0; q < pixels; q += line) {
        int64_t at = 0, y = 0;
        for (int64_t d = 0; d < v->axes; d++) {
            const vn__conv_axis *const a = &v->axis[d];
            at += i[d] * a->step * a->stride;
            y += ((d ? a->first : 0) + i[d] * a->divisor) * a->y_stride;
        }
        for (int64_t k = 0; k < line; k++) {
            base[q + k] = at * vector + k * along;
            to[q + k] = y + k * y_along;
        }
        i[last] += line - 1;
        step_index(i, v);
    }
}

/* offset and target of the channels from `channel` on that lie side by side: taps in the order
 * of the phase, the last axis fastest. */
static void list_taps(const vn__conv_view *v, int64_t *offset, int64_t *target,
                      const vn__sliding *s, int64_t w_channel, int64_t channel)
{
    const int64_t vector = beside(v) * v->lanes, a_run = v->view.length / beside(v);
    const int64_t plane = channel * v->x_pixels * v->lanes, taps = taps_of(v);
    int64_t j[VN_MAX_RANK] = { 0 };
    for (int64_t t = 0; t < taps; t++) {
        int64_t at = 0, tap = 0;
        for (int64_t d = 0; d < v->axes; d++) {
            const vn__conv_axis *const a = &v->axis[d];
            at += j[d] * a->spread * a->stride;
            tap = tap * s->k[d] + a->tap + j[d] * a->tap_step;
        }
        if (t % a_run == 0)
            offset[t / a_run] = plane + at * vector;
        for (int64_t c = channel; c < channel + beside(v); c++)
            *target++ = tap + c * w_channel;
        for (int64_t d = v->axes - 1; d >= 0 && ++j[d] == v->axis[d].taps; d--)
            j[d] = 0;
    }
}

static void list_columns(const vn__conv_view *v, int64_t *offset, int64_t *target,
                         const vn__sliding *s, int64_t w_channel)
{
    const int64_t planes = planes_of(v);
    for (int64_t c = 0; c < planes; c++) {
        list_taps(v, offset, target, s, w_channel, c);
        offset += v->view.runs / planes;
        target += v->view.runs / planes * v->view.length;
    }
}

void vn__conv_view_tables(vn__conv_view *v, char **cursor, const vn__sliding *s,
                          int64_t w_channel)
{
    const int64_t word = (int64_t)sizeof(int64_t), pixels = band_pixels(v) * word;
    int64_t *const base = vn__conv_reserve(cursor, pixels);
    int64_t *const to = vn__conv_reserve(cursor, pixels);
    int64_t *const offset = vn__conv_reserve(cursor, v->view.runs * word);
    int64_t *const target =
        vn__conv_reserve(cursor, v->view.runs * v->view.length * word);
    v->span = vn__conv_reserve(cursor, 2 * pixels);
    list_pixels(v, base, to);
    list_columns(v, offset, target, s, w_channel);
    v->view.base = base;
    v->view.to = v->side_by_side ? NULL : to;
    v->view.offset = offset;
    v->view.target = target;
    v->image = vn__conv_reserve(cursor, image_bytes(v));
}

/* ------------------------------------------------------------------------------- bands */

/* The taps under which destination pixel i of the axis sees the source, from and to. */
static void taps_inside(const vn__conv_axis *a, int64_t i, int64_t *from, int64_t *to)
{
    const int64_t low = a->low + i * a->step, spread = a->spread > 0 ? a->spread : 1;
    const int64_t before = low < 0 ? (-low + spread - 1) / spread : 0;
    const int64_t inside = low < a->size ? (a->size - low + spread - 1) / spread : 0;
    *to = inside < a->taps ? inside : a->taps;
    *from = before < *to ? before : *to;
}

/* Of each pixel of a band the runs, along the first axis, and the columns, along the last. */
static void list_spans(vn__conv_view *v, int64_t row)
{
    const int64_t last = v->axes - 1, taps = v->axis[last].taps;
    const bool whole = v->view.length == taps * v->channels;
    const int64_t runs = v->axis[0].taps ? v->view.runs / v->axis[0].taps : 0;
    int64_t i[VN_MAX_RANK] = { 0 }, first[2] = { 0, 0 }, columns[2] = { 0, 0 };
    int32_t *span = v->span;
    bool all = true;
    for (int64_t q = 0; q < v->view.pixels; q++, span += 4) {
        if (q == 0 || last == 0 || i[last] == 0)
            taps_inside(&v->axis[0], row + i[0], &first[0], &first[1]);
        taps_inside(&v->axis[last], i[last] + (last ? 0 : row), &columns[0], &columns[1]);
        for (int k = 0; k < 2; k++) {
            span[k] = (int32_t)(last || !whole ? first[k] * runs : k);
            span[2 + k] = (int32_t)(whole ? columns[k] * v->channels : k * v->channels);
        }
        all = all && span[0] == 0 && span[1] == v->view.runs && span[2] == 0 &&
              span[3] == v->view.length;
        step_index(i, v);
    }
    v->view.span = all ? NULL : v->span;
}

int64_t vn__conv_bands(const vn__conv_view *v)
{
    return v->rows > 0 ? (v->axis[0].n + v->rows - 1) / v->rows : 0;
}

int64_t vn__conv_band(vn__conv_view *v, int64_t row)
{
    const vn__conv_axis *const first = &v->axis[0];
    const int64_t rows = first->n - row < v->rows ? first->n - row : v->rows;
    v->view.pixels = v->rows ? band_pixels(v) / v->rows * rows : 0;
    v->view.span = NULL;
    if (!v->in_place)
        list_spans(v, row);
    return (first->first + row * first->divisor) * first->y_stride;
}

/* to[pixel][channel] = from[channel][pixel], vectors of `bytes`, a multiple of 64; a few pixels
 * at a time, since channels lie on pages of their own, and so do pixels of many channels. */
static void interleave(char *to, const char *from, int64_t pixels, int64_t channels,
                       int64_t from_channel, int64_t bytes)
{
    enum { FEW = 8 };
    for (int64_t p = 0; p < pixels; p += FEW)
        for (int64_t c = 0; c < channels; c++)
            for (int64_t i = p; i < p + FEW && i < pixels; i++)
                for (int64_t b = 0; b < bytes; b += 64)
                    memcpy(to + (i * channels + c) * bytes + b,
                           from + c * from_channel + i * bytes + b, 64);
}

/* One row of the image along the last axis: zeros, source positions, zeros. */
static void image_row(const vn__conv_view *v, char *to, const char *src, int64_t low)
{
    const vn__conv_axis *const a = &v->axis[v->axes - 1];
    const int64_t bytes = v->lanes * v->size, pixel = v->channels * bytes;
    const int64_t extent = a->extent;
    int64_t begin = low < 0 ? -low : 0, end = a->size - low;
    begin = begin < extent ? begin : extent;
    end = end < begin ? begin : end < extent ? end : extent;
    memset(to, 0, (size_t)(begin * pixel));
    interleave(to + begin * pixel, src + (low + begin) * bytes, end - begin, v->channels,
               v->x_pixels * bytes, bytes);
    memset(to + end * pixel, 0, (size_t)((extent - end) * pixel));
}

const void *vn__conv_image(const vn__conv_view *v, int64_t row, const void *src)
{
    const int64_t bytes = v->lanes * v->size, last = v->axes - 1;
    int64_t low[VN_MAX_RANK], i[VN_MAX_RANK] = { 0 }, lines = 1, origin = 0;
    for (int64_t d = 0; d < v->axes; d++) {
        low[d] = v->axis[d].low + (d ? 0 : row * v->axis[0].step);
        origin += low[d] * v->axis[d].stride;
        lines *= d == last ? 1 : v->axis[d].extent;
    }
    if (v->in_place)
        return (const char *)src + origin * bytes;
    char *to = v->image;
    const int64_t line = v->axis[last].extent * v->channels * bytes;
    for (int64_t n = 0; n < lines; n++, to += line) {
        int64_t at = 0;
        bool inside = true;
        for (int64_t d = 0; d < last; d++) {
            inside = inside && low[d] + i[d] >= 0 && low[d] + i[d] < v->axis[d].size;
            at += (low[d] + i[d]) * v->axis[d].x_stride;
        }
        if (inside)
            image_row(v, to, (const char *)src + at * bytes, low[last]);
        else
            memset(to, 0, (size_t)line);
        for (int64_t d = last - 1; d >= 0 && ++i[d] == v->axis[d].extent; d--)
            i[d] = 0;
    }
    return v->image;
}
