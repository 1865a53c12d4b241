/* SPDX-License-Identifier: MIT */
/* Pool: y[c, o..] = init op x[c, first of window] op ... op x[c, last of window]
 *     window o of axis i: elements o s - lo .. o s - lo + k - 1, those outside x left out
 *     use_ceil: hi += s where (in + lo + hi - k) % s != 0
 *     MaxPool: init -inf, op max; AvgPool: init 0, op +, result divided by product(k)
 * Source: equinox/nn/_pool.py */
#include <math.h>
#include <stdint.h>

#include "core/nn/layer.h"

static vn_tree *max_of_two(vn_tree *const arg[]) { return vn_maximum(arg[0], arg[1]); }
static vn_tree *sum_of_two(vn_tree *const arg[]) { return vn_add(arg[0], arg[1]); }

static bool is_function(const vn_tree *leaf, vn_fn *fn)
{
    return vn_kind_of(leaf) == VN_KIND_FUNCTION &&
           ((const vn__leaf *)(const void *)leaf)->fn == fn;
}

static bool is_number(const vn_tree *leaf, double value)
{
    const vn_kind kind = vn_kind_of(leaf);
    return (kind == VN_KIND_INT || kind == VN_KIND_FLOAT) && vn_float_value(leaf) == value;
}

/* The largest or smallest number of an integer dtype. */
static vn_array *end_of(vn_dtype dtype, bool largest)
{
    const int spare = 64 - 8 * (int)vn_dtype_size(dtype);
    const bool is_signed = dtype == VN_I8 || dtype == VN_I16 || dtype == VN_I32 ||
                           dtype == VN_I64;
    const int64_t lowest = is_signed ? INT64_MIN >> spare : 0;
    const uint64_t highest = (is_signed ? (uint64_t)INT64_MAX : UINT64_MAX) >> spare;
    return largest ? vn_cast(vn_array_from(VN_U64, VN_SCALAR, &highest), dtype)
                   : vn_cast(vn_array_from(VN_I64, VN_SCALAR, &lowest), dtype);
}

/* init in the dtype of x: infinities are the ends of what an integer can be. */
static vn_array *init_for(const struct vn_pool *l, const char *name, const vn_array *x)
{
    const vn_dtype dtype = vn_dtype_of(x);
    if (vn__as_array(l->init))
        return vn_cast(l->init, dtype);
    const double value = vn_float_value(l->init);
    if (vn_dtype_is_inexact(dtype))
        return vn_scalar(dtype, value);
    if (isinf(value) && vn_dtype_is_integer(dtype))
        return end_of(dtype, value > 0);
    if (value != floor(value))
        return vn_error(VN_ERR_DTYPE, "%s: init is %g, but x is %s", name, value,
                        vn_dtype_name(dtype));
    return vn_cast(l->init, dtype);
}

/* x with its paddings, all zero. */
static vn_array *padded(vn_array *x, const vn_window *w)
{
    vn_pads pads = { .lo = { 0 } };
    for (int i = 0; i < w->n; i++) {
        pads.lo[1 + i] = w->pad_lo[i];
        pads.hi[1 + i] = w->pad_hi[i];
    }
    return vn_pad(x, &pads, 0);
}

/* Of every window the element at position `at`: a strided slice of x. */
static vn_array *element(vn_array *x, const vn_window *w, int64_t at)
{
    for (int64_t i = w->n - 1, rest = at; i >= 0 && x; rest /= w->size[i], i--) {
        const int64_t begin = rest % w->size[i];
        const int64_t end = vn_dim(x, (int)i + 1) - w->size[i] + begin + 1;
        x = vn_slice(x, (int)i + 1, begin, end < 0 ? 0 : end, w->stride[i]);
    }
    return x;
}

