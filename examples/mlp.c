/* SPDX-License-Identifier: MIT */
/* The front page of Equinox: a 2-8-8-2 network and gradient descent.
 *
 * A model is a tree, a layer acts on ONE example, vn_vmap_call maps it over a batch. The whole
 * step (loss, gradient, update) is one function of trees, recorded once and compiled. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <vernal.h>

#define CALLS 10000

static const char help[] = "mlp: trains a 2-8-8-2 network and times the compiled step";

static vn_tree *loss(vn_tree *const arg[]) /* model, x [n, 2], y [n, 2] -> f32[] */
{
    vn_array *y = vn_vmap_call(arg[0], arg[1]); /* the model itself sees one example */
    return vn_mean(vn_square(vn_sub(y, arg[2])));
}

static vn_tree *step(vn_tree *const arg[]) /* (x, y), model -> (model, loss) */
{
    vn_tree *grad = vn_filter_value_and_grad(vn_function(loss, 3), NULL);
    vn_tree *both = vn_call(grad, arg[1], vn_at(arg[0], 0), vn_at(arg[0], 1));
    vn_tree *updates = vn_tree_scale(-0.1, vn_at(both, 1));
    return vn_tuple(vn_apply_updates(arg[1], updates), vn_at(both, 0));
}

/* y = (sin(x0) x1, cos(x0 + x1)) */
static vn_tree *data(vn_array *key)
{
    vn_array *x = vn_normal(key, VN_SHAPE(100, 2), VN_F32);
    vn_array *a = vn_index(x, 1, 0), *b = vn_index(x, 1, 1);
    return vn_tuple(x, vn_stack(1, vn_mul(vn_sin(a), b), vn_cos(vn_add(a, b))));
}

static double now(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        puts(help);
        return strcmp(argv[1], "--help") != 0;
    }
    vn_array *keys = vn_split(vn_key(5678), 2);
    vn_tree *batch = data(vn_subkey(keys, 0));
    vn_tree *model = vn_retain(vn_mlp(2, 2, 8, 2, vn_subkey(keys, 1), NULL));
    vn_tree_pprint(stdout, model);

    /* Donated buffers: the updated weights take the place of the old ones. The data stay. */
    const vn_jit_options in_place = { .donate = VN_DONATE_ALL_EXCEPT_FIRST };
    vn_tree *fast = vn_filter_jit(vn_function(step, 2), &in_place);
    double first = 0, last = 0, start = 0;
    for (int i = 0; i <= CALLS && vn_ok(); i++)
        VN_SCOPE {
            vn_tree *out = vn_call(fast, batch, model);
            vn_assign(&model, vn_at(out, 0));
            last = vn_item(vn_at(out, 1));
            if (i == 0) /* this call has also recorded and compiled the step */
                first = last, start = now();
            if (i == 0 || i == 100 || i == 1000 || i == CALLS)
                printf("step %5d  loss %.6f\n", i, last);
        }
    const double each = (now() - start) / CALLS;
    printf("%.2f us a call of the step, recorded %d time\n", 1e6 * each, vn_jit_traces(fast));
    vn_release(model);

    if (!vn_ok())
        fprintf(stderr, "%s\n", vn_error_message());
    return vn_ok() && last < 0.1 * first ? 0 : 1;
}
