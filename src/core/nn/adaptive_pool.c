/* SPDX-License-Identifier: MIT */
/* AdaptivePool: along each spatial axis in turn, n elements become t
 *     piece j has n / t + 1 elements for j < n % t, else n / t; the pieces are disjoint
 *     y[.., j, ..] = operation(piece j)
 * Source: equinox/nn/_pool.py. There the operation is applied a second time to single numbers
 * when t divides n; here it is applied once. */
#include "core/nn/layer.h"
#include "vernal/transform.h"

/* operation over axis `axis` of x, which disappears. */
static vn_array *reduce(vn_tree *operation, vn_array *x, int axis)
{
    vn_array *(*const unary)(vn_array *) =
        vn_kind_of(operation) == VN_KIND_FUNCTION
            ? ((const vn__leaf *)(const void *)operation)->unary
            : NULL;
    if (unary == vn_max)
        return vn_max_over(x, VN_AXES(axis), false);
    if (unary == vn_mean)
        return vn_mean_over(x, VN_AXES(axis), false);
    vn_array *const moved = vn_moveaxis(x, axis, -1);
    if (!moved)
        return NULL;
    vn_shape shape = vn_shape_of(moved);
    vn_array *const rows = vn_reshape(moved, VN_SHAPE(-1, vn_dim(moved, -1)));
    shape.rank--;
    shape.dim[shape.rank] = 0;
    return vn_reshape(vn_call(vn_filter_vmap(operation, NULL), rows), shape);
}

/* Elements begin .. begin + count * size - 1 of the axis as `count` pieces. */
static vn_array *pieces(vn_tree *operation, vn_array *x, int axis, int64_t begin, int64_t count,
                        int64_t size)
{
    vn_array *const part = vn_slice(x, axis, begin, begin + count * size, 1);
    if (!part)
        return NULL;
    vn_shape shape = vn_shape_of(part);
    for (int i = shape.rank; i > axis + 1; i--)
        shape.dim[i] = shape.dim[i - 1];
    shape.rank++;
    shape.dim[axis] = count;
    shape.dim[axis + 1] = size;
    return reduce(operation, vn_reshape(part, shape), axis + 1);
}

static vn_array *pool_axis(vn_tree *operation, vn_array *x, int axis, int64_t target)
{
    const int64_t n = vn_dim(x, axis), longer = n % target, size = n / target;
    if (longer == 0)
        return pieces(operation, x, axis, 0, target, size);
    vn_array *const head = pieces(operation, x, axis, 0, longer, size + 1);
    return vn_concat(axis, head,
                     pieces(operation, x, axis, longer * (size + 1), target - longer, size));
}

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    vn__named_begin(self->type->name);
    const struct vn_adaptive_pool *const l = (const void *)self;
    const char *const name = self->type->name;
    char text[VN__SHAPE_TEXT];
    vn_array *x = arg[0];
    (void)n;
    if (!vn__expect_rank(name, "x", x, (int)l->num_spatial_dims + 1))
        return vn__named_end(NULL);
    for (int i = 0; i < l->num_spatial_dims && x; i++) {
        const int64_t target = l->target_shape.dim[i];
        if (vn_dim(x, 1 + i) < target)
            return vn__named_end(
                vn_error(VN_ERR_SHAPE, "%s: x has shape %s, but axis %d is to become %lld",
                         name, vn__describe(text, arg[0]), 1 + i, (long long)target));
        x = pool_axis(l->operation, x, 1 + i, target);
    }
    return vn__named_end(x);
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_adaptive_pool, target_shape, SHAPE),
    VN_FIELD(struct vn_adaptive_pool, operation, TREE),
    VN_FIELD_SHOWN(struct vn_adaptive_pool, num_spatial_dims, INT, vn__not_shown),
};

#define POOL_TYPE(text) VN__LAYER_TYPE(text, struct vn_adaptive_pool, fields, call, 1, 2)
const vn_type vn_adaptive_pool_type = POOL_TYPE("AdaptivePool");
const vn_type vn_adaptive_max_pool1d_type = POOL_TYPE("AdaptiveMaxPool1d");
const vn_type vn_adaptive_max_pool2d_type = POOL_TYPE("AdaptiveMaxPool2d");
const vn_type vn_adaptive_max_pool3d_type = POOL_TYPE("AdaptiveMaxPool3d");
const vn_type vn_adaptive_avg_pool1d_type = POOL_TYPE("AdaptiveAvgPool1d");
const vn_type vn_adaptive_avg_pool2d_type = POOL_TYPE("AdaptiveAvgPool2d");
const vn_type vn_adaptive_avg_pool3d_type = POOL_TYPE("AdaptiveAvgPool3d");

static vn_tree *construct(const vn_type *type, vn_shape target, int n, vn_tree *operation)
{
    vn__named_begin(type->name);
    struct vn_adaptive_pool l = { .operation = operation, .num_spatial_dims = n };
    if (!vn__expect_between(type->name, "num_spatial_dims", n, 1, VN_MAX_RANK - 2) ||
        !vn__per_axis(&l.target_shape, type->name, "target_shape", target, n, 0, 1))
        return vn__named_end(NULL);
    return vn__named_end(vn_module_new(type, &l));
}

vn_tree *vn_adaptive_pool(vn_shape target_shape, int num_spatial_dims, vn_tree *operation)
{
    return construct(&vn_adaptive_pool_type, target_shape, num_spatial_dims, operation);
}

vn_tree *vn_adaptive_max_pool1d(vn_shape target_shape)
{
    return construct(&vn_adaptive_max_pool1d_type, target_shape, 1, vn_unary(vn_max));
}

vn_tree *vn_adaptive_max_pool2d(vn_shape target_shape)
{
    return construct(&vn_adaptive_max_pool2d_type, target_shape, 2, vn_unary(vn_max));
}

vn_tree *vn_adaptive_max_pool3d(vn_shape target_shape)
{
    return construct(&vn_adaptive_max_pool3d_type, target_shape, 3, vn_unary(vn_max));
}

vn_tree *vn_adaptive_avg_pool1d(vn_shape target_shape)
{
    return construct(&vn_adaptive_avg_pool1d_type, target_shape, 1, vn_unary(vn_mean));
}

vn_tree *vn_adaptive_avg_pool2d(vn_shape target_shape)
{
    return construct(&vn_adaptive_avg_pool2d_type, target_shape, 2, vn_unary(vn_mean));
}

vn_tree *vn_adaptive_avg_pool3d(vn_shape target_shape)
{
    return construct(&vn_adaptive_avg_pool3d_type, target_shape, 3, vn_unary(vn_mean));
}
