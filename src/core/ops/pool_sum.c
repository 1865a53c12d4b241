/* SPDX-License-Identifier: MIT */
/* pool_sum: y[c][q] = sum over taps t of x[c][p(q, t)], and its transpose pool_sum_grad:
 * dx[c][p] = sum of the g[c][q] whose window covers p. Each is the other's derivative. */
#include "core/ops/pool.h"

/* ------------------------------------------------------------------------------ pool_sum */

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn__sliding *const s = attr;
    VN_TRY(vn__check_dtype("pool_sum", in[0].dtype, VN__NUMBERS));
    return vn__pool_shape(out, "pool_sum", in[0], s->x, s->y, s->n);
}

static void eval(const vn_eval *e)
{
    const vn__real_kernels *const real = e->kernels->real[e->in_aval[0].dtype];
    for (vn__pool_walk w = vn__pool_start(e); vn__pool_next(&w);) {
        void *const y = (char *)w.out + w.offset;
        if (real)
            real->sum_pool(y, w.operand[0], &w.window);
        else
            vn__pool_rows(y, w.operand[0], &w.window, e, VN__REDUCE_sum, VN__BINARY_add);
    }
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    din[0] = vn_op_apply(&vn__op_pool_sum_grad, node->attr, 1, g);
}

const vn_op vn__op_pool_sum = {
    .name = "pool_sum",
    .n_in = 1,
    .attr_size = sizeof(vn__sliding),
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = shape,
    .eval = eval,
    .scratch = vn__pool_scratch,
    .prepare_size = vn__pool_prepare_size,
    .prepare = vn__pool_prepare,
    .parts = vn__pool_parts,
    .vjp = vjp,
    .pull = vn__pool_pull,
};

/* ------------------------------------------------------------------------- pool_sum_grad */

static vn_status grad_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn__sliding *const s = attr;
    VN_TRY(vn__check_dtype("pool_sum_grad", in[0].dtype, VN__REALS));
    return vn__pool_shape(out, "pool_sum_grad", in[0], s->y, s->x, s->n);
}

static void grad_eval(const vn_eval *e)
{
    const vn_dtype dtype = e->in_aval[0].dtype;
    for (vn__pool_walk w = vn__pool_start_grad(e); vn__pool_next(&w);)
        e->kernels->real[dtype]->sum_pool_grad(w.out, (const char *)w.operand[0] + w.offset,
                                               &w.window);
}

static void grad_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    din[0] = vn_op_apply(&vn__op_pool_sum, node->attr, 1, g);
}

const vn_op vn__op_pool_sum_grad = {
    .name = "pool_sum_grad",
    .n_in = 1,
    .attr_size = sizeof(vn__sliding),
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = grad_shape,
    .eval = grad_eval,
    .scratch = vn__pool_scratch,
    .prepare_size = vn__pool_prepare_size,
    .prepare = vn__pool_prepare,
    .parts = vn__pool_parts,
    .vjp = grad_vjp,
    .pull = vn__pool_pull,
};

vn_array *vn_pool_sum(vn_array *x, const vn_window *window)
{
    vn__named_begin("pool_sum");
    vn__sliding s;
    x = vn__as_operand("pool_sum", x);
    if (!x || vn__pool_attr(&s, "pool_sum", x, window) != VN_ERR_OK)
        return vn__named_end(NULL);
    return vn__named_end(vn__apply(&vn__op_pool_sum, &s, VN__NUMBERS, 1, &x));
}
