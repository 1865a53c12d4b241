/* SPDX-License-Identifier: MIT */
/* Large gradients of few examples, outer products x y^T each:
 *     axis_sum(x y^T)          = x_0 y_0^T + x_1 y_1^T + ..
 *     u (x y^T + z)            = (u x) y^T + u z      u one number, nobody else reads the sum
 * On the right are products of columns and rows, element-wise, which are fused with the
 * optimiser's update: the gradient is never in memory. The second is for a pass of its own,
 * when it is known who reads what; Adam reads a gradient twice, its formula stays as it is. */
#include "core/ops/dot_geometry.h"
#include "core/ops/ops.h"
#include "core/plan/rewrite.h"
#include "vernal/ops.h"

#define FEW         2 /* examples for which this is less work than a pass over memory, */
#define OUTER_BYTES (1 << 16) /* of a matrix that takes so much of it; */
#define FEW_NEAR    3         /* or so many, if it is less than this */
#define NEAR_BYTES  (1 << 20)

bool vn__is_outer(const vn__tape *tape, const vn__instr *f)
{
    if (f->op != &vn__op_dot_general)
        return false;
    const vn_aval in[2] = { tape->value[f->in[0]].aval, tape->value[f->in[1]].aval };
    vn__dot dot;
    vn__dot_geometry(&dot, f->attr, in);
    return dot.batches == 1 && dot.k == 1;
}

/* Example i of [size][shape] as a column or a row. */
static vn_array *example(vn_array *all, int64_t i, vn_shape shape)
{
    return vn_reshape(vn_index(all, 0, i), shape);
}

/* Tokens inside of examples are to be contracted by one product: only for one axis. */
static bool fits(const vn__rewriter *r, const vn__axis_attr *axis, const vn__instr *f)
{
    const vn__value *const v = r->to->value;
    const uint64_t own = 1ull << axis->axis;
    const int64_t bytes = vn__aval_bytes(v[f->out].aval);
    return axis->size >= 1 && axis->size <= (bytes < NEAR_BYTES ? FEW_NEAR : FEW) &&
           bytes >= OUTER_BYTES && vn__is_outer(r->to, f) && v[f->out].axes == own &&
           v[f->in[0]].axes == own && v[f->in[1]].axes == own &&
           v[f->in[0]].aval.shape.rank < VN_MAX_RANK &&
           v[f->in[1]].aval.shape.rank < VN_MAX_RANK;
}

bool vn__rule_outer_of_few(vn__rewriter *r, vn_array *out[], const vn__axis_attr *axis,
                           const vn__instr *f)
{
    if (!fits(r, axis, f))
        return false;
    const vn_dot_dims *const dims = f->attr;
    vn_array *x = vn__rewrite_operand(r, f, 0), *y = vn__rewrite_operand(r, f, 1);
    const int of_y = vn_rank(y) - dims->batch_b.count - dims->contract_b.count;
    vn_shape column = r->to->value[f->out].aval.shape, row = { 0 };
    for (int d = column.rank - of_y; d < column.rank; d++) {
        row.dim[row.rank++] = column.dim[d];
        column.dim[d] = 1;
    }
    x = vn__rewrite_outside(r, x, axis);
    y = vn__rewrite_outside(r, y, axis);
    out[0] = vn_mul(example(x, 0, column), example(y, 0, row));
    for (int64_t i = 1; i < axis->size; i++)
        out[0] = vn_fma(example(x, i, column), example(y, i, row), out[0]);
    return true;
}

/* ------------------------------------------------------------------------------- scaled */

/* Is a value x y, or x y + z with such a z, where x is a column of it and y a row? */
static bool is_sum_of_outer(const vn__tape *tape, uint32_t value)
{
    const vn__instr *const f = vn__maker(tape, value);
    if (!f || (f->op != &vn__op_mul && f->op != &vn__op_fma))
        return false;
    const vn__value *const v = tape->value;
    const int64_t x = vn_shape_size(v[f->in[0]].aval.shape);
    const int64_t y = vn_shape_size(v[f->in[1]].aval.shape);
    return x > 1 && y > 1 && x * y == vn_shape_size(v[value].aval.shape) &&
           (f->op == &vn__op_mul || is_sum_of_outer(tape, f->in[2]));
}

/* The operand of a product with a number that is such a sum, -1: none. */
static int scaled_operand(const vn__tape *tape, const vn__instr *f)
{
    for (int i = 0; i < 2 && f->op == &vn__op_mul; i++)
        if (tape->value[f->in[1 - i]].aval.shape.rank == 0 && is_sum_of_outer(tape, f->in[i]))
            return i;
    return -1;
}

bool vn__has_scaled_outer(const vn__tape *tape)
{
    for (int64_t k = 0; k < tape->n_instr; k++)
        if (scaled_operand(tape, &tape->instr[k]) >= 0)
            return true;
    return false;
}

static bool is_read_once(const vn__rewriter *r, uint32_t value)
{
    const vn__instr *const f = vn__maker(r->from, value);
    return r->reads[value] == 1 && (f->op == &vn__op_mul || is_read_once(r, f->in[2]));
}

static vn_array *scaled(const vn__rewriter *r, vn_array *u, uint32_t value)
{
    const vn__instr *const f = vn__maker(r->from, value);
    vn_array *const x = vn_mul(u, r->map[f->in[0]]), *const y = r->map[f->in[1]];
    return f->op == &vn__op_mul ? vn_mul(x, y) : vn_fma(x, y, scaled(r, u, f->in[2]));
}

bool vn__rule_scaled_outer(vn__rewriter *r, vn_array *out[], const vn__instr *f)
{
    const int i = scaled_operand(r->from, f);
    if (i < 0 || !is_read_once(r, f->in[i]))
        return false;
    out[0] = scaled(r, r->map[f->in[1 - i]], f->in[i]);
    return true;
}
