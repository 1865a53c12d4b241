/* SPDX-License-Identifier: MIT */
/* concat(x, y, ...): one after the other along an axis    dx_i = the part of g that is x_i's
 * stack: the same along a new axis */
#include "core/ops/along_axis.h"
#include "core/ops/grid.h"
#include "core/tape/tape.h"

typedef struct concat_attr {
    int64_t axis;
} concat_attr;

static int axis_of(const void *attr) { return (int)((const concat_attr *)attr)->axis; }

static bool agrees(const vn_aval *a, const vn_aval *b, int axis)
{
    bool same = a->dtype == b->dtype && a->shape.rank == b->shape.rank;
    for (int d = 0; same && d < a->shape.rank; d++)
        same = d == axis || a->shape.dim[d] == b->shape.dim[d];
    return same;
}

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    int axis = axis_of(attr);
    if (n_in < 1)
        return vn__fail(VN_ERR_ARGUMENT, "concat: of no arrays");
    VN_TRY(vn__wrap_axis(&axis, "concat", in[0].shape.rank));
    out[0] = in[0];
    char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
    for (int i = 1; i < n_in; i++) {
        if (!agrees(&in[0], &in[i], axis))
            return vn__fail(VN_ERR_SHAPE, "concat: %s and %s differ beside axis %d",
                            vn__shape_text(a, in[0].dtype, in[0].shape),
                            vn__shape_text(b, in[i].dtype, in[i].shape), axis);
        out[0].shape.dim[axis] += in[i].shape.dim[axis];
    }
    return VN_ERR_OK;
}

/* Operand i, `part` elements in each of `outer` rows that are `row` elements apart in the
 * result; one that all lanes share is repeated. */
static void copy_operand(const vn_eval *e, int i, char *to, int64_t outer, int64_t part,
                         int64_t row, int64_t size)
{
    const bool own = e->lanes == 1 || e->mapped[i];
    const int64_t unit = own ? e->lanes : 1, run = part * e->lanes;
    if (own && (outer == 1 || e->lanes > 1)) {
        e->kernels->copy(to, row, 1, e->in[i], run, 1, outer, run, size);
        return;
    }
    vn__grid grid = { .count = 2 };
    vn__grid_push(&grid, outer, (int64_t[]){ row, part * unit });
    vn__grid_push(&grid, part, (int64_t[]){ e->lanes, unit });
    vn__grid_push(&grid, e->lanes, (int64_t[]){ 1, own });
    vn__grid_copy(to, e->in[i], &grid, (size_t)size, e->kernels);
}

static void eval(const vn_eval *e)
{
    const int axis = axis_of(e->attr);
    const int64_t size = (int64_t)vn_dtype_size(e->out_aval[0].dtype);
    const vn_shape out = e->out_aval[0].shape;
    const int64_t outer = vn__span(out, 0, axis),
                  row = vn__span(out, axis, out.rank) * e->lanes;
    char *to = e->out[0];
    for (int i = 0; i < e->n_in; i++) {
        const int64_t part = vn__span(e->in_aval[i].shape, axis, out.rank);
        copy_operand(e, i, to, outer, part, row, size);
        to += part * e->lanes * size;
    }
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const int axis = axis_of(node->attr);
    int64_t start = 0;
    for (int i = 0; i < node->n_in; i++) {
        const int64_t stop = start + vn_dim(node->in[i], axis);
        if (node->need[i])
            din[i] = vn_slice(g[0], axis, start, stop, 1);
        start = stop;
    }
}

static bool pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[], int n_in,
                 const int axis[])
{
    (void)in;
    const int own = axis_of(attr);
    for (int i = 0; i < n_in; i++)
        if (axis[i] != axis[0])
            return false;
    if (axis[0] < 0 || axis[0] == own)
        return false;
    *(concat_attr *)attr_out = (concat_attr){ own - (own > axis[0]) };
    *out_axis = axis[0];
    return true;
}

static bool lift(void *attr_out, int *at, bool *swap, const void *attr, int64_t size,
                 const vn_aval in[], int n_in, const bool has[])
{
    (void)at, (void)swap, (void)size, (void)in;
    for (int i = 0; i < n_in; i++)
        if (!has[i])
            return false;
    *(concat_attr *)attr_out = (concat_attr){ axis_of(attr) + 1 };
    return true;
}

static bool joins(const void *attr, const vn_aval *out)
{
    return vn__span(out->shape, 0, axis_of(attr)) == 1;
}

const vn_op vn__op_concat = {
    .name = "concat",
    .n_in = -1,
    .attr_size = sizeof(concat_attr),
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = shape,
    .eval = eval,
    .vjp = vjp,
    .pull = pull,
    .lift = lift,
    .joins = joins,
};

/* ---------------------------------------------------------------- public functions */

static vn_status prepare(vn_array *out[], const char *who, int n, vn_array *const x[])
{
    if (n < 1 || !x)
        return vn__fail(VN_ERR_ARGUMENT, "%s: of no arrays", who);
    if (n > VN__MAX_OPERANDS)
        return vn__fail(VN_ERR_LIMIT, "%s: of %d arrays, at most %d", who, n, VN__MAX_OPERANDS);
    return vn__promote(out, NULL, who, VN__ANY, n, x);
}

static vn_array *concat(int n, vn_array *const x[], int axis)
{
    return n == 1 ? x[0] : vn_op_apply(&vn__op_concat, &(concat_attr){ axis }, n, x);
}

vn_array *vn_concat_n(int n, vn_array *const x[], int axis)
{
    vn_array *a[VN__MAX_OPERANDS];
    a[0] = NULL;
    if (prepare(a, "concat", n, x) != VN_ERR_OK ||
        vn__wrap_axis(&axis, "concat", vn_rank(a[0])) != VN_ERR_OK)
        return NULL;
    return concat(n, a, axis);
}

vn_array *vn_stack_n(int n, vn_array *const x[], int axis)
{
    vn_array *a[VN__MAX_OPERANDS];
    a[0] = NULL;
    if (prepare(a, "stack", n, x) != VN_ERR_OK)
        return NULL;
    const vn_shape shape_ = vn_shape_of(a[0]);
    char s[VN__SHAPE_TEXT], t[VN__SHAPE_TEXT];
    for (int i = 1; i < n; i++)
        if (!vn_shape_equal(vn_shape_of(a[i]), shape_)) {
            vn__fail(VN_ERR_SHAPE, "stack: shapes %s and %s differ",
                     vn__shape_text(s, vn_dtype_of(a[0]), shape_),
                     vn__shape_text(t, vn_dtype_of(a[i]), vn_shape_of(a[i])));
            return NULL;
        }
    vn_shape wide = shape_;
    if (vn__wrap_axis(&axis, "stack", shape_.rank + 1) != VN_ERR_OK ||
        vn__shape_insert(&wide, "stack", axis, 1) != VN_ERR_OK)
        return NULL;
    for (int i = 0; i < n; i++)
        a[i] = vn_reshape(a[i], wide);
    return concat(n, a, axis);
}
