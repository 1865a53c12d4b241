/* SPDX-License-Identifier: MIT */
#include "golden/names.h"

#include <stdlib.h>
#include <string.h>

#include "vernal/ops.h"

static vn_array *leaky_relu(vn_array *x) { return vn_leaky_relu(x, 0.01); }
static vn_array *elu(vn_array *x) { return vn_elu(x, 1); }
static vn_array *celu(vn_array *x) { return vn_celu(x, 1); }
static vn_array *sinh_div(vn_array *x) { return vn_sinh(vn_scale(1.0 / 16, x)); }
static vn_array *expm1_neg(vn_array *x) { return vn_expm1(vn_neg(vn_abs(x))); }
static vn_array *log1p_abs(vn_array *x) { return vn_log1p(vn_abs(x)); }

static const struct {
    const char *name;
    vn_array *(*fn)(vn_array *x);
} rows[] = {
    /* jax.nn */
    { "relu", vn_relu },
    { "relu6", vn_relu6 },
    { "sigmoid", vn_sigmoid },
    { "softplus", vn_softplus },
    { "silu", vn_silu },
    { "swish", vn_silu },
    { "log_sigmoid", vn_log_sigmoid },
    { "leaky_relu", leaky_relu },
    { "elu", elu },
    { "celu", celu },
    { "selu", vn_selu },
    { "gelu", vn_gelu },
    { "gelu_tanh", vn_gelu },
    { "gelu_exact", vn_gelu_exact },
    { "hard_tanh", vn_hard_tanh },
    { "hard_sigmoid", vn_hard_sigmoid },
    { "hard_silu", vn_hard_silu },
    { "hard_swish", vn_hard_silu },
    { "soft_sign", vn_soft_sign },
    { "mish", vn_mish },
    { "squareplus", vn_squareplus },
    { "identity", vn_identity },
    /* jax.numpy, jax.lax */
    { "abs", vn_abs },
    { "negative", vn_neg },
    { "neg", vn_neg },
    { "sign", vn_sign },
    { "floor", vn_floor },
    { "ceil", vn_ceil },
    { "round", vn_round },
    { "trunc", vn_trunc },
    { "square", vn_square },
    { "sqrt", vn_sqrt },
    { "rsqrt", vn_rsqrt },
    { "cbrt", vn_cbrt },
    { "reciprocal", vn_reciprocal },
    { "exp", vn_exp },
    { "exp2", vn_exp2 },
    { "expm1", vn_expm1 },
    { "log", vn_log },
    { "log2", vn_log2 },
    { "log10", vn_log10 },
    { "log1p", vn_log1p },
    { "logistic", vn_sigmoid },
    { "sin", vn_sin },
    { "cos", vn_cos },
    { "tan", vn_tan },
    { "arcsin", vn_asin },
    { "arccos", vn_acos },
    { "arctan", vn_atan },
    { "sinh", vn_sinh },
    { "cosh", vn_cosh },
    { "tanh", vn_tanh },
    { "arcsinh", vn_asinh },
    { "arccosh", vn_acosh },
    { "arctanh", vn_atanh },
    { "asin", vn_asin },
    { "acos", vn_acos },
    { "atan", vn_atan },
    { "asinh", vn_asinh },
    { "acosh", vn_acosh },
    { "atanh", vn_atanh },
    { "erf", vn_erf },
    { "erfc", vn_erfc },
    { "erf_inv", vn_erf_inv },
    { "lgamma", vn_lgamma },
    { "gammaln", vn_lgamma },
    { "digamma", vn_digamma },
    /* of the set's notes */
    { "sinh_div", sinh_div },
    { "expm1_neg", expm1_neg },
    { "log1p_abs", log1p_abs },
};

static vn_tree *power(vn_tree *const arg[]) { return vn_pow(arg[1], arg[0]); } /* exponent, x */

vn_tree *golden_unary(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!strcmp(rows[i].name, name))
            return vn_unary_named(rows[i].fn, rows[i].name);
    char *end = NULL;
    double exponent = strncmp(name, "pow", 3) ? 0 : strtod(name + 3, &end);
    if (!end || end == name + 3 || *end)
        return NULL;
    return vn_partial(vn_function(power, 2), vn_float(exponent));
}
