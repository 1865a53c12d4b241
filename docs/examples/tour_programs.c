/* SPDX-License-Identifier: MIT */
/* Loops, layers, optimisers, files, plans: the second half of docs/tour.md. */
#include "tour.h"

/* -------------------------------------------------------------------------------- loops */

static vn_tree *decay(vn_tree *const arg[]) /* y, dt -> (y, y) */
{
    vn_array *y = vn_sub(arg[0], vn_mul(arg[1], arg[0])); /* Euler's step of y' = -y */
    return vn_tuple(y, y);
}

bool tour_scan(void)
{
    vn_array *dt = vn_full(VN_F32, VN_SHAPE(1000), 1e-3); /* one element a step */
    vn_tree *both = vn_scan(vn_function(decay, 2), vn_scalar(VN_F32, 1), dt, 0);
    vn_array *last = vn_at(both, 0), *path = vn_at(both, 1); /* f32[], f32[1000] */
    return fabs(vn_item(last) - exp(-1)) < 1e-3 && vn_dim(path, 0) == 1000;
}

static vn_tree *not_there(vn_tree *const arg[]) /* x, guess */
{
    return vn_gt(vn_abs(vn_sub(vn_square(arg[1]), arg[0])), vn_float(1e-5));
}

static vn_tree *babylon(vn_tree *const arg[]) /* x, guess -> better guess */
{
    return vn_scale(0.5, vn_add(arg[1], vn_div(arg[0], arg[1])));
}

static vn_tree *square_root(vn_tree *const arg[]) /* x f32[] -> sqrt(x) */
{
    vn_tree *going = vn_partial(vn_function(not_there, 2), arg[0]);
    vn_tree *next = vn_partial(vn_function(babylon, 2), arg[0]);
    const vn_loop_options bound = { .max_steps = 20 }; /* bounded: has a gradient */
    return vn_while_loop(going, next, vn_ones_like(arg[0]), &bound);
}

static vn_tree *above(vn_tree *const arg[]) /* (i, x, path) */
{
    return vn_gt(vn_at(arg[0], 1), vn_float(0.01));
}

static vn_tree *halve(vn_tree *const arg[])
{
    vn_array *i = vn_at(arg[0], 0), *x = vn_scale(0.5, vn_at(arg[0], 1));
    return vn_tuple(vn_add(i, vn_int(1)), x, vn_buffer_set(vn_at(arg[0], 2), i, x, NULL));
}

static vn_tree *path_of(vn_tree *const arg[]) /* x f32[] -> f32[16] */
{
    vn_tree *init = vn_tuple(vn_scalar(VN_I32, 0), arg[0], vn_zeros(VN_F32, VN_SHAPE(16)));
    vn_tree *spec = vn_tuple(vn_bool(false), vn_bool(false), vn_bool(true)); /* path is one */
    const vn_loop_options log = { .checkpoints = 4, .buffers = spec };
    return vn_at(vn_while_loop(vn_function(above, 1), vn_function(halve, 1), init, &log), 2);
}

static vn_tree *safe_log(vn_tree *const arg[])
{
    vn_array *x = arg[0];
    return vn_log(vn_error_if(x, vn_le(x, vn_float(0)), "log of a number <= 0", NULL));
}

bool tour_run_time_errors(void)
{
    vn_array *x = vn_array_from(VN_F32, VN_SHAPE(3), (float[]){ 1, -1, 2 });
    vn_tree *fast = vn_filter_jit(vn_filter_vmap(vn_function(safe_log, 1), NULL), NULL);
    vn_call(fast, x); /* Batch index (1,) had error:\nlog of a number <= 0 */
    const bool failed = vn_error_status() == VN_ERR_RUNTIME;
    vn_error_clear();
    return failed;
}

static vn_tree *last_but_one(vn_tree *const arg[]) { return vn_index(path_of(arg), 0, 5); }

bool tour_buffers(void)
{
    vn_tree *grad = vn_filter_value_and_grad(vn_function(last_but_one, 1), NULL);
    vn_tree *both = vn_call(vn_filter_jit(grad, NULL), vn_scalar(VN_F32, 1));
    return is(vn_at(both, 0), 1.0 / 64) && is(vn_at(both, 1), 1.0 / 64);
}

bool tour_control(void)
{
    vn_array *x = vn_array_from(VN_F32, VN_SHAPE(3), (float[]){ 1, 2, 9 });
    vn_tree *fast = vn_filter_jit(vn_filter_vmap(vn_function(square_root, 1), NULL), NULL);
    vn_array *root = vn_call(fast, x);
    vn_array *slope = vn_call(vn_filter_grad(vn_function(square_root, 1), NULL),
                              vn_scalar(VN_F32, 9)); /* 1 / (2 sqrt 9) */
    return is(vn_index(root, 0, 1), sqrt(2)) && is(slope, 1.0 / 6);
}

