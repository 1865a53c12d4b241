/* SPDX-License-Identifier: MIT */
/* Reading .safetensors:
 *     n, u64 little endian | n bytes of JSON | the elements of all arrays
 *     {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ..,
 *      "__metadata__": {"key": "text", ..}}
 * Offsets count from the end of the JSON. The arrays fill the rest of the file without gaps
 * and without overlaps. */
#include "core/io/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "core/io/dict.h"
#include "core/io/json.h"
#include "core/io/stream.h"
#include "vernal/io.h"

#define MAX_HEADER 100000000 /* as the reference implementation */

const vn__safetensors_type vn__safetensors_types[VN__SAFETENSORS_TYPES] = {
    { "BOOL", VN_BOOL }, { "U8", VN_U8 },   { "I8", VN_I8 },   { "I16", VN_I16 },
    { "U16", VN_U16 },   { "F16", VN_F16 }, { "BF16", VN_BF16 }, { "I32", VN_I32 },
    { "U32", VN_U32 },   { "F32", VN_F32 }, { "C64", VN_C64 }, { "F64", VN_F64 },
    { "I64", VN_I64 },   { "U64", VN_U64 },
};

typedef struct entry {
    const char *name;
    vn_dtype dtype;
    vn_shape shape;
    int64_t begin, end;
} entry;

static bool fault(const vn__where *where, const char *name, const char *what)
{
    vn__io_fail(where, VN_ERR_FORMAT, "\"%.100s\": %s", name, what);
    return false;
}

/* The member of that name and kind; NULL and an error. */
static vn_tree *member(vn_tree *item, const char *key, vn_kind kind, const char *name,
                       const vn__where *where)
{
    const int i = vn__dict_find(item, key);
    vn_tree *const value = i >= 0 ? vn__child(item, i) : NULL;
    if (value && vn_kind_of(value) == kind)
        return value;
    vn__io_fail(where, VN_ERR_FORMAT, "\"%.100s\": %s %s", name, value ? "damaged" : "without",
                key);
    return NULL;
}

/* An int of the list that is not negative, or -1. */
static int64_t size_at(vn_tree *list, int i)
{
    vn_tree *const item = vn__child(list, i);
    return vn_kind_of(item) == VN_KIND_INT && vn_int_value(item) >= 0 ? vn_int_value(item) : -1;
}

static bool read_dtype(entry *e, vn_tree *dtype, const vn__where *where)
{
    for (int i = 0; i < VN__SAFETENSORS_TYPES; i++)
        if (strcmp(vn_string_value(dtype), vn__safetensors_types[i].name) == 0) {
            e->dtype = vn__safetensors_types[i].dtype;
            return true;
        }
    vn__io_fail(where, VN_ERR_UNSUPPORTED, "\"%.100s\": the dtype \"%.20s\" is not known",
                e->name, vn_string_value(dtype));
    return false;
}

/* The shape, and that its elements are as many bytes as the offsets say. */
static bool read_shape(entry *e, vn_tree *shape, const vn__where *where)
{
    int64_t bytes = (int64_t)vn_dtype_size(e->dtype);
    bool overflow = false;
    if (vn_len(shape) > VN_MAX_RANK) {
        vn__io_fail(where, VN_ERR_UNSUPPORTED, "\"%.100s\": more than 8 dimensions", e->name);
        return false;
    }
    e->shape.rank = vn_len(shape);
    for (int i = 0; i < e->shape.rank; i++) {
        e->shape.dim[i] = size_at(shape, i);
        if (e->shape.dim[i] < 0)
            return fault(where, e->name, "damaged shape");
        overflow = __builtin_mul_overflow(bytes, e->shape.dim[i], &bytes) || overflow;
    }
    if (!overflow && bytes == e->end - e->begin)
        return true;
    return fault(where, e->name, "the data_offsets do not fit the shape and dtype");
}

static bool read_entry(entry *e, vn_tree *item, const vn__where *where)
{
    if (vn_kind_of(item) != VN_KIND_DICT || vn_len(item) != 3)
        return fault(where, e->name, "not a dict of dtype, shape and data_offsets");
    vn_tree *const dtype = member(item, "dtype", VN_KIND_STRING, e->name, where);
    vn_tree *const shape = member(item, "shape", VN_KIND_LIST, e->name, where);
    vn_tree *const offsets = member(item, "data_offsets", VN_KIND_LIST, e->name, where);
    if (!dtype || !shape || !offsets)
        return false;
    e->begin = vn_len(offsets) == 2 ? size_at(offsets, 0) : -1;
    e->end = e->begin >= 0 ? size_at(offsets, 1) : -1;
    if (e->end < e->begin || e->begin < 0)
        return fault(where, e->name, "damaged data_offsets");
    return read_dtype(e, dtype, where) && read_shape(e, shape, where);
}

