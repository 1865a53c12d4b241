/* SPDX-License-Identifier: MIT */
/* An ensemble: vmap over models.
 *
 * vmap of a constructor over keys makes a model whose arrays have a leading axis, one entry a
 * member; vmap of the step over that axis trains them all at once on the same data. Where the
 * members have seen data they agree, elsewhere they do not: the ensemble's error bar. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <vernal.h>

enum { MEMBERS = 8, POINTS = 64, STEPS = 1000 };

static vn_tree *make(vn_tree *const arg[]) /* key -> model */
{
    return vn_mlp(1, 1, 32, 2, arg[0], &(vn_mlp_options){ .activation = vn_unary(vn_tanh) });
}

static vn_tree *loss(vn_tree *const arg[]) /* model, x [n, 1], y [n, 1] -> f32[] */
{
    return vn_mean(vn_square(vn_sub(vn_vmap_call(arg[0], arg[1]), arg[2])));
}

static vn_tree *init(vn_tree *const arg[]) { return vn_optim_init(arg[0], arg[1]); }

static vn_tree *step(vn_tree *const arg[]) /* adam, x, y, model, state -> model, state, loss */
{
    vn_tree *grad = vn_filter_value_and_grad(vn_function(loss, 3), NULL);
    vn_tree *both = vn_call(grad, arg[3], arg[1], arg[2]);
    vn_tree *update = vn_optim_update(arg[0], vn_at(both, 1), arg[4], arg[3]);
    vn_tree *model = vn_apply_updates(arg[3], vn_at(update, 0));
    return vn_tuple(model, vn_at(update, 1), vn_at(both, 0));
}

static vn_tree *predict(vn_tree *const arg[]) /* model, x [n, 1] -> y [n] */
{
    return vn_ravel(vn_vmap_call(arg[0], arg[1]));
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return puts("ensemble: eight networks at once"), strcmp(argv[1], "--help") != 0;
    vn_array *x = vn_reshape(vn_linspace(VN_F32, -2, 2, POINTS), VN_SHAPE(POINTS, 1));
    vn_array *y = vn_sin(vn_scale(2, x));

    /* By default vmap maps axis 0 of every argument; what vn_partial binds, all share. */
    vn_tree *constructor = vn_filter_vmap(vn_function(make, 1), NULL);
    vn_tree *models = vn_retain(vn_call(constructor, vn_split(vn_key(0), MEMBERS)));
    vn_tree_pprint(stdout, models);
    vn_tree *adam = vn_adam(vn_cosine_decay_schedule(3e-3, STEPS, NULL), NULL);
    vn_tree *states = vn_filter_vmap(vn_partial(vn_function(init, 2), adam), NULL);
    states = vn_retain(vn_call(states, models));
    vn_tree *each = vn_filter_vmap(vn_partial(vn_function(step, 5), adam, x, y), NULL);
    vn_tree *fast = vn_filter_jit(each, NULL);
    double worst = 0;
    for (int i = 0; i < STEPS && vn_ok(); i++)
        VN_SCOPE {
            vn_tree *out = vn_call(fast, models, states);
            vn_assign(&models, vn_at(out, 0));
            vn_assign(&states, vn_at(out, 1));
            vn_array *losses = vn_at(out, 2);
            worst = vn_item(vn_max(losses));
            if (i % 200 == 0 || i == STEPS - 1)
                printf("step %4d  losses %.5f to %.5f\n", i, vn_item(vn_min(losses)), worst);
        }

    /* Or say it argument by argument: the models along axis 0, the points not at all. */
    vn_tree *const in_axes[] = { vn_int(0), vn_none() };
    const vn_vmap_options axes = { .in_axes = in_axes, .n_in = 2 };
    vn_array *far = vn_reshape(vn_linspace(VN_F32, 0, 6, 7), VN_SHAPE(7, 1));
    vn_array *all = vn_call(vn_filter_vmap(vn_function(predict, 2), &axes), models, far);
    vn_array *mean = vn_mean_over(all, VN_AXES(0), false);
    vn_array *spread = vn_std_over(all, VN_AXES(0), 0, false);
    for (int i = 0; i < 7; i++)
        printf("x = %d  %8.4f +- %.4f%s\n", i, vn_item(vn_index(mean, 0, i)),
               vn_item(vn_index(spread, 0, i)), i > 2 ? "  (no data there)" : "");
    const double near = vn_item(vn_index(spread, 0, 1)), away = vn_item(vn_index(spread, 0, 5));
    vn_release(models), vn_release(states);

    if (!vn_ok())
        fprintf(stderr, "%s\n", vn_error_message());
    return vn_ok() && worst < 1e-2 && away > 5 * near ? 0 : 1;
}
