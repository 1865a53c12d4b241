/* SPDX-License-Identifier: MIT */
/* Which mapped axes of a tape can be lanes. */
#ifndef VN_CORE_PLAN_AXES_H
#define VN_CORE_PLAN_AXES_H

#include "core/tape/tape.h"

/* More examples, or as many and further out. */
bool vn__axis_larger(const vn__tape *tape, int a, int b);
/* The largest of a set, -1 of none. */
int vn__largest_axis(const vn__tape *tape, uint64_t axes);
/* Axes that can be lanes; used axes that cannot. */
uint64_t vn__lane_axes(const vn__tape *tape);
uint64_t vn__loop_axes(const vn__tape *tape);

#endif
