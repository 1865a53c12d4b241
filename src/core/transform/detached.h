/* SPDX-License-Identifier: MIT */
/* Calls whose inside is not on the caller's tape: a vmap run example by example, a compiled
 * program. On an eager tape the whole call is one instruction. */
#ifndef VN_CORE_TRANSFORM_DETACHED_H
#define VN_CORE_TRANSFORM_DETACHED_H

#include "core/transform/vmap.h"

/* How a call is run on numbers. axes: one for each array of (fn, args), in order; results are
 * stacked at axis 0. NULL axes: compiled as one program. */
typedef struct vn__call {
    vn_tree *fn;   /* what is called */
    vn_tree *args; /* tuple */
    const int *axis;
    int64_t size;
} vn__call;

/* The result, recorded as one instruction if an operand is a value of the current (eager)
 * tape. */
vn_tree *vn__call_detached(const vn__call *call);

/* Example by example over the pool, on numbers. */
vn_tree *vn__run_examples(const vn__call *call, vn_array *const operand[], int64_t n_operands);
/* The cotangents of the operands in first order, shared ones summed chunk by chunk; NULL: zero.
 * rows: NULL, or for each operand NULL or where to put what of its cotangent is rows. */
struct vn__rows;
vn_status vn__pull_examples(vn_array *dx[], struct vn__rows *const rows[], const vn__call *call,
                            vn_array *const operand[], int64_t n_operands,
                            vn_array *const g[], int64_t n_results);

#endif
