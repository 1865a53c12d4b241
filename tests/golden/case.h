/* SPDX-License-Identifier: MIT */
/* A golden case: GROUP/NAME.json with the arrays of GROUP/NAME.npys. */
#ifndef VN_TESTS_GOLDEN_CASE_H
#define VN_TESTS_GOLDEN_CASE_H

#include "vernal/array.h"

#include "support/json.h"

typedef struct golden_array {
    const char *name;
    vn_dtype dtype; /* VN_DTYPE_DEFAULT for one that Vernal has not */
    vn_shape shape;
    const void *data; /* in the file's bytes, of any alignment */
    size_t bytes;
    bool used; /* compared with, or read as an input */
} golden_array;

typedef struct golden_case {
    char folder[512], name[128]; /* "layers/linear" */
    json *json;
    const json *args;
    bool x64;
    int64_t seed;
    void *bytes; /* of the .npys file */
    golden_array *arrays;
    int n_arrays;
} golden_case;

/* The case of the file folder/name.json; NULL and a sentence in `fault` otherwise. */
golden_case *golden_open(const char *folder, const char *name, char *fault, size_t size);
void golden_close(golden_case *c);

/* NULL if there is none. */
golden_array *golden_find(const golden_case *c, const char *name);
/* The array of that name as an input; an error of the library if there is none. */
vn_array *golden_input(const golden_case *c, const char *format, ...) VN_PRINTF(2, 3);
/* Its elements as a new array. */
vn_array *golden_value(golden_array *array);

/* The dtype of a NumPy code ("<f4"); VN_DTYPE_DEFAULT for one that Vernal has not. */
vn_dtype golden_dtype(const char *code);

/* The bytes of folder/group/file, where file is the member `key` of the case ("eqx",
 * "eqx_init"); NULL if the case has no such member or the file cannot be read. For free(). */
unsigned char *golden_bytes(const golden_case *c, const char *key, size_t *size);
/* folder/group/file, as golden_bytes reads it; false if the case has no such member. */
bool golden_path(const golden_case *c, const char *key, char *path, size_t size);
/* All of a file with a zero byte after it, for free(). */
unsigned char *golden_slurp(const char *path, size_t *size);

#endif
