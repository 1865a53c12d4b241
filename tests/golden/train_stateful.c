/* SPDX-License-Identifier: MIT */
/* The runs stateful_*: BatchNorm and SpectralNorm in one model, the state handed from step to
 * step through the gradient. */
#include <stdlib.h>
#include <string.h>

#include "golden/record.h"
#include "golden/train.h"
#include "vernal/nn.h"
#include "vernal/ops.h"
#include "vernal/optim.h"
#include "vernal/random.h"
#include "vernal/transform.h"

typedef struct network {
    vn_module base;
    vn_tree *norm1, *sn, *norm2, *lin2, *lin3;
} network;

static vn_tree *network_call(vn_tree *self, int n, vn_tree *const arg[]) /* x, state */
{
    const network *m = (const void *)self;
    vn_tree *pair = vn_call_n(m->norm1, n, arg);
    pair = vn_call(m->sn, vn_at(pair, 0), vn_at(pair, 1));
    pair = vn_call(m->norm2, vn_relu(vn_at(pair, 0)), vn_at(pair, 1));
    vn_array *x = vn_relu(vn_call(m->lin2, vn_at(pair, 0)));
    return vn_tuple(vn_call(m->lin3, x), vn_at(pair, 1));
}

static const vn_field network_fields[] = {
    VN_FIELD(network, norm1, TREE), VN_FIELD(network, sn, TREE),
    VN_FIELD(network, norm2, TREE), VN_FIELD(network, lin2, TREE),
    VN_FIELD(network, lin3, TREE),
};
static const vn_type network_type = VN_MODULE_TYPE(network, network_fields, network_call, 2, 2);

/* BatchNorm(size), SpectralNorm(Linear(size, width)), ... back to `size` numbers. */
static vn_tree *network_new(const golden_case *c, int64_t size)
{
    vn_array *keys = vn_split(vn_key(c->seed), 4);
    int64_t width = json_int(json_get(c->args, "width"), 1);
    bool batch = !strcmp(json_string(json_get(c->args, "mode"), "ema"), "batch");
    vn_batch_norm_options o = { .mode = batch ? VN_BATCH_NORM_BATCH : VN_BATCH_NORM_EMA,
                                .equinox_debias = batch };
    vn_tree *linear = vn_linear(size, width, vn_subkey(keys, 0), NULL);
    vn_tree *spectral = vn_spectral_norm(linear, "weight", vn_subkey(keys, 3), NULL);
    return vn_module_new(
        &network_type, &(network){ .norm1 = vn_batch_norm(size, "batch", &o),
                                   .sn = spectral,
                                   .norm2 = vn_batch_norm(width, "batch", &o),
                                   .lin2 = vn_linear(width, width, vn_subkey(keys, 1), NULL),
                                   .lin3 = vn_linear(width, size, vn_subkey(keys, 2), NULL) });
}

static vn_tree *on_batch(vn_tree *model, vn_array *x, vn_tree *state)
{
    vn_tree *axes[] = { vn_int(0), vn_none() };
    vn_vmap_options o = {
        .in_axes = axes, .n_in = 2, .out_axes = vn_tuple_n(2, axes), .axis_name = "batch"
    };
    return vn_call(vn_filter_vmap(model, &o), x, state);
}

static vn_tree *loss(vn_tree *const arg[]) /* model, state, x -> loss, state */
{
    vn_tree *pair = on_batch(arg[0], arg[2], arg[1]);
    vn_array *y = vn_add(vn_sin(arg[2]), vn_float(1));
    return vn_tuple(vn_mean(vn_square(vn_sub(vn_at(pair, 0), y))), vn_at(pair, 1));
}

/* optimiser, its state, model, state, x -> (model, its state, state, loss) */
static vn_tree *step(vn_tree *const arg[])
{
    vn_grad_options aux = { .has_aux = true };
    vn_tree *f = vn_filter_value_and_grad(vn_function(loss, 3), &aux);
    vn_tree *out = vn_call(f, arg[2], arg[3], arg[4]);
    vn_tree *next = vn_optim_update(arg[0], vn_at(out, 1), arg[1], arg[2]);
    vn_tree *model = vn_apply_updates(arg[2], vn_at(next, 0));
    return vn_tuple(model, vn_at(next, 1), vn_get(out, "[0][1]"), vn_get(out, "[0][0]"));
}

static void check_state(golden_run *r, const char *prefix, vn_tree *state, golden_level level)
{
    vn_tree *leaves = vn_tree_leaves(state);
    for (int i = 0; i < vn_len(leaves); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s/%d", prefix, i);
        golden_check(r, name, vn_at(leaves, i), level);
    }
}

/* SpectralNorm's vectors come from a normal distribution and 15 iterations. */
static golden_level init_level(const char *path)
{
    return strstr(path, "uv_index") ? GOLDEN_SECOND : GOLDEN_EXACT;
}

static golden_level final_level(const char *path)
{
    (void)path;
    return GOLDEN_FINAL;
}

void golden_train_stateful(golden_run *r, golden_case *c)
{
    const golden_array *losses = golden_find(c, "loss");
    int steps = losses ? (int)losses->shape.dim[0] : 0;
    vn_array *x = golden_input(c, "in/x");
    vn_tree *constructed = network_new(c, vn_dim(x, 1));
    vn_tree *pair = vn_make_with_state(constructed);
    vn_tree *model = vn_at(pair, 0), *state = vn_at(pair, 1);
    vn_tree *adam = vn_adam(vn_float(json_number(json_get(c->args, "lr"), 0)), NULL);
    vn_tree *memory = vn_optim_init(adam, model);
    vn_array **values = calloc((size_t)steps + 1, sizeof *values);
    vn_tree *compiled = vn_filter_jit(vn_function(step, 5), NULL);
    if (!model || !steps || !values) {
        free(values);
        golden_fail(r, "the run cannot be set up");
        return;
    }
    golden_check_file(r, "eqx_init", constructed, init_level);
    check_state(r, "state0", state, GOLDEN_SECOND);
    for (int k = 0; k < steps; k++) {
        vn_tree *out = vn_call(compiled, adam, memory, model, state, x);
        model = vn_at(out, 0);
        memory = vn_at(out, 1);
        state = vn_at(out, 2);
        values[k] = vn_at(out, 3);
    }
    golden_check(r, "loss", vn_stack_n(steps, values, 0), GOLDEN_LOSS);
    free(values);
    golden_check_file(r, "eqx_final", model, final_level);
    golden_check_file(r, "eqx_final_state", state, final_level);
    check_state(r, "state_final", state, GOLDEN_FINAL);
    vn_tree *out = on_batch(vn_inference_mode(model, true), x, state);
    golden_check(r, "inference_out", vn_at(out, 0), GOLDEN_FINAL);
}
