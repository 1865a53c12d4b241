/* SPDX-License-Identifier: MIT */
/* conv_input_grad: x[c][p] = sum over outputs o and taps t of w[o][c][t] gy[o][q], q being the
 * output pixel whose tap t lies on p: the transpose of conv in x.
 *
 *   dw = conv_weight_grad(g, gy)     dgy = conv(g, w) */
#include "core/ops/conv.h"
#include "core/ops/ops_common.h"

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn__sliding *const s = attr;
    VN_TRY(vn__check_dtype("conv_input_grad", in[0].dtype, VN__REALS));
    VN_TRY(vn__conv_operands("conv_input_grad", in, s, VN__CONV_W, VN__CONV_Y));
    if (in[0].shape.dim[0] != in[1].shape.dim[0] || in[0].shape.dim[0] % s->groups != 0)
        return vn__conv_disagree("conv_input_grad: channels disagree", in);
    out[0] = (vn_aval){ in[0].dtype,
                        vn__conv_shape(in[0].shape.dim[1] * s->groups, -1, s->x, s->n) };
    return VN_ERR_OK;
}

static void eval(const vn_eval *e)
{
    if (!vn__eval_shared(e, eval))
        vn__conv_product(e, true);
}

static size_t scratch(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                      int64_t lanes)
{
    (void)n_in;
    return vn__conv_product_scratch(attr, in, mapped, lanes, true);
}

static size_t prepare_size(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                           int64_t lanes)
{
    (void)n_in;
    return vn__conv_prepare_size(attr, in, mapped, lanes, true);
}

static int64_t parts(const void *attr, const vn_aval in[], const bool mapped[], int64_t lanes,
                     bool sum)
{
    return sum ? 1 : vn__conv_product_parts(attr, in, mapped, lanes, true);
}

static void setup(void *memory, const vn_eval *e) { vn__conv_setup_product(memory, e, true); }

static void prepare(void *memory, const vn_eval *e) { vn__conv_prepare(memory, e, true); }

static bool takes_epilogue(const void *attr, const vn_aval in[], const bool mapped[],
                           int64_t lanes, const vn_aval *bias)
{
    return vn__conv_takes_epilogue(attr, in, mapped, lanes, bias, true);
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    if (node->need[0])
        din[0] = vn__conv_weight_grad(node->attr, g[0], node->in[1]);
    if (node->need[1])
        din[1] = vn__conv(node->attr, g[0], node->in[0]);
}

static double flops(const void *attr, const vn_aval in[], int n_in, const vn_aval out[])
{
    (void)n_in;
    const vn__conv_sizes z = vn__conv_sizes_of(attr, out[0].shape.dim[0], in[1].shape.dim[0]);
    return vn__conv_flops(&z);
}

const vn_op vn__op_conv_input_grad = {
    .name = "conv_input_grad",
    .n_in = 2,
    .attr_size = sizeof(vn__sliding),
    .flags = VN_OP_LANES | VN_OP_BILINEAR,
    .shape = shape,
    .eval = eval,
    .scratch = scratch,
    .setup_size = sizeof(vn__conv_setup),
    .setup = setup,
    .provider = vn__conv_provider,
    .prepare_size = prepare_size,
    .prepare = prepare,
    .parts = parts,
    .takes_epilogue = takes_epilogue,
    .vjp = vjp,
    .flops = flops,
};

vn_array *vn__conv_input_grad(const vn__sliding *s, vn_array *w, vn_array *gy)
{
    return vn_op_apply(&vn__op_conv_input_grad, s, 2, (vn_array *[]){ w, gy });
}
