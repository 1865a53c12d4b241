/* SPDX-License-Identifier: MIT */
/* Ops with a program inside: their attributes, as the planner sees them. */
#ifndef VN_CORE_TRANSFORM_CONTROL_H
#define VN_CORE_TRANSFORM_CONTROL_H

#include "core/transform/axis.h"

/* scan: operands [init.., xs.., captured..], body inputs the same with x_t for xs; body outputs
 * [carry.., y.., term..]. Results [carry.., ys.., history.., sums..]: history is the carry
 * before each step, sums are the totals of the terms over all steps. Steps run t = 0 ..
 * length-1, or backwards. */
typedef struct vn__scan_attr {
    vn__tape *body;
    int64_t length;
    int32_t n_carry, n_xs, n_ys, n_sums;
    int32_t reverse;
    int32_t gate; /* 1 + the input of the body (a bool carry or x) without which a step does
                   * nothing, 0: none. As a carry it never becomes true again; as an x it is
                   * false only in the first or the last steps. */
} vn__scan_attr;
extern const vn_op vn__op_scan;

/* while: at most `length` steps of carry, y_t = body(carry, x_t) while cond(carry), or all of
 * them without a cond. Operands [init.., xs.., captured by cond.., captured by body..]; cond ->
 * [bool], body -> [carry.., y..]. The last n_buffers carries are logs, written in place.
 * Results [carry.., ys..] and with slots > 0 what the reverse mode starts from: [checkpoints of
 * the carries but the logs [slots, ..].., their steps i64[slots], steps made i64[]]. Each panel
 * of examples has a schedule of its own. */
typedef struct vn__while_attr {
    vn__tape *body, *cond;
    int64_t length, slots;
    int32_t n_carry, n_xs, n_ys, n_buffers, n_cond_captured;
} vn__while_attr;
extern const vn_op vn__op_while;

/* unwind: the reverse mode of a while loop, from its last step to its first. Operands
 * [checkpoints.., their steps, steps made, logs.., xs.., captured by body.., G.., gys..,
 * captured by back..]; back of (carry.., x.., G.., gy..) -> [G.., dx.., dv..], the cotangents
 * of one step. Results [G of the initial carry.., dxs.., sums of dv..]. The last n_log_grads of
 * the n_grads cotangents G are those of logs. */
typedef struct vn__unwind_attr {
    vn__tape *body, *back;
    int64_t length, slots;
    int32_t n_carry, n_xs, n_buffers, n_captured, n_grads, n_log_grads, n_gys, n_dxs, n_sums;
} vn__unwind_attr;
extern const vn_op vn__op_unwind;

/* branch: operands [index, captured by branch 0.., by branch 1.., ..]; all branches have the
 * same results, of which those of branch index (clamped) are taken. The index is the same for
 * all examples. */
#define VN__MAX_BRANCHES 64
typedef struct vn__branch_attr {
    vn__tape *branch[VN__MAX_BRANCHES];
    int32_t n_branches;
} vn__branch_attr;
extern const vn_op vn__op_branch;

/* The tapes of an instruction: a field of its attributes that begins with them. */
int vn__op_tapes(const vn_op *op, const void *attr);

/* override: operands [y.., x..] -> y, with the derivative of a rule instead of y's own. */
extern const vn_op vn__op_override;
/* How many of its operands come first whose derivatives the rule does without. */
int vn__override_skips(const void *attr);

#endif
