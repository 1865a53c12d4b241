/* SPDX-License-Identifier: MIT */
/* Group functions: element-wise functions with their derivatives, functions of a matrix with
 * their vjp. Each runs at once and compiled. */
#include <stdlib.h>
#include <string.h>

#include "golden/groups.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

typedef struct function {
    const char *name;
    vn_array *(*fn)(vn_array *x);
} function;

/* ---- element-wise */

static vn_array *leaky_relu(vn_array *x) { return vn_leaky_relu(x, 0.01); }
static vn_array *elu(vn_array *x) { return vn_elu(x, 1); }
static vn_array *celu(vn_array *x) { return vn_celu(x, 1); }
static vn_array *sinh_div(vn_array *x) { return vn_sinh(vn_scale(1.0 / 16, x)); }
static vn_array *expm1_neg(vn_array *x) { return vn_expm1(vn_neg(vn_abs(x))); }
static vn_array *log1p_abs(vn_array *x) { return vn_log1p(vn_abs(x)); }

static const function elementwise[] = {
    { "relu", vn_relu },
    { "relu6", vn_relu6 },
    { "sigmoid", vn_sigmoid },
    { "softplus", vn_softplus },
    { "silu", vn_silu },
    { "log_sigmoid", vn_log_sigmoid },
    { "leaky_relu", leaky_relu },
    { "elu", elu },
    { "celu", celu },
    { "selu", vn_selu },
    { "gelu_tanh", vn_gelu },
    { "gelu_exact", vn_gelu_exact },
    { "hard_tanh", vn_hard_tanh },
    { "hard_sigmoid", vn_hard_sigmoid },
    { "hard_silu", vn_hard_silu },
    { "soft_sign", vn_soft_sign },
    { "mish", vn_mish },
    { "squareplus", vn_squareplus },
    { "tanh", vn_tanh },
    { "erf", vn_erf },
    { "sin", vn_sin },
    { "cos", vn_cos },
    { "abs", vn_abs },
    { "square", vn_square },
    { "arctan", vn_atan },
    { "sinh_div", sinh_div },
    { "expm1_neg", expm1_neg },
    { "log1p_abs", log1p_abs },
    { "log", vn_log },
    { "sqrt", vn_sqrt },
    { "rsqrt", vn_rsqrt },
    { "log2", vn_log2 },
    { "reciprocal", vn_reciprocal },
    { "erf_inv", vn_erf_inv },
    { "arctanh", vn_atanh },
    { "arcsin", vn_asin },
};

/* ---- of a matrix; the set takes prod and cumprod of x / 3, and x x^T / 10 */

static vn_array *softmax(vn_array *x) { return vn_softmax(x, -1); }
static vn_array *softmax_axis0(vn_array *x) { return vn_softmax(x, 0); }
static vn_array *log_softmax(vn_array *x) { return vn_log_softmax(x, -1); }
static vn_array *logsumexp(vn_array *x) { return vn_logsumexp(x, VN_AXES(0, 1), false); }
static vn_array *logsumexp_axis1(vn_array *x) { return vn_logsumexp(x, VN_AXES(1), false); }
static vn_array *standardize(vn_array *x)
{
    vn_array *centred = vn_sub(x, vn_mean_over(x, VN_AXES(-1), true));
    vn_array *variance = vn_var_over(x, VN_AXES(-1), 0, true);
    return vn_mul(centred, vn_rsqrt(vn_add(variance, vn_float(1e-5))));
}
static vn_array *max_axis1(vn_array *x) { return vn_max_over(x, VN_AXES(1), false); }
static vn_array *mean_axis0(vn_array *x) { return vn_mean_over(x, VN_AXES(0), false); }
static vn_array *var_axis1(vn_array *x) { return vn_var_over(x, VN_AXES(1), 0, false); }
static vn_array *standard(vn_array *x) { return vn_std_over(x, VN_AXES(0, 1), 0, false); }
static vn_array *var_ddof1(vn_array *x) { return vn_var_over(x, VN_AXES(1), 1, false); }
static vn_array *third(vn_array *x) { return vn_div(x, vn_float(3)); }
static vn_array *prod_axis1(vn_array *x) { return vn_prod_over(third(x), VN_AXES(1), false); }
static vn_array *cumsum_axis1(vn_array *x) { return vn_cumsum(x, 1); }
static vn_array *cumprod_axis1(vn_array *x) { return vn_cumprod(third(x), 1); }
static vn_array *sort_axis1(vn_array *x) { return vn_sort(x, 1); }
static vn_array *flip(vn_array *x) { return vn_flip(x, 1); }
static vn_array *roll(vn_array *x) { return vn_roll(x, 2, 1); }
static vn_array *clip(vn_array *x) { return vn_clip(x, vn_float(-1), vn_float(1)); }
static vn_array *gram(vn_array *x)
{
    return vn_scale(0.1, vn_matmul(x, vn_transpose(x, (vn_axes){ 0 })));
}

