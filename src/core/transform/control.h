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
    int32_t keep_history; /* the planner clears it when nobody reads the history */
} vn__scan_attr;
extern const vn_op vn__op_scan;

/* while: operands [init.., captured by cond.., captured by body..]; cond -> [bool], body ->
 * [carry..] */
typedef struct vn__while_attr {
    vn__tape *body, *cond;
    int32_t n_carry, n_cond_captured;
} vn__while_attr;
extern const vn_op vn__op_while;

/* override: operands [y.., x..] -> y, with the derivative of a rule instead of y's own. */
extern const vn_op vn__op_override;

#endif
