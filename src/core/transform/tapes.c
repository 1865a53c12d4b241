/* SPDX-License-Identifier: MIT */
/* Which ops have programs inside. */
#include "core/transform/control.h"

int vn__op_tapes(const vn_op *op, const void *attr)
{
    return op == &vn__op_scan                              ? 1
           : op == &vn__op_while || op == &vn__op_unwind ? 2
           : op == &vn__op_branch ? ((const vn__branch_attr *)attr)->n_branches
                                  : 0;
}
