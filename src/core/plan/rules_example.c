/* SPDX-License-Identifier: MIT */
/* Rules for gradients of single examples that are scaled and summed (clipped, for differential
 * privacy): no example's gradient is ever made.
 *     axis_sum(u f(x, y))          = axis_sum(f(x, u y))   u one number an example, f bilinear
 *     axis_sum(f(x, y) / u)        = axis_sum(f(x, y / u))     and sums as it is made
 *     sum of (x y^T)^2             = (sum of x^2) (sum of y^2)
 *     sum of conv_weight_grad(..)^2 = conv_weight_norm(..)     where nobody else reads it
 * The last two in a pass of their own: only when the first two are done is it known who reads
 * what. */
#include <string.h>

#include "core/ops/ops.h"
#include "core/plan/rewrite.h"
#include "vernal/ops.h"

static bool mapped(const vn_array *x, const vn__axis_attr *attr)
{
    const vn__array *const a = vn__as_array(x);
    return a && a->tape && (a->axes >> attr->axis & 1);
}

/* ------------------------------------------------------------------ factors of examples */

static bool only_moves(const vn__rewriter *r, const vn__instr *f)
{
    return f->op->flags & VN_OP_LINEAR && f->n_in == 1 && f->n_out == 1 && !f->op->axes &&
           !f->op->eval_sum &&
           vn_shape_size(r->to->value[f->in[0]].aval.shape) ==
               vn_shape_size(r->to->value[f->out].aval.shape);
}

/* Is x made of ops that sum over lanes while they compute, and that a factor can enter? */
static bool takes_factor(const vn__rewriter *r, const vn_array *x, const vn__axis_attr *attr)
{
    const vn__instr *const f = vn__rewrite_source(r, x);
    if (!f || !mapped(x, attr) || f->n_out != 1)
        return false;
    if (f->op == &vn__op_add)
        for (int i = 0; i < 2; i++) {
            vn_array *const v = vn__rewrite_operand(r, f, i);
            if (!vn_shape_equal(vn_shape_of(v), vn_shape_of(x)) || !takes_factor(r, v, attr))
                return false;
        }
    else if (only_moves(r, f))
        return takes_factor(r, vn__rewrite_operand(r, f, 0), attr);
    return f->op == &vn__op_add ||
           (f->op->eval_sum && f->op->flags & (VN_OP_LINEAR | VN_OP_BILINEAR));
}

/* Of a bilinear op the smaller operand that differs by example. */
static int lesser_operand(const vn__rewriter *r, const vn__instr *f, const vn__axis_attr *attr)
{
    vn_array *const a = vn__rewrite_operand(r, f, 0), *const b = vn__rewrite_operand(r, f, 1);
    return !mapped(a, attr) || (mapped(b, attr) && vn_size(b) < vn_size(a));
}

/* x times or (op: div) divided by the number u. */
static vn_array *scaled(vn__rewriter *r, const vn_op *op, vn_array *x, vn_array *u,
                        const vn__axis_attr *attr)
{
    const vn__instr f = *vn__rewrite_source(r, x); /* the tape grows under us */
    vn_array *in[VN__MAX_OPERANDS];
    const int which = f.op->flags & VN_OP_BILINEAR ? lesser_operand(r, &f, attr) : -1;
    for (int i = 0; i < f.n_in; i++) {
        in[i] = vn__rewrite_operand(r, &f, i);
        if (f.op == &vn__op_add || only_moves(r, &f))
            in[i] = scaled(r, op, in[i], u, attr);
        else if (which < 0 ? vn_dtype_is_inexact(vn_dtype_of(in[i])) : i == which)
            in[i] = vn__rewrite_one(r, op, NULL, 2, (vn_array *[]){ in[i], u });
    }
    return vn__rewrite_one(r, f.op, f.attr, f.n_in, in);
}

bool vn__rule_example_factor(vn__rewriter *r, vn_array *out[], const vn__axis_attr *attr,
                             const vn__instr *f)
{
    if (f->op != &vn__op_mul && f->op != &vn__op_div)
        return false;
    for (int i = 0; i < (f->op == &vn__op_mul ? 2 : 1); i++) {
        vn_array *const v = vn__rewrite_operand(r, f, i);
        vn_array *const u = vn__rewrite_operand(r, f, 1 - i);
        if (vn_size(u) != 1 || vn_rank(u) > vn_rank(v) || !mapped(u, attr) ||
            !takes_factor(r, v, attr))
            continue;
        vn_array *const y =
            scaled(r, f->op, v, vn_rank(u) ? vn_reshape(u, VN_SCALAR) : u, attr);
        out[0] = vn__rewrite_one(r, &vn__op_axis_sum, attr, 1, &y);
        return true;
    }
    return false;
}

/* ------------------------------------------------------------------------------- norms */

/* The product of which `sum` adds the squares of all elements; how often it is read there. */
static const vn__instr *squared_product(const vn__tape *tape, const vn__instr *sum, int *reads)
{
    vn_axes axes;
    if (!vn__reduce_sum_axes(&axes, sum->op, sum->attr))
        return NULL;
    const vn__instr *const square = vn__maker(tape, sum->in[0]);
    const bool product = square && square->op == &vn__op_mul && square->in[0] == square->in[1];
    if (!square || (square->op != &vn__op_square && !product))
        return NULL;
    const vn__value *const v = &tape->value[square->in[0]];
    *reads = product ? 2 : 1;
    return axes.count == v->aval.shape.rank && v->axes ? vn__maker(tape, square->in[0]) : NULL;
}

static vn_array *sum_of_squares(vn_array *x) { return vn_sum(vn_square(x)); }

bool vn__rule_norm(vn__rewriter *r, vn_array *out[], const vn__instr *sum)
{
    int reads;
    const vn__instr *const f = squared_product(r->from, sum, &reads);
    if (!f)
        return false;
    const bool conv = f->op == &vn__op_conv_weight_grad && r->reads[f->out] == reads;
    if (!conv && !vn__is_outer(r->from, f))
        return false;
    vn_array *const in[2] = { r->map[f->in[0]], r->map[f->in[1]] };
    out[0] = conv ? vn__rewrite_one(r, &vn__op_conv_weight_norm, f->attr, 2, in)
                  : vn_mul(sum_of_squares(in[0]), sum_of_squares(in[1]));
    return true;
}

bool vn__has_norms(const vn__tape *tape)
{
    for (int64_t k = 0; k < tape->n_instr; k++) {
        int reads;
        const vn__instr *const f = squared_product(tape, &tape->instr[k], &reads);
        if (f && (f->op == &vn__op_dot_general || f->op == &vn__op_conv_weight_grad))
            return true;
    }
    return false;
}
