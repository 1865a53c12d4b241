/* SPDX-License-Identifier: MIT */
/* Reductions over a set of axes, which disappear:
 *   reduce_sum   dx = g repeated over the axes
 *   reduce_max, reduce_min   dx = g hit / count, hit = [x == y], count = sum hit
 *   reduce_prod  dx = g times the product of the other elements, safe at zeros
 *
 * Evaluation: axes that follow one another are reduced by one kernel call over
 * [outer][n][inner], innermost group first; lanes belong to inner. */
#include <string.h>

#include "core/ops/along_axis.h"

/* Attributes: vn_axes, sorted, none negative. */

/* --------------------------------------------------------------------------- shape */

static vn_status reduce_shape(vn_aval out[], const char *who, const void *attr,
                              const vn_aval *in, int accept)
{
    vn_axes axes = *(const vn_axes *)attr;
    VN_TRY(vn__check_dtype(who, in->dtype, accept));
    VN_TRY(vn__wrap_axes(&axes, who, in->shape.rank));
    out[0] = (vn_aval){ .dtype = in->dtype };
    for (int d = 0; d < in->shape.rank; d++)
        if (!vn__axes_has(axes, d))
            out[0].shape.dim[out[0].shape.rank++] = in->shape.dim[d];
    return VN_ERR_OK;
}

static vn_status sum_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    return reduce_shape(out, "sum", attr, in, VN__EQUAL);
}

static vn_status prod_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    return reduce_shape(out, "prod", attr, in, VN__ORDERED);
}

/* No number is the largest of none; "any" and "all" of no bools are false and true. */
static vn_status extreme_shape(vn_aval out[], const char *who, const void *attr,
                               const vn_aval *in)
{
    VN_TRY(reduce_shape(out, who, attr, in, VN__ORDERED));
    char text[VN__SHAPE_TEXT];
    if (in->dtype != VN_BOOL && vn_shape_size(in->shape) == 0 &&
        vn_shape_size(out[0].shape) > 0)
        return vn__fail(VN_ERR_SHAPE, "%s: of no elements: %s", who,
                        vn__shape_text(text, in->dtype, in->shape));
    return VN_ERR_OK;
}

static vn_status max_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    return extreme_shape(out, "max", attr, in);
}

static vn_status min_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    return extreme_shape(out, "min", attr, in);
}

/* ---------------------------------------------------------------------------- eval */

/* The last run of neighbouring axes: [*begin, *end); false if there is none. */
static bool last_run(int *begin, int *end, vn_axes axes)
{
    if (axes.count == 0)
        return false;
    int first = axes.count - 1;
    while (first > 0 && axes.axis[first - 1] == axes.axis[first] - 1)
        first--;
    *begin = axes.axis[first];
    *end = axes.axis[axes.count - 1] + 1;
    return true;
}

static vn_shape without_run(vn_shape shape, int begin, int end)
{
    for (int d = end - 1; d >= begin; d--)
        shape = vn__shape_without(shape, d);
    return shape;
}

enum { MANY = 1024, COLUMNS = 256 };

/* f32 sums of many terms: blocks are cast to f64 and added there. */
static void sum_many(float *out, const float *x, vn__along a, const vn__kernels *kernels)
{
    double block[MANY], sum[COLUMNS];
    for (int64_t o = 0; o < a.outer; o++)
        for (int64_t i = 0; i < a.inner; i += COLUMNS) {
            const int64_t w = a.inner - i < COLUMNS ? a.inner - i : COLUMNS;
            const int64_t most = w == a.inner ? MANY / w : 1; /* rows that follow one another */
            const float *const first = x + o * a.n * a.inner + i;
            memset(sum, 0, sizeof sum);
            for (int64_t k = 0; k < a.n; k += most) {
                const int64_t rows = a.n - k < most ? a.n - k : most;
                kernels->cast[VN_F64][VN_F32](block, first + k * a.inner, rows * w);
                kernels->reduce[VN_F64][VN__REDUCE_sum](sum, block, 1, rows, w, true);
            }
            kernels->cast[VN_F32][VN_F64](out + o * a.inner + i, sum, w);
        }
}

