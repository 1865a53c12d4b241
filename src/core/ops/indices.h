/* SPDX-License-Identifier: MIT */
/* Indices that are values: reading them, wrapping them, and the walk [outer][axis][inner]. */
#ifndef VN_CORE_OPS_INDICES_H
#define VN_CORE_OPS_INDICES_H

#include "core/ops/ops_common.h"

/* Element i of an i32 or i64 array. */
static inline int64_t vn__index_at(const void *index, vn_dtype dtype, int64_t i)
{
    return dtype == VN_I32 ? ((const int32_t *)index)[i] : ((const int64_t *)index)[i];
}

/* A negative index counts from the end; what is then outside 0 .. n-1 is the nearest element
 * (clamp) or -1. */
static inline int64_t vn__index_wrap(int64_t i, int64_t n, bool clamp)
{
    i += i < 0 ? n : 0;
    if (i >= 0 && i < n)
        return i;
    return !clamp ? -1 : i < 0 ? 0 : n - 1;
}

/* Integers of any dtype as i32 or i64; number leaves too. NULL and an error otherwise. */
vn_array *vn__index_operand(const char *who, vn_array *index);
/* x, the index, the update as an array of x's dtype and of shape [index.., x.shape[1..]]. */
vn_status vn__scatter_operands(vn_array *out[3], const char *who, vn_array *x, vn_array *index,
                               vn_array *update);
vn_status vn__check_index(const char *who, vn_dtype dtype); /* for shape rules */

/* The attributes of take and scatter_add: the axis, its length (scatter_add), and what becomes
 * of indices outside it. */
typedef struct vn__take_attr {
    int64_t axis, size, clamp;
} vn__take_attr;

#endif
