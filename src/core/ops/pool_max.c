/* SPDX-License-Identifier: MIT */
/* pool_max: y[c][q] = max over taps t of x[c][p(q, t)], padding left out. With t* the first tap
 * that attains the maximum,
 *
 *   pool_max_grad(x, y, g):   dx[c][p] = sum of g[c][q] over the q with p(q, t*) = p
 *   pool_max_gather(x, y, v): u[c][q] = v[c][p(q, t*)]
 *
 * are linear in g and v and each other's transpose; their derivative in x and y is zero. */
#include <string.h>

#include "core/ops/pool.h"

/* ------------------------------------------------------------------------------ pool_max */

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn__sliding *const s = attr;
    VN_TRY(vn__check_dtype("pool_max", in[0].dtype, VN__ORDERED));
    return vn__pool_shape(out, "pool_max", in[0], s->x, s->y, s->n);
}

static void eval(const vn_eval *e)
{
    const vn__real_kernels *const real = e->kernels->real[e->in_aval[0].dtype];
    for (vn__pool_walk w = vn__pool_start(e); vn__pool_next(&w);) {
        void *const y = (char *)w.out + w.offset;
        if (real)
            real->max_pool(y, w.operand[0], &w.window);
        else
            vn__pool_rows(y, w.operand[0], &w.window, e, VN__REDUCE_max, VN__BINARY_max);
    }
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    din[0] = vn_op_apply(&vn__op_pool_max_grad, node->attr, 3,
                         (vn_array *[]){ node->in[0], node->out[0], g[0] });
}

static void jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    dout[0] = vn_op_apply(&vn__op_pool_max_gather, node->attr, 3,
                          (vn_array *[]){ node->in[0], node->out[0], din[0] });
}

const vn_op vn__op_pool_max = {
    .name = "pool_max",
    .n_in = 1,
    .attr_size = sizeof(vn__sliding),
    .flags = VN_OP_LANES,
    .shape = shape,
    .eval = eval,
    .scratch = vn__pool_scratch,
    .prepare_size = vn__pool_prepare_size,
    .prepare = vn__pool_prepare,
    .parts = vn__pool_parts,
    .vjp = vjp,
    .jvp = jvp,
    .pull = vn__pool_pull,
};

/* ------------------------------------------------------- pool_max_grad, pool_max_gather */

/* in = x, y, g or v; `third` and `result` are of the shape of x or y. */
static vn_status linear_shape(vn_aval *out, const char *op, const void *attr,
                              const vn_aval in[], bool to_x)
{
    const vn__sliding *const s = attr;
    vn_aval y;
    VN_TRY(vn__check_dtype(op, in[0].dtype, VN__REALS));
    VN_TRY(vn__pool_shape(&y, op, in[0], s->x, s->y, s->n));
    const vn_aval third = to_x ? y : in[0];
    if (!vn_shape_equal(in[1].shape, y.shape) || !vn_shape_equal(in[2].shape, third.shape) ||
        in[1].dtype != y.dtype || in[2].dtype != third.dtype)
        return vn__fail(VN_ERR_SHAPE, "%s: the operands are not of the sizes of the attributes",
                        op);
    *out = to_x ? in[0] : y;
    return VN_ERR_OK;
}

static vn_status grad_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    return linear_shape(out, "pool_max_grad", attr, in, true);
}

static void grad_eval(const vn_eval *e)
{
    const vn_dtype dtype = e->in_aval[0].dtype;
    for (vn__pool_walk w = vn__pool_start_grad(e); vn__pool_next(&w);)
        e->kernels->real[dtype]->max_pool_grad(
            w.out, w.operand[0], (const char *)w.operand[1] + w.offset,
            (const char *)w.operand[2] + w.offset, &w.window);
}

static vn_status gather_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    return linear_shape(out, "pool_max_gather", attr, in, false);
}

