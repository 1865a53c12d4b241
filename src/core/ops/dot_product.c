/* SPDX-License-Identifier: MIT */
/* One matrix product: strides from the axes of a dot, plain operands to the kernel that
 * fits. */
#include "core/ops/dot_product.h"

/* y[n] = sum over k of a[k] B[k][n], a contiguous. False: no kernel for these strides. */
static bool vector_matrix(void *y, const void *a, const void *b, int64_t b_row, int64_t b_col,
                          int64_t n, const vn__product *p)
{
    vn__epilogue epilogue = p->epilogue ? *p->epilogue : (vn__epilogue){ 0 };
    epilogue.accumulate = p->accumulate;
    if (b_col == 1 || n == 1)
        p->real->gemv_t(y, b, b_row, a, p->k, n, &epilogue);
    else if (b_row == 1)
        p->real->gemv(y, b, b_col, a, n, p->k, &epilogue);
    else
        return false;
    return true;
}

/* Does vn__product_plain call gemv or gemv_t? */
bool vn__product_is_vector(const vn__product *p)
{
    return (p->m == 1 && (p->a_col == 1 || p->k == 1) &&
            (p->b_col == 1 || p->n == 1 || p->b_row == 1)) ||
           (p->n == 1 && (p->b_row == 1 || p->k == 1) &&
            (p->a_row == 1 || p->m == 1 || p->a_col == 1));
}

void vn__product_plain(void *y, const void *a, const void *b, const vn__product *p)
{
    if (p->m == 1 && (p->a_col == 1 || p->k == 1) &&
        vector_matrix(y, a, b, p->b_row, p->b_col, p->n, p))
        return;
    if (p->n == 1 && (p->b_row == 1 || p->k == 1) &&
        vector_matrix(y, b, a, p->a_col, p->a_row, p->m, p))
        return;
    if (p->k == 1 && (p->a_row == 1 || p->m == 1) && (p->b_col == 1 || p->n == 1)) {
        p->real->outer(y, p->n, a, b, p->m, p->n, p->accumulate);
        return;
    }
    p->real->gemm(y, p->n, a, p->a_row, p->a_col, b, p->b_row, p->b_col, p->m, p->n, p->k,
                  p->accumulate, p->work);
}

/* Every field by itself: an initialiser would clear the whole struct first. */
vn__product vn__product_of(const vn_eval *e, const vn__dot *dot, const int64_t unit[2])
{
    const vn_dtype dtype = e->in_aval[0].dtype;
    vn__product p;
    p.real = e->kernels->real[dtype];
    p.size = vn_dtype_size(dtype);
    p.m = dot->m;
    p.n = dot->n;
    p.k = dot->k;
    p.lanes = e->lanes;
    p.a_row = dot->side[0].free * unit[0];
    p.a_col = dot->side[0].contract * unit[0];
    p.b_row = dot->side[1].contract * unit[1];
    p.b_col = dot->side[1].free * unit[1];
    p.y_row = dot->n;
    p.a_lane = 1;
    p.b_lane = 1;
    p.accumulate = false;
    p.part = 0;
    p.parts = 0;
    p.packed = NULL;
    p.lying = NULL;
    p.epilogue = NULL;
    p.work = NULL;
    return p;
}

/* The operand with the strides of its side: itself, or gathered into scratch. */
const void *vn__dot_arrange(char **cursor, const void *x, const vn__dot_side *side,
                            int64_t unit, size_t size)
{
    if (!side->gather)
        return x;
    void *const copy = vn__reserve(cursor, side->entries * unit * (int64_t)size);
    vn__dot_gather(copy, x, side, (size_t)unit * size);
    return copy;
}

const vn__dot *vn__dot_geometry_of(vn__dot *own, const vn_eval *e)
{
    if (e->setup)
        return e->setup;
    vn__dot_setup(own, e);
    return own;
}
