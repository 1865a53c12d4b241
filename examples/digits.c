/* SPDX-License-Identifier: MIT */
/* Handwritten digits: a CNN and an MLP, from the file to the saved model. A model sees ONE
 * image, vmap gives it the batch, and the compiled step takes tiles of images through forward
 * and backward on every core. Every fifth image is held out. */
#include <stdio.h>
#include <string.h>

#include "support/curve.h"
#include "support/digits.h"
#include "support/option.h"
#include "support/report.h"

enum { BATCH = 192, EPOCHS = 60, BATCHES = 1437 / BATCH, STEPS = EPOCHS * BATCHES };

static vn_tree *cnn(vn_array *key) /* [1, 8, 8] -> logits [10] */
{
    const vn_conv_nd_options same = { .padding = VN_SHAPE(1) };
    const vn_pool_options halve = { .stride = VN_SHAPE(2) };
    vn_tree *relu = vn_unary(vn_relu);
    vn_array *k = vn_split(key, 4);
    return vn_sequential(
        vn_conv2d(1, 16, VN_SHAPE(3), vn_subkey(k, 0), &same), relu,
        vn_max_pool2d(VN_SHAPE(2), &halve),
        vn_conv2d(16, 32, VN_SHAPE(3), vn_subkey(k, 1), &same), relu,
        vn_max_pool2d(VN_SHAPE(2), &halve), vn_unary(vn_ravel),
        vn_linear(128, 64, vn_subkey(k, 2), NULL), relu,
        vn_linear(64, 10, vn_subkey(k, 3), NULL));
}

static vn_tree *mlp(vn_array *key)
{
    return vn_sequential(vn_unary(vn_ravel), vn_mlp(64, 10, 128, 2, key, NULL));
}

static vn_tree *cross_entropy(vn_tree *const arg[]) /* model, x [1, 8, 8], y [] -> f32[] */
{
    vn_array *p = vn_log_softmax(vn_call(arg[0], arg[1]), 0);
    return vn_neg(vn_dynamic_index(p, arg[2], 0));
}

static vn_tree *loss(vn_tree *const arg[]) /* model, x [n, 1, 8, 8], y [n] -> f32[] */
{
    vn_tree *one = vn_partial(vn_function(cross_entropy, 3), arg[0]);
    return vn_mean(vn_call(vn_filter_vmap(one, NULL), arg[1], arg[2]));
}

static vn_tree *step(vn_tree *const arg[]) /* adam, x, y, model, state -> model, state, loss */
{
    vn_tree *grad = vn_filter_value_and_grad(vn_function(loss, 3), NULL);
    vn_tree *both = vn_call(grad, arg[3], arg[1], arg[2]);
    vn_tree *update = vn_optim_update(arg[0], vn_at(both, 1), arg[4], arg[3]);
    vn_tree *model = vn_apply_updates(arg[3], vn_at(update, 0));
    return vn_tuple(model, vn_at(update, 1), vn_at(both, 0));
}

/* Trains *model; the first step, which also compiles, does not count in the speed. */
static void train(vn_tree **model, report *r, double losses[STEPS], const digits *d)
{
    vn_tree *adam = vn_adam(vn_cosine_decay_schedule(4e-3, STEPS, NULL), NULL);
    vn_tree *state = vn_retain(vn_optim_init(adam, *model)), *order = NULL;
    vn_tree *bound = vn_partial(vn_function(step, 5), adam), *fast = vn_filter_jit(bound, NULL);
    vn_tree *test = vn_filter_jit(vn_function(digits_accuracy, 3), NULL);
    for (int i = 0; i < STEPS && vn_ok(); i++)
        VN_SCOPE {
            const int b = i % BATCHES;
            if (b == 0)
                vn_assign(&order, vn_permutation(vn_key(i), vn_dim(d->x, 0)));
            vn_array *rows = vn_slice(order, 0, b * BATCH, (b + 1) * BATCH, 1);
            vn_tree *in[] = { vn_take(d->x, rows, 0), vn_take(d->y, rows, 0), *model, state };
            r->flops = i > 0 ? r->flops : (STEPS - 1) * flops_of(bound, 4, in);
            const double start = seconds_now();
            vn_tree *out = vn_call_n(fast, 4, in);
            r->seconds += i > 0 ? seconds_now() - start : 0;
            losses[i] = vn_item(vn_at(out, 2));
            vn_assign(model, vn_at(out, 0));
            vn_assign(&state, vn_at(out, 1));
            if (b < BATCHES - 1)
                continue;
            r->accuracy = vn_item(vn_call(test, *model, d->x_test, d->y_test));
            printf("\r%s  epoch %2d  loss %.5f  held out %.1f %%", r->name, i / BATCHES + 1,
                   losses[i], r->accuracy), fflush(stdout);
        }
    r->examples = (STEPS - 1) * BATCH;
    puts("");
    vn_release(state), vn_release(order);
}

int main(int argc, char **argv)
{
    if (!options_are(argc, argv, "--out"))
        return puts("digits [--out DIR]: a CNN and an MLP"), strcmp(argv[1], "--help") != 0;
    const char *dir = option(argc, argv, "--out", ".");
    vn_tree *(*const build[])(vn_array *key) = { cnn, mlp };
    report r[] = { { .name = "CNN" }, { .name = "MLP" } };
    static double losses[2][STEPS];
    char path[4096];
    digits d = { 0 };
    bool good = digits_load(&d, "data/digits.csv.gz");
    for (int k = 0; k < 2 && vn_ok(); k++)
        VN_SCOPE {
            vn_tree *model = vn_retain(build[k](vn_key(1)));
            train(&model, &r[k], losses[k], &d);
            snprintf(path, sizeof path, "%s/digits-%s.eqx", dir, r[k].name);
            vn_tree_serialise_leaves(path, model);
            vn_tree *loaded = vn_tree_deserialise_leaves(path, build[k](vn_key(2)));
            vn_array *y = vn_vmap_call(model, d.x_test), *z = vn_vmap_call(loaded, d.x_test);
            good &= vn_tree_equal(y, z, NULL);
            vn_release(model);
        }
    reports_print(2, r);
    snprintf(path, sizeof path, "%s/digits.svg", dir);
    good &= curves_write_svg(path, "Loss on 1,437 handwritten digits", 2, (curve[]){
        { r[0].name, STEPS, losses[0] }, { r[1].name, STEPS, losses[1] } }) == 0;
    printf("%s; the saved models predict %s\n", path, good ? "the same" : "SOMETHING ELSE");
    if (!vn_ok())
        fprintf(stderr, "%s\n", vn_error_message());
    return vn_ok() && good && r[0].accuracy >= 97 ? 0 : 1;
}
