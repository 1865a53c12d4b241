/* SPDX-License-Identifier: MIT */
/* Writing .safetensors as the Python package does: metadata first, then the arrays, sorted by
 * dtype, then by name; blanks behind the JSON up to a multiple of 8 bytes. */
#include <stdlib.h>
#include <string.h>

#include "core/io/dict.h"
#include "core/io/json.h"
#include "core/io/safetensors.h"
#include "core/io/stream.h"
#include "vernal/io.h"

#define WHO "safetensors_save"

typedef struct entry {
    const char *name;
    vn_tree *array;
    int type; /* row of the table of dtypes */
} entry;

/* The row of the table; VN__SAFETENSORS_TYPES if the format has no such dtype. */
static int type_of(const vn_tree *array)
{
    int i = 0;
    while (i < VN__SAFETENSORS_TYPES && vn__safetensors_types[i].dtype != vn_dtype_of(array))
        i++;
    return i;
}

static int in_file_order(const void *a, const void *b)
{
    const entry *const x = a, *const y = b;
    return x->type != y->type ? y->type - x->type : strcmp(x->name, y->name);
}

static bool put(vn__stream *out, const char *text, const vn__where *where)
{
    return vn__stream_write(out, text, strlen(text), where);
}

static bool put_metadata(vn__stream *out, vn_tree *metadata, const vn__where *where)
{
    bool good = put(out, "\"" VN__SAFETENSORS_METADATA "\":{", where);
    for (int i = 0; good && i < vn_len(metadata); i++)
        good = put(out, i ? "," : "", where) &&
               vn__json_write_string(out, vn_key_at(metadata, i), where) &&
               put(out, ":", where) &&
               vn__json_write_string(out, vn_string_value(vn__child(metadata, i)), where);
    return good && put(out, "}", where);
}

/* "name":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]} */
static bool put_entry(vn__stream *out, const entry *e, int64_t *at, const vn__where *where)
{
    char text[400];
    const vn_shape shape = vn_shape_of(e->array);
    const int64_t begin = *at;
    int used = snprintf(text, sizeof text, ":{\"dtype\":\"%s\",\"shape\":[",
                        vn__safetensors_types[e->type].name);
    for (int i = 0; i < shape.rank; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, i ? ",%lld" : "%lld",
                         (long long)shape.dim[i]);
    *at += vn_shape_size(shape) * (int64_t)vn_dtype_size(vn_dtype_of(e->array));
    snprintf(text + used, sizeof text - (size_t)used, "],\"data_offsets\":[%lld,%lld]}",
             (long long)begin, (long long)*at);
    return vn__json_write_string(out, e->name, where) && put(out, text, where);
}

/* In memory: length and JSON. */
static bool put_header(vn__stream *out, int n, const entry *entries, vn_tree *metadata,
                       const vn__where *where)
{
    static const char no_length[8];
    int64_t at = 0;
    bool good = vn__stream_write(out, no_length, 8, where) && put(out, "{", where);
    if (good && metadata)
        good = put_metadata(out, metadata, where);
    for (int i = 0; good && i < n; i++)
        good = put(out, i || metadata ? "," : "", where) &&
               put_entry(out, &entries[i], &at, where);
    good = good && put(out, "}", where);
    while (good && out->written % 8 != 0)
        good = put(out, " ", where);
    for (int i = 0; good && i < 8; i++)
        out->out[i] = (char)((uint64_t)(out->written - 8) >> 8 * i);
    return good;
}

static bool has_types(vn_tree *dict)
{
    char text[VN__SHAPE_TEXT];
    for (int i = 0; i < vn_len(dict); i++) {
        const vn_tree *const array = vn__child(dict, i);
        if (type_of(array) == VN__SAFETENSORS_TYPES) {
            vn__fail(VN_ERR_UNSUPPORTED, WHO ": \"%.100s\" is %s, a dtype the format has not",
                     vn_key_at(dict, i), vn__describe(text, array));
            return false;
        }
    }
    return true;
}

static bool can_write(const vn__where *where, const void *file, vn_tree *dict,
                      vn_tree *metadata)
{
    char text[VN__SHAPE_TEXT];
    if (!vn__file_given(where, file) || !vn__is_array_dict(where->who, dict) ||
        !has_types(dict))
        return false;
    if (vn__dict_find(dict, VN__SAFETENSORS_METADATA) >= 0) {
        vn__fail(VN_ERR_ARGUMENT, WHO ": an array named \"" VN__SAFETENSORS_METADATA "\"");
        return false;
    }
    const bool dicts = !metadata || vn_kind_of(metadata) == VN_KIND_DICT;
    for (int i = 0; dicts && i < vn_len(metadata); i++)
        if (vn_kind_of(vn__child(metadata, i)) != VN_KIND_STRING) {
            vn__fail(VN_ERR_ARGUMENT, WHO ": metadata: \"%.100s\" is not a string but %s",
                     vn_key_at(metadata, i), vn__describe(text, vn__child(metadata, i)));
            return false;
        }
    if (!dicts)
        vn__fail(VN_ERR_ARGUMENT, WHO ": metadata: not a dict of strings but %s",
                 vn__describe(text, metadata));
    return dicts;
}

/* The header in memory and the arrays in their order, to be freed; NULL and an error. */
static entry *prepare(vn__stream *header, vn_tree *dict, vn_tree *metadata,
                      const vn__where *where)
{
    const int n = vn_len(dict);
    entry *const entries = vn__alloc((size_t)n * sizeof *entries);
    if (!entries)
        return NULL;
    for (int i = 0; i < n; i++) {
        vn_tree *const array = vn__child(dict, i);
        entries[i] = (entry){ vn_key_at(dict, i), array, type_of(array) };
    }
    qsort(entries, (size_t)n, sizeof *entries, in_file_order);
    if (put_header(header, n, entries, metadata, where))
        return entries;
    vn__free(entries);
    return NULL;
}

static bool write_arrays(vn__stream *out, int n, const entry *entries, const vn__where *where)
{
    for (int i = 0; i < n; i++) {
        vn_tree *const x = entries[i].array;
        const size_t bytes = (size_t)vn_size(x) * vn_dtype_size(vn_dtype_of(x));
        if (!vn__stream_write(out, vn_data(x), bytes, where))
            return false;
    }
    return true;
}

vn_status vn_safetensors_save(const char *path, vn_tree *dict, vn_tree *metadata)
{
    const vn__where where = { .who = WHO, .file = path };
    vn__stream header = { 0 }, stream;
    if (vn_is_none(metadata))
        metadata = NULL;
    if (!can_write(&where, path, dict, metadata))
        return vn_error_status();
    entry *const entries = prepare(&header, dict, metadata, &where);
    bool good = entries != NULL && vn__stream_create(&stream, &where);
    if (good) {
        good = vn__stream_write(&stream, header.out, (size_t)header.written, &where) &&
               write_arrays(&stream, vn_len(dict), entries, &where);
        good = vn__stream_close(&stream, &where) && good;
    }
    vn__free(header.out);
    vn__free(entries);
    return good ? VN_ERR_OK : vn_error_status();
}

vn_array *vn_safetensors_save_bytes(vn_tree *dict, vn_tree *metadata)
{
    const vn__where where = { .who = WHO, .file = "memory" };
    vn__stream out = { 0 };
    if (vn_is_none(metadata))
        metadata = NULL;
    if (!can_write(&where, &where, dict, metadata))
        return NULL;
    entry *const entries = prepare(&out, dict, metadata, &where);
    const bool good = entries && write_arrays(&out, vn_len(dict), entries, &where);
    vn__free(entries);
    return vn__stream_bytes(&out, good);
}
