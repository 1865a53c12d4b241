/* SPDX-License-Identifier: MIT */
/* DP-SGD: differentially private training (Abadi et al., 2016).
 *
 * Every example's gradient is clipped by itself before the sum, and noise covers what one
 * example can still change: g = (sum_i g_i min(1, C / |g_i|) + C s N(0, 1)) / n. A gradient per
 * example is vmap(grad), nothing special; the step is compiled like any other. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/digits.h"

enum { BATCH = 256, EPOCHS = 30, BATCHES = 1437 / BATCH };
#define CLIP  1.0 /* C */
#define NOISE 0.6 /* s */
#define RATE  0.5

static vn_tree *cross_entropy(vn_tree *const arg[]) /* model, x [1, 8, 8], y [] -> f32[] */
{
    vn_array *p = vn_log_softmax(vn_call(arg[0], arg[1]), 0);
    return vn_neg(vn_dynamic_index(p, arg[2], 0));
}

static vn_tree *loss(vn_tree *const arg[]) /* model, x [n, ..], y [n] -> f32[] */
{
    vn_tree *one = vn_partial(vn_function(cross_entropy, 3), arg[0]);
    return vn_mean(vn_call(vn_filter_vmap(one, NULL), arg[1], arg[2]));
}

static vn_tree *times(vn_tree *const arg[]) { return vn_mul(arg[0], arg[1]); }

static vn_tree *clipped_grad(vn_tree *const arg[]) /* clip, model, x, y -> gradient */
{
    vn_tree *grad = vn_filter_grad(vn_function(cross_entropy, 3), NULL);
    vn_tree *g = vn_call(grad, arg[1], arg[2], arg[3]);
    vn_array *norm = vn_sqrt(vn_tree_square_norm(g));
    vn_array *factor = vn_minimum(vn_div(arg[0], norm), vn_float(1));
    return vn_tree_map(vn_partial(vn_function(times, 2), factor), g);
}

static vn_tree *mean_0(vn_tree *const arg[]) { return vn_mean_over(arg[0], VN_AXES(0), false); }

static vn_tree *mean_clipped(vn_tree *const arg[]) /* clip, model, x [n, ..], y [n] */
{
    vn_tree *one = vn_partial(vn_function(clipped_grad, 4), arg[0], arg[1]);
    vn_tree *each = vn_call(vn_filter_vmap(one, NULL), arg[2], arg[3]);
    return vn_tree_map(vn_function(mean_0, 1), each);
}

/* N(0, 1) in the shape of the tree, a key for each leaf. */
static vn_tree *noise_like(vn_tree *tree, vn_array *key)
{
    const int n = vn_tree_count(tree);
    vn_tree *leaves = vn_tree_leaves(tree), *noise[64];
    vn_array *keys = vn_split(key, n);
    for (int i = 0; i < n && i < 64; i++)
        noise[i] = vn_normal(vn_subkey(keys, i), vn_shape_of(vn_at(leaves, i)), VN_F32);
    return vn_tree_unflatten(tree, n, noise);
}

static vn_tree *step(vn_tree *const arg[]) /* key, x, y, model -> model */
{
    vn_array *clip = vn_scalar(VN_F32, CLIP);
    vn_tree *const in[] = { clip, arg[3], arg[1], arg[2] };
    vn_tree *g = mean_clipped(in);
    vn_tree *noise = vn_tree_scale(CLIP * NOISE / BATCH, noise_like(g, arg[0]));
    return vn_apply_updates(arg[3], vn_tree_scale(-RATE, vn_tree_add(g, noise)));
}

/* Without clipping it is the ordinary gradient; with it no example has a longer one than C. */
static bool check(vn_tree *model, const digits *d)
{
    vn_array *x = vn_slice(d->x, 0, 0, BATCH, 1), *y = vn_slice(d->y, 0, 0, BATCH, 1);
    vn_tree *plain = vn_call(vn_filter_jit(vn_filter_grad(vn_function(loss, 3), NULL), NULL),
                             model, x, y);
    vn_tree *clipped = vn_filter_jit(vn_function(mean_clipped, 4), NULL);
    vn_tree *same = vn_call(clipped, vn_scalar(VN_F32, 1e30), model, x, y);
    vn_tree *tiny = vn_call(clipped, vn_scalar(VN_F32, 1e-3), model, x, y);
    const double norm = sqrt(vn_item(vn_tree_square_norm(tiny)));
    const vn_tree_equal_options near = { .rtol = 1e-4, .atol = 1e-6 };
    const bool equal = vn_tree_equal(same, plain, &near);
    printf("without clipping %s the gradient of the mean\n", equal ? "it is" : "it is NOT");
    printf("C = 1e-3: the norm of the mean is %.2e\n", norm);
    return equal && norm > 0 && norm <= 1e-3;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return puts("dpsgd: per-example gradients, clipped"), strcmp(argv[1], "--help") != 0;
    digits d;
    if (!digits_load(&d, "data/digits.csv.gz"))
        return fprintf(stderr, "%s\n", vn_error_message()), 1;
    vn_tree *model = vn_retain(
        vn_sequential(vn_unary(vn_ravel), vn_mlp(64, 10, 64, 1, vn_key(0), NULL)));
    const bool good = check(model, &d);
    vn_tree *fast = vn_filter_jit(vn_function(step, 4), NULL), *order = NULL;
    vn_array *keys = vn_split(vn_key(1), EPOCHS * BATCHES);
    for (int i = 0; i < EPOCHS * BATCHES && vn_ok(); i++)
        VN_SCOPE {
            const int b = i % BATCHES;
            vn_array *key = vn_subkey(keys, i);
            if (b == 0)
                vn_assign(&order, vn_permutation(vn_fold_in(key, vn_int(1)), vn_dim(d.x, 0)));
            vn_array *rows = vn_slice(order, 0, b * BATCH, (b + 1) * BATCH, 1);
            vn_array *x = vn_take(d.x, rows, 0), *y = vn_take(d.y, rows, 0);
            vn_assign(&model, vn_call(fast, key, x, y, model));
        }
    vn_tree *test = vn_filter_jit(vn_function(digits_accuracy, 3), NULL);
    const double right = vn_item(vn_call(test, model, d.x_test, d.y_test));
    printf("C = %g, s = %g: %.1f %% of the held-out digits\n", CLIP, NOISE, right);
    vn_release(model), vn_release(order);
    if (!vn_ok())
        fprintf(stderr, "%s\n", vn_error_message());
    return vn_ok() && good && right > 85 ? 0 : 1;
}
