/* SPDX-License-Identifier: MIT */
/* SpectralNorm: y = layer'(x), layer' = layer with W / sigma
 *     W as a matrix [axis 0, the others]; u [axis 0], v [the others]; sigma = u^T W v
 *     one power iteration: u = W v / max(eps, |W v|), v = W^T u / max(eps, |W^T u|)
 *     u, v ~ N(0, 1) from split(key), then 15 iterations at construction
 * Source: equinox/nn/_spectral_norm.py */
#include "core/nn/layer.h"

#define INITIAL_ITERATIONS 15

static vn_array *unit(vn_array *x, double eps)
{
    return vn_div(x, vn_maximum(vn_float(eps), vn_norm(x)));
}

static void iterate(vn_array **u, vn_array **v, vn_array *w, double eps, int64_t times)
{
    for (int64_t i = 0; i < times && vn_ok(); i++) {
        *u = unit(vn_matmul(w, *v), eps);
        *v = unit(vn_matmul(*u, w), eps);
    }
}

static vn_array *as_matrix(vn_array *w) { return vn_reshape(w, VN_SHAPE(vn_dim(w, 0), -1)); }

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    vn__named_begin("SpectralNorm");
    const struct vn_spectral_norm *const l = (const void *)self;
    vn_tree *const override = vn__optional(n, arg, 3);
    vn_array *const w = vn_get(l->layer, l->weight_name), *const matrix = as_matrix(w);
    vn_tree *const uv = vn_state_get(arg[1], l->uv_index);
    vn_tree *state = arg[1];
    bool inference = false;
    if (!uv || !matrix ||
        !vn__expect_flag(&inference, "SpectralNorm", "inference",
                         override ? override : l->inference))
        return vn__named_end(NULL);
    vn_array *u = vn_at(uv, 0), *v = vn_at(uv, 1);
    if (!inference) {
        iterate(&u, &v, vn_stop_gradient(matrix), l->eps, l->num_power_iterations);
        state = vn_state_set(state, l->uv_index, vn_tuple(u, v));
    }
    vn_array *const sigma = vn_dot(u, vn_matmul(matrix, v));
    vn_tree *const layer = vn_tree_at(l->layer, l->weight_name, vn_div(w, sigma));
    return vn__named_end(vn_tuple(vn_call(layer, arg[0]), state));
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_spectral_norm, layer, TREE),
    VN_FIELD(struct vn_spectral_norm, weight_name, STRING),
    VN_FIELD(struct vn_spectral_norm, uv_index, TREE),
    VN_FIELD(struct vn_spectral_norm, num_power_iterations, INT),
    VN_FIELD(struct vn_spectral_norm, eps, FLOAT),
    VN_FIELD(struct vn_spectral_norm, inference, TREE),
};

const vn_type vn_spectral_norm_type =
    VN__LAYER_TYPE("SpectralNorm", struct vn_spectral_norm, fields, call, 2, 4);

vn_tree *vn_spectral_norm(vn_tree *layer, const char *weight_name, vn_array *key,
                          const vn_spectral_norm_options *options)
{
    vn__named_begin("SpectralNorm");
    static const vn_spectral_norm_options defaults;
    vn_spectral_norm_options o = options ? *options : defaults;
    if (!layer || !weight_name)
        return vn__named_end(vn_error(VN_ERR_NULL_ARGUMENT,
                                      "SpectralNorm: the layer or its weight_name is NULL"));
    vn_array *const w = vn_get(layer, weight_name);
    if (o.num_power_iterations == 0)
        o.num_power_iterations = 1;
    if (!w || !vn__expect_array("SpectralNorm", "the weight", w) ||
        !vn__expect_size("SpectralNorm", "the number of axes of the weight", vn_rank(w), 2) ||
        !vn__expect_size("SpectralNorm", "num_power_iterations", o.num_power_iterations, 1) ||
        !vn__expect_option("SpectralNorm", "eps", &o.eps, 1e-12) ||
        !vn__expect_key("SpectralNorm", key))
        return vn__named_end(NULL);
    vn_array *const matrix = as_matrix(w), *const keys = vn_split(key, 2);
    vn_array *u = vn_normal(vn_subkey(keys, 0), VN_SHAPE(vn_dim(matrix, 0)), vn_dtype_of(w));
    vn_array *v = vn_normal(vn_subkey(keys, 1), VN_SHAPE(vn_dim(matrix, 1)), vn_dtype_of(w));
    iterate(&u, &v, matrix, o.eps, INITIAL_ITERATIONS);
    return vn__named_end(vn_module_new(&vn_spectral_norm_type,
                                       &(struct vn_spectral_norm){
                                           .layer = layer,
                                           .weight_name = weight_name,
                                           .uv_index = vn_state_index(vn_tuple(u, v)),
                                           .num_power_iterations = o.num_power_iterations,
                                           .eps = o.eps,
                                           .inference = vn_bool(o.inference),
                                       }));
}
