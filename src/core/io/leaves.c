/* SPDX-License-Identifier: MIT */
/* The leaves of a tree as a sequence of .npy records: Equinox's tree_serialise_leaves. */
#include <string.h>

#include "core/base/element.h"
#include "core/io/leaves.h"
#include "core/io/npy.h"

bool vn_leaf_save(vn_leaf_stream *to, vn_tree *leaf)
{
    if (!vn__no_nulls("leaf_save", 1, &leaf) || (vn_is_array(leaf) && !vn_data(leaf)))
        return false;
    return !to->stream || !vn_is_array_like(leaf) ||
           vn__npy_write_leaf(to->stream, leaf, &to->where);
}

/* True if the record can stand for the leaf of `like`; else an error. */
static bool accepts(const vn_tree *like, const vn__npy *npy, const vn__where *where)
{
    char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
    vn__shape_text(b, npy->dtype, npy->shape);
    if (!vn_is_array(like)) {
        const bool number =
            !vn_dtype_is_complex(npy->dtype) || vn_kind_of(like) == VN_KIND_BOOL;
        if (number && (npy->shape.rank == 0 || vn_shape_size(npy->shape) == 1))
            return true;
        vn__io_fail(where, VN_ERR_STRUCTURE,
                    "the type is %s in `like` and array %s in the file", vn__describe(a, like),
                    b);
        return false;
    }
    if (!vn_shape_equal(vn_shape_of(like), npy->shape)) {
        vn__io_fail(where, VN_ERR_SHAPE, "the shape is %s in `like` and %s in the file",
                    vn__describe(a, like), b);
        return false;
    }
    if (vn_dtype_of(like) == npy->dtype)
        return true;
    vn__io_fail(where, VN_ERR_DTYPE, "the dtype is %s in `like` and %s in the file",
                vn__describe(a, like), b);
    return false;
}

/* The leaf of the kind of `like` with the number of x, as Python's type(like)(x.item()). */
static vn_tree *convert(const vn_tree *like, const vn_array *x, const vn__where *where)
{
    if (vn_kind_of(like) == VN_KIND_BOOL)
        return vn_bool(vn_item_bool(x));
    if (vn_kind_of(like) == VN_KIND_FLOAT)
        return vn_float(vn_item(x));
    const double value = vn_item(x);
    if (vn_dtype_is_inexact(vn_dtype_of(x)) && !(value >= -0x1p63 && value < 0x1p63)) {
        vn__io_fail(where, VN_ERR_FORMAT, "%g does not fit into an int leaf", value);
        return NULL;
    }
    return vn_int(vn_item_int(x));
}

vn_tree *vn_leaf_load(vn_leaf_stream *from, vn_tree *like)
{
    vn__npy npy;
    if (!vn__no_nulls("leaf_load", 1, &like))
        return NULL;
    if (!vn_is_array_like(like))
        return like;
    if (!vn__npy_read_header(&npy, from->stream, &from->where,
                             "the file ends before this leaf") ||
        !accepts(like, &npy, &from->where))
        return NULL;
    vn_tree *const leaf = vn__npy_read_data(from->stream, &npy, &from->where);
    return leaf && !vn_is_array(like) ? convert(like, leaf, &from->where) : leaf;
}

/* The path, with ".eqx" if the last component has no suffix; to be freed. */
static char *with_suffix(const char *path)
{
    const char *const slash = strrchr(path, '/'), *const name = slash ? slash + 1 : path;
    const char *const dot = strrchr(name, '.');
    const bool suffixed = dot && dot > name && dot[1];
    const size_t n = strlen(path);
    char *const full = vn__alloc(n + sizeof ".eqx");
    if (full) {
        memcpy(full, path, n);
        memcpy(full + n, suffixed ? "" : ".eqx", suffixed ? 1 : sizeof ".eqx");
    }
    return full;
}

#define SAVE "tree_serialise_leaves"
#define LOAD "tree_deserialise_leaves"

/* A tree that cannot be written is found out before the file is touched. */
static bool can_write(const vn__where *where, const void *file, vn_tree *tree, vn_tree *spec)
{
    return vn__no_nulls(where->who, 1, &tree) && vn__file_given(where, file) &&
           vn__write_leaves(NULL, spec, where);
}

