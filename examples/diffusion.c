/* SPDX-License-Identifier: MIT */
/* Score-based diffusion with an MLP-Mixer draws digits (Equinox: score_based_diffusion).
 *
 *     noising    dy = -y/2 dt + dw, 0 <= t <= 10:  y_t = exp(-t/2) y_0 + std_t noise
 *     training   the model learns the score, -noise / std_t, weighted by std_t^2
 *     drawing    dy = -(y/2 + score(t, y)) dt + dw from t = 10 back to 0: Euler-Maruyama
 *
 * Equinox draws along the ODE of the same marginals; both see the model through one vmap. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vernal.h>

#include "support/digits.h"
#include "support/images.h"
#include "support/mixer.h"
#include "support/option.h"
#include "support/trainer.h"

static const char help[] = "diffusion [--steps N] [--full]\n"
                           "steps (1000); full: Equinox's model, batch and rate, 2000 steps";

enum { DRAWN = 100, TIMES = 200 };
static const double t1 = 10;

static vn_tree *denoise(vn_tree *const arg[]) /* model, image, t [], key -> loss */
{
    vn_array *t = arg[2], *var = vn_sub(vn_float(1), vn_exp(vn_neg(t)));
    vn_array *std = vn_sqrt(vn_maximum(var, vn_float(1e-5)));
    vn_array *noise = vn_normal(arg[3], vn_shape_of(arg[1]), VN_F32);
    vn_array *mean = vn_mul(vn_exp(vn_scale(-0.5, t)), arg[1]);
    vn_array *score = vn_call(arg[0], t, vn_add(mean, vn_mul(std, noise)));
    return vn_mul(var, vn_mean(vn_square(vn_add(score, vn_div(noise, std)))));
}

static vn_tree *loss(vn_tree *const arg[]) /* model, (images [n, ..], key) -> f32[] */
{
    vn_array *x = vn_at(arg[1], 0), *k = vn_split(vn_at(arg[1], 1), 2);
    const int64_t n = vn_dim(x, 0);
    vn_array *within = vn_uniform(vn_subkey(k, 0), VN_SHAPE(n), VN_F32, 0, 1); /* one a slot */
    vn_array *t = vn_scale(t1 / (double)n, vn_add(within, vn_arange(VN_F32, n)));
    vn_tree *one = vn_partial(vn_function(denoise, 4), arg[0]);
    return vn_mean(vn_call(vn_filter_vmap(one, NULL), x, t, vn_split(vn_subkey(k, 1), n)));
}

static vn_tree *backwards(vn_tree *const arg[]) /* model, y, (t, t - dt, key) -> (y, none) */
{
    vn_array *y = arg[1], *t = vn_at(arg[2], 0), *dt = vn_sub(t, vn_at(arg[2], 1));
    vn_array *noise = vn_normal(vn_at(arg[2], 2), vn_shape_of(y), VN_F32);
    vn_array *drift = vn_add(vn_scale(0.5, y), vn_call(arg[0], t, y));
    vn_array *last = vn_eq(vn_at(arg[2], 1), vn_float(0)); /* noise that none removes */
    vn_array *kick = vn_where(last, vn_float(0), vn_mul(vn_sqrt(dt), noise));
    return vn_tuple(vn_add(vn_add(y, vn_mul(dt, drift)), kick), vn_none());
}

static vn_tree *draw(vn_tree *const arg[]) /* model, key -> image */
{
    vn_array *k = vn_split(arg[1], 2), *grid = vn_linspace(VN_F32, 1, 0, TIMES + 1);
    vn_array *t = vn_scale(t1, vn_mul(grid, vn_square(grid))); /* small steps at the end */
    vn_tree *times = vn_tuple(vn_slice(t, 0, 0, TIMES, 1), vn_slice(t, 0, 1, TIMES + 1, 1),
                              vn_split(vn_subkey(k, 0), TIMES));
    vn_array *noise = vn_normal(vn_subkey(k, 1), VN_SHAPE(1, 8, 8), VN_F32);
    return vn_at(vn_scan(vn_partial(vn_function(backwards, 3), arg[0]), noise, times, 0), 0);
}

int main(int argc, char **argv)
{
    if (!options_are(argc, argv, "--steps --full!"))
        return puts(help), strcmp(argv[1], "--help") != 0;
    const bool full = flag(argc, argv, "--full");
    const long steps = atol(option(argc, argv, "--steps", full ? "2000" : "1000"));
    digits d = { 0 };
    if (!digits_load(&d, "data/digits.csv.gz"))
        return verdict(false);
    const double mean = vn_item(vn_mean(d.x));
    const double std = vn_item(vn_std_over(vn_ravel(d.x), VN_AXES(0), 0, false));
    vn_array *x = vn_scale(1 / std, vn_sub(d.x, vn_float(mean)));
    const mixer_sizes small = { 8, 2, 32, 64, 64, 2 }, whole = { 8, 2, 64, 512, 512, 4 };
    vn_tree *model = mixer2d(full ? &whole : &small, t1, vn_key(5678));
    vn_tree *rate = full ? vn_float(3e-4) : vn_cosine_decay_schedule(6e-3, steps, NULL);
    trainer t = trainer_create(model, vn_adabelief(rate, NULL), loss);
    double average = 0;
    for (long i = 0; i < steps && vn_ok(); i++)
        VN_SCOPE {
            vn_tree *batch = trainer_batch(&t, i, full ? 256 : 64, x, d.y);
            vn_array *key = vn_fold_in(vn_key(1), vn_int(i));
            const double now = trainer_step(&t, vn_tuple(vn_at(batch, 0), key));
            average += i < steps - 100 ? 0 : now / 100;
            trainer_report(&t, i, steps, now);
        }
    vn_tree *drawer = vn_filter_vmap(vn_partial(vn_function(draw, 2), t.model), NULL);
    vn_array *y = vn_call(vn_filter_jit(drawer, NULL), vn_split(vn_key(2), DRAWN));
    y = vn_clip(vn_add(vn_scale(std, y), vn_float(mean)), vn_float(0), vn_float(1));
    images_print(y, 8);
    printf("loss of the last 100 steps %.4f\n", average);
    const likeness l = images_likeness(y, &d);
    trainer_destroy(&t);
    return verdict((average < 0.06 && l.drawn < 2 * l.real && l.classes >= 8) ||
                   steps < 1000);
}
