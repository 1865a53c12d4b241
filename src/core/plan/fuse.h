/* SPDX-License-Identifier: MIT */
/* From a group of element-wise instructions to a fused step. */
#ifndef VN_CORE_PLAN_FUSE_H
#define VN_CORE_PLAN_FUSE_H

#include "core/plan/compile.h"
#include "core/plan/fused.h"

/* What is done in one pass over a block: an instruction, or several of a known formula. */
typedef struct vn__pass {
    const vn_op *op;
    const void *attr;
    int n_in, n_out;
    uint32_t in[VN__MEMBER_OPERANDS], out[VN__MEMBER_RESULTS]; /* values */
} vn__pass;

/* How an operand lies under a result. *row, the elements of a row, is set by the first column
 * or row, 0 before; false: it lies in another way, or would need other rows. */
bool vn__reach_of(const vn__compiler *c, uint32_t operand, uint32_t result, vn__reach *reach,
                  int64_t *row);

/* Appends the step of a group of instructions, in order. row: elements of a row, 0 where no
 * operand is a column or a row; block: elements of a block. */
vn_status vn__build_fused(vn__compiler *c, const uint32_t instr[], int n, int64_t row,
                          int64_t block);

/* Makes one pass of those that compute Adam's moments and step; returns how many are left. */
int vn__fuse_adam(const vn__compiler *c, vn__pass pass[], int n);

#endif
