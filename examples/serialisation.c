/* SPDX-License-Identifier: MIT */
/* Saving and loading (Equinox: serialisation): one file holds a line of JSON with the
 * hyperparameters, then the leaves of the model and of the optimiser.
 *
 * A file has no structure in it, so the hyperparameters make the model again; only its shapes
 * are needed, and vn_filter_eval_shape gives those without drawing a single weight. To see that
 * nothing is lost, a training is interrupted half-way, read back and continued: it ends with
 * the bits of one that was never interrupted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vernal.h>

#include "support/option.h"
#include "support/trainer.h"

static const char help[] = "serialisation [--file PATH] [--steps N]   (model.eqx, 200)";

static vn_tree *make(vn_tree *const arg[]) /* hyperparameters, key -> model, optimiser state */
{
    const vn_mlp_options options = { .activation = vn_unary(vn_tanh) };
    vn_tree *h = arg[0];
    vn_tree *model = vn_mlp(vn_int_value(vn_get(h, "['in_size']")),
                            vn_int_value(vn_get(h, "['out_size']")),
                            vn_int_value(vn_get(h, "['width_size']")),
                            vn_int_value(vn_get(h, "['depth']")), arg[1], &options);
    return vn_tuple(model, vn_optim_init(vn_adam(vn_float(3e-3), NULL), model));
}

static bool save(const char *path, vn_tree *hyperparameters, const trainer *t)
{
    FILE *const file = fopen(path, "wb");
    if (!file)
        return vn_error(VN_ERR_FILE, "%s: cannot be written", path), false;
    vn_json_write_line(file, hyperparameters);
    vn_tree_serialise_leaves_to(file, vn_tuple(t->model, t->state));
    return fclose(file) == 0 && vn_ok();
}

static vn_tree *load(const char *path) /* -> (model, optimiser state) */
{
    FILE *const file = fopen(path, "rb");
    if (!file)
        return vn_error(VN_ERR_FILE, "%s: cannot be read", path);
    vn_tree *hyperparameters = vn_json_read_line(file);
    vn_tree *like = vn_filter_eval_shape(vn_function(make, 2), 2,
                                         VN_TREES(hyperparameters, vn_key(0)));
    vn_tree *both = vn_tree_deserialise_leaves_from(file, like);
    fclose(file);
    return both;
}

static vn_tree *loss(vn_tree *const arg[]) /* model, (x [n, 5], y [n, 1]) -> f32[] */
{
    vn_array *y = vn_vmap_call(arg[0], vn_at(arg[1], 0));
    return vn_mean(vn_square(vn_sub(y, vn_at(arg[1], 1))));
}

static double train(trainer *t, vn_tree *data, long steps)
{
    double last = 0;
    for (long i = 0; i < steps && vn_ok(); i++)
        last = trainer_step(t, data);
    return last;
}

int main(int argc, char **argv)
{
    if (!options_are(argc, argv, "--file --steps"))
        return puts(help), strcmp(argv[1], "--help") != 0;
    const char *path = option(argc, argv, "--file", "model.eqx");
    const long steps = atol(option(argc, argv, "--steps", "200"));
    vn_tree *hyperparameters = vn_dict_n(
        4, (const char *const[]){ "in_size", "out_size", "width_size", "depth" },
        VN_TREES(vn_int(5), vn_int(1), vn_int(10), vn_int(3)));
    vn_array *x = vn_normal(vn_key(1), VN_SHAPE(64, 5), VN_F32);
    vn_tree *data = vn_tuple(x, vn_sin(vn_sum_over(x, VN_AXES(1), true)));

    vn_tree *model = vn_at(vn_call(vn_function(make, 2), hyperparameters, vn_key(0)), 0);
    vn_tree *adam = vn_adam(vn_float(3e-3), NULL);
    trainer whole = trainer_create(model, adam, loss);
    const double first = train(&whole, data, 1), half = train(&whole, data, steps / 2);
    save(path, hyperparameters, &whole);
    const double end = train(&whole, data, steps / 2);

    vn_tree *read = load(path);
    trainer resumed = trainer_create(model, adam, loss);
    vn_assign(&resumed.model, vn_at(read, 0));
    vn_assign(&resumed.state, vn_at(read, 1));
    const double again = train(&resumed, data, steps / 2);
    printf("loss %.6f -> %.6f (saved as %s) -> %.6f\n", first, half, path, end);
    const bool same = vn_tree_equal(whole.model, resumed.model, NULL) && end == again;
    printf("read back and continued: %.6f, %s\n", again, same ? "the same bits" : "OTHER BITS");
    trainer_destroy(&whole), trainer_destroy(&resumed);
    return verdict(same && (steps < 200 || end < 0.5 * first));
}
