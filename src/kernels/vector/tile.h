/* SPDX-License-Identifier: MIT
 *
 * The micro-kernel of the products with a packed matrix: a block of up to VN_ROWS rows times
 * two vectors of the result stays in registers, while the sum runs over k:
 *
 *   C[i][lanes] = finish(sum over k of A(i, k) B[k][lanes])
 *
 * Each step loads two vectors of B and broadcasts one element of A a row. A block of A is
 * packed [k][rows of the block], or read where it lies: a little slower, and worth it where few
 * strips of B would pay for the packing.
 * */
#ifndef VN_KERNELS_VECTOR_TILE_H
#define VN_KERNELS_VECTOR_TILE_H

#include "kernels/simd/simd.h"

/* Rows of a block: 2 VN_ROWS accumulators, two vectors of B and a broadcast fill the
 * registers. */
#if VN_VECTOR_BYTES == 64
enum { VN_ROWS = 12 };
#define VN_HEIGHTS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#else
enum { VN_ROWS = 6 };
#define VN_HEIGHTS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#endif
enum { VN_COLS = 2 * VN_LANES };

/* m rows are cut into blocks of equal heights, give or take one: the first `tall` of them have
 * height + 1 rows. No block is so low that it would wait for its own additions. */
typedef struct vn__cut {
    int64_t blocks, height, tall;
} vn__cut;

static inline vn__cut vn__cut_into(int64_t m, int64_t most)
{
    const int64_t blocks = (m + most - 1) / most;
    const int64_t height = blocks ? m / blocks : 0;
    return (vn__cut){ blocks, height, m - height * blocks };
}

static inline vn__cut vn__cut_rows(int64_t m) { return vn__cut_into(m, VN_ROWS); }

/* Elements of a packed block for each of its rows: k, and a line where blocks would lie a
 * multiple of a page apart or nearly so. A column goes to all of them, and so many lines of one
 * set are more than level 1 keeps: packing took four times as long. */
static inline int64_t vn__packed_depth(int64_t k)
{
    enum { FAR = 1024 / sizeof(real), LINE = 64 / sizeof(real) };
    return k % FAR == 0 ? k + LINE : k;
}

static inline int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

static inline int64_t vn__block_rows(const vn__cut *cut, int64_t block)
{
    return cut->height + (block < cut->tall);
}

static inline int64_t vn__block_start(const vn__cut *cut, int64_t block)
{
    return cut->height * block + (block < cut->tall ? block : cut->tall);
}

/* Blocks of rows of one height and one strip of at most VN_COLS lanes, or `strips` of VN_COLS
 * side by side, that a block meets before the next; of B they are b_strip apart. Strides in
 * elements.
 * The sum has `depth` terms where A is packed (panels 0), else as many in each of `panels`:
 * A(i, p * depth + k) = a[i * a_row + p * a_panel + k * a_col], and B has rows of whole
 * vectors. */
typedef struct vn__job {
    real *c;
    const real *a, *b;
    int64_t c_row, b_row, b_strip, depth, blocks, strips; /* blocks, strips 0: one */
    int64_t a_step;                              /* A from block to block, for each row */
    int64_t a_row, a_col, a_panel, panels;
    const real *bias, *mask; /* NULL: none; mask is laid out like C */
    bool accumulate, relu;
    const real *begin; /* laid out like C: C = begin + scale * sum; NULL: C = sum */
    real scale;
} vn__job;

/* ---- the end of a block: the last vector of a row is `whole` or has the lanes of `tail` */

VN_INLINE vec vn__load_last(const real *p, bool whole, part tail)
{
    return whole ? v_load(p) : v_load_part(p, tail);
}

VN_INLINE vec vn__finished(vec v, const real *c, const real *mask, const vn__job *job,
                           bool whole, part tail)
{
    if (job->accumulate)
        v += vn__load_last(c, whole, tail);
    if (job->relu)
        v = v_max(v_set(0), v);
    if (mask)
        v = v_select(v_gt(vn__load_last(mask, whole, tail), v_set(0)), v, v_set(0));
    return v;
}

/* begin, mask: beside c, or NULL. */
VN_INLINE void vn__store_rows(vec acc[VN_ROWS][2], const vn__job *job, real *c,
                              const real *begin, const real *mask, int rows, int vectors,
                              bool whole, part tail)
{
    VN_UNROLL
    for (int i = 0; i < rows; i++) {
        VN_UNROLL
        for (int v = 0; v < vectors; v++) {
            const bool all = whole || v < vectors - 1;
            const vec r =
                begin ? v_fma(v_set(job->scale), acc[i][v],
                              vn__load_last(begin + v * VN_LANES, all, tail))
                      : vn__finished(acc[i][v], c + v * VN_LANES,
                                     mask ? mask + v * VN_LANES : NULL, job, all, tail);
            if (all)
                v_store(c + v * VN_LANES, r);
            else
                v_store_part(c + v * VN_LANES, r, tail);
        }
        c += job->c_row;
        begin = begin ? begin + job->c_row : NULL;
        mask = mask ? mask + job->c_row : NULL;
    }
}

/* The common endings without a decision for every vector: the job that is copied here is known
 * to the compiler. */
VN_INLINE void vn__finish(vec acc[VN_ROWS][2], const vn__job *job, real *c, const real *mask,
                          int rows, int vectors, bool whole, part tail)
{
    vn__job known = { .c_row = job->c_row };
    if (mask) {
        known.accumulate = job->accumulate;
        known.relu = job->relu;
        vn__store_rows(acc, &known, c, NULL, mask, rows, vectors, whole, tail);
    } else if (job->accumulate) {
        known.accumulate = true;
        known.relu = job->relu;
        vn__store_rows(acc, &known, c, NULL, NULL, rows, vectors, whole, tail);
    } else if (job->relu) {
        known.relu = true;
        vn__store_rows(acc, &known, c, NULL, NULL, rows, vectors, whole, tail);
    } else if (job->begin) {
        known.scale = job->scale;
        vn__store_rows(acc, &known, c, job->begin + (c - job->c), NULL, rows, vectors, whole,
                       tail);
    } else {
        vn__store_rows(acc, &known, c, NULL, NULL, rows, vectors, whole, tail);
    }
}

/* Runs a job on its blocks of `rows` rows and `cols` lanes, 1 <= rows <= VN_ROWS, cols <=
 * VN_COLS. */
typedef void vn__run_tile_fn(const vn__job *job, int64_t rows, int64_t cols);
extern vn__run_tile_fn VN_FN(run_tile);

/* The same of any number of rows, cut by vn__cut_rows. */
static inline void vn__run_rows(const vn__job *job, int64_t rows, int64_t cols)
{
    const vn__cut cut = vn__cut_rows(rows);
    const int64_t low = cut.height, high = low + 1;
    vn__job some = *job;
    if (cut.tall > 0) {
        some.blocks = cut.tall;
        VN_FN(run_tile)(&some, high, cols);
        some.c += cut.tall * high * job->c_row;
        some.begin = job->begin ? job->begin + cut.tall * high * job->c_row : NULL;
        some.a += cut.tall * high * job->a_step;
    }
    some.blocks = cut.blocks - cut.tall;
    if (some.blocks > 0)
        VN_FN(run_tile)(&some, low, cols);
}

#endif
