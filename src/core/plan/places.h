/* SPDX-License-Identifier: MIT */
/* Which steps read and write the same places: what may be done before what. */
#ifndef VN_CORE_PLAN_PLACES_H
#define VN_CORE_PLAN_PLACES_H

#include "core/plan/program.h"

/* In one value, wherever in it. Constants are written by nobody and never the same. */
bool vn__same_value(const vn__place *a, const vn__place *b);
bool vn__any_same_value(const vn__place a[], int n_a, const vn__place b[], int n_b);

/* True if one of them writes what the other reads or writes. */
bool vn__must_keep_order(const vn__step *first, const vn__step *second);

/* True if step k of the list may be done before step `from`: it must follow none of those. */
bool vn__may_move_to(const vn__program *p, int64_t k, int64_t from);

/* The last step that reads or makes a parameter, -1: none. */
int64_t vn__last_touch(const vn__program *p, vn__space space, int parameter);

#endif
