/* SPDX-License-Identifier: MIT */
/* Complex arrays: dtypes, making, reading, printing, comparing, files. */
#include "expect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vernal/array.h"
#include "vernal/io.h"
#include "vernal/ops.h"

static vn_array *c64(int n, const float *parts)
{
    return vn_array_from(VN_C64, VN_SHAPE(n), parts);
}
#define C64(...) \
    c64((int)(sizeof((float[]){ __VA_ARGS__ }) / sizeof(float) / 2), (float[]){ __VA_ARGS__ })

Test(complex, dtypes)
{
    cr_assert(vn_dtype_size(VN_C64) == 8 && vn_dtype_size(VN_C128) == 16);
    cr_assert(sizeof(vn_c64) == 8 && sizeof(vn_c128) == 16);
    expect_text(vn_dtype_name(VN_C64), "c64");
    expect_text(vn_dtype_name(VN_C128), "c128");
    for (int d = 0; d <= VN_DTYPE_COUNT; d++) {
        const vn_dtype dtype = (vn_dtype)d;
        const bool complex = dtype == VN_C64 || dtype == VN_C128;
        cr_assert(vn_dtype_is_complex(dtype) == complex);
        cr_assert(!complex || (vn_dtype_is_inexact(dtype) && !vn_dtype_is_integer(dtype)));
        cr_assert(vn_dtype_real(dtype) == (dtype == VN_C64    ? VN_F32
                                           : dtype == VN_C128 ? VN_F64
                                                              : dtype));
    }
    cr_assert(vn_dtype_complex(VN_F32) == VN_C64 && vn_dtype_complex(VN_F64) == VN_C128);
    cr_assert(vn_dtype_complex(VN_BF16) == VN_C64 && vn_dtype_complex(VN_I64) == VN_C64);
    cr_assert(vn_dtype_complex(VN_C128) == VN_C128);
    cr_assert(vn_dtype_complex(VN_DTYPE_COUNT) == VN_DTYPE_DEFAULT);
    vn_set_default_dtype(VN_C128);
    cr_assert(vn_default_dtype() == VN_F32, "the default stays a float");
}

/* jax.numpy.promote_types */
Test(complex, promotion)
{
    for (int d = 1; d < VN_DTYPE_COUNT; d++) {
        const vn_dtype dtype = (vn_dtype)d;
        const bool wide = dtype == VN_F64 || dtype == VN_C128;
        const vn_dtype want = wide ? VN_C128 : VN_C64;
        cr_assert(vn_promote_types(dtype, VN_C64) == want, "%s", vn_dtype_name(dtype));
        cr_assert(vn_promote_types(VN_C64, dtype) == want, "%s", vn_dtype_name(dtype));
        cr_assert(vn_promote_types(dtype, VN_C128) == VN_C128);
        cr_assert(vn_promote_types(VN_C128, dtype) == VN_C128);
    }
}

Test(complex, numbers_are_made_and_read)
{
    vn_c128 all[4];
    vn_array *x = C64(1, 2, -3, 0.5f);
    cr_assert(vn_copy_complex(all, 4, x) == 2 && all[1].re == -3 && all[1].im == 0.5);
    vn_array *one = vn_complex(vn_float(1), vn_float(2));
    cr_assert(vn_dtype_of(one) == VN_C64 && vn_rank(one) == 0);
    cr_assert(vn_item_complex(one).re == 1 && vn_item_complex(one).im == 2);
    one = vn_complex(vn_scalar(VN_F64, 0.1), vn_int(3));
    cr_assert(vn_dtype_of(one) == VN_C128 && vn_item_complex(one).re == 0.1);
    cr_assert(vn_item_complex(vn_int(4)).re == 4 && vn_item_complex(vn_float(2)).im == 0);
    cr_assert(vn_item_complex(vn_scalar(VN_BF16, 2)).re == 2);
    cr_assert(vn_item_bool(vn_complex(vn_float(0), vn_float(1))));
    cr_assert(!vn_item_bool(vn_zeros(VN_C128, VN_SCALAR)));
    cr_assert(isnan(vn_item(one)));
    expect_error(DTYPE, "item: c128[] is complex; take its real or imaginary part, or "
                        "vn_item_complex");
    vn_item_int(one);
    expect_error(DTYPE, "item: c128[] is complex");
    double real;
    cr_assert(vn_copy_f64(&real, 1, x) == 0);
    expect_error(DTYPE, "copy_f64: c64[2] is complex");
    cr_assert(isnan(vn_item_complex(x).re));
    expect_error(SHAPE, "item_complex: c64[2] has not one element");
    expect_no_leak();
}

Test(complex, text)
{
    const vn_tree_pformat_options values = { .values = true };
    expect_text(vn_string_value(vn_tree_pformat(C64(1, 2, 3, -4), NULL)), "c64[2]");
    vn_array *x = C64(1, 2, 0, -2, 1.5f, 0, -0.0f, 1, NAN, INFINITY, 0.1f, -1e20f);
    expect_text(vn_string_value(vn_tree_pformat(x, &values)),
                "[(1+2j), -2j, (1.5+0j), (-0+1j), (nan+infj), (0.1-1e+20j)]");
    x = vn_zeros(VN_C128, VN_SHAPE(3, 4));
    expect_text(vn_string_value(vn_tree_pformat(x, NULL)), "c128[3,4]");
}

