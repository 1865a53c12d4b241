/* SPDX-License-Identifier: MIT
 * The specification of a 3 x 3 convolution and its weight gradient: by the definition. Packed
 * weights are a plain copy [outputs][channels][9], sums the gradient itself. */
#include "kernels/portable/product.h"

#include <string.h>

int64_t VN_FN(winograd_pack_size)(int64_t outputs, int64_t channels)
{
    return outputs * channels * 9 * (int64_t)sizeof(real);
}

int64_t VN_FN(winograd_sums_size)(int64_t outputs, int64_t channels)
{
    return VN_FN(winograd_pack_size)(outputs, channels);
}

void VN_FN(winograd_pack)(void *packed, const void *w, int64_t w_row, int64_t w_channel,
                          bool back, int64_t outputs, int64_t channels)
{
    real *to = packed;
    for (int64_t o = 0; o < outputs; o++)
        for (int64_t c = 0; c < channels; c++)
            for (int64_t t = 0; t < 9; t++)
                *to++ = ((const real *)w)[o * w_row + c * w_channel + (back ? 8 - t : t)];
}

int64_t VN_FN(winograd_scratch)(const vn__window3 *w)
{
    (void)w;
    return 0;
}

int64_t VN_FN(winograd_grad_scratch)(const vn__window3 *w)
{
    (void)w;
    return 0;
}

/* The vector of x under tap t of pixel q, NULL: padding. */
static const real *under(const real *x, const vn__window3 *w, int64_t c, int64_t q, int64_t t)
{
    const int64_t row = q / w->y[1] + t / 3 - w->low[0],
                  column = q % w->y[1] + t % 3 - w->low[1];
    if (row < 0 || row >= w->x[0] || column < 0 || column >= w->x[1])
        return NULL;
    return x + ((c * w->x[0] + row) * w->x[1] + column) * w->lanes;
}

void VN_FN(winograd)(void *y, const void *packed, const void *x, const vn__window3 *w,
                     const vn__epilogue *epilogue, void *scratch)
{
    const int64_t pixels = w->y[0] * w->y[1];
    (void)scratch;
    for (int64_t o = 0; o < w->outputs; o++)
        for (int64_t q = 0; q < pixels; q++) {
            real *const to = (real *)y + o * w->y_channel + q * w->lanes;
            const real *const weight = (const real *)packed + o * w->channels * 9;
            const real *const mask = mask_row(epilogue, o, w->y_channel);
            begin_row(to, o, w->lanes, epilogue);
            for (int64_t k = 0; k < w->channels * 9; k++) {
                const real *const v = under(x, w, k / 9, q, k % 9);
                if (v)
                    add_scaled(to, weight[k], v, w->lanes);
            }
            end_row(to, mask ? mask + q * w->lanes : NULL, w->lanes, epilogue);
        }
}

void VN_FN(winograd_sums)(void *sums, const void *dy, const void *x, const vn__window3 *w,
                          bool fresh, void *scratch)
{
    const int64_t pixels = w->y[0] * w->y[1], n = w->channels * 9;
    real *to = sums;
    (void)scratch;
    if (fresh)
        memset(sums, 0, (size_t)VN_FN(winograd_sums_size)(w->outputs, w->channels));
    for (int64_t o = 0; o < w->outputs; o++)
        for (int64_t k = 0; k < n; k++, to++)
            for (int64_t q = 0; q < pixels; q++) {
                const real *const v = under(x, w, k / 9, q, k % 9);
                if (v)
                    *to += lane_dot((const real *)dy + o * w->y_channel + q * w->lanes, v,
                                    w->lanes);
            }
}

void VN_FN(winograd_grad)(void *dw, const void *sums, int64_t outputs, int64_t channels)
{
    for (int64_t i = 0; i < outputs * channels * 9; i++)
        ((real *)dw)[i] += ((const real *)sums)[i];
}
