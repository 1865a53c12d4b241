/* SPDX-License-Identifier: MIT */
/* Sums over the steps of a scan as products behind it. */
#ifndef VN_CORE_PLAN_STACKED_SUMS_H
#define VN_CORE_PLAN_STACKED_SUMS_H

#include "core/tape/tape.h"

/* A new tape in which one more scan has its weight gradients behind it; NULL: there is none, or
 * an error. */
vn__tape *vn__stack_sums(vn__tape *tape);

#endif