/* The header as a dict; NULL and an error. */
static vn_tree *read_header(vn__stream *stream, const vn__where *where)
{
    unsigned char b[8];
    uint64_t n = 0;
    size_t got = vn__stream_read(stream, b, 8);
    if (got < 8) {
        vn__fail_truncated(stream, where, (int64_t)got, 8);
        return NULL;
    }
    for (int i = 7; i >= 0; i--)
        n = n << 8 | b[i];
    if (n > MAX_HEADER) {
        vn__io_fail(where, VN_ERR_FORMAT, "a header of %llu bytes, at most %d are allowed",
                    (unsigned long long)n, MAX_HEADER);
        return NULL;
    }
    vn_array *const text = vn__read_array(stream, VN_U8, VN_SHAPE((int64_t)n), where);
    if (!text)
        return NULL;
    if (n == 0 || *(const char *)vn_data(text) != '{') {
        vn__io_fail(where, VN_ERR_FORMAT, "the header does not begin with '{'");
        return NULL;
    }
    char *const copy = vn__alloc(n + 1);
    if (!copy)
        return NULL;
    memcpy(copy, vn_data(text), n);
    copy[n] = '\0';
    vn_tree *const header = vn__json_read(copy, (int64_t)n, where);
    vn__free(copy);
    return header;
}

/* Strings by name; NULL and an error. No metadata is an empty dict. */
static vn_tree *metadata_of(vn_tree *header, const vn__where *where)
{
    const int i = vn__dict_find(header, VN__SAFETENSORS_METADATA);
    vn_tree *const metadata = i >= 0 ? vn__child(header, i) : vn_dict_n(0, NULL, NULL);
    bool good = vn_kind_of(metadata) == VN_KIND_DICT;
    for (int j = 0; good && j < vn_len(metadata); j++)
        good = vn_kind_of(vn__child(metadata, j)) == VN_KIND_STRING;
    if (!good)
        vn__io_fail(where, VN_ERR_FORMAT, "the metadata is not a dict of strings");
    return good ? metadata : NULL;
}

static int by_place(const void *a, const void *b)
{
    const entry *const x = a, *const y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

/* The entries of the header in the order of the file; -1 and an error. */
static int read_entries(entry *entries, vn_tree *header, const vn__where *where)
{
    int n = 0;
    for (int i = 0; i < vn_len(header); i++) {
        const char *const name = vn_key_at(header, i);
        if (strcmp(name, VN__SAFETENSORS_METADATA) == 0)
            continue;
        entries[n] = (entry){ .name = name };
        if (!read_entry(&entries[n++], vn__child(header, i), where))
            return -1;
    }
    qsort(entries, (size_t)n, sizeof *entries, by_place);
    int64_t at = 0;
    for (int i = 0; i < n; at = entries[i++].end)
        if (entries[i].begin != at) {
            vn__io_fail(where, VN_ERR_FORMAT, "\"%.100s\" begins at %lld, %s %lld",
                        entries[i].name, (long long)entries[i].begin,
                        entries[i].begin < at ? "inside of data that ends at"
                                              : "behind a gap from",
                        (long long)at);
            return -1;
        }
    return n;
}

/* Nothing may follow. */
static bool ends_here(vn__stream *stream, const vn__where *where)
{
    char extra;
    if (vn__stream_read(stream, &extra, 1) == 0 && !stream->damaged)
        return true;
    vn__io_fail(where, VN_ERR_FORMAT, "more bytes than its header says");
    return false;
}

static vn_tree *read_arrays(vn__stream *stream, int n, const entry *entries,
                            const vn__where *where)
{
    const char **const names = vn__alloc((size_t)n * sizeof *names);
    vn_tree **const arrays = vn__alloc((size_t)n * sizeof *arrays), *dict = NULL;
    bool good = names && arrays;
    for (int i = 0; good && i < n; i++) {
        names[i] = entries[i].name;
        arrays[i] = vn__read_array(stream, entries[i].dtype, entries[i].shape, where);
        good = arrays[i] != NULL;
    }
    if (good && ends_here(stream, where))
        dict = vn_dict_n(n, names, arrays);
    vn__free(names);
    vn__free(arrays);
    return dict;
}

static vn_tree *read_dict(vn__stream *stream, const vn__where *where)
{
    vn_tree *const header = read_header(stream, where), *dict = NULL;
    if (!header || !metadata_of(header, where))
        return NULL;
    entry *const entries = vn__alloc((size_t)vn_len(header) * sizeof *entries);
    const int n = entries ? read_entries(entries, header, where) : -1;
    if (n >= 0)
        dict = read_arrays(stream, n, entries, where);
    vn__free(entries);
    return dict;
}

vn_tree *vn_safetensors_load(const char *path)
{
    const vn__where where = { .who = "safetensors_load", .file = path };
    vn__stream stream;
    if (!vn__file_given(&where, path) || !vn__stream_open(&stream, &where))
        return NULL;
    vn_tree *const dict = read_dict(&stream, &where);
    vn__stream_close(&stream, &where);
    return dict;
}

vn_tree *vn_safetensors_load_bytes(const void *data, size_t size)
{
    const vn__where where = { .who = "safetensors_load", .file = "memory" };
    if (size && !vn__file_given(&where, data))
        return NULL;
    vn__stream stream = vn__stream_memory(data, size);
    return read_dict(&stream, &where);
}

vn_tree *vn_safetensors_metadata(const char *path)
{
    const vn__where where = { .who = "safetensors_metadata", .file = path };
    vn__stream stream;
    if (!vn__file_given(&where, path) || !vn__stream_open(&stream, &where))
        return NULL;
    vn_tree *const header = read_header(&stream, &where);
    vn__stream_close(&stream, &where);
    return header ? metadata_of(header, &where) : NULL;
}
