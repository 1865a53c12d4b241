/* SPDX-License-Identifier: MIT */
/* The state of one simplification pass, shared by its rules. */
#ifndef VN_CORE_PLAN_REWRITE_H
#define VN_CORE_PLAN_REWRITE_H

#include "core/plan/simplify.h"

typedef struct vn__rewriter {
    const vn__tape *from;
    vn__tape *to;
    vn_array **map; /* value of from -> array on to (or plain) */
    int *alias;     /* [VN__MAX_AXES] axis -> axis it is unified with */
    int32_t *reads; /* of each value of from, in the pass of late rules, else NULL */
    bool last;      /* the last pass: drops the barriers, changes nothing else */
    int lift_axis;  /* of a pass that makes this mapped axis a real one, -1: none (lift.c) */
    vn_array **high; /* ... value of from -> array on `to` with the axis as its first */
    bool again;     /* an alias was found: values before it are stale, start over */
    int64_t *table; /* hash table of instructions of `to`, -1 empty */
    int64_t table_size;
} vn__rewriter;

/* Records on r->to after trying the rules; out[n_out]. */
vn_status vn__rewrite_emit(vn__rewriter *r, vn_array *out[], const vn_op *op, const void *attr,
                           int n_in, vn_array *const in[]);
/* One result. */
vn_array *vn__rewrite_one(vn__rewriter *r, const vn_op *op, const void *attr, int n_in,
                          vn_array *const in[]);

/* The instruction on r->to that made x, or NULL. */
const vn__instr *vn__rewrite_source(const vn__rewriter *r, const vn_array *x);
/* Operand i of that instruction as an array. */
vn_array *vn__rewrite_operand(const vn__rewriter *r, const vn__instr *instr, int i);

/* v [shape] of an example as [size][shape] of all. */
vn_array *vn__rewrite_outside(vn__rewriter *r, vn_array *v, const vn__axis_attr *axis);

/* The instruction that makes a value of a tape, or NULL. */
static inline const vn__instr *vn__maker(const vn__tape *tape, uint32_t value)
{
    const uint32_t k = tape->value[value].instr;
    return k == VN__NO_INSTR ? NULL : &tape->instr[k];
}

/* Is it the product of a column and a row? (rules_outer.c) */
bool vn__is_outer(const vn__tape *tape, const vn__instr *product);

/* Makes map or high of the results; false: they are to be copied, `map` of the operands is
 * there. */
bool vn__lift_instr(vn__rewriter *r, const vn__instr *instr);

/* Rules: true if out[0] was made in another way. (status of the thread tells errors.) */
bool vn__rule_map_in(vn__rewriter *r, vn_array *out[], const vn__axis_attr *attr, vn_array *x);
bool vn__rule_map_out(vn__rewriter *r, vn_array *out[], const vn__axis_attr *attr, vn_array *x);
bool vn__rule_axis_sum(vn__rewriter *r, vn_array *out[], const vn__axis_attr *attr,
                       vn_array *x);
/* axis_sum of a product with a number for each example (rules_example.c) */
bool vn__rule_example_factor(vn__rewriter *r, vn_array *out[], const vn__axis_attr *attr,
                             const vn__instr *product);
/* axis_sum of outer products of few examples; a number of r->from times such a sum that nobody
 * else reads; does a tape have one? (rules_outer.c) */
bool vn__rule_outer_of_few(vn__rewriter *r, vn_array *out[], const vn__axis_attr *attr,
                           const vn__instr *product);
bool vn__rule_scaled_outer(vn__rewriter *r, vn_array *out[], const vn__instr *product);
bool vn__has_scaled_outer(const vn__tape *tape);
/* axis_sum of rows of `scatter` (on r->to) that each example adds to a table; always: however
 * small the table (rules_rows.c) */
bool vn__rule_sum_of_rows(vn__rewriter *r, vn_array *out[], const vn__axis_attr *attr,
                          const vn__instr *scatter, bool always);
/* f(x, gradient of max-pooling x), the sum of such a gradient (rules_pool.c) */
bool vn__rule_gate_of_pool(vn__rewriter *r, vn_array *out[], const vn_op *op, const void *attr,
                           vn_array *const in[]);
bool vn__rule_sum_of_pool(vn__rewriter *r, vn_array *out[], const vn_axes *axes, vn_array *x);
/* A sum of r->from over squares; does a tape have some that may be made in another way? */
bool vn__rule_norm(vn__rewriter *r, vn_array *out[], const vn__instr *sum);
bool vn__has_norms(const vn__tape *tape);
/* A sum of r->from over all elements of a large example; does a tape have one? */
bool vn__rule_whole_sum(vn__rewriter *r, vn_array *out[], const vn__instr *sum);
bool vn__has_whole_sum(const vn__tape *tape);
bool vn__rule_reduce_sum(vn__rewriter *r, vn_array *out[], const vn_axes *axes, vn_array *x);
bool vn__rule_pull(vn__rewriter *r, vn_array *out[], const vn_op *op, const void *attr,
                   int n_in, vn_array *const in[]);
bool vn__rule_identity(vn__rewriter *r, vn_array *out[], const vn_op *op, const void *attr,
                       int n_in, vn_array *const in[]);

#endif