static void reduce_run(const vn_eval *e, void *to, const void *from, vn__along a,
                       enum vn__reduce row)
{
    vn_dtype dtype = e->in_aval[0].dtype;
    if (a.inner == 0) /* nothing is made, however often */
        return;
    if (vn_dtype_is_complex(dtype)) { /* a sum: that of the parts, side by side */
        dtype = vn_dtype_real(dtype);
        a.inner *= 2;
    }
    if (row == VN__REDUCE_sum && dtype == VN_F32 && a.n > MANY)
        sum_many(to, from, a, e->kernels);
    else
        e->kernels->reduce[dtype][row](to, from, a.outer, a.n, a.inner, false);
}

/* A share of the only run's rows. */
static void reduce_part(const vn_eval *e, vn__along a, enum vn__reduce row)
{
    const int64_t size = (int64_t)vn_dtype_size(e->in_aval[0].dtype);
    const int64_t from = vn__along_share(&a, e);
    reduce_run(e, (char *)e->out[0] + from * a.inner * size,
               (const char *)e->in[0] + from * a.n * a.inner * size, a, row);
}

/* What is left after each run goes to scratch; the last run writes the result. */
static void reduce_eval(const vn_eval *e, enum vn__reduce row)
{
    vn_axes axes = *(const vn_axes *)e->attr;
    vn_shape shape = e->in_aval[0].shape;
    const size_t size = vn_dtype_size(e->in_aval[0].dtype);
    const void *from = e->in[0];
    char *next = e->scratch;
    int begin, end;
    if (axes.count == 0)
        memcpy(e->out[0], from, (size_t)vn__eval_size(e) * size);
    while (last_run(&begin, &end, axes)) {
        axes.count -= end - begin;
        const vn__along along = { vn__span(shape, 0, begin), vn__span(shape, begin, end),
                                  vn__span(shape, end, shape.rank) * e->lanes };
        void *const to = axes.count ? next : e->out[0];
        if (e->parts > 1)
            reduce_part(e, along, row);
        else
            reduce_run(e, to, from, along, row);
        next += (size_t)(along.outer * along.inner) * size;
        from = to;
        shape = without_run(shape, begin, end);
    }
}

static size_t reduce_scratch(const void *attr, const vn_aval in[], int n_in,
                             const bool mapped[], int64_t lanes)
{
    (void)n_in, (void)mapped;
    vn_axes axes = *(const vn_axes *)attr;
    vn_shape shape = in[0].shape;
    int64_t n = 0;
    int begin, end;
    while (last_run(&begin, &end, axes)) {
        axes.count -= end - begin;
        shape = without_run(shape, begin, end);
        n += axes.count ? vn_shape_size(shape) * lanes : 0;
    }
    return (size_t)n * vn_dtype_size(in[0].dtype);
}

/* Rows of the only run. */
static int64_t parts(const void *attr, const vn_aval in[], const bool mapped[], int64_t lanes,
                     bool sum)
{
    const vn_axes axes = *(const vn_axes *)attr;
    int begin, end;
    if (sum || (lanes > 1 && !mapped[0]) || !last_run(&begin, &end, axes) ||
        end - begin != axes.count)
        return 1;
    const int64_t bytes =
        vn_shape_size(in[0].shape) * lanes * (int64_t)vn_dtype_size(in[0].dtype);
    return vn__parts_of_bytes(bytes, vn__span(in[0].shape, 0, begin));
}

static void sum_mapped(const vn_eval *e) { reduce_eval(e, VN__REDUCE_sum); }
static void prod_mapped(const vn_eval *e) { reduce_eval(e, VN__REDUCE_prod); }
static void max_mapped(const vn_eval *e) { reduce_eval(e, VN__REDUCE_max); }
static void min_mapped(const vn_eval *e) { reduce_eval(e, VN__REDUCE_min); }

static void eval(const vn_eval *e, void (*mapped)(const vn_eval *e))
{
    if (!vn__eval_shared(e, mapped))
        mapped(e);
}

static void sum_eval(const vn_eval *e) { eval(e, sum_mapped); }
static void prod_eval(const vn_eval *e) { eval(e, prod_mapped); }
static void max_eval(const vn_eval *e) { eval(e, max_mapped); }
static void min_eval(const vn_eval *e) { eval(e, min_mapped); }

/* --------------------------------------------------------------------- derivatives */

static vn_axes axes_of(const vn_node *node) { return *(const vn_axes *)node->attr; }

static void sum_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    din[0] = vn__broadcast_over(g[0], axes_of(node), vn_shape_of(node->in[0]));
}

