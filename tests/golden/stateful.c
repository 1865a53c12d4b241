/* SPDX-License-Identifier: MIT */
/* Stateful layers: x[k] step by step with the state handed on, inference between and after the
 * steps, and the gradient of the last step with its incoming state constant. */
#include <string.h>

#include "golden/layers.h"
#include "golden/leaves.h"
#include "golden/record.h"
#include "vernal/nn.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

/* (model, x), state, names -> (y, state): the model mapped over as many leading axes of x as
 * there are names, the first one innermost. */
static vn_tree *one_step(vn_tree *const arg[])
{
    vn_tree *f = vn_at(arg[0], 0), *axes[] = { vn_int(0), vn_none() };
    for (int i = 0; i < vn_len(arg[2]); i++) {
        vn_vmap_options o = { .in_axes = axes,
                              .n_in = 2,
                              .out_axes = vn_tuple_n(2, axes),
                              .axis_name = vn_string_value(vn_at(arg[2], i)) };
        f = vn_filter_vmap(f, &o);
    }
    return vn_call(f, vn_at(arg[0], 1), arg[1]);
}

static vn_tree *step_loss(vn_tree *const arg[])
{
    return golden_half_squares(vn_at(one_step(arg), 0));
}

typedef struct session {
    golden_run *r;
    vn_tree *model, *state, *axes, *step;
    golden_level out_level, state_level;
    bool jit;
} session;

static vn_tree *call(const session *s, vn_tree *model, vn_array *x)
{
    return vn_call(s->step, vn_tuple(model, x), s->state, s->axes);
}

static void check_state(const session *s, int k)
{
    vn_tree *leaves = vn_tree_leaves(s->state);
    for (int i = 0; i < vn_len(leaves); i++) {
        char name[64];
        snprintf(name, sizeof name, "state%d/%d", k, i);
        golden_check(s->r, name, vn_at(leaves, i), s->state_level);
    }
}

static void check_inference(const session *s, const char *name, vn_array *x)
{
    vn_tree *quiet = vn_inference_mode(s->model, true), *result = call(s, quiet, x);
    golden_check(s->r, name, vn_at(result, 0), s->out_level);
    if (!vn_tree_equal(vn_at(result, 1), s->state, NULL))
        golden_fail(s->r, "%s: inference changed the state", name);
}

static void check_gradient(const session *s, vn_array *x)
{
    vn_tree *grad = vn_filter_grad(vn_function(step_loss, 3), NULL);
    grad = golden_compiled(grad, s->jit);
    vn_tree *both = vn_call(grad, vn_tuple(s->model, x), s->state, s->axes);
    if (vn_tree_count(vn_at(both, 0)) > 0)
        golden_check_leaves(s->r, "grad/", vn_at(both, 0), GOLDEN_GRADIENT);
    golden_check(s->r, "grad_in/x", vn_at(both, 1), GOLDEN_GRADIENT);
}

static void run_steps(session *s, vn_array *xs)
{
    int n = (int)vn_dim(xs, 0);
    check_state(s, 0);
    for (int k = 0; k < n && s->state; k++) {
        char name[64];
        vn_array *x = vn_index(xs, 0, k);
        snprintf(name, sizeof name, "inference_before_step%d", k);
        if (golden_find(s->r->c, name))
            check_inference(s, name, x);
        if (k == n - 1)
            check_gradient(s, x);
        vn_tree *result = call(s, s->model, x);
        snprintf(name, sizeof name, "out/%d", k);
        golden_check(s->r, name, vn_at(result, 0), s->out_level);
        s->state = vn_at(result, 1);
        check_state(s, k + 1);
    }
    check_inference(s, "inference_out", vn_index(xs, 0, 0));
}

static bool is_batch_norm(const vn_tree *node) { return node->type == &vn_batch_norm_type; }

static vn_tree *set_debias(vn_tree *const arg[]) /* on, leaf or BatchNorm */
{
    if (!is_batch_norm(arg[1]))
        return arg[1];
    struct vn_batch_norm copy = *(const struct vn_batch_norm *)(const void *)arg[1];
    copy.equinox_debias = vn_bool_value(arg[0]);
    return vn_module_new(&vn_batch_norm_type, &copy);
}

/* Each BatchNorm with Equinox's variance in inference, or without: the golden values have it.
 */
static vn_tree *with_equinox_debias(vn_tree *model, bool on)
{
    vn_tree *f = vn_partial(vn_function(set_debias, 2), vn_bool(on));
    return vn_tree_map_n(f, 1, &model, is_batch_norm);
}

/* The names of the axes in the call, "axis_name='batch'", as they follow one another. */
static vn_tree *named_axes(const golden_case *c)
{
    static const char words[] = "axis_name='";
    vn_tree *names[VN_MAX_RANK];
    int n = 0;
    const char *at = json_string(json_get(c->json, "call"), "");
    while (n < VN_MAX_RANK && (at = strstr(at, words))) {
        char name[64] = "";
        at += strlen(words);
        sscanf(at, "%63[^']", name);
        names[n++] = vn_string(name);
    }
    return vn_tuple_n(n, names);
}

void golden_run_stateful(golden_run *r, golden_case *c)
{
    bool spectral = golden_has_layer(c, "SpectralNorm");
    vn_tree *made = golden_layer(r, c), *pair = vn_make_with_state(made);
    if (!made)
        return;
    vn_tree *model = golden_load(c, "eqx", vn_at(pair, 0));
    vn_array *xs = golden_input(c, "in/x");
    if (!model || !xs) {
        golden_fail(r, "no model with state");
        return;
    }
    for (int jit = 0; jit < 2; jit++) {
        session s = { .r = r,
                      .model = with_equinox_debias(model, true),
                      .state = vn_at(pair, 1),
                      .axes = named_axes(c),
                      .step = golden_compiled(vn_function(one_step, 3), jit),
                      .out_level = GOLDEN_FORWARD,
                      .state_level = spectral ? GOLDEN_SECOND : GOLDEN_FORWARD,
                      .jit = jit };
        r->variant = jit ? "jit" : "eager";
        run_steps(&s, xs);
        s.model = with_equinox_debias(model, false);
        if (golden_find(c, "inference_out_debiased"))
            check_inference(&s, "inference_out_debiased", vn_index(xs, 0, 0));
    }
}
