/* SPDX-License-Identifier: MIT
 *
 * The weight gradient of a dense layer, the sum over lanes k of Y[i][k] X[j][k], in one of
 * three ways, chosen by cost:
 *
 *   straight   A strip of columns of X is transposed into [k][columns], once for all rows, and
 *              the broadcast kernel runs with the lanes as its long dimension: each step loads
 *              two vectors of the strip and broadcasts one element of Y a row, straight from
 *              its panel.
 *   exchanged  The same with the roles exchanged, where Y is the smaller operand; the strip of
 *              C^T that results goes to C in transposed squares.
 *   sums       Partial sums in the lanes (lane_sums.c). They would stream both operands for
 *              every block of a large C, but a small one is done before a strip is made.
 * */
#include "kernels/vector/lane_sums.h"
#include "kernels/vector/pack.h"

/* Lanes of a chunk: a strip of DEPTH x VN_COLS fills about a level 1 cache. A few STRIPS are
 * made at a time and stay in level 2, with a GROUP of rows, until all rows have met them. */
enum { DEPTH = VN__LANE_GEMM_TERMS, GROUP = 16 * VN_ROWS, STRIPS = 8 };

/* Elements from lane to lane, from which on the rows of tokens meet in so few sets of a cache
 * that a group would not stay in level 2. */
enum { FAR = 2048 / sizeof(real) };

/* One operand. */
typedef struct operand {
    const real *data;
    int64_t panel, row, lane, rows;
} operand;

/* A chunk: `lanes` lanes of each of `panels` panels. */
typedef struct chunk {
    int64_t panels, lanes;
} chunk;

/* A matrix, or a part of it: C = begin + scale * sum, or the sum alone where begin is NULL. */
typedef struct result {
    real *c;
    const real *begin;
    real scale;
    int64_t row;
} result;

static result part_from(const result *r, int64_t i, int64_t j)
{
    result rest = *r;
    rest.c += i * r->row + j;
    rest.begin = r->begin ? r->begin + i * r->row + j : NULL;
    return rest;
}

/* The rows j to j + cols of x as strip[k][one or two vectors], padded with zeros. */
static void make_strip(real *strip, const operand *x, int64_t j, int64_t cols, chunk k)
{
    for (int64_t p = 0; p < k.panels; p++, strip += k.lanes * vn__strip_width(cols))
        vn__pack_strip(strip, x->data + p * x->panel + j * x->row, x->lane, x->row, cols,
                       k.lanes);
}

/* The first `cols` columns: the sum over the chunk of y[i] strip, for all rows of y. Of whole
 * columns it may be several strips, one behind the other. */
static void multiply(result r, const operand *y, const real *strip, int64_t strips,
                     int64_t cols, chunk k)
{
    const vn__job job = { .c = r.c,
                          .c_row = r.row,
                          .a = y->data,
                          .a_step = y->row,
                          .b = strip,
                          .b_row = vn__strip_width(cols),
                          .b_strip = k.panels * k.lanes * VN_COLS,
                          .strips = strips,
                          .depth = k.lanes,
                          .a_row = y->row,
                          .a_col = y->lane,
                          .a_panel = y->panel,
                          .panels = k.panels,
                          .begin = r.begin,
                          .scale = r.scale };
    vn__run_rows(&job, y->rows, cols);
}

static operand rows_of(const operand *x, int64_t start, int64_t most)
{
    operand taken = *x;
    taken.data += start * x->row;
    taken.rows = lesser(x->rows - start, most);
    return taken;
}

/* Rows that lie side by side, lane by lane, as they are but without what lies between. */
static operand gather_rows(real *to, const operand *y, chunk k)
{
    const operand near = { to, k.lanes * y->rows, 1, y->rows, y->rows };
    for (int64_t p = 0; p < k.panels; p++)
        for (int64_t l = 0; l < k.lanes; l++, to += y->rows)
            memcpy(to, y->data + p * y->panel + l * y->lane, (size_t)y->rows * sizeof(real));
    return near;
}

