/* SPDX-License-Identifier: MIT */
/* Making and reading arrays. */
#include "expect.h"

#include <math.h>
#include <stdlib.h>

#include "core/tree/tree.h"
#include "vernal/array.h"

static double at(vn_array *x, int64_t i)
{
    vn_c128 all[64];
    cr_assert(vn_copy_complex(all, 64, x) > i && all[i].im == 0);
    return all[i].re;
}

Test(array, constructors_fill_in_every_dtype)
{
    for (int d = 1; d < VN_DTYPE_COUNT; d++) {
        const vn_dtype dtype = (vn_dtype)d;
        vn_array *const x[] = { vn_zeros(dtype, VN_SHAPE(2, 3)),
                                vn_ones(dtype, VN_SHAPE(2, 3)),
                                vn_full(dtype, VN_SHAPE(2, 3), 7),
                                vn_arange(dtype, 6),
                                vn_eye(dtype, 3),
                                vn_full_like(vn_ones(dtype, VN_SHAPE(6)), 3),
                                vn_linspace(dtype, 0, 10, 6) };
        const double most = dtype == VN_BOOL ? 1 : 1e9;
        for (int i = 0; i < 6; i++) {
            cr_assert(at(x[0], i) == 0 && at(x[1], i) == 1 && at(x[2], i) == fmin(7, most));
            cr_assert(at(x[3], i) == fmin(i, most) && at(x[4], i) == (i % 4 == 0));
            cr_assert(at(x[5], i) == fmin(3, most) && at(x[6], i) == fmin(2 * i, most));
        }
        cr_assert((uintptr_t)vn_data(x[0]) % 64 == 0);
        cr_assert(vn_dtype_of(x[5]) == dtype && vn_rank(x[0]) == 2 && vn_size(x[0]) == 6);
    }
    expect_ok();
}

Test(array, bytes_of_bool_arrays_are_zero_or_one)
{
    const uint8_t bytes[] = { 0, 1, 2, 255 };
    vn_array *x = vn_array_from(VN_BOOL, VN_SHAPE(4), bytes);
    cr_assert(memcmp(vn_data(x), "\0\1\1\1", 4) == 0);
}

Test(array, the_default_dtype_can_be_changed)
{
    cr_assert(vn_dtype_of(vn_zeros(VN_DTYPE_DEFAULT, VN_SCALAR)) == VN_F32);
    cr_assert(vn_dtype_of(vn_zeros_like(vn_int(1))) == VN_I32);
    vn_set_default_dtype(VN_F64);
    cr_assert(vn_dtype_of(vn_zeros(VN_DTYPE_DEFAULT, VN_SCALAR)) == VN_F64);
    cr_assert(vn_dtype_of(vn_ones_like(vn_int(1))) == VN_I64);
    cr_assert(vn_dtype_of(vn_full_like(vn_float(1), 2)) == VN_F64);
    cr_assert(vn_dtype_of(vn_zeros_like(vn_bool(true))) == VN_BOOL);
    vn_set_default_dtype(VN_F32);
}

Test(array, linspace_has_both_ends)
{
    vn_array *x = vn_linspace(VN_F32, 0.1, 10, 100);
    cr_assert(((const float *)vn_data(x))[0] == 0.1f &&
              ((const float *)vn_data(x))[99] == 10.f);
    cr_assert(fabs(at(vn_linspace(VN_F64, 0, 1, 11), 3) - 0.3) < 1e-16);
    cr_assert(at(vn_linspace(VN_F32, 3, 5, 1), 0) == 3 &&
              vn_size(vn_linspace(VN_F32, 0, 1, 0)) == 0);
}

Test(array, shapes_are_checked)
{
    vn_shape nine = { .rank = 9 }, negative = VN_SHAPE(2, -1);
    cr_assert(!vn_zeros(VN_F32, nine));
    expect_error(LIMIT, "zeros: rank 9, at most 8");
    cr_assert(!vn_ones(VN_F32, negative));
    expect_error(SHAPE, "ones: a negative size in f32[2,-1]");
    cr_assert(!vn_empty((vn_dtype)77, VN_SCALAR));
    expect_error(DTYPE, "empty: 77 is no dtype");
    cr_assert(!vn_full(VN_F64, VN_SHAPE(1LL << 31, 1LL << 31), 1));
    expect_error(LIMIT, "full: f64[2147483648,2147483648] does not fit into memory");
    cr_assert(!vn_zeros(VN_F32, VN_SHAPE(INT64_MAX, 0, INT64_MAX)));
    expect_error(LIMIT, "zeros");
    cr_assert(!vn_arange(VN_F32, -1));
    expect_error(SHAPE, "arange");
    cr_assert(!vn_array_from(VN_F32, VN_SHAPE(2), NULL));
    expect_error(NULL_ARGUMENT, "array_from: data is NULL");
    cr_assert(!vn_zeros_like(NULL) && vn_error_status() == VN_ERR_NULL_ARGUMENT);
    vn_error_clear();
    cr_assert(!vn_zeros_like(vn_string("a")));
    expect_error(ARGUMENT, "zeros_like: not an array but string");
    expect_no_leak();
}

