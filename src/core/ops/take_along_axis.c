/* SPDX-License-Identifier: MIT */
/* take_along_axis: out[o][j][i] = x[o][index[o][j][i]][i], and its transpose add_along_axis:
 * out[o][k][i] = sum over the j with index[o][j][i] = k of g[o][j][i]. Negative indices wrap
 * once; an index outside then takes the nearest element. Each is the other's derivative. */
#include <string.h>

#include "core/ops/indices.h"

/* The attributes: vn__take_attr; size is the length of x's axis. Both operands have one rank
 * and agree on every other axis. */
static vn_status check(const char *who, const vn__take_attr *a, vn_aval x, vn_aval index)
{
    bool fits = x.shape.rank == index.shape.rank && a->axis < x.shape.rank;
    for (int i = 0; i < x.shape.rank && fits; i++)
        fits = i == a->axis || x.shape.dim[i] == index.shape.dim[i];
    VN_TRY(vn__check_index(who, index.dtype));
    if (fits && (a->size > 0 || vn_shape_size(index.shape) == 0))
        return VN_ERR_OK;
    char text[2][VN__SHAPE_TEXT];
    return vn__fail(VN_ERR_SHAPE, "%s: index %s does not fit %s along axis %lld", who,
                    vn__shape_text(text[0], index.dtype, index.shape),
                    vn__shape_text(text[1], x.dtype, x.shape), (long long)a->axis);
}

/* Sizes of the walk over the elements of the index. */
typedef struct walk {
    int64_t n, m, inner, outer, lanes;
    bool mapped[2];
} walk;

static walk walk_of(const vn_eval *e, int index)
{
    const vn__take_attr *const a = e->attr;
    const vn_shape s = e->in_aval[index].shape;
    return (walk){
        .n = a->size,
        .m = s.dim[a->axis],
        .outer = vn__span(s, 0, (int)a->axis),
        .inner = vn__span(s, (int)a->axis + 1, s.rank),
        .lanes = e->lanes,
        .mapped = { e->lanes > 1 && e->mapped[0], e->lanes > 1 && e->mapped[1] },
    };
}

static int64_t place(const walk *w, bool mapped, int64_t entry, int64_t lane)
{
    return mapped ? entry * w->lanes + lane : entry;
}

/* Entry of x for entry t of the index, whose value is k. */
static int64_t entry_of(const walk *w, int64_t t, int64_t k)
{
    const int64_t o = t / (w->m * w->inner), i = t % w->inner;
    return (o * w->n + vn__index_wrap(k, w->n, true)) * w->inner + i;
}

/* ----------------------------------------------------------------------- take_along_axis */

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn__take_attr *const a = attr;
    VN_TRY(check("take_along_axis", a, in[0], in[1]));
    out[0] = (vn_aval){ in[0].dtype, in[1].shape };
    return VN_ERR_OK;
}

static void eval(const vn_eval *e)
{
    if (vn__eval_shared(e, eval))
        return;
    const walk w = walk_of(e, 1);
    const int64_t size = (int64_t)vn_dtype_size(e->in_aval[0].dtype);
    for (int64_t t = 0, n = w.outer * w.m * w.inner; t < n; t++)
        for (int64_t l = 0; l < w.lanes; l++) {
            const int64_t k =
                vn__index_at(e->in[1], e->in_aval[1].dtype, place(&w, w.mapped[1], t, l));
            const int64_t from = place(&w, w.mapped[0], entry_of(&w, t, k), l);
            memcpy((char *)e->out[0] + (t * w.lanes + l) * size,
                   (const char *)e->in[0] + from * size, (size_t)size);
        }
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    if (node->need[0])
        din[0] = vn_op_apply(&vn__op_add_along_axis, node->attr, 2,
                             (vn_array *[]){ node->in[1], g[0] });
}

/* A mapped axis that both have, but not the one indexed. */
static bool pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[], int n_in,
                 const int axis[])
{
    (void)in, (void)n_in;
    vn__take_attr a = *(const vn__take_attr *)attr;
    if (axis[0] != axis[1] || axis[0] == a.axis)
        return false;
    *out_axis = axis[0];
    a.axis -= axis[0] < a.axis;
    *(vn__take_attr *)attr_out = a;
    return true;
}

const vn_op vn__op_take_along_axis = {
    .name = "take_along_axis",
    .n_in = 2,
    .attr_size = sizeof(vn__take_attr),
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = shape,
    .eval = eval,
    .vjp = vjp,
    .pull = pull,
};