static double load(const void *x, int64_t i, vn_dtype dtype)
{
    return dtype == VN_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

/* u[q] of one channel and lane. */
static void gather_one(char *u, const void *x, const void *y, const char *v, const int32_t *tap,
                       const vn__window *w, vn_dtype dtype)
{
    const double best = load(y, 0, dtype);
    const size_t size = vn_dtype_size(dtype);
    memset(u, 0, size);
    for (int64_t t = 0; t < w->taps; t++) {
        const double value = tap[t] < 0 ? 0 : load(x, tap[t] * w->x_pixel, dtype);
        if (tap[t] >= 0 && (value == best || (value != value && best != best))) {
            memcpy(u, v + (size_t)(tap[t] * w->x_pixel) * size, size);
            return;
        }
    }
}

static void gather_eval(const vn_eval *e)
{
    const vn_dtype dtype = e->in_aval[0].dtype;
    const size_t size = vn_dtype_size(dtype);
    for (vn__pool_walk w = vn__pool_start(e); vn__pool_next(&w);)
        for (int64_t c = 0; c < w.window.channels; c++)
            for (int64_t q = 0; q < w.window.pixels; q++)
                for (int64_t l = 0; l < w.window.lanes; l++) {
                    const vn__window *const p = &w.window;
                    const size_t x = (size_t)(c * p->x_channel + l) * size;
                    const size_t y = (size_t)(c * p->y_channel + q * p->y_pixel + l) * size +
                                     (size_t)w.offset;
                    gather_one((char *)w.out + y, (const char *)w.operand[0] + x,
                               (const char *)w.operand[1] + y, (const char *)w.operand[2] + x,
                               p->tap + q * p->taps, p, dtype);
                }
}

static void linear_vjp(vn_array *din[], const vn_node *node, vn_array *const g[],
                       const vn_op *dual)
{
    if (node->need[2])
        din[2] =
            vn_op_apply(dual, node->attr, 3, (vn_array *[]){ node->in[0], node->in[1], g[0] });
}

static void linear_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    if (din[2])
        dout[0] = vn_op_apply(node->op, node->attr, 3,
                              (vn_array *[]){ node->in[0], node->in[1], din[2] });
}

static void grad_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    linear_vjp(din, node, g, &vn__op_pool_max_gather);
}

static void gather_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    linear_vjp(din, node, g, &vn__op_pool_max_grad);
}

const vn_op vn__op_pool_max_grad = {
    .name = "pool_max_grad",
    .n_in = 3,
    .attr_size = sizeof(vn__sliding),
    .flags = VN_OP_LANES,
    .shape = grad_shape,
    .eval = grad_eval,
    .scratch = vn__pool_scratch,
    .prepare_size = vn__pool_prepare_size,
    .prepare = vn__pool_prepare,
    .parts = vn__pool_parts,
    .vjp = grad_vjp,
    .jvp = linear_jvp,
    .pull = vn__pool_pull,
};

const vn_op vn__op_pool_max_gather = {
    .name = "pool_max_gather",
    .n_in = 3,
    .attr_size = sizeof(vn__sliding),
    .flags = VN_OP_LANES,
    .shape = gather_shape,
    .eval = gather_eval,
    .scratch = vn__pool_scratch,
    .prepare_size = vn__pool_prepare_size,
    .prepare = vn__pool_prepare,
    .parts = vn__pool_parts,
    .vjp = gather_vjp,
    .jvp = linear_jvp,
    .pull = vn__pool_pull,
};

vn_array *vn_pool_max(vn_array *x, const vn_window *window)
{
    vn__named_begin("pool_max");
    vn__sliding s;
    x = vn__as_operand("pool_max", x);
    if (!x || vn__pool_attr(&s, "pool_max", x, window) != VN_ERR_OK)
        return vn__named_end(NULL);
    return vn__named_end(vn__apply(&vn__op_pool_max, &s, VN__ORDERED, 1, &x));
}
