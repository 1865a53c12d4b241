/* SPDX-License-Identifier: MIT
 *
 * Convolution of an image of lane vectors (vn__view).
 *
 * A tile of rows (outputs) times columns (vectors of lanes of one or more pixels) stays in
 * registers while the sum runs over the runs of the window: each step loads the columns'
 * vectors and broadcasts one element of W a row. Two columns with many rows, four with few, so
 * that there are always enough sums under way: pixels side by side where a pixel has one
 * vector.
 *
 * Blocks of rows are the outer loop: a block of W stays in the level 1 cache, the image streams
 * from level 2.
 * */
#include "kernels/vector/ending.h"

enum {
    FEW = VN_ROWS / 2, /* up to so many rows: four columns */
    COLUMNS = 4,
};
#if VN_VECTOR_BYTES == 64
#define FEW_HEIGHTS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#else
#define FEW_HEIGHTS(X) X(1) X(2) X(3)
#endif

/* One block of rows for some lanes of all pixels; x and the job's c and mask are at these
 * lanes. */
typedef struct task {
    vn__job job;
    const vn__view *view;
    const real *x;
} task;

/* acc += A(:, k) times the run of columns at x[pixel]. */
VN_INLINE void accumulate(vec acc[VN_ROWS][COLUMNS], const real *a, const real *const x[],
                          int64_t length, int64_t lanes, int rows, int pixels, int vectors)
{
    VN_UNROLL_BY_4
    for (int64_t k = 0; k < length * lanes; k += lanes, a += rows) {
        vec v[COLUMNS];
        VN_UNROLL
        for (int p = 0; p < pixels; p++) {
            VN_UNROLL
            for (int j = 0; j < vectors; j++)
                v[p * vectors + j] = v_load(x[p] + k + j * VN_LANES);
        }
        VN_UNROLL
        for (int i = 0; i < rows; i++) {
            const vec w = v_set(a[i]);
            VN_UNROLL
            for (int j = 0; j < pixels * vectors; j++)
                acc[i][j] = v_fma(w, v[j], acc[i][j]);
        }
    }
}

VN_INLINE void finish(vec acc[VN_ROWS][COLUMNS], const vn__job *job, int64_t at, int column,
                      int rows, int vectors)
{
    real *c = job->c + at;
    const real *mask = job->mask ? job->mask + at : job->mask;
    VN_UNROLL
    for (int i = 0; i < rows; i++) {
        VN_UNROLL
        for (int j = 0; j < vectors; j++)
            v_store(c + j * VN_LANES,
                    vn__finished(acc[i][column + j], c + j * VN_LANES,
                                 mask ? mask + j * VN_LANES : mask, job, true, part_of(0)));
        c += job->c_row;
        mask = mask ? mask + job->c_row : mask;
    }
}

VN_INLINE int64_t to_pixel(const vn__view *view, int64_t q)
{
    return (view->to ? view->to[q] : q) * view->y_pixel;
}

/* What the pixels from q on see: runs, and columns of each. */
typedef struct seen {
    int64_t run, runs, column, columns;
} seen;

VN_INLINE seen seen_by(const vn__view *view, int64_t q, int pixels)
{
    if (!view->span)
        return (seen){ 0, view->runs, 0, view->length };
    const int32_t *span = view->span + 4 * q;
    seen s = { span[0], span[1], span[2], span[3] };
    for (int p = 1; p < pixels; p++) {
        span += 4;
        s.run = span[0] < s.run ? span[0] : s.run;
        s.runs = span[1] > s.runs ? span[1] : s.runs;
        s.column = span[2] < s.column ? span[2] : s.column;
        s.columns = span[3] > s.columns ? span[3] : s.columns;
    }
    return s;
}

