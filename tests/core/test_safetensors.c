/* SPDX-License-Identifier: MIT */
/* .safetensors: the bytes of the Python package; damaged files. */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "damage.h"
#include "vernal/io.h"

/* A file with that header, and n bytes behind it. */
static vn_tree *load(const char *header, size_t n)
{
    char bytes[1000] = { 0 };
    const size_t length = strlen(header);
    bytes[0] = (char)(length & 0xff);
    bytes[1] = (char)(length >> 8);
    memcpy(bytes + 8, header, length);
    return vn_safetensors_load_bytes(bytes, 8 + length + n);
}

static vn_tree *sample(void)
{
    static const char *const keys[] = { "layers.0.weight", "n", "flag", "empty" };
    const float w[] = { 1, 2, 3, 4, 5, 6 };
    return vn_dict_n(4, keys,
                     VN_TREES(vn_array_from(VN_F32, VN_SHAPE(2, 3), w), vn_scalar(VN_I64, -3),
                              vn_ones(VN_BOOL, VN_SHAPE(2)), vn_zeros(VN_F16, VN_SHAPE(0, 4))));
}

/* safetensors.numpy.save of the same with the metadata {"by": "\u00e9\""} */
Test(safetensors, bytes_are_those_of_the_python_package)
{
    static const char header[] =
        "{\"__metadata__\":{\"by\":\"\xc3\xa9\\\"\"},"
        "\"n\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
        "\"layers.0.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[8,32]},"
        "\"empty\":{\"dtype\":\"F16\",\"shape\":[0,4],\"data_offsets\":[32,32]},"
        "\"flag\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[32,34]}}";
    static const char *const key = "by";
    vn_tree *metadata = vn_dict_n(1, &key, VN_TREES(vn_string("\xc3\xa9\"")));
    vn_array *bytes = vn_safetensors_save_bytes(sample(), metadata);
    const char *const b = vn_data(bytes);
    const size_t padded = (sizeof header - 1 + 7) / 8 * 8;
    expect_ok();
    cr_assert((size_t)vn_size(bytes) == 8 + padded + 34);
    cr_assert((size_t)(unsigned char)b[0] + 256 * (size_t)b[1] == padded);
    cr_assert(memcmp(b + 8, header, sizeof header - 1) == 0, "%.*s", (int)padded, b + 8);
    cr_assert(b[8 + padded] == -3 && b[8 + padded + 32] == 1);
    expect_no_leak();
}

Test(safetensors, every_dtype_and_rank_is_read_back)
{
    static char name[VN_DTYPE_COUNT * (VN_MAX_RANK + 1)][24];
    const char *keys[VN_DTYPE_COUNT * (VN_MAX_RANK + 1)];
    vn_tree *items[VN_DTYPE_COUNT * (VN_MAX_RANK + 1)];
    int n = 0;
    for (int d = 1; d < VN_C128; d++) /* which the format has not */
        for (int rank = 0; rank <= VN_MAX_RANK; rank++, n++) {
            vn_shape shape = { .rank = rank };
            for (int i = 0; i < rank; i++)
                shape.dim[i] = 1 + i % 3;
            snprintf(name[n], sizeof name[n], "%d.%d", d, rank);
            keys[n] = name[n];
            items[n] = vn_full((vn_dtype)d, shape, 5);
        }
    vn_tree *dict = vn_dict_n(n, keys, items);
    vn_array *bytes = vn_safetensors_save_bytes(dict, NULL);
    vn_tree *got = vn_safetensors_load_bytes(vn_data(bytes), (size_t)vn_size(bytes));
    cr_assert(vn_tree_equal(got, dict, NULL));
    bytes = vn_safetensors_save_bytes(vn_dict_n(0, NULL, NULL), vn_none());
    got = vn_safetensors_load_bytes(vn_data(bytes), (size_t)vn_size(bytes));
    cr_assert(vn_kind_of(got) == VN_KIND_DICT && vn_len(got) == 0);
    expect_ok();
    expect_no_leak();
}

Test(safetensors, files_hold_arrays_and_metadata)
{
    char path[] = "/tmp/vernal.safetensors-XXXXXX";
    close(mkstemp(path));
    static const char *const key = "step";
    vn_tree *metadata = vn_dict_n(1, &key, VN_TREES(vn_string("100")));
    cr_assert(vn_safetensors_save(path, sample(), metadata) == VN_ERR_OK);
    cr_assert(vn_tree_equal(vn_safetensors_load(path), sample(), NULL));
    cr_assert(vn_tree_equal(vn_safetensors_metadata(path), metadata, NULL));
    cr_assert(vn_safetensors_save(path, sample(), NULL) == VN_ERR_OK);
    cr_assert(vn_len(vn_safetensors_metadata(path)) == 0);
    expect_ok();
    unlink(path);
    cr_assert(!vn_safetensors_load(path));
    expect_error(FILE, "safetensors_load: /tmp/vernal.safetensors-");
    cr_assert(!vn_safetensors_metadata(path));
    expect_error(FILE, "cannot be opened");
    cr_assert(vn_safetensors_save("/nowhere/x", sample(), NULL) == VN_ERR_FILE);
    expect_error(FILE, "cannot be opened");
    expect_no_leak();
}

