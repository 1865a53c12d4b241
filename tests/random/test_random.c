/* SPDX-License-Identifier: MIT */
/* Random numbers: known values of both layouts, lanes, moments, errors. The bulk of the values
 * is in the golden cases. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "core/ops/ops_common.h"
#include "ops/problem.h"
#include "vernal/random.h"

static void expect_words(vn_array *x, int n, const uint32_t *want)
{
    cr_assert(x, "%s", vn_error_message());
    cr_assert(vn_dtype_of(x) == VN_U32 && vn_size(x) == n);
    cr_assert(!memcmp(vn_data(x), want, (size_t)n * 4));
}

#define WORDS(...) ((const uint32_t[]){ __VA_ARGS__ })

/* A scalar draw of one element, as printed by JAX. */
static void expect_number(vn_array *x, double want)
{
    cr_assert(x, "%s", vn_error_message());
    cr_assert_float_eq(vn_item(vn_index(x, 0, 0)), want, 1e-6);
}

Test(random, known_values)
{
    vn_array *const key = vn_key(0);
    const vn_shape one = VN_SHAPE(1);
    expect_words(vn_split(key, 2), 4, WORDS(1797259609, 2579123966, 928981903, 3453687069));
    expect_number(vn_uniform(key, one, VN_F32, 0, 1), 0.947667);
    expect_number(vn_normal(key, one, VN_F32), 1.6226422);
    /* jax.random.normal(key, (3,), complex64) */
    static const double complex[] = { 0.70994526,  -1.727077,   -0.6408772,
                                      -1.4394435, -0.52903765, 0.14534172 };
    vn_c128 z[3];
    cr_assert(vn_copy_complex(z, 3, vn_normal(key, VN_SHAPE(3), VN_C64)) == 3);
    for (int i = 0; i < 3; i++) {
        cr_assert_float_eq(z[i].re, complex[2 * i], 2e-7);
        cr_assert_float_eq(z[i].im, complex[2 * i + 1], 2e-7);
    }
    vn_set_threefry_partitionable(false);
    expect_words(vn_split(key, 2), 4, WORDS(4146024105, 967050713, 2718843009, 1272950319));
    expect_number(vn_uniform(key, one, VN_F32, 0, 1), 0.41845703);
    expect_number(vn_normal(key, one, VN_F32), -0.20584226);
    vn_set_threefry_partitionable(true);
}

/* f16 rounds once, bf16 twice. */
Test(random, halves_between_bounds)
{
    static const uint16_t f16[] = { 0xb07a, 0x3226, 0xb06a, 0xa7d0, 0x2dac, 0x34e7 };
    static const uint16_t bf16[] = { 0xbe86, 0xbe9a, 0x3eba, 0xbde8, 0x3e64, 0x3de8 };
    vn_array *const key = vn_key(7), *x = vn_uniform(key, VN_SHAPE(12), VN_F16, -0.3, 0.7);
    cr_assert(!memcmp(vn_data(x), f16, sizeof f16));
    x = vn_uniform(key, VN_SHAPE(12), VN_BF16, -0.3, 0.7);
    cr_assert(!memcmp(vn_data(x), bf16, sizeof bf16));
}

Test(random, seeds)
{
    expect_words(vn_key(((int64_t)1 << 32) + 5), 2, WORDS(0, 5));
    expect_words(vn_key(-1), 2, WORDS(0, UINT32_MAX));
    vn_set_default_dtype(VN_F64);
    expect_words(vn_key(((int64_t)1 << 32) + 5), 2, WORDS(1, 5));
    expect_words(vn_key(-1), 2, WORDS(UINT32_MAX, UINT32_MAX));
    vn_set_default_dtype(VN_F32);
}

typedef struct bits_attr {
    vn__dims shape;
    int64_t dtype, original;
} bits_attr;

Test(random, lanes)
{
    const vn_dtype dtypes[] = { VN_U8, VN_U16, VN_U32, VN_U64 };
    for (int64_t original = 0; original < 2; original++)
        for (int d = 0; d < 4; d++) {
            const bits_attr attr = { vn__dims_of(VN_SHAPE(3, 7)), dtypes[d], original };
            problem p = { .op = &vn__op_threefry_bits,
                          .attr = &attr,
                          .in = { aval(VN_U32, VN_SHAPE(2)) },
                          .mapped = { true },
                          .low = 0,
                          .high = 1 << 30 };
            problem_lanes(&p, 16);
            problem_lanes(&p, 32);
        }
    const struct {
        vn__dims shape;
        int64_t original;
    } split[] = { { vn__dims_of(VN_SHAPE(5, 2)), 0 }, { vn__dims_of(VN_SHAPE(300, 2)), 1 } };
    for (int i = 0; i < 2; i++) {
        problem p = { .op = &vn__op_threefry_split,
                      .attr = &split[i],
                      .in = { aval(VN_U32, VN_SHAPE(2)) },
                      .mapped = { true },
                      .low = 0,
                      .high = 1 << 30 };
        problem_lanes(&p, 16);
    }
    for (int mapped = 1; mapped < 4; mapped++) {
        problem p = { .op = &vn__op_threefry_fold_in,
                      .in = { aval(VN_U32, VN_SHAPE(2)), aval(VN_U32, VN_SCALAR) },
                      .mapped = { mapped & 1, mapped >> 1 },
                      .low = 0,
                      .high = 1 << 30 };
        problem_lanes(&p, 16);
    }
}

