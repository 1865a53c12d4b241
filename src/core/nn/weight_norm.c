/* SPDX-License-Identifier: MIT */
/* WeightNorm: y = layer'(x), layer' = layer with W g / |W|
 *     |W| = sqrt(sum of squares over all axes but one), reduced axes kept with size 1; g = |W|
 *     at first
 * Source: equinox/nn/_weight_norm.py */
#include "core/nn/layer.h"

/* (W, axis) -> |W|: the function leaf `norm` */
static vn_tree *norm(vn_tree *const arg[])
{
    vn_array *const w = arg[0];
    const int64_t keep = vn_int_value(arg[1]);
    vn_axes axes = { .count = 0 };
    for (int i = 0; i < vn_rank(w); i++)
        if (i != keep)
            axes.axis[axes.count++] = i;
    return vn_sqrt(vn_sum_over(vn_square(w), axes, true));
}

/* The same at construction, rounded as XLA does: one multiply-add after another, so that g is
 * that of Equinox bit for bit. */
static vn_array *initial_norm(vn_array *w, int64_t keep)
{
    vn_shape shape = vn_shape_of(w);
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = i == keep ? shape.dim[i] : 1;
    const int64_t rows = vn_shape_size(shape);
    vn_array *const matrix =
        vn_reshape(keep < 0 ? w : vn_moveaxis(w, (int)keep, 0), VN_SHAPE(rows, -1));
    vn_array *sum = vn_zeros(vn_dtype_of(w), VN_SHAPE(rows));
    for (int64_t i = 0, n = vn_dim(matrix, 1); i < n && sum; i++) {
        vn_array *const x = vn_index(matrix, 1, i);
        sum = vn_fma(x, x, sum);
    }
    return vn_reshape(vn_sqrt(sum), shape);
}

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    vn__named_begin("WeightNorm");
    const struct vn_weight_norm *const l = (const void *)self;
    vn_array *const w = vn_get(l->layer, l->weight_name);
    (void)n;
    if (!w)
        return vn__named_end(NULL);
    vn_array *const scaled = vn_div(vn_mul(w, l->g), vn_call(l->norm, w, vn_int(l->axis)));
    vn_tree *const layer = vn_tree_at(l->layer, l->weight_name, scaled);
    return vn__named_end(layer ? vn_call(layer, arg[0]) : NULL);
}

static bool show_axis(const vn_tree *self, vn_tree **value)
{
    const int64_t axis = ((const struct vn_weight_norm *)(const void *)self)->axis;
    *value = axis < 0 ? vn_none() : vn_int(axis);
    return true;
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_weight_norm, layer, TREE),
    VN_FIELD(struct vn_weight_norm, g, TREE),
    VN_FIELD(struct vn_weight_norm, weight_name, STRING),
    VN_FIELD_SHOWN(struct vn_weight_norm, axis, INT, show_axis),
    { "_norm", offsetof(struct vn_weight_norm, norm), VN_FIELD_TREE, NULL },
};

const vn_type vn_weight_norm_type =
    VN__LAYER_TYPE("WeightNorm", struct vn_weight_norm, fields, call, 1, 2);

vn_tree *vn_weight_norm(vn_tree *layer, const vn_weight_norm_options *options)
{
    vn__named_begin("WeightNorm");
    static const vn_weight_norm_options defaults;
    vn_weight_norm_options o = options ? *options : defaults;
    if (!layer)
        return vn__named_end(vn_error(VN_ERR_NULL_ARGUMENT, "WeightNorm: the layer is NULL"));
    if (!o.weight_name)
        o.weight_name = "weight";
    vn_array *const w = vn_get(layer, o.weight_name);
    if (!w || !vn__expect_array("WeightNorm", "the weight", w))
        return vn__named_end(NULL);
    const int64_t axis = o.no_axis ? -1 : o.axis < 0 ? o.axis + vn_rank(w) : o.axis;
    if (!o.no_axis && (axis < 0 || axis >= vn_rank(w)))
        return vn__named_end(vn_error(VN_ERR_ARGUMENT,
                                      "WeightNorm: axis is %lld, but the weight has %d axes",
                                      (long long)o.axis, vn_rank(w)));
    return vn__named_end(vn_module_new(&vn_weight_norm_type, &(struct vn_weight_norm){
                                                                 .layer = layer,
                                                                 .g = initial_norm(w, axis),
                                                                 .weight_name = o.weight_name,
                                                                 .axis = axis,
                                                                 .norm = vn_function(norm, 2),
                                                             }));
}