/* The pixels from q on. */
VN_INLINE void tile(const task *t, int64_t q, int rows, int pixels, int vectors)
{
    const vn__view *const view = t->view;
    const vn__job *const job = &t->job;
    const seen s = seen_by(view, q, pixels);
    const int64_t lanes = view->lanes, length = view->length;
    const real *a = job->a + (s.run * length + s.column) * rows;
    vec acc[VN_ROWS][COLUMNS];
    VN_UNROLL
    for (int i = 0; i < rows; i++) {
        VN_UNROLL
        for (int j = 0; j < pixels * vectors; j++)
            acc[i][j] = v_set(job->bias ? job->bias[i] : 0);
    }
    for (int64_t r = s.run; r < s.runs; r++, a += length * rows) {
        const real *x[COLUMNS];
        VN_UNROLL
        for (int p = 0; p < pixels; p++)
            x[p] = t->x + view->base[q + p] + view->offset[r] + s.column * lanes;
        accumulate(acc, a, x, s.columns - s.column, lanes, rows, pixels, vectors);
    }
    VN_UNROLL
    for (int p = 0; p < pixels; p++)
        finish(acc, job, to_pixel(view, q + p), p * vectors, rows, vectors);
}

/* All pixels: in groups, then one by one. */
VN_INLINE void pixels_of(const task *t, int rows, int pixels, int vectors)
{
    int64_t q = 0;
    for (; q + pixels <= t->view->pixels; q += pixels)
        tile(t, q, rows, pixels, vectors);
    for (; q < t->view->pixels; q++)
        tile(t, q, rows, 1, vectors);
}

typedef void tile_fn(const task *);
#define MANY(rows)                                                               \
    static void one_##rows(const task *t) { pixels_of(t, rows, 2, 1); }          \
    static void two_##rows(const task *t) { pixels_of(t, rows, 1, 2); }
#define FEW_ROWS(rows)                                                           \
    static void few_one_##rows(const task *t) { pixels_of(t, rows, 4, 1); }      \
    static void few_two_##rows(const task *t) { pixels_of(t, rows, 2, 2); }
#define MANY_ENTRY(rows) { one_##rows, two_##rows },
#define FEW_ENTRY(rows) { few_one_##rows, few_two_##rows },
VN_HEIGHTS(MANY)
FEW_HEIGHTS(FEW_ROWS)
static tile_fn *const many[VN_ROWS][2] = { VN_HEIGHTS(MANY_ENTRY) };
static tile_fn *const few[FEW][2] = { FEW_HEIGHTS(FEW_ENTRY) };

/* A block of rows, for all lanes; t is at its first row. */
static void run_block(task *t, int64_t rows)
{
    const int64_t lanes = t->view->lanes;
    tile_fn *const *const of = rows <= FEW ? few[rows - 1] : many[rows - 1];
    for (int64_t l = 0, step; l < lanes; l += step) {
        step = lanes - l >= VN_COLS ? VN_COLS : VN_LANES;
        of[step == VN_COLS](t);
        t->x += step;
        t->job.c += step;
        t->job.mask = t->job.mask ? t->job.mask + step : NULL;
    }
}

static void second_pass(const task *t, const vn__second *s, int64_t start, int64_t rows)
{
    const vn__job *const job = &t->job;
    const real *const mask = s->mask ? s->mask + start * job->c_row : NULL;
    for (int64_t q = 0; q < t->view->pixels; q++) {
        const int64_t at = to_pixel(t->view, q);
        vn__pass_rows(job->c + at, job->c_row, mask ? mask + at : NULL, s, rows,
                      t->view->lanes);
    }
}

void VN_FN(conv)(void *y, const void *packed, const void *x, const vn__view *view,
                 const vn__epilogue *epilogue)
{
    const int64_t step = vn__packed_depth(view->runs * view->length);
    const vn__cut cut = vn__cut_rows(view->outputs);
    vn__job job = { .c = y, .c_row = view->y_channel, .a = packed };
    const vn__second rest = vn__set_epilogue(&job, epilogue);
    for (int64_t b = 0; b < cut.blocks; b++) {
        const int64_t rows = vn__block_rows(&cut, b), start = vn__block_start(&cut, b);
        task t = { .job = job, .view = view, .x = x };
        t.job.a += start * step;
        t.job.c += start * job.c_row;
        t.job.bias = job.bias ? job.bias + start : NULL;
        t.job.mask = job.mask ? job.mask + start * job.c_row : NULL;
        const task whole = t;
        run_block(&t, rows);
        if (rest.unary >= 0 || rest.gate >= 0)
            second_pass(&whole, &rest, start, rows);
    }
}