/* ------------------------------------------------------------------------------- layers */

bool tour_layers(void)
{
    vn_array *k = vn_split(vn_key(0), 2), *key = vn_key(1);
    vn_tree *model = vn_sequential(
        vn_conv2d(1, 8, VN_SHAPE(3), vn_subkey(k, 0), NULL), /* [8, 26, 26] */
        vn_unary(vn_relu), vn_unary(vn_ravel), vn_dropout(0.5, NULL),
        vn_linear(8 * 26 * 26, 10, vn_subkey(k, 1), NULL));
    vn_array *x = vn_normal(key, VN_SHAPE(1, 28, 28), VN_F32);

    vn_array *noisy = vn_call(model, x, key);            /* dropout needs a key */
    vn_tree *trained = vn_inference_mode(model, true);   /* ... or to be switched off */
    vn_array *y = vn_call(trained, x);                   /* f32[10] */
    vn_array *batch = vn_normal(key, VN_SHAPE(4, 1, 28, 28), VN_F32);
    vn_array *ys = vn_vmap_call(trained, batch);         /* f32[4,10] */
    return vn_dim(noisy, 0) == 10 && vn_dim(y, 0) == 10 && vn_dim(ys, 0) == 4;
}

static vn_tree *normalise(vn_tree *const arg[]) /* model, state, x -> (y, state) */
{
    return vn_call(arg[0], arg[2], arg[1]);
}

bool tour_state(void)
{
    vn_tree *both = vn_make_with_state(vn_batch_norm(3, "batch", NULL));
    vn_tree *model = vn_at(both, 0), *state = vn_at(both, 1);
    vn_tree *const in_axes[] = { vn_int(0) };
    const vn_vmap_options batch = { .in_axes = in_axes, .n_in = 1, .axis_name = "batch",
                                    .out_axes = vn_tuple(vn_int(0), vn_none()) };
    vn_tree *one = vn_partial(vn_function(normalise, 3), model, state);
    vn_array *x = vn_normal(vn_key(0), VN_SHAPE(64, 3), VN_F32);
    vn_tree *out = vn_call(vn_filter_vmap(one, &batch), x);
    vn_array *y = vn_at(out, 0);  /* each example, normalised by the statistics of all */
    vn_tree *after = vn_at(out, 1); /* one State, the same for all examples */
    return fabs(vn_item(vn_mean(y))) < 1e-5 && !vn_tree_equal(after, state, NULL);
}

/* --------------------------------------------------------------------------- optimisers */

static vn_tree *bowl(vn_tree *const arg[]) /* x [2] -> f32[] */
{
    vn_array *scale = vn_array_from(VN_F32, VN_SHAPE(2), (float[]){ 1, 100 });
    return vn_sum(vn_mul(scale, vn_square(arg[0])));
}

static vn_tree *improve(vn_tree *const arg[]) /* optimiser, x, state -> (x, state) */
{
    vn_array *g = vn_call(vn_filter_grad(vn_function(bowl, 1), NULL), arg[1]);
    vn_tree *update = vn_optim_update(arg[0], g, arg[2], arg[1]);
    return vn_tuple(vn_apply_updates(arg[1], vn_at(update, 0)), vn_at(update, 1));
}

bool tour_optimisers(void)
{
    vn_tree *schedule = vn_warmup_cosine_decay_schedule(0, 0.3, 20, 300, NULL);
    vn_tree *optimiser = vn_chain(vn_clip_by_global_norm(1), vn_adam(schedule, NULL));
    vn_tree *x = vn_retain(vn_ones(VN_F32, VN_SHAPE(2)));
    vn_tree *state = vn_retain(vn_optim_init(optimiser, x));
    vn_tree *fast = vn_filter_jit(vn_partial(vn_function(improve, 3), optimiser), NULL);
    for (int i = 0; i < 300; i++)
        VN_SCOPE {
            vn_tree *out = vn_call(fast, x, state);
            vn_assign(&x, vn_at(out, 0));
            vn_assign(&state, vn_at(out, 1));
        }
    const bool good = vn_item(vn_norm(x)) < 1e-3;
    vn_release(x), vn_release(state);
    return good;
}

/* -------------------------------------------------------------------------------- files */

