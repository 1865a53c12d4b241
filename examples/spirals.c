/* SPDX-License-Identifier: MIT */
/* A recurrent network tells clockwise spirals from anticlockwise ones (Equinox: train_rnn).
 *
 * The model is a module type of our own: a C struct of subtrees and a table of its fields. Its
 * call runs a GRU over ONE sequence with vn_scan; vmap and gradient come for free. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <vernal.h>

#define DATA   10000
#define BATCH  32
#define STEPS  200
#define HIDDEN 16
#define PI     3.141592653589793

/* ------------------------------------------------------------------------- the model */

typedef struct rnn {
    vn_module base;
    vn_tree *cell, *linear, *bias;
    int64_t hidden_size;
} rnn;

static vn_tree *one_point(vn_tree *const arg[]) /* cell, h, x_t -> (h, no output) */
{
    return vn_tuple(vn_call(arg[0], arg[2], arg[1]), vn_none());
}

static vn_tree *rnn_call(vn_tree *self, int n, vn_tree *const arg[]) /* x [time, 2] -> p [1] */
{
    const rnn *m = (const rnn *)self;
    (void)n;
    vn_tree *over = vn_partial(vn_function(one_point, 3), m->cell);
    vn_tree *h = vn_at(vn_scan(over, vn_zeros(VN_F32, VN_SHAPE(m->hidden_size)), arg[0], 0), 0);
    return vn_sigmoid(vn_add(vn_call(m->linear, h), m->bias));
}

static const vn_field rnn_fields[] = {
    VN_FIELD(rnn, cell, TREE),
    VN_FIELD(rnn, linear, TREE),
    VN_FIELD(rnn, bias, TREE),
    VN_FIELD(rnn, hidden_size, INT),
};
static const vn_type rnn_type = VN_MODULE_TYPE(rnn, rnn_fields, rnn_call, 1, 1);

static vn_tree *rnn_new(vn_array *key)
{
    vn_array *k = vn_split(key, 2);
    const vn_linear_options no_bias = { .no_bias = true };
    return vn_module_new(&rnn_type, &(rnn){
        .cell = vn_gru_cell(2, HIDDEN, vn_subkey(k, 0), NULL),
        .linear = vn_linear(HIDDEN, 1, vn_subkey(k, 1), &no_bias),
        .bias = vn_zeros(VN_F32, VN_SHAPE(1)), .hidden_size = HIDDEN });
}

/* -------------------------------------------------------------------------- training */

static vn_tree *loss(vn_tree *const arg[]) /* model, x [n, time, 2], y [n, 1]: cross-entropy */
{
    vn_array *p = vn_vmap_call(arg[0], arg[1]), *one = vn_float(1);
    return vn_neg(vn_mean(vn_add(vn_mul(arg[2], vn_log(p)),
                                 vn_mul(vn_sub(one, arg[2]), vn_log(vn_sub(one, p))))));
}

static vn_tree *step(vn_tree *const arg[]) /* adam, model, state, x, y -> model, state, loss */
{
    vn_tree *grad = vn_filter_value_and_grad(vn_function(loss, 3), NULL);
    vn_tree *both = vn_call(grad, arg[1], arg[3], arg[4]);
    vn_tree *update = vn_optim_update(arg[0], vn_at(both, 1), arg[2], arg[1]);
    vn_tree *model = vn_apply_updates(arg[1], vn_at(update, 0));
    return vn_tuple(model, vn_at(update, 1), vn_at(both, 0));
}

/* 16 points of (sin, cos)(t + offset) / (1 + t), the first half of the spirals mirrored. */
static vn_tree *data(vn_array *key)
{
    vn_array *t = vn_linspace(VN_F32, 0, 2 * PI, 16), *shrink = vn_add(t, vn_float(1));
    vn_array *phase = vn_add(t, vn_uniform(key, VN_SHAPE(DATA, 1), VN_F32, 0, 2 * PI));
    vn_array *sense = vn_cast(vn_ge(vn_arange(VN_F32, DATA), vn_float(DATA / 2)), VN_F32);
    vn_array *y = vn_reshape(sense, VN_SHAPE(DATA, 1));
    vn_array *sign = vn_sub(vn_scale(2, y), vn_float(1));
    vn_array *x1 = vn_mul(sign, vn_div(vn_sin(phase), shrink));
    return vn_tuple(vn_stack(2, x1, vn_div(vn_cos(phase), shrink)), y);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return puts("spirals: a GRU tells how spirals turn"), strcmp(argv[1], "--help") != 0;
    vn_array *keys = vn_split(vn_key(5678), 2);
    vn_tree *all = data(vn_subkey(keys, 0)), *x = vn_at(all, 0), *y = vn_at(all, 1);
    vn_tree *model = vn_retain(rnn_new(vn_subkey(keys, 1)));
    vn_tree *adam = vn_adam(vn_float(3e-3), NULL);
    vn_tree *state = vn_retain(vn_optim_init(adam, model));
    const double before = vn_item(vn_call(vn_function(loss, 3), model, x, y));
    printf("loss of the untrained model %.6f   Equinox: 0.695875\n", before);

    vn_tree *fast = vn_filter_jit(vn_partial(vn_function(step, 5), adam), NULL);
    vn_array *order = vn_permutation(vn_key(1), DATA);
    for (int i = 0; i < STEPS && vn_ok(); i++)
        VN_SCOPE {
            vn_array *rows = vn_slice(order, 0, i * BATCH, (i + 1) * BATCH, 1);
            vn_array *x_now = vn_take(x, rows, 0), *y_now = vn_take(y, rows, 0);
            vn_tree *out = vn_call(fast, model, state, x_now, y_now);
            vn_assign(&model, vn_at(out, 0));
            vn_assign(&state, vn_at(out, 1));
            if (i % 40 == 0 || i == STEPS - 1)
                printf("step %3d  loss %.6f\n", i, vn_item(vn_at(out, 2)));
        }
    vn_array *right = vn_eq(vn_round(vn_vmap_call(model, x)), y);
    const double accuracy = vn_item(vn_mean(vn_cast(right, VN_F32)));
    printf("accuracy on all %d spirals %.2f %%\n", DATA, 100 * accuracy);
    vn_release(model), vn_release(state);

    if (!vn_ok())
        fprintf(stderr, "%s\n", vn_error_message());
    return vn_ok() && fabs(before - 0.695875) < 1e-4 && accuracy > 0.99 ? 0 : 1;
}
