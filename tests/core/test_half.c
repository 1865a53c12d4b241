/* SPDX-License-Identifier: MIT */
/* bf16 and f16: every value goes there and back; roundings are to the nearest, ties to even. */
#include "expect.h"

#include <math.h>

#include "core/base/element.h"
#include "core/base/half.h"

typedef struct format {
    vn_dtype dtype;
    float (*widen)(uint16_t);
    uint16_t (*narrow)(float);
    uint16_t infinity;
} format;

static float widen_bf16(uint16_t h) { return vn__bf16_to_f32(h); }
static float widen_f16(uint16_t h) { return vn__f16_to_f32(h); }
static uint16_t narrow_bf16(float x) { return vn__f32_to_bf16(x); }
static uint16_t narrow_f16(float x) { return vn__f32_to_f16(x); }

static const format formats[] = {
    { VN_BF16, widen_bf16, narrow_bf16, 0x7f80 },
    { VN_F16, widen_f16, narrow_f16, 0x7c00 },
};

Test(half, every_value_goes_there_and_back)
{
    for (int f = 0; f < 2; f++)
        for (uint32_t h = 0; h < 0x10000; h++) {
            const float x = formats[f].widen((uint16_t)h);
            const uint16_t back = formats[f].narrow(x);
            if ((h & 0x7fff) > formats[f].infinity)
                cr_assert(isnan(x) && (back & 0x7fff) > formats[f].infinity);
            else
                cr_assert(back == h, "%d %x %g %x", f, h, (double)x, back);
        }
    cr_assert(vn__f16_to_f32(1) == 0x1p-24f && vn__f16_to_f32(0x7bff) == 65504.f);
    cr_assert(vn__f16_to_f32(0x3555) == 0.333251953125f &&
              vn__bf16_to_f32(0x3eab) == 0.333984375f);
}

/* Between neighbours a < b lie their middle, which goes to the even one, and what is a bit
 * below and above it; all as doubles, of which the middle of two floats is the hard case. */
Test(half, roundings_are_to_the_nearest_even)
{
    for (int f = 0; f < 2; f++)
        for (uint32_t h = 0; h + 1 < formats[f].infinity; h++) {
            const double a = (double)formats[f].widen((uint16_t)h);
            const double b = (double)formats[f].widen((uint16_t)(h + 1)),
                         middle = a + (b - a) / 2;
            const double values[] = { nextafter(middle, 0), middle, nextafter(middle, b) };
            const uint32_t want[] = { h, h + (h & 1), h + 1 };
            for (int i = 0; i < 3; i++) {
                uint16_t got[2];
                vn__store_f64(formats[f].dtype, got, 0, values[i]);
                vn__store_f64(formats[f].dtype, got, 1, -values[i]);
                cr_assert(got[0] == want[i] && got[1] == (0x8000 | want[i]), "%d %x", f, h);
            }
            cr_assert(formats[f].narrow((float)middle) == want[1]);
        }
}

Test(half, what_is_too_large_becomes_infinite)
{
    cr_assert(vn__f32_to_f16(65519.996f) == 0x7bff && vn__f32_to_f16(65520.f) == 0x7c00);
    cr_assert(vn__f32_to_f16(-1e30f) == 0xfc00 && vn__f32_to_f16(INFINITY) == 0x7c00);
    cr_assert(vn__f32_to_bf16(3.4e38f) == 0x7f80 && vn__f32_to_bf16(-INFINITY) == 0xff80);
    uint16_t h;
    vn__store_f64(VN_BF16, &h, 0, 1e300);
    cr_assert(h == 0x7f80);
    vn__store_f64(VN_F16, &h, 0, NAN);
    cr_assert((h & 0x7fff) > 0x7c00);
    vn__store_f64(VN_F16, &h, 0, -1e-300);
    cr_assert(h == 0x8000);
}
