/* SPDX-License-Identifier: MIT */
/* Element-wise ops done together: block by block, so that what one makes is in level 1 when the
 * next reads it, and is not stored at all where nobody else does.
 *
 * All results have the same number of elements in the same order: rows of one length. An
 * operand has as many, or one for all of them, or one for every row (a column), or one row for
 * all. */
#ifndef VN_CORE_PLAN_FUSED_H
#define VN_CORE_PLAN_FUSED_H

#include "core/plan/program.h"
#include "kernels/kernels.h"

enum {
    VN__FUSED_MEMBERS = 48,   /* ops of one step */
    VN__FUSED_ARRAYS = 64,    /* operands and results of the step */
    VN__FUSED_TEMPS = 8,      /* values that are kept for a block only */
    VN__FUSED_OPERANDS = 3,   /* of one instruction */
    VN__MEMBER_OPERANDS = 10, /* of what is done in one pass, */
    VN__MEMBER_RESULTS = 3,   /* see fuse_adam.c */
    VN__FUSED_BLOCK = 4096    /* bytes of a block at most */
};

typedef enum vn__reach {
    VN__REACH_ALL,
    VN__REACH_ONE,
    VN__REACH_COLUMN,
    VN__REACH_ROW
} vn__reach;

/* One op. Its operands and its results are numbers of arrays: operands of the step, then its
 * results, then temporary values. */
typedef struct vn__member {
    const vn_op *op;
    const void *attr;
    int32_t n_in, n_out;
    int16_t in[VN__MEMBER_OPERANDS], out[VN__MEMBER_RESULTS];
    vn_aval *whole, *rest; /* of a whole block and of the last one: operands, then results */
    vn__unary_fn *unary;   /* where the op is a kernel and nothing more, it is called without */
    vn__binary_fn *binary; /* asking the op; all NULL: there is more to it */
    vn__ternary_fn *ternary;
    int64_t cols; /* of the kernel of several operands; 0: one row */
    int64_t row[VN__FUSED_OPERANDS], inner[VN__FUSED_OPERANDS];
} vn__member;

typedef struct vn__fused {
    int32_t n_member, n_array; /* arrays without temporary ones */
    int32_t ops;               /* instructions: some members do several */
    int64_t n;                 /* elements (of one panel) */
    int64_t block;             /* elements of a whole block: whole rows, or a part of one */
    int64_t row;               /* elements of a row, where an operand is a column or a row */
    vn__reach *reach;          /* by array */
    int64_t *size;             /* by array: bytes of an element */
    vn__member *member;
} vn__fused;

/* Into how many parts a panel is worth cutting. */
int64_t vn__fused_parts(const vn__fused *fused);

/* Can result j of the step be written where operand i lies? */
bool vn__fused_in_place(const vn__step *step, int i, int j);

#endif
