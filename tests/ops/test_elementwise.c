/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "check.h"
#include "vernal/transform.h"

static vn_array *v3(double a, double b, double c)
{
    return make(VN_SHAPE(3), NUMBERS(a, b, c));
}

Test(elementwise, values_of_unary_ops)
{
    vn_array *const x = v3(-1.5, 0, 2);
    CHECK(vn_neg(x), VN_SHAPE(3), 1.5, 0, -2);
    CHECK(vn_abs(x), VN_SHAPE(3), 1.5, 0, 2);
    CHECK(vn_sign(x), VN_SHAPE(3), -1, 0, 1);
    CHECK(vn_square(x), VN_SHAPE(3), 2.25, 0, 4);
    CHECK(vn_floor(x), VN_SHAPE(3), -2, 0, 2);
    CHECK(vn_ceil(x), VN_SHAPE(3), -1, 0, 2);
    CHECK(vn_trunc(x), VN_SHAPE(3), -1, 0, 2);
    CHECK(vn_round(v3(0.5, 1.5, -2.5)), VN_SHAPE(3), 0, 2, -2);
    CHECK(vn_exp(v3(0, 1, -1)), VN_SHAPE(3), 1, 2.718281828459045, 0.36787944117144233);
    CHECK(vn_log(v3(1, 0, -1)), VN_SHAPE(3), 0, -INFINITY, NAN);
    CHECK(vn_sqrt(v3(4, 0, -1)), VN_SHAPE(3), 2, 0, NAN);
    CHECK(vn_reciprocal(v3(4, 0, -2)), VN_SHAPE(3), 0.25, INFINITY, -0.5);
    CHECK(vn_digamma(v3(1, 0.5, 2)), VN_SHAPE(3), -0.5772156649, -1.9635100260, 0.4227843351);
    CHECK(vn_is_nan(v3(NAN, INFINITY, 1)), VN_SHAPE(3), 1, 0, 0);
    CHECK(vn_is_inf(v3(NAN, -INFINITY, 1)), VN_SHAPE(3), 0, 1, 0);
    CHECK(vn_is_finite(v3(NAN, INFINITY, 1)), VN_SHAPE(3), 0, 0, 1);
    cr_assert_eq(vn_dtype_of(vn_is_finite(x)), VN_BOOL);
}

Test(elementwise, values_of_activations)
{
    vn_array *const x = v3(-4, 0.5, 7);
    CHECK(vn_relu(x), VN_SHAPE(3), 0, 0.5, 7);
    CHECK(vn_relu6(x), VN_SHAPE(3), 0, 0.5, 6);
    CHECK(vn_leaky_relu(x, 0.1), VN_SHAPE(3), -0.4, 0.5, 7);
    CHECK(vn_elu(x, 2), VN_SHAPE(3), 2 * expm1(-4), 0.5, 7);
    CHECK(vn_celu(x, 2), VN_SHAPE(3), 2 * expm1(-2), 0.5, 7);
    CHECK(vn_hard_tanh(x), VN_SHAPE(3), -1, 0.5, 1);
    CHECK(vn_hard_sigmoid(x), VN_SHAPE(3), 0, 3.5 / 6, 1);
    CHECK(vn_soft_sign(x), VN_SHAPE(3), -0.8, 1.0 / 3, 0.875);
    CHECK(vn_squareplus(x), VN_SHAPE(3), (-4 + sqrt(20)) / 2, (0.5 + sqrt(4.25)) / 2,
          (7 + sqrt(53)) / 2);
    CHECK(vn_softplus(v3(-1000, 0, 1000)), VN_SHAPE(3), 0, log(2), 1000);
    CHECK(vn_log_sigmoid(v3(-1000, 0, 1000)), VN_SHAPE(3), -1000, -log(2), 0);
    cr_assert_eq(vn_identity(x), x);
}

