/* SPDX-License-Identifier: MIT */
#include "golden/case.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

unsigned char *golden_slurp(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    unsigned char *bytes = NULL;
    size_t used = 0, capacity = 0, got = 0;
    do {
        used += got;
        if (used + 1 >= capacity) {
            capacity = capacity ? 4 * capacity : 65536;
            unsigned char *more = realloc(bytes, capacity);
            if (!more)
                break;
            bytes = more;
        }
        got = fread(bytes + used, 1, capacity - used - 1, file);
    } while (got > 0);
    fclose(file);
    if (bytes)
        bytes[used] = 0;
    *size = used;
    return bytes;
}

vn_dtype golden_dtype(const char *code)
{
    static const char *const codes[] = {
#define CODE(name, text, type, bytes, npy) [VN_##name] = (npy),
        VN_DTYPE_LIST(CODE)
#undef CODE
    };
    for (int i = 1; i < VN_DTYPE_COUNT; i++)
        if (!strcmp(codes[i], code))
            return (vn_dtype)i;
    return VN_DTYPE_DEFAULT;
}

/* A row of the table, checked against the file: its bytes lie inside it and fill the shape. */
static bool read_row(golden_array *a, const json *row, const char *bytes, size_t size)
{
    const json *shape = json_get(row, "shape");
    int64_t offset = json_int(json_get(row, "offset"), -1);
    int64_t count = json_int(json_get(row, "nbytes"), -1);
    if (!shape || shape->count > VN_MAX_RANK || offset < 0 || count < 0)
        return false;
    if ((size_t)offset + (size_t)count > size)
        return false;
    a->name = json_string(json_get(row, "name"), "");
    a->dtype = golden_dtype(json_string(json_get(row, "dtype"), ""));
    a->shape = (vn_shape){ .rank = shape->count };
    for (int i = 0; i < shape->count; i++)
        a->shape.dim[i] = json_int(json_at(shape, i), -1);
    a->data = bytes + offset;
    a->bytes = (size_t)count;
    return a->dtype == VN_DTYPE_DEFAULT ||
           a->bytes == (size_t)vn_shape_size(a->shape) * vn_dtype_size(a->dtype);
}

static bool read_arrays(golden_case *c, size_t size)
{
    const json *table = json_get(c->json, "arrays");
    c->n_arrays = table ? table->count : 0;
    c->arrays = calloc((size_t)c->n_arrays + 1, sizeof *c->arrays);
    const json *row = table ? table->child : NULL;
    for (int i = 0; row && c->arrays; i++, row = row->next)
        if (!read_row(&c->arrays[i], row, c->bytes, size))
            return false;
    return c->arrays != NULL;
}

golden_case *golden_open(const char *folder, const char *name, char *fault, size_t size)
{
    golden_case *c = calloc(1, sizeof *c);
    char path[1024];
    size_t length = 0, where = 0;
    if (!c)
        return NULL;
    snprintf(c->folder, sizeof c->folder, "%s", folder);
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(path, sizeof path, "%s/%s.json", folder, name);
    char *text = (char *)golden_slurp(path, &length);
    c->json = text ? json_parse(text, &where) : NULL;
    free(text);
    snprintf(path, sizeof path, "%s/%s.npys", folder, name);
    c->bytes = golden_slurp(path, &length);
    c->args = json_get(c->json, "args");
    c->x64 = json_bool(json_get(c->json, "x64"), false);
    c->seed = json_int(json_get(c->json, "seed"), 0);
    if (c->json && c->bytes && read_arrays(c, length))
        return c;
    snprintf(fault, size, "%s",
             !c->json    ? "the .json file is missing or damaged"
             : !c->bytes ? "the .npys file is missing"
                         : "the table of arrays does not fit the .npys file");
    golden_close(c);
    return NULL;
}

void golden_close(golden_case *c)
{
    if (!c)
        return;
    json_free(c->json);
    free(c->bytes);
    free(c->arrays);
    free(c);
}

golden_array *golden_find(const golden_case *c, const char *name)
{
    for (int i = 0; i < c->n_arrays; i++)
        if (!strcmp(c->arrays[i].name, name))
            return &c->arrays[i];
    return NULL;
}

vn_array *golden_value(golden_array *array)
{
    array->used = true;
    if (array->dtype == VN_DTYPE_DEFAULT)
        return vn_error(VN_ERR_DTYPE, "golden array %s has no dtype of Vernal", array->name);
    vn_array *value = vn_empty(array->dtype, array->shape);
    if (value && array->bytes)
        memcpy(vn_data_mut(value), array->data, array->bytes);
    return value;
}

vn_array *golden_input(const golden_case *c, const char *format, ...)
{
    char name[512];
    va_list list;
    va_start(list, format);
    vsnprintf(name, sizeof name, format, list);
    va_end(list);
    golden_array *array = golden_find(c, name);
    return array ? golden_value(array)
                 : vn_error(VN_ERR_ARGUMENT, "golden case %s has no array %s", c->name, name);
}

bool golden_path(const golden_case *c, const char *key, char *path, size_t size)
{
    const char *file = json_string(json_get(c->json, key), NULL);
    const char *slash = strchr(c->name, '/');
    int group = slash ? (int)(slash - c->name) : 0;
    if (file)
        snprintf(path, size, "%s/%.*s/%s", c->folder, group, c->name, file);
    return file != NULL;
}

unsigned char *golden_bytes(const golden_case *c, const char *key, size_t *size)
{
    char path[1024];
    return golden_path(c, key, path, sizeof path) ? golden_slurp(path, size) : NULL;
}
