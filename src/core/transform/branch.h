/* SPDX-License-Identifier: MIT */
/* Recording a choice between programs. */
#ifndef VN_CORE_TRANSFORM_BRANCH_H
#define VN_CORE_TRANSFORM_BRANCH_H

#include "core/transform/control.h"

/* What branch i computes, on the tape that is current: its results, as many for each i. */
typedef vn_status vn__branch_body(vn_array *out[], int *n, void *context, int i);

/* out[n]: the results of branch `index` (i32, the same for all examples), of which alone a
 * plan runs the program. */
vn_status vn__branch_record(vn_array *out[], int *n, vn_array *index, int n_branches,
                            vn__branch_body *body, void *context);

#endif