Test(elementwise, operands_broadcast_as_in_numpy)
{
    vn_array *const row = v3(1, 2, 3);
    vn_array *const column = make(VN_SHAPE(2, 1), NUMBERS(10, 20));
    CHECK(vn_add(row, column), VN_SHAPE(2, 3), 11, 12, 13, 21, 22, 23);
    CHECK(vn_sub(column, row), VN_SHAPE(2, 3), 9, 8, 7, 19, 18, 17);
    CHECK(vn_mul(row, vn_scalar(VN_F32, 2)), VN_SHAPE(3), 2, 4, 6);
    CHECK(vn_where(vn_gt(row, vn_int(1)), row, column), VN_SHAPE(2, 3), 10, 2, 3, 20, 2, 3);
    CHECK(vn_add(make(VN_SHAPE(0, 3), NUMBERS(0)), row), VN_SHAPE(0, 3), 0);
    CHECK(vn_fma(row, column, vn_float(1)), VN_SHAPE(2, 3), 11, 21, 31, 21, 41, 61);
}

Test(elementwise, values_of_binary_ops)
{
    vn_array *const a = v3(7, -7, 5.5), *const b = v3(3, 3, -2);
    CHECK(vn_div(a, b), VN_SHAPE(3), 7.0 / 3, -7.0 / 3, -2.75);
    CHECK(vn_mod(a, b), VN_SHAPE(3), 1, 2, -0.5);
    CHECK(vn_floor_div(a, b), VN_SHAPE(3), 2, -3, -3);
    CHECK(vn_maximum(a, b), VN_SHAPE(3), 7, 3, 5.5);
    CHECK(vn_minimum(a, b), VN_SHAPE(3), 3, -7, -2);
    CHECK(vn_pow(a, vn_int(2)), VN_SHAPE(3), 49, 49, 30.25);
    CHECK(vn_pow(a, vn_int(0)), VN_SHAPE(3), 1, 1, 1);
    CHECK(vn_pow(a, vn_float(-1)), VN_SHAPE(3), 1 / 7.0, -1 / 7.0, 1 / 5.5);
    CHECK(vn_pow(v3(4, 9, 2), v3(0.5, 1.5, -1)), VN_SHAPE(3), 2, 27, 0.5);
    CHECK(vn_hypot(v3(3, 5, 0), v3(4, 12, 0)), VN_SHAPE(3), 5, 13, 0);
    CHECK(vn_clip(a, vn_int(-1), vn_float(6)), VN_SHAPE(3), 6, -1, 5.5);
    CHECK(vn_clip(a, vn_none(), vn_float(6)), VN_SHAPE(3), 6, -7, 5.5);
    CHECK(vn_le(a, b), VN_SHAPE(3), 0, 1, 0);
    CHECK(vn_maximum(v3(NAN, 1, 2), v3(0, NAN, 1)), VN_SHAPE(3), NAN, NAN, 2);
}

Test(elementwise, integers_and_bools)
{
    vn_array *const i = make_as(VN_I32, VN_SHAPE(3), NUMBERS(7, -7, 12));
    vn_array *const t = make_as(VN_BOOL, VN_SHAPE(3), NUMBERS(1, 0, 1));
    CHECK(vn_floor_div(i, vn_int(3)), VN_SHAPE(3), 2, -3, 4);
    CHECK(vn_mod(i, vn_int(3)), VN_SHAPE(3), 1, 2, 0);
    CHECK(vn_and(i, vn_int(6)), VN_SHAPE(3), 6, 0, 4);
    CHECK(vn_shift_right(i, vn_int(1)), VN_SHAPE(3), 3, -4, 6);
    CHECK(vn_not(i), VN_SHAPE(3), -8, 6, -13);
    CHECK(vn_not(t), VN_SHAPE(3), 0, 1, 0);
    CHECK(vn_add(t, t), VN_SHAPE(3), 1, 0, 1);
    cr_assert_eq(vn_dtype_of(vn_add(t, t)), VN_BOOL);
    CHECK(vn_pow(i, vn_int(2)), VN_SHAPE(3), 49, 49, 144);
    cr_assert_eq(vn_dtype_of(vn_pow(i, vn_int(2))), VN_I32);
    CHECK(vn_fma(i, i, i), VN_SHAPE(3), 56, 42, 156);
    CHECK(vn_bitcast(vn_scalar(VN_F32, 1), VN_I32), VN_SCALAR, 0x3f800000);
}

/* dtype of vn_add (number) and of vn_div (real), leaf or not. */
typedef struct promotion {
    vn_dtype a, b, sum, ratio;
} promotion;

