/* SPDX-License-Identifier: MIT */
/* Bytes from a file, a FILE, memory or a gzip file; and where something went wrong. */
#ifndef VN_CORE_IO_STREAM_H
#define VN_CORE_IO_STREAM_H

#include <stdio.h>

#include "core/tree/tree.h"

/* What is being read or written, for error messages: "npy_load: x.npy: leaf .weight: ...". */
typedef struct vn__where {
    const char *who, *file;
    vn_tree *tree; /* NULL: not a leaf of a tree */
    int leaf;
} vn__where;

vn_status vn__io_fail(const vn__where *where, vn_status status, const char *format, ...)
    VN_PRINTF(3, 4);

/* False and an error if the path or FILE is NULL. */
bool vn__file_given(const vn__where *where, const void *file);

typedef struct vn__stream {
    FILE *file;     /* or */
    void *gz;       /* or */
    size_t (*pull)(struct vn__stream *stream, void *out, size_t n); /* of context, or */
    void *context;
    const char *in; /* memory to read, `left` bytes, or */
    char *out;      /* memory to write, grows */
    int64_t written, capacity;
    int64_t left; /* bytes that can still be read; -1: unknown */
    bool owned, damaged;
} vn__stream;

vn__stream vn__stream_file(FILE *file); /* borrowed, from its position on */
vn__stream vn__stream_memory(const void *data, size_t size);

/* Opens a file for reading, through zlib if it is compressed. False and an error. */
bool vn__stream_open(vn__stream *stream, const vn__where *where);
bool vn__stream_create(vn__stream *stream, const vn__where *where);
/* False and an error if what was written did not arrive. */
bool vn__stream_close(vn__stream *stream, const vn__where *where);

/* The number of bytes read, less than n at the end. */
size_t vn__stream_read(vn__stream *stream, void *out, size_t n);
bool vn__stream_write(vn__stream *stream, const void *data, size_t n, const vn__where *where);

/* What was written to memory as an array u8[n] if it is `good`, else NULL; the memory is given
 * back. */
vn_array *vn__stream_bytes(vn__stream *stream, bool good);

/* Records that the stream ended (or is damaged) after `got` of `wanted` bytes. */
void vn__fail_truncated(const vn__stream *stream, const vn__where *where, int64_t got,
                        int64_t wanted);

/* A new array with its elements from the stream, as they lie there. What the stream cannot
 * hold is not allocated. */
vn_array *vn__read_array(vn__stream *stream, vn_dtype dtype, vn_shape shape,
                         const vn__where *where);

/* Reverses the bytes of each of n elements. */
void vn__swap_bytes(void *data, size_t element, int64_t n);

#endif
