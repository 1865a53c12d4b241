/* SPDX-License-Identifier: MIT */
/* Axes, shapes and lanes for op files. */
#include "core/ops/ops_common.h"

#include <string.h>

/* ------------------------------------------------------------------- axes, shapes */

vn_status vn__wrap_axis(int *axis, const char *who, int rank)
{
    const int a = *axis < 0 ? *axis + rank : *axis;
    if (a < 0 || a >= rank)
        return vn__fail(VN_ERR_ARGUMENT, "%s: axis %d of an array with %d axes", who, *axis,
                        rank);
    *axis = a;
    return VN_ERR_OK;
}

bool vn__axes_has(vn_axes axes, int axis)
{
    for (int i = 0; i < axes.count; i++)
        if (axes.axis[i] == axis)
            return true;
    return false;
}

vn_axes vn__axes_behind(const vn_axes *axes, bool first)
{
    vn_axes out = { .count = first };
    for (int i = 0; i < axes->count; i++)
        out.axis[out.count++] = axes->axis[i] + 1;
    return out;
}

vn_status vn__wrap_axes(vn_axes *axes, const char *who, int rank)
{
    if (axes->count < 0 || axes->count > VN_MAX_RANK)
        return vn__fail(VN_ERR_ARGUMENT, "%s: a set of %d axes", who, axes->count);
    bool member[VN_MAX_RANK] = { false };
    for (int i = 0; i < axes->count; i++) {
        int axis = axes->axis[i];
        VN_TRY(vn__wrap_axis(&axis, who, rank));
        if (member[axis])
            return vn__fail(VN_ERR_ARGUMENT, "%s: axis %d is given twice", who, axis);
        member[axis] = true;
    }
    *axes = (vn_axes){ 0 };
    for (int axis = 0; axis < rank; axis++)
        if (member[axis])
            axes->axis[axes->count++] = axis;
    return VN_ERR_OK;
}

vn_axes vn__all_axes(int rank)
{
    vn_axes axes = { .count = rank };
    for (int axis = 0; axis < rank; axis++)
        axes.axis[axis] = axis;
    return axes;
}

vn_aval vn__aval_of(const vn_array *x) { return (vn_aval){ vn_dtype_of(x), vn_shape_of(x) }; }

int64_t vn__span(vn_shape shape, int begin, int end)
{
    int64_t n = 1;
    for (int i = begin; i < end; i++)
        if (__builtin_mul_overflow(n, shape.dim[i], &n))
            return INT64_MAX;
    return n;
}

vn_shape vn__shape_without(vn_shape shape, int axis)
{
    for (int i = axis; i < shape.rank - 1; i++)
        shape.dim[i] = shape.dim[i + 1];
    shape.dim[--shape.rank] = 0;
    return shape;
}

vn_status vn__shape_insert(vn_shape *shape, const char *who, int axis, int64_t dim)
{
    if (shape->rank < 0 || axis < 0)
        return vn__fail(VN_ERR_ARGUMENT, "%s: a shape of rank %d", who, (int)shape->rank);
    if (shape->rank >= VN_MAX_RANK)
        return vn__fail(VN_ERR_LIMIT, "%s: the result has more than %d axes", who, VN_MAX_RANK);
    for (int i = shape->rank++; i > axis; i--)
        shape->dim[i] = shape->dim[i - 1];
    shape->dim[axis] = dim;
    return VN_ERR_OK;
}

void vn__strides(int64_t stride[VN_MAX_RANK], vn_shape shape)
{
    int64_t n = 1;
    for (int i = shape.rank - 1; i >= 0; i--) {
        stride[i] = n;
        n *= shape.dim[i];
    }
}