Test(elementwise, dtypes_promote_as_in_jax)
{
    static const promotion table[] = {
        { VN_F32, VN_F32, VN_F32, VN_F32 },  { VN_F32, VN_F64, VN_F64, VN_F64 },
        { VN_I32, VN_F32, VN_F32, VN_F32 },  { VN_I64, VN_BF16, VN_BF16, VN_BF16 },
        { VN_BF16, VN_F16, VN_F32, VN_F32 }, { VN_BF16, VN_F32, VN_F32, VN_F32 },
        { VN_F16, VN_F16, VN_F16, VN_F16 },  { VN_U8, VN_I8, VN_I16, VN_F32 },
        { VN_U32, VN_I32, VN_I64, VN_F32 },  { VN_BOOL, VN_I8, VN_I8, VN_F32 },
        { VN_U64, VN_I32, VN_F32, VN_F32 },  { VN_U8, VN_U16, VN_U16, VN_F32 },
    };
    for (size_t k = 0; k < sizeof table / sizeof table[0]; k++) {
        const promotion p = table[k];
        vn_array *const a = vn_ones(p.a, VN_SHAPE(2)), *const b = vn_ones(p.b, VN_SHAPE(2));
        cr_expect_eq(vn_dtype_of(vn_add(a, b)), p.sum, "%s + %s is %s", vn_dtype_name(p.a),
                     vn_dtype_name(p.b), vn_dtype_name(vn_dtype_of(vn_add(a, b))));
        cr_expect_eq(vn_dtype_of(vn_add(b, a)), p.sum);
        cr_expect_eq(vn_dtype_of(vn_div(a, b)), p.ratio, "%s / %s is %s", vn_dtype_name(p.a),
                     vn_dtype_name(p.b), vn_dtype_name(vn_dtype_of(vn_div(a, b))));
    }
}

Test(elementwise, numbers_written_in_code_are_weakly_typed)
{
    vn_array *const half = vn_ones(VN_BF16, VN_SHAPE(2)), *const byte =
                                                              vn_ones(VN_U8, VN_SHAPE(2));
    vn_array *const t = vn_ones(VN_BOOL, VN_SHAPE(2));
    cr_expect_eq(vn_dtype_of(vn_mul(half, vn_float(0.5))), VN_BF16);
    cr_expect_eq(vn_dtype_of(vn_mul(byte, vn_int(2))), VN_U8);
    cr_expect_eq(vn_dtype_of(vn_mul(byte, vn_float(2))), VN_F32);
    cr_expect_eq(vn_dtype_of(vn_mul(byte, vn_bool(true))), VN_U8);
    cr_expect_eq(vn_dtype_of(vn_add(t, vn_int(1))), VN_I32);
    cr_expect_eq(vn_dtype_of(vn_add(vn_int(1), vn_float(2))), VN_F32);
    cr_expect_eq(vn_dtype_of(vn_add(vn_int(1), vn_int(2))), VN_I32);
    cr_expect_eq(vn_dtype_of(vn_exp(byte)), VN_F32);
    vn_set_default_dtype(VN_F64);
    cr_expect_eq(vn_dtype_of(vn_add(vn_int(1), vn_int(2))), VN_I64);
    cr_expect_eq(vn_dtype_of(vn_exp(byte)), VN_F64);
    cr_expect_eq(vn_dtype_of(vn_mul(vn_ones(VN_F32, VN_SHAPE(2)), vn_float(2))), VN_F32);
    vn_set_default_dtype(VN_F32);
    const int64_t large = 9007199254740993; /* 2^53 + 1 */
    vn_array *const sum = vn_add(vn_zeros(VN_I64, VN_SCALAR), vn_int(large));
    cr_expect_eq(vn_item_int(sum), large);
}

static vn_tree *sum_of(vn_tree *const arg[]) { return vn_sum(vn_call(arg[0], arg[1])); }

