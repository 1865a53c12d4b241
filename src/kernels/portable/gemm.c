/* SPDX-License-Identifier: MIT
 *
 * The specification of the matrix products: a packed matrix is a plain copy [m][k], sums run over k in
 * order. Rows of the result are finished one by one, so that the inner loops are contiguous.
 */
#include "kernels/real.h"

#include <stddef.h>

/* c[j] += a b[j] */
static inline void add_scaled(real *c, real a, const real *b, int64_t n)
{
    for (int64_t j = 0; j < n; j++)
        c[j] += a * b[j];
}

static inline void set(real *c, real value, int64_t n)
{
    for (int64_t j = 0; j < n; j++)
        c[j] = value;
}

/* What is known before the product: bias, or nothing; the old row stays if we accumulate. */
static void begin_row(real *c, int64_t i, int64_t n, const vn__epilogue *e)
{
    const real bias = e && e->bias ? ((const real *)e->bias)[i] : 0;
    if (!e || !e->accumulate)
        set(c, bias, n);
    else
        for (int64_t j = 0; j < n; j++)
            c[j] += bias;
}

static void end_row(real *c, const real *mask, int64_t n, const vn__epilogue *e)
{
    if (e && e->unary)
        VN_FN(unary)[e->unary - 1](c, c, n);
    if (mask)
        for (int64_t j = 0; j < n; j++)
            c[j] = mask[j] > 0 ? c[j] : 0;
}

static const real *mask_row(const vn__epilogue *e, int64_t i)
{
    return e && e->mask ? (const real *)e->mask + i * e->mask_row : NULL;
}

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

int64_t VN_FN(gemm_scratch)(int64_t m, int64_t n, int64_t k)
{
    (void)m, (void)n, (void)k;
    return 0;
}

void VN_FN(gemm)(void *c, int64_t ldc, const void *a, int64_t a_row, int64_t a_col, const void *b,
                 int64_t b_row, int64_t b_col, int64_t m, int64_t n, int64_t k, bool accumulate,
                 void *scratch)
{
    const vn__epilogue epilogue = { .accumulate = accumulate };
    (void)scratch;
    for (int64_t i = 0; i < m; i++) {
        real *row = (real *)c + i * ldc;
        begin_row(row, i, n, &epilogue);
        for (int64_t t = 0; t < k; t++) {
            const real v = ((const real *)a)[i * a_row + t * a_col];
            const real *r = (const real *)b + t * b_row;
            for (int64_t j = 0; j < n; j++)
                row[j] += v * r[j * b_col];
        }
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

/* ---- sums over lanes */

static real lane_dot(const real *x, const real *y, int64_t lanes)
{
    real sum = 0;
    for (int64_t l = 0; l < lanes; l++)
        sum += x[l] * y[l];
    return sum;
}

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

int64_t VN_FN(lane_gemm_scratch)(int64_t m, int64_t n, int64_t lanes, int64_t panels)
{
    (void)m, (void)n, (void)lanes, (void)panels;
    return 0;
}

void VN_FN(lane_gemm)(void *c, int64_t ldc, const void *y, int64_t y_panel, int64_t y_row,
                      const void *x, int64_t x_panel, int64_t x_row, int64_t m, int64_t n,
                      int64_t lanes, int64_t panels, void *scratch)
{
    (void)scratch;
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            for (int64_t p = 0; p < panels; p++)
                ((real *)c)[i * ldc + j] += lane_dot((const real *)y + p * y_panel + i * y_row,
                                                     (const real *)x + p * x_panel + j * x_row, lanes);
}

void VN_FN(lane_matmul)(void *y, int64_t y_row, int64_t y_col, const void *a, int64_t a_row,
                        int64_t a_col, const void *b, int64_t b_row, int64_t b_col, int64_t m,
                        int64_t n, int64_t k, int64_t lanes, bool accumulate)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            real *out = (real *)y + i * y_row + j * y_col;
            if (!accumulate)
                set(out, 0, lanes);
            for (int64_t t = 0; t < k; t++) {
                const real *u = (const real *)a + i * a_row + t * a_col;
                const real *v = (const real *)b + t * b_row + j * b_col;
                for (int64_t l = 0; l < lanes; l++)
                    out[l] += u[l] * v[l];
            }
        }
}

/* ---- one example */

void VN_FN(dot)(void *out, const void *x, const void *y, int64_t n)
{
    *(real *)out = lane_dot(x, y, n);
}

void VN_FN(gemv)(void *y, const void *w, int64_t ldw, const void *x, int64_t m, int64_t n,
                 const vn__epilogue *epilogue)
{
    for (int64_t i = 0; i < m; i++) {
        real *out = (real *)y + i;
        begin_row(out, i, 1, epilogue);
        *out += lane_dot((const real *)w + i * ldw, x, n);
        end_row(out, mask_row(epilogue, i), 1, epilogue);
    }
}

/* y is written once per row of W; bias and mask go by the element of y. */
void VN_FN(gemv_t)(void *y, const void *w, int64_t ldw, const void *x, int64_t m, int64_t n,
                   const vn__epilogue *epilogue)
{
    for (int64_t j = 0; j < n; j++)
        begin_row((real *)y + j, j, 1, epilogue);
    for (int64_t i = 0; i < m; i++)
        add_scaled(y, ((const real *)x)[i], (const real *)w + i * ldw, n);
    for (int64_t j = 0; j < n; j++)
        end_row((real *)y + j, mask_row(epilogue, j), 1, epilogue);
}

void VN_FN(outer)(void *w, int64_t ldw, const void *x, const void *y, int64_t m, int64_t n)
{
    for (int64_t i = 0; i < m; i++)
        add_scaled((real *)w + i * ldw, ((const real *)x)[i], y, n);
}

double VN_FN(fma_loop)(int64_t iterations)
{
    real sum[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    volatile real seed = (real)0.5;
    const real a = seed, b = seed;
    for (int64_t i = 0; i < iterations; i++)
        for (int j = 0; j < 8; j++)
            sum[j] = sum[j] * a + b;
    for (int j = 0; j < 8; j++)
        seed = sum[j];
    return 16.0 * (double)iterations;
}
