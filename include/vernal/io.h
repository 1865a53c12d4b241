/* SPDX-License-Identifier: MIT */
/* Files: models (.eqx), arrays (.npy), data sets (idx, CSV). Damaged files give an error
 * that names the file and what is wrong with it; sizes they claim are not believed before
 * the bytes are there. */
#ifndef VERNAL_IO_H
#define VERNAL_IO_H

#include <stdio.h>

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------- models
 * Equinox's format, byte for byte: one .npy record per array, bool, int and float leaf in leaf
 * order, and nothing else. Strings, functions and the structure are not in the file; static
 * fields never are. So a file is read into a tree `like` of the same structure, which says
 * what is expected: arrays must agree in shape and dtype (their numbers do not matter), bool,
 * int and float leaves take a number of any type. */

/* To a file. A path without suffix gets ".eqx". */
VN_API vn_status vn_tree_serialise_leaves(const char *path, vn_tree *tree);
/* `like` with the leaves of the file. Bytes behind the last leaf are ignored. */
VN_API vn_tree *vn_tree_deserialise_leaves(const char *path, vn_tree *like);

/* At the current position of a binary stream, which is left behind the last leaf: a line of
 * JSON with the hyperparameters may come first. */
VN_API vn_status vn_tree_serialise_leaves_to(FILE *file, vn_tree *tree);
VN_API vn_tree *vn_tree_deserialise_leaves_from(FILE *file, vn_tree *like);

/* The bytes of the file as an array u8[n]; and back from memory. */
VN_API vn_array *vn_tree_serialise_leaves_bytes(vn_tree *tree);
VN_API vn_tree *vn_tree_deserialise_leaves_bytes(const void *data, size_t size, vn_tree *like);

/* ------------------------------------------------------------------- arrays
 * NumPy's .npy, versions 1 to 3, either byte order, C or Fortran order (read by transposing).
 * bf16 is "<V2" (read also as "|V2"). Complex, string and structured arrays are not
 * supported. */
VN_API vn_array *vn_npy_load(const char *path);
VN_API vn_status vn_npy_save(const char *path, vn_array *x); /* version 1.0, C order */
VN_API vn_array *vn_npy_read(FILE *file);                    /* one, from the position on */
VN_API vn_status vn_npy_write(FILE *file, vn_array *x);

/* ---------------------------------------------------------------- data sets
 * Plain or compressed by gzip (if the library was built with zlib). */

/* The format of MNIST: u8[60000,28,28] and u8[60000]; also i8, i16, i32, f32 and f64. */
VN_API vn_array *vn_idx_load(const char *path);

typedef struct vn_csv_options {
    vn_dtype dtype;    /* of the result, a float or integer (default vn_default_dtype()) */
    char delimiter;    /* (default ','); ' ' and '\t' stand for any run of blanks */
    int64_t skip_rows; /* lines before the numbers, e.g. 1 for a header (default 0) */
} vn_csv_options;

/* A table of numbers, one row a line: [rows, columns]. Empty lines are skipped. */
VN_API vn_array *vn_csv_load(const char *path, const vn_csv_options *options);

#ifdef __cplusplus
}
#endif
#endif
