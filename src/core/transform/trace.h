/* SPDX-License-Identifier: MIT */
/* Calling a function on values that have a dtype and a shape only. */
#ifndef VN_CORE_TRANSFORM_TRACE_H
#define VN_CORE_TRANSFORM_TRACE_H

#include "core/transform/leaves.h"

/* The call on inputs of the tape, which is the one being recorded: those that stand for the
 * arrays of f (if f_is_input) and then for those of the arguments. Seals the tape with the
 * arrays of the result as outputs, and returns the result without numbers. */
vn_tree *vn__trace(vn__tape *tape, vn_tree *f, bool f_is_input, int n, vn_tree *const arg[]);

/* The same on a new symbolic tape inside the one being recorded, if any. *tape: owned by the
 * caller, NULL on error. */
vn_tree *vn__trace_new(vn__tape **tape, vn_tree *f, bool f_is_input, int n,
                       vn_tree *const arg[]);

/* True if the trees agree in structure, static leaves, dtypes and shapes. arrays, if not NULL:
 * gets the arrays of `tree`, some of them if false comes back, which is so on an error too. */
bool vn__match_signature(vn_tree *like, vn_tree *tree, vn__leaves *arrays);
static inline bool vn__same_signature(vn_tree *like, vn_tree *tree)
{
    return vn__match_signature(like, tree, NULL);
}

#endif
