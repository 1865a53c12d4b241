/* SPDX-License-Identifier: MIT */
/* Rows 13 to 25 (transformations) of the conformance tests that Equinox's own suite gives. */
#include "laws/conformance.h"

int main(void)
{
    static const conformance_row rows[] = {
        { 13, row_13_grad_none_pattern }, { 14, row_14_grad_aux },
        { 15, row_15_jvp_table },         { 16, row_16_vjp_with_nones },
        { 17, row_17_jacobians },         { 18, row_18_custom_vjp },
        { 19, row_19_custom_jvp },        { 20, row_20_closure_convert },
        { 20, check_eval_shape },         { 20, check_make_tape },
        { 20, check_pure_callback },      { 21, row_21_traces },
        { 22, row_22_donation },          { 23, row_23_vmap_axes },
        { 24, row_24_vmap_outputs },      { 25, row_25_ensemble },
    };
    return conformance_main(sizeof rows / sizeof rows[0], rows);
}
