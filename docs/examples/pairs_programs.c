/* SPDX-License-Identifier: MIT */
/* Loops, layers, programs: the second half of docs/equinox.md. */
#include "pairs.h"

/* ------------------------------------------------------------------------------- scan */

static vn_tree *add_up(vn_tree *const arg[]) /* sum, x -> (sum, sum) */
{
    vn_array *sum = vn_add(arg[0], arg[1]);
    return vn_tuple(sum, sum);
}

void pairs_scan(void)
{
    vn_array *xs = vn_arange(VN_F32, 5);
    vn_tree *out = vn_scan(vn_function(add_up, 2), vn_scalar(VN_F32, 0), xs, 0);
    vn_array *last = vn_at(out, 0), *sums = vn_at(out, 1);
    report("scan last", last);
    report("scan sums", sums);
}

/* ------------------------------------------------------------------------------ loops */

static vn_tree *far_off(vn_tree *const arg[]) /* x, guess -> bool[] */
{
    return vn_gt(vn_abs(vn_sub(vn_square(arg[1]), arg[0])), vn_float(1e-4));
}

static vn_tree *newton(vn_tree *const arg[]) /* x, guess -> guess */
{
    return vn_scale(0.5, vn_add(arg[1], vn_div(arg[0], arg[1])));
}

static vn_tree *square_root(vn_tree *const arg[])
{
    vn_tree *cond = vn_partial(vn_function(far_off, 2), arg[0]);
    vn_tree *body = vn_partial(vn_function(newton, 2), arg[0]);
    const vn_loop_options bounded = { .kind = VN_LOOP_BOUNDED, .max_steps = 20 };
    return vn_while_loop(cond, body, vn_scalar(VN_F32, 1), &bounded);
}

void pairs_loops(void)
{
    vn_tree *f = vn_filter_value_and_grad(vn_function(square_root, 1), NULL);
    vn_array *x = vn_array_from(VN_F32, VN_SHAPE(3), (float[]){ 1, 4, 100 });
    vn_tree *both = vn_call(vn_filter_jit(vn_filter_vmap(f, NULL), NULL), x);
    report("loop values", vn_at(both, 0)); /* each example has stopped on its own */
    report("loop slopes", vn_at(both, 1));
}

/* --------------------------------------------------------------------------- branches */

static vn_tree *root(vn_tree *const arg[]) { return vn_sqrt(arg[0]); }
static vn_tree *opposite(vn_tree *const arg[]) { return vn_neg(arg[0]); }

static vn_tree *choose(vn_tree *const arg[])
{
    return vn_cond_n(vn_gt(arg[0], vn_float(0)), vn_function(root, 1),
                     vn_function(opposite, 1), 1, &arg[0]);
}

void pairs_branches(void)
{
    vn_array *x = vn_array_from(VN_F32, VN_SHAPE(3), (float[]){ -2, 4, 9 });
    vn_array *y = vn_call(vn_filter_vmap(vn_function(choose, 1), NULL), x);
    report("cond", y);
}

/* ------------------------------------------------------------------------ a recurrent net */

static vn_tree *step(vn_tree *const arg[]) /* cell, h, x -> (h, none) */
{
    return vn_tuple(vn_call(arg[0], arg[2], arg[1]), vn_none());
}

static vn_tree *last_state(vn_tree *const arg[]) /* cell, xs [time, 2] -> h [4] */
{
    vn_tree *f = vn_partial(vn_function(step, 3), arg[0]);
    return vn_at(vn_scan(f, vn_zeros(VN_F32, VN_SHAPE(4)), arg[1], 0), 0);
}

void pairs_recurrent(void)
{
    vn_tree *cell = vn_gru_cell(2, 4, vn_key(0), NULL);
    vn_array *xs = vn_normal(vn_key(1), VN_SHAPE(10, 16, 2), VN_F32); /* 10 sequences */
    vn_tree *each = vn_filter_vmap(vn_partial(vn_function(last_state, 2), cell), NULL);
    vn_array *h = vn_call(vn_filter_jit(each, NULL), xs);
    report("gru", h);
}