/* 1 where x is the result, and how many there are. */
static vn_array *hits(vn_array **count, const vn_node *node)
{
    vn_array *const x = node->in[0];
    vn_array *const y = vn__broadcast_over(node->out[0], axes_of(node), vn_shape_of(x));
    vn_array *const hit = vn_cast(vn_eq(x, y), vn_dtype_of(x));
    *count = vn__reduce_sum(hit, axes_of(node));
    return hit;
}

static void extreme_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    vn_array *count, *const hit = hits(&count, node);
    const vn_shape shape = vn_shape_of(node->in[0]);
    din[0] = vn_mul(hit, vn__broadcast_over(vn_div(g[0], count), axes_of(node), shape));
}

static void extreme_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    vn_array *count, *const hit = hits(&count, node);
    dout[0] = vn_div(vn__reduce_sum(vn_mul(hit, din[0]), axes_of(node)), count);
}

/* The product of all other elements along the axes, which are laid out as one. */
static vn_array *product_of_others(const vn_node *node)
{
    const vn_axes axes = axes_of(node);
    const vn_shape shape = vn_shape_of(node->in[0]);
    vn_array *const x = vn__axes_to_end(node->in[0], axes);
    vn_array *const others = vn_mul(vn__cumprod_exclusive(x, vn_rank(x) - 1, false),
                                    vn__cumprod_exclusive(x, vn_rank(x) - 1, true));
    return vn__axes_from_end(others, axes, shape);
}

static void prod_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    vn_array *const wide = vn__broadcast_over(g[0], axes_of(node), vn_shape_of(node->in[0]));
    din[0] = vn_mul(wide, product_of_others(node));
}

static void prod_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    dout[0] = vn__reduce_sum(vn_mul(din[0], product_of_others(node)), axes_of(node));
}

/* ---------------------------------------------------------------------------- pull */

static bool pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[], int n_in,
                 const int axis[])
{
    (void)in, (void)n_in;
    const vn_axes axes = *(const vn_axes *)attr;
    vn_axes rest = { .count = axes.count };
    *out_axis = axis[0];
    for (int i = 0; i < axes.count; i++) {
        if (axes.axis[i] == axis[0])
            return false;
        rest.axis[i] = axes.axis[i] - (axes.axis[i] > axis[0]);
        *out_axis -= axes.axis[i] < axis[0];
    }
    *(vn_axes *)attr_out = rest;
    return true;
}

static bool lift(void *attr_out, int *at, bool *swap, const void *attr, int64_t size,
                 const vn_aval in[], int n_in, const bool has[])
{
    (void)at, (void)swap, (void)size, (void)in, (void)n_in, (void)has;
    vn_axes a = *(const vn_axes *)attr;
    for (int i = 0; i < a.count; i++)
        a.axis[i]++;
    *(vn_axes *)attr_out = a;
    return true;
}

/* ----------------------------------------------------------------------------- ops */

const vn_op vn__op_reduce_sum = {
    .name = "sum",
    .n_in = 1,
    .attr_size = sizeof(vn_axes),
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = sum_shape,
    .eval = sum_eval,
    .scratch = reduce_scratch,
    .parts = parts,
    .vjp = sum_vjp,
    .pull = pull,
    .lift = lift,
};

const vn_op vn__op_reduce_prod = {
    .name = "prod",
    .n_in = 1,
    .attr_size = sizeof(vn_axes),
    .flags = VN_OP_LANES,
    .shape = prod_shape,
    .eval = prod_eval,
    .scratch = reduce_scratch,
    .parts = parts,
    .vjp = prod_vjp,
    .jvp = prod_jvp,
    .pull = pull,
    .lift = lift,
};

const vn_op vn__op_reduce_max = {
    .name = "max",
    .n_in = 1,
    .attr_size = sizeof(vn_axes),
    .flags = VN_OP_LANES,
    .shape = max_shape,
    .eval = max_eval,
    .scratch = reduce_scratch,
    .parts = parts,
    .vjp = extreme_vjp,
    .jvp = extreme_jvp,
    .pull = pull,
    .lift = lift,
};

const vn_op vn__op_reduce_min = {
    .name = "min",
    .n_in = 1,
    .attr_size = sizeof(vn_axes),
    .flags = VN_OP_LANES,
    .shape = min_shape,
    .eval = min_eval,
    .scratch = reduce_scratch,
    .parts = parts,
    .vjp = extreme_vjp,
    .jvp = extreme_jvp,
    .pull = pull,
    .lift = lift,
};

