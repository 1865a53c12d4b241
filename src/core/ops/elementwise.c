/* SPDX-License-Identifier: MIT */
/* What all element-wise ops share.
 *
 * Evaluation: with lanes, a mapped operand is [shape..][L], one that is not mapped [shape..]
 * with stride 0 over the lanes; broadcast axes have stride 0 too. Joining axes that all
 * operands step through alike leaves few: [F][L] + [F][L] is one row of F L elements, [F][L] +
 * [F] is a rectangle of F rows and L columns. Whatever is left outside is looped over. */
#include "core/ops/elementwise.h"

#include "core/ops/grid.h"

/* --------------------------------------------------------------------------- shape */

vn_status vn__elementwise_shape(vn_aval out[], const char *who, int accept, const vn_aval in[],
                                int n_in)
{
    VN_TRY(vn__check_dtype(who, in[0].dtype, accept));
    for (int i = 1; i < n_in; i++)
        if (in[i].dtype != in[0].dtype)
            return vn__fail(VN_ERR_DTYPE, "%s: operands are %s and %s, expected one dtype", who,
                            vn_dtype_name(in[0].dtype), vn_dtype_name(in[i].dtype));
    out[0].dtype = in[0].dtype;
    return vn__broadcast_shapes(&out[0].shape, who, in, n_in);
}

/* ---------------------------------------------------------------------------- eval */

void vn__eval_unary(const vn_eval *e, vn__unary_fn *kernel)
{
    const int64_t n = vn_shape_size(e->out_aval[0].shape);
    if (e->lanes == 1 || e->mapped[0]) {
        kernel(e->out[0], e->in[0], n * e->lanes);
        return;
    }
    const size_t size = vn_dtype_size(e->out_aval[0].dtype);
    void *const tail = (char *)e->out[0] + (size_t)(n * (e->lanes - 1)) * size;
    kernel(tail, e->in[0], n);
    vn__spread_lanes(e->out[0], tail, n, e->lanes, size);
}

/* Strides of an operand over the axes of the result. */
static void operand_strides(int64_t stride[VN_MAX_RANK], vn_shape shape, vn_shape out,
                            int64_t unit)
{
    int64_t own[VN_MAX_RANK];
    vn__strides(own, shape);
    const int lead = out.rank - shape.rank;
    for (int d = 0; d < out.rank; d++)
        stride[d] = d < lead || shape.dim[d - lead] == 1 ? 0 : own[d - lead] * unit;
}

/* The usual case, without a grid: every operand is laid out like the result, or is one number.
 * in: as operands of one row of n elements. */
static bool is_row(const vn_eval *e, int64_t n, vn__in in[])
{
    const vn_shape *const out = &e->out_aval[0].shape;
    for (int i = 0; i < e->n_in; i++) {
        const vn_shape *const shape = &e->in_aval[i].shape;
        bool same = (e->lanes == 1 || e->mapped[i]) && shape->rank == out->rank;
        for (int d = 0; same && d < out->rank; d++)
            same = shape->dim[d] == out->dim[d];
        const bool one = shape->rank == 0 && (e->lanes == 1 || !e->mapped[i]);
        if (!same && !one)
            return false;
        in[i] = (vn__in){ e->in[i], same ? n : 0, same };
    }
    return true;
}

/* Array 0 is the result, array i + 1 operand i. */
static void make_grid(vn__grid *grid, const vn_eval *e)
{
    grid->count = e->n_in + 1;
    grid->rank = 0;
    const vn_shape shape = e->out_aval[0].shape;
    int64_t stride[VN__GRID_ARRAYS][VN_MAX_RANK], lane[VN__GRID_ARRAYS] = { 1 };
    vn__strides(stride[0], shape);
    for (int d = 0; d < shape.rank; d++)
        stride[0][d] *= e->lanes;
    for (int i = 0; i < e->n_in; i++) {
        lane[i + 1] = e->mapped[i];
        operand_strides(stride[i + 1], e->in_aval[i].shape, shape, e->mapped[i] ? e->lanes : 1);
    }
    for (int d = 0; d < shape.rank; d++) {
        int64_t step[VN__GRID_ARRAYS];
        for (int k = 0; k < grid->count; k++)
            step[k] = stride[k][d];
        vn__grid_push(grid, shape.dim[d], step);
    }
    vn__grid_push(grid, e->lanes, lane);
    vn__grid_collapse(grid);
}

