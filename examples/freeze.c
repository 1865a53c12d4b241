/* SPDX-License-Identifier: MIT */
/* Freezing parameters: only the last layer of an MLP is trained (Equinox: frozen_layer).
 *
 * A filter specification is a tree shaped like the model, of true and false. vn_partition_spec
 * cuts the model in two by it, the gradient is taken in the first half, vn_combine puts the two
 * together again. No gradient of the frozen layer is ever computed. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <vernal.h>

#define DATA  10000
#define BATCH 256
#define STEPS 1000

static const char help[] = "freeze: fits y = 5x - 2 with the last layer of an MLP alone";

static vn_tree *loss(vn_tree *const arg[]) /* trained, frozen, x [n, 1], y [n, 1] -> f32[] */
{
    vn_tree *model = vn_combine(arg[0], arg[1]);
    return vn_mean(vn_square(vn_sub(arg[3], vn_vmap_call(model, arg[2]))));
}

static vn_tree *step(vn_tree *const arg[]) /* optimiser, spec, model, state, x, y */
{
    vn_tree *trained, *frozen;
    vn_partition_spec(&trained, &frozen, arg[2], arg[1]);
    vn_tree *grad = vn_filter_grad(vn_function(loss, 4), NULL);
    vn_tree *grads = vn_call(grad, trained, frozen, arg[4], arg[5]);
    vn_tree *update = vn_optim_update(arg[0], grads, arg[3], trained);
    return vn_tuple(vn_apply_updates(arg[2], vn_at(update, 0)), vn_at(update, 1));
}

static vn_tree *no(vn_tree *const arg[]) { return (void)arg, vn_bool(false); }

/* False everywhere but at the last layer. */
static vn_tree *last_layer_only(vn_tree *model)
{
    const char *const paths[] = { "layers[-1].weight", "layers[-1].bias" };
    return vn_tree_at_n(vn_tree_map(vn_function(no, 1), model), 2, paths,
                        VN_TREES(vn_bool(true), vn_bool(true)));
}

/* The loader's key, order and position; a new order when the next batch would not fit. */
static vn_array *next_batch(vn_tree **key, vn_tree **order, int *start)
{
    if (*start + BATCH >= DATA) {
        vn_assign(key, vn_subkey(vn_split(*key, 1), 0));
        vn_assign(order, vn_permutation(*key, DATA));
        *start = 0;
    }
    *start += BATCH;
    return vn_slice(*order, 0, *start - BATCH, *start, 1);
}

static double full_loss(vn_tree *model, vn_tree *spec, vn_array *x, vn_array *y)
{
    vn_tree *trained, *frozen;
    vn_partition_spec(&trained, &frozen, model, spec);
    return vn_item(vn_call(vn_function(loss, 4), trained, frozen, x, y));
}

static bool check(const char *what, double value, double expected)
{
    printf("%-34s %10.6f   Equinox: %10.6f\n", what, value, expected);
    return fabs(value - expected) <= 1e-3 * fabs(expected);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        puts(help);
        return strcmp(argv[1], "--help") != 0;
    }
    vn_array *keys = vn_split(vn_key(5678), 3);
    vn_array *x = vn_normal(vn_subkey(keys, 0), VN_SHAPE(DATA, 1), VN_F32);
    vn_array *y = vn_sub(vn_scale(5, x), vn_float(2));
    vn_tree *key = vn_retain(vn_subkey(keys, 1)), *order = vn_retain(vn_permutation(key, DATA));

    vn_tree *first = vn_mlp(1, 1, 8, 1, vn_subkey(keys, 2), NULL), *model = vn_retain(first);
    vn_tree *spec = last_layer_only(model), *trained, *frozen;
    vn_partition_spec(&trained, &frozen, model, spec);
    vn_tree_pprint(stdout, trained);
    vn_tree *sgd = vn_sgd(vn_float(3e-3), NULL);
    vn_tree *state = vn_retain(vn_optim_init(sgd, trained));
    vn_tree *fast = vn_filter_jit(vn_partial(vn_function(step, 6), sgd, spec), NULL);
    bool good = check("loss before", full_loss(model, spec, x, y), 31.141247);
    int start = 0;
    for (int i = 0; i < STEPS && vn_ok(); i++)
        VN_SCOPE {
            vn_array *rows = next_batch(&key, &order, &start);
            vn_array *x_now = vn_take(x, rows, 0), *y_now = vn_take(y, rows, 0);
            vn_tree *out = vn_call(fast, model, state, x_now, y_now);
            vn_assign(&model, vn_at(out, 0));
            vn_assign(&state, vn_at(out, 1));
        }
    good &= check("loss after 1000 steps", full_loss(model, spec, x, y), 0.788939);
    good &= check("last bias", vn_item(vn_get(model, "layers[-1].bias")), 1.271716);
    vn_tree *layer = vn_get(model, "layers[0]");
    const bool same = vn_tree_equal(layer, vn_get(first, "layers[0]"), NULL);
    printf("the first layer %s\n", same ? "has not changed" : "HAS CHANGED");
    vn_release(model), vn_release(state), vn_release(key), vn_release(order);

    if (!vn_ok())
        fprintf(stderr, "%s\n", vn_error_message());
    return vn_ok() && good && same ? 0 : 1;
}