vn_status vn_tree_serialise_leaves_spec(const char *path, vn_tree *tree, vn_tree *spec)
{
    vn__where where = { SAVE, path, tree, 0 };
    char *const full = can_write(&where, path, tree, spec) ? with_suffix(path) : NULL;
    vn__stream stream;
    bool good = false;
    where.file = full;
    const vn__where whole = { SAVE, full, NULL, 0 };
    if (full && vn__stream_create(&stream, &whole)) {
        good = vn__write_leaves(&stream, spec, &where);
        good = vn__stream_close(&stream, &whole) && good;
    }
    vn__free(full);
    return good ? VN_ERR_OK : vn_error_status();
}

vn_tree *vn_tree_deserialise_leaves_spec(const char *path, vn_tree *like, vn_tree *spec)
{
    vn__where where = { LOAD, path, like, 0 };
    if (!vn__no_nulls(LOAD, 1, &like) || !vn__file_given(&where, path))
        return NULL;
    char *const full = with_suffix(path);
    vn_tree *tree = NULL;
    vn__stream stream;
    where.file = full;
    const vn__where whole = { LOAD, full, NULL, 0 };
    if (full && vn__stream_open(&stream, &whole)) {
        tree = vn__read_leaves(&stream, spec, &where);
        vn__stream_close(&stream, &whole);
    }
    vn__free(full);
    return tree;
}

vn_status vn_tree_serialise_leaves_spec_to(FILE *file, vn_tree *tree, vn_tree *spec)
{
    const vn__where where = { SAVE, "the stream", tree, 0 };
    vn__stream stream = { .file = file };
    const bool good =
        can_write(&where, file, tree, spec) && vn__write_leaves(&stream, spec, &where);
    return good ? VN_ERR_OK : vn_error_status();
}

vn_tree *vn_tree_deserialise_leaves_spec_from(FILE *file, vn_tree *like, vn_tree *spec)
{
    const vn__where where = { LOAD, "the stream", like, 0 };
    if (!vn__no_nulls(LOAD, 1, &like) || !vn__file_given(&where, file))
        return NULL;
    vn__stream stream = vn__stream_file(file);
    return vn__read_leaves(&stream, spec, &where);
}

vn_array *vn_tree_serialise_leaves_spec_bytes(vn_tree *tree, vn_tree *spec)
{
    const vn__where where = { SAVE, "memory", tree, 0 };
    vn__stream stream = { 0 };
    const bool good =
        can_write(&where, &stream, tree, spec) && vn__write_leaves(&stream, spec, &where);
    return vn__stream_bytes(&stream, good);
}

vn_tree *vn_tree_deserialise_leaves_spec_bytes(const void *data, size_t size, vn_tree *like,
                                               vn_tree *spec)
{
    const vn__where where = { LOAD, "memory", like, 0 };
    if (!vn__no_nulls(LOAD, 1, &like) || (size && !vn__file_given(&where, data)))
        return NULL;
    vn__stream stream = vn__stream_memory(data, size);
    return vn__read_leaves(&stream, spec, &where);
}

vn_status vn_tree_serialise_leaves(const char *path, vn_tree *tree)
{
    return vn_tree_serialise_leaves_spec(path, tree, NULL);
}

vn_tree *vn_tree_deserialise_leaves(const char *path, vn_tree *like)
{
    return vn_tree_deserialise_leaves_spec(path, like, NULL);
}

vn_status vn_tree_serialise_leaves_to(FILE *file, vn_tree *tree)
{
    return vn_tree_serialise_leaves_spec_to(file, tree, NULL);
}

vn_tree *vn_tree_deserialise_leaves_from(FILE *file, vn_tree *like)
{
    return vn_tree_deserialise_leaves_spec_from(file, like, NULL);
}

vn_array *vn_tree_serialise_leaves_bytes(vn_tree *tree)
{
    return vn_tree_serialise_leaves_spec_bytes(tree, NULL);
}

vn_tree *vn_tree_deserialise_leaves_bytes(const void *data, size_t size, vn_tree *like)
{
    return vn_tree_deserialise_leaves_spec_bytes(data, size, like, NULL);
}