Test(array, empty_arrays_and_rank_eight_are_legal)
{
    vn_array *x = vn_array_from(VN_F32, VN_SHAPE(0, 3), NULL);
    cr_assert(x && vn_size(x) == 0 && vn_data(x));
    x = vn_ones(VN_I8, VN_SHAPE(1, 2, 1, 2, 1, 2, 1, 2));
    cr_assert(vn_rank(x) == 8 && vn_dim(x, -1) == 2 && vn_dim(x, 0) == 1 && vn_size(x) == 16);
    cr_assert(vn_dim(x, 8) == 0);
    expect_error(ARGUMENT, "dim: axis 8 of i8[1,2,1,2,1,2,1,2]");
}

static int freed;
static void count_free(void *context) { freed += *(int *)context; }

Test(array, wrapped_memory_goes_back_to_its_owner)
{
    double data[] = { 1, 2, 3, 4 };
    int five = 5;
    vn_array *row = NULL;
    VN_SCOPE
    {
        vn_array *x = vn_array_wrap(VN_F64, VN_SHAPE(2, 2), data, count_free, &five);
        cr_assert(vn_data(x) == (void *)data);
        row = vn_retain(vn__array_view(x, VN_SHAPE(2), 2 * sizeof(double)));
    }
    cr_assert(freed == 0 && at(row, 1) == 4);
    vn_release(row);
    cr_assert(freed == 5);
    cr_assert(!vn_array_wrap(VN_F64, VN_SCALAR, NULL, count_free, &five));
    expect_error(NULL_ARGUMENT, "array_wrap: data is NULL");
    cr_assert(freed == 5);
    cr_assert(vn_array_wrap(VN_F64, VN_SCALAR, data, NULL, NULL));
    expect_no_leak();
}

Test(array, items_are_read_from_arrays_and_numbers)
{
    cr_assert(vn_item(vn_scalar(VN_F32, 0.5)) == 0.5 && vn_item(vn_int(3)) == 3);
    cr_assert(vn_item(vn_ones(VN_F32, VN_SHAPE(1, 1))) == 1);
    cr_assert(vn_item_int(vn_full(VN_I64, VN_SCALAR, -0x1p63)) == INT64_MIN);
    cr_assert(vn_item_int(vn_float(-2.9)) == -2 && vn_item_int(vn_bool(true)) == 1);
    cr_assert(vn_item_bool(vn_scalar(VN_F32, NAN)) && !vn_item_bool(vn_float(0)));
    const int64_t big = (1LL << 53) + 1;
    cr_assert(vn_item_int(vn_array_from(VN_I64, VN_SCALAR, &big)) == big);
    expect_ok();
    cr_assert(isnan(vn_item(vn_ones(VN_F32, VN_SHAPE(2)))));
    expect_error(SHAPE, "item: f32[2] has not one element");
    cr_assert(isnan(vn_item(vn_zeros(VN_F32, VN_SHAPE(0)))));
    expect_error(SHAPE, "item");
    cr_assert(vn_item_int(vn_scalar(VN_F32, INFINITY)) == 0);
    expect_error(ARGUMENT, "item_int: inf is no 64-bit integer");
    cr_assert(isnan(vn_item(vn_string("a"))));
    expect_error(ARGUMENT, "item: not an array but string");
    cr_assert(isnan(vn_item(NULL)) && vn_error_status() == VN_ERR_NULL_ARGUMENT);
}

Test(array, stores_clamp_to_the_range_of_integers)
{
    static const struct {
        vn_dtype dtype;
        double value, low, high;
    } rows[] = {
        { VN_I8, 1e9, -128, 127 },
        { VN_U8, 1e9, 0, 255 },
        { VN_I16, 1e9, -32768, 32767 },
        { VN_U16, 1e9, 0, 65535 },
        { VN_I32, 1e19, -0x1p31, 0x1p31 - 1 },
        { VN_U32, 1e19, 0, 0x1p32 - 1 },
        { VN_I64, 1e30, -0x1p63, 0x1p63 },
        { VN_U64, 1e30, 0, 0x1p64 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(vn_item(vn_scalar(rows[i].dtype, rows[i].value)) == rows[i].high);
        cr_assert(vn_item(vn_scalar(rows[i].dtype, -rows[i].value)) == rows[i].low);
        cr_assert(vn_item(vn_scalar(rows[i].dtype, INFINITY)) == rows[i].high);
        cr_assert(vn_item(vn_scalar(rows[i].dtype, NAN)) == 0);
        cr_assert(vn_item(vn_scalar(rows[i].dtype, 2.9)) == 2);
    }
}

Test(array, a_traced_or_donated_array_says_why_it_cannot_be_read)
{
    vn__array *traced = vn__array_new(VN_F32, VN_SHAPE(3));
    traced->tape = (struct vn__tape *)(void *)traced; /* never looked at */
    cr_assert(vn_is_traced(&traced->base) && !vn_data(&traced->base));
    expect_error(TRACE, "data: f32[3] is being recorded and has no numbers yet; use vn_where");
    traced->shape = VN_SCALAR;
    cr_assert(!vn_item_bool(&traced->base));
    expect_error(TRACE, "item_bool: f32[] is being recorded");
    traced->tape = NULL;
    vn_array *gone = vn_ones(VN_F32, VN_SHAPE(2));
    vn__array_kill(gone);
    cr_assert(!vn_data(gone) && !vn_is_traced(gone));
    expect_error(ARGUMENT, "data: f32[2] was donated to a jitted call and is gone");
    cr_assert(!vn_tree_equal(gone, gone, NULL));
    expect_error(ARGUMENT, "donated");
}
