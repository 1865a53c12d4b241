/* SPDX-License-Identifier: MIT */
/* The idx format of MNIST: 0, 0, type, rank, the sizes as big-endian u32, the elements,
 * big-endian. */
#include "core/io/stream.h"
#include "vernal/io.h"

static bool read_header(vn_dtype *dtype, vn_shape *shape, vn__stream *stream,
                        const vn__where *where)
{
    static const vn_dtype types[16] = {
        [8] = VN_U8, [9] = VN_I8, [11] = VN_I16, [12] = VN_I32, [13] = VN_F32, [14] = VN_F64,
    };
    unsigned char b[4 + 4 * VN_MAX_RANK];
    size_t got = vn__stream_read(stream, b, 4);
    if (got < 4) {
        vn__fail_truncated(stream, where, (int64_t)got, 4);
        return false;
    }
    *dtype = b[2] < 16 ? types[b[2]] : VN_DTYPE_DEFAULT;
    if (b[0] || b[1] || *dtype == VN_DTYPE_DEFAULT || b[3] > VN_MAX_RANK) {
        vn__io_fail(where, VN_ERR_FORMAT, "not an idx file: it begins with %02x %02x %02x %02x",
                    b[0], b[1], b[2], b[3]);
        return false;
    }
    const size_t sizes = 4 * (size_t)b[3];
    got = vn__stream_read(stream, b + 4, sizes);
    if (got < sizes) {
        vn__fail_truncated(stream, where, (int64_t)(4 + got), (int64_t)(4 + sizes));
        return false;
    }
    *shape = (vn_shape){ .rank = b[3] };
    for (const unsigned char *d = b + 4; d < b + 4 + sizes; d += 4)
        shape->dim[(d - b) / 4 - 1] = (int64_t)d[0] << 24 | d[1] << 16 | d[2] << 8 | d[3];
    return true;
}

/* The file is no longer than its header says: it would not be the one that was written. */
static bool ends_here(vn__stream *stream, const vn__where *where)
{
    char extra;
    if (vn__stream_read(stream, &extra, 1) == 0 && !stream->damaged)
        return true;
    vn__io_fail(where, VN_ERR_FORMAT,
                stream->damaged ? "the compressed data is damaged"
                                : "more bytes than its header says");
    return false;
}

vn_array *vn_idx_load(const char *path)
{
    const vn__where where = { .who = "idx_load", .file = path };
    vn__stream stream;
    if (!vn__file_given(&where, path) || !vn__stream_open(&stream, &where))
        return NULL;
    vn_dtype dtype;
    vn_shape shape;
    vn_array *x = NULL;
    if (read_header(&dtype, &shape, &stream, &where))
        x = vn__read_array(&stream, dtype, shape, &where);
    if (x)
        vn__swap_bytes(vn_data_mut(x), vn_dtype_size(dtype), vn_shape_size(shape));
    if (x && !ends_here(&stream, &where))
        x = NULL;
    vn__stream_close(&stream, &where);
    return x;
}
