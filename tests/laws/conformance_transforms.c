/* SPDX-License-Identifier: MIT */
/* Rows 13 to 25 (transformations) of the conformance tests that Equinox's own suite gives.
 * Row 20, closure conversion, has no counterpart: arrays bound by vn_partial are seen by
 * every transformation. */
#include "laws/conformance.h"

#include <math.h>
#include <stdlib.h>

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

int main(void)
{
    static const struct {
        int number;
        void (*run)(void);
    } rows[] = {
        { 13, row_13_grad_none_pattern }, { 14, row_14_grad_aux },
        { 15, row_15_jvp_table },         { 16, row_16_vjp_with_nones },
        { 17, row_17_jacobians },         { 18, row_18_custom_vjp },
        { 19, row_19_custom_jvp },        { 21, row_21_traces },
        { 22, row_22_donation },          { 23, row_23_vmap_axes },
        { 24, row_24_vmap_outputs },      { 25, row_25_ensemble },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        row = rows[i].number;
        VN_SCOPE
        rows[i].run();
        expect_that(vn_ok(), "an error was left behind");
    }
    vn_finish();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
