/* SPDX-License-Identifier: MIT */
/* Row 44: train_rnn, a GRU that tells how spirals turn. */
#include "conformance/programs.h"

#define PI 3.141592653589793

enum { DATA = 10000, BATCH = 32, STEPS = 200, HIDDEN = 16 };

static vn_tree *one_point(vn_tree *const arg[]) /* cell, h, x_t -> (h, none) */
{
    return vn_tuple(vn_call(arg[0], arg[2], arg[1]), vn_none());
}

static vn_tree *predict(vn_tree *const arg[]) /* (cell, linear, bias), x [16, 2] -> [1] */
{
    vn_tree *f = vn_partial(vn_function(one_point, 3), vn_at(arg[0], 0));
    vn_tree *h = vn_at(vn_scan(f, vn_zeros(VN_F32, VN_SHAPE(HIDDEN)), arg[1], 0), 0);
    return vn_sigmoid(vn_add(vn_call(vn_at(arg[0], 1), h), vn_at(arg[0], 2)));
}

static vn_array *predictions(vn_tree *model, vn_array *x)
{
    return vn_vmap_call(vn_partial(vn_function(predict, 2), model), x);
}

static vn_tree *loss(vn_tree *const arg[]) /* model, x, y: binary cross-entropy */
{
    vn_array *p = predictions(arg[0], arg[1]), *one = vn_float(1);
    return vn_neg(vn_mean(vn_add(vn_mul(arg[2], vn_log(p)),
                                 vn_mul(vn_sub(one, arg[2]), vn_log(vn_sub(one, p))))));
}

static vn_tree *step(vn_tree *const arg[]) /* adam, model, state, x, y */
{
    vn_tree *grad = vn_filter_value_and_grad(vn_function(loss, 3), NULL);
    vn_tree *both = vn_call(grad, arg[1], arg[3], arg[4]);
    vn_tree *update = vn_optim_update(arg[0], vn_at(both, 1), arg[2], arg[1]);
    return vn_tuple(vn_apply_updates(arg[1], vn_at(update, 0)), vn_at(update, 1),
                    vn_at(both, 0));
}

static vn_tree *spirals(vn_array *key)
{
    vn_array *t = vn_linspace(VN_F32, 0, 2 * PI, 16), *shrink = vn_add(t, vn_float(1));
    vn_array *phase = vn_add(t, vn_uniform(key, VN_SHAPE(DATA, 1), VN_F32, 0, 2 * PI));
    vn_array *sense = vn_cast(vn_ge(vn_arange(VN_F32, DATA), vn_float(DATA / 2)), VN_F32);
    vn_array *y = vn_reshape(sense, VN_SHAPE(DATA, 1));
    vn_array *sign = vn_sub(vn_scale(2, y), vn_float(1));
    vn_array *x1 = vn_mul(sign, vn_div(vn_sin(phase), shrink));
    return vn_tuple(vn_stack(2, x1, vn_div(vn_cos(phase), shrink)), y);
}

static vn_tree *new_model(vn_array *key)
{
    vn_array *k = vn_split(key, 2);
    const vn_linear_options no_bias = { .no_bias = true };
    return vn_tuple(vn_gru_cell(2, HIDDEN, vn_subkey(k, 0), NULL),
                    vn_linear(HIDDEN, 1, vn_subkey(k, 1), &no_bias),
                    vn_zeros(VN_F32, VN_SHAPE(1)));
}

/* The mean loss of the last 20 steps. */
static double train(vn_tree **model, vn_array *x, vn_array *y)
{
    vn_tree *adam = vn_adam(vn_float(3e-3), NULL);
    vn_tree *state = vn_retain(vn_optim_init(adam, *model));
    vn_tree *fast = vn_filter_jit(vn_partial(vn_function(step, 5), adam), NULL);
    vn_array *order = vn_permutation(vn_key(1), DATA);
    double sum = 0;
    for (int i = 0; i < STEPS && vn_ok(); i++)
        VN_SCOPE
        {
            vn_array *rows = vn_slice(order, 0, i * BATCH, (i + 1) * BATCH, 1);
            vn_tree *out =
                vn_call(fast, *model, state, vn_take(x, rows, 0), vn_take(y, rows, 0));
            vn_assign(model, vn_at(out, 0));
            vn_assign(&state, vn_at(out, 1));
            sum += i >= STEPS - 20 ? vn_item(vn_at(out, 2)) / 20 : 0;
        }
    vn_release(state);
    return sum;
}

void check_train_rnn(void)
{
    const double before[] = { 0.695508, 0.695875 }; /* of JAX, original and partitionable */
    for (int layout = 0; layout < 2; layout++) {
        vn_set_threefry_partitionable(layout);
        vn_array *keys = vn_split(vn_key(5678), 2);
        vn_tree *data = spirals(vn_subkey(keys, 0));
        vn_tree *model = vn_retain(new_model(vn_subkey(keys, 1)));
        vn_array *x = vn_at(data, 0), *y = vn_at(data, 1);
        const double first = vn_item(vn_call(vn_function(loss, 3), model, x, y));
        expect_that(near(first, before[layout], 1e-6), "train_rnn: the first loss");
        const double last = train(&model, x, y);
        vn_array *right = vn_eq(vn_round(predictions(model, x)), y);
        expect_that(vn_item(vn_mean(vn_cast(right, VN_F32))) == 1, "train_rnn: accuracy 1");
        if (layout == 0)
            expect_that(last < 0.01, "train_rnn: the last loss");
        printf("train_rnn: loss %.6f, then %.6f\n", first, last);
        vn_release(model);
    }
    vn_set_threefry_partitionable(true);
}
