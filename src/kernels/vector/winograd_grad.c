/* SPDX-License-Identifier: MIT
 *
 * The weight gradient of a 3 x 3 convolution by Winograd's F(2 x 2, 3 x 3): see winograd.h.
 *
 * Segment by segment and row of points by row of points, (A' dy A) and (B d B') of all channels
 * are made, whose product over the segment is added to the gradient's points. A row at a time,
 * since a long segment is worth more than reading the images once: it is so long that its
 * points about fit into the level 2 cache.
 * */
#include "kernels/vector/winograd.h"

enum { COLUMNS = VN_LONGEST }; /* of a segment */

static int64_t plane_of(int64_t channels) { return channels * COLUMNS + VN_LINE; }

static int64_t sums_plane(int64_t outputs, int64_t channels)
{
    return outputs * channels + VN_LINE;
}

int64_t VN_FN(winograd_sums_size)(int64_t outputs, int64_t channels)
{
    return VN_POINTS * sums_plane(outputs, channels) * (int64_t)sizeof(real);
}

int64_t VN_FN(winograd_grad_scratch)(const vn__window3 *w)
{
    const int64_t points = VN_SIDE * (plane_of(w->channels) + plane_of(w->outputs));
    return (points + VN_LINE) * (int64_t)sizeof(real) +
           VN_FN(lane_gemm_scratch)(w->outputs, w->channels, COLUMNS, 1);
}

/* Pixel (r, c) of a quad, zeros where the result has none. */
VN_INLINE vec pixel_of(const real *dy, const vn__window3 *w, const vn__quad *q, int r, int c)
{
    return r < q->rows && c < q->columns ? v_load(dy + (r * w->y[1] + c) * w->lanes) : v_set(0);
}

/* Row i of A' dy A. */
VN_INLINE void quad_points(real *to, int64_t plane, const real *dy, const vn__window3 *w,
                           const vn__quad *q, int i)
{
    vec s[2];
    VN_UNROLL
    for (int c = 0; c < 2; c++) {
        const vec a = i < 3 ? pixel_of(dy, w, q, 0, c) : v_set(0);
        const vec b = i > 0 ? pixel_of(dy, w, q, 1, c) : v_set(0);
        s[c] = i == 0 ? a : i == 1 ? a + b : i == 2 ? a - b : v_neg(b);
    }
    v_store(to, s[0]);
    v_store(to + plane, s[0] + s[1]);
    v_store(to + 2 * plane, s[0] - s[1]);
    v_store(to + 3 * plane, v_neg(s[1]));
}

/* Row i of the points of all outputs and of all channels. */
VN_INLINE void make_row(real *y_points, real *x_points, const real *dy, const real *x,
                        const vn__window3 *w, const vn__segment *s, int i)
{
    const int64_t y_plane = plane_of(w->outputs), x_plane = plane_of(w->channels);
    const int64_t x_channel = w->x[0] * w->x[1] * w->lanes;
    for (int64_t o = 0; o < w->outputs; o++, dy += w->y_channel, y_points += COLUMNS)
        for (int64_t k = 0; k < s->quads; k++)
            for (int64_t l = 0; l < s->width; l += VN_LANES)
                quad_points(y_points + k * s->width + l, y_plane, dy + s->quad[k].result + l, w,
                            &s->quad[k], i);
    for (int64_t c = 0; c < w->channels; c++, x += x_channel, x_points += COLUMNS)
        vn__channel_points(x_points, x_plane, x, w, s, i, i + 1);
}

typedef void row_fn(real *, real *, const real *, const real *, const vn__window3 *,
                    const vn__segment *);
#define ROW(i)                                                                         \
    static void row_##i(real *y_points, real *x_points, const real *dy, const real *x, \
                        const vn__window3 *w, const vn__segment *s)                    \
    {                                                                                  \
        make_row(y_points, x_points, dy, x, w, s, i);                                  \
    }
ROW(0)
ROW(1)
ROW(2)
ROW(3)
static row_fn *const row_of[VN_SIDE] = { row_0, row_1, row_2, row_3 };

void VN_FN(winograd_sums)(void *sums, const void *dy, const void *x, const vn__window3 *w,
                          bool fresh, void *scratch)
{
    const int64_t x_plane = plane_of(w->channels), y_plane = plane_of(w->outputs);
    const int64_t plane = sums_plane(w->outputs, w->channels);
    real *const x_points = scratch, *const y_points = x_points + VN_SIDE * x_plane;
    real *const inner = y_points + VN_SIDE * y_plane;
    vn__segment s;
    for (s.lane = 0; s.lane < w->lanes; s.lane += s.width) {
        s.width = lesser(w->lanes - s.lane, COLUMNS);
        for (int64_t q = 0; q < vn__quads(w); q += s.quads, fresh = false) {
            vn__segment_at(&s, w, q, COLUMNS);
            for (int i = 0; i < VN_SIDE; i++) {
                row_of[i](y_points, x_points, dy, x, w, &s);
                for (int j = 0; j < VN_SIDE; j++) {
                    const vn__lane_rows a = { y_points + j * y_plane, 0, COLUMNS, 1 };
                    const vn__lane_rows b = { x_points + j * x_plane, 0, COLUMNS, 1 };
                    real *const to = (real *)sums + (VN_SIDE * i + j) * plane;
                    VN_FN(lane_gemm)(to, w->channels, &a, &b, w->outputs, w->channels,
                                     s.quads * s.width, 1, (vn__onto){ fresh ? NULL : to, 1 },
                                     inner);
                }
            }
        }
    }
}

/* dg = G' u G of a vector of channels, u's points a plane apart. */
VN_INLINE void window_of(vec g[9], const real *u, int64_t plane)
{
    const vec half = v_set((real)0.5);
    vec s[3][VN_SIDE];
    VN_UNROLL
    for (int j = 0; j < VN_SIDE; j++, u += plane) {
        const vec a = v_load(u + VN_SIDE * plane), b = v_load(u + 2 * VN_SIDE * plane);
        s[0][j] = v_load(u) + (a + b) * half;
        s[1][j] = (a - b) * half;
        s[2][j] = (a + b) * half + v_load(u + 3 * VN_SIDE * plane);
    }
    VN_UNROLL
    for (int r = 0; r < 3; r++) {
        g[3 * r] = s[r][0] + (s[r][1] + s[r][2]) * half;
        g[3 * r + 1] = (s[r][1] - s[r][2]) * half;
        g[3 * r + 2] = (s[r][1] + s[r][2]) * half + s[r][3];
    }
}

/* The last vector reads into what lies between two points. */
void VN_FN(winograd_grad)(void *dw, const void *sums, int64_t outputs, int64_t channels)
{
    const int64_t plane = sums_plane(outputs, channels), n = outputs * channels;
    real *to = dw;
    for (int64_t i = 0; i < n; i += VN_LANES) {
        real tap[9][VN_LANES];
        vec g[9];
        window_of(g, (const real *)sums + i, plane);
        for (int t = 0; t < 9; t++)
            v_store(tap[t], g[t]);
        for (int64_t c = 0; c < lesser(n - i, VN_LANES); c++)
            for (int t = 0; t < 9; t++)
                *to++ += tap[t][c];
    }
}
