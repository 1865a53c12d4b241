/* SPDX-License-Identifier: MIT */
/* Element-wise ops as rows: out[e] = f(in[0][e], in[1][e], ...), operands broadcast as in
 * NumPy. One shape rule, one evaluation and one pair of derivative rules serve them all. */
#ifndef VN_CORE_OPS_ELEMENTWISE_H
#define VN_CORE_OPS_ELEMENTWISE_H

#include "core/ops/ops_common.h"

/* g df/dx_i, a value of the shape of g; NULL slot: zero. The same function serves both modes:
 * reverse (g is the cotangent of y) and forward (g is the tangent of x_i), as it is linear in
 * g. */
typedef vn_array *vn__partial(vn_array *g, vn_array *const in[], vn_array *y);

void vn__elementwise_vjp(vn_array *din[], const vn_node *node, vn_array *g,
                         vn__partial *const partial[]);
void vn__elementwise_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[],
                         vn__partial *const partial[]);

/* The shapes broadcast; all operands and the result are of one dtype that is accepted. */
vn_status vn__elementwise_shape(vn_aval out[], const char *who, int accept, const vn_aval in[],
                                int n_in);

/* Flags column of the rows. */
enum {
    VN__ROW_PLAIN = VN_OP_LANES | VN_OP_ELEMENTWISE,
    VN__ROW_LINEAR = VN__ROW_PLAIN | VN_OP_LINEAR,
    VN__ROW_BILINEAR = VN__ROW_PLAIN | VN_OP_BILINEAR,
    VN__ROW_NO_GRADIENT = VN__ROW_PLAIN | VN_OP_NO_GRADIENT
};

/* Lanes or not: contiguous operands in one pass, others rectangle by rectangle. */
void vn__eval_unary(const vn_eval *e, vn__unary_fn *kernel);
void vn__eval_binary(const vn_eval *e, vn__binary_fn *kernel);
void vn__eval_ternary(const vn_eval *e, vn__ternary_fn *kernel);

/* d/dx digamma(x), composed. */
vn_array *vn__trigamma(vn_array *x);

/* An op of two operands applied as it is, without promotion. */
static inline vn_array *vn__binary(const vn_op *op, vn_array *a, vn_array *b)
{
    return vn_op_apply(op, NULL, 2, (vn_array *[]){ a, b });
}

#endif
