/* SPDX-License-Identifier: MIT
 * The specification of the weight gradient of a convolution, and of its norm by lane. */
#include "kernels/portable/product.h"

/* The lane vectors that meet at pixel q: output o of dY, column r, i of X. */
static const real *y_at(const void *dy, int64_t o, int64_t q, const vn__view *v)
{
    return (const real *)dy + o * v->y_channel + (v->to ? v->to[q] : q) * v->y_pixel;
}

static const real *x_at(const void *x, int64_t q, int64_t r, int64_t i, const vn__view *v)
{
    return (const real *)x + v->base[q] + v->offset[r] + i * v->lanes;
}

int64_t VN_FN(conv_weight_grad_scratch)(const vn__view *view)
{
    (void)view;
    return 0;
}

void VN_FN(conv_weight_grad)(void *dw, int64_t dw_row, const void *dy, const void *x,
                             const vn__view *view, void *scratch)
{
    const vn__view *v = view;
    (void)scratch;
    for (int64_t o = 0; o < v->outputs; o++)
        for (int64_t r = 0; r < v->runs; r++)
            for (int64_t i = 0; i < v->length; i++) {
                real sum = 0;
                for (int64_t q = 0; q < v->pixels; q++)
                    sum += lane_dot(y_at(dy, o, q, v), x_at(x, q, r, i, v), v->lanes);
                ((real *)dw)[o * dw_row + v->target[r * v->length + i]] += sum;
            }
}

void VN_FN(conv_weight_norm)(void *norm, const void *dy, const void *x, const vn__view *view,
                             void *scratch)
{
    const vn__view *v = view;
    (void)scratch;
    for (int64_t l = 0; l < v->lanes; l++)
        for (int64_t o = 0; o < v->outputs; o++)
            for (int64_t r = 0; r < v->runs; r++)
                for (int64_t i = 0; i < v->length; i++) {
                    real sum = 0;
                    for (int64_t q = 0; q < v->pixels; q++)
                        sum += y_at(dy, o, q, v)[l] * x_at(x, q, r, i, v)[l];
                    ((real *)norm)[l] += sum * sum;
                }
}
