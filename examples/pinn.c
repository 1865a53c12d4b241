/* SPDX-License-Identifier: MIT */
/* A physics-informed network: second derivatives inside the loss, in double precision.
 *
 * The network u(t, x) is to solve the heat equation u_t = a u_xx on [0, 1] x [0, 1] with
 * u(0, x) = sin(pi x) and u(t, 0) = u(t, 1) = 0. It never sees the solution: the loss is the
 * residual of the equation, of the initial values and of the boundary, at random points. The
 * derivatives in (t, x) are forward mode over forward mode, the gradient in the weights is
 * reverse mode over both. Exact: u = exp(-a pi^2 t) sin(pi x). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vernal.h>

#include "support/option.h"
#include "support/trainer.h"

static const char help[] = "pinn [--steps N] [--points N] [--full]\n"
                           "steps (3000, full 10000), points in each part (128, full 1024)";

static const double a = 0.2, pi = 3.141592653589793;

static vn_array *sin_pi(vn_array *x) { return vn_sin(vn_scale(pi, x)); }

/* d f(p) / dp along a constant direction: itself a function of p. */
static vn_tree *along(vn_tree *const arg[]) /* f, direction, p */
{
    return vn_at(vn_filter_jvp(arg[0], 1, &arg[2], &arg[1]), 1);
}

static vn_tree *derivative(vn_tree *f, vn_array *direction)
{
    return vn_partial(vn_function(along, 3), f, direction);
}

static vn_tree *residual(vn_tree *const arg[]) /* model, p = (t, x) -> u_t - a u_xx */
{
    const double t[] = { 1, 0 }, x[] = { 0, 1 };
    vn_array *along_t = vn_array_from(VN_F64, VN_SHAPE(2), t);
    vn_array *along_x = vn_array_from(VN_F64, VN_SHAPE(2), x);
    vn_array *u_t = vn_call(derivative(arg[0], along_t), arg[1]);
    vn_array *u_xx = vn_call(derivative(derivative(arg[0], along_x), along_x), arg[1]);
    return vn_sub(u_t, vn_scale(a, u_xx));
}

static vn_array *mean_square(vn_array *x) { return vn_mean(vn_square(x)); }

static vn_tree *loss(vn_tree *const arg[]) /* model, (inside, start, edge) [n, 2] -> f64[] */
{
    vn_tree *model = arg[0], *inside = vn_at(arg[1], 0), *start = vn_at(arg[1], 1);
    vn_tree *equation = vn_vmap_call(vn_partial(vn_function(residual, 2), model), inside);
    vn_array *initial = vn_sub(vn_vmap_call(model, start), sin_pi(vn_index(start, 1, 1)));
    vn_array *boundary = vn_vmap_call(model, vn_at(arg[1], 2));
    vn_array *conditions = vn_add(mean_square(initial), mean_square(boundary));
    return vn_add(mean_square(equation), vn_scale(10, conditions));
}

static vn_tree *points(vn_array *key, int64_t n) /* (inside, start, edge) */
{
    vn_array *k = vn_split(key, 4), *zero = vn_zeros(VN_F64, VN_SHAPE(n));
    vn_array *inside = vn_uniform(vn_subkey(k, 0), VN_SHAPE(n, 2), VN_F64, 0, 1);
    vn_array *x = vn_uniform(vn_subkey(k, 1), VN_SHAPE(n), VN_F64, 0, 1);
    vn_array *t = vn_uniform(vn_subkey(k, 2), VN_SHAPE(n), VN_F64, 0, 1);
    vn_array *side = vn_cast(vn_bernoulli(vn_subkey(k, 3), 0.5, VN_SHAPE(n)), VN_F64);
    return vn_tuple(inside, vn_stack(1, zero, x), vn_stack(1, t, side));
}

/* The largest error on a grid of 33 x 33 points. */
static double error_of(vn_tree *model)
{
    vn_array *line = vn_linspace(VN_F64, 0, 1, 33), *zero = vn_zeros(VN_F64, VN_SHAPE(33, 33));
    vn_array *t = vn_add(vn_expand_dims(line, 1), zero), *x = vn_add(line, zero);
    vn_array *grid = vn_reshape(vn_stack(2, t, x), VN_SHAPE(-1, 2));
    vn_array *exact = vn_mul(vn_exp(vn_scale(-a * pi * pi, t)), sin_pi(x));
    return vn_item(vn_max(vn_abs(vn_sub(vn_vmap_call(model, grid), vn_ravel(exact)))));
}

int main(int argc, char **argv)
{
    if (!options_are(argc, argv, "--steps --points --full!"))
        return puts(help), strcmp(argv[1], "--help") != 0;
    const bool full = flag(argc, argv, "--full");
    const long steps = atol(option(argc, argv, "--steps", full ? "10000" : "3000"));
    const long n = atol(option(argc, argv, "--points", full ? "1024" : "128"));
    vn_set_default_dtype(VN_F64);
    const vn_mlp_options smooth = { .activation = vn_unary(vn_tanh) };
    vn_tree *model = vn_mlp(2, VN_SCALAR_FEATURES, 24, 3, vn_key(0), &smooth);
    vn_tree *adam = vn_adam(vn_cosine_decay_schedule(5e-3, steps, NULL), NULL);
    trainer t = trainer_create(model, adam, loss);
    for (long i = 0; i < steps && vn_ok(); i++)
        VN_SCOPE {
            vn_tree *batch = points(vn_fold_in(vn_key(1), vn_int(i)), n);
            trainer_report(&t, i, steps, trainer_step(&t, batch));
        }
    const double error = error_of(t.model);
    printf("largest error against exp(-a pi^2 t) sin(pi x): %.5f\n", error);
    trainer_destroy(&t);
    return verdict(error < (full ? 0.006 : 0.02) || steps < 3000);
}
