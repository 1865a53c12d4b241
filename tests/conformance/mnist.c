/* SPDX-License-Identifier: MIT */
/* Row 44: mnist, the convolutional network of Equinox's notebook. */
#include <stdlib.h>

#include "conformance/programs.h"

enum { TEST = 10000, BATCH = 64, STEPS = 300 };

static vn_tree *cnn(vn_array *key)
{
    vn_array *k = vn_split(key, 4);
    return vn_sequential(vn_conv2d(1, 3, VN_SHAPE(4), vn_subkey(k, 0), NULL),
                         vn_max_pool2d(VN_SHAPE(2), NULL), vn_unary(vn_relu),
                         vn_unary(vn_ravel), vn_linear(1728, 512, vn_subkey(k, 1), NULL),
                         vn_unary(vn_sigmoid), vn_linear(512, 64, vn_subkey(k, 2), NULL),
                         vn_unary(vn_relu), vn_linear(64, 10, vn_subkey(k, 3), NULL));
}

static vn_tree *log_probabilities(vn_tree *const arg[]) /* model, image u8[28, 28] */
{
    vn_array *unit = vn_div(vn_cast(arg[1], VN_F32), vn_float(255));
    vn_array *x = vn_div(vn_sub(unit, vn_float(0.5)), vn_float(0.5));
    return vn_log_softmax(vn_call(arg[0], vn_reshape(x, VN_SHAPE(1, 28, 28))), 0);
}

static vn_array *entropy(vn_array *log_p, vn_array *label)
{
    return vn_neg(vn_dynamic_index(log_p, vn_cast(label, VN_I32), 0));
}

static vn_tree *one_loss(vn_tree *const arg[]) /* model, image, label */
{
    return entropy(log_probabilities(arg), arg[2]);
}

static vn_tree *loss(vn_tree *const arg[]) /* model, images, labels */
{
    vn_tree *one = vn_partial(vn_function(one_loss, 3), arg[0]);
    return vn_mean(vn_call(vn_filter_vmap(one, NULL), arg[1], arg[2]));
}

static vn_tree *one_score(vn_tree *const arg[]) /* model, image, label */
{
    vn_array *log_p = log_probabilities(arg);
    vn_array *hit = vn_eq(vn_argmax(log_p, 0), vn_cast(arg[2], VN_I32));
    return vn_tuple(entropy(log_p, arg[2]), vn_cast(hit, VN_F32));
}

static vn_tree *scores(vn_tree *const arg[]) /* model, images, labels: loss, accuracy */
{
    vn_tree *one = vn_partial(vn_function(one_score, 3), arg[0]);
    vn_tree *each = vn_call(vn_filter_vmap(one, NULL), arg[1], arg[2]);
    return vn_tuple(vn_mean(vn_at(each, 0)), vn_mean(vn_at(each, 1)));
}

static vn_tree *step(vn_tree *const arg[]) /* adamw, images, labels, model, state */
{
    vn_tree *grad = vn_filter_grad(vn_function(loss, 3), NULL);
    vn_tree *g = vn_call(grad, arg[3], arg[1], arg[2]);
    vn_tree *update = vn_optim_update(arg[0], g, arg[4], arg[3]);
    return vn_tuple(vn_apply_updates(arg[3], vn_at(update, 0)), vn_at(update, 1));
}

static vn_array *load(const char *part)
{
    const char *named = getenv("VN_MNIST_DIR");
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-ubyte.gz", named ? named : "../shared/data/mnist", part);
    return vn_idx_load(path);
}

static void train(vn_tree **model, vn_array *x, vn_array *y)
{
    vn_tree *adamw = vn_adamw(vn_float(3e-4), NULL);
    vn_tree *state = vn_retain(vn_optim_init(adamw, *model));
    vn_tree *fast = vn_filter_jit(vn_partial(vn_function(step, 5), adamw), NULL);
    vn_array *order = vn_permutation(vn_key(1), vn_dim(x, 0));
    for (int i = 0; i < STEPS && vn_ok(); i++)
        VN_SCOPE
        {
            vn_array *rows = vn_slice(order, 0, i * BATCH, (i + 1) * BATCH, 1);
            vn_tree *out =
                vn_call(fast, vn_take(x, rows, 0), vn_take(y, rows, 0), *model, state);
            vn_assign(model, vn_at(out, 0));
            vn_assign(&state, vn_at(out, 1));
        }
    vn_release(state);
}

/* The model of the notebook's seed in that layout of threefry; *key: for the first layers. */
static vn_tree *model_of(bool layout)
{
    vn_set_threefry_partitionable(layout);
    vn_tree *model = cnn(vn_subkey(vn_split(vn_key(5678), 2), 1));
    vn_set_threefry_partitionable(true);
    return model;
}

void check_mnist(void)
{
    const double loss_at_first[] = { 2.307942, 2.315319 }, right[] = { .1010, .1009 };
    vn_array *x = load("train-images-idx3"), *y = load("train-labels-idx1");
    vn_array *x_test = load("t10k-images-idx3"), *y_test = load("t10k-labels-idx1");
    if (!vn_ok()) {
        row_skipped(vn_error_message());
        vn_error_clear();
        return;
    }
    vn_tree *score = vn_filter_jit(vn_function(scores, 3), NULL);
    for (int layout = 0; layout < 2; layout++) {
        vn_tree *model = vn_retain(model_of(layout));
        vn_tree *first = vn_call(score, model, x_test, y_test);
        const double l = vn_item(vn_at(first, 0)), a = vn_item(vn_at(first, 1));
        printf("mnist: loss %.6f, accuracy %.4f\n", l, a);
        expect_that(fabs(l - loss_at_first[layout]) <= 1e-4, "mnist: the first loss");
        expect_that(fabs(a - right[layout]) <= 1e-4 + 1e-6, "mnist: the first accuracy");
        train(&model, x, y);
        vn_tree *last = vn_call(score, model, x_test, y_test);
        const double end = vn_item(vn_at(last, 0)), end_right = vn_item(vn_at(last, 1));
        printf("mnist: after %d steps loss %.4f, accuracy %.4f\n", STEPS, end, end_right);
        expect_that(end >= .35 && end <= .42, "mnist: the loss after 300 steps");
        expect_that(end_right >= .885, "mnist: the accuracy after 300 steps");
        vn_release(model);
    }
}
