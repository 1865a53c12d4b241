/* SPDX-License-Identifier: MIT */
/* Checks of a law program, counted; each that fails says of which case and size. Results
 * compared leaf by leaf. */
#ifndef VN_TESTS_LAWS_TALLY_H
#define VN_TESTS_LAWS_TALLY_H

#include <stdio.h>
#include <string.h>

#include "vernal.h"

static int passed, failed;

static inline void tally(bool holds)
{
    passed += holds;
    failed += !holds;
}

static inline void expect(bool holds, const char *what, const char *which)
{
    tally(holds);
    if (!holds)
        printf("FAIL %s: %s%s%s\n", which, what, vn_ok() ? "" : ": ", vn_error_message());
    vn_error_clear();
}

/* The same of one size of several. */
static inline void expect_of(bool holds, const char *what, const char *which, int64_t n)
{
    char text[128];
    snprintf(text, sizeof text, "%s of %lld", which, (long long)n);
    expect(holds, what, text);
}

/* What main returns. */
static inline int report(void)
{
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}

/* True if the trees have as many leaves, of the same dtypes and sizes, which agree. */
static inline bool leaves_agree(vn_tree *got, vn_tree *want,
                                bool (*agree)(vn_array *, vn_array *))
{
    vn_tree *a = vn_tree_leaves(got), *b = vn_tree_leaves(want);
    bool same = a && b && vn_len(a) == vn_len(b);
    for (int i = 0; same && i < vn_len(a); i++) {
        vn_tree *x = vn_at(a, i), *y = vn_at(b, i);
        same = vn_dtype_of(x) == vn_dtype_of(y) && vn_size(x) == vn_size(y) && agree(x, y);
    }
    return same;
}

static inline bool same_bits(vn_array *x, vn_array *y)
{
    size_t bytes = (size_t)vn_size(x) * vn_dtype_size(vn_dtype_of(x));
    return memcmp(vn_data(x), vn_data(y), bytes) == 0;
}

#endif
