/* SPDX-License-Identifier: MIT */
/* .npz: zip archives of .npy records; damaged ones. */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/io/zip.h"
#include "damage.h"
#include "vernal/io.h"

static vn_tree *from(vn_array *bytes)
{
    return vn_npz_load_bytes(vn_data(bytes), (size_t)vn_size(bytes));
}

static vn_tree *sample(void)
{
    static const char *const keys[] = { "w", "layers.0/b", "", "\xc3\xa9" };
    return vn_dict_n(4, keys,
                     VN_TREES(vn_ones(VN_F32, VN_SHAPE(2, 3)), vn_arange(VN_I32, 100),
                              vn_scalar(VN_BF16, 1.5), vn_zeros(VN_BOOL, VN_SHAPE(0, 2))));
}

static const vn_npz_options small = { .compression = 9 };

#ifdef VN_HAVE_ZLIB
static const bool deflates = true;
#else
static const bool deflates = false;
#endif

Test(npz, arrays_are_read_back)
{
    vn_array *stored = vn_npz_save_bytes(sample(), NULL);
    cr_assert(vn_tree_equal(from(stored), sample(), NULL));
    cr_assert(memcmp(vn_data(stored), "PK\3\4", 4) == 0);
    vn_array *deflated = vn_npz_save_bytes(sample(), &small);
    if (deflates) {
        cr_assert(vn_tree_equal(from(deflated), sample(), NULL));
        cr_assert(vn_size(deflated) < vn_size(stored));
        expect_ok();
    } else {
        expect_error(UNSUPPORTED, "no zlib");
    }
    vn_tree *empty = vn_dict_n(0, NULL, NULL);
    cr_assert(vn_tree_equal(from(vn_npz_save_bytes(empty, NULL)), empty, NULL));
    expect_ok();
    expect_no_leak();
}

Test(npz, large_arrays_pass_through_every_buffer)
{
    static const char *const key = "x";
    vn_array *x = vn_arange(VN_I64, 700000);
    vn_tree *dict = vn_dict_n(1, &key, &x);
    cr_assert(vn_tree_equal(from(vn_npz_save_bytes(dict, NULL)), dict, NULL));
    if (deflates)
        cr_assert(vn_tree_equal(
            from(vn_npz_save_bytes(dict, &(vn_npz_options){ .compression = 1 })), dict, NULL));
    expect_ok();
    expect_no_leak();
}

Test(npz, files_are_written_and_read)
{
    char path[] = "/tmp/vernal.npz-XXXXXX";
    close(mkstemp(path));
    cr_assert(vn_npz_save(path, sample(), NULL) == VN_ERR_OK);
    cr_assert(vn_tree_equal(vn_npz_load(path), sample(), NULL));
    cr_assert(truncate(path, 500) == 0);
    cr_assert(!vn_npz_load(path));
    expect_error(FORMAT, "not a zip archive, or truncated");
    unlink(path);
    cr_assert(!vn_npz_load(path));
    expect_error(FILE, "npz_load: /tmp/vernal.npz-");
    cr_assert(vn_npz_save("/nowhere/x", sample(), NULL) == VN_ERR_FILE);
    expect_error(FILE, "cannot be opened");
    cr_assert(!vn_npz_load(NULL));
    expect_error(NULL_ARGUMENT, "the file is NULL");
    cr_assert(vn_npz_save(path, vn_int(1), NULL) == VN_ERR_ARGUMENT);
    expect_error(ARGUMENT, "npz_save: not a dict of arrays but int");
    cr_assert(!vn_npz_save_bytes(sample(), &(vn_npz_options){ .compression = 10 }));
    expect_error(ARGUMENT, "compression 10 is not one of 0 to 9");
    expect_no_leak();
}

Test(npz, more_entries_than_sixteen_bits_count)
{
    enum { MANY = 66000 };
    static char name[MANY][16];
    const char **keys = malloc(MANY * sizeof *keys);
    vn_tree **items = malloc(MANY * sizeof *items), *x = vn_scalar(VN_U8, 7);
    for (int i = 0; i < MANY; i++) {
        snprintf(name[i], sizeof name[i], "%d", i);
        keys[i] = name[i], items[i] = x;
    }
    vn_tree *dict = vn_dict_n(MANY, keys, items);
    vn_tree *got = from(vn_npz_save_bytes(dict, NULL));
    expect_ok();
    cr_assert(vn_len(got) == MANY && vn_item_int(vn_get(got, "['65999']")) == 7);
    free(keys);
    free(items);
    expect_no_leak();
}