/* ------------------------------------------------------------------------ add_along_axis */

static vn_status add_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn__take_attr *const a = attr;
    vn_aval x = { in[1].dtype, in[0].shape };
    VN_TRY(vn__check_dtype("add_along_axis", in[1].dtype, VN__INEXACT));
    VN_TRY(check("add_along_axis", a, x, in[0]));
    if (!vn_shape_equal(in[0].shape, in[1].shape))
        return vn__fail(VN_ERR_SHAPE, "add_along_axis: index and update differ in shape");
    x.shape.dim[a->axis] = a->size;
    out[0] = x;
    return VN_ERR_OK;
}

static void add_parts(void *out, int64_t to, const void *in, int64_t from, vn_dtype dtype)
{
    const int64_t parts = vn_dtype_is_complex(dtype) ? 2 : 1;
    for (int64_t p = 0; p < parts; p++)
        if (vn_dtype_real(dtype) == VN_F32)
            ((float *)out)[to * parts + p] += ((const float *)in)[from * parts + p];
        else
            ((double *)out)[to * parts + p] += ((const double *)in)[from * parts + p];
}

static void add_eval(const vn_eval *e)
{
    if (vn__eval_shared(e, add_eval))
        return;
    const walk w = walk_of(e, 0);
    const vn_dtype dtype = e->in_aval[1].dtype;
    memset(e->out[0], 0, (size_t)vn__eval_size(e) * vn_dtype_size(dtype));
    for (int64_t t = 0, n = w.outer * w.m * w.inner; t < n; t++)
        for (int64_t l = 0; l < w.lanes; l++) {
            const int64_t k =
                vn__index_at(e->in[0], e->in_aval[0].dtype, place(&w, w.mapped[0], t, l));
            const int64_t to = entry_of(&w, t, k) * w.lanes + l;
            const int64_t from = place(&w, w.mapped[1], t, l);
            add_parts(e->out[0], to, e->in[1], from, dtype);
        }
}

static void add_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    if (node->need[1])
        din[1] = vn_op_apply(&vn__op_take_along_axis, node->attr, 2,
                             (vn_array *[]){ g[0], node->in[0] });
}

const vn_op vn__op_add_along_axis = {
    .name = "add_along_axis",
    .n_in = 2,
    .attr_size = sizeof(vn__take_attr),
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = add_shape,
    .eval = add_eval,
    .vjp = add_vjp,
    .pull = pull,
};

/* ----------------------------------------------------------------------- public function */

/* x and index broadcast to each other along all axes but one. */
static vn_status broadcast_pair(vn_array *in[2], int axis)
{
    vn_aval other[2] = { vn__aval_of(in[0]), vn__aval_of(in[1]) };
    if (other[0].shape.rank != other[1].shape.rank) {
        char text[2][VN__SHAPE_TEXT];
        return vn__fail(VN_ERR_SHAPE, "take_along_axis: index %s and %s have different ranks",
                        vn__shape_text(text[0], other[1].dtype, other[1].shape),
                        vn__shape_text(text[1], other[0].dtype, other[0].shape));
    }
    vn_shape shape;
    const int64_t length[2] = { other[0].shape.dim[axis], other[1].shape.dim[axis] };
    other[0].shape.dim[axis] = other[1].shape.dim[axis] = 1;
    VN_TRY(vn__broadcast_shapes(&shape, "take_along_axis", other, 2));
    for (int i = 0; i < 2; i++) {
        shape.dim[axis] = length[i];
        in[i] = vn_broadcast_to(in[i], shape);
        if (!in[i])
            return vn_error_status();
    }
    return VN_ERR_OK;
}

vn_array *vn_take_along_axis(vn_array *x, vn_array *index, int axis)
{
    vn_array *in[] = { vn__as_operand("take_along_axis", x),
                       vn__index_operand("take_along_axis", index) };
    if (!in[0] || !in[1] ||
        vn__wrap_axis(&axis, "take_along_axis", vn_rank(in[0])) != VN_ERR_OK ||
        broadcast_pair(in, axis) != VN_ERR_OK)
        return NULL;
    return vn_op_apply(&vn__op_take_along_axis,
                       &(vn__take_attr){ axis, vn_dim(in[0], axis), 1 }, 2, in);
}
