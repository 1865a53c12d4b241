/* SPDX-License-Identifier: MIT */
/* Conditions that are checked while a program runs. */
#ifndef VERNAL_CHECK_H
#define VERNAL_CHECK_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes of a condition that holds. */
typedef enum vn_on_error {
    VN_ON_ERROR_DEFAULT, /* as vn_set_on_error says, else VN_ON_ERROR, else raise */
    VN_ON_ERROR_RAISE,   /* VN_ERR_RUNTIME at the end of the call or of vn_plan_run */
    VN_ON_ERROR_NAN,     /* the result: NaN, the largest integer, true */
    VN_ON_ERROR_OFF      /* nothing */
} vn_on_error;

/* For the whole process; a function that is compiled already stays as it was recorded. DEFAULT
 * goes back to the environment variable VN_ON_ERROR=raise|nan|off. */
VN_API void vn_set_on_error(vn_on_error mode);
VN_API vn_on_error vn_get_on_error(void);

typedef struct vn_error_if_options {
    vn_on_error on_error; /* (default VN_ON_ERROR_DEFAULT) */
} vn_error_if_options;

/* x, a tree with at least one array; an error with the message where an element of pred (a bool
 * array or leaf) is true. Under vmap the message names the examples, "Batch index (1,) had
 * error:", at most eight of them. Use the result: without a reader there is no check. Examples
 * that have left a loop, or do not take a branch, are not checked. Derivatives pass through.
 * options may be NULL. */
VN_API vn_tree *vn_error_if(vn_tree *x, vn_array *pred, const char *message,
                            const vn_error_if_options *options);

/* The same with messages[index] of n, index (a scalar integer) clamped. */
VN_API vn_tree *vn_branched_error_if(vn_tree *x, vn_array *pred, vn_array *index, int n,
                                     const char *const messages[],
                                     const vn_error_if_options *options);

#ifdef __cplusplus
}
#endif
#endif
