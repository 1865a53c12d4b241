/* SPDX-License-Identifier: MIT */
/* conv: y[o][q] = sum over channels c of o's group and taps t of w[o][c][t] x[c][p(q, t)],
 * where p(q, t) is the pixel on which tap t of output pixel q lies, and padding counts as 0.
 *
 *   dx = conv_input_grad(w, g)     dw = conv_weight_grad(x, g)
 *
 * x [groups in, spatial..], w [groups out, in, kernel..], y [groups out, spatial'..]. */
#include "core/ops/complex.h"
#include "core/ops/conv.h"
#include "core/ops/ops_common.h"

vn_status vn__conv_disagree(const char *what, const vn_aval in[2])
{
    char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
    return vn__fail(VN_ERR_SHAPE, "%s: %s and %s", what,
                    vn__shape_text(a, in[0].dtype, in[0].shape),
                    vn__shape_text(b, in[1].dtype, in[1].shape));
}

vn_status vn__conv_operands(const char *op, const vn_aval in[2], const vn__sliding *s,
                            int which_a, int which_b)
{
    const int64_t *const size[] = { s->x, s->k, s->y };
    const int which[] = { which_a, which_b };
    if (in[0].dtype != in[1].dtype)
        return vn__fail(VN_ERR_DTYPE, "%s: operands are %s and %s", op,
                        vn_dtype_name(in[0].dtype), vn_dtype_name(in[1].dtype));
    for (int i = 0; i < 2; i++) {
        const int leading = which[i] == VN__CONV_W ? 2 : 1;
        bool fits = in[i].shape.rank == leading + s->n;
        for (int64_t d = 0; d < s->n && fits; d++)
            fits = in[i].shape.dim[leading + d] == size[which[i]][d];
        if (!fits)
            return vn__fail(VN_ERR_SHAPE,
                            "%s: operand %d is not of the sizes of the attributes", op, i);
    }
    return VN_ERR_OK;
}

vn_shape vn__conv_shape(int64_t a, int64_t b, const int64_t size[], int64_t n)
{
    vn_shape shape = { .rank = 1, .dim = { a } };
    if (b >= 0)
        shape.dim[shape.rank++] = b;
    for (int64_t d = 0; d < n; d++)
        shape.dim[shape.rank++] = size[d];
    return shape;
}

/* ----------------------------------------------------------------------------------- op */

static vn_status sizes(vn_aval *out, const vn__sliding *s, const vn_aval in[])
{
    VN_TRY(vn__conv_operands("conv", in, s, VN__CONV_X, VN__CONV_W));
    const int64_t x_channels = in[0].shape.dim[0], outputs = in[1].shape.dim[0];
    if (x_channels % s->groups != 0 || x_channels / s->groups != in[1].shape.dim[1] ||
        outputs % s->groups != 0) {
        char what[64];
        snprintf(what, sizeof what, "conv: channels and %lld groups disagree",
                 (long long)s->groups);
        return vn__conv_disagree(what, in);
    }
    *out = (vn_aval){ in[0].dtype, vn__conv_shape(outputs, -1, s->y, s->n) };
    return VN_ERR_OK;
}

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    VN_TRY(vn__check_dtype("conv", in[0].dtype, VN__REALS));
    return sizes(out, attr, in);
}

static void eval(const vn_eval *e)
{
    if (!vn__eval_shared(e, eval))
        vn__conv_product(e, false);
}

static size_t scratch(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                      int64_t lanes)
{
    (void)n_in;
    return vn__conv_product_scratch(attr, in, mapped, lanes, false);
}

static size_t prepare_size(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                           int64_t lanes)
{
    (void)n_in;
    return vn__conv_prepare_size(attr, in, mapped, lanes, false);
}

static int64_t parts(const void *attr, const vn_aval in[], const bool mapped[], int64_t lanes,
                     bool sum)
{
    return sum ? 1 : vn__conv_product_parts(attr, in, mapped, lanes, false);
}

static void setup(void *memory, const vn_eval *e) { vn__conv_setup_product(memory, e, false); }

static void prepare(void *memory, const vn_eval *e) { vn__conv_prepare(memory, e, false); }

static bool takes_epilogue(const void *attr, const vn_aval in[], const bool mapped[],
                           int64_t lanes, const vn_aval *bias)
{
    return vn__conv_takes_epilogue(attr, in, mapped, lanes, bias, false);
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    if (node->need[0])
        din[0] = vn__conv_input_grad(node->attr, node->in[1], g[0]);
    if (node->need[1])
        din[1] = vn__conv_weight_grad(node->attr, node->in[0], g[0]);
}

static double flops(const void *attr, const vn_aval in[], int n_in, const vn_aval out[])
{
    (void)n_in;
    const vn__conv_sizes z = vn__conv_sizes_of(attr, in[0].shape.dim[0], out[0].shape.dim[0]);
    return vn__conv_flops(&z);
}

const vn_op vn__op_conv = {
    .name = "conv",
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

vn_array *vn__conv(const vn__sliding *s, vn_array *x, vn_array *w)
{
    return vn_op_apply(&vn__op_conv, s, 2, (vn_array *[]){ x, w });
}

/* ----------------------------------------------------------------------- public function */

static vn_array *of_parts(const void *s, vn_array *const in[2])
{
    return vn_op_apply(&vn__op_conv, s, 2, in);
}

static int64_t or_one(int64_t value) { return value == 0 ? 1 : value; }

vn_array *vn_conv(vn_array *x, vn_array *w, const vn_conv_options *options)
{
    static const vn_conv_options defaults;
    const vn_conv_options *const o = options ? options : &defaults;
    vn_array *in[2];
    vn_dtype result;
    vn_aval out;
    if (vn__promote(in, &result, "conv", VN__INEXACT, 2, (vn_array *[]){ x, w }))
        return NULL;
    const vn_aval aval[2] = { vn__aval_of(in[0]), vn__aval_of(in[1]) };
    if (aval[0].shape.rank < 2 || aval[1].shape.rank != aval[0].shape.rank + 1) {
        vn__conv_disagree("conv: expected [in, spatial..] and [out, in, kernel..]", aval);
        return NULL;
    }
    vn__sliding s = { .n = aval[0].shape.rank - 1, .groups = or_one(o->groups) };
    if (s.groups < 1)
        return vn_error(VN_ERR_ARGUMENT, "conv: %lld groups", (long long)s.groups);
    for (int64_t d = 0; d < s.n; d++) {
        s.x[d] = aval[0].shape.dim[1 + d];
        s.k[d] = aval[1].shape.dim[2 + d];
        s.stride[d] = or_one(o->stride[d]);
        s.pad_lo[d] = o->pad_lo[d];
        s.pad_hi[d] = o->pad_hi[d];
        s.dilation[d] = or_one(o->dilation[d]);
        s.lhs_dilation[d] = or_one(o->lhs_dilation[d]);
    }
    if (vn__sliding_finish(&s, "conv") != VN_ERR_OK)
        return NULL;
    if (vn_dtype_is_complex(result))
        return sizes(&out, &s, aval) == VN_ERR_OK
                   ? vn__complex_bilinear(of_parts, &s, (vn_array *[]){ x, w }, in)
                   : NULL;
    return vn_cast(vn__conv(&s, in[0], in[1]), result);
}
