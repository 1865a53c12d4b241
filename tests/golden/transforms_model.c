/* SPDX-License-Identifier: MIT */
/* Derivatives of an MLP, to the third order, in its input and in its leaves; ensembles. */
#include "golden/build.h"
#include "golden/leaves.h"
#include "golden/record.h"
#include "golden/transforms.h"
#include "vernal/ops.h"
#include "vernal/random.h"
#include "vernal/transform.h"

static vn_tree *call_on(vn_tree *const arg[]) { return vn_call(arg[1], arg[0]); } /* x, model */

/* ---- mlp: m(x) with a vector of results */

/* model, x, tangent of the model, of x -> tangent of the result */
static vn_tree *tangent_of(vn_tree *const arg[])
{
    return golden_tangent(vn_filter_jvp(golden_apply(), 2, arg, arg + 2));
}

/* model, x, cotangent -> (cotangent of the model, of x) */
static vn_tree *cotangents_of(vn_tree *const arg[])
{
    return vn_call(vn_at(vn_filter_vjp(golden_apply(), 2, arg), 1), arg[2]);
}

void golden_transforms_mlp(golden_run *r, golden_case *c, bool jit)
{
    vn_tree *model = golden_build(r, "MLP", c->args, vn_key(c->seed), NULL);
    if (!model)
        return;
    golden_check_file(r, "eqx", model, NULL);
    vn_array *x = golden_input(c, "in/x"), *tx = golden_input(c, "in/tx");
    vn_array *ct = golden_input(c, "in/ct");
    vn_tree *tangent = golden_tree(c, "tangent/", model), *none = vn_none();
    vn_tree *out = vn_call(golden_compiled(golden_apply(), jit), model, x);
    vn_tree *jvp = golden_compiled(vn_function(tangent_of, 4), jit);
    vn_tree *vjp = golden_compiled(vn_function(cotangents_of, 3), jit);
    vn_tree *both = vn_call(vjp, model, x, ct), *f = vn_function(call_on, 2);
    golden_check(r, "out", out, GOLDEN_FORWARD);
    golden_check(r, "jvp_x", vn_call(jvp, model, x, none, tx), GOLDEN_GRADIENT);
    golden_check(r, "jvp_model", vn_call(jvp, model, x, tangent, none), GOLDEN_GRADIENT);
    golden_check(r, "jvp_both", vn_call(jvp, model, x, tangent, tx), GOLDEN_GRADIENT);
    golden_check_leaves(r, "vjp/", vn_at(both, 0), GOLDEN_GRADIENT);
    golden_check(r, "vjp_x", vn_at(both, 1), GOLDEN_GRADIENT);
    vn_tree *forward = golden_compiled(vn_filter_jacfwd(f), jit);
    vn_tree *reverse = golden_compiled(vn_filter_jacrev(f), jit);
    vn_tree *in_model = golden_compiled(vn_filter_jacrev(golden_apply()), jit);
    golden_check(r, "jacfwd", vn_call(forward, x, model), GOLDEN_GRADIENT);
    golden_check(r, "jacrev", vn_call(reverse, x, model), GOLDEN_GRADIENT);
    golden_check_leaves(r, "jac_model/", vn_call(in_model, model, x), GOLDEN_GRADIENT);
}

/* ---- scalar_mlp: s(x), a number */

static vn_tree *gradient_x(vn_tree *const arg[]) /* x, model */
{
    return vn_call(vn_filter_grad(vn_function(call_on, 2), NULL), arg[0], arg[1]);
}

static vn_tree *hvp(vn_tree *const arg[]) /* x, model, tangent of x: forward over reverse */
{
    vn_tree *const tangents[] = { arg[2], vn_none() };
    return golden_tangent(vn_filter_jvp(vn_function(gradient_x, 2), 2, arg, tangents));
}

static vn_tree *third(vn_tree *const arg[]) /* x, model, tangent of x */
{
    vn_tree *const tangents[] = { arg[2], vn_none(), vn_none() };
    return golden_tangent(vn_filter_jvp(vn_function(hvp, 3), 3, arg, tangents));
}

static vn_tree *laplacian(vn_tree *const arg[]) /* x, model */
{
    vn_array *hessian = vn_call(vn_filter_hessian(vn_function(call_on, 2)), arg[0], arg[1]);
    vn_array *one = vn_eye(vn_dtype_of(arg[0]), vn_dim(arg[0], 0));
    return vn_sum(vn_mul(hessian, one));
}

static vn_tree *slope_energy(vn_tree *const arg[]) /* model, x: |ds/dx|^2 / 2 */
{
    vn_tree *const swapped[] = { arg[1], arg[0] };
    return golden_half_squares(gradient_x(swapped));
}

static vn_tree *slope_in_final_bias(vn_tree *const arg[]) /* model, x: ds/db of the last bias */
{
    vn_tree *gradient = vn_call(vn_filter_grad(golden_apply(), NULL), arg[0], arg[1]);
    return vn_sum(vn_get(gradient, "layers[-1].bias"));
}

