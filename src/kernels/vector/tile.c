/* SPDX-License-Identifier: MIT
 * The micro-kernel: see tile.h. One function, inlined for every height and width of block. */
#include "kernels/vector/tile.h"

/* Lanes of a block: two vectors, two of which the second is cut short, or one cut short. */
enum width { FULL, SECOND_PART, FIRST_PART, WIDTHS };

/* Rows of A that are reached from one pointer. */
enum { REACH = 4, POINTERS = (VN_ROWS + REACH - 1) / REACH };

/* Loops over the terms are unrolled by four: a sum of 256 terms then is 64 rounds, whose end
 * branch predictors foresee. 128 are too many for some, and each block pays for it.
 *
 * One term of the sum: acc[i] += a(i) b, with a(i) = a[i / REACH][i % REACH * a_row]. */
VN_INLINE void add_term(vec acc[VN_ROWS][2], const real *const a[POINTERS], int64_t a_row,
                        const real *b, int rows, int vectors, bool whole, part tail)
{
    vec x[2];
    VN_UNROLL
    for (int v = 0; v < vectors; v++)
        x[v] = vn__load_last(b + v * VN_LANES, whole || v < vectors - 1, tail);
    VN_UNROLL
    for (int i = 0; i < rows; i++) {
        const vec w = v_set(a[i / REACH][i % REACH * a_row]);
        VN_UNROLL
        for (int v = 0; v < vectors; v++)
            acc[i][v] = v_fma(w, x[v], acc[i][v]);
    }
}

/* A packed: acc += A B */
VN_INLINE void add_packed(vec acc[VN_ROWS][2], const vn__job *job, const real *a, const real *b,
                          int rows, int vectors, bool whole, part tail)
{
    const int64_t depth = job->depth, b_row = job->b_row;
    VN_UNROLL_BY_4
    for (int64_t k = 0; k < depth; k++, a += rows, b += b_row) {
        const real *const from[] = { a, a + REACH, a + 2 * REACH };
        add_term(acc, from, 1, b, rows, vectors, whole, tail);
    }
}

/* A where it lies. The pointers are kept apart: twelve distances from one would not fit into
 * the registers. */
VN_INLINE void add_lying(vec acc[VN_ROWS][2], const vn__job *job, const real *first,
                         const real *b, int rows, int vectors)
{
    const int64_t depth = job->depth, b_row = job->b_row;
    const int64_t a_row = job->a_row, a_col = job->a_col;
    for (int64_t p = 0; p < job->panels; p++) {
        const real *a[POINTERS];
        VN_UNROLL
        for (int i = 0; i < POINTERS; i++) {
            a[i] = first + p * job->a_panel + i * REACH * a_row;
            VN_APART(a[i]);
        }
        VN_UNROLL_BY_4
        for (int64_t k = 0; k < depth; k++, b += b_row) {
            add_term(acc, (const real *const *)a, a_row, b, rows, vectors, true, part_of(0));
            VN_UNROLL
            for (int i = 0; i < POINTERS; i++)
                a[i] += a_col;
        }
    }
}

/* Asks for the rows of C, and what they begin with, that they be near when the sum is done. */
VN_INLINE void expect_rows(const vn__job *job, const real *c, int rows)
{
    enum { SHORT = 32, LINE = 64 / sizeof(real) }; /* a short sum is no time to wait */
    if (job->depth * (job->panels > 1 ? job->panels : 1) < SHORT)
        return;
    const real *from = job->begin && job->begin != job->c ? job->begin + (c - job->c) : NULL;
    VN_UNROLL
    for (int i = 0; i < rows; i++, c += job->c_row) {
        VN_UNROLL
        for (int j = 0; j < VN_COLS; j += LINE)
            __builtin_prefetch(c + j, 1);
    }
    for (int i = 0; from && i < rows; i++, from += job->c_row)
        for (int j = 0; j < VN_COLS; j += LINE)
            __builtin_prefetch(from + j);
}

/* One block of rows and its strips. */
VN_INLINE void block(const vn__job *job, const real *a, const real *bias, const real *mask,
                     real *c, int rows, int vectors, bool whole, part tail, bool packed)
{
    const real *b = job->b;
    int64_t left = whole ? job->strips : 1;
    do {
        vec acc[VN_ROWS][2];
        expect_rows(job, c, rows);
        VN_UNROLL
        for (int i = 0; i < rows; i++)
            acc[i][0] = acc[i][1] = bias ? v_set(bias[i]) : v_set(0);
        if (packed)
            add_packed(acc, job, a, b, rows, vectors, whole, tail);
        else
            add_lying(acc, job, a, b, rows, vectors);
        vn__finish(acc, job, c, mask, rows, vectors, whole, tail);
        b += job->b_strip;
        c += VN_COLS;
        mask = mask ? mask + VN_COLS : NULL;
    } while (--left > 0);
}

VN_INLINE void tile(const vn__job *job, int rows, int vectors, bool whole, part tail,
                    bool packed)
{
    const real *a = job->a, *bias = job->bias, *mask = job->mask;
    real *c = job->c;
    int64_t left = job->blocks;
    do {
        block(job, a, bias, mask, c, rows, vectors, whole, tail, packed);
        a += rows * job->a_step;
        c += rows * job->c_row;
        bias = bias ? bias + rows : NULL;
        mask = mask ? mask + rows * job->c_row : NULL;
    } while (--left > 0);
}

#define TILE(name, rows, vectors, whole, packed)                                           \
    static void name##_##rows(const vn__job *job, part t)                                  \
    {                                                                                      \
        tile(job, rows, vectors, whole, t, packed);                                        \
    }
#define TILES(rows)                                                                        \
    TILE(full, rows, 2, true, true)                                                        \
    TILE(second, rows, 2, false, true)                                                     \
    TILE(first, rows, 1, false, true)                                                      \
    TILE(lying_full, rows, 2, true, false)                                                 \
    TILE(lying_second, rows, 2, false, false)                                              \
    TILE(lying_first, rows, 1, false, false)
#define PACKED(rows) { full_##rows, second_##rows, first_##rows },
#define LYING(rows) { lying_full_##rows, lying_second_##rows, lying_first_##rows },

VN_HEIGHTS(TILES)
typedef void tile_fn(const vn__job *, part);
static tile_fn *const packed[VN_ROWS][WIDTHS] = { VN_HEIGHTS(PACKED) };
static tile_fn *const lying[VN_ROWS][WIDTHS] = { VN_HEIGHTS(LYING) };

void VN_FN(run_tile)(const vn__job *job, int64_t rows, int64_t cols)
{
    const enum width width = cols == VN_COLS   ? FULL
                             : cols > VN_LANES ? SECOND_PART
                                               : FIRST_PART;
    tile_fn *const *const of = job->panels ? lying[rows - 1] : packed[rows - 1];
    of[width](job, part_of(width == FIRST_PART ? cols : cols - VN_LANES));
}
