/* SPDX-License-Identifier: MIT */
/* One row of an array at an index that is a value; a negative index counts from the end.
 *
 *   buffer_set(b, i, x, p)   out = b, but out[i] = x if p; an index outside is dropped
 *   buffer_get(b, i)         out = b[i]; an index outside is the nearest
 *   buffer_one(i, x)         out = 0, but out[i] = x
 *   buffer_add(b, i, x)      out = b, but out[i] = b[i] + x
 *
 *   buffer_set: db = buffer_set(g, i, 0, p),  dx = g[i] if p, else 0
 *   buffer_get: db = buffer_one(i, g)         buffer_one: dx = g[i]
 *   buffer_add: db = g, dx = g[i]
 *
 * Evaluated where out and b are one memory, a step costs one row, however long the buffer. */
#include "core/ops/buffer.h"

#include <string.h>

#include "core/ops/indices.h"
#include "kernels/kernels.h"

bool vn__buffer_is_written(const vn_op *op, const void *attr)
{
    return op == &vn__op_buffer_set && ((const vn__buffer_attr *)attr)->written;
}

/* ---------------------------------------------------------------------------- shapes */

static vn_shape row_of(vn_shape shape)
{
    for (int i = 0; i + 1 < shape.rank; i++)
        shape.dim[i] = shape.dim[i + 1];
    shape.dim[--shape.rank] = 0;
    return shape;
}

static vn_status check(const char *who, vn_aval buffer, vn_aval index)
{
    char text[VN__SHAPE_TEXT];
    VN_TRY(vn__check_index(who, index.dtype));
    if (buffer.shape.rank == 0)
        return vn__fail(VN_ERR_SHAPE, "%s: the buffer has no axis", who);
    if (index.shape.rank != 0)
        return vn__fail(VN_ERR_SHAPE, "%s: the index is %s, expected a scalar", who,
                        vn__shape_text(text, index.dtype, index.shape));
    return VN_ERR_OK;
}

static vn_status check_row(const char *who, vn_aval buffer, vn_aval x)
{
    char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
    if (x.dtype == buffer.dtype && vn_shape_equal(x.shape, row_of(buffer.shape)))
        return VN_ERR_OK;
    return vn__fail(VN_ERR_SHAPE, "%s: %s is no row of %s", who,
                    vn__shape_text(a, x.dtype, x.shape),
                    vn__shape_text(b, buffer.dtype, buffer.shape));
}

/* ------------------------------------------------------------------------ evaluation */

/* Elements of a row and lanes; lane l of an operand without lanes is the operand. */
typedef struct rows {
    int64_t n, row, lanes, size;
} rows;

static rows rows_of(const vn_eval *e, vn_aval buffer)
{
    return (rows){ buffer.shape.dim[0], vn_shape_size(row_of(buffer.shape)), e->lanes,
                   (int64_t)vn_dtype_size(buffer.dtype) };
}

static int64_t index_of(const vn_eval *e, int operand, int64_t lane, int64_t n, bool clamp)
{
    return vn__index_wrap(vn__index_at(e->in[operand], e->in_aval[operand].dtype,
                                       e->mapped[operand] ? lane : 0),
                          n, clamp);
}

/* The buffer itself, unless the result is where it is. */
static void copy_buffer(const vn_eval *e, rows r)
{
    const int64_t n = r.n * r.row;
    if (e->out[0] == e->in[0])
        return;
    if (e->mapped[0] || r.lanes == 1)
        memcpy(e->out[0], e->in[0], (size_t)(n * r.lanes * r.size));
    else
        e->kernels->copy(e->out[0], r.lanes, 1, e->in[0], 1, 0, n, r.lanes, r.size);
}

/* Element k of the row of lane l in x, and of row i of lane l in a result. */
static const char *row_in(const vn_eval *e, rows r, int operand, int64_t k, int64_t lane)
{
    return (const char *)e->in[operand] +
           (e->mapped[operand] ? k * r.lanes + lane : k) * r.size;
}

static char *row_out(const vn_eval *e, rows r, int64_t i, int64_t k, int64_t lane)
{
    return (char *)e->out[0] + ((i * r.row + k) * r.lanes + lane) * r.size;
}

/* One element, or a whole row where there are no lanes. */
static inline void move(char *to, const char *from, int64_t bytes)
{
    if (bytes == 4)
        memcpy(to, from, 4);
    else if (bytes == 8)
        memcpy(to, from, 8);
    else
        memcpy(to, from, (size_t)bytes);
}

/* Row i of lane l of the result becomes row j of operand `from`. */
static void move_row(const vn_eval *e, rows r, int64_t i, int from, int64_t j, int64_t l)
{
    if (r.lanes == 1)
        move(row_out(e, r, i, 0, 0), row_in(e, r, from, j * r.row, 0), r.row * r.size);
    else
        for (int64_t k = 0; k < r.row; k++)
            move(row_out(e, r, i, k, l), row_in(e, r, from, j * r.row + k, l), r.size);
}