Test(complex, equality_is_that_of_moduli)
{
    vn_array *x = C64(3, 4, 1, 0), *y = C64(3, 4.05f, 1, 0);
    cr_assert(vn_tree_equal(x, x, NULL) && !vn_tree_equal(x, y, NULL));
    cr_assert(vn_tree_equal(x, y, &(vn_tree_equal_options){ .rtol = 0.011 }));
    cr_assert(!vn_tree_equal(x, y, &(vn_tree_equal_options){ .rtol = 0.009 }));
    cr_assert(!vn_tree_equal(x, vn_cast(x, VN_C128), NULL), "dtypes differ");
    cr_assert(vn_tree_equal(C64(0, -0.0f), C64(-0.0f, 0), NULL));
    vn_array *nan = C64(1, NAN);
    cr_assert(!vn_tree_equal(nan, nan, &(vn_tree_equal_options){ .atol = 1 }));
}

/* ---- files */

static vn_array *loaded(const char *header, const void *data, size_t bytes)
{
    char path[] = "/tmp/vernal-complex-XXXXXX", text[128];
    FILE *const file = fdopen(mkstemp(path), "wb");
    memset(text, ' ', sizeof text);
    memcpy(text, "\x93NUMPY\1\0\x76\0", 10);
    memcpy(text + 10, header, strlen(header));
    text[127] = '\n';
    cr_assert(file && fwrite(text, 1, 128, file) == 128 &&
              fwrite(data, 1, bytes, file) == bytes && fclose(file) == 0);
    vn_array *const x = vn_npy_load(path);
    unlink(path);
    return x;
}

Test(complex, npy_orders)
{
    const unsigned char big[] = { 0x3f, 0x80, 0, 0, 0x40, 0, 0, 0 };
    vn_array *x =
        loaded("{'descr': '>c8', 'fortran_order': False, 'shape': (1,), }", big, sizeof big);
    cr_assert(vn_tree_equal(x, C64(1, 2), NULL));
    const double columns[] = { 0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11 };
    const double rows[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
    x = loaded("{'descr': '<c16', 'fortran_order': True, 'shape': (2, 3), }", columns,
               sizeof columns);
    cr_assert(vn_tree_equal(x, vn_array_from(VN_C128, VN_SHAPE(2, 3), rows), NULL));
    expect_ok();
}

/* Python's complex number is an array c128[] here: 144 bytes. */
Test(complex, eqx)
{
    vn_tree *tree = vn_tuple(vn_complex(vn_scalar(VN_F64, 1), vn_float(-2)), C64(1, 2, 3, 4));
    vn_array *bytes = vn_tree_serialise_leaves_bytes(tree);
    cr_assert(vn_size(bytes) == 144 + 128 + 16);
    cr_assert(memcmp((const char *)vn_data(bytes) + 10, "{'descr': '<c16', ", 18) == 0);
    vn_tree *like = vn_tuple(vn_zeros(VN_C128, VN_SCALAR), vn_zeros(VN_C64, VN_SHAPE(2)));
    const size_t size = (size_t)vn_size(bytes);
    cr_assert(vn_tree_equal(vn_tree_deserialise_leaves_bytes(vn_data(bytes), size, like), tree,
                            NULL));
    like = vn_tuple(vn_float(0), vn_none());
    cr_assert(!vn_tree_deserialise_leaves_bytes(vn_data(bytes), size, like));
    expect_error(STRUCTURE, "the type is float in `like` and array c128[] in the file");
    like = vn_tuple(vn_zeros(VN_F64, VN_SCALAR), vn_none());
    cr_assert(!vn_tree_deserialise_leaves_bytes(vn_data(bytes), size, like));
    expect_error(DTYPE, "the dtype is f64[] in `like` and c128[] in the file");
    expect_no_leak();
}

/* Sorted between F32 and F64; there is no name for c128. */
Test(complex, safetensors)
{
    static const char *const keys[] = { "a", "b", "c" };
    vn_tree *items[] = { vn_ones(VN_F32, VN_SCALAR), C64(1, 2), vn_ones(VN_F64, VN_SCALAR) };
    vn_array *bytes = vn_safetensors_save_bytes(vn_dict_n(3, keys, items), NULL);
    static const char want[] =
        "{\"c\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]},"
        "\"b\":{\"dtype\":\"C64\",\"shape\":[1],\"data_offsets\":[8,16]},"
        "\"a\":{\"dtype\":\"F32\"";
    cr_assert(memcmp((const char *)vn_data(bytes) + 8, want, sizeof want - 1) == 0);
    vn_tree *got = vn_safetensors_load_bytes(vn_data(bytes), (size_t)vn_size(bytes));
    cr_assert(vn_tree_equal(got, vn_dict_n(3, keys, items), NULL));
    items[1] = vn_ones(VN_C128, VN_SHAPE(2));
    cr_assert(!vn_safetensors_save_bytes(vn_dict_n(3, keys, items), NULL));
    expect_error(UNSUPPORTED,
                 "safetensors_save: \"b\" is c128[2], a dtype the format has not");
    bytes = vn_npz_save_bytes(vn_dict_n(3, keys, items), NULL);
    got = vn_npz_load_bytes(vn_data(bytes), (size_t)vn_size(bytes));
    cr_assert(vn_tree_equal(got, vn_dict_n(3, keys, items), NULL));
    vn_tree *like = vn_dict_n(3, keys, (vn_tree *[]){ items[0], vn_float(0), items[2] });
    const vn_state_dict_options numbers = { .filter = vn_is_array_like };
    items[1] = vn_ones(VN_C128, VN_SCALAR);
    cr_assert(!vn_load_state_dict(like, vn_dict_n(3, keys, items), &numbers));
    expect_error(DTYPE, "b is float in `like` and c128[] in the dict");
    expect_no_leak();
}