void golden_transforms_scalar(golden_run *r, golden_case *c, bool jit)
{
    vn_tree *model = golden_build(r, "MLP", c->args, vn_key(c->seed), NULL);
    if (!model)
        return;
    golden_check_file(r, "eqx", model, NULL);
    vn_array *x = golden_input(c, "in/x"), *tx = golden_input(c, "in/tx");
    vn_tree *f = vn_function(call_on, 2);
    vn_tree *value = golden_compiled(f, jit);
    vn_tree *grad = golden_compiled(vn_function(gradient_x, 2), jit);
    vn_tree *hessian = golden_compiled(vn_filter_hessian(f), jit);
    golden_check(r, "value", vn_call(value, x, model), GOLDEN_FORWARD);
    golden_check(r, "grad", vn_call(grad, x, model), GOLDEN_GRADIENT);
    golden_check(r, "hessian", vn_call(hessian, x, model), GOLDEN_SECOND);
    vn_tree *along = golden_compiled(vn_function(hvp, 3), jit);
    vn_tree *along2 = golden_compiled(vn_function(third, 3), jit);
    vn_tree *trace = golden_compiled(vn_function(laplacian, 2), jit);
    golden_check(r, "hvp", vn_call(along, x, model, tx), GOLDEN_SECOND);
    golden_check(r, "third", vn_call(along2, x, model, tx), GOLDEN_SECOND);
    golden_check(r, "laplacian", vn_call(trace, x, model), GOLDEN_SECOND);
    vn_tree *leaves = golden_compiled(vn_filter_grad(golden_apply(), NULL), jit);
    vn_tree *energy = golden_compiled(vn_filter_grad(vn_function(slope_energy, 2), NULL), jit);
    vn_tree *row =
        golden_compiled(vn_filter_grad(vn_function(slope_in_final_bias, 2), NULL), jit);
    golden_check_leaves(r, "grad_model/", vn_call(leaves, model, x), GOLDEN_GRADIENT);
    golden_check_leaves(r, "grad_of_grad/", vn_call(energy, model, x), GOLDEN_SECOND);
    golden_check_leaves(r, "hess_final_bias_row/", vn_call(row, model, x), GOLDEN_SECOND);
}

/* ---- vmap: an ensemble, examples, both */

typedef struct recipe {
    golden_run *r;
    const json *args;
} recipe;

static recipe ensemble; /* what make_one builds: a function of trees has no other argument */

static vn_tree *make_one(vn_tree *const arg[]) /* key */
{
    return golden_build(ensemble.r, "MLP", ensemble.args, arg[0], "models");
}

static vn_tree *half_square(vn_tree *const arg[]) /* model, x */
{
    return golden_half_squares(vn_call(arg[0], arg[1]));
}

static vn_tree *on_batch(vn_tree *const arg[]) { return vn_vmap_call(arg[0], arg[1]); }

static vn_tree *mapped(vn_tree *f, int n, vn_tree *const in_axes[], vn_tree *out_axes)
{
    return vn_filter_vmap(
        f, &(vn_vmap_options){ .in_axes = in_axes, .n_in = n, .out_axes = out_axes });
}

void golden_transforms_vmap(golden_run *r, golden_case *c, bool jit)
{
    ensemble = (recipe){ .r = r, .args = c->args };
    int64_t count = json_int(json_get(c->args, "models"), 1);
    vn_tree *zero = vn_int(0), *none = vn_none(), *apply = golden_apply();
    vn_tree *make = vn_filter_vmap(vn_function(make_one, 1), NULL);
    vn_tree *models = vn_call(make, vn_split(vn_key(c->seed), count));
    vn_tree *first = golden_build(r, "MLP", c->args, vn_key(c->seed), "models");
    vn_array *x = golden_input(c, "in/x");
    if (!first)
        return;
    golden_check_file(r, "eqx", models, NULL);
    vn_tree *axes_each[] = { zero, zero }, *axes_shared[] = { zero, none };
    vn_tree *axes_examples[] = { none, zero };
    vn_tree *each = golden_compiled(mapped(apply, 2, axes_each, NULL), jit);
    vn_tree *shared = golden_compiled(mapped(apply, 2, axes_shared, NULL), jit);
    vn_tree *batch = vn_function(on_batch, 2);
    vn_tree *pairs = golden_compiled(mapped(batch, 2, axes_shared, NULL), jit);
    vn_tree *out1 = golden_compiled(mapped(apply, 2, axes_examples, vn_int(1)), jit);
    vn_tree *grad = vn_filter_grad(vn_function(half_square, 2), NULL);
    vn_tree *perex = golden_compiled(mapped(grad, 2, axes_examples, NULL), jit);
    golden_check(r, "each", vn_call(each, models, x), GOLDEN_FORWARD);
    golden_check(r, "shared", vn_call(shared, models, vn_index(x, 0, 0)), GOLDEN_FORWARD);
    golden_check(r, "all_pairs", vn_call(pairs, models, x), GOLDEN_FORWARD);
    golden_check(r, "out_axis1", vn_call(out1, first, x), GOLDEN_FORWARD);
    golden_check_leaves(r, "perex/", vn_call(perex, first, x), GOLDEN_GRADIENT);
}
