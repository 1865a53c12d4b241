/* SPDX-License-Identifier: MIT */
/* .npy records: bytes as NumPy 2.4 writes them; damaged ones. */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vernal/io.h"
#include "vernal/ops.h"

static char folder[] = "/tmp/vernal-npy-XXXXXX";
static char path[64];

static void make_folder(void)
{
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.npy", folder);
}

static void remove_folder(void)
{
    unlink(path);
    rmdir(folder);
}

TestSuite(npy, .init = make_folder, .fini = remove_folder);

static void put(const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    cr_assert(file && fwrite(bytes, 1, n, file) == n && fclose(file) == 0);
}

/* A record with that header text, padded with blanks to a multiple of 64. */
static size_t record(char *out, int version, const char *header, const void *data, size_t n)
{
    const size_t prefix = version == 1 ? 10 : 12, length = strlen(header);
    const size_t total = (prefix + length) / 64 * 64 + 64;
    memset(out, ' ', total);
    memcpy(out, "\x93NUMPY", 6);
    out[6] = (char)version;
    out[7] = 0;
    memset(out + 8, 0, prefix - 8);
    out[8] = (char)((total - prefix) & 0xff);
    out[9] = (char)((total - prefix) >> 8);
    memcpy(out + prefix, header, length);
    out[total - 1] = '\n';
    if (n)
        memcpy(out + total, data, n);
    return total + n;
}

static vn_array *load(int version, const char *header, const void *data, size_t n)
{
    char bytes[2048];
    put(bytes, record(bytes, version, header, data, n));
    return vn_npy_load(path);
}

Test(npy, every_dtype_and_rank_is_read_back)
{
    for (int d = 1; d < VN_DTYPE_COUNT; d++)
        for (int rank = 0; rank <= VN_MAX_RANK; rank++) {
            const vn_shape shape = { .rank = rank, .dim = { 2, 1, 3, 1, 1, 2, 1, 1 } };
            vn_shape cut = { .rank = rank };
            for (int i = 0; i < rank; i++)
                cut.dim[i] = shape.dim[i];
            vn_array *x = vn_full((vn_dtype)d, cut, 5);
            cr_assert(vn_npy_save(path, x) == VN_ERR_OK);
            vn_array *y = vn_npy_load(path);
            cr_assert(y && vn_tree_equal(x, y, NULL) && (uintptr_t)vn_data(y) % 64 == 0);
        }
    expect_ok();
    expect_no_leak();
}

