/* SPDX-License-Identifier: MIT
 *
 * A 3 x 3 convolution by Winograd's F(2 x 2, 3 x 3). The result is cut into quads of 2 x 2
 * pixels, of which each sees a patch d of 4 x 4; with the transforms
 *
 *       1  0 -1  0         1    0    0
 *   B = 0  1  1  0     G = 1/2  1/2  1/2     A = 1  1  1  0
 *       0 -1  1  0         1/2 -1/2  1/2         0  1 -1 -1
 *       0  1  0 -1         0    0    1
 *
 * a quad is A [sum over channels (G g G') * (B d B')] A': sixteen products, one for each point
 * of the plane, where the definition has 36. Its gradient in g is
 * G' [(A' dy A) * (B d B')] G, with as many.
 *
 * The points of some quads, and of some of their lanes, are a segment: rows [channel][COLUMNS]
 * for each point, so that the sums over channels (or over the segment) are products of
 * matrices, by the kernels that dense layers have.
 *
 * S. Winograd, Arithmetic Complexity of Computations (1980); A. Lavin and S. Gray, Fast
 * Algorithms for Convolutional Neural Networks (2016).
 * */
#ifndef VN_KERNELS_VECTOR_WINOGRAD_H
#define VN_KERNELS_VECTOR_WINOGRAD_H

#include "kernels/vector/tile.h"

enum {
    VN_SIDE = 4, /* of a patch, and points along each axis */
    VN_POINTS = VN_SIDE * VN_SIDE,
    VN_LINE = 64 / sizeof(real),     /* between two points' planes: no power of two */
    VN_WHOLE = (1 << VN_POINTS) - 1, /* every pixel of the patch is one of the image */
    VN_LONGEST = 256,                /* columns of a segment at most */
};

/* Where the patch (which may begin outside) and the quad begin in a channel, at the segment's
 * first lane; bit 4 r + c of `inside`: is pixel (r, c) of the patch one of the image? */
typedef struct vn__quad {
    int64_t patch, result;
    int inside;
    int rows, columns; /* of the result, 1 or 2 */
} vn__quad;

/* `width` lanes, from `lane` on, of each quad side by side. */
typedef struct vn__segment {
    vn__quad quad[VN_LONGEST / 16];
    int64_t quads, lane, width;
} vn__segment;

static inline int64_t vn__quads(const vn__window3 *w)
{
    return ((w->y[0] + 1) / 2) * ((w->y[1] + 1) / 2);
}

static inline vn__quad vn__quad_at(const vn__window3 *w, int64_t q, int64_t lane)
{
    const int64_t across = (w->y[1] + 1) / 2, row = 2 * (q / across), column = 2 * (q % across);
    const int64_t top = row - w->low[0], left = column - w->low[1];
    vn__quad quad = {
        .patch = (top * w->x[1] + left) * w->lanes + lane,
        .result = (row * w->y[1] + column) * w->lanes + lane,
        .rows = w->y[0] - row > 1 ? 2 : 1,
        .columns = w->y[1] - column > 1 ? 2 : 1,
    };
    for (int r = 0; r < VN_SIDE; r++)
        for (int c = 0; c < VN_SIDE; c++) {
            const bool is =
                top + r >= 0 && top + r < w->x[0] && left + c >= 0 && left + c < w->x[1];
            quad.inside |= is << (VN_SIDE * r + c);
        }
    return quad;
}

/* The quads from q on, as many as fit; lane and width are set. */
static inline void vn__segment_at(vn__segment *s, const vn__window3 *w, int64_t q,
                                  int64_t columns)
{
    s->quads = lesser(vn__quads(w) - q, columns / s->width);
    for (int64_t k = 0; k < s->quads; k++)
        s->quad[k] = vn__quad_at(w, q + k, s->lane);
}

/* Row i of B d B' for a vector of lanes, d's rows at r[]: point (i, j) to to[j * plane]. */
VN_INLINE void vn__points_row(real *to, int64_t plane, const real *const r[VN_SIDE],
                              int64_t pixel, int i)
{
    static const int8_t first[VN_SIDE] = { 0, 1, 2, 1 }, second[VN_SIDE] = { 2, 2, 1, 3 };
    const real *const a = r[first[i]], *const b = r[second[i]];
    vec s[VN_SIDE];
    VN_UNROLL
    for (int j = 0; j < VN_SIDE; j++)
        s[j] = i == 1 ? v_load(a + j * pixel) + v_load(b + j * pixel)
                      : v_load(a + j * pixel) - v_load(b + j * pixel);
    v_store(to, s[0] - s[2]);
    v_store(to + plane, s[1] + s[2]);
    v_store(to + 2 * plane, s[2] - s[1]);
    v_store(to + 3 * plane, s[1] - s[3]);
}

/* The pixels of a patch of which some are padding, side by side. */
static inline void vn__copy_patch(real to[VN_POINTS * VN_LANES], const real *d, int64_t row,
                                  int64_t pixel, int inside)
{
    for (int r = 0; r < VN_SIDE; r++)
        for (int c = 0; c < VN_SIDE; c++) {
            const int at = VN_SIDE * r + c;
            v_store(to + at * VN_LANES,
                    inside >> at & 1 ? v_load(d + r * row + c * pixel) : v_set(0));
        }
}

/* The rows `from` to `end` of points of the vectors of lanes of a quad:
 * to to[((i - from) 4 + j) plane]. */
VN_INLINE void vn__quad_points(real *to, int64_t plane, const real *d, int64_t row,
                               int64_t pixel, int64_t width, int from, int end)
{
    const real *r[VN_SIDE] = { d, d + row, d + 2 * row, d + 3 * row };
    for (int64_t l = 0; l < width; l += VN_LANES, to += VN_LANES) {
        VN_UNROLL
        for (int i = from; i < end; i++)
            vn__points_row(to + (i - from) * VN_SIDE * plane, plane, r, pixel, i);
        VN_UNROLL
        for (int k = 0; k < VN_SIDE; k++)
            r[k] += VN_LANES;
    }
}

/* The same of one channel of a segment, whose image is at x. */
VN_INLINE void vn__channel_points(real *to, int64_t plane, const real *x, const vn__window3 *w,
                                  const vn__segment *s, int from, int end)
{
    const int64_t row = w->x[1] * w->lanes;
    for (int64_t k = 0; k < s->quads; k++, to += s->width) {
        const real *const d = x + s->quad[k].patch;
        if (s->quad[k].inside == VN_WHOLE) {
            vn__quad_points(to, plane, d, row, w->lanes, s->width, from, end);
            continue;
        }
        for (int64_t l = 0; l < s->width; l += VN_LANES) {
            real copy[VN_POINTS * VN_LANES];
            vn__copy_patch(copy, d + l, row, w->lanes, s->quad[k].inside);
            vn__quad_points(to + l, plane, copy, VN_SIDE * VN_LANES, VN_LANES, VN_LANES, from,
                            end);
        }
    }
}

#endif
