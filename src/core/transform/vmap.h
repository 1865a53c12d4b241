/* SPDX-License-Identifier: MIT */
/* What the two ways of running a vmap share. */
#ifndef VN_CORE_TRANSFORM_VMAP_H
#define VN_CORE_TRANSFORM_VMAP_H

#include "core/transform/axis.h"
#include "core/transform/leaves.h"

typedef struct vn__vmap {
    vn_module base;
    vn_tree *fn, *in_axes, *out_axes; /* in_axes: tuple or none; out_axes: 1-tuple or none */
    const char *axis_name;
    int64_t axis_size;
} vn__vmap;

/* One axis (or VN_AXIS_NONE) for each array leaf, in order. extra_rank: 1 where the axis is
 * that of an array to be made from the leaf. stacked: the leaves hold all examples along axis
 * 0, and a function of the specification sees the first. */
typedef struct vn__axes_list {
    int *axis;
    int64_t n, capacity;
    int extra_rank;
    bool stacked;
} vn__axes_list;
vn_status vn__axes_expand(vn__axes_list *list, vn_tree *tree, vn_tree *spec, const char *who);
void vn__axes_list_free(vn__axes_list *list);

typedef struct vn__vmap_out {
    const vn__axes_list *axes;
    int64_t next;
    int axis;
    int64_t size;
} vn__vmap_out;

#endif
