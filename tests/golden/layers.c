/* SPDX-License-Identifier: MIT */
/* Group layers: the layer made from its arguments and seed has the file's initial values; its
 * results and the gradient of half the sum of their squares are the stored ones. */
#include <math.h>
#include <string.h>

#include "golden/build.h"
#include "golden/calls.h"
#include "golden/leaves.h"
#include "golden/layers.h"
#include "golden/record.h"
#include "vernal/nn.h"
#include "vernal/ops.h"
#include "vernal/random.h"
#include "vernal/transform.h"

/* ---- initial values */

/* How near the initial values come: exactly, but those that are drawn from a normal
 * distribution: SpectralNorm's vectors after 15 iterations, weights of an Embedding. */
static golden_level without_embedding(const char *path)
{
    return strstr(path, "uv_index") ? GOLDEN_SECOND : GOLDEN_EXACT;
}

static golden_level with_embedding(const char *path)
{
    return strstr(path, "weight") ? GOLDEN_ULP : without_embedding(path);
}

/* Is the string somewhere in the value? */
static bool mentions(const json *value, const char *text)
{
    if (!strcmp(json_string(value, ""), text))
        return true;
    for (const json *child = value ? value->child : NULL; child; child = child->next)
        if (mentions(child, text))
            return true;
    return false;
}

bool golden_has_layer(const golden_case *c, const char *class_name)
{
    return mentions(json_get(c->json, "layer"), class_name) || mentions(c->args, class_name);
}

vn_tree *golden_layer(golden_run *r, golden_case *c)
{
    const char *layer = json_string(json_get(c->json, "layer"), "");
    bool apart = json_get(c->json, "eqx_init") != NULL;
    vn_tree *made = golden_build(r, layer, c->args, vn_key(c->seed), NULL);
    if (made)
        golden_check_file(r, apart ? "eqx_init" : "eqx", made,
                          golden_has_layer(c, "Embedding") ? with_embedding
                                                           : without_embedding);
    return made;
}

/* ---- results and gradients */

static golden_level forward_level(const golden_case *c)
{
    return strstr(c->name, "large_mean") ? GOLDEN_SECOND : GOLDEN_FORWARD;
}

static golden_level gradient_level(const golden_case *c)
{
    return strstr(c->name, "large_mean") ? GOLDEN_SECOND : GOLDEN_GRADIENT;
}

static void check_outputs(golden_run *r, const char *prefix, vn_tree *out)
{
    vn_tree *leaves = vn_tree_leaves(out);
    if (!leaves)
        golden_fail(r, "no result");
    for (int i = 0; i < vn_len(leaves); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s/%d", prefix, i);
        golden_check(r, name, vn_at(leaves, i), forward_level(r->c));
    }
}

/* The loss is |out|^2 / 2, so its cotangent is out: the size of the terms of a gradient. */
static double largest(const golden_case *c, const char *prefix)
{
    double most = 0;
    for (int i = 0; i < c->n_arrays; i++) {
        golden_array *a = &c->arrays[i];
        if (strncmp(a->name, prefix, strlen(prefix)) || !vn_dtype_is_inexact(a->dtype) ||
            vn_shape_size(a->shape) == 0)
            continue;
        bool used = a->used;
        most = fmax(most, vn_item(vn_max(vn_cast(vn_abs(golden_value(a)), VN_F64))));
        a->used = used;
    }
    return most;
}

static vn_tree *loss(vn_tree *const arg[]) /* f, (model, inputs) */
{
    return golden_half_squares(vn_call(arg[0], arg[1]));
}

/* Gradients in the inexact leaves of a tree, if it has any. */
static void check_gradient(golden_run *r, const char *prefix, vn_tree *gradient)
{
    if (vn_tree_count(gradient) > 0)
        golden_check_leaves(r, prefix, gradient, gradient_level(r->c));
}

static void check_inputs(golden_run *r, vn_tree *gradient)
{
    for (int i = 0; i < vn_len(gradient); i++) {
        char name[64];
        snprintf(name, sizeof name, "grad_in/%s", vn_key_at(gradient, i));
        if (!vn_is_none(vn_at(gradient, i)))
            golden_check(r, name, vn_at(gradient, i), gradient_level(r->c));
    }
}

