/* SPDX-License-Identifier: MIT
 * The specification of the weight gradient of a convolution. */
#include "kernels/portable/product.h"

int64_t VN_FN(conv_weight_grad_scratch)(const vn__window *window)
{
    (void)window;
    return 0;
}

void VN_FN(conv_weight_grad)(void *dw, int64_t dw_row, int64_t dw_tap, int64_t dw_channel,
                             const void *dy, const void *x, const vn__window *window,
                             void *scratch)
{
    const vn__window *s = window;
    (void)scratch;
    for (int64_t o = 0; o < s->outputs; o++)
        for (int64_t t = 0; t < s->taps; t++)
            for (int64_t c = 0; c < s->channels; c++) {
                real sum = 0;
                for (int64_t q = 0; q < s->pixels; q++) {
                    const int32_t pixel = s->tap[q * s->taps + t];
                    if (pixel >= 0)
                        sum += lane_dot((const real *)dy + o * s->y_channel + q * s->y_pixel,
                                        (const real *)x + c * s->x_channel + pixel * s->x_pixel,
                                        s->lanes);
                }
                ((real *)dw)[o * dw_row + t * dw_tap + c * dw_channel] += sum;
            }
}
