/* SPDX-License-Identifier: MIT */
/* Activations act on each neuron apart: y[i] = f_i(x[i]), f_i = f with entry i of its arrays
 * Source: equinox/nn/_mlp.py, filter_vmap(lambda f, x: f(x))(f, x).
 * For the functions below, PReLU and Identity one call on the whole vector is the same thing;
 * others (a user's, a softmax) are mapped. */
#include "core/nn/layer.h"
#include "vernal/transform.h"

static vn_array *(*const elementwise[])(vn_array *x) = {
    vn_relu,         vn_tanh,      vn_sigmoid,     vn_identity, vn_gelu,       vn_gelu_exact,
    vn_silu,         vn_softplus,  vn_log_sigmoid, vn_relu6,    vn_selu,       vn_hard_tanh,
    vn_hard_sigmoid, vn_hard_silu, vn_soft_sign,   vn_mish,     vn_squareplus, vn_sin,
    vn_cos,          vn_exp,       vn_erf,         vn_abs,      vn_square,     vn_sqrt,
    vn_log,          vn_neg,       vn_sign,        vn_atan,     vn_sinh,       vn_asinh,
    vn_expm1,        vn_log1p,     vn_reciprocal,
};

static bool is_elementwise(const vn_tree *f)
{
    if (f->type == &vn_identity_layer_type)
        return true;
    if (f->type == &vn_lambda_type)
        return is_elementwise(((const struct vn_lambda *)(const void *)f)->fn);
    if (f->type == &vn_prelu_type)
        return vn_rank(((const struct vn_prelu *)(const void *)f)->negative_slope) <= 1;
    if (vn_kind_of(f) != VN_KIND_FUNCTION)
        return false;
    const vn__leaf *const leaf = (const vn__leaf *)(const void *)f;
    for (size_t i = 0; i < sizeof elementwise / sizeof elementwise[0]; i++)
        if (leaf->unary == elementwise[i])
            return true;
    return false;
}

static vn_tree *call_one(vn_tree *const arg[]) { return vn_call(arg[0], arg[1]); }

vn_array *vn__call_per_element(vn_tree *f, vn_array *x)
{
    if (!f || !x)
        return NULL;
    if (is_elementwise(f))
        return vn_call(f, x);
    return vn_call(vn_filter_vmap(vn_function(call_one, 2), NULL), f, x);
}
