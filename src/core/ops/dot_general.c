/* SPDX-License-Identifier: MIT */
/* dot_general: out[batch][m][n] = sum over k of a[batch][m][k] b[batch][k][n], where the axes
 * of the operands take the parts of batch, free (m, n) and contracted (k) axes as the
 * attributes say.
 *
 *   da = g . b over n     db = a . g over m     (transposed to the operand's order of axes)
 *
 * It is bilinear and closed under differentiation: all derivatives are dot_generals. */
#include "core/ops/complex.h"
#include "core/ops/dot_geometry.h"
#include "core/ops/ops_common.h"

/* --------------------------------------------------------------------------------- shape */

static vn_status disagree(const char *what, int axis_a, int axis_b, const vn_aval in[2])
{
    char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
    return vn__fail(VN_ERR_SHAPE, "dot_general: %s sizes differ: %s axis %d and %s axis %d",
                    what, vn__shape_text(a, in[0].dtype, in[0].shape), axis_a,
                    vn__shape_text(b, in[1].dtype, in[1].shape), axis_b);
}

static vn_status check_pairs(const char *what, const vn_axes *a, const vn_axes *b,
                             const vn_aval in[2])
{
    for (int i = 0; i < a->count; i++)
        if (in[0].shape.dim[a->axis[i]] != in[1].shape.dim[b->axis[i]])
            return disagree(what, a->axis[i], b->axis[i], in);
    return VN_ERR_OK;
}

static vn_status append(vn_shape *out, vn_shape in, const vn_axes *axes)
{
    for (int i = 0; i < axes->count; i++) {
        if (out->rank == VN_MAX_RANK)
            return vn__fail(VN_ERR_LIMIT, "dot_general: the result has more than %d axes",
                            VN_MAX_RANK);
        out->dim[out->rank++] = in.dim[axes->axis[i]];
    }
    return VN_ERR_OK;
}

static vn_status result_shape(vn_aval *out, const vn_dot_dims *d, const vn_aval in[2])
{
    VN_TRY(check_pairs("batch", &d->batch_a, &d->batch_b, in));
    VN_TRY(check_pairs("contracted", &d->contract_a, &d->contract_b, in));
    const vn_axes free_a = vn__dot_free_axes(in[0].shape, &d->contract_a, &d->batch_a);
    const vn_axes free_b = vn__dot_free_axes(in[1].shape, &d->contract_b, &d->batch_b);
    *out = (vn_aval){ .dtype = in[0].dtype };
    VN_TRY(append(&out->shape, in[0].shape, &d->batch_a));
    VN_TRY(append(&out->shape, in[0].shape, &free_a));
    return append(&out->shape, in[1].shape, &free_b);
}

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    if (in[0].dtype != in[1].dtype)
        return vn__fail(VN_ERR_DTYPE, "dot_general: operands are %s and %s",
                        vn_dtype_name(in[0].dtype), vn_dtype_name(in[1].dtype));
    VN_TRY(vn__check_dtype("dot_general", in[0].dtype, VN__REALS));
    return result_shape(out, attr, in);
}

/* ---------------------------------------------------------------------------------- vjp */

static vn_axes range(int first, int count)
{
    vn_axes axes = { .count = count };
    for (int i = 0; i < count; i++)
        axes.axis[i] = first + i;
    return axes;
}

/* Partners in `of` of the axes `by`, in ascending order of `by`. */
static vn_axes in_order_of(const vn_axes *of, const vn_axes *by)
{
    vn_axes sorted = { 0 };
    for (int axis = 0; axis < VN_MAX_RANK; axis++)
        for (int i = 0; i < by->count; i++)
            if (by->axis[i] == axis)
                sorted.axis[sorted.count++] = of->axis[i];
    return sorted;
}

/* x has the axes first, second, third of an operand in this order: puts each in its place. */
static vn_array *arrange(vn_array *x, const vn_axes *first, const vn_axes *second,
                         const vn_axes *third)
{
    const vn_axes *const parts[] = { first, second, third };
    vn_axes permutation = { 0 };
    for (int p = 0; p < 3; p++)
        for (int i = 0; i < parts[p]->count; i++)
            permutation.axis[parts[p]->axis[i]] = permutation.count++;
    return permutation.count > 1 ? vn_transpose(x, permutation) : x;
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const vn_dot_dims *const d = node->attr;
    const vn_shape a = vn_shape_of(node->in[0]), b = vn_shape_of(node->in[1]);
    const vn_axes free_a = vn__dot_free_axes(a, &d->contract_a, &d->batch_a);
    const vn_axes free_b = vn__dot_free_axes(b, &d->contract_b, &d->batch_b);
    const int n_batch = d->batch_a.count;
    const vn_axes batch = range(0, n_batch), m = range(n_batch, free_a.count);
    const vn_axes n = range(n_batch + free_a.count, free_b.count);
    if (node->need[0]) { /* [batch][m][k in b's order] */
        const vn_dot_dims dims = { n, free_b, batch, d->batch_b };
        const vn_axes k = in_order_of(&d->contract_a, &d->contract_b);
        din[0] = arrange(vn_dot_general(g[0], node->in[1], &dims), &d->batch_a, &free_a, &k);
    }
    if (node->need[1]) { /* [batch][k in a's order][n] */
        const vn_dot_dims dims = { free_a, m, d->batch_a, batch };
        const vn_axes k = in_order_of(&d->contract_b, &d->contract_a);
        din[1] = arrange(vn_dot_general(node->in[0], g[0], &dims), &d->batch_b, &k, &free_b);
    }
}

