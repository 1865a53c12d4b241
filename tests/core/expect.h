/* SPDX-License-Identifier: MIT */
/* What the tests of this folder share: errors, leaks, refused allocations. */
#ifndef VN_TESTS_CORE_EXPECT_H
#define VN_TESTS_CORE_EXPECT_H

#include <criterion/criterion.h>
#include <string.h>

#include "core/base/alloc.h"
#include "vernal/tree.h"

/* The thread's error has that status and its sentence contains `words`; then it is cleared. */
#define expect_error(status, words)                                                    \
    do {                                                                               \
        cr_assert(vn_error_status() == VN_ERR_##status, "\"%s\"", vn_error_message()); \
        cr_assert(strstr(vn_error_message(), words), "\"%s\"", vn_error_message());    \
        vn_error_clear();                                                              \
    } while (0)

#define expect_ok() cr_assert(vn_ok(), "\"%s\"", vn_error_message())

#define expect_text(got, want)                                                     \
    do {                                                                           \
        const char *const expect_got = (got);                                      \
        cr_assert(expect_got &&strcmp(expect_got, want) == 0, "got\n%s\nwant\n%s", \
                  expect_got ? expect_got : vn_error_message(), want);             \
    } while (0)

/* Everything in scopes is freed; under AddressSanitizer nothing else may be left. */
void expect_no_leak(void);

/* Runs `body` (true: it succeeded) with every allocation refused in turn (under
 * AddressSanitizer really every one: elsewhere small blocks are recycled). Each run must
 * either succeed or record VN_ERR_MEMORY. */
void expect_survives_refusal(bool (*body)(void));

#endif
