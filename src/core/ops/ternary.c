/* SPDX-License-Identifier: MIT */
/* where(c, a, b) = c ? a : b             da = where(c, g, 0), db = where(c, 0, g)
 * fma(a, b, c) = a b + c, rounded once   da = g b, db = g a, dc = g
 * clip(x, lo, hi) = min(max(x, lo), hi) */
#include "core/ops/elementwise.h"

/* ----------------------------------------------------------------------------- where */

static vn_status where_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr;
    if (in[0].dtype != VN_BOOL)
        return vn__fail(VN_ERR_DTYPE, "where: the condition is %s, expected bool",
                        vn_dtype_name(in[0].dtype));
    VN_TRY(vn__elementwise_shape(out, "where", VN__ANY, in + 1, 2));
    return vn__broadcast_shapes(&out[0].shape, "where", in, n_in);
}

static void where_eval(const vn_eval *e)
{
    vn__eval_ternary(e, e->kernels->ternary[e->out_aval[0].dtype][VN__TERNARY_where]);
}

static vn_array *d_where_a(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_where(in[0], g, vn_float(0.0));
}

static vn_array *d_where_b(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_where(in[0], vn_float(0.0), g);
}

static vn__partial *const d_where[] = { NULL, d_where_a, d_where_b };

static void where_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    vn__elementwise_vjp(din, node, g[0], d_where);
}

static void where_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    vn__elementwise_jvp(dout, node, din, d_where);
}

const vn_op vn__op_where = {
    .name = "where",
    .n_in = 3,
    .flags = VN__ROW_PLAIN,
    .shape = where_shape,
    .eval = where_eval,
    .vjp = where_vjp,
    .jvp = where_jvp,
    .kernel_row = VN__TERNARY_where + 1,
};

vn_array *vn_where(vn_array *condition, vn_array *a, vn_array *b)
{
    vn_array *in[3] = { vn__as_operand("where", condition) };
    if (!in[0] ||
        vn__promote(in + 1, NULL, "where", VN__ANY, 2, (vn_array *[]){ a, b }) != VN_ERR_OK)
        return NULL;
    in[0] = vn_cast(in[0], VN_BOOL);
    return vn_op_apply(&vn__op_where, NULL, 3, in);
}

/* ------------------------------------------------------------------------------- fma */

static vn_status fma_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr;
    return vn__elementwise_shape(out, "fma", VN__REALS, in, n_in);
}

static void fma_eval(const vn_eval *e)
{
    vn__eval_ternary(e, e->kernels->ternary[e->out_aval[0].dtype][VN__TERNARY_fma]);
}

static vn_array *d_fma_a(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(g, in[1]);
}

static vn_array *d_fma_b(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(g, in[0]);
}

static vn_array *d_fma_c(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)in, (void)y;
    return g;
}

static vn__partial *const d_fma[] = { d_fma_a, d_fma_b, d_fma_c };

static void fma_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    vn__elementwise_vjp(din, node, g[0], d_fma);
}

static void fma_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    vn__elementwise_jvp(dout, node, din, d_fma);
}

const vn_op vn__op_fma = {
    .name = "fma",
    .n_in = 3,
    .flags = VN__ROW_PLAIN,
    .shape = fma_shape,
    .eval = fma_eval,
    .vjp = fma_vjp,
    .jvp = fma_jvp,
    .kernel_row = VN__TERNARY_fma + 1,
};

vn_array *vn_fma(vn_array *a, vn_array *b, vn_array *c)
{
    vn__named_begin("fma");
    vn_array *const in[] = { a, b, c };
    vn_array *x[3];
    vn_dtype result;
    if (vn__promote(x, &result, "fma", VN__NUMBERS, 3, in) != VN_ERR_OK)
        return vn__named_end(NULL);
    if (!vn_dtype_is_inexact(result))
        return vn__named_end(vn_add(vn_mul(x[0], x[1]), x[2]));
    return vn__named_end(vn__apply(&vn__op_fma, NULL, VN__REALS, 3, in));
}

/* ------------------------------------------------------------------------------ clip */

vn_array *vn_clip(vn_array *x, vn_array *lo, vn_array *hi)
{
    vn__named_begin("clip");
    vn_array *const raised = vn_is_none(lo) ? x : vn_maximum(x, lo);
    return vn__named_end(vn_is_none(hi) ? raised : vn_minimum(raised, hi));
}
