/* SPDX-License-Identifier: MIT */
/* conv_weight_norm: n = sum over o, c, t of w[o][c][t]^2, w = conv_weight_grad(x, gy): the
 * square of the norm of one example's gradient, without the gradient. The planner makes it of a
 * sum of squares.
 *
 *   dx = conv_input_grad(2 g w, gy)     dgy = conv(x, 2 g w) */
#include "core/ops/conv.h"
#include "core/ops/ops_common.h"

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    VN_TRY(vn__op_conv_weight_grad.shape(out, attr, in, n_in));
    out[0].shape = VN_SCALAR;
    return VN_ERR_OK;
}

static void eval(const vn_eval *e)
{
    if (!vn__eval_shared(e, eval))
        vn__conv_weight_norm_eval(e);
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const vn__sliding *const s = node->attr;
    vn_array *const w = vn_mul(vn_scale(2, g[0]), vn__conv_weight_grad(s, node->in[0],
                                                                        node->in[1]));
    if (node->need[0])
        din[0] = vn__conv_input_grad(s, w, node->in[1]);
    if (node->need[1])
        din[1] = vn__conv(s, node->in[0], w);
}

static void jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    const vn__sliding *const s = node->attr;
    vn_array *const w = vn__conv_weight_grad(s, node->in[0], node->in[1]);
    vn_array *const x = din[0] ? vn__conv_weight_grad(s, din[0], node->in[1]) : NULL;
    vn_array *const y = din[1] ? vn__conv_weight_grad(s, node->in[0], din[1]) : NULL;
    dout[0] = vn_scale(2, vn_sum(vn_mul(w, x && y ? vn_add(x, y) : x ? x : y)));
}

static double flops(const void *attr, const vn_aval in[], int n_in, const vn_aval out[])
{
    (void)n_in, (void)out;
    const vn__conv_sizes z = vn__conv_sizes_of(attr, in[0].shape.dim[0], in[1].shape.dim[0]);
    return vn__conv_flops(&z);
}

const vn_op vn__op_conv_weight_norm = {
    .name = "conv_weight_norm",
    .n_in = 2,
    .attr_size = sizeof(vn__sliding),
    .flags = VN_OP_LANES,
    .shape = shape,
    .eval = eval,
    .scratch = vn__conv_weight_norm_scratch,
    .vjp = vjp,
    .jvp = jvp,
    .flops = flops,
};