Test(npy, headers_are_those_of_numpy)
{
    static const struct {
        vn_shape shape;
        size_t header;
        const char *text;
    } rows[] = {
        { { 0 }, 128, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }" },
        { { 1, { 0 } }, 128, "{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }" },
        { { 2, { 5, 2 } }, 128, "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 2), }" },
        { { 7, { 1000000, 0, 1000000, 100000, 1, 1, 1 } },
          128,
          "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 0, 1000000, 100000, 1, "
          "1, "
          "1), }" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vn_array *bytes = vn_tree_serialise_leaves_bytes(vn_zeros(VN_F32, rows[i].shape));
        const char *const b = vn_data(bytes);
        const size_t size = 4 * (size_t)vn_shape_size(rows[i].shape);
        cr_assert((size_t)vn_size(bytes) == rows[i].header + size, "%zu: %lld", i,
                  (long long)vn_size(bytes));
        cr_assert(memcmp(b, "\x93NUMPY\1\0", 8) == 0);
        cr_assert((size_t)(unsigned char)b[8] == rows[i].header - 10 && b[9] == 0);
        cr_assert(memcmp(b + 10, rows[i].text, strlen(rows[i].text)) == 0);
        for (size_t c = 10 + strlen(rows[i].text); c + 1 < rows[i].header; c++)
            cr_assert(b[c] == ' ');
        cr_assert(b[rows[i].header - 1] == '\n');
    }
}

Test(npy, versions_orders_and_spellings_are_understood)
{
    const float data[] = { 0, 1, 2, 3, 4, 5 };
    vn_array *want = vn_array_from(VN_F32, VN_SHAPE(2, 3), data);
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    for (int version = 1; version <= 3; version++)
        cr_assert(vn_tree_equal(load(version, header, data, sizeof data), want, NULL));
    static const char *const others[] = {
        "{\"shape\":(2L,3L,),\"fortran_order\":False,\"descr\":\"=f4\"}",
        "  { 'fortran_order' : False , 'descr':'<f4','shape': ( 2 , 3 ) } ",
    };
    for (int i = 0; i < 2; i++)
        cr_assert(vn_tree_equal(load(1, others[i], data, sizeof data), want, NULL));
    const float columns[] = { 0, 3, 1, 4, 2, 5 };
    vn_array *x = load(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", columns,
                       sizeof columns);
    cr_assert(vn_tree_equal(x, want, NULL));
    const unsigned char big[] = { 0x3f, 0x80, 0, 0, 0x40, 0, 0, 0 };
    x = load(1, "{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", big, sizeof big);
    cr_assert(vn_tree_equal(x, vn_array_from(VN_F32, VN_SHAPE(2), data + 1), NULL));
    const uint16_t one = 0x3f80;
    x = load(1, "{'descr': '|V2', 'fortran_order': False, 'shape': (), }", &one, 2);
    cr_assert(vn_tree_equal(x, vn_scalar(VN_BF16, 1), NULL));
    x = load(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", "\0\7", 2);
    cr_assert(((const uint8_t *)vn_data(x))[1] == 1, "any byte but zero is true");
    expect_ok();
}

Test(npy, fortran_order_of_any_rank_is_transposed)
{
    int32_t data[24];
    for (int32_t i = 0; i < 24; i++)
        data[i] = i;
    vn_array *x = load(1, "{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3, 4), }", data,
                       sizeof data);
    const int32_t *const got = vn_data(x);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 4; k++)
                cr_assert(got[(i * 3 + j) * 4 + k] == i + 2 * (j + 3 * k));
    cr_assert(vn_size(load(1, "{'descr': '<i4', 'fortran_order': True, 'shape': (0, 3), }",
                           NULL, 0)) == 0);
}

/* As NumPy does: a column-major record stays so, unless the order makes no difference. */
Test(npy, fortran_order_is_written_again)
{
    static const struct {
        const char *read, *written;
        int64_t n;
    } rows[] = {
        { "{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3, 4), }", NULL, 24 },
        { "{'descr': '<i4', 'fortran_order': True, 'shape': (3, 1, 5), }", NULL, 15 },
        { "{'descr': '<i4', 'fortran_order': True, 'shape': (1, 4), }",
          "{'descr': '<i4', 'fortran_order': False, 'shape': (1, 4), }", 4 },
        { "{'descr': '<i4', 'fortran_order': True, 'shape': (3,), }",
          "{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", 3 },
        { "{'descr': '<i4', 'fortran_order': True, 'shape': (0, 3), }",
          "{'descr': '<i4', 'fortran_order': False, 'shape': (0, 3), }", 0 },
    };
    int32_t data[24];
    for (int32_t i = 0; i < 24; i++)
        data[i] = 7 * i;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t size = (size_t)rows[i].n * sizeof *data;
        vn_array *x = load(1, rows[i].read, data, size);
        vn_array *bytes = vn_tree_serialise_leaves_bytes(x);
        const char *const b = vn_data(bytes), *const text =
            rows[i].written ? rows[i].written : rows[i].read;
        cr_assert(vn_size(bytes) == (int64_t)(128 + size), "%zu: %lld", i,
                  (long long)vn_size(bytes));
        cr_assert(memcmp(b + 10, text, strlen(text)) == 0, "%zu", i);
        cr_assert(memcmp(b + 128, data, size) == 0, "%zu", i);
        vn_array *again = vn_tree_deserialise_leaves_bytes(b, 128 + size, x);
        cr_assert(vn_tree_equal(x, again, NULL), "%zu", i);
    }
    vn_array *x = load(1, rows[0].read, data, sizeof data);
    vn_array *sum = vn_add(x, vn_int(0)); /* a new array is row-major */
    const char *const b = vn_data(vn_tree_serialise_leaves_bytes(sum));
    cr_assert(strstr(b + 10, "'fortran_order': False"));
    expect_ok();
}

