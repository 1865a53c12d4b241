/* SPDX-License-Identifier: MIT
 *
 * Loops along the middle axis of [outer][n][inner] for one element type. Included with VN_T
 * (element type), VN_ACC (type of the running value) and VN_LOOP(name), which makes the names.
 * Element t of a column is at first + t * step. */

#define VN_CHUNK 64

static void VN_LOOP(cumsum)(void *out, const void *in, vn__along a, bool reverse)
{
    const int64_t step = reverse ? -a.inner : a.inner;
    for (int64_t o = 0; o < a.outer; o++)
        for (int64_t i = 0; i < a.inner; i += VN_CHUNK) {
            const int64_t m = a.inner - i < VN_CHUNK ? a.inner - i : VN_CHUNK;
            int64_t at = (o * a.n + (reverse ? a.n - 1 : 0)) * a.inner + i;
            VN_ACC h[VN_CHUNK] = { 0 };
            for (int64_t t = 0; t < a.n; t++, at += step)
                for (int64_t k = 0; k < m; k++) {
                    h[k] += ((const VN_T *)in)[at + k];
                    ((VN_T *)out)[at + k] = (VN_T)h[k];
                }
        }
}

static void VN_LOOP(recurrence)(void *out, const void *x, const void *y, vn__along a,
                                bool reverse)
{
    const int64_t step = reverse ? -a.inner : a.inner;
    for (int64_t o = 0; o < a.outer; o++)
        for (int64_t i = 0; i < a.inner; i += VN_CHUNK) {
            const int64_t m = a.inner - i < VN_CHUNK ? a.inner - i : VN_CHUNK;
            int64_t at = (o * a.n + (reverse ? a.n - 1 : 0)) * a.inner + i;
            VN_ACC h[VN_CHUNK] = { 0 };
            for (int64_t t = 0; t < a.n; t++, at += step)
                for (int64_t k = 0; k < m; k++) {
                    const VN_ACC next = t ? h[k] * ((const VN_T *)x)[at + k] : 0;
                    h[k] = next + ((const VN_T *)y)[at + k];
                    ((VN_T *)out)[at + k] = (VN_T)h[k];
                }
        }
}

#undef VN_CHUNK