/* As JAX's, infinities included. */
Test(elementwise, derivatives_where_roots_are_steep)
{
    static const struct {
        vn_array *(*fn)(vn_array *x);
        double at_one, at_zero;
    } rows[] = { { vn_sqrt, 0.5, INFINITY }, { vn_cbrt, 1.0 / 3, INFINITY } };
    vn_array *const x = make(VN_SHAPE(2), NUMBERS(1, 0));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vn_tree *const f = vn_partial(vn_function(sum_of, 2), vn_unary(rows[i].fn));
        CHECK(vn_call(vn_filter_grad(f, NULL), x), VN_SHAPE(2), rows[i].at_one,
              rows[i].at_zero);
    }
    vn_tree *const slope = vn_filter_grad(
        vn_partial(vn_function(sum_of, 2), vn_unary(vn_cbrt)), NULL);
    vn_tree *const curve = vn_filter_grad(vn_partial(vn_function(sum_of, 2), slope), NULL);
    CHECK(vn_call(curve, x), VN_SHAPE(2), -2.0 / 9, -INFINITY);
    CHECK(vn_cbrt(make(VN_SHAPE(2), NUMBERS(-8, 27))), VN_SHAPE(2), -2, 3);
}

Test(elementwise, halves_are_computed_in_f32_and_rounded_once)
{
    vn_array *const a = make_as(VN_BF16, VN_SHAPE(2), NUMBERS(1, 256));
    vn_array *const b = make_as(VN_BF16, VN_SHAPE(2), NUMBERS(0.00390625, 1));
    CHECK(vn_add(a, b), VN_SHAPE(2), 1, 256); /* 8 bits of precision: ties to even */
    cr_assert_eq(vn_dtype_of(vn_add(a, b)), VN_BF16);
    CHECK(vn_sum(vn_ones(VN_BF16, VN_SHAPE(1000))), VN_SCALAR, 1000);
    CHECK(vn_lt(b, a), VN_SHAPE(2), 1, 1);
    CHECK(vn_where(vn_bool(true), a, b), VN_SHAPE(2), 1, 256);
    CHECK(vn_max(make_as(VN_F16, VN_SHAPE(3), NUMBERS(-1, 3, 2))), VN_SCALAR, 3);
}

Test(elementwise, an_op_that_changes_nothing_returns_its_operand)
{
    vn_array *const x = v3(1, 2, 3);
    cr_assert_eq(vn_cast(x, VN_F32), x);
    cr_assert_eq(vn_stop_gradient(x), x);
    cr_assert_eq(vn_pow(x, vn_int(1)), x);
    cr_assert_eq(vn_bitcast(x, VN_F32), x);
}

Test(elementwise, errors_name_the_op_and_what_disagrees)
{
    vn_array *const x = v3(1, 2, 3), *const y = vn_ones(VN_F32, VN_SHAPE(4));
    vn_array *const t = vn_ones(VN_BOOL, VN_SHAPE(3));
    CHECK_ERROR(vn_add(x, y), SHAPE, "add: shapes f32[3] and f32[4] do not broadcast");
    CHECK_ERROR(vn_fma(x, x, y), SHAPE, "fma: shapes f32[3] and f32[4] do not broadcast");
    CHECK_ERROR(vn_neg(t), DTYPE, "neg: bool operand, expected a number");
    CHECK_ERROR(vn_sub(t, t), DTYPE, "sub: bool operand, expected a number");
    CHECK_ERROR(vn_and(x, t), DTYPE, "and: f32 operand, expected bool or an integer");
    CHECK_ERROR(vn_shift_left(t, t), DTYPE, "shift_left: bool operand, expected an integer");
    CHECK_ERROR(vn_mul(x, vn_string("a")), DTYPE,
                "mul: operand 1 is a string, expected an array");
    CHECK_ERROR(vn_add(x, NULL), NULL_ARGUMENT, "add: operand 1 is NULL");
    CHECK_ERROR(vn_exp(vn_relu(NULL)), NULL_ARGUMENT, "relu: operand 0 is NULL");
    CHECK_ERROR(vn_tanh(vn_add(vn_mul(x, y), x)), SHAPE,
                "mul: shapes f32[3] and f32[4] do not broadcast");
    CHECK_ERROR(vn_bitcast(x, VN_U8), DTYPE, "bitcast: elements of f32 and u8 differ in size");
    CHECK_ERROR(vn_cast(x, (vn_dtype)99), DTYPE, "cast: 99 is no dtype");
}
