/* SPDX-License-Identifier: MIT
 * The specification of packed products: a packed matrix is a plain copy [m][k]. */
#include "kernels/portable/product.h"

int64_t VN_FN(pack_size)(int64_t m, int64_t k)
{
    return m * k * (int64_t)sizeof(real);
}

void VN_FN(pack)(void *packed, const void *a, int64_t a_row, int64_t a_tap, int64_t a_channel,
                 int64_t m, int64_t taps, int64_t channels)
{
    real *p = packed;
    for (int64_t i = 0; i < m; i++)
        for (int64_t t = 0; t < taps; t++)
            for (int64_t c = 0; c < channels; c++)
                *p++ = ((const real *)a)[i * a_row + t * a_tap + c * a_channel];
}

void VN_FN(gemm_packed)(void *c, int64_t ldc, const void *packed, const void *b, int64_t ldb,
                        int64_t m, int64_t n, int64_t k, const vn__epilogue *epilogue)
{
    for (int64_t i = 0; i < m; i++) {
        real *row = (real *)c + i * ldc;
        begin_row(row, i, n, epilogue);
        for (int64_t t = 0; t < k; t++)
            add_scaled(row, ((const real *)packed)[i * k + t], (const real *)b + t * ldb, n);
        end_row(row, mask_row(epilogue, i), n, epilogue);
    }
}

/* One output channel at one pixel: the taps that are not padding, all input channels. */
static void conv_row(real *y, const real *w, const real *x, const int32_t *tap,
                     const vn__window *s)
{
    for (int64_t t = 0; t < s->taps; t++)
        for (int64_t c = 0; tap[t] >= 0 && c < s->channels; c++)
            add_scaled(y, w[t * s->channels + c], x + c * s->x_channel + tap[t] * s->x_pixel,
                       s->lanes);
}

void VN_FN(conv)(void *y, const void *packed, const void *x, const vn__window *window,
                 const vn__epilogue *epilogue)
{
    const vn__window *s = window;
    const int64_t k = s->taps * s->channels;
    for (int64_t o = 0; o < s->outputs; o++)
        for (int64_t q = 0; q < s->pixels; q++) {
            real *row = (real *)y + o * s->y_channel + q * s->y_pixel;
            const real *mask = mask_row(epilogue, o);
            begin_row(row, o, s->lanes, epilogue);
            conv_row(row, (const real *)packed + o * k, x, s->tap + q * s->taps, s);
            end_row(row, mask ? mask + q * s->y_pixel : mask, s->lanes, epilogue);
        }
}
