/* SPDX-License-Identifier: MIT */
/* cast(x) in another dtype          dx = cast(g) back, between inexact dtypes; of a complex g
 *                                   to a real x its real part
 * bitcast(x): the same bits         no gradient
 * stop_gradient(x) = x              no gradient */
#include <string.h>

#include "core/ops/elementwise.h"

typedef struct cast_attr {
    int64_t dtype;
} cast_attr;

static vn_status cast_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn_dtype dtype = (vn_dtype)((const cast_attr *)attr)->dtype;
    if (!vn__dtype_kind(dtype))
        return vn__fail(VN_ERR_DTYPE, "cast: %d is no dtype", (int)dtype);
    if (vn_dtype_is_complex(in[0].dtype) && !vn_dtype_is_complex(dtype) && dtype != VN_BOOL)
        return vn__fail(VN_ERR_DTYPE,
                        "cast: %s to %s would drop the imaginary part; take the real one first",
                        vn_dtype_name(in[0].dtype), vn_dtype_name(dtype));
    out[0] = (vn_aval){ dtype, in[0].shape };
    return VN_ERR_OK;
}

static void cast_eval(const vn_eval *e)
{
    vn__eval_unary(e, e->kernels->cast[e->out_aval[0].dtype][e->in_aval[0].dtype]);
}

static void cast_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const vn_dtype dtype = vn_dtype_of(node->in[0]);
    din[0] = vn_cast(vn_dtype_is_complex(dtype) ? g[0] : vn_real(g[0]), dtype);
}

static void cast_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    const vn_dtype dtype = vn_dtype_of(node->out[0]);
    dout[0] = vn_dtype_is_inexact(dtype) ? vn_cast(din[0], dtype) : NULL;
}

const vn_op vn__op_cast = {
    .name = "cast",
    .n_in = 1,
    .attr_size = sizeof(cast_attr),
    .flags = VN__ROW_PLAIN,
    .shape = cast_shape,
    .eval = cast_eval,
    .vjp = cast_vjp,
    .jvp = cast_jvp,
};

vn_array *vn_cast(vn_array *x, vn_dtype dtype)
{
    vn_array *const a = vn__as_operand("cast", x);
    const vn_dtype to = dtype == VN_DTYPE_DEFAULT ? vn_default_dtype() : dtype;
    if (!a || vn_dtype_of(a) == to)
        return a;
    return vn_op_apply(&vn__op_cast, &(cast_attr){ to }, 1, &a);
}

/* --------------------------------------------------------------------------- bitcast */

static vn_status bitcast_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    VN_TRY(vn__check_dtype("bitcast", in[0].dtype, VN__SORTED));
    VN_TRY(cast_shape(out, attr, in, n_in));
    VN_TRY(vn__check_dtype("bitcast", out[0].dtype, VN__SORTED));
    if (vn_dtype_size(out[0].dtype) != vn_dtype_size(in[0].dtype))
        return vn__fail(VN_ERR_DTYPE, "bitcast: elements of %s and %s differ in size",
                        vn_dtype_name(in[0].dtype), vn_dtype_name(out[0].dtype));
    return VN_ERR_OK;
}

/* Moves elements of any dtype. */
static void copy_eval(const vn_eval *e)
{
    const size_t size = vn_dtype_size(e->out_aval[0].dtype);
    const int64_t n = vn_shape_size(e->out_aval[0].shape);
    if (e->lanes == 1 || e->mapped[0])
        memcpy(e->out[0], e->in[0], (size_t)(n * e->lanes) * size);
    else
        vn__spread_lanes(e->out[0], e->in[0], n, e->lanes, size);
}

const vn_op vn__op_bitcast = {
    .name = "bitcast",
    .n_in = 1,
    .attr_size = sizeof(cast_attr),
    .flags = VN__ROW_NO_GRADIENT,
    .shape = bitcast_shape,
    .eval = copy_eval,
};

vn_array *vn_bitcast(vn_array *x, vn_dtype dtype)
{
    vn__named_begin("bitcast");
    vn_array *const a = vn__as_operand("bitcast", x);
    if (!a || vn_dtype_of(a) == dtype)
        return vn__named_end(a);
    return vn__named_end(vn_op_apply(&vn__op_bitcast, &(cast_attr){ dtype }, 1, &a));
}

/* --------------------------------------------------------------------- stop_gradient */

static vn_status stop_gradient_shape(vn_aval out[], const void *attr, const vn_aval in[],
                                     int n_in)
{
    (void)attr, (void)n_in;
    out[0] = in[0];
    return VN_ERR_OK;
}

const vn_op vn__op_stop_gradient = {
    .name = "stop_gradient",
    .n_in = 1,
    .flags = VN__ROW_NO_GRADIENT,
    .shape = stop_gradient_shape,
    .eval = copy_eval,
};

vn_array *vn_stop_gradient(vn_array *x)
{
    vn__named_begin("stop_gradient");
    const vn__array *const a = vn__as_array(x);
    if (!a || !a->tape || !vn_dtype_is_inexact(a->dtype))
        return vn__named_end(x);
    return vn__named_end(vn_op_apply(&vn__op_stop_gradient, NULL, 1, &x));
}