static void run_layer(golden_run *r, const layer_call *call, vn_tree *both, bool jit)
{
    static const char applied[] = "out_final_activation_applied";
    vn_tree *f = call_function(call);
    r->variant = jit ? "jit" : "eager";
    if (golden_find(r->c, "out_final_activation_applied/0")) {
        /* Vernal applies the final activation at depth 0; Equinox's values are those without
         * it */
        check_outputs(r, applied, vn_call(golden_compiled(f, jit), both));
        vn_tree *plain = vn_unary(vn_identity);
        both = vn_tree_at(both, "[0].final_activation", plain);
    }
    check_outputs(r, "out", vn_call(golden_compiled(f, jit), both));
    vn_tree *grad = vn_filter_grad(vn_partial(vn_function(loss, 2), f), NULL);
    vn_tree *gradient = vn_call(golden_compiled(grad, jit), both);
    if (!gradient)
        golden_fail(r, "no gradient");
    check_gradient(r, "grad/", vn_at(gradient, 0));
    check_inputs(r, vn_at(gradient, 1));
}

static void run_stateless(golden_run *r, golden_case *c)
{
    layer_call call;
    if (!call_read(&call, c)) {
        golden_skip(r, "call %s", json_string(json_get(c->json, "call"), "?"));
        return;
    }
    vn_tree *model = golden_layer(r, c);
    if (model && json_get(c->json, "eqx_init"))
        model = golden_load(c, "eqx", model);
    vn_tree *both = model ? vn_tuple(model, call_inputs(&call, c)) : NULL;
    if (!both && !r->skips)
        golden_fail(r, "no model or no inputs");
    for (int jit = 0; both && jit < 2; jit++)
        VN_SCOPE
    run_layer(r, &call, both, jit);
}

/* ---- Shared: out[k] = linear(tanh(embedding(i[k]))) with one weight in both */

static vn_tree *shared_one(vn_tree *const arg[]) /* shared, i */
{
    vn_tree *pair = vn_call_n(arg[0], 0, NULL);
    return vn_call(vn_at(pair, 1), vn_tanh(vn_call(vn_at(pair, 0), arg[1])));
}

static vn_tree *shared_all(vn_tree *const arg[]) /* shared, i */
{
    vn_tree *axes[] = { vn_none(), vn_int(0) };
    vn_vmap_options over_i = { .in_axes = axes, .n_in = 2 };
    return vn_call(vn_filter_vmap(vn_function(shared_one, 2), &over_i), arg[0], arg[1]);
}

static vn_tree *shared_loss(vn_tree *const arg[])
{
    return golden_half_squares(shared_all(arg));
}

/* The seeds of the parts are not in the case: all numbers come from the file. */
static void run_shared(golden_run *r, golden_case *c)
{
    int64_t count = json_int(json_get(c->args, "num_embeddings"), 0);
    int64_t size = json_int(json_get(c->args, "embedding_size"), 0);
    vn_tree *embedding = vn_embedding(count, size, vn_key(0), NULL);
    vn_tree *linear = vn_linear(size, count, vn_key(1), NULL);
    vn_tree *model = vn_shared(vn_tuple(embedding, linear), "[1].weight", "[0].weight");
    model = golden_load(c, "eqx", model);
    vn_array *i = golden_input(c, "in/i");
    for (int jit = 0; jit < 2; jit++) {
        r->variant = jit ? "jit" : "eager";
        vn_tree *f = golden_compiled(vn_function(shared_all, 2), jit);
        vn_tree *g = golden_compiled(vn_filter_grad(vn_function(shared_loss, 2), NULL), jit);
        check_outputs(r, "out", vn_call(f, model, i));
        golden_check_leaves(r, "grad/", vn_call(g, model, i), GOLDEN_GRADIENT);
    }
}

void golden_run_layers(golden_run *r, golden_case *c)
{
    const char *kind = json_string(json_get(c->json, "kind"), "");
    r->cancelled = largest(c, "out/");
    if (!strcmp(kind, "layer"))
        run_stateless(r, c);
    else if (!strcmp(kind, "stateful layer"))
        golden_run_stateful(r, c);
    else if (!strcmp(kind, "shared"))
        run_shared(r, c);
    else
        golden_skip(r, "kind %s is not known", kind);
}
