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

/* How an operand lies under a result; false: in none of the ways that are fused. */
bool vn__reach_of(vn__reach *reach, const vn__slot *operand, const vn__slot *result);

/* Appends the step of a group of instructions, in order. */
vn_status vn__build_fused(vn__compiler *c, const uint32_t instr[], int n);

/* Makes one pass of those that compute Adam's moments and step; returns how many are left. */
int vn__fuse_adam(const vn__compiler *c, vn__pass pass[], int n);

#endif