static void expect_moments(const char *what, vn_array *x, double mean, double variance)
{
    const double m = vn_item(vn_mean(x));
    const double v = vn_item(vn_mean(vn_square(vn_sub(x, vn_float(mean)))));
    cr_assert(fabs(m - mean) < 0.03, "%s: mean %g, expected %g", what, m, mean);
    cr_assert(fabs(v - variance) < 0.05 * variance + 0.01, "%s: variance %g, expected %g", what,
              v, variance);
}

Test(random, moments)
{
    const vn_shape many = VN_SHAPE(200, 200);
    const double pi = acos(-1), gamma = 0.57721566490153286;
    const vn_dtype dtypes[] = { VN_F32, VN_F64, VN_BF16, VN_F16 };
    for (int d = 0; d < 4; d++)
        VN_SCOPE
        {
            vn_array *const key = vn_key(d);
            const vn_dtype t = dtypes[d];
#define DRAW(call) vn_cast(call, VN_F64)
            expect_moments("uniform", DRAW(vn_uniform(key, many, t, -1, 3)), 1, 16.0 / 12);
            expect_moments("normal", DRAW(vn_normal(key, many, t)), 0, 1);
            if (t == VN_BF16) /* 7 random bits: the tails are missing, as in JAX */
                continue;
            expect_moments("exponential", DRAW(vn_exponential(key, many, t)), 1, 1);
            expect_moments("laplace", DRAW(vn_laplace(key, many, t)), 0, 2);
            expect_moments("logistic", DRAW(vn_logistic(key, many, t)), 0, pi * pi / 3);
            expect_moments("gumbel", DRAW(vn_gumbel(key, many, t)), gamma, pi * pi / 6);
            expect_moments("truncated_normal", DRAW(vn_truncated_normal(key, many, t, -2, 2)),
                           0, 0.87962566 * 0.87962566);
            expect_moments("glorot_normal", vn_scale(10, DRAW(vn_glorot_normal(key, many, t))),
                           0, 100.0 / 200);
        }
}

Test(random, permutations_contain_everything)
{
    for (int64_t n = 1; n < 4000; n = n * 3 + 1) {
        vn_array *const sorted = vn_sort(vn_permutation(vn_key(n), n), 0);
        cr_assert(vn_item_bool(vn_all(vn_eq(sorted, vn_arange(VN_I32, n)))));
    }
    vn_array *const drawn = vn_sort(vn_choice(vn_key(1), 9, VN_SHAPE(3, 3), false, NULL), 0);
    cr_assert_eq(vn_item_int(vn_sum(drawn)), 36);
    vn_array *const x = vn_reshape(vn_arange(VN_F32, 12), VN_SHAPE(4, 3));
    vn_array *const sums = vn_sum_over(vn_permute(vn_key(2), x, 0, true), VN_AXES(0), false);
    cr_assert(vn_item_bool(vn_all(vn_eq(sums, vn_sum_over(x, VN_AXES(0), false)))));
    cr_assert(
        vn_shape_equal(vn_shape_of(vn_choice_of(vn_key(3), x, 1, VN_SHAPE(2, 5), true, NULL)),
                       VN_SHAPE(4, 2, 5)));
}

static void expect_error(vn_array *x, const char *words)
{
    cr_assert(!x);
    cr_assert(strstr(vn_error_message(), words), "\"%s\" is not in \"%s\"", words,
              vn_error_message());
    vn_error_clear();
}

Test(random, errors)
{
    vn_array *const key = vn_key(0);
    const vn_shape s = VN_SHAPE(3);
    expect_error(vn_random_bits(key, s, VN_F32),
                 "random_bits: f32, expected u8, u16, u32 or u64");
    expect_error(vn_uniform(key, s, VN_I32, 0, 1), "uniform: i32, expected a float");
    expect_error(vn_split(vn_split(key, 2), 2), "split: key u32[2,2], expected u32[2]");
    expect_error(vn_normal(NULL, s, VN_F32), "");
    expect_error(vn_choice(key, 3, VN_SHAPE(4), false, NULL),
                 "4 draws without replacement from 3");
    expect_error(vn_choice(key, 3, s, true, vn_ones(VN_F32, VN_SHAPE(4))), "p f32[4] for 3");
    expect_error(vn_categorical(key, vn_ones(VN_F32, VN_SHAPE(4, 2)), 0, &s),
                 "result i32[3] for logits f32[4,2] along axis 0");
    expect_error(vn_glorot_normal(key, s, VN_F32), "expected (.., in, out)");
    expect_error(vn_fold_in(key, vn_float(1)), "fold_in: f32 operand, expected an integer");
    expect_error(vn_randint(key, s, 0, 2, VN_F32), "randint: f32 operand, expected an integer");
}
