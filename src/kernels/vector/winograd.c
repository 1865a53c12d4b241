/* SPDX-License-Identifier: MIT
 *
 * A 3 x 3 convolution by Winograd's F(2 x 2, 3 x 3): see winograd.h.
 *
 * Segment by segment, the points of all channels are made, then those of the results, a chunk
 * of outputs at a time, and from them the quads. A chunk's weights follow one another, point by
 * point.
 * */
#include "kernels/vector/winograd.h"
#include "kernels/vector/ending.h"

enum {
    COLUMNS = 64,          /* of a segment */
    OUTPUTS = 8 * VN_ROWS, /* of a chunk */
};

/* ---- weights */

int64_t VN_FN(winograd_pack_size)(int64_t outputs, int64_t channels)
{
    return VN_POINTS * VN_FN(pack_size)(outputs, channels);
}

/* u = G g G' */
static void weight_points(real u[VN_POINTS], const real *w, bool back)
{
    real s[VN_SIDE][3];
    for (int c = 0; c < 3; c++) {
        const real g0 = w[back ? 8 - c : c], g1 = w[back ? 5 - c : 3 + c],
                   g2 = w[back ? 2 - c : 6 + c];
        s[0][c] = g0;
        s[1][c] = (g0 + g1 + g2) / 2;
        s[2][c] = (g0 - g1 + g2) / 2;
        s[3][c] = g2;
    }
    for (int i = 0; i < VN_SIDE; i++, u += VN_SIDE) {
        u[0] = s[i][0];
        u[1] = (s[i][0] + s[i][1] + s[i][2]) / 2;
        u[2] = (s[i][0] - s[i][1] + s[i][2]) / 2;
        u[3] = s[i][2];
    }
}

void VN_FN(winograd_pack)(void *packed, const void *w, int64_t w_row, int64_t w_channel,
                          bool back, int64_t outputs, int64_t channels)
{
    const int64_t depth = vn__packed_depth(channels);
    for (int64_t o = 0; o < outputs; o += OUTPUTS) {
        const int64_t rows = lesser(outputs - o, OUTPUTS);
        const vn__cut cut = vn__cut_rows(rows);
        for (int64_t b = 0; b < cut.blocks; b++) {
            const int64_t height = vn__block_rows(&cut, b), start = vn__block_start(&cut, b);
            real *const block = (real *)packed + (VN_POINTS * o + start) * depth;
            for (int64_t r = 0; r < height; r++)
                for (int64_t c = 0; c < channels; c++) {
                    real u[VN_POINTS];
                    weight_points(u, (const real *)w + (o + start + r) * w_row + c * w_channel,
                                  back);
                    for (int p = 0; p < VN_POINTS; p++)
                        block[p * rows * depth + c * height + r] = u[p];
                }
        }
    }
}

/* ---- results */

/* What a chunk's points become. c: the first output's image. */
typedef struct ending {
    vn__job job; /* c, c_row, bias, mask, accumulate, relu */
    vn__second rest;
    const vn__window3 *window;
} ending;

/* A m A' of a vector of lanes. */
VN_INLINE void quad_of(vec y[2][2], const real *m, int64_t plane)
{
    vec s[2][VN_SIDE];
    VN_UNROLL
    for (int j = 0; j < VN_SIDE; j++, m += plane) {
        const vec b = v_load(m + VN_SIDE * plane), c = v_load(m + 2 * VN_SIDE * plane);
        s[0][j] = v_load(m) + (b + c);
        s[1][j] = (b - c) - v_load(m + 3 * VN_SIDE * plane);
    }
    VN_UNROLL
    for (int r = 0; r < 2; r++) {
        y[r][0] = s[r][0] + (s[r][1] + s[r][2]);
        y[r][1] = (s[r][1] - s[r][2]) - s[r][3];
    }
}

/* The quads of one output; m: its points of the segment. */
VN_INLINE void store_quads(const vn__job *job, const real *m, int64_t plane,
                           const vn__window3 *w, const vn__segment *s)
{
    const vec bias = v_set(job->bias ? *job->bias : 0);
    const int64_t pixel = w->lanes, row = w->y[1] * w->lanes;
    for (int64_t k = 0; k < s->quads; k++) {
        const vn__quad *const q = &s->quad[k];
        real *c = job->c + q->result;
        const real *mask = job->mask ? job->mask + q->result : NULL;
        for (int64_t l = 0; l < s->width; l += VN_LANES, m += VN_LANES, c += VN_LANES) {
            vec y[2][2];
            quad_of(y, m, plane);
            VN_UNROLL
            for (int i = 0; i < 4; i++) {
                const int64_t to = (i / 2) * row + (i % 2) * pixel;
                if (i / 2 < q->rows && i % 2 < q->columns)
                    v_store(c + to,
                            vn__finished(y[i / 2][i % 2] + bias, c + to,
                                         mask ? mask + to : NULL, job, true, part_of(0)));
            }
            mask = mask ? mask + VN_LANES : NULL;
        }
    }
}