/* ------------------------------------------------------------------------------ state */

void pairs_state(void)
{
    const vn_batch_norm_options batch_mode = { .mode = VN_BATCH_NORM_BATCH };
    vn_tree *both = vn_make_with_state(vn_batch_norm(3, "batch", &batch_mode));
    vn_tree *model = vn_at(both, 0), *state = vn_at(both, 1);

    vn_tree *const axes[] = { vn_int(0), vn_none() };
    const vn_vmap_options options = { .in_axes = axes, .n_in = 2, .axis_name = "batch",
                                      .out_axes = vn_tuple_n(2, axes) };
    vn_array *x = vn_normal(vn_key(0), VN_SHAPE(16, 3), VN_F32);
    vn_tree *out = vn_call(vn_filter_vmap(model, &options), x, state);
    vn_array *y = vn_at(out, 0);
    state = vn_at(out, 1);

    vn_tree *trained = vn_inference_mode(model, true);
    vn_tree *one = vn_call(trained, vn_zeros(VN_F32, VN_SHAPE(3)), state);
    report("batch norm", y);
    expect(vn_tree_equal(vn_at(one, 1), state, NULL), "inference leaves the state alone");
}

/* ------------------------------------------------------------------- dropout, inference */

void pairs_dropout(void)
{
    vn_array *k = vn_split(vn_key(0), 3);
    vn_tree *model = vn_sequential(vn_linear(4, 8, vn_subkey(k, 0), NULL),
                                   vn_dropout(0.5, NULL),
                                   vn_linear(8, 2, vn_subkey(k, 1), NULL));
    vn_array *x = vn_ones(VN_F32, VN_SHAPE(4));
    vn_array *noisy = vn_call(model, x, vn_subkey(k, 2));
    vn_array *y = vn_call(vn_inference_mode(model, true), x);
    report("dropout", noisy);
    report("inference", y);
}

/* ----------------------------------------------------------------------------- shared */

static vn_tree *tied_loss(vn_tree *const arg[]) /* Shared, token i32[] -> f32[] */
{
    vn_tree *both = vn_call_n(arg[0], 0, NULL); /* both weights are there, and one array */
    vn_array *h = vn_call(vn_at(both, 0), arg[1]);
    return vn_sum(vn_square(vn_call(vn_at(both, 1), h)));
}

void pairs_shared(void)
{
    const vn_linear_options no_bias = { .no_bias = true };
    vn_tree *embedding = vn_embedding(5, 3, vn_key(0), NULL);
    vn_tree *linear = vn_linear(3, 5, vn_key(1), &no_bias);
    vn_tree *tied = vn_shared(vn_tuple(embedding, linear), "[1].weight", "[0].weight");
    vn_tree *g = vn_call(vn_filter_grad(vn_function(tied_loss, 2), NULL), tied, vn_int(2));
    report("shared", vn_get(g, "pytree[0].weight")); /* of both uses */
}

/* ------------------------------------------------------------------------------ files */

static vn_tree *make(vn_tree *hyper, vn_array *key)
{
    return vn_mlp(vn_int_value(vn_get(hyper, "['in_size']")), 1,
                  vn_int_value(vn_get(hyper, "['width']")),
                  vn_int_value(vn_get(hyper, "['depth']")), key, NULL);
}

static void save(const char *path, vn_tree *hyper, vn_tree *model)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return (void)vn_error(VN_ERR_FILE, "%s cannot be opened", path);
    vn_json_write_line(file, hyper);
    vn_tree_serialise_leaves_to(file, model);
    if (fclose(file) != 0)
        vn_error(VN_ERR_FILE, "%s cannot be written", path);
}

