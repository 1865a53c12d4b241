/* SPDX-License-Identifier: MIT */
/* Files of the golden set held against trees, with the tests' own reader of .npy records. */
#ifndef VN_TESTS_GOLDEN_RECORD_H
#define VN_TESTS_GOLDEN_RECORD_H

#include "golden/check.h"

/* One .npy record (version 1.0): what its header says and where its data begins. */
typedef struct golden_record {
    char code[8]; /* "<f4" */
    bool fortran; /* column-major */
    golden_array array;
} golden_record;

/* The record at *at, which moves past it; false at the end or at damage (*at < end then). */
bool golden_next_record(golden_record *out, const unsigned char **at, const unsigned char *end);

/* The file that member `key` of the case names holds exactly the leaves of `tree`, in order:
 * bit for bit, or as near as `level` says for a leaf (NULL: EXACT). Python's bools, ints and
 * floats are records of shape (); functions and strings have none. */
void golden_check_file(golden_run *r, const char *key, vn_tree *tree,
                       golden_level (*level)(const char *path));

/* `like` with the numbers of that file; NULL and an error if it holds other leaves. */
vn_tree *golden_load(const golden_case *c, const char *key, vn_tree *like);

#endif
