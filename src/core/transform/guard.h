/* SPDX-License-Identifier: MIT */
/* Conditions under which what is being recorded counts: the examples of a loop that are still
 * active, those that take a branch. Writes to buffers and run-time errors heed them. */
#ifndef VN_CORE_TRANSFORM_GUARD_H
#define VN_CORE_TRANSFORM_GUARD_H

#include "core/tape/tape.h"

void vn__guard_push(vn_array *condition);
void vn__guard_pop(void);
/* The condition and all guards of the tapes around the current one; NULL is an error. */
vn_array *vn__guarded(vn_array *condition);
/* True if something is being recorded that may not be run: under a guard, or in the body of a
 * loop or of a branch. */
bool vn__is_conditional(void);
/* The same as vn__guarded, with those guards that do not differ by more examples than the
 * condition does. */
vn_array *vn__guarded_alike(vn_array *condition);

#endif
