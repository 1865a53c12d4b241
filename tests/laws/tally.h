/* SPDX-License-Identifier: MIT */
/* Checks of a law program, counted; each that fails says of which case and size. */
#ifndef VN_TESTS_LAWS_TALLY_H
#define VN_TESTS_LAWS_TALLY_H

#include <stdio.h>

#include "vernal.h"

static int passed, failed;

static inline void expect(bool holds, const char *what, const char *which, int64_t n)
{
    passed += holds;
    failed += !holds;
    if (!holds)
        printf("FAIL %s of %lld: %s%s%s\n", which, (long long)n, what, vn_ok() ? "" : ": ",
               vn_error_message());
    vn_error_clear();
}

#endif
