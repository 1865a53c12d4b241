/* SPDX-License-Identifier: MIT */
/* Tables of the pixels under a sliding window. */
#include "core/ops/sliding.h"

#include "core/base/fail.h"

#define TABLE_ENTRIES 16384 /* 64 KB */

int64_t vn__sliding_pixels(const int64_t size[], int64_t n)
{
    int64_t pixels = 1;
    for (int64_t d = 0; d < n; d++)
        pixels *= size[d];
    return pixels;
}

static vn_status check_pixels(const char *op, const int64_t size[], int64_t n)
{
    int64_t pixels = 1;
    for (int64_t d = 0; d < n; d++)
        if (__builtin_mul_overflow(pixels, size[d], &pixels) || pixels > INT32_MAX)
            return vn__fail(VN_ERR_LIMIT, "%s: an image of more than 2^31 - 1 pixels", op);
    return VN_ERR_OK;
}

static int64_t dilated(int64_t size, int64_t dilation)
{
    return size > 0 ? (size - 1) * dilation + 1 : 0;
}

vn_status vn__sliding_finish(vn__sliding *s, const char *op)
{
    const int64_t limit = INT32_MAX;
    for (int64_t d = 0; d < s->n; d++) {
        if (s->stride[d] < 1 || s->dilation[d] < 1 || s->lhs_dilation[d] < 1 ||
            s->stride[d] > limit || s->dilation[d] > limit || s->lhs_dilation[d] > limit)
            return vn__fail(VN_ERR_ARGUMENT,
                            "%s: spatial axis %lld: stride %lld, dilation %lld, "
                            "lhs_dilation %lld, expected at least 1",
                            op, (long long)d, (long long)s->stride[d],
                            (long long)s->dilation[d], (long long)s->lhs_dilation[d]);
        if (s->k[d] < 1 || s->k[d] > limit || s->x[d] > limit)
            return vn__fail(VN_ERR_SHAPE,
                            "%s: spatial axis %lld: a window of %lld on %lld pixels", op,
                            (long long)d, (long long)s->k[d], (long long)s->x[d]);
        if (s->pad_lo[d] < -limit || s->pad_lo[d] > limit || s->pad_hi[d] < -limit ||
            s->pad_hi[d] > limit)
            return vn__fail(VN_ERR_ARGUMENT, "%s: spatial axis %lld: pads %lld and %lld", op,
                            (long long)d, (long long)s->pad_lo[d], (long long)s->pad_hi[d]);
        const int64_t space = dilated(s->x[d], s->lhs_dilation[d]) + s->pad_lo[d] +
                              s->pad_hi[d] - dilated(s->k[d], s->dilation[d]);
        s->y[d] = space < 0 ? 0 : space / s->stride[d] + 1;
    }
    VN_TRY(check_pixels(op, s->x, s->n));
    VN_TRY(check_pixels(op, s->k, s->n));
    return check_pixels(op, s->y, s->n);
}

/* What a table maps from and to along each axis. */
typedef struct mapping {
    const vn__sliding *s;
    bool back;
    const int64_t *step, *divisor, *size, *from_size;
} mapping;

/* The pixel under tap t of pixel q along axis d, or -1. */
static int64_t position(const mapping *m, int64_t d, int64_t q, int64_t t)
{
    const int64_t tap = t * m->s->dilation[d] - m->s->pad_lo[d];
    const int64_t i = q * m->step[d] + (m->back ? -tap : tap), divisor = m->divisor[d];
    if (i < 0 || (divisor != 1 && i % divisor != 0))
        return -1;
    const int64_t p = divisor == 1 ? i : i / divisor;
    return p < m->size[d] ? p : -1;
}

/* All taps of one pixel. */
static void taps_of(int32_t *table, const mapping *m, const int64_t q[], int64_t taps)
{
    const int64_t last = m->s->n - 1, inner = m->s->k[last];
    int64_t t[VN_MAX_RANK] = { 0 };
    for (int64_t done = 0; done < taps; done += inner) {
        int64_t base = 0;
        for (int64_t d = 0; d < last && base >= 0; d++) {
            const int64_t p = position(m, d, q[d], t[d]);
            base = p < 0 ? -1 : base * m->size[d] + p;
        }
        for (int64_t i = 0; i < inner; i++) {
            const int64_t p = base < 0 ? -1 : position(m, last, q[last], i);
            table[done + i] = p < 0 ? -1 : (int32_t)(base * m->size[last] + p);
        }
        for (int64_t d = last - 1; d >= 0 && ++t[d] == m->s->k[d]; d--)
            t[d] = 0;
    }
}

/* True if every tap of pixel q along the last axis lies on a pixel. */
static bool interior(const mapping *m, int64_t q)
{
    const int64_t last = m->s->n - 1;
    return m->divisor[last] == 1 && q >= 0 && position(m, last, q, 0) >= 0 &&
           position(m, last, q, m->s->k[last] - 1) >= 0;
}

void vn__sliding_table(int32_t *table, const vn__sliding *s, bool back, int64_t first,
                       int64_t count)
{
    const mapping m = {
        .s = s,
        .back = back,
        .step = back ? s->lhs_dilation : s->stride,
        .divisor = back ? s->stride : s->lhs_dilation,
        .size = back ? s->y : s->x,
        .from_size = back ? s->x : s->y,
    };
    const int64_t taps = vn__sliding_pixels(s->k, s->n), last = s->n - 1;
    int64_t q[VN_MAX_RANK] = { 0 }, rest = first;
    for (int64_t d = last; d >= 0; d--) {
        q[d] = rest % m.from_size[d];
        rest /= m.from_size[d];
    }
    bool shift = false; /* this pixel's taps are those of the one before, moved */
    for (int64_t i = 0; i < count; i++, table += taps) {
        const bool inside = interior(&m, q[last]);
        if (shift && inside)
            for (int64_t t = 0; t < taps; t++)
                table[t] = table[t - taps] < 0 ? -1 : table[t - taps] + (int32_t)m.step[last];
        else
            taps_of(table, &m, q, taps);
        shift = inside;
        for (int64_t d = last; d >= 0 && ++q[d] == m.from_size[d]; d--) {
            q[d] = 0;
            shift = false;
        }
    }
}

int64_t vn__sliding_block(const vn__sliding *s, int64_t pixels)
{
    const int64_t taps = vn__sliding_pixels(s->k, s->n);
    const int64_t block = taps > TABLE_ENTRIES / 16 ? 16 : TABLE_ENTRIES / taps;
    return pixels < block ? pixels : block;
}

int64_t vn__sliding_table_bytes(const vn__sliding *s, int64_t pixels)
{
    const int64_t taps = vn__sliding_pixels(s->k, s->n);
    return (vn__sliding_block(s, pixels) * taps * (int64_t)sizeof(int32_t) + 63) & ~(int64_t)63;
}
