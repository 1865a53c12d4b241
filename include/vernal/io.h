/* SPDX-License-Identifier: MIT */
/* Files: models (.eqx, by name in .safetensors and .npz), arrays (.npy), hyperparameters
 * (JSON), data sets (idx, CSV). Damaged files give an error that names the file and what is
 * wrong with it; sizes they claim are not believed before the bytes are there. */
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

/* The same with a specification (Equinox: filter_spec) of what is written and how: a prefix
 * tree of the model whose leaves are
 *     vn_bool(true)           all leaves of the subtree in its place, as above (also NULL)
 *     vn_bool(false)          none of them; `like` keeps its own
 *     vn_predicate(filter)    those for which it is true
 *     vn_rule(&rule)          by functions of yours */
VN_API vn_status vn_tree_serialise_leaves_spec(const char *path, vn_tree *tree, vn_tree *spec);
VN_API vn_tree *vn_tree_deserialise_leaves_spec(const char *path, vn_tree *like, vn_tree *spec);
VN_API vn_status vn_tree_serialise_leaves_spec_to(FILE *file, vn_tree *tree, vn_tree *spec);
VN_API vn_tree *vn_tree_deserialise_leaves_spec_from(FILE *file, vn_tree *like, vn_tree *spec);
VN_API vn_array *vn_tree_serialise_leaves_spec_bytes(vn_tree *tree, vn_tree *spec);
VN_API vn_tree *vn_tree_deserialise_leaves_spec_bytes(const void *data, size_t size,
                                                      vn_tree *like, vn_tree *spec);

/* The place in a file where a rule writes or reads. */
typedef struct vn_leaf_stream vn_leaf_stream;

typedef struct vn_leaf_rule {
    /* Writes a leaf; false after an error (vn_error, if none is recorded yet). */
    bool (*save)(vn_leaf_stream *to, vn_tree *leaf, void *context);
    /* Reads what save wrote: a leaf of the kind, shape and dtype of `like`; NULL after an
     * error. */
    vn_tree *(*load)(vn_leaf_stream *from, vn_tree *like, void *context);
    void *context;
    /* They get the subtree in their place and not its leaves one by one (default false;
     * Equinox: is_leaf). */
    bool whole;
} vn_leaf_rule;

/* A rule as part of a specification; *rule is borrowed for as long as that is used. */
VN_API vn_tree *vn_rule(const vn_leaf_rule *rule);

/* For rules. As Equinox does it: a .npy record of a number or an array (of the shape and dtype
 * of `like`), nothing of other leaves. */
VN_API bool vn_leaf_save(vn_leaf_stream *to, vn_tree *leaf);
VN_API vn_tree *vn_leaf_load(vn_leaf_stream *from, vn_tree *like);
/* Bytes; false and an error if they cannot be written, or if there are fewer. */
VN_API bool vn_leaf_write(vn_leaf_stream *to, const void *data, size_t size);
VN_API bool vn_leaf_read(vn_leaf_stream *from, void *data, size_t size);

/* --------------------------------------------------------------------- JSON
 * Strict (RFC 8259): dict, list, string, int, float, bool, none; an int is a number without
 * fraction and exponent that fits. A tuple is written as a list. */

/* One line, at the current position of a stream, which is left behind it: hyperparameters
 * before the leaves of the model that they make. */
VN_API vn_status vn_json_write_line(FILE *file, vn_tree *tree);
VN_API vn_tree *vn_json_read_line(FILE *file);

VN_API vn_tree *vn_json_parse(const char *text);
VN_API vn_tree *vn_json_format(vn_tree *tree); /* a string leaf, as Python's json.dumps */

/* ------------------------------------------------------------ models by name
 * A dict of arrays, named by their place: "layers.0.weight" (list and tuple: the number, dict:
 * the key, module: the field). This is what .safetensors and .npz files hold. */

typedef struct vn_state_dict_options {
    vn_filter_fn *filter; /* leaves that have a name (default vn_is_array). vn_is_array_like:
                             also bool, int and float leaves, as arrays of shape [] */
    bool ignore_missing;  /* leaves without a name in the dict are kept (default false) */
    bool ignore_extra;    /* names without a leaf may be in the dict (default false) */
    bool cast;            /* arrays of another dtype are converted (default false) */
} vn_state_dict_options;

VN_API vn_tree *vn_state_dict(vn_tree *tree, const vn_state_dict_options *options);
/* `like` with the leaves of the dict; missing and superfluous names, other shapes and dtypes
 * are errors that say which. */
VN_API vn_tree *vn_load_state_dict(vn_tree *like, vn_tree *dict,
                                   const vn_state_dict_options *options);

/* -------------------------------------------------------------- safetensors
 * A dict of arrays of any dtype but c128; metadata is a dict of strings. Written byte for byte
 * as the Python package does. Read: all of the format is checked, types that Vernal does not
 * have are an error. */
VN_API vn_status vn_safetensors_save(const char *path, vn_tree *dict,
                                     vn_tree *metadata); /* may be NULL */
VN_API vn_tree *vn_safetensors_load(const char *path);
VN_API vn_tree *vn_safetensors_metadata(const char *path);

/* The bytes of the file as an array u8[n]; and back from memory. */
VN_API vn_array *vn_safetensors_save_bytes(vn_tree *dict, vn_tree *metadata);
VN_API vn_tree *vn_safetensors_load_bytes(const void *data, size_t size);

/* ---------------------------------------------------------------------- npz
 * A dict of arrays as NumPy's savez writes it: a zip archive of .npy records. Checksums are
 * checked. Compressed archives need zlib. */
typedef struct vn_npz_options {
    int compression; /* 1 (fast) to 9 (small) (default 0: none) */
} vn_npz_options;

VN_API vn_status vn_npz_save(const char *path, vn_tree *dict, const vn_npz_options *options);
VN_API vn_tree *vn_npz_load(const char *path);

VN_API vn_array *vn_npz_save_bytes(vn_tree *dict, const vn_npz_options *options);
VN_API vn_tree *vn_npz_load_bytes(const void *data, size_t size);

/* ------------------------------------------------------------------- arrays
 * NumPy's .npy, versions 1 to 3, either byte order, C or Fortran order. What was read in
 * Fortran order is row-major in memory, as all arrays, and written in Fortran order again.
 * bf16 is "<V2" (read also as "|V2"). A complex number of Python is an array c128[]. String and
 * structured arrays are not supported. */
VN_API vn_array *vn_npy_load(const char *path);
VN_API vn_status vn_npy_save(const char *path, vn_array *x); /* version 1.0 */
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
