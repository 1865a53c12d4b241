/* SPDX-License-Identifier: MIT */
/* What follows the gradient of max-pooling, done before it, on the smaller side, where it can
 * also be the ending of a product:
 *     f(x, pool_max_grad(x, y, g))   = pool_max_grad(x, y, f(y, g))   f(x, g) = g h(x)
 *     sum over pixels of pool_max_grad(x, y, g) = sum over pixels of g
 * The elements of g go to pixels where x is y, all others are zero. */
#include "core/ops/ops.h"
#include "core/ops/pool.h"
#include "core/plan/rewrite.h"
#include "vernal/ops.h"

/* Derivatives of activations: of each element of x alone and linear in g. */
static bool is_gate(const vn_op *op)
{
    static const vn_op *const gates[] = {
        &vn__op_relu_grad,       &vn__op_tanh_grad, &vn__op_sigmoid_grad,
        &vn__op_softplus_grad,   &vn__op_silu_grad, &vn__op_gelu_tanh_grad,
        &vn__op_gelu_exact_grad,
    };
    for (size_t i = 0; i < sizeof gates / sizeof gates[0]; i++)
        if (op == gates[i])
            return true;
    return false;
}

bool vn__rule_gate_of_pool(vn__rewriter *r, vn_array *out[], const vn_op *op, const void *attr,
                           vn_array *const in[])
{
    const vn__instr *const source = is_gate(op) ? vn__rewrite_source(r, in[1]) : NULL;
    const vn__array *const x = vn__as_array(in[0]);
    if (!source || source->op != &vn__op_pool_max_grad || x->tape != r->to ||
        x->value != source->in[0])
        return false;
    const vn__instr f = *source; /* the tape grows under us */
    vn_array *const y = vn__rewrite_operand(r, &f, 1), *const g = vn__rewrite_operand(r, &f, 2);
    vn_array *const gated = vn__rewrite_one(r, op, attr, 2, (vn_array *[]){ y, g });
    out[0] = vn__rewrite_one(r, f.op, f.attr, 3, (vn_array *[]){ in[0], y, gated });
    return true;
}

/* Every window has a pixel in it, and all axes of the window are summed. */
static bool keeps_sum(const vn__sliding *s, const vn_axes *axes, int rank)
{
    uint64_t summed = 0;
    for (int i = 0; i < axes->count; i++)
        summed |= 1ull << axes->axis[i];
    for (int d = 0; d < s->n; d++)
        if (!(summed >> (rank - (int)s->n + d) & 1) || s->pad_lo[d] >= s->k[d] ||
            s->pad_hi[d] >= s->k[d])
            return false;
    return true;
}

bool vn__rule_sum_of_pool(vn__rewriter *r, vn_array *out[], const vn_axes *axes, vn_array *x)
{
    const vn__instr *const source = vn__rewrite_source(r, x);
    if (!source || source->op != &vn__op_pool_max_grad ||
        !keeps_sum(source->attr, axes, vn_rank(x)))
        return false;
    vn_array *const g = vn__rewrite_operand(r, source, 2);
    out[0] = vn__rewrite_one(r, &vn__op_reduce_sum, axes, 1, &g);
    return true;
}
