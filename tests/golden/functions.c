/* SPDX-License-Identifier: MIT */
/* Group functions: element-wise functions with their derivatives, functions of a matrix with
 * their vjp. Each runs at once and compiled. */
#include <stdlib.h>
#include <string.h>

#include "golden/groups.h"
#include "golden/names.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

/* ---- of a matrix: NAME, NAME_axisK, NAME_ddofK. Without an axis a reduction is of the whole
 * matrix. The set takes prod and cumprod of x / 3, and x x^T / 10 */

typedef struct options {
    vn_axes axes;
    int axis, ddof;
} options;

static vn_array *softmax(vn_array *x, const options *o) { return vn_softmax(x, o->axis); }
static vn_array *log_softmax(vn_array *x, const options *o)
{
    return vn_log_softmax(x, o->axis);
}
static vn_array *cumsum(vn_array *x, const options *o) { return vn_cumsum(x, o->axis); }
static vn_array *third(vn_array *x) { return vn_div(x, vn_float(3)); }
static vn_array *cumprod(vn_array *x, const options *o)
{
    return vn_cumprod(third(x), o->axis);
}
static vn_array *sort(vn_array *x, const options *o) { return vn_sort(x, o->axis); }
static vn_array *flip(vn_array *x, const options *o) { return vn_flip(x, o->axis); }
static vn_array *roll(vn_array *x, const options *o) { return vn_roll(x, 2, o->axis); }

static vn_array *logsumexp(vn_array *x, const options *o)
{
    return vn_logsumexp(x, o->axes, false);
}
static vn_array *max(vn_array *x, const options *o) { return vn_max_over(x, o->axes, false); }
static vn_array *min(vn_array *x, const options *o) { return vn_min_over(x, o->axes, false); }
static vn_array *sum(vn_array *x, const options *o) { return vn_sum_over(x, o->axes, false); }
static vn_array *mean(vn_array *x, const options *o) { return vn_mean_over(x, o->axes, false); }
static vn_array *prod(vn_array *x, const options *o)
{
    return vn_prod_over(third(x), o->axes, false);
}
static vn_array *var(vn_array *x, const options *o)
{
    return vn_var_over(x, o->axes, o->ddof, false);
}
static vn_array *standard(vn_array *x, const options *o)
{
    return vn_std_over(x, o->axes, o->ddof, false);
}
static vn_array *norm(vn_array *x, const options *o)
{
    bool whole = o->axes.count > 1;
    return whole ? vn_norm(x) : vn_sqrt(vn_sum_over(vn_square(x), o->axes, false));
}

static vn_array *standardize(vn_array *x, const options *o)
{
    vn_array *centred = vn_sub(x, vn_mean_over(x, VN_AXES(o->axis), true));
    vn_array *variance = vn_var_over(x, VN_AXES(o->axis), 0, true);
    return vn_mul(centred, vn_rsqrt(vn_add(variance, vn_float(1e-5))));
}
static vn_array *clip(vn_array *x, const options *o)
{
    (void)o;
    return vn_clip(x, vn_float(-1), vn_float(1));
}
static vn_array *gram(vn_array *x, const options *o)
{
    (void)o;
    return vn_scale(0.1, vn_matmul(x, vn_transpose(x, (vn_axes){ 0 })));
}

typedef struct function {
    const char *name;
    vn_array *(*fn)(vn_array *x, const options *o);
} function;

static const function vector[] = {
    { "softmax", softmax },
    { "log_softmax", log_softmax },
    { "logsumexp", logsumexp },
    { "standardize", standardize },
    { "max", max },
    { "min", min },
    { "sum", sum },
    { "mean", mean },
    { "prod", prod },
    { "var", var },
    { "std", standard },
    { "norm", norm },
    { "cumsum", cumsum },
    { "cumprod", cumprod },
    { "sort", sort },
    { "flip", flip },
    { "roll", roll },
    { "clip", clip },
    { "gram", gram },
};

/* The row and the options of a name, or NULL. A ddof alone is along axis 1. */
static const function *find_vector(const char *name, options *o)
{
    const char *axis = strstr(name, "_axis"), *ddof = strstr(name, "_ddof");
    const char *end = axis && (!ddof || axis < ddof) ? axis : ddof;
    size_t length = end ? (size_t)(end - name) : strlen(name);
    *o = (options){ .axis = axis ? atoi(axis + 5) : -1, .ddof = ddof ? atoi(ddof + 5) : 0 };
    o->axes = axis || ddof ? VN_AXES(o->axis) : VN_AXES(0, 1);
    for (size_t i = 0; i < sizeof vector / sizeof vector[0]; i++)
        if (!strncmp(vector[i].name, name, length) && !vector[i].name[length])
            return &vector[i];
    return NULL;
}

/* (name, x) -> NAME(x) */
static vn_tree *call_vector(vn_tree *const arg[])
{
    options o;
    return find_vector(vn_string_value(arg[0]), &o)->fn(arg[1], &o);
}

/* ---- running them */

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
        vn_tree *f = golden_unary(name.function);
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
    if (golden_find(c, "in/cot"))
        golden_input(c, "in/cot"); /* the source of the cot/NAME */
    for (int i = 0; i < c->n_arrays; i++) {
        const char *name = c->arrays[i].name;
        if (strncmp(name, "out/", 4))
            continue;
        options o;
        if (!find_vector(name + 4, &o)) {
            golden_skip(r, "function %s is not known", name + 4);
            continue;
        }
        vn_tree *f = vn_partial(vn_function(call_vector, 2), vn_string(name + 4));
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
