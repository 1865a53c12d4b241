/* SPDX-License-Identifier: MIT */
/* .npy records as arrays, and files of one record. */
#include "core/io/npy.h"

#include <string.h>

#include "vernal/io.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are written as they lie");

/* out[i_0, .., i_r-1] = in[i_r-1, .., i_0]: in row-major terms the transpose of the reversed
 * shape. `index` counts through out; its image in `in` moves along by strides. */
static vn_array *from_fortran(const vn_array *x, vn_shape shape)
{
    vn_array *const result = vn_empty(vn_dtype_of(x), shape);
    if (!result)
        return NULL;
    const size_t size = vn_dtype_size(vn_dtype_of(x));
    const char *const in = vn_data(x);
    char *out = vn_data_mut(result);
    int64_t stride[VN_MAX_RANK], index[VN_MAX_RANK] = { 0 }, from = 0;
    for (int i = 0; i < shape.rank; i++)
        stride[i] = i ? stride[i - 1] * shape.dim[i - 1] : 1;
    for (int64_t n = vn_shape_size(shape); n > 0; n--, out += size) {
        memcpy(out, in + (size_t)from * size, size);
        for (int i = shape.rank - 1; i >= 0; i--) {
            from += stride[i];
            if (++index[i] < shape.dim[i])
                break;
            from -= stride[i] * shape.dim[i];
            index[i] = 0;
        }
    }
    return result;
}

vn_array *vn__npy_read_data(vn__stream *stream, const vn__npy *npy, const vn__where *where)
{
    vn_array *const x = vn__read_array(stream, npy->dtype, npy->shape, where);
    if (!x)
        return NULL;
    const int parts = vn_dtype_is_complex(npy->dtype) ? 2 : 1; /* each is swapped by itself */
    if (npy->swapped)
        vn__swap_bytes(vn_data_mut(x), vn_dtype_size(npy->dtype) / (size_t)parts,
                       vn_shape_size(npy->shape) * parts);
    return npy->fortran && npy->shape.rank > 1 ? from_fortran(x, npy->shape) : x;
}

bool vn__npy_write_leaf(vn__stream *stream, const vn_tree *leaf, const vn__where *where)
{
    const vn__leaf *const static_leaf = (const vn__leaf *)(const void *)leaf;
    const uint8_t flag = vn_kind_of(leaf) == VN_KIND_BOOL && static_leaf->integer != 0;
    switch (vn_kind_of(leaf)) {
    case VN_KIND_BOOL:
        return vn__npy_write(stream, VN_BOOL, VN_SCALAR, &flag, where);
    case VN_KIND_INT:
        return vn__npy_write(stream, VN_I64, VN_SCALAR, &static_leaf->integer, where);
    case VN_KIND_FLOAT:
        return vn__npy_write(stream, VN_F64, VN_SCALAR, &static_leaf->number, where);
    default:
        return vn_data(leaf) && vn__npy_write(stream, vn_dtype_of(leaf), vn_shape_of(leaf),
                                              vn_data(leaf), where);
    }
}

static vn_array *read_one(vn__stream *stream, const vn__where *where)
{
    vn__npy npy;
    return vn__npy_read_header(&npy, stream, where, "the file is empty")
               ? vn__npy_read_data(stream, &npy, where)
               : NULL;
}

static bool can_write(const char *who, vn_array *x)
{
    char text[VN__SHAPE_TEXT];
    if (!vn__no_nulls(who, 1, &x))
        return false;
    if (!vn_is_array_like(x))
        vn__fail(VN_ERR_ARGUMENT, "%s: not an array but %s", who, vn__describe(text, x));
    return vn_is_array_like(x) && (!vn_is_array(x) || vn_data(x));
}

vn_array *vn_npy_load(const char *path)
{
    const vn__where where = { .who = "npy_load", .file = path };
    vn__stream stream;
    if (!vn__file_given(&where, path) || !vn__stream_open(&stream, &where))
        return NULL;
    vn_array *const x = read_one(&stream, &where);
    vn__stream_close(&stream, &where);
    return x;
}

vn_status vn_npy_save(const char *path, vn_array *x)
{
    const vn__where where = { .who = "npy_save", .file = path };
    vn__stream stream;
    if (!vn__file_given(&where, path) || !can_write(where.who, x) ||
        !vn__stream_create(&stream, &where))
        return vn_error_status();
    const bool written = vn__npy_write_leaf(&stream, x, &where);
    return vn__stream_close(&stream, &where) && written ? VN_ERR_OK : vn_error_status();
}

vn_array *vn_npy_read(FILE *file)
{
    const vn__where where = { .who = "npy_read", .file = "the stream" };
    if (!vn__file_given(&where, file))
        return NULL;
    vn__stream stream = vn__stream_file(file);
    return read_one(&stream, &where);
}

vn_status vn_npy_write(FILE *file, vn_array *x)
{
    const vn__where where = { .who = "npy_write", .file = "the stream" };
    if (!vn__file_given(&where, file) || !can_write(where.who, x))
        return vn_error_status();
    vn__stream stream = { .file = file };
    return vn__npy_write_leaf(&stream, x, &where) ? VN_ERR_OK : vn_error_status();
}
