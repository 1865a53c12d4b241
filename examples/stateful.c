/* SPDX-License-Identifier: MIT */
/* Stateful layers: batch and spectral normalisation (Equinox: stateful).
 *
 * A layer cannot change anything, so what it remembers is a tree beside the model: the state
 * goes in and a new one comes out, through vmap, gradient and compiled step. The state is
 * the same for all examples, hence the axes (0, none). Afterwards vn_inference_mode freezes
 * it, and an example needs no batch around it any more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vernal.h>

#include "support/option.h"
#include "support/trainer.h"

static const char help[] = "stateful [--steps N]   (default 1000; Equinox: 5)";

static vn_tree *network(vn_array *key) /* x [3], state -> y [3], state */
{
    vn_array *k = vn_split(key, 4);
    vn_tree *first = vn_linear(3, 32, vn_subkey(k, 0), NULL), *relu = vn_unary(vn_relu);
    return vn_sequential(
        vn_batch_norm(3, "batch", NULL),
        vn_spectral_norm(first, "weight", vn_subkey(k, 3), NULL), relu,
        vn_batch_norm(32, "batch", NULL),
        vn_linear(32, 32, vn_subkey(k, 1), NULL), relu,
        vn_linear(32, 3, vn_subkey(k, 2), NULL));
}

static vn_tree *on_batch(vn_tree *model, vn_array *x, vn_tree *state, const char *axis_name)
{
    vn_tree *const axes[] = { vn_int(0), vn_none() };
    const vn_vmap_options options = { .in_axes = axes, .n_in = 2,
                                      .out_axes = vn_tuple_n(2, axes),
                                      .axis_name = axis_name };
    return vn_call(vn_filter_vmap(model, &options), x, state);
}

static vn_tree *loss(vn_tree *const arg[]) /* model, state, x, y -> (f32[], state) */
{
    vn_tree *out = on_batch(arg[0], arg[2], arg[1], "batch");
    return vn_tuple(vn_mean(vn_square(vn_sub(vn_at(out, 0), arg[3]))), vn_at(out, 1));
}

/* adam, x, y, model, state, state of adam -> model, state, state of adam, loss */
static vn_tree *step(vn_tree *const arg[])
{
    const vn_grad_options with_state = { .has_aux = true };
    vn_tree *grad = vn_filter_value_and_grad(vn_function(loss, 4), &with_state);
    vn_tree *out = vn_call(grad, arg[3], arg[4], arg[1], arg[2]); /* ((loss, state), grads) */
    vn_tree *update = vn_optim_update(arg[0], vn_at(out, 1), arg[5], arg[3]);
    return vn_tuple(vn_apply_updates(arg[3], vn_at(update, 0)), vn_get(out, "[0][1]"),
                    vn_at(update, 1), vn_get(out, "[0][0]"));
}

int main(int argc, char **argv)
{
    if (!options_are(argc, argv, "--steps"))
        return puts(help), strcmp(argv[1], "--help") != 0;
    const long steps = atol(option(argc, argv, "--steps", "1000"));
    vn_array *keys = vn_split(vn_key(5678), 2);
    vn_array *x = vn_normal(vn_subkey(keys, 0), VN_SHAPE(10, 3), VN_F32);
    vn_array *y = vn_add(vn_sin(x), vn_float(1));
    vn_tree *both = vn_make_with_state(network(vn_subkey(keys, 1)));
    vn_tree *model = vn_retain(vn_at(both, 0)), *state = vn_retain(vn_at(both, 1));
    vn_tree *adam = vn_adam(vn_float(3e-4), NULL);
    vn_tree *memory = vn_retain(vn_optim_init(adam, model));
    vn_tree *fast = vn_filter_jit(vn_partial(vn_function(step, 6), adam, x, y), NULL);

    double first = 0, last = 0;
    for (long i = 0; i < steps && vn_ok(); i++)
        VN_SCOPE {
            vn_tree *out = vn_call(fast, model, state, memory);
            vn_assign(&model, vn_at(out, 0));
            vn_assign(&state, vn_at(out, 1));
            vn_assign(&memory, vn_at(out, 2));
            last = vn_item(vn_at(out, 3));
            first = i ? first : last;
            if (i < 5 || i % 200 == 199)
                printf("step %4ld  loss %.6f\n", i, last);
        }

    vn_tree *frozen = vn_inference_mode(model, true);
    vn_tree *out = on_batch(frozen, x, state, NULL);
    const double mean = vn_item(vn_mean(vn_square(vn_sub(vn_at(out, 0), y))));
    const bool kept = vn_tree_equal(vn_at(out, 1), state, NULL);
    printf("inference  loss %.6f, the state %s\n", mean, kept ? "stays" : "CHANGES");
    vn_release(model), vn_release(state), vn_release(memory);
    return verdict(kept && last < first && (steps < 1000 || (last < 0.01 && mean < 0.02)));
}
