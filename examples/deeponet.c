/* SPDX-License-Identifier: MIT */
/* A DeepONet learns an operator: from a function u, seen at 32 sensors, to its antiderivative
 * G(u)(y), the integral of u from 0 to y, at any y (Lu et al. 2021).
 *
 *     G(u)(y) = sum over k of branch_k(u at the sensors) trunk_k(y) + b
 *
 * The functions are u(s) = sum over j of c_j cos(w_j s), w_j = 1, 2, .. 5, so that the
 * integrals are known: sum over j of c_j sin(w_j y) / w_j. One vmap is over functions, within
 * it one over places y. The test is on functions that were never seen. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vernal.h>

#include "support/option.h"
#include "support/trainer.h"

static const char help[] = "deeponet [--steps N] [--full]   (1000 steps; full 20000)";

enum { SENSORS = 32, PLACES = 8, MODES = 5, BATCH = 64, BASIS = 32 };

/* ------------------------------------------------------------------------- the model */

typedef struct deeponet {
    vn_module base;
    vn_tree *branch, *trunk, *bias;
} deeponet;

static vn_tree *deeponet_call(vn_tree *self, int n, vn_tree *const arg[]) /* u [32], y [] */
{
    const deeponet *m = (const deeponet *)self;
    (void)n;
    return vn_add(vn_dot(vn_call(m->branch, arg[0]), vn_call(m->trunk, arg[1])), m->bias);
}

static const vn_field deeponet_fields[] = {
    VN_FIELD(deeponet, branch, TREE),
    VN_FIELD(deeponet, trunk, TREE),
    VN_FIELD(deeponet, bias, TREE),
};
static const vn_type deeponet_type =
    VN_MODULE_TYPE(deeponet, deeponet_fields, deeponet_call, 2, 2);

static vn_tree *deeponet_new(vn_array *key)
{
    vn_array *k = vn_split(key, 2);
    const vn_mlp_options o = { .activation = vn_unary(vn_tanh),
                               .final_activation = vn_unary(vn_tanh) };
    return vn_module_new(&deeponet_type, &(deeponet){
        .branch = vn_mlp(SENSORS, BASIS, 64, 2, vn_subkey(k, 0), NULL),
        .trunk = vn_mlp(VN_SCALAR_FEATURES, BASIS, 64, 2, vn_subkey(k, 1), &o),
        .bias = vn_zeros(VN_F32, VN_SCALAR) });
}

/* --------------------------------------------------------------------- functions u, G(u) */

static vn_tree *draw(vn_array *key, int64_t n) /* (u [n, sensors], y [n, places], G(u)(y)) */
{
    vn_array *k = vn_split(key, 2);
    vn_array *c = vn_uniform(vn_subkey(k, 0), VN_SHAPE(n, MODES), VN_F32, -1, 1);
    vn_array *y = vn_uniform(vn_subkey(k, 1), VN_SHAPE(n, PLACES), VN_F32, 0, 2);
    vn_array *w = vn_add(vn_arange(VN_F32, MODES), vn_float(1));
    vn_array *s = vn_linspace(VN_F32, 0, 2, SENSORS);
    vn_array *u = vn_matmul(c, vn_cos(vn_outer(w, s)));
    vn_array *waves = vn_sin(vn_mul(vn_expand_dims(y, 2), w)); /* [n, places, modes] */
    vn_array *parts = vn_mul(waves, vn_expand_dims(vn_div(c, w), 1));
    return vn_tuple(u, y, vn_sum_over(parts, VN_AXES(2), false));
}

static vn_tree *at_places(vn_tree *const arg[]) /* model, u, y [places] -> [places] */
{
    return vn_vmap_call(vn_partial(arg[0], arg[1]), arg[2]);
}

static vn_array *predict(vn_tree *model, vn_tree *data)
{
    vn_tree *one = vn_partial(vn_function(at_places, 3), model);
    return vn_call(vn_filter_vmap(one, NULL), vn_at(data, 0), vn_at(data, 1));
}

static vn_tree *loss(vn_tree *const arg[]) /* model, (u, y, G(u)(y)) -> f32[] */
{
    return vn_mean(vn_square(vn_sub(predict(arg[0], arg[1]), vn_at(arg[1], 2))));
}

int main(int argc, char **argv)
{
    if (!options_are(argc, argv, "--steps --full!"))
        return puts(help), strcmp(argv[1], "--help") != 0;
    const bool full = flag(argc, argv, "--full");
    const long steps = atol(option(argc, argv, "--steps", full ? "20000" : "1000"));
    vn_tree *adam = vn_adam(vn_cosine_decay_schedule(3e-3, steps, NULL), NULL);
    trainer t = trainer_create(deeponet_new(vn_key(0)), adam, loss);
    for (long i = 0; i < steps && vn_ok(); i++)
        VN_SCOPE {
            vn_tree *batch = draw(vn_fold_in(vn_key(1), vn_int(i)), BATCH);
            trainer_report(&t, i, steps, trainer_step(&t, batch));
        }
    vn_tree *test = draw(vn_key(2), 500);
    vn_array *wrong = vn_sub(predict(t.model, test), vn_at(test, 2));
    const double error = vn_item(vn_norm(wrong)) / vn_item(vn_norm(vn_at(test, 2)));
    printf("relative error on 500 unseen functions: %.2f %%\n", 100 * error);
    trainer_destroy(&t);
    return verdict(error < (full ? 0.01 : 0.05) || steps < 1000);
}
