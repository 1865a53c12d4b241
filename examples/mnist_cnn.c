/* SPDX-License-Identifier: MIT */
/* The CNN of Equinox's MNIST notebook: the same seed, the same initial weights, the same loss.
 * The notebook's pool has stride 1, so the first Linear sees 3 x 24 x 24 = 1728 numbers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vernal.h>

#include "support/option.h"
#include "support/trainer.h"

static const char help[] =
    "mnist_cnn [--data DIR] [--steps N] [--full]   (300 steps; default 60)\n"
    "DIR: the four idx files, .gz (default VN_MNIST_DIR, else ../shared/data/mnist)";

enum { BATCH = 64 };

static vn_tree *log_probabilities(vn_tree *const arg[]) { return vn_log_softmax(arg[0], 0); }

static vn_tree *cnn(vn_array *key) /* [1, 28, 28] -> log probabilities [10] */
{
    vn_array *k = vn_split(key, 4);
    return vn_sequential(
        vn_conv2d(1, 3, VN_SHAPE(4), vn_subkey(k, 0), NULL),
        vn_max_pool2d(VN_SHAPE(2), NULL), vn_unary(vn_relu), vn_unary(vn_ravel),
        vn_linear(1728, 512, vn_subkey(k, 1), NULL), vn_unary(vn_sigmoid),
        vn_linear(512, 64, vn_subkey(k, 2), NULL), vn_unary(vn_relu),
        vn_linear(64, 10, vn_subkey(k, 3), NULL), vn_function(log_probabilities, 1));
}

static vn_array *predict(vn_tree *model, vn_array *images) /* u8[n, 28, 28] -> f32[n, 10] */
{
    vn_array *x = vn_sub(vn_scale(1 / 127.5, vn_cast(images, VN_F32)), vn_float(1));
    return vn_vmap_call(model, vn_reshape(x, VN_SHAPE(-1, 1, 28, 28)));
}

static vn_array *cross_entropy(vn_array *p, vn_array *labels)
{
    vn_array *column = vn_expand_dims(vn_cast(labels, VN_I32), 1);
    return vn_neg(vn_mean(vn_take_along_axis(p, column, 1)));
}

static vn_tree *loss(vn_tree *const arg[]) /* model, (images, labels) -> f32[] */
{
    return cross_entropy(predict(arg[0], vn_at(arg[1], 0)), vn_at(arg[1], 1));
}

static vn_tree *evaluate(vn_tree *const arg[]) /* model, images, labels -> loss, accuracy */
{
    vn_array *p = predict(arg[0], arg[1]);
    vn_array *right = vn_eq(vn_argmax(p, 1), vn_cast(arg[2], VN_I32));
    return vn_tuple(cross_entropy(p, arg[2]), vn_mean(vn_cast(right, VN_F32)));
}

static vn_array *load(const char *dir, const char *part)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-ubyte.gz", dir, part);
    return vn_idx_load(path);
}

int main(int argc, char **argv)
{
    if (!options_are(argc, argv, "--data --steps --full!"))
        return puts(help), strcmp(argv[1], "--help") != 0;
    const char *here = getenv("VN_MNIST_DIR");
    const char *dir = option(argc, argv, "--data", here ? here : "../shared/data/mnist");
    const char *few = flag(argc, argv, "--full") ? "300" : "60";
    const long steps = atol(option(argc, argv, "--steps", few));
    vn_array *x = load(dir, "train-images-idx3"), *y = load(dir, "train-labels-idx1");
    vn_array *x_test = load(dir, "t10k-images-idx3"), *y_test = load(dir, "t10k-labels-idx1");
    if (!vn_ok())
        return printf("mnist_cnn: skipped: %s\n", vn_error_message()), 77;

    vn_array *keys = vn_split(vn_key(5678), 2);
    vn_tree *test = vn_filter_jit(vn_function(evaluate, 3), NULL);
    trainer t = trainer_create(cnn(vn_subkey(keys, 1)), vn_adamw(vn_float(3e-4), NULL), loss);
    vn_tree *before = vn_call(test, t.model, x_test, y_test);
    const double loss_before = vn_item(vn_at(before, 0)), right = vn_item(vn_at(before, 1));
    printf("untrained   test loss %.6f  accuracy %.4f   Equinox: 2.315319  .1009\n",
           loss_before, right);
    for (long i = 0; i < steps && vn_ok(); i++)
        VN_SCOPE {
            vn_tree *batch = trainer_batch(&t, i, BATCH, x, y);
            trainer_report(&t, i, steps, trainer_step(&t, batch));
        }
    vn_tree *after = vn_call(test, t.model, x_test, y_test);
    const double loss_after = vn_item(vn_at(after, 0)), accuracy = vn_item(vn_at(after, 1));
    printf("%3ld steps   test loss %.4f    accuracy %.4f   %s\n", steps, loss_after, accuracy,
           steps == 300 ? "Equinox: .35 to .42  .885 or more" : "");
    trainer_destroy(&t);

    const bool same = fabs(loss_before - 2.315319) < 2e-5 && fabs(right - .1009) < 2e-4;
    const bool learnt = steps < 300 ? loss_after < 2.0 : loss_after < .42 && accuracy >= .885;
    return verdict(same && (learnt || steps < 60));
}
