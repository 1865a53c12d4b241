/* SPDX-License-Identifier: MIT */
/* transpose(x): axis d of the result is axis p[d] of x     dx = g, by the inverse of p */
#include "core/ops/grid.h"

/* A permutation of the axes. */
typedef struct transpose_attr {
    vn_axes axes;
} transpose_attr;

static vn_axes permutation_of(const void *attr) { return ((const transpose_attr *)attr)->axes; }

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn_axes p = permutation_of(attr);
    vn_axes sorted = p;
    char text[VN__SHAPE_TEXT];
    if (p.count != in[0].shape.rank)
        return vn__fail(VN_ERR_SHAPE, "transpose: %d axes for %s", p.count,
                        vn__shape_text(text, in[0].dtype, in[0].shape));
    VN_TRY(vn__wrap_axes(&sorted, "transpose", in[0].shape.rank));
    out[0] = (vn_aval){ in[0].dtype, { .rank = p.count } };
    for (int d = 0; d < p.count; d++)
        out[0].shape.dim[d] = in[0].shape.dim[p.axis[d]];
    return VN_ERR_OK;
}

/* The axis of the result of which a part has a share: the first that is longer than 1. */
static int cut_axis(vn_shape out)
{
    int axis = 0;
    while (axis < out.rank - 1 && out.dim[axis] == 1)
        axis++;
    return axis;
}

static int64_t parts(const void *attr, const vn_aval in[], const bool mapped[], int64_t lanes,
                     bool sum)
{
    vn_aval out;
    if (sum || (lanes > 1 && !mapped[0]) || in[0].shape.rank == 0 ||
        shape(&out, attr, in, 1) != VN_ERR_OK)
        return 1;
    const int64_t size = (int64_t)vn_dtype_size(out.dtype);
    return vn__parts_of_bytes(2 * vn_shape_size(out.shape) * lanes * size,
                              out.shape.dim[cut_axis(out.shape)]);
}

static void mapped_eval(const vn_eval *e)
{
    const vn_axes p = permutation_of(e->attr);
    const int64_t size = (int64_t)vn_dtype_size(e->in_aval[0].dtype);
    const int axis = cut_axis(e->out_aval[0].shape);
    vn_shape out = e->out_aval[0].shape;
    int64_t dst[VN_MAX_RANK] = { 0 }, src[VN_MAX_RANK] = { 0 }, from = 0;
    vn__strides(dst, out);
    vn__strides(src, e->in_aval[0].shape);
    if (out.rank > 0)
        out.dim[axis] = vn__eval_share(&from, e, out.dim[axis]) - from;
    vn__grid grid = { .count = 2 };
    for (int d = 0; d < p.count; d++)
        vn__grid_push(&grid, out.dim[d],
                      (int64_t[]){ dst[d] * e->lanes, src[p.axis[d]] * e->lanes });
    vn__grid_push(&grid, e->lanes, (int64_t[]){ 1, 1 });
    from *= e->lanes * size;
    vn__grid_copy((char *)e->out[0] + from * dst[axis],
                  (const char *)e->in[0] + from * src[p.axis[axis]], &grid, (size_t)size,
                  e->kernels);
}

static void eval(const vn_eval *e)
{
    if (!vn__eval_shared(e, mapped_eval))
        mapped_eval(e);
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const vn_axes p = permutation_of(node->attr);
    vn_axes inverse = { .count = p.count };
    for (int d = 0; d < p.count; d++)
        inverse.axis[p.axis[d]] = d;
    din[0] = vn_transpose(g[0], inverse);
}

static bool pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[], int n_in,
                 const int axis[])
{
    (void)in, (void)n_in;
    const vn_axes p = permutation_of(attr);
    vn_axes rest = { 0 };
    for (int d = 0; d < p.count; d++)
        if (p.axis[d] == axis[0])
            *out_axis = d;
        else
            rest.axis[rest.count++] = p.axis[d] - (p.axis[d] > axis[0]);
    *(transpose_attr *)attr_out = (transpose_attr){ rest };
    return true;
}

static bool lift(void *attr_out, int *at, bool *swap, const void *attr, int64_t size,
                 const vn_aval in[], int n_in, const bool has[])
{
    (void)at, (void)swap, (void)size, (void)in, (void)n_in, (void)has;
    const vn_axes p = permutation_of(attr);
    vn_axes all = { .count = p.count + 1 };
    for (int d = 0; d < p.count; d++)
        all.axis[d + 1] = p.axis[d] + 1;
    *(transpose_attr *)attr_out = (transpose_attr){ all };
    return true;
}

const vn_op vn__op_transpose = {
    .name = "transpose",
    .n_in = 1,
    .attr_size = sizeof(transpose_attr),
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = shape,
    .eval = eval,
    .parts = parts,
    .vjp = vjp,
    .pull = pull,
    .lift = lift,
};

bool vn__transpose_axes(vn_axes *axes, const vn_op *op, const void *attr)
{
    if (op == &vn__op_transpose)
        *axes = permutation_of(attr);
    return op == &vn__op_transpose;
}

/* ---------------------------------------------------------------- public functions */

/* The axes longer than 1 stay in order: a reshape. */
static bool moves_nothing(vn_axes p, vn_shape shape)
{
    int last = -1;
    for (int d = 0; d < p.count; d++) {
        if (shape.dim[p.axis[d]] == 1)
            continue;
        if (p.axis[d] < last)
            return false;
        last = p.axis[d];
    }
    return true;
}

vn_array *vn_transpose(vn_array *x, vn_axes permutation)
{
    vn_array *const a = vn__as_operand("transpose", x);
    if (!a)
        return NULL;
    const int rank = vn_rank(a);
    transpose_attr attr = { { .count = permutation.count ? permutation.count : rank } };
    for (int d = 0; d < attr.axes.count && d < VN_MAX_RANK; d++) {
        attr.axes.axis[d] = permutation.count ? permutation.axis[d] : rank - 1 - d;
        if (vn__wrap_axis(&attr.axes.axis[d], "transpose", rank) != VN_ERR_OK)
            return NULL;
    }
    const vn_aval in = vn__aval_of(a);
    vn_aval out = in;
    if (shape(&out, &attr, &in, 1) != VN_ERR_OK)
        return NULL;
    return moves_nothing(attr.axes, in.shape) ? vn_reshape(a, out.shape)
                                              : vn_op_apply(&vn__op_transpose, &attr, 1, &a);
}

vn_array *vn_swapaxes(vn_array *x, int a, int b)
{
    vn_array *const array = vn__as_operand("swapaxes", x);
    const int rank = array ? vn_rank(array) : 0;
    if (!array || vn__wrap_axis(&a, "swapaxes", rank) != VN_ERR_OK ||
        vn__wrap_axis(&b, "swapaxes", rank) != VN_ERR_OK)
        return NULL;
    vn_axes p = vn__all_axes(rank);
    p.axis[a] = b;
    p.axis[b] = a;
    return vn_transpose(array, p);
}

vn_array *vn_moveaxis(vn_array *x, int from, int to)
{
    vn_array *const array = vn__as_operand("moveaxis", x);
    const int rank = array ? vn_rank(array) : 0;
    if (!array || vn__wrap_axis(&from, "moveaxis", rank) != VN_ERR_OK ||
        vn__wrap_axis(&to, "moveaxis", rank) != VN_ERR_OK)
        return NULL;
    vn_axes p = { .count = rank };
    for (int d = 0, next = 0; d < rank; d++) {
        if (d == to) {
            p.axis[d] = from;
            continue;
        }
        next += next == from;
        p.axis[d] = next++;
    }
    return vn_transpose(array, p);
}