/* The sum of rows of y with `cols` columns in strips. A block of rows meets all strips where
 * their terms are few: C is then passed through in order, and memory is what it waits for. */
static void multiply_strips(result r, const operand *y, const real *strips, int64_t cols,
                            chunk k)
{
    const int64_t terms = k.panels * k.lanes, whole = cols / VN_COLS;
    const int64_t together = terms <= VN__LANE_GEMM_FEW ? whole : 1;
    for (int64_t s = 0; s < whole; s += together)
        multiply(part_from(&r, 0, s * VN_COLS), y, strips + s * terms * VN_COLS, together,
                 VN_COLS, k);
    if (cols > whole * VN_COLS)
        multiply(part_from(&r, 0, whole * VN_COLS), y, strips + whole * terms * VN_COLS, 1,
                 cols - whole * VN_COLS, k);
}

/* X in strips, Y broadcast: C is written as it lies. */
static void straight(const result *r, const operand *y, const operand *x, chunk k,
                     real *scratch)
{
    const bool far = y->row == 1 && y->lane >= FAR;
    const int64_t terms = k.panels * k.lanes, most = STRIPS * DEPTH / terms * VN_COLS;
    real *const strips = scratch + (far ? DEPTH * lesser(y->rows, GROUP) : 0);
    for (int64_t from = 0; from < x->rows; from += most) {
        const int64_t cols = lesser(x->rows - from, most);
        for (int64_t j = 0; j < cols; j += VN_COLS)
            make_strip(strips + j * terms, x, from + j, lesser(cols - j, VN_COLS), k);
        for (int64_t i = 0; i < y->rows; i += GROUP) {
            operand group = rows_of(y, i, GROUP);
            if (far)
                group = gather_rows(scratch, &group, k);
            multiply_strips(part_from(r, i, from), &group, strips, cols, k);
        }
    }
}

/* t[j][i] is the sum of row i, column j. */
static void add_transposed(result to, const real *t, int64_t rows, int64_t cols)
{
    for (int64_t j = 0; j < cols; j += VN_LANES) {
        real square[VN_LANES * VN_LANES];
        const int64_t width = cols - j < VN_LANES ? cols - j : VN_LANES;
        for (int64_t i = 0; i < rows; i += VN_LANES) {
            const int64_t height = rows - i < VN_LANES ? rows - i : VN_LANES;
            transpose_square(square, VN_LANES, t + j * VN_COLS + i, VN_COLS, width, height);
            for (int64_t r = 0; r < height; r++) {
                const result row = part_from(&to, i + r, j);
                const real *const sum = square + r * VN_LANES;
                for (int64_t s = 0; s < width; s++)
                    row.c[s] = row.begin ? row.begin[s] + row.scale * sum[s] : sum[s];
            }
        }
    }
}

/* Y in strips, X broadcast, a few hundred rows of X at a time: C^T is made in scratch. */
static void exchanged(const result *r, const operand *y, const operand *x, chunk k, real *strip)
{
    const result sums = { .c = strip + DEPTH * VN_COLS, .row = VN_COLS };
    for (int64_t i = 0; i < y->rows; i += VN_COLS) {
        const int64_t cols = y->rows - i < VN_COLS ? y->rows - i : VN_COLS;
        make_strip(strip, y, i, cols, k);
        for (int64_t j = 0; j < x->rows; j += DEPTH) {
            const operand group = rows_of(x, j, DEPTH);
            multiply(sums, &group, strip, 1, cols, k);
            add_transposed(part_from(r, i, j), sums.c, cols, group.rows);
        }
    }
}

/* ---- which way: costs in half cycles, roughly. A multiply-add of vectors is one. */

enum {
    SQUARE = VN_VECTOR_BYTES == 64 ? 11 : 7, /* a lane of a vector of rows transposed */
    LATENCY = 8,     /* a step with fewer sums than this waits for them */
    SHORT = 40,      /* a row of C of less than a vector, whose store the next load waits for */
    TRANSPOSED = 8,  /* an element of C^T added to C */
    ACROSS = 7,      /* a vector of partial sums added up */
    BLOCK = 200,     /* a block of partial sums begun and ended */
};

