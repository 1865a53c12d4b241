/* SPDX-License-Identifier: MIT */
/* .npz: a zip archive whose entries "name.npy" are .npy records. */
#include <errno.h>
#include <string.h>

#include "core/io/dict.h"
#include "core/io/npy.h"
#include "core/io/zip.h"
#include "vernal/io.h"

#define SAVE "npz_save"
#define LOAD "npz_load"
#define SUFFIX ".npy"

static vn_tree *read_record(void *context, vn__stream *stream)
{
    const vn__where *const where = context;
    vn__npy npy;
    return vn__npy_read_header(&npy, stream, where, "an empty entry")
               ? vn__npy_read_data(stream, &npy, where)
               : NULL;
}

/* The entry as an array; its name loses the suffix. */
static vn_array *read_entry(vn__zip *zip, vn__zip_entry *entry, const vn__where *where)
{
    const size_t n = strlen(entry->name), suffix = strlen(SUFFIX);
    if (n < suffix || strcmp(entry->name + n - suffix, SUFFIX) != 0) {
        vn__io_fail(where, VN_ERR_UNSUPPORTED, "\"%.100s\" is not an array: its name does not "
                    "end with " SUFFIX, entry->name);
        return NULL;
    }
    char file[200];
    snprintf(file, sizeof file, "%.100s: %.60s", where->file, entry->name);
    const vn__where inside = { .who = where->who, .file = file };
    vn_array *const x =
        vn__zip_read(zip, entry, read_record, (void *)(uintptr_t)&inside, &inside);
    entry->name[n - suffix] = '\0';
    return x;
}

static vn_tree *read_dict(vn__zip *zip, const vn__where *where)
{
    vn_tree *dict = NULL;
    if (vn__zip_open(zip, where)) {
        char **const keys = vn__alloc((size_t)zip->n * sizeof *keys);
        vn_tree **const items = vn__alloc((size_t)zip->n * sizeof *items);
        bool good = keys && items;
        for (int i = 0; good && i < zip->n; i++) {
            keys[i] = zip->entry[i].name;
            items[i] = read_entry(zip, &zip->entry[i], where);
            good = items[i] != NULL;
        }
        if (good)
            dict = vn__dict_of_file(zip->n, keys, items, where);
        vn__free(keys);
        vn__free(items);
    }
    vn__zip_close(zip);
    return dict;
}

vn_tree *vn_npz_load(const char *path)
{
    const vn__where where = { .who = LOAD, .file = path };
    if (!vn__file_given(&where, path))
        return NULL;
    vn__zip zip = { .file = fopen(path, "rb") };
    if (zip.file)
        return read_dict(&zip, &where);
    vn__io_fail(&where, VN_ERR_FILE, "cannot be opened: %s", strerror(errno));
    return NULL;
}

vn_tree *vn_npz_load_bytes(const void *data, size_t size)
{
    const vn__where where = { .who = LOAD, .file = "memory" };
    if (size && !vn__file_given(&where, data))
        return NULL;
    return read_dict(&(vn__zip){ .data = data, .size = (int64_t)size }, &where);
}

static bool add(vn__zip_writer *zip, const char *key, vn_tree *x, const vn__where *where)
{
    char header[VN__NPY_HEADER];
    const size_t length = strlen(key);
    char *const name = vn__alloc(length + sizeof SUFFIX);
    if (!name)
        return false;
    memcpy(name, key, length);
    memcpy(name + length, SUFFIX, sizeof SUFFIX);
    const vn__npy npy = { .dtype = vn_dtype_of(x), .shape = vn_shape_of(x) };
    const vn__zip_part parts[2] = {
        { header, vn__npy_header(header, &npy) },
        { vn_data(x), (size_t)vn_size(x) * vn_dtype_size(vn_dtype_of(x)) },
    };
    const bool good = vn__zip_add(zip, name, parts, where);
    vn__free(name);
    return good;
}

static bool write_dict(vn__stream *out, vn_tree *dict, int compression, const vn__where *where)
{
    vn__zip_writer zip = { .out = out, .small = 0xffffffff, .compression = compression };
    bool good = true;
    for (int i = 0; good && i < vn_len(dict); i++)
        good = add(&zip, vn_key_at(dict, i), vn__child(dict, i), where);
    return vn__zip_finish(&zip, good, where);
}

static bool can_write(const vn__where *where, const void *file, vn_tree *dict, int compression)
{
    if (!vn__file_given(where, file) || !vn__is_array_dict(where->who, dict))
        return false;
    if (compression < 0 || compression > 9)
        vn__fail(VN_ERR_ARGUMENT, SAVE ": compression %d is not one of 0 to 9", compression);
    return compression >= 0 && compression <= 9;
}

vn_status vn_npz_save(const char *path, vn_tree *dict, const vn_npz_options *options)
{
    const vn__where where = { .who = SAVE, .file = path };
    const int compression = options ? options->compression : 0;
    vn__stream stream;
    if (!can_write(&where, path, dict, compression) || !vn__stream_create(&stream, &where))
        return vn_error_status();
    const bool good = write_dict(&stream, dict, compression, &where);
    return vn__stream_close(&stream, &where) && good ? VN_ERR_OK : vn_error_status();
}

vn_array *vn_npz_save_bytes(vn_tree *dict, const vn_npz_options *options)
{
    const vn__where where = { .who = SAVE, .file = "memory" };
    const int compression = options ? options->compression : 0;
    vn__stream out = { 0 };
    if (!can_write(&where, &where, dict, compression))
        return NULL;
    return vn__stream_bytes(&out, write_dict(&out, dict, compression, &where));
}
