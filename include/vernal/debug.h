/* SPDX-License-Identifier: MIT */
/* Finding out: how often a function is recorded, where a NaN enters the way back, what must not
 * be differentiated. vn_tape_print and vn_plan_print show programs.
 *
 * The library never prints, so that what Equinox prints while it runs has no counterpart:
 * announce_transform and inspect_dce (vn_tape_print shows what is recorded and what is left of
 * it), breakpoint_if (outside of vn_filter_jit every op runs at once, so a debugger stops). */
#ifndef VERNAL_DEBUG_H
#define VERNAL_DEBUG_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* f, which counts how often it is recorded (called while vn_filter_jit, a loop or a plan
 * records it): more than max_traces times is an error that names what has changed since the
 * time before. The body of a loop may be recorded twice: its carries may turn out to differ
 * by example. */
VN_API vn_tree *vn_assert_max_traces(vn_tree *f, int max_traces);

/* How often a function made by vn_assert_max_traces or vn_filter_jit, or a copy of it, was
 * recorded. */
VN_API int vn_num_traces(const vn_tree *f);

/* x, a tree; where a cotangent of it is NaN in reverse mode, an error as of vn_error_if:
 * "<name>: a cotangent is NaN". */
VN_API vn_tree *vn_backward_nan(vn_tree *x, const char *name);

/* x, a tree; an error with the message where a derivative of either mode passes through. */
VN_API vn_tree *vn_nondifferentiable(vn_tree *x, const char *message);

#ifdef __cplusplus
}
#endif
#endif
