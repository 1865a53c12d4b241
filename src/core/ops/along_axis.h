/* SPDX-License-Identifier: MIT */
/* What reductions and functions along one axis share: the view [outer][n][inner]. */
#ifndef VN_CORE_OPS_ALONG_AXIS_H
#define VN_CORE_OPS_ALONG_AXIS_H

#include "core/ops/ops_common.h"

/* axis is not negative. reverse: from the end (cumsum, recurrence). */
typedef struct vn__along_attr {
    int32_t axis, reverse;
} vn__along_attr;

typedef struct vn__along {
    int64_t outer, n, inner;
} vn__along;

/* Operand 0 around the attribute's axis, lanes in inner. */
vn__along vn__along_of(const vn_eval *e);

/* Leaves of outer the share of the part that is asked for; returns how many are before it. */
int64_t vn__along_share(vn__along *a, const vn_eval *e);
/* Into how many such parts an evaluation is worth cutting that passes through `arrays` of the
 * size of operand 0. */
int64_t vn__along_parts(const void *attr, const vn_aval in[], int64_t lanes, int arrays);

/* The axis exists and dtype is accepted; the result is like operand 0. */
vn_status vn__along_shape(vn_aval out[], const char *who, int accept, const void *attr,
                          const vn_aval in[]);

/* Pull slot: all operands and the result have the same axes; the mapped one is not the op's. */
bool vn__along_pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[],
                    int n_in, const int axis[]);

/* Lift slot of the same ops. */
bool vn__along_lift(void *attr_out, int *at, bool *swap, const void *attr, int64_t size,
                    const vn_aval in[], int n_in, const bool has[]);

/* Public functions of x and an axis: promotion, the op, the cast back. */
vn_array *vn__along_apply(const vn_op *op, int accept, vn_array *x, int axis);

/* y of the shape without the axes, repeated over them: the transpose of reduce_sum. */
vn_array *vn__broadcast_over(vn_array *y, vn_axes axes, vn_shape shape);
/* y of the shape without the axes: dimensions of 1 in their place. */
vn_array *vn__keepdims(vn_array *y, vn_axes axes, vn_shape shape);
/* The axes flattened into one at the end, and back to `shape`. */
vn_array *vn__axes_to_end(vn_array *x, vn_axes axes);
vn_array *vn__axes_from_end(vn_array *x, vn_axes axes, vn_shape shape);
/* Products of all elements before (reverse: after) each one. */
vn_array *vn__cumprod_exclusive(vn_array *x, int axis, bool reverse);

#endif
