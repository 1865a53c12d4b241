/* SPDX-License-Identifier: MIT
 * The specification of convolution: packed W is a plain copy [outputs][columns]. */
#include "kernels/portable/product.h"

/* One output channel at one pixel. */
static void add_columns(real *y, const real *w, const real *x, int64_t q, const vn__view *v)
{
    for (int64_t r = 0; r < v->runs; r++)
        for (int64_t i = 0; i < v->length; i++)
            add_scaled(y, w[r * v->length + i],
                       x + v->base[q] + v->offset[r] + i * v->lanes, v->lanes);
}

void VN_FN(conv)(void *y, const void *packed, const void *x, const vn__view *view,
                 const vn__epilogue *epilogue)
{
    const vn__view *v = view;
    const int64_t k = v->runs * v->length;
    for (int64_t o = 0; o < v->outputs; o++)
        for (int64_t q = 0; q < v->pixels; q++) {
            const int64_t pixel = (v->to ? v->to[q] : q) * v->y_pixel;
            real *row = (real *)y + o * v->y_channel + pixel;
            const real *mask = mask_row(epilogue, o, v->y_channel);
            begin_row(row, o, v->lanes, epilogue);
            add_columns(row, (const real *)packed + o * k, x, q, v);
            end_row(row, mask ? mask + pixel : mask, v->lanes, epilogue);
        }
}
