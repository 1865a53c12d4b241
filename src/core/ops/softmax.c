/* SPDX-License-Identifier: MIT */
/* softmax(x) = e^(x - max) / sum e^(x - max) along an axis          dx = y (g - sum g y)
 * log_softmax(x) = x - max - ln sum e^(x - max)                     dx = g - e^y sum g
 *
 * The two derivatives are ops of their own, softmax_grad(y, g) and log_softmax_grad(y, g),
 * linear in g. With cotangent h of their result:
 *   softmax_grad       dg = softmax_grad(y, h)        dy = h (g - sum g y) - g sum h y
 *   log_softmax_grad   dg = h - sum h e^y             dy = -h e^y sum g */
#include "core/ops/along_axis.h"

/* ------------------------------------------------------------------- shape and eval */

static vn_status softmax_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    return vn__along_shape(out, "softmax", VN__REALS, attr, in);
}

static vn_status log_softmax_shape(vn_aval out[], const void *attr, const vn_aval in[],
                                   int n_in)
{
    (void)n_in;
    return vn__along_shape(out, "log_softmax", VN__REALS, attr, in);
}

static vn_status grad_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    VN_TRY(vn__along_shape(out, "softmax_grad", VN__REALS, attr, in));
    char y[VN__SHAPE_TEXT], g[VN__SHAPE_TEXT];
    if (in[0].dtype != in[1].dtype || !vn_shape_equal(in[0].shape, in[1].shape))
        return vn__fail(VN_ERR_SHAPE, "softmax_grad: y is %s, g is %s",
                        vn__shape_text(y, in[0].dtype, in[0].shape),
                        vn__shape_text(g, in[1].dtype, in[1].shape));
    return VN_ERR_OK;
}

static const vn__real_kernels *real(const vn_eval *e)
{
    return e->kernels->real[e->in_aval[0].dtype];
}

/* The part that is asked for, and bytes before it in every operand and the result. */
static vn__along part_of(const vn_eval *e, int64_t *at)
{
    vn__along a = vn__along_of(e);
    *at = vn__along_share(&a, e) * a.n * a.inner * (int64_t)vn_dtype_size(e->in_aval[0].dtype);
    return a;
}

static void eval_mapped(const vn_eval *e, vn__softmax_fn *kernel)
{
    int64_t at;
    const vn__along a = part_of(e, &at);
    kernel((char *)e->out[0] + at, (const char *)e->in[0] + at, a.outer, a.n, a.inner);
}

static void softmax_mapped(const vn_eval *e) { eval_mapped(e, real(e)->softmax); }
static void log_softmax_mapped(const vn_eval *e) { eval_mapped(e, real(e)->log_softmax); }

static void softmax_eval(const vn_eval *e)
{
    if (!vn__eval_shared(e, softmax_mapped))
        softmax_mapped(e);
}

static void log_softmax_eval(const vn_eval *e)
{
    if (!vn__eval_shared(e, log_softmax_mapped))
        log_softmax_mapped(e);
}

static void grad_eval(const vn_eval *e, vn__softmax_grad_fn *kernel)
{
    int64_t at;
    const vn__along a = part_of(e, &at);
    const void *in[2];
    vn__lanes_operands(in, e);
    kernel((char *)e->out[0] + at, (const char *)in[0] + at, (const char *)in[1] + at, a.outer,
           a.n, a.inner);
}

static void softmax_grad_eval(const vn_eval *e) { grad_eval(e, real(e)->softmax_grad); }
static void log_softmax_grad_eval(const vn_eval *e) { grad_eval(e, real(e)->log_softmax_grad); }

/* Operands that lanes share would be repeated over them by every part. */
static int64_t parts(const void *attr, const vn_aval in[], const bool mapped[], int64_t lanes,
                     bool sum)
{
    return sum || (lanes > 1 && !mapped[0]) ? 1 : vn__along_parts(attr, in, lanes, 2);
}

static int64_t grad_parts(const void *attr, const vn_aval in[], const bool mapped[],
                          int64_t lanes, bool sum)
{
    return sum || (lanes > 1 && !(mapped[0] && mapped[1]))
               ? 1
               : vn__along_parts(attr, in, lanes, 3);
}

