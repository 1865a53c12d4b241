/* SPDX-License-Identifier: MIT */
/* What a case says in the words of its `call`: numbers, and layers with their arguments. */
#ifndef VN_TESTS_GOLDEN_WRITTEN_H
#define VN_TESTS_GOLDEN_WRITTEN_H

#include "golden/build.h"

/* The words of the call after the first occurrence of `words`; NULL if they do not occur. */
const char *golden_after(const golden_case *c, const char *words);

/* The integers of "[3:8]" or "A[1:3, 2:5]" after `words`, at most n; returns how many. */
int golden_written_ints(const golden_case *c, const char *words, int n, int64_t out[]);

/* The layer of the `nth` (from 0) occurrence of "Class(" in the call, as in
 * "Conv2d(4,6,3,stride=2,key=b)": arguments by place or by name. A word such as `hidden` among
 * them is the number that `words` (pairs of name and value, ended by NULL) gives it. Key and
 * what is not written come from the caller. */
typedef struct golden_word {
    const char *name;
    int64_t value;
} golden_word;
vn_tree *golden_written_layer(golden_run *r, const char *class_name, int nth,
                              const golden_word *words, vn_array *key);

#endif