/* Any operation: the elements of the windows combined in order, those outside of x left out. */
static vn_array *pool_any(const struct vn_pool *l, const char *name, vn_array *x,
                          const vn_window *w)
{
    vn_array *y = init_for(l, name, x), *inside = NULL;
    bool fits = true, none = true;
    for (int i = 0; i < w->n; i++)
        none = none && w->pad_lo[i] == 0 && w->pad_hi[i] == 0;
    if (!none)
        inside = padded(vn_ones(VN_BOOL, vn_shape_of(x)), w);
    x = none ? x : padded(x, w);
    if (!x || !y || (!none && !inside))
        return NULL;
    for (int i = 0; i < w->n; i++)
        fits = fits && vn_dim(x, 1 + i) >= w->size[i];
    for (int64_t at = 0, n = fits ? vn_shape_size(l->kernel_size) : 1; at < n && y; at++) {
        vn_array *const part = element(x, w, at);
        vn_array *const next = part ? vn_call(l->operation, y, part) : NULL;
        y = none || !next ? next : vn_where(element(inside, w, at), next, y);
    }
    return y;
}

/* The window with its paddings for an x of that shape; false and an error if it is too wide. */
static bool make_window(vn_window *w, const struct vn_pool *l, const char *name, vn_shape x)
{
    *w = (vn_window){ .n = (int32_t)l->num_spatial_dims };
    for (int i = 0; i < w->n; i++) {
        const int64_t k = l->kernel_size.dim[i], s = l->stride.dim[i];
        const int64_t lo = l->padding.dim[i];
        int64_t hi = l->padding_end.dim[i];
        if (l->use_ceil && (x.dim[1 + i] + lo + hi - k) % s != 0)
            hi += s;
        if (lo > k || hi > k) {
            vn__fail(VN_ERR_ARGUMENT,
                     "%s: the padding of axis %d is (%lld, %lld), more than the "
                     "kernel size %lld",
                     name, 1 + i, (long long)lo, (long long)hi, (long long)k);
            return false;
        }
        w->size[i] = k;
        w->stride[i] = s;
        w->pad_lo[i] = lo;
        w->pad_hi[i] = hi;
    }
    return true;
}

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    vn__named_begin(self->type->name);
    const struct vn_pool *const l = (const void *)self;
    vn_array *const x = arg[0];
    vn_window w;
    (void)n;
    if (!vn__expect_rank(self->type->name, "x", x, (int)l->num_spatial_dims + 1) ||
        !make_window(&w, l, self->type->name, vn_shape_of(x)))
        return vn__named_end(NULL);
    if (is_function(l->operation, max_of_two) && is_number(l->init, -INFINITY))
        return vn__named_end(vn_pool_max(x, &w));
    if (is_function(l->operation, sum_of_two) && is_number(l->init, 0))
        return vn__named_end(vn_pool_sum(x, &w));
    return vn__named_end(pool_any(l, self->type->name, x, &w));
}

static vn_tree *call_average(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_pool *const l = (const void *)self;
    return vn_div(call(self, n, arg), vn_float((double)vn_shape_size(l->kernel_size)));
}

static bool show_padding(const vn_tree *self, vn_tree **value)
{
    const struct vn_pool *const l = (const void *)self;
    *value = vn__shown_pairs(l->padding, l->padding_end);
    return true;
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_pool, init, TREE),
    VN_FIELD(struct vn_pool, operation, TREE),
    VN_FIELD(struct vn_pool, num_spatial_dims, INT),
    VN_FIELD(struct vn_pool, kernel_size, SHAPE),
    VN_FIELD(struct vn_pool, stride, SHAPE),
    VN_FIELD_SHOWN(struct vn_pool, padding, SHAPE, show_padding),
    VN_FIELD_SHOWN(struct vn_pool, padding_end, SHAPE, vn__not_shown),
    VN_FIELD(struct vn_pool, use_ceil, BOOL),
};