/* ---------------------------------------------------------------- internal functions */

bool vn__reduce_sum_axes(vn_axes *axes, const vn_op *op, const void *attr)
{
    if (op == &vn__op_reduce_sum)
        *axes = *(const vn_axes *)attr;
    return op == &vn__op_reduce_sum;
}

vn_array *vn__reduce_sum(vn_array *x, vn_axes axes)
{
    return axes.count ? vn_op_apply(&vn__op_reduce_sum, &axes, 1, &x) : x;
}

vn_array *vn__keepdims(vn_array *y, vn_axes axes, vn_shape shape)
{
    for (int i = 0; i < axes.count; i++)
        shape.dim[axes.axis[i]] = 1;
    return vn_reshape(y, shape);
}

/* ------------------------------------------------------------------ public functions */

static vn_array *reduce(const vn_op *op, vn_array *x, vn_axes axes, bool keepdims,
                        bool accumulate)
{
    vn_array *a;
    vn_dtype result;
    const int accept = op == &vn__op_reduce_sum ? VN__EQUAL : VN__ORDERED;
    if (vn__promote(&a, &result, op->name, accept, 1, &x) != VN_ERR_OK ||
        vn__wrap_axes(&axes, op->name, vn_rank(a)) != VN_ERR_OK)
        return NULL;
    if (accumulate) {
        result = vn__accumulator_dtype(result);
        a = vn_cast(a, vn__accumulator_dtype(vn_dtype_of(a)));
    }
    vn_array *y = axes.count ? vn_op_apply(op, &axes, 1, &a) : a;
    if (y && keepdims)
        y = vn__keepdims(y, axes, vn_shape_of(a));
    return vn_cast(y, result);
}

static vn_array *reduce_all(const vn_op *op, vn_array *x, bool accumulate)
{
    vn_array *const a = vn__as_operand(op->name, x);
    return a ? reduce(op, a, vn__all_axes(vn_rank(a)), false, accumulate) : NULL;
}

/* Numbers count as true where they are not zero. */
static vn_array *as_bool(const char *who, vn_array *x)
{
    return vn_cast(vn__as_operand(who, x), VN_BOOL);
}

vn_array *vn_sum(vn_array *x) { return reduce_all(&vn__op_reduce_sum, x, true); }
vn_array *vn_prod(vn_array *x) { return reduce_all(&vn__op_reduce_prod, x, true); }
vn_array *vn_max(vn_array *x) { return reduce_all(&vn__op_reduce_max, x, false); }
vn_array *vn_min(vn_array *x) { return reduce_all(&vn__op_reduce_min, x, false); }
vn_array *vn_any(vn_array *x)
{
    vn__named_begin("any");
    return vn__named_end(reduce_all(&vn__op_reduce_max, as_bool("any", x), false));
}
vn_array *vn_all(vn_array *x)
{
    vn__named_begin("all");
    return vn__named_end(reduce_all(&vn__op_reduce_min, as_bool("all", x), false));
}

vn_array *vn_sum_over(vn_array *x, vn_axes axes, bool keepdims)
{
    return reduce(&vn__op_reduce_sum, x, axes, keepdims, true);
}

vn_array *vn_prod_over(vn_array *x, vn_axes axes, bool keepdims)
{
    return reduce(&vn__op_reduce_prod, x, axes, keepdims, true);
}

vn_array *vn_max_over(vn_array *x, vn_axes axes, bool keepdims)
{
    return reduce(&vn__op_reduce_max, x, axes, keepdims, false);
}

vn_array *vn_min_over(vn_array *x, vn_axes axes, bool keepdims)
{
    return reduce(&vn__op_reduce_min, x, axes, keepdims, false);
}

vn_array *vn_any_over(vn_array *x, vn_axes axes, bool keepdims)
{
    vn__named_begin("any");
    return vn__named_end(reduce(&vn__op_reduce_max, as_bool("any", x), axes, keepdims, false));
}

vn_array *vn_all_over(vn_array *x, vn_axes axes, bool keepdims)
{
    vn__named_begin("all");
    return vn__named_end(reduce(&vn__op_reduce_min, as_bool("all", x), axes, keepdims, false));
}
