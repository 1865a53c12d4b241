/* SPDX-License-Identifier: MIT */
/* Rows 40 to 42 (loops and run-time errors) of the conformance tests that Equinox's own suite
 * gives. */
#include "laws/conformance.h"

int main(void)
{
    static const conformance_row rows[] = {
        { 40, row_40_checkpoint_schedule },
        { 41, row_41_loops },
        { 41, row_41_perturbations },
        { 42, row_42_errors },
    };
    return conformance_main(sizeof rows / sizeof rows[0], rows);
}
