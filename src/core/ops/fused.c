/* SPDX-License-Identifier: MIT */
/* Derivatives of activations as ops of their own, f(x, g) = g s(x), and their derivatives in x,
 *     t dy/dx = t g s'(x)        (t: tangent of x or cotangent of y)
 * for tanh_grad and sigmoid_grad x is the result of tanh and sigmoid. */
#include "core/ops/elementwise.h"

/* (1 - x^2)' = -2 x */
static vn_array *d_tanh_grad(vn_array *t, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(vn_mul(t, in[1]), vn_scale(-2.0, in[0]));
}

/* (x (1 - x))' = 1 - 2 x */
static vn_array *d_sigmoid_grad(vn_array *t, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(vn_mul(t, in[1]), vn_sub(vn_float(1.0), vn_scale(2.0, in[0])));
}

/* sigmoid' = s (1 - s) */
static vn_array *d_softplus_grad(vn_array *t, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn__binary(&vn__op_sigmoid_grad, vn_sigmoid(in[0]), vn_mul(t, in[1]));
}

/* silu'' = s (1 - s) (2 + x (1 - 2 s)) */
static vn_array *d_silu_grad(vn_array *t, vn_array *const in[], vn_array *y)
{
    (void)y;
    vn_array *const x = in[0], *const s = vn_sigmoid(x);
    vn_array *const slope = vn_sub(vn_float(1.0), vn_scale(2.0, s));
    vn_array *const bend = vn_add(vn_float(2.0), vn_mul(x, slope));
    return vn__binary(&vn__op_sigmoid_grad, s, vn_mul(vn_mul(t, in[1]), bend));
}

/* y = x (1 + h) / 2 with h = tanh u, u = c (x + a x^3):
 * y'' = (1 - h^2) (u' + x (u'' / 2 - h u'^2)), u' = c (1 + 3 a x^2), u'' = 6 a c x */
static vn_array *d_gelu_tanh_grad(vn_array *t, vn_array *const in[], vn_array *y)
{
    (void)y;
    const double c = 0.797884560802865355879892, a = 0.044715;
    vn_array *const x = in[0], *const x2 = vn_square(x);
    vn_array *const u = vn_scale(c, vn_mul(x, vn_add(vn_float(1.0), vn_scale(a, x2))));
    vn_array *const du = vn_scale(c, vn_add(vn_float(1.0), vn_scale(3 * a, x2)));
    vn_array *const h = vn_tanh(u);
    vn_array *const inner = vn_sub(vn_scale(3 * a * c, x), vn_mul(h, vn_square(du)));
    vn_array *const bend = vn_add(du, vn_mul(x, inner));
    return vn__binary(&vn__op_tanh_grad, h, vn_mul(vn_mul(t, in[1]), bend));
}

/* (Phi + x phi)' = phi (2 - x^2), phi = e^(-x^2 / 2) / sqrt(2 pi) */
static vn_array *d_gelu_exact_grad(vn_array *t, vn_array *const in[], vn_array *y)
{
    (void)y;
    vn_array *const x2 = vn_square(in[0]);
    vn_array *const phi = vn_scale(0.398942280401432677939946, vn_exp(vn_scale(-0.5, x2)));
    return vn_mul(vn_mul(t, in[1]), vn_mul(phi, vn_sub(vn_float(2.0), x2)));
}

/* clang-format off */
/* ---------------------------------------------------------------------------- rows */

#define VN_FUSED_OP(name, d)                                                                   \
    static vn_status name##_shape(vn_aval out[], const void *a, const vn_aval in[], int n)     \
    { (void)a; return vn__elementwise_shape(out, #name, VN__REALS, in, n); }
#include "core/ops/fused.def"
#undef VN_FUSED_OP

#define VN_FUSED_OP(name, d)                                                                   \
    static void name##_eval(const vn_eval *e)                                                  \
    { vn__eval_binary(e, e->kernels->binary[e->in_aval[0].dtype][VN__BINARY_##name]); }
#include "core/ops/fused.def"
#undef VN_FUSED_OP

/* Linear in the second operand. */
#define VN_FUSED_OP(name, d)                                                                   \
    static vn_array *name##_in_g(vn_array *t, vn_array *const in[], vn_array *y)               \
    { (void)y; return vn__binary(&vn__op_##name, in[0], t); }
#include "core/ops/fused.def"
#undef VN_FUSED_OP

#define VN_FUSED_OP(name, d)                                                                   \
    static void name##_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])          \
    { vn__elementwise_vjp(din, node, g[0], (vn__partial *const[]){ d, name##_in_g }); }        \
    static void name##_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])       \
    { vn__elementwise_jvp(dout, node, din, (vn__partial *const[]){ d, name##_in_g }); }
#include "core/ops/fused.def"
#undef VN_FUSED_OP

#define VN_FUSED_OP(f, d)                                                                      \
    const vn_op vn__op_##f = {                                                                 \
        .name = #f, .n_in = 2, .flags = VN__ROW_PLAIN,                                         \
        .shape = f##_shape, .eval = f##_eval, .vjp = f##_vjp, .jvp = f##_jvp,                  \
        .kernel_row = VN__BINARY_##f + 1, .ends_product = true,                                \
    };
#include "core/ops/fused.def"
#undef VN_FUSED_OP
