/* SPDX-License-Identifier: MIT */
/* scatter_set: x with row index[j] of axis 0 replaced by update[j]; negative indices wrap once,
 * those then outside are dropped, of several equal ones the last wins.
 *
 *   dx = scatter_set(g, index, 0)     dupdate[j] = g[index[j]] if update j won, else 0 */
#include <string.h>

#include "core/ops/indices.h"

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    const vn_shape x = in[0].shape, index = in[1].shape, update = in[2].shape;
    VN_TRY(vn__check_index("scatter_set", in[1].dtype));
    bool fits =
        x.rank > 0 && update.rank == index.rank + x.rank - 1 && in[0].dtype == in[2].dtype;
    for (int i = 0; i < update.rank && fits; i++)
        fits = update.dim[i] == (i < index.rank ? index.dim[i] : x.dim[i - index.rank + 1]);
    if (!fits) {
        char text[2][VN__SHAPE_TEXT];
        return vn__fail(VN_ERR_SHAPE, "scatter_set: update %s does not fit %s",
                        vn__shape_text(text[0], in[2].dtype, update),
                        vn__shape_text(text[1], in[0].dtype, x));
    }
    out[0] = in[0];
    return VN_ERR_OK;
}

static void eval(const vn_eval *e)
{
    const vn_shape x = e->in_aval[0].shape;
    const size_t size = vn_dtype_size(e->in_aval[0].dtype);
    const size_t row = (size_t)vn__span(x, 1, x.rank) * size;
    memcpy(e->out[0], e->in[0], (size_t)x.dim[0] * row);
    for (int64_t j = 0, n = vn_shape_size(e->in_aval[1].shape); j < n; j++) {
        const int64_t k =
            vn__index_wrap(vn__index_at(e->in[1], e->in_aval[1].dtype, j), x.dim[0], false);
        if (k >= 0)
            memcpy((char *)e->out[0] + (size_t)k * row,
                   (const char *)e->in[2] + (size_t)j * row, row);
    }
}

static vn_array *apply(vn_array *x, vn_array *index, vn_array *update)
{
    return vn_op_apply(&vn__op_scatter_set, NULL, 3, (vn_array *[]){ x, index, update });
}

/* True where the update was the last one for its row; of the update's rank. */
static vn_array *winners(vn_array *index, int64_t rows, int rank)
{
    const vn_shape shape = vn_shape_of(index);
    vn_array *const ids = vn_reshape(vn_arange(VN_I32, vn_shape_size(shape)), shape);
    vn_array *const last = apply(vn_full(VN_I32, VN_SHAPE(rows), -1.0), index, ids);
    vn_array *const won = vn_eq(vn_op_apply(&vn__op_take, &(vn__take_attr){ 0, 0, 0 }, 2,
                                            (vn_array *[]){ last, index }),
                                ids);
    vn_shape full = shape;
    while (full.rank < rank)
        full.dim[full.rank++] = 1;
    return vn_reshape(won, full);
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    vn_array *const index = node->in[1], *const update = node->in[2];
    const vn_dtype dtype = vn_dtype_of(update);
    if (node->need[0])
        din[0] = apply(g[0], index, vn_zeros(dtype, vn_shape_of(update)));
    if (node->need[2])
        din[2] = vn_where(winners(index, vn_dim(node->in[0], 0), vn_rank(update)),
                          vn_op_apply(&vn__op_take, &(vn__take_attr){ 0, 0, 0 }, 2,
                                      (vn_array *[]){ g[0], index }),
                          vn_scalar(dtype, 0.0));
}

const vn_op vn__op_scatter_set = {
    .name = "scatter_set",
    .n_in = 3,
    .flags = VN_OP_LINEAR,
    .shape = shape,
    .eval = eval,
    .vjp = vjp,
};

vn_array *vn_scatter_set(vn_array *x, vn_array *index, vn_array *update)
{
    vn__named_begin("scatter_set");
    vn_array *in[3];
    if (vn__scatter_operands(in, "scatter_set", x, index, update) != VN_ERR_OK)
        return vn__named_end(NULL);
    return vn__named_end(vn_op_apply(&vn__op_scatter_set, NULL, 3, in));
}