/* --------------------------------------------------------------------------------- cost */

static double flops(const void *attr, const vn_aval in[], int n_in, const vn_aval out[])
{
    (void)n_in, (void)out;
    vn__dot dot;
    vn__dot_geometry(&dot, attr, in);
    return 2.0 * (double)dot.batches * (double)dot.m * (double)dot.n * (double)dot.k;
}

/* --------------------------------------------------------------------------------- pull */

static int find(const vn_axes *axes, int axis)
{
    for (int i = 0; i < axes->count; i++)
        if (axes->axis[i] == axis)
            return i;
    return -1;
}

/* The axes without `axis`, those after it one less. */
static vn_axes without(const vn_axes *axes, int axis)
{
    vn_axes out = { 0 };
    for (int i = 0; i < axes->count; i++)
        if (axes->axis[i] != axis)
            out.axis[out.count++] = axes->axis[i] - (axes->axis[i] > axis);
    return out;
}

/* A mapped axis is a pair of batch axes, or a free axis of one operand. */
static bool pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[], int n_in,
                 const int axis[])
{
    (void)n_in;
    const vn_dot_dims *const d = attr;
    const int pair = find(&d->batch_a, axis[0]);
    if (axis[0] >= 0 && axis[1] >= 0) {
        if (pair < 0 || pair != find(&d->batch_b, axis[1]))
            return false;
        *out_axis = pair;
    } else {
        const int s = axis[0] >= 0 ? 0 : 1;
        const vn_axes free_a = vn__dot_free_axes(in[0].shape, &d->contract_a, &d->batch_a);
        const vn_axes free_b = vn__dot_free_axes(in[1].shape, &d->contract_b, &d->batch_b);
        const int place = find(s == 0 ? &free_a : &free_b, axis[s]);
        if (place < 0)
            return false;
        *out_axis = d->batch_a.count + (s == 1 ? free_a.count : 0) + place;
    }
    const int none = VN_MAX_RANK;
    const int a = axis[0] >= 0 ? axis[0] : none, b = axis[1] >= 0 ? axis[1] : none;
    *(vn_dot_dims *)attr_out =
        (vn_dot_dims){ without(&d->contract_a, a), without(&d->contract_b, b),
                       without(&d->batch_a, a), without(&d->batch_b, b) };
    return true;
}

static bool lift(void *attr_out, int *at, bool *swap, const void *attr, int64_t size,
                 const vn_aval in[], int n_in, const bool has[])
{
    (void)size, (void)n_in;
    const vn_dot_dims *const from = attr;
    const bool both = has[0] && has[1];
    const int n_batch = from->batch_a.count;
    const int free_a = in[0].shape.rank - n_batch - from->contract_a.count;
    const int free_b = in[1].shape.rank - n_batch - from->contract_b.count;
    vn_dot_dims d = *from;
    if (has[0]) {
        d.contract_a = vn__axes_behind(&from->contract_a, false);
        d.batch_a = vn__axes_behind(&from->batch_a, both);
    }
    if (has[1]) {
        d.contract_b = vn__axes_behind(&from->contract_b, false);
        d.batch_b = vn__axes_behind(&from->batch_b, both);
    }
    *swap = !has[0] && n_batch == 0 && free_b == 0;
    if (*swap)
        d = (vn_dot_dims){ in_order_of(&d.contract_b, &d.contract_b),
                           in_order_of(&d.contract_a, &d.contract_b), { 0 }, { 0 } };
    else if (!both)
        *at = n_batch + (has[0] ? 0 : free_a);
    *(vn_dot_dims *)attr_out = d;
    return true;
}

const vn_op vn__op_dot_general = {
    .name = "dot_general",
    .n_in = 2,
    .attr_size = sizeof(vn_dot_dims),
    .flags = VN_OP_LANES | VN_OP_BILINEAR,
    .shape = shape,
    .eval = vn__dot_eval,
    .eval_sum = vn__dot_eval_sum,
    .sums_onto = vn__dot_sums_onto,
    .scratch = vn__dot_scratch,
    .setup_size = sizeof(vn__dot),
    .setup = vn__dot_setup,
    .provider = vn__dot_provider,
    .prepare_size = vn__dot_prepare_size,
    .prepare = vn__dot_prepare,
    .takes_epilogue = vn__dot_takes_epilogue,
    .parts = vn__dot_parts,
    .vjp = vjp,
    .flops = flops,
    .pull = pull,
    .lift = lift,
};