/* rows broadcast against strips of `cols` */
static int64_t strips_cost(int64_t rows, int64_t cols, int64_t depth)
{
    const int64_t vectors = (cols + VN_LANES - 1) / VN_LANES;
    const int64_t waits = LATENCY * vn__cut_rows(rows).blocks * ((vectors + 1) / 2);
    const int64_t step = rows * vectors > waits ? rows * vectors : waits;
    return depth * (step + SQUARE * vectors);
}

static int64_t sums_cost(int64_t m, int64_t n, int64_t depth)
{
    return m * n * (5 * depth / (4 * VN_LANES) + ACROSS) + (m + 5) / 6 * BLOCK;
}

typedef enum way { STRAIGHT, EXCHANGED, SUMS } way;

static way best_way(int64_t m, int64_t n, int64_t depth)
{
    const int64_t straight = strips_cost(m, n, depth) + (n < VN_LANES ? SHORT * m : 0);
    const int64_t exchanged = strips_cost(n, m, depth) + TRANSPOSED * m * n;
    const int64_t strips = straight < exchanged ? straight : exchanged;
    return sums_cost(m, n, depth) < strips ? SUMS : straight > exchanged ? EXCHANGED : STRAIGHT;
}

_Static_assert(2 * DEPTH * VN_COLS >= VN__LANE_SUMS_ROOM, "two strips hold the partial sums");

/* Room for a group of rows, and for strips of X, or one of Y and a piece of C^T as large, or
 * partial sums. */
int64_t VN_FN(lane_gemm_scratch)(int64_t m, int64_t n, int64_t lanes, int64_t panels)
{
    (void)lanes, (void)panels;
    const int64_t strips = lesser((n + VN_COLS - 1) / VN_COLS, STRIPS);
    return DEPTH * (lesser(m, GROUP) + (strips < 2 ? 2 : strips) * VN_COLS) *
           (int64_t)sizeof(real);
}

/* From lane l of panel p on. */
static operand from(const vn__lane_rows *x, int64_t rows, int64_t p, int64_t l)
{
    return (operand){ (const real *)x->data + p * x->panel + l * x->lane, x->panel, x->row,
                      x->lane, rows };
}

/* No terms at all. */
static void only_begin(const result *r, int64_t m, int64_t n)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            r->c[i * r->row + j] = r->begin ? r->begin[i * r->row + j] : 0;
}

void VN_FN(lane_gemm)(void *c, int64_t ldc, const vn__lane_rows *y, const vn__lane_rows *x,
                      int64_t m, int64_t n, int64_t lanes, int64_t panels, vn__onto onto,
                      void *scratch)
{
    const bool plain = !onto.begin || (onto.begin == c && onto.scale == 1);
    if (lanes == 1 && panels == 1 && y->row == 1 && x->row == 1 && plain) { /* one example */
        VN_FN(outer)(c, ldc, y->data, x->data, m, n, onto.begin != NULL);
        return;
    }
    const int64_t width = lanes < DEPTH ? lanes : DEPTH, group = width > 0 ? DEPTH / width : 1;
    const bool rows = y->lane == 1 && x->lane == 1;
    const way by = rows ? best_way(m, n, lanes * panels) : STRAIGHT;
    if (by == SUMS) {
        VN_FN(lane_sums)(c, ldc, y, x, m, n, lanes, panels, onto, scratch);
        return;
    }
    result to = { c, onto.begin, onto.begin ? (real)onto.scale : 1, ldc };
    if (panels == 0 || lanes == 0)
        only_begin(&to, m, n);
    for (int64_t p = 0; p < panels; p += group)
        for (int64_t l = 0; l < lanes; l += width) {
            const chunk k = { lesser(panels - p, group), lesser(lanes - l, width) };
            const operand left = from(y, m, p, l), right = from(x, n, p, l);
            if (by == EXCHANGED)
                exchanged(&to, &left, &right, k, scratch);
            else
                straight(&to, &left, &right, k, scratch);
            to.begin = c;
        }
}
