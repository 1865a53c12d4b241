/* SPDX-License-Identifier: MIT */
/* The calls of cases.def as a table. */
#ifndef VN_TESTS_OPS_CASES_H
#define VN_TESTS_OPS_CASES_H

#include "vernal/ops.h"

typedef struct case_operand {
    enum { CASE_NONE, CASE_REAL, CASE_DISTINCT, CASE_INTEGER, CASE_BOOLEAN } kind;
    double lo, hi;
    vn_shape shape; /* of one example */
} case_operand;

typedef struct op_case {
    const char *name;
    vn_array *(*call)(vn_array *const x[]);
    case_operand in[3];
} op_case;

extern const op_case op_cases[];
extern const int n_op_cases;

int case_arity(const op_case *c);

/* The operand, reals in f32 or f64. The same seed gives the same numbers. */
vn_array *case_operand_make(const case_operand *in, vn_dtype real, uint64_t seed);

#endif
