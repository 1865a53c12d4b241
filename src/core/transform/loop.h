/* SPDX-License-Identifier: MIT */
/* Recording a loop from arrays: what scan, while_loop and their derivatives share. */
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
typedef vn_status vn__loop_cond(vn_array **active, void *context, vn__tape *tape,
                                vn_array *const carry[]);

typedef struct vn__loop {
    const char *who; /* in messages */
    int n_carry, n_xs;
    vn_array *const *init, *const *xs;
    int64_t length; /* steps; of a while loop at most */
    bool reverse;
    int gate;            /* of a scan (vn__scan_attr) */
    bool is_while;       /* the op while instead of scan: no sums, no reverse */
    vn__loop_cond *cond; /* of a while loop, or NULL */
    int64_t slots;       /* of a while loop: checkpoints */
    int n_buffers;       /* of a while loop: the last carries are logs */
    vn__loop_body *body;
    void *context;
} vn__loop;

/* Records the loop on the current tape. A scan: out[carry.., ys.., history.., sums..], a while
 * loop: out[carry.., ys.., what the reverse mode needs..]; *n_ys and *n_sums as the body
 * said. */
vn_status vn__loop_record(vn_array *out[], int *n_ys, int *n_sums, const vn__loop *loop);

/* The mapped axes of x on its tape. */
static inline uint64_t vn__axes_of(const vn_array *x)
{
    const vn__array *const a = vn__as_array(x);
    return a && a->tape ? a->axes : 0;
}

/* The aval of one slice of a stacked array, and that of `length` stacked ones. */
vn_aval vn__slice_aval(const vn_array *x);
vn_aval vn__stacked_aval(vn_aval x, int64_t length);
/* All mapped axes of the inputs of a body. */
uint64_t vn__input_axes(const vn__tape *body);

/* The state of a loop may not change its structure, dtypes, shapes or static leaves: else an
 * error with the path of the leaf. */
vn_status vn__same_state(const char *who, vn_tree *before, vn_tree *after);
/* The same for any two trees, with the words for them. */
typedef struct vn__pairing {
    const char *who, *first, *second;
} vn__pairing;
vn_status vn__same_trees(const vn__pairing *pair, vn_tree *a, vn_tree *b);

#endif