static void set_eval(const vn_eval *e)
{
    const rows r = rows_of(e, e->in_aval[0]);
    copy_buffer(e, r);
    for (int64_t l = 0; l < r.lanes; l++) {
        const int64_t i = index_of(e, 1, l, r.n, false);
        if (i < 0 || !((const uint8_t *)e->in[3])[e->mapped[3] ? l : 0])
            continue;
        move_row(e, r, i, 2, 0, l);
    }
}

static void get_eval(const vn_eval *e)
{
    const rows r = rows_of(e, e->in_aval[0]);
    for (int64_t l = 0; l < r.lanes; l++) {
        const int64_t i = index_of(e, 1, l, r.n, true);
        move_row(e, r, 0, 0, i, l);
    }
}

static void one_eval(const vn_eval *e)
{
    const rows r = rows_of(e, e->out_aval[0]);
    memset(e->out[0], 0, (size_t)(r.n * r.row * r.lanes * r.size));
    for (int64_t l = 0; l < r.lanes; l++) {
        const int64_t i = index_of(e, 0, l, r.n, true);
        move_row(e, r, i, 1, 0, l);
    }
}

static void add_eval(const vn_eval *e)
{
    const rows r = rows_of(e, e->in_aval[0]);
    vn__binary_fn *const add = e->kernels->binary[e->in_aval[0].dtype][VN__BINARY_add];
    copy_buffer(e, r);
    for (int64_t l = 0; l < r.lanes; l++) {
        const int64_t i = index_of(e, 1, l, r.n, true);
        for (int64_t k = 0; k < r.row; k++) {
            char *const y = row_out(e, r, i, k, l);
            vn__binary_row(add, y, y, row_in(e, r, 2, k, l), 1);
        }
    }
}

/* ----------------------------------------------------------------------------- rules */

static vn_array *get(vn_array *buffer, vn_array *index)
{
    return vn_op_apply(&vn__op_buffer_get, NULL, 2, (vn_array *[]){ buffer, index });
}

static vn_status set_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    VN_TRY(check("buffer_set", in[0], in[1]));
    VN_TRY(check_row("buffer_set", in[0], in[2]));
    if (in[3].dtype != VN_BOOL || in[3].shape.rank != 0)
        return vn__fail(VN_ERR_DTYPE, "buffer_set: the condition is no scalar bool");
    out[0] = in[0];
    return VN_ERR_OK;
}

/* The row is read before it is cleared, so that both can be done in place. */
static void set_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    vn_array *const x = node->in[2];
    vn_array *const zero = vn_zeros(vn_dtype_of(x), vn_shape_of(x));
    if (node->need[2])
        din[2] = vn_where(node->in[3], get(g[0], node->in[1]), zero);
    if (node->need[0])
        din[0] = vn_op_apply(&vn__op_buffer_set, &(vn__buffer_attr){ 0 }, 4,
                             (vn_array *[]){ g[0], node->in[1], zero, node->in[3] });
}

const vn_op vn__op_buffer_set = {
    .name = "buffer_set",
    .n_in = 4,
    .attr_size = sizeof(vn__buffer_attr),
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = set_shape,
    .eval = set_eval,
    .vjp = set_vjp,
};

static vn_status get_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    VN_TRY(check("buffer_get", in[0], in[1]));
    if (in[0].shape.dim[0] == 0)
        return vn__fail(VN_ERR_SHAPE, "buffer_get: the buffer has no rows");
    out[0] = (vn_aval){ in[0].dtype, row_of(in[0].shape) };
    return VN_ERR_OK;
}

static void get_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const int64_t n = vn_dim(node->in[0], 0);
    if (node->need[0])
        din[0] = vn_op_apply(&vn__op_buffer_one, &n, 2, (vn_array *[]){ node->in[1], g[0] });
}

const vn_op vn__op_buffer_get = {
    .name = "buffer_get",
    .n_in = 2,
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = get_shape,
    .eval = get_eval,
    .vjp = get_vjp,
};

static vn_status one_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    out[0] = in[1];
    for (int i = out[0].shape.rank++; i > 0; i--)
        out[0].shape.dim[i] = out[0].shape.dim[i - 1];
    out[0].shape.dim[0] = *(const int64_t *)attr;
    return check("buffer_one", out[0], in[0]);
}

static void one_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    if (node->need[1])
        din[1] = get(g[0], node->in[0]);
}

const vn_op vn__op_buffer_one = {
    .name = "buffer_one",
    .n_in = 2,
    .attr_size = sizeof(int64_t),
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = one_shape,
    .eval = one_eval,
    .vjp = one_vjp,
};

static vn_status add_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    VN_TRY(check("buffer_add", in[0], in[1]));
    VN_TRY(check_row("buffer_add", in[0], in[2]));
    out[0] = in[0];
    return VN_ERR_OK;
}

static void add_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    din[0] = g[0];
    if (node->need[2])
        din[2] = get(g[0], node->in[1]);
}

const vn_op vn__op_buffer_add = {
    .name = "buffer_add",
    .n_in = 3,
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = add_shape,
    .eval = add_eval,
    .vjp = add_vjp,
};
