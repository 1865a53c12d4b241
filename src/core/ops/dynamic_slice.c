/* SPDX-License-Identifier: MIT */
/* Blocks of an array at a start that is a value, clamped so that the block lies inside.
 *
 *   dynamic_slice(x, s)            out[i] = x[s + i]
 *   dynamic_update_slice(x, u, s)  out = x with the block at s replaced by u
 *
 *   dynamic_slice:        dx = the zeros with g at s
 *   dynamic_update_slice: dx = g with zeros at s,  du = the block of g at s */
#include <string.h>

#include "core/ops/indices.h"

static vn_status check(const char *who, vn_aval x, vn_shape block, vn_aval start)
{
    char text[3][VN__SHAPE_TEXT];
    bool fits = block.rank == x.shape.rank;
    for (int i = 0; i < block.rank && fits; i++)
        fits = block.dim[i] >= 0 && block.dim[i] <= x.shape.dim[i];
    if (!fits)
        return vn__fail(VN_ERR_SHAPE, "%s: a block %s of %s", who,
                        vn__shape_text(text[0], x.dtype, block),
                        vn__shape_text(text[1], x.dtype, x.shape));
    VN_TRY(vn__check_index(who, start.dtype));
    if (!vn_shape_equal(start.shape, VN_SHAPE(x.shape.rank)))
        return vn__fail(VN_ERR_SHAPE, "%s: start %s, expected one index for each of %d axes",
                        who, vn__shape_text(text[2], start.dtype, start.shape), x.shape.rank);
    return VN_ERR_OK;
}

/* Copies the block at start out of x (into = false) or into it, row by row. */
static void copy_block(char *x, char *block, bool into, vn_shape shape, vn_shape size,
                       const void *start, vn_dtype start_dtype, size_t element)
{
    const int rank = shape.rank, last = rank - 1;
    int64_t stride[VN_MAX_RANK], index[VN_MAX_RANK] = { 0 }, offset = 0;
    vn__strides(stride, shape);
    for (int d = 0; d < rank; d++) {
        const int64_t s = vn__index_at(start, start_dtype, d),
                      most = shape.dim[d] - size.dim[d];
        offset += (s < 0 ? 0 : s > most ? most : s) * stride[d];
    }
    const int64_t row = rank == 0 ? 1 : size.dim[last], n = vn_shape_size(size);
    for (int64_t done = 0; done < n; done += row) {
        char *const in_x = x + (size_t)offset * element, *const in_block =
                                                             block + (size_t)done * element;
        memcpy(into ? in_x : in_block, into ? in_block : in_x, (size_t)row * element);
        for (int d = last - 1; d >= 0; d--) {
            offset += stride[d];
            if (++index[d] < size.dim[d])
                break;
            offset -= size.dim[d] * stride[d];
            index[d] = 0;
        }
    }
}

static vn_array *slice(vn_array *x, vn_array *start, vn_shape size)
{
    const vn__dims attr = vn__dims_of(size);
    return vn_op_apply(&vn__op_dynamic_slice, &attr, 2, (vn_array *[]){ x, start });
}

static vn_array *update(vn_array *x, vn_array *block, vn_array *start)
{
    return vn_op_apply(&vn__op_dynamic_update_slice, NULL, 3,
                       (vn_array *[]){ x, block, start });
}

/* ------------------------------------------------------------------------- dynamic_slice */

static vn_status slice_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn_shape size = vn__shape_of_dims(attr);
    VN_TRY(check("dynamic_slice", in[0], size, in[1]));
    out[0] = (vn_aval){ in[0].dtype, size };
    return VN_ERR_OK;
}

static void slice_eval(const vn_eval *e)
{
    copy_block((char *)(uintptr_t)e->in[0], e->out[0], false, e->in_aval[0].shape,
               e->out_aval[0].shape, e->in[1], e->in_aval[1].dtype,
               vn_dtype_size(e->in_aval[0].dtype));
}

static void slice_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    vn_array *const x = node->in[0];
    if (node->need[0])
        din[0] = update(vn_zeros(vn_dtype_of(x), vn_shape_of(x)), g[0], node->in[1]);
}

const vn_op vn__op_dynamic_slice = {
    .name = "dynamic_slice",
    .n_in = 2,
    .attr_size = sizeof(vn__dims),
    .flags = VN_OP_LINEAR,
    .shape = slice_shape,
    .eval = slice_eval,
    .vjp = slice_vjp,
};

/* ------------------------------------------------------------------ dynamic_update_slice */

static vn_status update_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    VN_TRY(check("dynamic_update_slice", in[0], in[1].shape, in[2]));
    if (in[0].dtype != in[1].dtype)
        return vn__fail(VN_ERR_DTYPE, "dynamic_update_slice: operands are %s and %s",
                        vn_dtype_name(in[0].dtype), vn_dtype_name(in[1].dtype));
    out[0] = in[0];
    return VN_ERR_OK;
}

static void update_eval(const vn_eval *e)
{
    const size_t element = vn_dtype_size(e->in_aval[0].dtype);
    memcpy(e->out[0], e->in[0], (size_t)vn_shape_size(e->in_aval[0].shape) * element);
    copy_block(e->out[0], (char *)(uintptr_t)e->in[1], true, e->in_aval[0].shape,
               e->in_aval[1].shape, e->in[2], e->in_aval[2].dtype, element);
}

static void update_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    vn_array *const block = node->in[1];
    if (node->need[0])
        din[0] = update(g[0], vn_zeros(vn_dtype_of(block), vn_shape_of(block)), node->in[2]);
    if (node->need[1])
        din[1] = slice(g[0], node->in[2], vn_shape_of(block));
}

const vn_op vn__op_dynamic_update_slice = {
    .name = "dynamic_update_slice",
    .n_in = 3,
    .flags = VN_OP_LINEAR,
    .shape = update_shape,
    .eval = update_eval,
    .vjp = update_vjp,
};

/* ---------------------------------------------------------------------- public functions */

vn_array *vn_dynamic_slice(vn_array *x, vn_array *start, vn_shape size)
{
    x = vn__as_operand("dynamic_slice", x);
    start = vn__index_operand("dynamic_slice", start);
    if (!x || !start || !vn__shape_valid("dynamic_slice", vn_dtype_of(x), size))
        return NULL;
    return slice(x, start, size);
}

vn_array *vn_dynamic_update_slice(vn_array *x, vn_array *block, vn_array *start)
{
    vn__named_begin("dynamic_update_slice");
    x = vn__as_operand("dynamic_update_slice", x);
    block = vn__as_operand("dynamic_update_slice", block);
    start = vn__index_operand("dynamic_update_slice", start);
    if (!x || !block || !start)
        return vn__named_end(NULL);
    return vn__named_end(update(x, vn_cast(block, vn_dtype_of(x)), start));
}
