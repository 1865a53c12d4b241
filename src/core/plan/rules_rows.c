/* SPDX-License-Identifier: MIT */
/* Rows of examples that are added to a table, as the gradient of an embedding has them. With
 * out(v, k) for map_out at real axis k:
 *     axis_sum(scatter_add(i, u))  = scatter_add(i, axis_sum(u))               i not mapped
 *     axis_sum(scatter_add(i, u))  = scatter_add(out(i, 0), out(u, axis))      else
 * The second is for tables that are large beside the rows of all examples: no example, tile or
 * slot then has a table of its own, and several workers make the one there is. */
#include "core/ops/indices.h"
#include "core/plan/rewrite.h"
#include "vernal/ops.h"

#define TABLE_BYTES (1 << 16) /* smaller ones are summed in the stage */
#define MOST_TABLES 16        /* so many may be stored of rows */

static bool is_mapped(const vn__rewriter *r, uint32_t value, int axis)
{
    return r->to->value[value].axes >> axis & 1;
}

static int64_t bytes_of(const vn__rewriter *r, uint32_t value)
{
    return vn__aval_bytes(r->to->value[value].aval);
}

bool vn__rule_sum_of_rows(vn__rewriter *r, vn_array *out[], const vn__axis_attr *axis,
                          const vn__instr *f, bool always)
{
    if (f->op != &vn__op_scatter_add)
        return false;
    const vn__take_attr a = *(const vn__take_attr *)f->attr;
    const uint32_t index = f->in[0], rows = f->in[1];
    vn_array *in[2] = { vn__rewrite_operand(r, f, 0), vn__rewrite_operand(r, f, 1) };
    if (!is_mapped(r, index, axis->axis)) {
        in[1] = vn__rewrite_one(r, &vn__op_axis_sum, axis, 1, &in[1]);
        out[0] = vn__rewrite_one(r, &vn__op_scatter_add, &a, 2, in);
        return true;
    }
    const int64_t table = bytes_of(r, f->out), stored = bytes_of(r, rows) * axis->size;
    const bool fits = vn_rank(in[0]) < VN_MAX_RANK && vn_rank(in[1]) < VN_MAX_RANK;
    if (!fits || (!always && (table < TABLE_BYTES || stored / MOST_TABLES > table)))
        return false;
    in[0] = vn__rewrite_outside(r, in[0], axis);
    in[1] = vn__rewrite_outside(r, in[1], axis);
    if (in[1] && a.axis != 0)
        in[1] = vn_moveaxis(in[1], 0, (int)a.axis);
    out[0] = vn__rewrite_one(r, &vn__op_scatter_add, &a, 2, in);
    return true;
}
