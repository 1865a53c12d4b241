/* SPDX-License-Identifier: MIT */
#include "golden/record.h"

#include <stdlib.h>
#include <string.h>

static const char magic[] = "\x93NUMPY\x01\x00";
enum { MAGIC = 8, PREFIX = 10 };

/* The text after "'key': " in the header's dict. */
static const char *entry(const char *header, const char *key)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s': ", key);
    const char *at = strstr(header, quoted);
    return at ? at + strlen(quoted) : NULL;
}

static bool read_shape(vn_shape *shape, const char *at)
{
    *shape = VN_SCALAR;
    if (*at++ != '(')
        return false;
    while (*at != ')') {
        char *end;
        long long dim = strtoll(at, &end, 10);
        if (end == at || shape->rank == VN_MAX_RANK)
            return false;
        shape->dim[shape->rank++] = dim;
        at = end + strspn(end, ", ");
    }
    return true;
}

static bool read_header(golden_record *out, const char *header)
{
    const char *descr = entry(header, "descr"), *order = entry(header, "fortran_order");
    const char *shape = entry(header, "shape");
    if (!descr || !order || !shape || sscanf(descr, "'%7[^']'", out->code) != 1)
        return false;
    out->fortran = !strncmp(order, "True", 4);
    out->array.dtype = golden_dtype(out->code);
    return read_shape(&out->array.shape, shape);
}

bool golden_next_record(golden_record *out, const unsigned char **at, const unsigned char *end)
{
    const unsigned char *p = *at;
    *out = (golden_record){ .array = { .name = "" } };
    if (end - p < PREFIX || memcmp(p, magic, MAGIC))
        return false;
    long length = p[8] + 256L * p[9];
    if (end - p < PREFIX + length)
        return false;
    char *header = strndup((const char *)p + PREFIX, (size_t)length);
    bool read = header && read_header(out, header);
    free(header);
    p += PREFIX + length;
    int width = read ? atoi(out->code + 2) : 0;
    int64_t bytes = read ? width * vn_shape_size(out->array.shape) : -1;
    if (bytes < 0 || end - p < bytes)
        return false;
    out->array.data = p;
    out->array.bytes = (size_t)bytes;
    *at = p + bytes;
    return true;
}

/* The leaf as it is in a file: arrays as they are, numbers as arrays of shape (). */
static vn_array *as_array(vn_tree *leaf)
{
    uint8_t flag = vn_kind_of(leaf) == VN_KIND_BOOL && vn_bool_value(leaf);
    int64_t number = vn_kind_of(leaf) == VN_KIND_INT ? vn_int_value(leaf) : 0;
    double real = vn_kind_of(leaf) == VN_KIND_FLOAT ? vn_float_value(leaf) : 0;
    switch (vn_kind_of(leaf)) {
    case VN_KIND_ARRAY:
        return leaf;
    case VN_KIND_BOOL:
        return vn_array_from(VN_BOOL, VN_SCALAR, &flag);
    case VN_KIND_INT:
        return vn_array_from(VN_I64, VN_SCALAR, &number);
    case VN_KIND_FLOAT:
        return vn_array_from(VN_F64, VN_SCALAR, &real);
    default:
        return NULL;
    }
}

void golden_check_file(golden_run *r, const char *key, vn_tree *tree,
                       golden_level (*level)(const char *path))
{
    size_t size = 0;
    unsigned char *bytes = golden_bytes(r->c, key, &size);
    const unsigned char *at = bytes, *end = bytes ? bytes + size : NULL;
    vn_tree *leaves = vn_tree_leaves(tree);
    if (!bytes || !leaves)
        golden_fail(r, "%s: %s", key, bytes ? "no tree" : "no file");
    for (int i = 0; bytes && i < vn_len(leaves); i++) {
        vn_array *got = as_array(vn_at(leaves, i));
        char path[192], name[256];
        golden_record record;
        if (!got)
            continue;
        vn_tree_path(tree, i, path, sizeof path);
        snprintf(name, sizeof name, "%s%s", key, path);
        if (!golden_next_record(&record, &at, end)) {
            golden_fail(r, "%s: the file has no such record", name);
            break;
        }
        record.array.name = name;
        golden_check_array(r, &record.array, got, level ? level(path) : GOLDEN_EXACT);
    }
    if (at < end)
        golden_fail(r, "%s: the file has more than the tree", key);
    free(bytes);
}

/* The record as a leaf of the kind of `like`; NULL and an error if they disagree. */
static vn_tree *as_leaf(golden_record *record, vn_tree *like)
{
    record->array.name = "of a file";
    vn_array *value = golden_value(&record->array);
    switch (vn_kind_of(like)) {
    case VN_KIND_BOOL:
        return value ? vn_bool(vn_item_bool(value)) : NULL;
    case VN_KIND_INT:
        return value ? vn_int(vn_item_int(value)) : NULL;
    case VN_KIND_FLOAT:
        return value ? vn_float(vn_item(value)) : NULL;
    default:
        if (vn_dtype_of(value) == vn_dtype_of(like) &&
            vn_shape_equal(vn_shape_of(value), vn_shape_of(like)))
            return value;
        return vn_error(VN_ERR_SHAPE, "golden: a record of the file is not like the leaf");
    }
}

vn_tree *golden_load(const golden_case *c, const char *key, vn_tree *like)
{
    size_t size = 0;
    unsigned char *bytes = golden_bytes(c, key, &size);
    const unsigned char *at = bytes, *end = bytes ? bytes + size : NULL;
    vn_tree *leaves = vn_tree_leaves(like);
    int n = vn_len(leaves);
    vn_tree **items = calloc((size_t)n + 1, sizeof *items);
    bool complete = bytes && items;
    for (int i = 0; complete && i < n; i++) {
        golden_record record;
        items[i] = vn_at(leaves, i);
        if (!as_array(items[i]))
            continue;
        complete = golden_next_record(&record, &at, end);
        items[i] = complete ? as_leaf(&record, items[i]) : NULL;
    }
    complete = complete && at == end;
    vn_tree *loaded = complete ? vn_tree_unflatten(like, n, items) : NULL;
    free(items);
    free(bytes);
    return complete ? loaded
                    : vn_error(VN_ERR_FORMAT, "golden: file %s is not like the tree", key);
}