/* --------------------------------------------------------------------- derivatives */

static vn_array *grad(const vn_op *op, const vn_node *node, vn_array *y, vn_array *g)
{
    return vn_op_apply(op, node->attr, 2, (vn_array *[]){ y, g });
}

/* Sum along the axis, which stays with size 1. */
static vn_array *sum(const vn_node *node, vn_array *x)
{
    return vn_sum_over(x, VN_AXES(((const vn__along_attr *)node->attr)->axis), true);
}

static void softmax_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    din[0] = grad(&vn__op_softmax_grad, node, node->out[0], g[0]);
}

/* The Jacobian is symmetric. */
static void softmax_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    dout[0] = grad(&vn__op_softmax_grad, node, node->out[0], din[0]);
}

static void log_softmax_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    din[0] = grad(&vn__op_log_softmax_grad, node, node->out[0], g[0]);
}

static void log_softmax_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    vn_array *const mean = sum(node, vn_mul(din[0], vn_exp(node->out[0])));
    dout[0] = vn_sub(din[0], mean);
}

static void softmax_grad_vjp(vn_array *din[], const vn_node *node, vn_array *const h[])
{
    vn_array *const y = node->in[0], *const g = node->in[1];
    if (node->need[0]) {
        vn_array *const centred = vn_sub(g, sum(node, vn_mul(g, y)));
        din[0] = vn_sub(vn_mul(h[0], centred), vn_mul(g, sum(node, vn_mul(h[0], y))));
    }
    if (node->need[1])
        din[1] = grad(&vn__op_softmax_grad, node, y, h[0]);
}

static void log_softmax_grad_vjp(vn_array *din[], const vn_node *node, vn_array *const h[])
{
    vn_array *const weighted = vn_mul(h[0], vn_exp(node->in[0]));
    if (node->need[0])
        din[0] = vn_neg(vn_mul(weighted, sum(node, node->in[1])));
    if (node->need[1])
        din[1] = vn_sub(h[0], sum(node, weighted));
}

/* ----------------------------------------------------------------------------- ops */

const vn_op vn__op_softmax = {
    .name = "softmax",
    .n_in = 1,
    .attr_size = sizeof(vn__along_attr),
    .flags = VN_OP_LANES,
    .shape = softmax_shape,
    .eval = softmax_eval,
    .parts = parts,
    .vjp = softmax_vjp,
    .jvp = softmax_jvp,
    .pull = vn__along_pull,
    .lift = vn__along_lift,
};

const vn_op vn__op_log_softmax = {
    .name = "log_softmax",
    .n_in = 1,
    .attr_size = sizeof(vn__along_attr),
    .flags = VN_OP_LANES,
    .shape = log_softmax_shape,
    .eval = log_softmax_eval,
    .parts = parts,
    .vjp = log_softmax_vjp,
    .jvp = log_softmax_jvp,
    .pull = vn__along_pull,
    .lift = vn__along_lift,
};

const vn_op vn__op_softmax_grad = {
    .name = "softmax_grad",
    .n_in = 2,
    .attr_size = sizeof(vn__along_attr),
    .flags = VN_OP_LANES,
    .shape = grad_shape,
    .eval = softmax_grad_eval,
    .scratch = vn__lanes_scratch,
    .parts = grad_parts,
    .vjp = softmax_grad_vjp,
    .pull = vn__along_pull,
    .lift = vn__along_lift,
};

const vn_op vn__op_log_softmax_grad = {
    .name = "log_softmax_grad",
    .n_in = 2,
    .attr_size = sizeof(vn__along_attr),
    .flags = VN_OP_LANES,
    .shape = grad_shape,
    .eval = log_softmax_grad_eval,
    .scratch = vn__lanes_scratch,
    .parts = grad_parts,
    .vjp = log_softmax_grad_vjp,
    .pull = vn__along_pull,
    .lift = vn__along_lift,
};

/* ---------------------------------------------------------------- public functions */

vn_array *vn_softmax(vn_array *x, int axis)
{
    return vn__along_apply(&vn__op_softmax, VN__REALS, x, axis);
}

vn_array *vn_log_softmax(vn_array *x, int axis)
{
    return vn__along_apply(&vn__op_log_softmax, VN__REALS, x, axis);
}
