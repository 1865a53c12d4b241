/* SPDX-License-Identifier: MIT */
/* What the conformance tests share: counting, and running rows by their numbers. */
#include "laws/conformance.h"

#include <math.h>

static int passed, failed, row;

void expect_that(bool holds, const char *what)
{
    passed += holds;
    failed += !holds;
    if (!holds)
        printf("FAIL row %d: %s%s%s\n", row, what, vn_ok() ? "" : ": ", vn_error_message());
    if (!holds)
        vn_error_clear();
}

void expect_numbers(const char *what, vn_array *got, vn_shape shape, const double want[])
{
    double numbers[64];
    int64_t n = vn_shape_size(shape);
    bool same = vn_is_array(got) && vn_shape_equal(vn_shape_of(got), shape) && n <= 64;
    if (same)
        vn_copy_f64(numbers, n, got);
    for (int64_t i = 0; same && i < n; i++)
        same = fabs(numbers[i] - want[i]) <= 1e-5 * (1 + fabs(want[i]));
    expect_that(same, what);
}

void expect_error(const char *what, vn_status status)
{
    bool holds = vn_error_status() == status && *vn_error_message();
    expect_that(holds, what);
    vn_error_clear();
}

int conformance_main(size_t n, const conformance_row rows[])
{
    for (size_t i = 0; i < n; i++) {
        row = rows[i].number;
        VN_SCOPE
        rows[i].run();
        expect_that(vn_ok(), "an error was left behind");
    }
    vn_finish();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
