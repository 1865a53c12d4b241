/* SPDX-License-Identifier: MIT */
/* A compiled function on raw pointers, for solvers and other programs with memory of their own:
 * no allocation, no lock and, for small work, no thread. */
#ifndef VERNAL_PLAN_H
#define VERNAL_PLAN_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vn_plan vn_plan;

/* Records and compiles f(args). The array leaves of the arguments, in tree order, are the
 * inputs of the plan; arrays inside f (a model) are constants of it. The results' array leaves
 * are its outputs. Owned by the caller; NULL on error. */
VN_API vn_plan *vn_plan_create(vn_tree *f, int n, vn_tree *const arg[]);
VN_API void vn_plan_destroy(vn_plan *plan);

VN_API int vn_plan_inputs(const vn_plan *plan);
VN_API int vn_plan_outputs(const vn_plan *plan);
VN_API vn_dtype vn_plan_input_dtype(const vn_plan *plan, int i);
VN_API vn_dtype vn_plan_output_dtype(const vn_plan *plan, int i);
VN_API vn_shape vn_plan_input_shape(const vn_plan *plan, int i);
VN_API vn_shape vn_plan_output_shape(const vn_plan *plan, int i);

/* Bytes of workspace of one run (64-byte aligned memory), for all workers and for each. */
VN_API size_t vn_plan_workspace(const vn_plan *plan);
VN_API size_t vn_plan_workspace_per_worker(const vn_plan *plan);
/* Floating-point operations of one run, as the ops count them. */
VN_API double vn_plan_flops(const vn_plan *plan);

/* One run: out[i] and in[i] point to row-major elements. Several threads may run one plan at a
 * time, each with a workspace of its own. Outputs must not overlap inputs. */
VN_API vn_status vn_plan_run(const vn_plan *plan, void *const out[], const void *const in[],
                             void *workspace);

#ifdef __cplusplus
}
#endif
#endif
