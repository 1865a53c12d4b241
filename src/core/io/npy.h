/* SPDX-License-Identifier: MIT */
/* Records of NumPy's .npy format. */
#ifndef VN_CORE_IO_NPY_H
#define VN_CORE_IO_NPY_H

#include "core/io/stream.h"

typedef struct vn__npy {
    vn_dtype dtype;
    vn_shape shape;
    bool fortran; /* first axis fastest */
    bool swapped; /* big endian */
} vn__npy;

/* Reads a header. False and an error; `first` says what it means if there is not one byte
 * left. */
bool vn__npy_read_header(vn__npy *npy, vn__stream *stream, const vn__where *where,
                         const char *nothing);
/* Reads the elements that follow a header. */
vn_array *vn__npy_read_data(vn__stream *stream, const vn__npy *npy, const vn__where *where);
/* What stands before the elements in a record of version 1.0; the number of bytes. */
#define VN__NPY_HEADER 512
size_t vn__npy_header(char header[VN__NPY_HEADER], const vn__npy *npy);
/* Writes a record of version 1.0, with the elements as they lie in memory. */
bool vn__npy_write(vn__stream *stream, const vn__npy *npy, const void *data,
                   const vn__where *where);
/* Writes an array, bool, int or float leaf. */
bool vn__npy_write_leaf(vn__stream *stream, const vn_tree *leaf, const vn__where *where);

#endif
