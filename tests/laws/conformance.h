/* SPDX-License-Identifier: MIT */
/* The conformance tests of Equinox's transformations and loops, by their numbers. */
#ifndef VN_TESTS_LAWS_CONFORMANCE_H
#define VN_TESTS_LAWS_CONFORMANCE_H

#include "vernal.h"

/* Counts, and prints the number of the row and what does not hold. */
void expect_that(bool holds, const char *what);
/* The numbers of an array, within 1e-5. */
void expect_numbers(const char *what, vn_array *got, vn_shape shape, const double want[]);
/* The last calls gave an error of that status, which is forgotten. */
void expect_error(const char *what, vn_status status);

typedef struct conformance_row {
    int number;
    void (*run)(void);
} conformance_row;

/* Runs the rows; the exit status. */
int conformance_main(size_t n, const conformance_row rows[]);

void row_13_grad_none_pattern(void);
void row_14_grad_aux(void);
void row_15_jvp_table(void);
void row_16_vjp_with_nones(void);
void row_17_jacobians(void);
void row_18_custom_vjp(void);
void row_19_custom_jvp(void);
void row_20_closure_convert(void);
void check_eval_shape(void);
void check_make_tape(void);
void check_pure_callback(void);
void row_21_traces(void);
void row_22_donation(void);
void row_23_vmap_axes(void);
void row_24_vmap_outputs(void);
void row_25_ensemble(void);
void row_40_checkpoint_schedule(void);
void row_41_loops(void);
void row_41_perturbations(void);
void row_42_errors(void);

#endif