Test(safetensors, headers_that_lie_are_refused)
{
    static const struct {
        const char *header;
        size_t n;
        const char *words;
    } rows[] = {
        { "", 0, "does not begin with '{'" },
        { " {}", 0, "does not begin with '{'" },
        { "[]", 0, "does not begin with '{'" },
        { "{}", 1, "more bytes than its header says" },
        { "{", 0, "JSON, byte 1" },
        { "{\"a\":1}", 0, "\"a\": not a dict of dtype" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}", 0, "not a dict of dtype" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"offsets\":[0,4]}}", 4,
          "without data_offsets" },
        { "{\"a\":{\"dtype\":1,\"shape\":[],\"data_offsets\":[0,4]}}", 4, "damaged dtype" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4,8]}}", 4,
          "damaged data_offsets" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[4,0]}}", 4,
          "damaged data_offsets" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[-4,0]}}", 4,
          "damaged data_offsets" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0.0,4]}}", 4,
          "damaged data_offsets" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4,
          "damaged shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4,
          "do not fit the shape and dtype" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],"
          "\"data_offsets\":[0,0]}}",
          0, "do not fit the shape and dtype" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[4,8]}}", 8,
          "\"a\" begins at 4, behind a gap from 0" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
          "\"b\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[2,6]}}",
          6, "\"b\" begins at 2, inside of data that ends at 4" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
          "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[4,8]}}",
          8, "the name \"a\" is given twice" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 3,
          "truncated: 3 of 4 bytes" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 5,
          "more bytes than its header says" },
        { "{\"__metadata__\":[]}", 0, "the metadata is not a dict of strings" },
        { "{\"__metadata__\":{\"a\":1}}", 0, "the metadata is not a dict of strings" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(!load(rows[i].header, rows[i].n), "%s", rows[i].header);
        expect_error(FORMAT, rows[i].words);
    }
    cr_assert(!load("{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[],\"data_offsets\":[0,1]}}", 1));
    expect_error(UNSUPPORTED, "\"a\": the dtype \"F8_E4M3\" is not known");
    cr_assert(!load("{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],"
                    "\"data_offsets\":[0,1]}}",
                    1));
    expect_error(UNSUPPORTED, "more than 8 dimensions");
    cr_assert(!vn_safetensors_load_bytes("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10));
    expect_error(FORMAT, "a header of 18446744073709551615 bytes");
    cr_assert(!vn_safetensors_load_bytes("\x10\0\0\0\0\0\0\0{}", 10));
    expect_error(FORMAT, "truncated: 2 of 16 bytes");
    expect_no_leak();
}

Test(safetensors, arguments_that_cannot_be_written_are_refused)
{
    static const char *const key = "__metadata__";
    vn_tree *x = vn_ones(VN_F32, VN_SHAPE(2));
    cr_assert(!vn_safetensors_save_bytes(vn_dict_n(1, &key, &x), NULL));
    expect_error(ARGUMENT, "an array named \"__metadata__\"");
    cr_assert(!vn_safetensors_save_bytes(x, NULL));
    expect_error(ARGUMENT, "safetensors_save: not a dict of arrays but f32[2]");
    cr_assert(!vn_safetensors_save_bytes(sample(), vn_dict_n(1, &key, VN_TREES(vn_int(1)))));
    expect_error(ARGUMENT, "metadata: \"__metadata__\" is not a string but int");
    cr_assert(!vn_safetensors_save_bytes(sample(), vn_int(1)));
    expect_error(ARGUMENT, "metadata: not a dict of strings but int");
    cr_assert(vn_safetensors_save(NULL, sample(), NULL) == VN_ERR_NULL_ARGUMENT);
    expect_error(NULL_ARGUMENT, "the file is NULL");
    cr_assert(!vn_safetensors_load(NULL));
    expect_error(NULL_ARGUMENT, "the file is NULL");
    expect_no_leak();
}

Test(safetensors, damaged_files_give_a_sentence_and_leak_nothing)
{
    static const char *const keys[] = { "a", "b" };
    vn_tree *dict = vn_dict_n(
        2, keys, VN_TREES(vn_ones(VN_F32, VN_SHAPE(2)), vn_ones(VN_U8, VN_SHAPE(3))));
    vn_array *bytes = vn_retain(vn_safetensors_save_bytes(dict, NULL));
    expect_survives_damage(bytes, vn_safetensors_load_bytes);
    vn_release(bytes);
    expect_no_leak();
}
