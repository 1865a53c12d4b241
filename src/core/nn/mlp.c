/* SPDX-License-Identifier: MIT */
/* MLP: x_0 = x, x_{k+1} = activation(W_k x_k + b_k), y = final_activation(W_d x_d + b_d)
 *     x [in], x_k [width] for k >= 1, y [out]; keys = split(key, depth + 1), one for each
 *     Linear
 * Source: equinox/nn/_mlp.py. Depth 0 applies the final activation (0.13.8 forgets it). */
#include "core/nn/layer.h"
#include "vernal/transform.h"

#define MAX_DEPTH 100000

/* ------------------------------------------------------------------------- call */

static vn_tree *entry(void *index, vn_tree *leaf)
{
    return vn__as_array(leaf) ? vn_index(leaf, 0, *(const int64_t *)index) : leaf;
}

/* The activation after layer i. */
static vn_tree *activation_of(const struct vn_mlp *l, int64_t i)
{
    return vn__map_leaves(l->activation, entry, &i);
}

static vn_tree *without_first(void *context, vn_tree *leaf)
{
    (void)context;
    return vn__as_array(leaf) ? vn_slice(leaf, 0, 1, vn_dim(leaf, 0), 1) : leaf;
}

/* (static leaves, x, arrays) -> (activation(layer(x)), none) with (layer, activation) put
 * together */
static vn_tree *scan_step(vn_tree *const arg[])
{
    vn_tree *const both = vn_combine(arg[2], arg[0]);
    vn_array *const x = both ? vn_call(vn_at(both, 0), arg[1]) : NULL;
    return x ? vn_tuple(vn__call_per_element(vn_at(both, 1), x), vn_none()) : NULL;
}

static vn_array *hidden_by_scan(const struct vn_mlp *l, vn_array *x)
{
    vn_tree *arrays, *rest;
    vn_tree *const both =
        vn_tuple(vn_at(l->layers, 1), vn__map_leaves(l->activation, without_first, NULL));
    if (l->depth < 2)
        return x;
    if (vn_partition(&arrays, &rest, both, vn_is_array) != VN_ERR_OK)
        return NULL;
    vn_tree *const step = vn_partial(vn_function(scan_step, 3), rest);
    vn_tree *const out = vn_scan(step, x, arrays, l->depth - 1);
    return out ? vn_at(out, 0) : NULL;
}

static vn_array *final_activation(const struct vn_mlp *l, vn_array *x)
{
    return x && l->out_size == VN_SCALAR_FEATURES
               ? vn_call(l->final_activation, x)
               : vn__call_per_element(l->final_activation, x);
}

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_mlp *const l = (const void *)self;
    const int last = vn_len(l->layers) - 1;
    vn_array *x = arg[0];
    (void)n;
    for (int i = 0; i < last && x; i++) {
        if (l->scan && i == 1)
            x = hidden_by_scan(l, x);
        else if ((x = vn_call(vn_at(l->layers, i), x)))
            x = vn__call_per_element(activation_of(l, i), x);
    }
    return x ? final_activation(l, vn_call(vn_at(l->layers, last), x)) : NULL;
}

static bool show_in(const vn_tree *self, vn_tree **value)
{
    *value = vn__shown_features(((const struct vn_mlp *)(const void *)self)->in_size);
    return true;
}

static bool show_out(const vn_tree *self, vn_tree **value)
{
    *value = vn__shown_features(((const struct vn_mlp *)(const void *)self)->out_size);
    return true;
}

static bool show_scan(const vn_tree *self, vn_tree **value) /* not if it is the default */
{
    *value = vn_bool(true);
    return ((const struct vn_mlp *)(const void *)self)->scan;
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_mlp, layers, TREE),
    VN_FIELD(struct vn_mlp, activation, TREE),
    VN_FIELD(struct vn_mlp, final_activation, TREE),
    VN_FIELD(struct vn_mlp, use_bias, BOOL),
    VN_FIELD(struct vn_mlp, use_final_bias, BOOL),
    VN_FIELD_SHOWN(struct vn_mlp, in_size, INT, show_in),
    VN_FIELD_SHOWN(struct vn_mlp, out_size, INT, show_out),
    VN_FIELD(struct vn_mlp, width_size, INT),
    VN_FIELD(struct vn_mlp, depth, INT),
    VN_FIELD_SHOWN(struct vn_mlp, scan, BOOL, show_scan),
};

const vn_type vn_mlp_type = VN__LAYER_TYPE("MLP", struct vn_mlp, fields, call, 1, 2);

/* ------------------------------------------------------------------ construction */

