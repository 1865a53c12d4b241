/* SPDX-License-Identifier: MIT */
/* Group eqx: files that Equinox wrote are read into a tuple of leaves like those that the case
 * lists, compared, and written again to the same bytes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "golden/groups.h"
#include "golden/record.h"
#include "golden/values.h"
#include "vernal/io.h"
#include "vernal/ops.h"

/* A leaf of the kind, dtype and shape that the case lists; NULL if Vernal has no such leaf. */
static vn_tree *blank(const json *leaf)
{
    const char *kind = json_string(json_get(leaf, "kind"), "");
    vn_dtype dtype = golden_dtype(json_string(json_get(leaf, "dtype"), ""));
    if (!strcmp(kind, "bool"))
        return vn_bool(false);
    if (!strcmp(kind, "int"))
        return vn_int(0);
    if (!strcmp(kind, "float"))
        return vn_float(0);
    if (!strcmp(kind, "complex"))
        return vn_zeros(VN_C128, VN_SCALAR);
    if (!strcmp(kind, "string"))
        return vn_string("");
    if (!strcmp(kind, "function"))
        return vn_unary(vn_relu);
    return dtype ? vn_zeros(dtype, golden_shape(json_get(leaf, "shape"))) : NULL;
}

/* A complex number of Python, which is an array here. */
static void check_complex(golden_run *r, const char *path, const json *value, vn_tree *got)
{
    const vn_c128 z = vn_item_complex(got);
    if (z.re != json_number(json_at(value, 0), NAN) ||
        z.im != json_number(json_at(value, 1), NAN))
        golden_fail(r, "%s: %g%+gj", path, z.re, z.im);
}

/* The leaf against "leaf/PATH", or against the value in the case. */
static void check_leaf(golden_run *r, const json *leaf, vn_tree *got)
{
    char name[256];
    const char *path = json_string(json_get(leaf, "path"), "");
    const json *value = json_get(leaf, "value");
    snprintf(name, sizeof name, "leaf/%s", path);
    switch (vn_kind_of(got)) {
    case VN_KIND_ARRAY:
        if (!strcmp(json_string(json_get(leaf, "kind"), ""), "complex")) {
            check_complex(r, path, value, got);
            return;
        }
        golden_check(r, name, got, GOLDEN_EXACT);
        return;
    case VN_KIND_BOOL:
        if (vn_bool_value(got) != json_bool(value, false))
            golden_fail(r, "%s: another bool", path);
        return;
    case VN_KIND_INT:
        if (vn_int_value(got) != json_int(value, INT64_MIN))
            golden_fail(r, "%s: %lld", path, (long long)vn_int_value(got));
        return;
    case VN_KIND_FLOAT: {
        const char *special = json_string(value, NULL); /* "inf", "-inf", "nan" */
        double want = special ? strtod(special, NULL) : json_number(value, 0);
        double found = vn_float_value(got);
        if (found != want && !(isnan(found) && isnan(want)))
            golden_fail(r, "%s: got %.17g, want %.17g", path, found, want);
        return;
    }
    default:
        return; /* strings and functions are not in the file */
    }
}

static void compare_bytes(golden_run *r, const char *what, vn_array *got,
                          const unsigned char *want, size_t size)
{
    r->compared++;
    size_t n = got ? (size_t)vn_size(got) : 0, i = 0;
    const unsigned char *bytes = vn_data(got);
    while (bytes && i < n && i < size && bytes[i] == want[i])
        i++;
    if (!got || n != size || i < size)
        golden_fail(r, "%s written again: %zu bytes for %zu, byte %zu differs", what, n, size,
                    i);
}

/* The whole file at once. */
static void check_whole(golden_run *r, golden_case *c, const json *leaves, vn_tree *like)
{
    size_t size = 0, line = 0;
    unsigned char *bytes = golden_bytes(c, "eqx", &size);
    char path[1024] = "";
    golden_path(c, "eqx", path, sizeof path);
    if (bytes && bytes[0] == '{')
        line = (size_t)((unsigned char *)strchr((char *)bytes, '\n') - bytes) + 1;
    FILE *file = fopen(path, "rb");
    if (!bytes || !file || fseek(file, (long)line, SEEK_SET)) {
        golden_fail(r, "file %s cannot be read", path);
    } else {
        vn_tree *read = vn_tree_deserialise_leaves_from(file, like);
        if (!read)
            golden_fail(r, "the file is not read");
        for (int i = 0; i < vn_len(read); i++)
            check_leaf(r, json_at(leaves, i), vn_at(read, i));
        if (read && ftell(file) != (long)size)
            golden_fail(r, "read %ld of %zu bytes", ftell(file), size);
        vn_array *written = vn_tree_serialise_leaves_bytes(read);
        compare_bytes(r, "the file", written, bytes + line, size - line);
    }
    if (file)
        fclose(file);
    free(bytes);
}

void golden_run_eqx(golden_run *r, golden_case *c)
{
    const json *leaves = json_get(c->json, "leaves");
    vn_tree **items = calloc(leaves ? (size_t)leaves->count + 1 : 1, sizeof *items);
    int n = 0;
    bool complete = leaves && items;
    for (const json *leaf = leaves ? leaves->child : NULL; leaf && complete; leaf = leaf->next)
        if (!(complete = (items[n++] = blank(leaf)) != NULL))
            golden_fail(r, "leaf %s of dtype %s", json_string(json_get(leaf, "path"), ""),
                        json_string(json_get(leaf, "dtype"), "?"));
    vn_error_clear();
    if (complete)
        check_whole(r, c, leaves, vn_tuple_n(n, items));
    else if (!leaves)
        golden_fail(r, "the case lists no leaves");
    free(items);
}
