/* SPDX-License-Identifier: MIT */
/* The leaves of a tree as a sequence of .npy records: Equinox's tree_serialise_leaves. */
#include <string.h>

#include "core/base/element.h"
#include "core/io/npy.h"
#include "vernal/io.h"

typedef struct walk {
    vn__stream *stream;
    vn__where where; /* where.leaf counts */
} walk;

static bool has_numbers(void *context, vn_tree *leaf)
{
    (void)context;
    return !vn_is_array(leaf) || vn_data(leaf);
}

static bool write_leaf(void *context, vn_tree *leaf)
{
    walk *const w = context;
    if (vn_is_array_like(leaf) && !vn__npy_write_leaf(w->stream, leaf, &w->where))
        return false;
    w->where.leaf++;
    return true;
}

static bool write_leaves(vn__stream *stream, const vn__where *where)
{
    return vn__for_leaves(where->tree, write_leaf, &(walk){ stream, *where });
}

/* True if the record can stand for the leaf of `like`; else an error. */
static bool accepts(const vn_tree *like, const vn__npy *npy, const vn__where *where)
{
    char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
    vn__shape_text(b, npy->dtype, npy->shape);
    if (!vn_is_array(like)) {
        if (npy->shape.rank == 0 || vn_shape_size(npy->shape) == 1)
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

static vn_tree *read_leaf(void *context, vn_tree *like)
{
    walk *const w = context;
    vn__npy npy;
    vn_tree *leaf = like;
    if (vn_is_array_like(like)) {
        if (!vn__npy_read_header(&npy, w->stream, &w->where,
                                 "the file ends before this leaf") ||
            !accepts(like, &npy, &w->where))
            return NULL;
        leaf = vn__npy_read_data(w->stream, &npy, &w->where);
        if (leaf && !vn_is_array(like))
            leaf = convert(like, leaf, &w->where);
    }
    w->where.leaf++;
    return leaf;
}

static vn_tree *read_leaves(vn__stream *stream, const vn__where *where)
{
    return vn__map_leaves(where->tree, read_leaf, &(walk){ stream, *where });
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
static bool can_write(const vn__where *where, const void *file, vn_tree *tree)
{
    return vn__no_nulls(where->who, 1, &tree) && vn__file_given(where, file) &&
           vn__for_leaves(tree, has_numbers, NULL);
}

vn_status vn_tree_serialise_leaves(const char *path, vn_tree *tree)
{
    vn__where where = { SAVE, path, tree, 0 };
    char *const full = can_write(&where, path, tree) ? with_suffix(path) : NULL;
    vn__stream stream;
    bool good = false;
    where.file = full;
    const vn__where whole = { SAVE, full, NULL, 0 };
    if (full && vn__stream_create(&stream, &whole)) {
        good = write_leaves(&stream, &where);
        good = vn__stream_close(&stream, &whole) && good;
    }
    vn__free(full);
    return good ? VN_ERR_OK : vn_error_status();
}

vn_tree *vn_tree_deserialise_leaves(const char *path, vn_tree *like)
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
        tree = read_leaves(&stream, &where);
        vn__stream_close(&stream, &whole);
    }
    vn__free(full);
    return tree;
}

vn_status vn_tree_serialise_leaves_to(FILE *file, vn_tree *tree)
{
    const vn__where where = { SAVE, "the stream", tree, 0 };
    vn__stream stream = { .file = file };
    return can_write(&where, file, tree) && write_leaves(&stream, &where) ? VN_ERR_OK
                                                                          : vn_error_status();
}

vn_tree *vn_tree_deserialise_leaves_from(FILE *file, vn_tree *like)
{
    const vn__where where = { LOAD, "the stream", like, 0 };
    if (!vn__no_nulls(LOAD, 1, &like) || !vn__file_given(&where, file))
        return NULL;
    vn__stream stream = vn__stream_file(file);
    return read_leaves(&stream, &where);
}

vn_array *vn_tree_serialise_leaves_bytes(vn_tree *tree)
{
    const vn__where where = { SAVE, "memory", tree, 0 };
    vn__stream stream = { 0 };
    vn_array *bytes = NULL;
    if (can_write(&where, &stream, tree) && write_leaves(&stream, &where))
        bytes = vn_array_from(VN_U8, VN_SHAPE(stream.written), stream.out);
    vn__free(stream.out);
    return bytes;
}

vn_tree *vn_tree_deserialise_leaves_bytes(const void *data, size_t size, vn_tree *like)
{
    const vn__where where = { LOAD, "memory", like, 0 };
    if (!vn__no_nulls(LOAD, 1, &like) || (size && !vn__file_given(&where, data)))
        return NULL;
    vn__stream stream = vn__stream_memory(data, size);
    return read_leaves(&stream, &where);
}
