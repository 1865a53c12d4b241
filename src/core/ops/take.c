/* SPDX-License-Identifier: MIT */
/* take: out[o][j][i] = x[o][index[j]][i], o and i being the axes before and behind the one
 * indexed, and j those of the index. Negative indices wrap once; then an index outside takes
 * the nearest element (clamp) or gives 0.
 *
 *   dx = scatter_add(index, g), kept as rows where the derivative is of numbers */
#include <string.h>

#include "core/ops/rows.h"

/* --------------------------------------------------------------------------------- shape */

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn__take_attr *const a = attr;
    const vn_shape x = in[0].shape, index = in[1].shape;
    VN_TRY(vn__check_index("take", in[1].dtype));
    if (a->axis < 0 || a->axis >= x.rank)
        return vn__fail(VN_ERR_SHAPE, "take: axis %lld of an array with %d axes",
                        (long long)a->axis, x.rank);
    const int axis = (int)a->axis;
    if (x.dim[axis] == 0 && a->clamp && vn_shape_size(index) > 0)
        return vn__fail(VN_ERR_SHAPE, "take: axis %d has no elements", axis);
    out[0] = (vn_aval){ in[0].dtype, vn__shape_without(x, axis) };
    for (int i = 0; i < index.rank; i++)
        VN_TRY(vn__shape_insert(&out[0].shape, "take", axis + i, index.dim[i]));
    return VN_ERR_OK;
}

/* ---------------------------------------------------------------------------- evaluation */

typedef struct walk {
    const vn_eval *e;
    int64_t outer, n, inner, count, clamp;
    int64_t size, x_unit;
    const char *x;
    char *out;
} walk;

static int64_t index_of(const walk *w, int64_t j, int64_t lane)
{
    const int64_t i = w->e->mapped[1] ? j * w->e->lanes + lane : j;
    return vn__index_wrap(vn__index_at(w->e->in[1], w->e->in_aval[1].dtype, i), w->n,
                          w->clamp != 0);
}

/* The index is the same for all lanes: rows of inner * lanes elements. */
static void eval_rows(const walk *w)
{
    const int64_t row = w->inner * w->x_unit * w->size;
    for (int64_t o = 0; o < w->outer; o++)
        for (int64_t j = 0; j < w->count; j++) {
            const int64_t i = index_of(w, j, 0);
            char *const to = w->out + (o * w->count + j) * row;
            if (i < 0)
                memset(to, 0, (size_t)row);
            else
                memcpy(to, w->x + (o * w->n + i) * row, (size_t)row);
        }
}

/* The index differs by lane, x is a plain table: an embedding. */
static void eval_table(const walk *w)
{
    const int64_t lanes = w->e->lanes, row = w->inner * lanes * w->size;
    const vn__real_kernels *const real = w->e->kernels->real[w->e->in_aval[0].dtype];
    int32_t *const index = w->e->scratch;
    for (int64_t j = 0; j < w->count; j++) {
        for (int64_t l = 0; l < lanes; l++)
            index[l] = (int32_t)index_of(w, j, l);
        for (int64_t o = 0; o < w->outer; o++)
            real->gather_rows(w->out + (o * w->count + j) * row,
                              w->x + o * w->n * w->inner * w->size, w->inner, index, w->n,
                              w->inner, lanes);
    }
}

/* Any dtype, lane by lane. */
static void eval_lanes(const walk *w)
{
    const int64_t lanes = w->e->lanes, row = w->inner * w->size;
    for (int64_t o = 0; o < w->outer; o++)
        for (int64_t j = 0; j < w->count; j++)
            for (int64_t l = 0; l < lanes; l++) {
                const int64_t i = index_of(w, j, l), lane = w->e->mapped[0] ? l : 0;
                const int64_t from = (o * w->n + (i < 0 ? 0 : i)) * row * w->x_unit;
                char *const to = w->out + (o * w->count + j) * row * lanes + l * w->size;
                static const vn_c128 zero; /* of any dtype */
                w->e->kernels->copy(to, lanes, 1,
                                    i < 0 ? (const char *)&zero : w->x + from + lane * w->size,
                                    i < 0 ? 0 : w->x_unit, 1, w->inner, 1, w->size);
            }
}