#define POOL_TYPE(text, call_fn) VN__LAYER_TYPE(text, struct vn_pool, fields, call_fn, 1, 2)
const vn_type vn_pool_type = POOL_TYPE("Pool", call);
const vn_type vn_max_pool1d_type = POOL_TYPE("MaxPool1d", call);
const vn_type vn_max_pool2d_type = POOL_TYPE("MaxPool2d", call);
const vn_type vn_max_pool3d_type = POOL_TYPE("MaxPool3d", call);
const vn_type vn_avg_pool1d_type = POOL_TYPE("AvgPool1d", call_average);
const vn_type vn_avg_pool2d_type = POOL_TYPE("AvgPool2d", call_average);
const vn_type vn_avg_pool3d_type = POOL_TYPE("AvgPool3d", call_average);

static vn_tree *construct(const vn_type *type, vn_tree *init, vn_tree *operation, int n,
                          vn_shape kernel, const vn_pool_options *options)
{
    vn__named_begin(type->name);
    static const vn_pool_options defaults;
    const vn_pool_options o = options ? *options : defaults;
    const char *const name = type->name;
    struct vn_pool l = {
        .init = init, .operation = operation, .num_spatial_dims = n, .use_ceil = o.use_ceil
    };
    if (!vn__expect_between(name, "num_spatial_dims", n, 1, VN_MAX_RANK - 1) ||
        !vn__per_axis(&l.kernel_size, name, "kernel_size", kernel, n, 0, 1) ||
        !vn__per_axis(&l.stride, name, "stride", o.stride, n, 1, 1) ||
        !vn__per_axis(&l.padding, name, "padding", o.padding, n, 0, 0) ||
        !vn__per_axis(&l.padding_end, name, "padding_end",
                      o.padding_end.rank ? o.padding_end : o.padding, n, 0, 0))
        return vn__named_end(NULL);
    return vn__named_end(vn_module_new(type, &l));
}

vn_tree *vn_pool(vn_tree *init, vn_tree *operation, int num_spatial_dims, vn_shape kernel_size,
                 const vn_pool_options *options)
{
    const vn_kind kind = vn_kind_of(init);
    const bool scalar = vn__as_array(init) && vn_rank(init) == 0;
    if (kind != VN_KIND_INT && kind != VN_KIND_FLOAT && !scalar)
        return vn_error(VN_ERR_ARGUMENT, "Pool: init is not a number or an array of shape []");
    return construct(&vn_pool_type, init, operation, num_spatial_dims, kernel_size, options);
}

static vn_tree *max_pool(const vn_type *type, int n, vn_shape kernel,
                         const vn_pool_options *options)
{
    return construct(type, vn_float(-INFINITY), vn_function_named(max_of_two, 2, "max"), n,
                     kernel, options);
}

static vn_tree *avg_pool(const vn_type *type, int n, vn_shape kernel,
                         const vn_pool_options *options)
{
    return construct(type, vn_int(0), vn_function_named(sum_of_two, 2, "add"), n, kernel,
                     options);
}

vn_tree *vn_max_pool1d(vn_shape kernel_size, const vn_pool_options *options)
{
    return max_pool(&vn_max_pool1d_type, 1, kernel_size, options);
}

vn_tree *vn_max_pool2d(vn_shape kernel_size, const vn_pool_options *options)
{
    return max_pool(&vn_max_pool2d_type, 2, kernel_size, options);
}

vn_tree *vn_max_pool3d(vn_shape kernel_size, const vn_pool_options *options)
{
    return max_pool(&vn_max_pool3d_type, 3, kernel_size, options);
}

vn_tree *vn_avg_pool1d(vn_shape kernel_size, const vn_pool_options *options)
{
    return avg_pool(&vn_avg_pool1d_type, 1, kernel_size, options);
}

vn_tree *vn_avg_pool2d(vn_shape kernel_size, const vn_pool_options *options)
{
    return avg_pool(&vn_avg_pool2d_type, 2, kernel_size, options);
}

vn_tree *vn_avg_pool3d(vn_shape kernel_size, const vn_pool_options *options)
{
    return avg_pool(&vn_avg_pool3d_type, 3, kernel_size, options);
}
