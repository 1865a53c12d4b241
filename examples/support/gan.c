/* SPDX-License-Identifier: MIT */
/* Models, states and optimisers are one tree, which the compiled step takes and returns. */
#include "gan.h"

#include <string.h>

static vn_tree *on_batch(vn_tree *model, vn_array *x, vn_tree *state) /* -> (y, state) */
{
    vn_tree *const axes[] = { vn_int(0), vn_none() };
    const vn_vmap_options options = { .in_axes = axes, .n_in = 2, .axis_name = "batch",
                                      .out_axes = vn_tuple_n(2, axes) };
    return vn_call(vn_filter_vmap(model, &options), x, state);
}

static vn_array *judged(vn_array *logit, double sign) /* mean softplus(sign logit) */
{
    return vn_mean(vn_softplus(vn_scale(sign, logit)));
}

static vn_tree *loss_d(vn_tree *const arg[]) /* d, state, real, false -> (loss, state) */
{
    vn_tree *real = on_batch(arg[0], arg[2], arg[1]);
    vn_tree *made = on_batch(arg[0], arg[3], vn_at(real, 1));
    vn_array *loss = vn_add(judged(vn_at(real, 0), -1), judged(vn_at(made, 0), 1));
    return vn_tuple(loss, vn_at(made, 1));
}

static vn_tree *loss_g(vn_tree *const arg[]) /* g, state, z, d, its state -> (loss, state) */
{
    vn_tree *made = on_batch(arg[0], arg[2], arg[1]);
    vn_tree *opinion = on_batch(arg[3], vn_at(made, 0), arg[4]);
    return vn_tuple(judged(vn_at(opinion, 0), -1), vn_at(made, 1));
}

/* One player (model, state, adam's state) after a step of adam, and the loss before. */
static vn_tree *improve(vn_tree *player, vn_tree *adam, vn_tree *loss, vn_array *x, int n,
                        vn_tree *const other[])
{
    const vn_grad_options with_state = { .has_aux = true };
    vn_tree *in[5] = { vn_at(player, 0), vn_at(player, 1), x };
    memcpy(in + 3, other, (size_t)n * sizeof *in);
    vn_tree *out = vn_call_n(vn_filter_value_and_grad(loss, &with_state), 3 + n, in);
    vn_tree *update = vn_optim_update(adam, vn_at(out, 1), vn_at(player, 2), in[0]);
    vn_tree *model = vn_apply_updates(in[0], vn_at(update, 0));
    return vn_tuple(vn_tuple(model, vn_get(out, "[0][1]"), vn_at(update, 1)),
                    vn_get(out, "[0][0]"));
}

static vn_tree *step(vn_tree *const arg[]) /* adam, (g, d), x, z -> ((g, d), losses) */
{
    vn_tree *g = vn_at(arg[1], 0), *d = vn_at(arg[1], 1);
    vn_array *made = vn_at(on_batch(vn_at(g, 0), arg[3], vn_at(g, 1)), 0);
    vn_tree *better_d = improve(d, arg[0], vn_function(loss_d, 4), arg[2], 1, &made);
    d = vn_at(better_d, 0);
    vn_tree *better_g = improve(g, arg[0], vn_function(loss_g, 5), arg[3], 2,
                                VN_TREES(vn_at(d, 0), vn_at(d, 1)));
    return vn_tuple(vn_tuple(vn_at(better_g, 0), d), vn_at(better_g, 1), vn_at(better_d, 1));
}

static vn_tree *player(vn_tree *model, vn_tree *adam)
{
    vn_tree *both = vn_make_with_state(model);
    return vn_tuple(vn_at(both, 0), vn_at(both, 1), vn_optim_init(adam, vn_at(both, 0)));
}

gan gan_create(vn_tree *generator, vn_tree *discriminator, vn_tree *adam)
{
    vn_tree *players = vn_tuple(player(generator, adam), player(discriminator, adam));
    vn_tree *bound = vn_partial(vn_function(step, 4), adam);
    return (gan){ .players = vn_retain(players),
                  .step = vn_retain(vn_filter_jit(bound, NULL)) };
}

void gan_destroy(gan *t)
{
    vn_release(t->players), vn_release(t->step);
    *t = (gan){ 0 };
}

void gan_step(gan *t, vn_array *x, vn_array *z)
{
    VN_SCOPE {
        vn_tree *out = vn_call(t->step, t->players, x, z);
        vn_assign(&t->players, vn_at(out, 0));
        t->loss_g = vn_item(vn_at(out, 1));
        t->loss_d = vn_item(vn_at(out, 2));
    }
}

vn_array *gan_draw(const gan *t, vn_array *z)
{
    vn_tree *g = vn_inference_mode(vn_get(t->players, "[0][0]"), true);
    return vn_at(on_batch(g, z, vn_get(t->players, "[0][1]")), 0);
}
