/* SPDX-License-Identifier: MIT */
/* .npy records as arrays, and files of one record. */
#include "core/io/npy.h"

#include <string.h>

#include "vernal/io.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are written as they lie");

/* Elements of `in`, whose axis i goes along by stride[i], to `out` in row-major order. `index`
 * counts through out; its image in `in` moves along. */
static void gather(void *out, const void *in, size_t size, vn_shape shape,
                   const int64_t stride[])
{
    char *to = out;
    const char *const base = in;
    int64_t index[VN_MAX_RANK] = { 0 }, from = 0;
    for (int64_t n = vn_shape_size(shape); n > 0; n--, to += size) {
        memcpy(to, base + (size_t)from * size, size);
        for (int i = shape.rank - 1; i >= 0; i--) {
            from += stride[i];
            if (++index[i] < shape.dim[i])
                break;
            from -= stride[i] * shape.dim[i];
            index[i] = 0;
        }
    }
}

/* Column-major in a file and row-major in memory: out[i_0, .., i_r-1] = in[i_r-1, .., i_0]. */
static vn_array *from_fortran(const vn_array *x, vn_shape shape)
{
    vn_array *const result = vn_empty(vn_dtype_of(x), shape);
    int64_t stride[VN_MAX_RANK];
    if (!result)
        return NULL;
    for (int i = 0; i < shape.rank; i++)
        stride[i] = i ? stride[i - 1] * shape.dim[i - 1] : 1;
    gather(vn_data_mut(result), vn_data(x), vn_dtype_size(vn_dtype_of(x)), shape, stride);
    result->flags |= VN__COLUMN_MAJOR;
    return result;
}

/* The elements in the order of a column-major record: an array of the reversed shape. */
static vn_array *to_fortran(const vn_array *x)
{
    const vn_shape shape = vn_shape_of(x);
    const int last = shape.rank - 1;
    vn_shape reversed = { .rank = shape.rank };
    int64_t stride[VN_MAX_RANK], step = 1;
    for (int i = 0; i < shape.rank; i++) {
        reversed.dim[i] = shape.dim[last - i];
        stride[i] = step;
        step *= reversed.dim[i];
    }
    vn_array *const result = vn_empty(vn_dtype_of(x), reversed);
    if (result)
        gather(vn_data_mut(result), vn_data(x), vn_dtype_size(vn_dtype_of(x)), reversed,
               stride);
    return result;
}

/* False where rows and columns are the same order: NumPy calls that row-major. */
static bool orders_differ(vn_shape shape)
{
    int longer = 0;
    for (int i = 0; i < shape.rank; i++)
        longer += shape.dim[i] > 1;
    return longer > 1 && vn_shape_size(shape) > 0;
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
    return npy->fortran && orders_differ(npy->shape) ? from_fortran(x, npy->shape) : x;
}

static bool write_array(vn__stream *stream, const vn_array *x, const vn__where *where)
{
    const vn__npy npy = { .dtype = vn_dtype_of(x),
                          .shape = vn_shape_of(x),
                          .fortran = x->flags & VN__COLUMN_MAJOR };
    bool written = false;
    if (!vn_data(x))
        return false;
    if (!npy.fortran)
        return vn__npy_write(stream, &npy, vn_data(x), where);
    VN_SCOPE
    {
        const vn_array *const columns = to_fortran(x);
        written = columns && vn__npy_write(stream, &npy, vn_data(columns), where);
    }
    return written;
}

bool vn__npy_write_leaf(vn__stream *stream, const vn_tree *leaf, const vn__where *where)
{
    const vn__leaf *const static_leaf = (const vn__leaf *)(const void *)leaf;
    const uint8_t flag = vn_kind_of(leaf) == VN_KIND_BOOL && static_leaf->integer != 0;
    switch (vn_kind_of(leaf)) {
    case VN_KIND_BOOL:
        return vn__npy_write(stream, &(vn__npy){ .dtype = VN_BOOL }, &flag, where);
    case VN_KIND_INT:
        return vn__npy_write(stream, &(vn__npy){ .dtype = VN_I64 }, &static_leaf->integer,
                             where);
    case VN_KIND_FLOAT:
        return vn__npy_write(stream, &(vn__npy){ .dtype = VN_F64 }, &static_leaf->number,
                             where);
    default:
        return write_array(stream, leaf, where);
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
