/* SPDX-License-Identifier: MIT */
/* What a derivative has to look at: which values a perturbation reaches, and which carries of a
 * loop have a tangent or a cotangent. A carry may be reached after some steps only, so that
 * these are least fixed points over the body. */
#ifndef VN_CORE_TRANSFORM_REACH_H
#define VN_CORE_TRANSFORM_REACH_H

#include "core/transform/control.h"

/* reached, by value of the tape: from those that are set to all inexact ones that are made of
 * them in the first n_instr instructions. */
vn_status vn__reach(bool *reached, const vn__tape *tape, int64_t n_instr);

/* A body and how its inputs and outputs belong together: inputs [carry.., others..], outputs
 * [carry.., others..]. */
typedef struct vn__cycle {
    const vn__tape *body;
    int n_carry;
} vn__cycle;

/* in, by input of the body: those that are perturbed before the first step; sets those of the
 * carries that become so. out (or NULL), by output. */
vn_status vn__reach_carries(bool *in, bool *out, const vn__cycle *cycle);

/* The carries through which cotangents reach what is perturbed. in: as vn__reach_carries leaves
 * it; out, by output of the body: those that have a cotangent from outside. Clears in for
 * carries that never have one and sets out for carries that have. */
vn_status vn__reach_cotangents(bool *in, bool *out, const vn__cycle *cycle);

/* out, by result of the branches, of what is perturbed by operand. */
vn_status vn__reach_branches(bool *out, const vn__branch_attr *a, const bool *in);

#endif
