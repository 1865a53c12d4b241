/* SPDX-License-Identifier: MIT */
/* MNIST with LeNet-5 or an MLP. Images stay bytes in memory: the compiled program makes floats
 * of them when they are in its tiles. Without the files the program ends with 77 (skipped). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vernal.h>

#include "support/option.h"
#include "support/report.h"

static const char help[] =
    "mnist [--data DIR] [--model lenet|mlp] [--epochs N] [--examples N] [--seed N]\n"
    "DIR: the four idx files, .gz (default VN_MNIST_DIR, else ../shared/data/mnist)";

enum { BATCH = 192 };

static vn_tree *lenet(vn_array *key) /* [1, 28, 28] -> logits [10] */
{
    vn_array *k = vn_split(key, 5);
    vn_tree *relu = vn_unary(vn_relu);
    const vn_conv_nd_options pad = { .padding = VN_SHAPE(2) };
    const vn_pool_options halve = { .stride = VN_SHAPE(2) };
    return vn_sequential(
        vn_conv2d(1, 6, VN_SHAPE(5), vn_subkey(k, 0), &pad), relu,
        vn_max_pool2d(VN_SHAPE(2), &halve),
        vn_conv2d(6, 16, VN_SHAPE(5), vn_subkey(k, 1), NULL), relu,
        vn_max_pool2d(VN_SHAPE(2), &halve), vn_unary(vn_ravel),
        vn_linear(400, 120, vn_subkey(k, 2), NULL), relu,
        vn_linear(120, 84, vn_subkey(k, 3), NULL), relu,
        vn_linear(84, 10, vn_subkey(k, 4), NULL));
}

static vn_tree *logits(vn_tree *const arg[]) /* model, image u8[28, 28] -> f32[10] */
{
    vn_array *x = vn_sub(vn_scale(1 / 127.5, vn_cast(arg[1], VN_F32)), vn_float(1));
    return vn_call(arg[0], vn_reshape(x, VN_SHAPE(1, 28, 28)));
}

static vn_tree *cross_entropy(vn_tree *const arg[]) /* model, image, label u8[] -> f32[] */
{
    vn_array *p = vn_log_softmax(logits(arg), 0);
    return vn_neg(vn_dynamic_index(p, vn_cast(arg[2], VN_I32), 0));
}

static vn_tree *loss(vn_tree *const arg[]) /* model, images, labels -> f32[] */
{
    vn_tree *one = vn_partial(vn_function(cross_entropy, 3), arg[0]);
    return vn_mean(vn_call(vn_filter_vmap(one, NULL), arg[1], arg[2]));
}

static vn_tree *step(vn_tree *const arg[]) /* adam, images, labels, model, state */
{
    vn_tree *grad = vn_filter_grad(vn_function(loss, 3), NULL);
    vn_tree *grads = vn_call(grad, arg[3], arg[1], arg[2]);
    vn_tree *update = vn_optim_update(arg[0], grads, arg[4], arg[3]);
    return vn_tuple(vn_apply_updates(arg[3], vn_at(update, 0)), vn_at(update, 1));
}

static vn_tree *accuracy(vn_tree *const arg[]) /* model, images, labels -> f32[] */
{
    vn_tree *one = vn_partial(vn_function(logits, 2), arg[0]);
    vn_array *best = vn_argmax(vn_call(vn_filter_vmap(one, NULL), arg[1]), 1);
    return vn_mean(vn_cast(vn_eq(best, vn_cast(arg[2], VN_I32)), VN_F32));
}

static vn_array *load(const char *dir, const char *part)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-ubyte.gz", dir, part);
    return vn_idx_load(path);
}

int main(int argc, char **argv)
{
    if (!options_are(argc, argv, "--data --model --epochs --examples --seed"))
        return puts(help), strcmp(argv[1], "--help") != 0;
    const char *here = getenv("VN_MNIST_DIR");
    const char *dir = option(argc, argv, "--data", here ? here : "../shared/data/mnist");
    const char *name = option(argc, argv, "--model", "lenet");
    const long epochs = atol(option(argc, argv, "--epochs", "10"));
    const long n = atol(option(argc, argv, "--examples", "60000"));
    vn_array *x = load(dir, "train-images-idx3"), *y = load(dir, "train-labels-idx1");
    vn_array *x_test = load(dir, "t10k-images-idx3"), *y_test = load(dir, "t10k-labels-idx1");
    if (!vn_ok())
        return printf("mnist: skipped: %s\n", vn_error_message()), 77;

    vn_array *keys = vn_split(vn_key(atol(option(argc, argv, "--seed", "0"))), epochs + 1);
    vn_array *key = vn_subkey(keys, 0);
    vn_tree *mlp = vn_sequential(vn_unary(vn_ravel), vn_mlp(784, 10, 256, 2, key, NULL));
    vn_tree *model = vn_retain(strcmp(name, "mlp") == 0 ? mlp : lenet(key));
    vn_tree *adam = vn_adam(vn_float(3e-4), NULL);
    vn_tree *state = vn_retain(vn_optim_init(adam, model));
    vn_tree *fast = vn_filter_jit(vn_partial(vn_function(step, 5), adam), NULL);
    vn_tree *test = vn_filter_jit(vn_function(accuracy, 3), NULL);
    double right = 0;
    for (long epoch = 1; epoch <= epochs && vn_ok(); epoch++)
        VN_SCOPE {
            vn_array *order = vn_permutation(vn_subkey(keys, epoch), n);
            const double start = seconds_now();
            for (long b = 0; b + BATCH <= n && vn_ok(); b += BATCH)
                VN_SCOPE {
                    vn_array *rows = vn_slice(order, 0, b, b + BATCH, 1);
                    vn_array *images = vn_take(x, rows, 0), *labels = vn_take(y, rows, 0);
                    vn_tree *out = vn_call(fast, images, labels, model, state);
                    vn_assign(&model, vn_at(out, 0));
                    vn_assign(&state, vn_at(out, 1));
                }
            const double took = seconds_now() - start;
            right = 100 * vn_item(vn_call(test, model, x_test, y_test));
            printf("%s  epoch %2ld  test accuracy %.2f %%  %.2f s\n", name, epoch, right, took);
        }
    vn_release(model), vn_release(state);
    if (!vn_ok())
        fprintf(stderr, "%s\n", vn_error_message());
    return vn_ok() && right > 80 ? 0 : 1;
}