/* ----------------------------------------------------------------------- public function */

/* Axes counted from 0; each at most once in `used`. */
static vn_status normalise(vn_axes *out, const vn_axes *axes, bool used[], const vn_array *x)
{
    *out = (vn_axes){ 0 };
    for (int i = 0; i < axes->count; i++) {
        int axis = axes->axis[i];
        VN_TRY(vn__wrap_axis(&axis, "dot_general", vn_rank(x)));
        if (used[axis])
            return vn__fail(VN_ERR_ARGUMENT, "dot_general: axis %d is given twice", axis);
        used[axis] = true;
        out->axis[out->count++] = axis;
    }
    return VN_ERR_OK;
}

static vn_status normalise_dims(vn_dot_dims *out, const vn_dot_dims *dims,
                                vn_array *const in[2])
{
    bool used_a[VN_MAX_RANK] = { false }, used_b[VN_MAX_RANK] = { false };
    const int counts[] = { dims->contract_a.count, dims->contract_b.count, dims->batch_a.count,
                           dims->batch_b.count };
    if (counts[0] != counts[1] || counts[2] != counts[3])
        return vn__fail(VN_ERR_ARGUMENT,
                        "dot_general: %d and %d contracted, %d and %d batch axes", counts[0],
                        counts[1], counts[2], counts[3]);
    vn_dot_dims d = { 0 };
    VN_TRY(normalise(&d.contract_a, &dims->contract_a, used_a, in[0]));
    VN_TRY(normalise(&d.contract_b, &dims->contract_b, used_b, in[1]));
    VN_TRY(normalise(&d.batch_a, &dims->batch_a, used_a, in[0]));
    VN_TRY(normalise(&d.batch_b, &dims->batch_b, used_b, in[1]));
    *out = d;
    out->contract_a = in_order_of(&d.contract_a, &d.contract_a);
    out->contract_b = in_order_of(&d.contract_b, &d.contract_a);
    return VN_ERR_OK;
}

static vn_array *grouped(vn_array *x, const vn_axes *batch, const vn_axes *free,
                         const vn_axes *contract, vn_shape shape)
{
    const vn_axes *const parts[] = { batch, free, contract };
    vn_axes order = { 0 };
    for (int p = 0; p < 3; p++)
        for (int i = 0; i < parts[p]->count; i++)
            order.axis[order.count++] = parts[p]->axis[i];
    return vn_reshape(order.count > 1 ? vn_transpose(x, order) : x, shape);
}

/* Integers and bool (counted as 0 and 1): products, then a sum. */
static vn_array *by_sum(vn_array *const in[2], const vn_dot_dims *d)
{
    const vn_aval aval[2] = { vn__aval_of(in[0]), vn__aval_of(in[1]) };
    vn_aval out;
    if (result_shape(&out, d, aval) != VN_ERR_OK)
        return NULL;
    const vn_axes m = vn__dot_free_axes(aval[0].shape, &d->contract_a, &d->batch_a);
    const vn_axes n = vn__dot_free_axes(aval[1].shape, &d->contract_b, &d->batch_b);
    vn__dot dot;
    vn__dot_geometry(&dot, d, aval);
    vn_array *const a =
        grouped(in[0], &d->batch_a, &m, &d->contract_a, VN_SHAPE(dot.batches, dot.m, 1, dot.k));
    vn_array *const b =
        grouped(in[1], &d->batch_b, &n, &d->contract_b, VN_SHAPE(dot.batches, 1, dot.n, dot.k));
    return vn_reshape(vn_sum_over(vn_mul(a, b), VN_AXES(3), false), out.shape);
}

static vn_array *of_parts(const void *dims, vn_array *const in[2])
{
    return vn_op_apply(&vn__op_dot_general, dims, 2, in);
}

static vn_array *complex_product(vn_array *const x[2], vn_array *const promoted[2],
                                 const vn_dot_dims *d)
{
    vn_aval out;
    const vn_aval aval[2] = { vn__aval_of(promoted[0]), vn__aval_of(promoted[1]) };
    return result_shape(&out, d, aval) == VN_ERR_OK
               ? vn__complex_bilinear(of_parts, d, x, promoted)
               : NULL;
}

vn_array *vn_dot_general(vn_array *a, vn_array *b, const vn_dot_dims *dims)
{
    vn_array *in[2];
    vn_dtype result;
    vn_dot_dims d;
    if (!dims)
        return vn_error(VN_ERR_NULL_ARGUMENT, "dot_general: the dimensions are NULL");
    if (vn__promote(in, &result, "dot_general", VN__EQUAL, 2, (vn_array *[]){ a, b }) ||
        normalise_dims(&d, dims, in))
        return NULL;
    if (vn_dtype_is_complex(result))
        return complex_product((vn_array *[]){ a, b }, in, &d);
    if (!vn_dtype_is_inexact(result))
        return vn_cast(by_sum(in, &d), result);
    return vn_cast(vn_op_apply(&vn__op_dot_general, &d, 2, in), result);
}
