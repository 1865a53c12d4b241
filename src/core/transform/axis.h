/* SPDX-License-Identifier: MIT */
/* The ops that create, end and reduce mapped axes, and the mark that starts a
 * differentiation. */
#ifndef VN_CORE_TRANSFORM_AXIS_H
#define VN_CORE_TRANSFORM_AXIS_H

#include "core/tape/tape.h"

typedef struct vn__axis_attr {
    int32_t axis;     /* of the tape */
    int32_t position; /* map_in, map_out: the real axis that it is outside */
    int64_t size;
} vn__axis_attr;

extern const vn_op vn__op_mark;    /* x, a value of its own */
/* x again, but computed anew from there on: the simplifier merges nothing across it. The plan
 * knows nothing of it. */
extern const vn_op vn__op_barrier;
extern const vn_op vn__op_map_in;  /* real axis -> mapped axis */
extern const vn_op vn__op_map_out; /* mapped axis -> real axis */
extern const vn_op
    vn__op_axis_sum; /* sum over a mapped axis; the result is not mapped over it */
extern const vn_op vn__op_axis_max;
extern const vn_op vn__op_axis_index; /* i32, 0 .. size-1 along the axis */

/* The value repeated over the axes it lacks: a carry that will differ by example starts so. */
typedef struct vn__spread_attr {
    uint64_t axes;
} vn__spread_attr;
extern const vn_op vn__op_spread;
vn_array *vn__spread(vn__tape *tape, vn_array *x, uint64_t axes);

vn_array *vn__mark(vn__tape *tape, vn_array *x);
/* Barriers of one `id` at one value are one. */
vn_array *vn__barrier(vn__tape *tape, vn_array *x, int64_t id);
vn_array *vn__map_in(vn__tape *tape, vn_array *x, int axis, int position);
/* A value that is not mapped over the axis is repeated. */
vn_array *vn__map_out(vn_array *x, int axis, int position, int64_t size);
vn_array *vn__axis_sum(vn_array *x, int axis);
vn_array *vn__axis_index(vn__tape *tape, int axis);

#endif