Test(npy, what_is_not_supported_or_damaged_is_said)
{
    static const struct {
        const char *header;
        vn_status status;
        const char *words;
    } rows[] = {
        { "{'descr': '<c32', 'fortran_order': False, 'shape': (), }", VN_ERR_UNSUPPORTED,
          "a dtype that Vernal does not have in {'descr': '<c32'" },
        { "{'descr': '|S5', 'fortran_order': False, 'shape': (), }", VN_ERR_UNSUPPORTED,
          "dtype" },
        { "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (), }",
          VN_ERR_UNSUPPORTED, "a structured dtype" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }",
          VN_ERR_UNSUPPORTED, "more than 8 dimensions" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999,), }", VN_ERR_FORMAT,
          "truncated: 0 of 39999999996 bytes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
          VN_ERR_FORMAT, "a damaged .npy header" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
          VN_ERR_FORMAT, "a damaged .npy header" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", VN_ERR_FORMAT,
          "damaged" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': 3, }", VN_ERR_FORMAT, "damaged" },
        { "{'descr': '<f4', 'fortran_order': 0, 'shape': (), }", VN_ERR_FORMAT, "damaged" },
        { "{'descr': '<f4', 'shape': (), }", VN_ERR_FORMAT, "damaged" },
        { "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (), }",
          VN_ERR_FORMAT, "damaged" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (), } x", VN_ERR_FORMAT,
          "damaged" },
        { "", VN_ERR_FORMAT, "damaged" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(!load(1, rows[i].header, NULL, 0), "%zu", i);
        cr_assert(vn_error_status() == rows[i].status, "%zu %s", i, vn_error_message());
        cr_assert(strstr(vn_error_message(), rows[i].words), "%s", vn_error_message());
        cr_assert(strstr(vn_error_message(), path), "it names the file");
        vn_error_clear();
    }
    cr_assert(!load(9, rows[0].header, NULL, 0));
    expect_error(FORMAT, ".npy version 9.0 is not known");
    put("hello, world", 12);
    cr_assert(!vn_npy_load(path));
    expect_error(FORMAT, "not a .npy record");
    put("", 0);
    cr_assert(!vn_npy_load(path));
    expect_error(FORMAT, "the file is empty");
    put("\x93NUMPY\2\0\xff\xff\xff\xff{", 13);
    cr_assert(!vn_npy_load(path));
    expect_error(FORMAT, "a .npy header of 4294967295 bytes");
    expect_no_leak();
}

Test(npy, cut_and_altered_records_give_a_sentence_and_leak_nothing)
{
    const int16_t data[] = { 1, 2, 3, 4, 5, 6 };
    char bytes[256];
    const size_t n =
        record(bytes, 1, "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }", data,
               sizeof data);
    for (size_t cut = 0; cut < n; cut++)
        VN_SCOPE
        {
            put(bytes, cut);
            cr_assert(!vn_npy_load(path), "%zu", cut);
            cr_assert(vn_error_status() == VN_ERR_FORMAT, "%s", vn_error_message());
            vn_error_clear();
        }
    for (size_t i = 0; i < n; i++)
        for (int bit = 0; bit < 8; bit++)
            VN_SCOPE
            {
                bytes[i] = (char)(bytes[i] ^ 1 << bit);
                put(bytes, n);
                cr_assert(!vn_npy_load(path) == !vn_ok());
                vn_error_clear();
                bytes[i] = (char)(bytes[i] ^ 1 << bit);
            }
    expect_no_leak();
}

Test(npy, a_pipe_is_read_as_its_bytes_arrive)
{
    char bytes[256];
    const size_t n =
        record(bytes, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999,), }",
               NULL, 0);
    int ends[2];
    cr_assert(pipe(ends) == 0 && write(ends[1], bytes, n) == (ssize_t)n && close(ends[1]) == 0);
    FILE *file = fdopen(ends[0], "rb");
    cr_assert(!vn_npy_read(file));
    expect_error(FORMAT, "npy_read: the stream: truncated: 0 of 799999999992 bytes");
    fclose(file);
    vn_array *x = vn_arange(VN_I32, 1 << 20);
    cr_assert(vn_npy_save(path, x) == VN_ERR_OK);
    char command[100];
    snprintf(command, sizeof command, "cat %s", path);
    file = popen(command, "r");
    cr_assert(vn_tree_equal(vn_npy_read(file), x, NULL));
    pclose(file);
    expect_no_leak();
}

Test(npy, arguments_and_files_are_checked)
{
    cr_assert(!vn_npy_load(NULL));
    expect_error(NULL_ARGUMENT, "npy_load: the file is NULL");
    cr_assert(!vn_npy_load("/nowhere/x.npy"));
    expect_error(FILE, "npy_load: /nowhere/x.npy: cannot be opened: No such file");
    cr_assert(!vn_npy_load("/tmp"));
    expect_error(FILE, "npy_load: /tmp: cannot be read");
    cr_assert(vn_npy_save("/nowhere/x.npy", vn_int(1)) == VN_ERR_FILE);
    expect_error(FILE, "cannot be opened");
    cr_assert(vn_npy_save(path, vn_string("a")) == VN_ERR_ARGUMENT);
    expect_error(ARGUMENT, "npy_save: not an array but string");
    cr_assert(vn_npy_save("/dev/full", vn_zeros(VN_F32, VN_SHAPE(100000))) == VN_ERR_FILE);
    expect_error(FILE, "cannot be written: No space left on device");
    cr_assert(vn_npy_save("/dev/full", vn_int(1)) == VN_ERR_FILE);
    expect_error(FILE, "cannot be written: No space left on device");
    expect_no_leak();
}
