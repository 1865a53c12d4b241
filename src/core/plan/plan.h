/* SPDX-License-Identifier: MIT */
/* A plan: a simplified tape, its program, and the tree of its results. */
#ifndef VN_CORE_PLAN_PLAN_H
#define VN_CORE_PLAN_PLAN_H

#include "core/plan/program.h"
#include "core/transform/leaves.h"
#include "vernal/plan.h"

struct vn_plan {
    vn__tape *tape; /* simplified; owns the constants */
    vn__program *program;
    vn_tree *result; /* retained: the result with arrays without numbers in place of outputs */
    int32_t *alias;  /* by output: the input whose buffer it may take over, or -1; NULL: none */
    void *idle;      /* a workspace that nobody uses at the moment (atomic) */
};

/* Records f(args); arrays of the arguments, and of f if f_is_input, become inputs. */
vn_plan *vn__plan_record(vn_tree *f, bool f_is_input, int n, vn_tree *const arg[]);
/* Chooses for each output the input from number `first` on whose buffer it may take over. */
vn_status vn__plan_donate(vn_plan *plan, int64_t first);

size_t vn__plan_workspace_for(const vn_plan *plan, int workers);
/* VN_ERR_RUNTIME where an error_if of the program holds. */
vn_status vn__plan_execute(const vn_plan *plan, void *const out[], void *const in[],
                           void *workspace);

void vn__plan_describe(FILE *file, const vn_plan *plan);
void vn__tape_describe(FILE *file, const vn__tape *tape);

#endif
