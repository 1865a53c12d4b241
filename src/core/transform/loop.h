/* SPDX-License-Identifier: MIT */
/* Recording a scan from arrays: what scan itself, its derivatives and bounded while loops
 * share. */
#ifndef VN_CORE_TRANSFORM_LOOP_H
#define VN_CORE_TRANSFORM_LOOP_H

#include "core/transform/control.h"

#define VN__MAX_LOOP_VALUES 512

/* What one step makes, on the body's tape. */
typedef struct vn__loop_step {
    int n_carry, n_ys, n_sums;
    vn_array *carry[VN__MAX_LOOP_VALUES], *y[VN__MAX_LOOP_VALUES], *sum[VN__MAX_LOOP_VALUES];
} vn__loop_step;

typedef vn_status vn__loop_body(vn__loop_step *out, void *context, vn__tape *tape,
                                vn_array *const carry[], vn_array *const x[]);

typedef struct vn__loop {
    int n_carry, n_xs;
    vn_array *const *init, *const *xs;
    int64_t length;
    bool reverse;
    vn__loop_body *body;
    void *context;
} vn__loop;

/* Records the loop on the current tape: out[carry.., ys.., history.., sums..]; *n_ys and
 * *n_sums as the body said. */
vn_status vn__loop_record(vn_array *out[], int *n_ys, int *n_sums, const vn__loop *loop);

#endif
