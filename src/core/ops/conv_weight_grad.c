/* SPDX-License-Identifier: MIT */
/* conv_weight_grad: w[o][c][t] = sum over pixels q of gy[o][q] x[c][p(q, t)]: the transpose of
 * conv in w.
 *
 *   dx = conv_input_grad(g, gy)     dgy = conv(x, g) */
#include "core/ops/conv.h"
#include "core/ops/ops_common.h"

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn__sliding *const s = attr;
    VN_TRY(vn__check_dtype("conv_weight_grad", in[0].dtype, VN__REALS));
    VN_TRY(vn__conv_operands("conv_weight_grad", in, s, VN__CONV_X, VN__CONV_Y));
    const int64_t x_channels = in[0].shape.dim[0], outputs = in[1].shape.dim[0];
    if (x_channels % s->groups != 0 || outputs % s->groups != 0)
        return vn__conv_disagree("conv_weight_grad: channels and groups disagree", in);
    out[0] =
        (vn_aval){ in[0].dtype, vn__conv_shape(outputs, x_channels / s->groups, s->k, s->n) };
    return VN_ERR_OK;
}

static void eval(const vn_eval *e)
{
    if (!vn__eval_shared(e, eval))
        vn__conv_weight_eval(e);
}

static int64_t parts(const void *attr, const vn_aval in[], const bool mapped[], int64_t lanes,
                     bool sum)
{
    return sum || lanes == 1 ? vn__conv_weight_parts(attr, in, mapped, lanes) : 1;
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    if (node->need[0])
        din[0] = vn__conv_input_grad(node->attr, g[0], node->in[1]);
    if (node->need[1])
        din[1] = vn__conv(node->attr, node->in[0], g[0]);
}

static double flops(const void *attr, const vn_aval in[], int n_in, const vn_aval out[])
{
    (void)n_in, (void)out;
    const vn__conv_sizes z = vn__conv_sizes_of(attr, in[0].shape.dim[0], in[1].shape.dim[0]);
    return vn__conv_flops(&z);
}

const vn_op vn__op_conv_weight_grad = {
    .name = "conv_weight_grad",
    .n_in = 2,
    .attr_size = sizeof(vn__sliding),
    .flags = VN_OP_LANES | VN_OP_BILINEAR,
    .shape = shape,
    .eval = eval,
    .eval_sum = vn__conv_weight_eval_sum,
    .scratch = vn__conv_weight_scratch,
    .setup_size = sizeof(vn__conv_setup),
    .setup = vn__conv_setup_weight,
    .provider = vn__conv_provider,
    .parts = parts,
    .vjp = vjp,
    .flops = flops,
};

vn_array *vn__conv_weight_grad(const vn__sliding *s, vn_array *x, vn_array *gy)
{
    return vn_op_apply(&vn__op_conv_weight_grad, s, 2, (vn_array *[]){ x, gy });
}