/* Arrays in the activation get the axes of *prefix in front. */
static vn_tree *repeated(void *prefix, vn_tree *leaf)
{
    vn_shape shape = *(const vn_shape *)prefix;
    if (!vn__as_array(leaf))
        return leaf;
    const vn_shape own = vn_shape_of(leaf);
    if (shape.rank + own.rank > VN_MAX_RANK)
        return vn_error(VN_ERR_LIMIT, "MLP: an array of the activation has %d axes, at most %d",
                        (int)own.rank, VN_MAX_RANK - (int)shape.rank);
    for (int i = 0; i < own.rank; i++)
        shape.dim[shape.rank++] = own.dim[i];
    return vn_broadcast_to(leaf, shape);
}

static vn_tree *repeat_arrays(vn_tree *activation, vn_shape prefix)
{
    return vn__map_leaves(activation, repeated, &prefix);
}

/* The hidden layers 1 .. depth-1 as one Linear whose arrays have a leading axis, which may be
 * 0. */
static vn_tree *stacked(const struct vn_mlp *l, vn_tree *const hidden[], vn_dtype dtype)
{
    const int n = (int)l->depth - 1;
    const int64_t width = l->width_size;
    struct vn_linear stack = {
        .in_features = width, .out_features = width, .use_bias = l->use_bias, .bias = vn_none()
    };
    vn_tree **const part = vn__alloc(((size_t)n + 1) * sizeof *part);
    if (!part)
        return NULL;
    for (int i = 0; i < n; i++)
        part[i] = vn_get(hidden[i], "weight");
    stack.weight = n ? vn_stack_n(n, part, 0) : vn_zeros(dtype, VN_SHAPE(0, width, width));
    for (int i = 0; i < n && l->use_bias; i++)
        part[i] = vn_get(hidden[i], "bias");
    if (l->use_bias)
        stack.bias = n ? vn_stack_n(n, part, 0) : vn_zeros(dtype, VN_SHAPE(0, width));
    vn__free(part);
    return vn_module_new(&vn_linear_type, &stack);
}

/* The tuple of Linears; each has the features, bias and key that its place asks for. */
static vn_tree *make_layers(const struct vn_mlp *l, vn_array *key, vn_dtype dtype)
{
    const int depth = (int)l->depth;
    vn_array *const keys = vn_split(key, depth + 1);
    vn_tree **const layer = vn__alloc(((size_t)depth + 1) * sizeof *layer);
    vn_tree *result = NULL;
    if (!layer)
        return NULL;
    for (int i = 0; i <= depth; i++) {
        const bool bias = i < depth ? l->use_bias : l->use_final_bias;
        layer[i] = vn_linear(i == 0 ? l->in_size : l->width_size,
                             i == depth ? l->out_size : l->width_size, vn_subkey(keys, i),
                             &(vn_linear_options){ .no_bias = !bias, .dtype = dtype });
    }
    if (!vn_ok())
        result = NULL;
    else if (l->scan && depth > 0)
        result = vn_tuple(layer[0], stacked(l, layer + 1, dtype), layer[depth]);
    else
        result = vn_tuple_n(depth + 1, layer);
    vn__free(layer);
    return result;
}

static bool sizes_fit(const struct vn_mlp *l)
{
    return vn__expect_size("MLP", "in_size", l->in_size, VN_SCALAR_FEATURES) &&
           vn__expect_size("MLP", "out_size", l->out_size, VN_SCALAR_FEATURES) &&
           vn__expect_size("MLP", "width_size", l->width_size, 0) &&
           vn__expect_between("MLP", "depth", (double)l->depth, 0, MAX_DEPTH);
}

vn_tree *vn_mlp(int64_t in_size, int64_t out_size, int64_t width_size, int64_t depth,
                vn_array *key, const vn_mlp_options *options)
{
    vn__named_begin("MLP");
    static const vn_mlp_options defaults;
    const vn_mlp_options o = options ? *options : defaults;
    vn_dtype dtype = o.dtype;
    struct vn_mlp l = { .use_bias = !o.no_bias,
                        .use_final_bias = !o.no_final_bias,
                        .in_size = in_size,
                        .out_size = out_size,
                        .width_size = width_size,
                        .depth = depth,
                        .scan = o.scan };
    if (!sizes_fit(&l) || !vn__expect_inexact("MLP", &dtype) || !vn__expect_key("MLP", key))
        return vn__named_end(NULL);
    l.layers = make_layers(&l, key, dtype);
    l.activation = repeat_arrays(o.activation ? o.activation : vn_unary(vn_relu),
                                 VN_SHAPE(depth, width_size));
    l.final_activation = o.final_activation ? o.final_activation : vn_unary(vn_identity);
    if (out_size != VN_SCALAR_FEATURES)
        l.final_activation = repeat_arrays(l.final_activation, VN_SHAPE(out_size));
    return vn__named_end(l.layers && l.activation && l.final_activation
                             ? vn_module_new(&vn_mlp_type, &l)
                             : NULL);
}
