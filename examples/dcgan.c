/* SPDX-License-Identifier: MIT */
/* Two convolutional networks, a forger and a judge (Equinox: deep_convolutional_gan).
 *
 * The generator makes images from noise, the discriminator tells them from real ones. Each
 * learns from the other (support/gan.c); both have batch normalisation, hence a state. In the
 * end the generator draws with the averages that its normalisation has kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vernal.h>

#include "support/digits.h"
#include "support/gan.h"
#include "support/images.h"
#include "support/option.h"
#include "support/trainer.h"

static const char help[] = "dcgan [--steps N] [--full]\n"
                           "steps (1000, full 5000); full: Equinox's width, latent size, rate";

enum { BATCH = 32, DRAWN = 100 };

static vn_tree *leaky(vn_tree *const arg[]) { return vn_leaky_relu(arg[0], 0.2); }

static vn_tree *norm(int64_t channels)
{
    return vn_batch_norm(channels, "batch",
                         &(vn_batch_norm_options){ .mode = VN_BATCH_NORM_BATCH });
}

static vn_tree *generator(int64_t latent, int64_t width, vn_array *key)
{
    const vn_conv_transpose_nd_options first = { .no_bias = true };
    const vn_conv_transpose_nd_options twice = { .stride = VN_SHAPE(2),
                                                 .padding = VN_SHAPE(1) };
    vn_array *k = vn_split(key, 2);
    return vn_sequential( /* [latent, 1, 1] -> [width, 4, 4] -> [1, 8, 8] in -1 .. 1 */
        vn_conv_transpose2d(latent, width, VN_SHAPE(4), vn_subkey(k, 0), &first), norm(width),
        vn_unary(vn_relu),
        vn_conv_transpose2d(width, 1, VN_SHAPE(4), vn_subkey(k, 1), &twice), vn_unary(vn_tanh));
}

static vn_tree *discriminator(int64_t width, vn_array *key)
{
    const vn_conv_nd_options same = { .padding = VN_SHAPE(1) };
    const vn_conv_nd_options half = { .stride = VN_SHAPE(2), .padding = VN_SHAPE(1),
                                      .no_bias = true };
    vn_array *k = vn_split(key, 3);
    return vn_sequential( /* [1, 8, 8] -> [width, 8, 8] -> [width, 4, 4] -> logit [1, 1, 1] */
        vn_conv2d(1, width, VN_SHAPE(3), vn_subkey(k, 0), &same), vn_function(leaky, 1),
        vn_conv2d(width, width, VN_SHAPE(4), vn_subkey(k, 1), &half), norm(width),
        vn_function(leaky, 1), vn_conv2d(width, 1, VN_SHAPE(4), vn_subkey(k, 2), NULL));
}

int main(int argc, char **argv)
{
    if (!options_are(argc, argv, "--steps --full!"))
        return puts(help), strcmp(argv[1], "--help") != 0;
    const bool full = flag(argc, argv, "--full");
    const long steps = atol(option(argc, argv, "--steps", full ? "5000" : "1000"));
    digits data = { 0 };
    if (!digits_load(&data, "data/digits.csv.gz"))
        return verdict(false);
    vn_array *all = vn_sub(vn_scale(2, data.x), vn_float(1)); /* -1 .. 1 */
    const int64_t latent = full ? 100 : 16, width = full ? 64 : 16;
    vn_tree *adam = vn_adam(vn_float(full ? 2e-4 : 2e-3), &(vn_adam_options){ .b1 = 0.5 });
    gan t = gan_create(generator(latent, width, vn_key(0)), discriminator(width, vn_key(1)),
                       adam);
    for (long i = 0; i < steps && vn_ok(); i++)
        VN_SCOPE {
            vn_array *k = vn_split(vn_fold_in(vn_key(2), vn_int(i)), 2), *z;
            vn_array *rows = vn_choice(vn_subkey(k, 0), vn_dim(all, 0), VN_SHAPE(BATCH), true,
                                       NULL);
            z = vn_normal(vn_subkey(k, 1), VN_SHAPE(BATCH, latent, 1, 1), VN_F32);
            gan_step(&t, vn_take(all, rows, 0), z);
            if (i % (steps / 5 + 1) == 0 || i == steps - 1)
                printf("step %5ld  loss of g %.4f, of d %.4f\n", i, t.loss_g, t.loss_d);
        }
    vn_array *y = gan_draw(&t, vn_normal(vn_key(3), VN_SHAPE(DRAWN, latent, 1, 1), VN_F32));
    y = vn_scale(0.5, vn_add(y, vn_float(1)));
    images_print(y, 8);
    const likeness l = images_likeness(y, &data);
    gan_destroy(&t);
    return verdict((l.drawn < 2 * l.real && l.classes >= 8) || steps < 1000);
}
