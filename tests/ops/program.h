/* SPDX-License-Identifier: MIT */
/* The calls of cases.def as programs: every instruction that a call and its vjp rules record,
 * with the numbers of several examples. */
#ifndef VN_TESTS_OPS_PROGRAM_H
#define VN_TESTS_OPS_PROGRAM_H

#include "cases.h"
#include "core/tape/tape.h"

enum { MAX_VALUES = 512, MAX_LANES = 32, MAX_IN = 4 };

typedef struct program {
    vn__tape *tape;
    const op_case *c;
    vn_dtype real;
    int64_t lanes;
    vn_array *value[MAX_VALUES][MAX_LANES]; /* of each example */
} program;

/* Records the call, its vjp rules, and (orders 2) the vjp rules of those; evaluates p->lanes
 * examples. To be ended by vn__tape_release(p->tape). */
void program_make(program *p, const op_case *c, vn_dtype real, int64_t lanes, int orders);

/* |a - b| <= tolerance of the dtype, or both are NaN: element e of two arrays of one shape. */
void program_compare(const char *what, const vn_op *op, vn_array *have, vn_array *want);

#endif