typedef struct rectangles {
    vn__grid grid;
    const vn_eval *e;
    int64_t rows, cols, z_row;
    vn__binary_fn *binary;
    vn__ternary_fn *ternary;
} rectangles;

static vn__in operand(const rectangles *r, int i, const int64_t offset[])
{
    const int64_t *const stride = r->grid.stride[i + 1];
    const int rank = r->grid.rank;
    const size_t size = vn_dtype_size(r->e->in_aval[i].dtype);
    return (vn__in){ .data = (const char *)r->e->in[i] + offset[i + 1] * (int64_t)size,
                     .row = rank > 1 ? stride[rank - 2] : 0,
                     .inner = rank > 0 ? stride[rank - 1] : 0 };
}

static void visit(void *context, const int64_t offset[])
{
    const rectangles *const r = context;
    const size_t size = vn_dtype_size(r->e->out_aval[0].dtype);
    void *const z = (char *)r->e->out[0] + offset[0] * (int64_t)size;
    vn__in in[3];
    for (int i = 0; i < r->e->n_in; i++)
        in[i] = operand(r, i, offset);
    if (r->binary)
        r->binary(z, r->z_row, in, r->rows, r->cols);
    else
        r->ternary(z, r->z_row, in, r->rows, r->cols);
}

/* Not inlined: the usual case is to need no memory for a grid. */
__attribute__((noinline)) static void run(const vn_eval *e, vn__binary_fn *binary,
                                          vn__ternary_fn *ternary)
{
    rectangles own, *const r = &own;
    r->e = e;
    r->binary = binary;
    r->ternary = ternary;
    make_grid(&r->grid, r->e);
    const int rank = r->grid.rank;
    r->cols = rank > 0 ? r->grid.dim[rank - 1] : 1;
    r->rows = rank > 1 ? r->grid.dim[rank - 2] : 1;
    r->z_row = rank > 1 ? r->grid.stride[0][rank - 2] : r->cols;
    vn__grid_walk(&r->grid, rank < 2 ? rank : 2, visit, r);
}

void vn__eval_binary(const vn_eval *e, vn__binary_fn *kernel)
{
    const int64_t n = vn__eval_size(e);
    vn__in in[2];
    if (is_row(e, n, in))
        kernel(e->out[0], n, in, 1, n);
    else
        run(e, kernel, NULL);
}

void vn__eval_ternary(const vn_eval *e, vn__ternary_fn *kernel)
{
    const int64_t n = vn__eval_size(e);
    vn__in in[3];
    if (is_row(e, n, in))
        kernel(e->out[0], n, in, 1, n);
    else
        run(e, NULL, kernel);
}

/* --------------------------------------------------------------------- derivatives */

void vn__elementwise_vjp(vn_array *din[], const vn_node *node, vn_array *g,
                         vn__partial *const partial[])
{
    for (int i = 0; i < node->n_in; i++)
        if (node->need[i] && partial[i])
            din[i] = partial[i](g, node->in, node->out[0]);
}

void vn__elementwise_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[],
                         vn__partial *const partial[])
{
    for (int i = 0; i < node->n_in; i++) {
        vn_array *const part =
            din[i] && partial[i] ? partial[i](din[i], node->in, node->out[0]) : NULL;
        dout[0] = dout[0] && part ? vn_add(dout[0], part) : part ? part : dout[0];
    }
}