/* The common endings without a decision for every vector, as in vn__finish. */
static void store_output(const vn__job *job, const real *m, int64_t plane, const vn__window3 *w,
                         const vn__segment *s)
{
    vn__job known = { .c = job->c, .bias = job->bias };
    if (job->accumulate || (job->mask && job->relu)) {
        store_quads(job, m, plane, w, s);
    } else if (job->mask) {
        known.mask = job->mask;
        store_quads(&known, m, plane, w, s);
    } else if (job->relu) {
        known.relu = true;
        store_quads(&known, m, plane, w, s);
    } else {
        store_quads(&known, m, plane, w, s);
    }
}

/* Rows of the result that the segment's quads cover, quad by quad. */
static void second_pass(const ending *e, const vn__segment *s, int64_t rows)
{
    const vn__window3 *const w = e->window;
    for (int64_t k = 0; k < s->quads; k++)
        for (int r = 0; r < s->quad[k].rows; r++)
            for (int c = 0; c < s->quad[k].columns; c++) {
                const int64_t at = s->quad[k].result + (r * w->y[1] + c) * w->lanes;
                vn__pass_rows(e->job.c + at, e->job.c_row,
                              e->rest.mask ? e->rest.mask + at : NULL, &e->rest, rows,
                              s->width);
            }
}

/* A chunk of `rows` outputs, from `first` on. */
static void finish(const ending *of_all, const real *m, int64_t plane, const vn__segment *s,
                   int64_t first, int64_t rows)
{
    ending e = *of_all;
    const int64_t at = first * e.job.c_row;
    e.job.c += at;
    e.job.mask = e.job.mask ? e.job.mask + at : NULL;
    e.job.bias = e.job.bias ? e.job.bias + first : NULL;
    e.rest.mask = e.rest.mask ? e.rest.mask + at : NULL;
    vn__job job = e.job;
    for (int64_t o = 0; o < rows; o++, m += COLUMNS) {
        store_output(&job, m, plane, e.window, s);
        job.c += job.c_row;
        job.mask = job.mask ? job.mask + job.c_row : NULL;
        job.bias = job.bias ? job.bias + 1 : NULL;
    }
    if (e.rest.unary >= 0 || e.rest.gate >= 0)
        second_pass(&e, s, rows);
}

/* ---- all */

static int64_t x_plane(const vn__window3 *w) { return w->channels * COLUMNS + VN_LINE; }

enum { Y_PLANE = OUTPUTS * COLUMNS + VN_LINE };

int64_t VN_FN(winograd_scratch)(const vn__window3 *w)
{
    return VN_POINTS * (x_plane(w) + Y_PLANE) * (int64_t)sizeof(real);
}

static void make_points(real *to, const real *x, const vn__window3 *w, const vn__segment *s)
{
    const int64_t channel = w->x[0] * w->x[1] * w->lanes;
    for (int64_t c = 0; c < w->channels; c++, x += channel, to += COLUMNS)
        vn__channel_points(to, x_plane(w), x, w, s, 0, VN_SIDE);
}

static void run_segment(const ending *e, const real *packed, const real *x,
                        const vn__segment *s, real *points)
{
    const vn__window3 *const w = e->window;
    const int64_t depth = vn__packed_depth(w->channels), n = s->quads * s->width;
    real *const sums = points + VN_POINTS * x_plane(w);
    make_points(points, x, w, s);
    for (int64_t o = 0; o < w->outputs; o += OUTPUTS) {
        const int64_t rows = lesser(w->outputs - o, OUTPUTS);
        const real *const weights = packed + VN_POINTS * o * depth;
        for (int p = 0; p < VN_POINTS; p++)
            VN_FN(gemm_packed)(sums + p * Y_PLANE, COLUMNS, weights + p * rows * depth,
                               points + p * x_plane(w), COLUMNS, rows, n, w->channels, NULL);
        finish(e, sums, Y_PLANE, s, o, rows);
    }
}

void VN_FN(winograd)(void *y, const void *packed, const void *x, const vn__window3 *w,
                     const vn__epilogue *epilogue, void *scratch)
{
    ending e = { .job = { .c = y, .c_row = w->y_channel }, .window = w };
    e.rest = vn__set_epilogue(&e.job, epilogue);
    vn__segment s;
    for (s.lane = 0; s.lane < w->lanes; s.lane += s.width) {
        s.width = lesser(w->lanes - s.lane, COLUMNS);
        for (int64_t q = 0; q < vn__quads(w); q += s.quads) {
            vn__segment_at(&s, w, q, COLUMNS);
            run_segment(&e, packed, x, &s, scratch);
        }
    }
}
