/* SPDX-License-Identifier: MIT */
/* The idx files of MNIST. */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef VN_HAVE_ZLIB
#include <zlib.h>
#endif

#include "vernal/io.h"

static char path[] = "/tmp/vernal-idx-XXXXXX";

static void make_file(void) { close(mkstemp(path)); }

static void remove_file(void) { unlink(path); }

TestSuite(idx, .init = make_file, .fini = remove_file);

static vn_array *load(const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    cr_assert(file && fwrite(bytes, 1, n, file) == n && fclose(file) == 0);
    return vn_idx_load(path);
}

#define LOAD(text) load(text, sizeof text - 1)

Test(idx, every_type_is_read)
{
    vn_array *x = LOAD("\0\0\x08\x02\0\0\0\2\0\0\0\3\1\2\3\4\5\xff");
    const uint8_t bytes[] = { 1, 2, 3, 4, 5, 255 };
    cr_assert(vn_tree_equal(x, vn_array_from(VN_U8, VN_SHAPE(2, 3), bytes), NULL));
    x = LOAD("\0\0\x09\1\0\0\0\1\xff");
    cr_assert(vn_dtype_of(x) == VN_I8 && vn_item(x) == -1);
    x = LOAD("\0\0\x0b\1\0\0\0\1\x01\x02");
    cr_assert(vn_dtype_of(x) == VN_I16 && vn_item(x) == 258);
    x = LOAD("\0\0\x0c\0\xff\xff\xff\xfe");
    cr_assert(vn_dtype_of(x) == VN_I32 && vn_rank(x) == 0 && vn_item(x) == -2);
    x = LOAD("\0\0\x0d\1\0\0\0\1\x40\x49\x0f\xdb");
    cr_assert(vn_dtype_of(x) == VN_F32 && vn_item(x) == 3.1415927410125732);
    x = LOAD("\0\0\x0e\1\0\0\0\1\x3f\xe0\0\0\0\0\0\0");
    cr_assert(vn_dtype_of(x) == VN_F64 && vn_item(x) == 0.5);
    expect_ok();
}

Test(idx, damaged_files_give_a_sentence)
{
    cr_assert(!LOAD(""));
    expect_error(FORMAT, "truncated: 0 of 4 bytes");
    cr_assert(!LOAD("\1\2\3\4"));
    expect_error(FORMAT, "not an idx file: it begins with 01 02 03 04");
    cr_assert(!LOAD("\0\0\x08\x09"));
    expect_error(FORMAT, "not an idx file");
    cr_assert(!LOAD("\0\0\x08\2\0\0\0\2\0\0"));
    expect_error(FORMAT, "truncated: 10 of 12 bytes");
    cr_assert(!LOAD("\0\0\x08\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
    expect_error(LIMIT, "does not fit into memory");
    cr_assert(!LOAD("\0\0\x08\2\xff\xff\xff\xff\0\0\xff\xff"));
    expect_error(FORMAT, "truncated: 0 of 281470681677825 bytes");
    cr_assert(!LOAD("\0\0\x08\1\0\0\0\1\5\6"));
    expect_error(FORMAT, "more bytes than its header says");
    cr_assert(!vn_idx_load("/nowhere/x"));
    expect_error(FILE, "idx_load: /nowhere/x: cannot be opened");
    cr_assert(!vn_idx_load(NULL));
    expect_error(NULL_ARGUMENT, "idx_load");
    expect_no_leak();
}

#ifdef VN_HAVE_ZLIB

static size_t compressed(unsigned char *out, size_t size, const void *bytes, size_t n)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)bytes,
                   .avail_in = (uInt)n,
                   .next_out = out,
                   .avail_out = (uInt)size };
    cr_assert(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    cr_assert(deflate(&z, Z_FINISH) == Z_STREAM_END);
    const size_t written = z.total_out;
    deflateEnd(&z);
    return written;
}

Test(idx, compressed_files_are_read_and_their_damage_is_found)
{
    static const char plain[] = "\0\0\x08\2\0\0\0\2\0\0\0\5HelloWorld";
    unsigned char bytes[200];
    const size_t n = compressed(bytes, sizeof bytes, plain, sizeof plain - 1);
    vn_array *x = load(bytes, n);
    cr_assert(vn_size(x) == 10 && memcmp(vn_data(x), "HelloWorld", 10) == 0);
    for (size_t cut = 0; cut < n; cut++)
        VN_SCOPE
        {
            cr_assert(!load(bytes, cut), "%zu", cut);
            cr_assert(vn_error_status() == VN_ERR_FORMAT, "%s", vn_error_message());
            vn_error_clear();
        }
    for (size_t i = 10; i < n;
         i++) /* the flags and the time before it are not checked by zlib */
        for (int bit = 0; bit < 8; bit++)
            VN_SCOPE
            {
                bytes[i] = (unsigned char)(bytes[i] ^ 1 << bit);
                x = load(bytes, n);
                cr_assert(!x == !vn_ok());
                vn_error_clear();
                bytes[i] = (unsigned char)(bytes[i] ^ 1 << bit);
            }
    expect_no_leak();
}

Test(idx, what_a_compressed_file_claims_is_not_believed)
{
    static const char huge[] = "\0\0\x08\2\0\xff\xff\xff\xff\xff\xff\xff";
    unsigned char bytes[200];
    const size_t n = compressed(bytes, sizeof bytes, huge, sizeof huge - 1);
    cr_assert(!load(bytes, n));
    expect_error(FORMAT, "truncated: 0 of 72057589726183425 bytes");
}

#endif

Test(idx, cut_and_altered_files_leak_nothing)
{
    char bytes[] = "\0\0\x0b\2\0\0\0\2\0\0\0\3abcdefghijkl";
    const size_t n = sizeof bytes - 1;
    for (size_t cut = 0; cut < n; cut++)
        VN_SCOPE
        {
            cr_assert(!load(bytes, cut));
            expect_error(FORMAT, "truncated");
        }
    for (size_t i = 0; i < n; i++)
        for (int bit = 0; bit < 8; bit++)
            VN_SCOPE
            {
                bytes[i] = (char)(bytes[i] ^ 1 << bit);
                cr_assert(!load(bytes, n) == !vn_ok());
                vn_error_clear();
                bytes[i] = (char)(bytes[i] ^ 1 << bit);
            }
    expect_no_leak();
}
