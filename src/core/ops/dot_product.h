/* SPDX-License-Identifier: MIT */
/* One matrix product of a dot_general: what its evaluation (dot_eval.c) and its sum over lanes
 * (dot_sum.c) share. */
#ifndef VN_CORE_OPS_DOT_PRODUCT_H
#define VN_CORE_OPS_DOT_PRODUCT_H

#include "core/ops/dot_geometry.h"
#include "kernels/kernels.h"

#define VN__DOT_PANELS 16 /* of one call of lane_gemm */

/* One matrix product; strides in elements, y is contiguous in n, its rows are y_row apart in a
 * sum, else n. */
typedef struct vn__product {
    const vn__real_kernels *real;
    size_t size;
    int64_t m, n, k, lanes;
    int64_t a_row, a_col, b_row, b_col, y_row;
    int64_t a_lane, b_lane; /* in a sum: from lane to lane */
    bool accumulate;     /* plain operands only */
    int64_t part, parts; /* parts 0 or 1: the whole product */
    const void *packed; /* the plain operand of a mapped one, from the first group asked for, */
    const void *lying;  /* or, packed NULL, all of it where it lies */
    const vn__epilogue *epilogue; /* only where takes_epilogue said so */
    void *work;
} vn__product;

static inline const void *vn__element(const void *x, int64_t element, size_t size)
{
    return (const char *)x + element * (int64_t)size;
}

/* unit: lanes of an entry of each operand, 1 or e->lanes. */
vn__product vn__product_of(const vn_eval *e, const vn__dot *dot, const int64_t unit[2]);

/* A product of plain operands. */
void vn__product_plain(void *y, const void *a, const void *b, const vn__product *p);

/* Does vn__product_plain call gemv or gemv_t? */
bool vn__product_is_vector(const vn__product *p);

/* The geometry that the setup made, or made here. */
const vn__dot *vn__dot_geometry_of(vn__dot *own, const vn_eval *e);

/* The operand with the strides of its side: itself, or gathered into scratch. */
const void *vn__dot_arrange(char **cursor, const void *x, const vn__dot_side *side,
                            int64_t unit, size_t size);

/* Bytes of scratch, a multiple of 64. */
static inline void *vn__reserve(char **cursor, int64_t bytes)
{
    void *const start = *cursor;
    *cursor += (bytes + 63) & ~(int64_t)63;
    return start;
}

/* The parts of a sum over lanes. */
int64_t vn__dot_sum_parts(const vn__dot *dot);

#endif
