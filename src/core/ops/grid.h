/* SPDX-License-Identifier: MIT */
/* Index spaces that several arrays share, each with its own strides (0: it broadcasts). */
#ifndef VN_CORE_OPS_GRID_H
#define VN_CORE_OPS_GRID_H

#include "core/ops/ops_common.h"

#define VN__GRID_RANK   (VN_MAX_RANK + 1) /* the lanes are the last dimension */
#define VN__GRID_ARRAYS 4

typedef struct vn__grid {
    int rank, count; /* dimensions, arrays */
    int64_t dim[VN__GRID_RANK];
    int64_t stride[VN__GRID_ARRAYS][VN__GRID_RANK]; /* in elements */
} vn__grid;

/* Appends a dimension. */
void vn__grid_push(vn__grid *grid, int64_t dim, const int64_t stride[]);
/* Drops dimensions of size 1 and joins neighbours that all arrays step through as one. */
void vn__grid_collapse(vn__grid *grid);
/* Calls visit with the offset of each array for every index of all but the last `inner`
 * dimensions; never if the grid is empty. */
void vn__grid_walk(const vn__grid *grid, int inner,
                   void (*visit)(void *context, const int64_t offset[]), void *context);

/* dst = src over the grid (array 0: dst, 1: src), elements of `size` bytes. Collapses it. */
void vn__grid_copy(void *dst, const void *src, vn__grid *grid, size_t size,
                   const vn__kernels *kernels);

#endif
