/* SPDX-License-Identifier: MIT */
/* A U-Net removes noise from digits (Equinox: unet, an implementation without a run).
 *
 * The network sees y = x + s noise and the noise level s, and learns x by least squares. The
 * best LINEAR way to do that is known from mean m and covariance C of the images (Wiener):
 *
 *     x = m + C (C + s^2 I)^-1 (y - m)
 *
 * On images that neither has seen, the U-Net must be better. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vernal.h>

#include "support/digits.h"
#include "support/images.h"
#include "support/option.h"
#include "support/trainer.h"
#include "support/unet.h"

static const char help[] = "unet [--steps N] [--full]   (400 steps; full 2000, 4 times wider)";

static const double level = 0.3; /* of the noise in the test */

static vn_array *noisy(vn_array *x, vn_array *s, vn_array *key) /* x [n, 1, 8, 8], s [n] */
{
    vn_array *noise = vn_normal(key, vn_shape_of(x), VN_F32);
    return vn_add(x, vn_mul(vn_reshape(s, VN_SHAPE(-1, 1, 1, 1)), noise));
}

static vn_array *removed(vn_tree *model, vn_array *y, vn_array *s)
{
    return vn_call(vn_filter_vmap(model, NULL), vn_scale(10, s), y);
}

static vn_tree *loss(vn_tree *const arg[]) /* model, (x, key) -> f32[] */
{
    vn_array *x = vn_at(arg[1], 0), *k = vn_split(vn_at(arg[1], 1), 2);
    vn_array *s = vn_uniform(vn_subkey(k, 0), VN_SHAPE(vn_dim(x, 0)), VN_F32, 0.05, 0.6);
    vn_array *y = removed(arg[0], noisy(x, s, vn_subkey(k, 1)), s);
    return vn_mean(vn_square(vn_sub(y, x)));
}

static vn_array *wiener(vn_array *x, vn_array *y) /* images to learn from, noisy ones */
{
    const int64_t n = vn_dim(x, 0);
    vn_array *a = vn_reshape(x, VN_SHAPE(n, 64)), *b = vn_reshape(y, VN_SHAPE(-1, 64));
    vn_array *m = vn_mean_over(a, VN_AXES(0), false);
    a = vn_sub(a, m), b = vn_sub(b, m);
    vn_array *c = vn_scale(1 / (double)n, vn_matmul(vn_transpose(a, VN_AXES(1, 0)), a));
    vn_array *all = vn_add(c, vn_scale(level * level, vn_eye(VN_F32, 64)));
    vn_array *gain = vn_solve(all, c); /* C (C + s^2 I)^-1 transposed: both are symmetric */
    return vn_reshape(vn_add(vn_matmul(b, gain), m), vn_shape_of(y));
}

static double error_of(vn_array *x, vn_array *y) /* root of the mean square */
{
    return sqrt(vn_item(vn_mean(vn_square(vn_sub(x, y)))));
}

int main(int argc, char **argv)
{
    if (!options_are(argc, argv, "--steps --full!"))
        return puts(help), strcmp(argv[1], "--help") != 0;
    const bool full = flag(argc, argv, "--full");
    const long steps = atol(option(argc, argv, "--steps", full ? "2000" : "400"));
    digits d = { 0 };
    if (!digits_load(&d, "data/digits.csv.gz"))
        return verdict(false);
    const unet_sizes small = { 2, 1, 16, { 1, 2 }, 2, 8 }, wide = { 2, 1, 64, { 1, 2 }, 4, 32 };
    vn_tree *model = unet(full ? &wide : &small, vn_key(0));
    vn_tree *rate = vn_cosine_decay_schedule(full ? 1e-3 : 4e-3, steps, NULL);
    trainer t = trainer_create(model, vn_adam(rate, NULL), loss);
    for (long i = 0; i < steps && vn_ok(); i++)
        VN_SCOPE {
            vn_tree *batch = trainer_batch(&t, i, 32, d.x, d.y);
            vn_array *key = vn_fold_in(vn_key(1), vn_int(i));
            batch = vn_tuple(vn_at(batch, 0), key);
            trainer_report(&t, i, steps, trainer_step(&t, batch));
        }
    vn_array *x = d.x_test, *s = vn_full(VN_F32, VN_SHAPE(vn_dim(x, 0)), level);
    vn_array *y = noisy(x, s, vn_key(2)), *line = wiener(d.x, y), *net = removed(t.model, y, s);
    images_print(y, 8), images_print(net, 8);
    const double before = error_of(y, x), linear = error_of(line, x), after = error_of(net, x);
    printf("error of unseen digits: noisy %.4f, best linear filter %.4f, U-Net %.4f\n", before,
           linear, after);
    trainer_destroy(&t);
    return verdict((after < linear && linear < before) || steps < 400);
}