bool tour_files(const char *dir)
{
    char path[4096];
    vn_tree *model = vn_mlp(2, 1, 8, 2, vn_key(0), NULL);
    snprintf(path, sizeof path, "%s/model.eqx", dir);
    vn_tree_serialise_leaves(path, model);

    vn_tree *like = vn_mlp(2, 1, 8, 2, vn_key(1), NULL); /* the same structure, other numbers */
    vn_tree *loaded = vn_tree_deserialise_leaves(path, like);
    bool same = vn_tree_equal(loaded, model, NULL);

    snprintf(path, sizeof path, "%s/weight.npy", dir);
    vn_npy_save(path, vn_get(model, "layers[0].weight")); /* numpy.load reads it */
    same &= vn_tree_equal(vn_npy_load(path), vn_get(model, "layers[0].weight"), NULL);

    vn_array *table = vn_csv_load("data/digits.csv.gz", NULL); /* f32[1797,65] */
    return same && vn_dim(table, 1) == 65;
}

/* ----------------------------------------------------------------------- random numbers */

bool tour_random(void)
{
    vn_array *keys = vn_split(vn_key(0), 3); /* one key for each use */
    vn_array *x = vn_normal(vn_subkey(keys, 0), VN_SHAPE(1000), VN_F32);
    vn_array *again = vn_normal(vn_subkey(keys, 0), VN_SHAPE(1000), VN_F32);
    vn_array *order = vn_permutation(vn_subkey(keys, 1), 1000);
    vn_array *step_key = vn_fold_in(vn_subkey(keys, 2), vn_int(7)); /* for step 7 */
    vn_array *coin = vn_bernoulli(step_key, 0.5, VN_SHAPE(10));
    return vn_tree_equal(x, again, NULL) && vn_size(order) == 1000 && vn_size(coin) == 10;
}

/* ------------------------------------------------------------------------------- errors */

bool tour_errors(void)
{
    vn_tree *model = vn_mlp(2, 1, 8, 2, vn_key(0), NULL);
    vn_array *y = vn_tanh(vn_call(model, vn_ones(VN_F32, VN_SHAPE(3)))); /* 3, not 2 */
    const bool failed = !y && !vn_ok() && vn_error_status() == VN_ERR_SHAPE;
    printf("%s\n", vn_error_message());
    vn_error_clear();
    return failed;
}

/* -------------------------------------------------------------------------------- plans */

static vn_tree *pendulum(vn_tree *const arg[]) /* y [2], friction [] -> y' [2] */
{
    vn_array *angle = vn_index(arg[0], 0, 0), *speed = vn_index(arg[0], 0, 1);
    vn_array *force = vn_add(vn_sin(angle), vn_mul(arg[1], speed));
    return vn_stack(0, speed, vn_neg(force));
}

bool tour_plan(void)
{
    vn_tree *const shapes[] = { vn_zeros(VN_F64, VN_SHAPE(2)), vn_scalar(VN_F64, 0) };
    vn_plan *plan = vn_plan_create(vn_function(pendulum, 2), 2, shapes);
    if (!plan)
        return false;
    void *workspace = aligned_alloc(64, (vn_plan_workspace(plan) + 63) / 64 * 64);
    bool good = workspace != NULL;

    double y[2] = { 1, 0 }, dy[2], friction = 0.1; /* the solver's own memory */
    const void *const in[] = { y, &friction };
    void *const out[] = { dy };
    for (int i = 0; good && i < 1000; i++) {
        good = vn_plan_run(plan, out, in, workspace) == VN_ERR_OK;
        for (int k = 0; k < 2; k++)
            y[k] += 1e-2 * dy[k];
    }
    free(workspace);
    vn_plan_destroy(plan);
    return good && fabs(y[0]) < 1;
}

/* ------------------------------------------------------------------------------ threads */

static vn_tree *work(vn_tree *const arg[]) /* model, x [n, 8] -> f32[] */
{
    return vn_mean(vn_square(vn_vmap_call(arg[0], arg[1])));
}

bool tour_threads(void)
{
    vn_tree *model = vn_mlp(8, 1, 64, 2, vn_key(0), NULL);
    vn_array *x = vn_normal(vn_key(1), VN_SHAPE(5000, 8), VN_F32);
    vn_tree *grad = vn_filter_jit(vn_filter_grad(vn_function(work, 2), NULL), NULL);
    const int before = vn_num_threads();
    vn_tree *all = vn_call(grad, model, x);
    vn_set_num_threads(1);
    vn_tree *one = vn_call(grad, model, x);
    vn_set_num_threads(before);
    return vn_tree_equal(all, one, NULL); /* bit for bit */
}
