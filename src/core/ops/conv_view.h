/* SPDX-License-Identifier: MIT */
/* A convolution as the kernels see it (vn__view in kernels/kernels.h): its source as an image
 * [pixel][channel][lanes] with the padding written out, bands of which are made one after the
 * other so that they stay in the level 2 cache.
 *
 * Along each axis tap u of destination pixel q lies on source position
 *     (q step + u dilation - pad) / divisor     if that is whole.
 * conv: step = stride, divisor = lhs_dilation; conv_input_grad is the same with the two
 * exchanged and the taps in reverse order. The pixels q of one remainder by the divisors are a
 * phase: they see the same taps, and positions in steps.
 *
 * Where nothing is padded the source itself can serve, [channel][pixel][lanes]: if it has one
 * channel, or for a norm (`planes`). Its runs are short then, one a channel, which products pay
 * for, but pixels of many channels would lie a power of two apart and meet in level 1. */
#ifndef VN_CORE_OPS_CONV_VIEW_H
#define VN_CORE_OPS_CONV_VIEW_H

#include "core/ops/conv.h"

/* One axis of a phase: destination pixel first + i divisor, i < n, sees with tap j < taps the
 * source position low + i step + j spread. Tap j is tap + j tap_step of the window. */
typedef struct vn__conv_axis {
    int64_t n, first, divisor, step, low;
    int64_t taps, tap, tap_step, spread;
    int64_t size, extent;               /* of the source, of the image of a band */
    int64_t stride, x_stride, y_stride; /* pixels of image, source and destination */
} vn__conv_axis;

typedef struct vn__conv_view {
    vn__conv_axis axis[VN_MAX_RANK];
    int64_t axes, channels, lanes, size; /* size: bytes of an element */
    int64_t x_pixels;                    /* of the source */
    int64_t rows;                        /* of a band, along the first axis */
    bool planes;                         /* channels may lie apart, as in the source */
    bool in_place;                       /* the source itself serves as the image */
    bool side_by_side;                   /* the destination's pixels are all of this phase */
    vn__view view;                       /* of one band */
    int32_t *span;                       /* memory of view.span */
    char *image;
} vn__conv_view;

/* Phases of the destination; geometry of one of them; bytes of its tables and image; the
 * tables, taken from *cursor. A weight lies at tap + channel * w_channel in its row. */
int64_t vn__conv_phases(const vn__sliding *s, bool back);
void vn__conv_view_of(vn__conv_view *v, const vn__sliding *s, bool back, int64_t phase,
                      int64_t channels, int64_t outputs, int64_t lanes, int64_t size,
                      bool planes);
int64_t vn__conv_view_bytes(const vn__conv_view *v);
void vn__conv_view_tables(vn__conv_view *v, char **cursor, const vn__sliding *s,
                          int64_t w_channel);

/* Before the tables are made: lower bands, so that there is one for each part. */
void vn__conv_view_cut(vn__conv_view *v, int64_t parts);

/* Bands of v->rows rows: how many; the one from `row` on: sets view.pixels and returns the
 * first destination pixel; the image of one group of channels, whose source is src. */
int64_t vn__conv_bands(const vn__conv_view *v);
int64_t vn__conv_band(vn__conv_view *v, int64_t row);
const void *vn__conv_image(const vn__conv_view *v, int64_t row, const void *src);

#endif