static void eval(const vn_eval *e)
{
    if (vn__eval_shared(e, eval))
        return;
    const vn__take_attr *const a = e->attr;
    const vn_shape x = e->in_aval[0].shape;
    const bool lanes = e->lanes > 1;
    const walk w = {
        .e = e,
        .outer = vn__span(x, 0, (int)a->axis),
        .n = x.dim[a->axis],
        .inner = vn__span(x, (int)a->axis + 1, x.rank),
        .count = vn_shape_size(e->in_aval[1].shape),
        .clamp = a->clamp,
        .size = (int64_t)vn_dtype_size(e->in_aval[0].dtype),
        .x_unit = lanes && e->mapped[0] ? e->lanes : 1,
        .x = e->in[0],
        .out = e->out[0],
    };
    if (!lanes || !e->mapped[1])
        eval_rows(&w);
    else if (!e->mapped[0] && a->clamp && e->kernels->real[e->in_aval[0].dtype])
        eval_table(&w);
    else
        eval_lanes(&w);
}

static size_t scratch(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                      int64_t lanes)
{
    (void)attr, (void)in, (void)n_in, (void)mapped;
    return lanes == 1 ? 0 : (size_t)lanes * sizeof(int32_t);
}

/* ---------------------------------------------------------------------------- derivative */

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const vn__take_attr *const a = node->attr;
    if (!node->need[0])
        return;
    const vn__take_attr back = { a->axis, vn_dim(node->in[0], (int)a->axis), a->clamp };
    if (node->rows && node->rows[0] && vn__rows_add(node->rows[0], &back, node->in[1], g[0]))
        return;
    din[0] = vn_op_apply(&vn__op_scatter_add, &back, 2, (vn_array *[]){ node->in[1], g[0] });
}

/* A mapped axis is one of the index, or one of x that is not indexed. */
static bool pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[], int n_in,
                 const int axis[])
{
    (void)n_in;
    vn__take_attr a = *(const vn__take_attr *)attr;
    if (axis[0] >= 0 && (axis[1] >= 0 || axis[0] == a.axis))
        return false;
    if (axis[0] < 0)
        *out_axis = (int)a.axis + axis[1];
    else
        *out_axis = axis[0] < a.axis ? axis[0] : axis[0] - 1 + in[1].shape.rank;
    a.axis -= axis[0] >= 0 && axis[0] < a.axis;
    *(vn__take_attr *)attr_out = a;
    return true;
}

/* More indices, or more of x that is not indexed. */
static bool lift(void *attr_out, int *at, bool *swap, const void *attr, int64_t size,
                 const vn_aval in[], int n_in, const bool has[])
{
    (void)swap, (void)size, (void)in, (void)n_in;
    vn__take_attr a = *(const vn__take_attr *)attr;
    if (has[0] && has[1])
        return false;
    *at = has[1] ? (int)a.axis : 0;
    a.axis += has[0];
    *(vn__take_attr *)attr_out = a;
    return true;
}

const vn_op vn__op_take = {
    .name = "take",
    .n_in = 2,
    .attr_size = sizeof(vn__take_attr),
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = shape,
    .eval = eval,
    .scratch = scratch,
    .vjp = vjp,
    .pull = pull,
    .lift = lift,
};

/* ---------------------------------------------------------------------- public functions */

vn_array *vn_take(vn_array *x, vn_array *index, int axis)
{
    vn_array *const in[] = { vn__as_operand("take", x), vn__index_operand("take", index) };
    if (!in[0] || !in[1] || vn__wrap_axis(&axis, "take", vn_rank(in[0])) != VN_ERR_OK)
        return NULL;
    return vn_op_apply(&vn__op_take, &(vn__take_attr){ axis, 0, 1 }, 2, in);
}

vn_array *vn_dynamic_index(vn_array *x, vn_array *i, int axis)
{
    vn__named_begin("dynamic_index");
    vn_array *const index = vn__index_operand("dynamic_index", i);
    if (!x || !index)
        return vn__named_end(NULL);
    if (vn_rank(index) != 0)
        return vn__named_end(vn_error(VN_ERR_SHAPE,
                                      "dynamic_index: an index with %d axes, expected a scalar",
                                      vn_rank(index)));
    return vn__named_end(vn_take(x, index, axis));
}