/* Widens *to by the shape of one more operand; false if they disagree. */
static bool broadcast_into(vn_shape *to, vn_shape shape)
{
    const vn_shape a = to->rank >= shape.rank ? *to : shape,
                   b = a.rank == to->rank ? shape : *to;
    vn_shape out = a;
    const int lead = a.rank - b.rank;
    for (int i = 0; i < b.rank; i++) {
        int64_t *const d = &out.dim[lead + i];
        if (*d != b.dim[i] && *d != 1 && b.dim[i] != 1)
            return false;
        *d = *d == 1 ? b.dim[i] : *d;
    }
    *to = out;
    return true;
}

vn_status vn__broadcast_shapes(vn_shape *out, const char *who, const vn_aval in[], int n)
{
    *out = in[0].shape;
    for (int i = 1; i < n; i++) {
        const vn_shape before = *out;
        char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
        if (!broadcast_into(out, in[i].shape))
            return vn__fail(VN_ERR_SHAPE, "%s: shapes %s and %s do not broadcast", who,
                            vn__shape_text(a, in[0].dtype, before),
                            vn__shape_text(b, in[i].dtype, in[i].shape));
    }
    return VN_ERR_OK;
}

vn__dims vn__dims_of(vn_shape shape)
{
    vn__dims dims = { .rank = shape.rank };
    for (int i = 0; i < shape.rank; i++)
        dims.dim[i] = shape.dim[i];
    return dims;
}

vn_shape vn__shape_of_dims(const vn__dims *dims)
{
    vn_shape shape = { .rank = (int32_t)dims->rank };
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = dims->dim[i];
    return shape;
}

/* -------------------------------------------------------------------------- lanes */

/* `lanes` copies of one element, by doubling. */
static void fill(char *out, const char *element, int64_t lanes, size_t size)
{
    memmove(out, element, size);
    const size_t bytes = (size_t)lanes * size;
    for (size_t done = size; done < bytes; done *= 2)
        memcpy(out + done, out, done < bytes - done ? done : bytes - done);
}

void vn__spread_lanes(void *out, const void *in, int64_t n, int64_t lanes, size_t size)
{
    char *to = out;
    for (const char *from = in, *end = from + (size_t)n * size; from < end; from += size) {
        fill(to, from, lanes, size);
        to += (size_t)lanes * size;
    }
}

bool vn__eval_shared(const vn_eval *e, void (*eval)(const vn_eval *e))
{
    bool mapped = e->lanes == 1;
    for (int i = 0; i < e->n_in; i++)
        mapped |= e->mapped[i];
    if (mapped)
        return false;
    const int64_t n = vn_shape_size(e->out_aval[0].shape);
    const size_t size = vn_dtype_size(e->out_aval[0].dtype);
    void *const tail = (char *)e->out[0] + (size_t)(n * (e->lanes - 1)) * size;
    vn_eval one = *e;
    one.lanes = 1;
    one.out = &tail;
    eval(&one);
    vn__spread_lanes(e->out[0], tail, n, e->lanes, size);
    return true;
}

static size_t spread_bytes(vn_aval aval, int64_t lanes)
{
    const size_t n = (size_t)(vn_shape_size(aval.shape) * lanes) * vn_dtype_size(aval.dtype);
    return (n + 63) & ~(size_t)63;
}

void vn__lanes_operands(const void *operand[], const vn_eval *e)
{
    char *scratch = e->scratch;
    for (int i = 0; i < e->n_in; i++) {
        operand[i] = e->in[i];
        if (e->lanes == 1 || e->mapped[i])
            continue;
        const vn_aval aval = e->in_aval[i];
        vn__spread_lanes(scratch, e->in[i], vn_shape_size(aval.shape), e->lanes,
                         vn_dtype_size(aval.dtype));
        operand[i] = scratch;
        scratch += spread_bytes(aval, e->lanes);
    }
}

size_t vn__lanes_scratch(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                         int64_t lanes)
{
    (void)attr;
    size_t bytes = 0;
    for (int i = 0; lanes > 1 && i < n_in; i++)
        bytes += mapped && mapped[i] ? 0 : spread_bytes(in[i], lanes);
    return bytes;
}