static const function vector[] = {
    { "softmax", softmax },
    { "softmax_axis0", softmax_axis0 },
    { "log_softmax", log_softmax },
    { "logsumexp", logsumexp },
    { "logsumexp_axis1", logsumexp_axis1 },
    { "standardize", standardize },
    { "max_axis1", max_axis1 },
    { "min", vn_min },
    { "mean_axis0", mean_axis0 },
    { "var_axis1", var_axis1 },
    { "std", standard },
    { "var_ddof1", var_ddof1 },
    { "prod_axis1", prod_axis1 },
    { "cumsum_axis1", cumsum_axis1 },
    { "cumprod_axis1", cumprod_axis1 },
    { "sort_axis1", sort_axis1 },
    { "norm", vn_norm },
    { "flip", flip },
    { "roll", roll },
    { "clip", clip },
    { "gram", gram },
};

/* ---- running them */

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

static vn_tree *power(vn_tree *const arg[]) { return vn_pow(arg[1], arg[0]); } /* exponent, x */

/* The function of that name as something to call; "pow1.7" has its exponent in the name. */
static vn_tree *find(const function *table, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(table[i].name, name))
            return vn_unary_named(table[i].fn, table[i].name);
    char *end;
    double exponent = strncmp(name, "pow", 3) ? 0 : strtod(name + 3, &end);
    if (exponent == 0 || *end)
        return NULL;
    return vn_partial(vn_function(power, 2), vn_float(exponent));
}

/* f, x -> sum f(x): its gradient is the derivative of an element-wise f. */
static vn_tree *sum_of(vn_tree *const arg[]) { return vn_sum(vn_call(arg[0], arg[1])); }

static vn_tree *derivative(vn_tree *f)
{
    return vn_filter_grad(vn_partial(vn_function(sum_of, 2), f), NULL);
}

typedef struct array_name {
    char input[64], function[64];
    int order; /* of the derivative */
} array_name;

/* "out/relu", "pos_grad/log", "unit_grad2/erf_inv": the input is in/x, in/pos, in/unit. */
static bool read_name(array_name *out, const char *name)
{
    const char *slash = strchr(name, '/');
    if (!slash || !strncmp(name, "in/", 3))
        return false;
    int prefix = (int)(slash - name);
    const char *kinds[] = { "out", "grad", "grad2" };
    for (int order = 0; order < 3; order++) {
        int length = (int)strlen(kinds[order]), start = prefix - length;
        if (start < 0 || strncmp(name + start, kinds[order], (size_t)length))
            continue;
        if (start > 0 && name[start - 1] != '_')
            continue;
        snprintf(out->input, sizeof out->input, "in/%.*s", start ? start - 1 : 1,
                 start ? name : "x");
        snprintf(out->function, sizeof out->function, "%s", slash + 1);
        out->order = order;
        return true;
    }
    return false;
}

static void run_elementwise(golden_run *r, golden_case *c, bool jit)
{
    static const golden_level levels[] = { GOLDEN_FORWARD, GOLDEN_GRADIENT, GOLDEN_SECOND };
    for (int i = 0; i < c->n_arrays; i++) {
        array_name name;
        if (!read_name(&name, c->arrays[i].name))
            continue;
        vn_tree *f = find(elementwise, COUNT(elementwise), name.function);
        if (!f) {
            golden_skip(r, "function %s is not known", name.function);
            continue;
        }
        for (int k = 0; k < name.order; k++)
            f = derivative(f);
        f = jit ? vn_filter_jit(f, NULL) : f;
        vn_array *x = golden_input(c, "%s", name.input);
        golden_check(r, c->arrays[i].name, vn_call(f, x), levels[name.order]);
    }
}

/* f, x, cotangent -> (f(x), cotangent of x) */
static vn_tree *out_and_vjp(vn_tree *const arg[])
{
    vn_tree *pair = vn_filter_vjp(arg[0], 1, &arg[1]);
    return vn_tuple(vn_at(pair, 0), vn_at(vn_call(vn_at(pair, 1), arg[2]), 0));
}

static void run_vector(golden_run *r, golden_case *c, bool jit)
{
    vn_array *x = golden_input(c, "in/x");
    golden_input(c, "in/cot"); /* the source of the cot/NAME */
    for (int i = 0; i < c->n_arrays; i++) {
        const char *name = c->arrays[i].name;
        if (strncmp(name, "out/", 4))
            continue;
        vn_tree *f = find(vector, COUNT(vector), name + 4);
        if (!f) {
            golden_skip(r, "function %s is not known", name + 4);
            continue;
        }
        char grad[128];
        snprintf(grad, sizeof grad, "grad/%s", name + 4);
        vn_tree *both = vn_partial(vn_function(out_and_vjp, 3), f);
        both = jit ? vn_filter_jit(both, NULL) : both;
        vn_tree *result = vn_call(both, x, golden_input(c, "cot/%s", name + 4));
        golden_check(r, name, vn_at(result, 0), GOLDEN_FORWARD);
        golden_check(r, grad, vn_at(result, 1), GOLDEN_GRADIENT);
    }
}

void golden_run_functions(golden_run *r, golden_case *c)
{
    const char *kind = json_string(json_get(c->json, "kind"), "");
    for (int jit = 0; jit < 2; jit++) {
        r->variant = jit ? "jit" : "eager";
        if (!strcmp(kind, "elementwise"))
            run_elementwise(r, c, jit);
        else if (!strcmp(kind, "vector"))
            run_vector(r, c, jit);
        else
            golden_skip(r, "kind %s is not known", kind);
    }
}
