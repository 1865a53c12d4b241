/* SPDX-License-Identifier: MIT */
/* reshape(x): the same elements in row-major order under another shape    dx = g, back */
#include <string.h>

#include "core/ops/ops_common.h"

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    out[0] = (vn_aval){ in[0].dtype, vn__shape_of_dims(attr) };
    char from[VN__SHAPE_TEXT], to[VN__SHAPE_TEXT];
    if (vn_shape_size(out[0].shape) != vn_shape_size(in[0].shape))
        return vn__fail(VN_ERR_SHAPE, "reshape: %s has not as many elements as %s",
                        vn__shape_text(from, in[0].dtype, in[0].shape),
                        vn__shape_text(to, in[0].dtype, out[0].shape));
    return VN_ERR_OK;
}

static void eval(const vn_eval *e)
{
    const size_t size = vn_dtype_size(e->in_aval[0].dtype);
    if (e->lanes == 1 || e->mapped[0])
        memcpy(e->out[0], e->in[0], (size_t)vn__eval_size(e) * size);
    else
        vn__spread_lanes(e->out[0], e->in[0], vn_shape_size(e->in_aval[0].shape), e->lanes,
                         size);
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    din[0] = vn_reshape(g[0], vn_shape_of(node->in[0]));
}

/* The mapped axis can be taken out where the result has it too, with as many elements before
 * it. */
static bool pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[], int n_in,
                 const int axis[])
{
    (void)n_in;
    const vn_shape from = in[0].shape, to = vn__shape_of_dims(attr);
    const int64_t before = vn__span(from, 0, axis[0]), n = from.dim[axis[0]];
    for (int d = 0; d < to.rank; d++)
        if (to.dim[d] == n && vn__span(to, 0, d) == before) {
            *(vn__dims *)attr_out = vn__dims_of(vn__shape_without(to, d));
            *out_axis = d;
            return true;
        }
    return false;
}

static bool lift(void *attr_out, int *at, bool *swap, const void *attr, int64_t size,
                 const vn_aval in[], int n_in, const bool has[])
{
    (void)at, (void)swap, (void)in, (void)n_in, (void)has;
    vn_shape to = vn__shape_of_dims(attr);
    if (vn__shape_insert(&to, "reshape", 0, size) != VN_ERR_OK)
        return false;
    *(vn__dims *)attr_out = vn__dims_of(to);
    return true;
}

static int64_t view(const void *attr, const vn_aval *in, const vn_aval *out)
{
    (void)attr, (void)in, (void)out;
    return 0;
}

const vn_op vn__op_reshape = {
    .name = "reshape",
    .n_in = 1,
    .attr_size = sizeof(vn__dims),
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = shape,
    .eval = eval,
    .vjp = vjp,
    .pull = pull,
    .lift = lift,
    .view = view,
};

/* ---------------------------------------------------------------- public functions */

/* Puts a number in the place of -1. */
static vn_status complete(vn_shape *shape, vn_aval x)
{
    int unknown = -1;
    int64_t known = 1;
    char from[VN__SHAPE_TEXT], to[VN__SHAPE_TEXT];
    bool valid = shape->rank >= 0 && shape->rank <= VN_MAX_RANK;
    for (int d = 0; valid && d < shape->rank; d++) {
        valid = shape->dim[d] >= 0 || (shape->dim[d] == -1 && unknown < 0);
        if (shape->dim[d] == -1)
            unknown = d;
        else
            valid = valid && !__builtin_mul_overflow(known, shape->dim[d], &known);
    }
    if (valid && unknown >= 0) {
        valid = known > 0 && vn_shape_size(x.shape) % known == 0;
        shape->dim[unknown] = valid ? vn_shape_size(x.shape) / known : -1;
    }
    if (!valid)
        return vn__fail(VN_ERR_SHAPE, "reshape: %s to %s",
                        vn__shape_text(from, x.dtype, x.shape),
                        vn__shape_text(to, x.dtype, *shape));
    return VN_ERR_OK;
}

vn_array *vn_reshape(vn_array *x, vn_shape shape_)
{
    vn_shape to = shape_;
    vn_array *const a = vn__as_operand("reshape", x);
    if (!a || complete(&to, vn__aval_of(a)) != VN_ERR_OK)
        return NULL;
    if (vn_shape_equal(to, vn_shape_of(a)))
        return a;
    const vn__array *const array = vn__as_array(a);
    const bool concrete = !array->tape && array->storage;
    if (concrete && vn_shape_size(to) == vn_shape_size(array->shape))
        return vn__array_view(a, to, 0);
    const vn__dims attr = vn__dims_of(to);
    return vn_op_apply(&vn__op_reshape, &attr, 1, &a);
}

vn_array *vn_ravel(vn_array *x)
{
    vn__named_begin("ravel");
    return vn__named_end(vn_reshape(x, VN_SHAPE(-1)));
}

vn_array *vn_expand_dims(vn_array *x, int axis)
{
    vn__named_begin("expand_dims");
    vn_array *const a = vn__as_operand("expand_dims", x);
    if (!a)
        return vn__named_end(NULL);
    vn_shape to = vn_shape_of(a);
    if (vn__wrap_axis(&axis, "expand_dims", to.rank + 1) != VN_ERR_OK ||
        vn__shape_insert(&to, "expand_dims", axis, 1) != VN_ERR_OK)
        return vn__named_end(NULL);
    return vn__named_end(vn_reshape(a, to));
}

vn_array *vn_squeeze(vn_array *x, int axis)
{
    vn__named_begin("squeeze");
    vn_array *const a = vn__as_operand("squeeze", x);
    if (!a)
        return vn__named_end(NULL);
    const vn_shape from = vn_shape_of(a);
    char text[VN__SHAPE_TEXT];
    if (vn__wrap_axis(&axis, "squeeze", from.rank) != VN_ERR_OK)
        return vn__named_end(NULL);
    if (from.dim[axis] == 1)
        return vn__named_end(vn_reshape(a, vn__shape_without(from, axis)));
    vn__fail(VN_ERR_SHAPE, "squeeze: axis %d of %s is not 1", axis,
             vn__shape_text(text, vn_dtype_of(a), from));
    return vn__named_end(NULL);
}
