/* SPDX-License-Identifier: MIT */
/* Simplification of a sealed tape: what the planner compiles. */
#ifndef VN_CORE_PLAN_SIMPLIFY_H
#define VN_CORE_PLAN_SIMPLIFY_H

#include "core/transform/control.h"

/* A new tape with the same inputs and outputs and less in between: dead and repeated
 * instructions are gone, marks and overrides too, constants are folded; a value that is stacked
 * over an axis only to be worked on element by element or summed is worked on inside the axis;
 * two axes that turn out to be one are unified. The caller owns it; NULL on error. */
vn__tape *vn__simplify(const vn__tape *tape);

/* An empty tape for a copy: a child of `parent`, or with the axes of the root of `from`. */
vn__tape *vn__tape_beside(const vn__tape *from, vn__tape *parent);

#endif
