/* SPDX-License-Identifier: MIT */
/* Element-wise ops of one operand: the derivatives of the rows of unary.def, y = f(x). */
#include "core/ops/complex.h"
#include "core/ops/elementwise.h"

#define LN_2    0.693147180559945309417232
#define LN_10   2.302585092994045684017991
#define SQRT_PI 1.772453850905516027298167

/* 1 - x^2 without cancellation near 1. */
static vn_array *one_minus_square(vn_array *x)
{
    vn_array *const one = vn_float(1.0);
    return vn_mul(vn_sub(one, x), vn_add(one, x));
}

static vn_array *d_neg(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)in, (void)y;
    return vn_neg(g);
}

/* 1 at 0, as JAX has it. */
static vn_array *d_abs(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_where(vn_ge(in[0], vn_float(0.0)), g, vn_neg(g));
}

static vn_array *d_sqrt(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)in;
    return vn_div(vn_scale(0.5, g), y);
}

static vn_array *d_rsqrt(vn_array *g, vn_array *const in[], vn_array *y)
{
    return vn_mul(g, vn_scale(-0.5, vn_div(y, in[0])));
}

static vn_array *d_cbrt(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)in;
    /* infinite at 0, and so are its own derivatives */
    return vn_mul(vn_scale(1.0 / 3.0, g), vn_square(vn_reciprocal(y)));
}

static vn_array *d_square(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(g, vn_scale(2.0, in[0]));
}

static vn_array *d_reciprocal(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)in;
    return vn_neg(vn_mul(g, vn_square(y)));
}

static vn_array *d_exp(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)in;
    return vn_mul(g, y);
}

static vn_array *d_exp2(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)in;
    return vn_mul(g, vn_scale(LN_2, y));
}

static vn_array *d_expm1(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)in;
    return vn_mul(g, vn_add(y, vn_float(1.0)));
}

static vn_array *d_log(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_div(g, in[0]);
}

static vn_array *d_log2(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_div(vn_scale(1.0 / LN_2, g), in[0]);
}

static vn_array *d_log10(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_div(vn_scale(1.0 / LN_10, g), in[0]);
}

static vn_array *d_log1p(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_div(g, vn_add(in[0], vn_float(1.0)));
}

static vn_array *d_sin(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(g, vn_cos(in[0]));
}

static vn_array *d_cos(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_neg(vn_mul(g, vn_sin(in[0])));
}

static vn_array *d_tan(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)in;
    return vn_mul(g, vn_add(vn_square(y), vn_float(1.0)));
}

static vn_array *d_asin(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(g, vn_rsqrt(one_minus_square(in[0])));
}

static vn_array *d_acos(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_neg(vn_mul(g, vn_rsqrt(one_minus_square(in[0]))));
}

static vn_array *d_atan(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_div(g, vn_add(vn_square(in[0]), vn_float(1.0)));
}

static vn_array *d_sinh(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(g, vn_cosh(in[0]));
}

static vn_array *d_cosh(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(g, vn_sinh(in[0]));
}

static vn_array *d_tanh(vn_array *g, vn_array *const in[], vn_array *y)
{
    return vn_dtype_is_complex(vn_dtype_of(in[0]))
               ? vn_mul(g, one_minus_square(y))
               : vn__binary(&vn__op_tanh_grad, y, g);
}

static vn_array *d_asinh(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(g, vn_rsqrt(vn_add(vn_square(in[0]), vn_float(1.0))));
}

static vn_array *d_acosh(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(g, vn_rsqrt(vn_neg(one_minus_square(in[0]))));
}

static vn_array *d_atanh(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_div(g, one_minus_square(in[0]));
}

static vn_array *d_erf(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(g, vn_scale(2.0 / SQRT_PI, vn_exp(vn_neg(vn_square(in[0])))));
}

static vn_array *d_erfc(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(g, vn_scale(-2.0 / SQRT_PI, vn_exp(vn_neg(vn_square(in[0])))));
}

static vn_array *d_erf_inv(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)in;
    return vn_mul(g, vn_scale(0.5 * SQRT_PI, vn_exp(vn_square(y))));
}

static vn_array *d_lgamma(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(g, vn_digamma(in[0]));
}

static vn_array *d_digamma(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(g, vn__trigamma(in[0]));
}

static vn_array *d_sigmoid(vn_array *g, vn_array *const in[], vn_array *y)
{
    return vn_dtype_is_complex(vn_dtype_of(in[0]))
               ? vn_mul(g, vn_mul(y, vn_sub(vn_float(1.0), y)))
               : vn__binary(&vn__op_sigmoid_grad, y, g);
}

static vn_array *d_log_sigmoid(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn__binary(&vn__op_softplus_grad, vn_neg(in[0]), g);
}

static vn_array *d_softplus(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn__binary(&vn__op_softplus_grad, in[0], g);
}

static vn_array *d_relu(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)in;
    return vn__binary(&vn__op_relu_grad, y, g);
}

static vn_array *d_silu(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn__binary(&vn__op_silu_grad, in[0], g);
}

static vn_array *d_gelu(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn__binary(&vn__op_gelu_tanh_grad, in[0], g);
}

static vn_array *d_gelu_exact(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn__binary(&vn__op_gelu_exact_grad, in[0], g);
}

/* clang-format off */
/* ---------------------------------------------------------------------------- rows */

#define VN_UNARY_OP(name, kernel, accept, ...)                                                 \
    static vn_status name##_shape(vn_aval out[], const void *a, const vn_aval in[], int n)     \
    { (void)a; return vn__elementwise_shape(out, #name, VN__##accept, in, n); }
#include "core/ops/unary.def"
#undef VN_UNARY_OP

#define VN_UNARY_OP(name, kernel, ...)                                                         \
    static void name##_eval(const vn_eval *e)                                                  \
    { vn__eval_unary(e, e->kernels->unary[e->in_aval[0].dtype][VN__UNARY_##kernel]); }
#include "core/ops/unary.def"
#undef VN_UNARY_OP

#define VN_UNARY_OP(name, kernel, accept, flags, d)                                            \
    static void name##_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])          \
    { vn__elementwise_vjp(din, node, g[0], (vn__partial *const[]){ d }); }                     \
    static void name##_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])       \
    { vn__elementwise_jvp(dout, node, din, (vn__partial *const[]){ d }); }
#include "core/ops/unary.def"
#undef VN_UNARY_OP

#define VN_UNARY_OP(f, kernel, accept, row, d)                                                 \
    const vn_op vn__op_##f = {                                                                 \
        .name = #f, .n_in = 1, .flags = VN__ROW_##row,                                         \
        .shape = f##_shape, .eval = f##_eval, .vjp = f##_vjp, .jvp = f##_jvp,                  \
        .kernel_row = VN__UNARY_##kernel + 1, .ends_product = true,                            \
    };
#include "core/ops/unary.def"
#undef VN_UNARY_OP

/* clang-format on */
static vn_array *apply(const vn_op *op, int accept, vn_array *x)
{
    if (op == &vn__op_abs && vn_dtype_is_complex(vn_dtype_of(x)))
        return vn__complex_abs(x);
    return vn__apply(op, NULL, accept, 1, &x);
}

/* clang-format off */
#define VN_UNARY_OP(name, kernel, accept, ...)                                                 \
    vn_array *vn_##name(vn_array *x) { return apply(&vn__op_##name, VN__##accept, x); }
#include "core/ops/unary.def"
#undef VN_UNARY_OP