/* What a file of more than 4 GiB looks like, made of little. */
Test(npz, sizes_beyond_thirty_two_bits_are_in_extra_fields)
{
    const vn__where where = { .who = "test", .file = "memory" };
    char record[200];
    vn_array *npy = vn_tree_serialise_leaves_bytes(vn_arange(VN_I32, 3));
    memcpy(record, vn_data(npy), (size_t)vn_size(npy));
    const vn__zip_part parts[2] = { { record, 100 },
                                    { record + 100, (size_t)vn_size(npy) - 100 } };
    vn__stream out = { 0 };
    vn__zip_writer zip = { .out = &out, .small = 0 };
    bool good = vn__zip_add(&zip, "a.npy", parts, &where);
    good = good && vn__zip_add(&zip, "b.npy", parts, &where);
    vn_array *bytes = vn__stream_bytes(&out, vn__zip_finish(&zip, good, &where));
    vn_tree *got = from(bytes);
    expect_ok();
    cr_assert(vn_tree_equal(vn_get(got, "['b']"), vn_arange(VN_I32, 3), NULL));
    expect_survives_damage(bytes, vn_npz_load_bytes);
}

Test(npz, entries_that_are_no_arrays_are_refused)
{
    const vn__where where = { .who = "test", .file = "memory" };
    static const char *const rows[][2] = {
        { "a.txt", "\"a.txt\" is not an array: its name does not end with .npy" },
        { "a.npy", "npz_load: memory: a.npy: not a .npy record" },
    };
    for (int i = 0; i < 2; i++) {
        const vn__zip_part parts[2] = { { "no number", 9 }, { "", 0 } };
        vn__stream out = { 0 };
        vn__zip_writer zip = { .out = &out, .small = 1000000 };
        const bool good = vn__zip_add(&zip, rows[i][0], parts, &where);
        cr_assert(!from(vn__stream_bytes(&out, vn__zip_finish(&zip, good, &where))));
        cr_assert(strstr(vn_error_message(), rows[i][1]), "%s", vn_error_message());
        vn_error_clear();
    }
    vn_array *npy = vn_tree_serialise_leaves_bytes(vn_int(3));
    const vn__zip_part parts[2] = { { vn_data(npy), 136 }, { "", 0 } };
    vn__stream out = { 0 };
    vn__zip_writer zip = { .out = &out, .small = 1000000 };
    bool good = vn__zip_add(&zip, "a.npy", parts, &where);
    good = good && vn__zip_add(&zip, "a.npy", parts, &where);
    cr_assert(!from(vn__stream_bytes(&out, vn__zip_finish(&zip, good, &where))));
    expect_error(FORMAT, "the name \"a\" is given twice");
    cr_assert(!vn_npz_load_bytes("PK", 2));
    expect_error(FORMAT, "not a zip archive");
    cr_assert(!vn_npz_load_bytes(NULL, 0));
    expect_error(FORMAT, "not a zip archive");
    expect_no_leak();
}

Test(npz, damaged_files_give_a_sentence_and_leak_nothing)
{
    static const char *const keys[] = { "a", "b" };
    vn_tree *dict =
        vn_dict_n(2, keys, VN_TREES(vn_ones(VN_F32, VN_SHAPE(2)), vn_arange(VN_U8, 20)));
    vn_array *stored = vn_retain(vn_npz_save_bytes(dict, NULL));
    vn_array *deflated = vn_retain(deflates ? vn_npz_save_bytes(dict, &small) : stored);
    expect_survives_damage(stored, vn_npz_load_bytes);
    expect_survives_damage(deflated, vn_npz_load_bytes);
    vn_release(stored);
    vn_release(deflated);
    expect_no_leak();
}

/* A flipped bit of the elements is found by the checksum. */
Test(npz, checksums_are_checked)
{
    static const char *const key = "a";
    vn_array *x = vn_ones(VN_U8, VN_SHAPE(50));
    vn_array *bytes = vn_npz_save_bytes(vn_dict_n(1, &key, &x), NULL);
    char *const b = vn_data_mut(bytes);
    const int64_t first = 30 + 5 + 128;
    for (int64_t i = first; i < first + 50; i++) {
        cr_assert(b[i] == 1);
        b[i] = 3;
        cr_assert(!from(bytes));
        expect_error(FORMAT, "its checksum is wrong");
        b[i] = 1;
    }
    cr_assert(from(bytes) != NULL);
}