static vn_tree *load(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return vn_error(VN_ERR_FILE, "%s cannot be opened", path);
    vn_tree *like = make(vn_json_read_line(file), vn_key(0)); /* its numbers do not matter */
    vn_tree *model = vn_tree_deserialise_leaves_from(file, like);
    fclose(file);
    return model;
}

void pairs_files(const char *dir)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/pairs.eqx", dir); /* pairs.py reads it as well */
    vn_tree *hyper = vn_json_parse("{\"in_size\": 2, \"width\": 8, \"depth\": 1}");
    vn_tree *model = make(hyper, vn_key(3));
    save(path, hyper, model);
    expect(vn_tree_equal(load(path), model, NULL), "saved and loaded");
    report("files", vn_call(model, vn_ones(VN_F32, VN_SHAPE(2))));
}

/* --------------------------------------------------------------------------- training */

static vn_tree *mse(vn_tree *const arg[]) /* model, x [n, 2], y [n, 1] -> f32[] */
{
    return vn_mean(vn_square(vn_sub(vn_vmap_call(arg[0], arg[1]), arg[2])));
}

static vn_tree *make_step(vn_tree *const arg[]) /* optim, model, state, x, y */
{
    vn_tree *grad = vn_filter_value_and_grad(vn_function(mse, 3), NULL);
    vn_tree *both = vn_call(grad, arg[1], arg[3], arg[4]); /* (loss, grads) */
    vn_tree *updates = vn_optim_update(arg[0], vn_at(both, 1), arg[2], arg[1]);
    vn_tree *model = vn_apply_updates(arg[1], vn_at(updates, 0));
    return vn_tuple(model, vn_at(updates, 1), vn_at(both, 0));
}

void pairs_training(void)
{
    vn_array *x = vn_normal(vn_key(0), VN_SHAPE(64, 2), VN_F32);
    vn_array *y = vn_sum_over(vn_sin(x), VN_AXES(1), true);
    vn_tree *model = vn_retain(vn_mlp(2, 1, 16, 1, vn_key(1), NULL)), *loss = NULL;
    vn_tree *optim = vn_adam(vn_float(1e-2), NULL);
    vn_tree *state = vn_retain(vn_optim_init(optim, model));
    vn_tree *fast = vn_filter_jit(vn_partial(vn_function(make_step, 5), optim), NULL);
    for (int i = 0; i < 100; i++)
        VN_SCOPE { /* frees what a turn has made; what stays is assigned */
            vn_tree *out = vn_call(fast, model, state, x, y);
            vn_assign(&model, vn_at(out, 0));
            vn_assign(&state, vn_at(out, 1));
            vn_assign(&loss, vn_at(out, 2));
        }
    report("training", loss);
    vn_release(model), vn_release(state), vn_release(loss);
}

/* ----------------------------------------------------------------------------- errors */

static vn_tree *checked_log(vn_tree *const arg[])
{
    vn_array *x = vn_error_if(arg[0], vn_le(arg[0], vn_int(0)), "x must be positive", NULL);
    return vn_log(x);
}

void pairs_errors(void)
{
    vn_tree *fast = vn_filter_jit(vn_function(checked_log, 1), NULL);
    report("error_if", vn_call(fast, vn_scalar(VN_F32, 2)));
    vn_array *y = vn_call(fast, vn_scalar(VN_F32, -1)); /* NULL */
    if (!y && vn_error_status() == VN_ERR_RUNTIME)
        puts(vn_error_message()); /* x must be positive */
    expect(!y && strstr(vn_error_message(), "x must be positive"), "the message");
    vn_error_clear();

    vn_tree *model = vn_mlp(2, 1, 8, 1, vn_key(0), NULL);
    vn_array *z = vn_tanh(vn_call(model, vn_ones(VN_F32, VN_SHAPE(3))));
    puts(vn_error_message());
    /* Linear: x has shape f32[3], expected f32[2] (in MLP.layers[0]) */
    expect(!z && strstr(vn_error_message(), "(in MLP.layers[0])"), "the message of a shape");
    vn_error_clear();
}
