/* SPDX-License-Identifier: MIT */
/* The order of the mapped axes of a tape, and which of them can be lanes. */
#ifndef VN_CORE_PLAN_AXES_H
#define VN_CORE_PLAN_AXES_H

#include "core/tape/tape.h"

/* Those of the operands and results of an instruction. */
uint64_t vn__instr_axes(const vn__tape *tape, const vn__instr *instr);

/* Finds the axes that lead: the batch of models that work on whole sequences. Once, for a tape
 * and those made from it. */
void vn__rank_axes(vn__tape *tape);
/* More examples, or as many and further out, or leading and further out. */
bool vn__axis_larger(const vn__tape *tape, int a, int b);
/* The largest of a set, -1 of none. */
int vn__largest_axis(const vn__tape *tape, uint64_t axes);
/* Axes that can be lanes; used axes that cannot. */
uint64_t vn__lane_axes(const vn__tape *tape);
uint64_t vn__loop_axes(const vn__tape *tape);

#endif
