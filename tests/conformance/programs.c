/* SPDX-License-Identifier: MIT */
/* Row 44: the vectors of the random numbers, and frozen_layer in both layouts of threefry, with
 * the numbers that Equinox's notebook prints. */
#include "conformance/programs.h"

static void check_vectors(void)
{
    static const double halves[2][4] = { { 4146024105, 967050713, 2718843009, 1272950319 },
                                         { 1797259609, 2579123966, 928981903, 3453687069 } };
    static const double uniform[] = { 0.41845703, 0.947667 };
    static const double normal[] = { -0.20584226, 1.6226422 };
    for (int i = 0; i < 2; i++) {
        vn_set_threefry_partitionable(i);
        vn_array *key = vn_key(0);
        expect_within("split", vn_split(key, 2), VN_SHAPE(2, 2), halves[i], 0, 0);
        expect_within("uniform", vn_uniform(key, VN_SHAPE(1), VN_F32, 0, 1), VN_SHAPE(1),
                      &uniform[i], 1e-7, 0);
        expect_within("normal", vn_normal(key, VN_SHAPE(1), VN_F32), VN_SHAPE(1), &normal[i],
                      2e-7, 0);
    }
    vn_set_threefry_partitionable(true);
}

/* ---- frozen_layer */

enum { DATA = 10000, BATCH = 256, STEPS = 1000 };

static vn_tree *loss(vn_tree *const arg[]) /* trained, frozen, x, y */
{
    vn_tree *model = vn_combine(arg[0], arg[1]);
    return vn_mean(vn_square(vn_sub(arg[3], vn_vmap_call(model, arg[2]))));
}

static vn_tree *step(vn_tree *const arg[]) /* spec, model, x, y -> model */
{
    vn_tree *trained, *frozen;
    vn_partition_spec(&trained, &frozen, arg[1], arg[0]);
    vn_tree *grad = vn_filter_grad(vn_function(loss, 4), NULL);
    vn_tree *g = vn_call(grad, trained, frozen, arg[2], arg[3]);
    return vn_apply_updates(arg[1], vn_tree_scale(-3e-3, g));
}

static vn_tree *no(vn_tree *const arg[]) { return (void)arg, vn_bool(false); }

static vn_tree *last_layer(vn_tree *model)
{
    const char *const paths[] = { "layers[1].weight", "layers[1].bias" };
    return vn_tree_at_n(vn_tree_map(vn_function(no, 1), model), 2, paths,
                        VN_TREES(vn_bool(true), vn_bool(true)));
}

typedef struct frozen_layer {
    double w0[8], b0[8], w1[8], b1; /* initial */
    double w1_end[8], b1_end;
    double loss, loss_end;
    double unit; /* half a unit in the last digit that is known */
} frozen_layer;

static const frozen_layer original = {
    .w0 = { -0.5500405, 0.67074966, -0.9094155, -0.5518596, -0.1648488, 0.98241615, -0.9118581,
            0.32483125 },
    .b0 = { 0.8876705, 0.4363706, -0.878813, 0.26387787, -0.68248963, -0.9517925, -0.21384668,
            -0.2857628 },
    .w1 = { 0.33031464, 0.16732198, 0.04151077, -0.01495699, -0.00766617, 0.08186949,
            0.33581698, 0.13139524 },
    .b1 = -0.05869024,
    .w1_end = { -2.8348155, 3.3568215, -0.767634, -2.131908, -0.00766617, 1.3563743, -1.6294041,
                0.60640407 },
    .b1_end = -0.10058348,
    .loss = 32.501142,
    .loss_end = 0.0707213,
    .unit = 5.1e-9,
};

static const frozen_layer partitionable = {
    .w0 = { 0.6503234, 0.1236651, -0.8696537, 0.0515039, 0.44794965, -0.22619247, -0.6463723,
            -0.0352938 },
    .b0 = { -0.22813344, -0.70124817, 0.601773, -0.36874962, -0.79397225, -0.24862862,
            -0.50311303, -0.8894696 },
    .w1 = { 0.1762018, 0.31049228, 0.11376952, 0.12666754, -0.34047994, 0.1778983, -0.2421714,
            -0.13225166 },
    .b1 = 0.34801766,
    .w1_end = { 3.415134, 0.31049228, -5.270215, 0.12666754, -0.06256203, -0.0290246,
                -1.2445757, -0.13225166 },
    .b1_end = 1.271716,
    .loss = 31.141247,
    .loss_end = 0.788939,
    .unit = 5.1e-8,
};

/* The notebook's batches: a new order as soon as the next batch would reach the end. */
static vn_array *next_rows(vn_tree **key, vn_tree **order, int *start)
{
    if (*start + BATCH >= DATA) {
        vn_assign(key, vn_subkey(vn_split(*key, 1), 0));
        vn_assign(order, vn_permutation(*key, DATA));
        *start = 0;
    }
    *start += BATCH;
    return vn_slice(*order, 0, *start - BATCH, *start, 1);
}

static void train(vn_tree **model, vn_tree *spec, vn_array *loader, vn_array *x, vn_array *y)
{
    vn_tree *key = vn_retain(loader), *order = vn_retain(vn_permutation(key, DATA));
    vn_tree *fast = vn_filter_jit(vn_partial(vn_function(step, 4), spec), NULL);
    int start = 0;
    for (int i = 0; i < STEPS && vn_ok(); i++)
        VN_SCOPE
        {
            vn_array *rows = next_rows(&key, &order, &start);
            vn_assign(model,
                      vn_call(fast, *model, vn_take(x, rows, 0), vn_take(y, rows, 0)));
        }
    vn_release(key);
    vn_release(order);
}

static double full_loss(vn_tree *model, vn_tree *spec, vn_array *x, vn_array *y)
{
    vn_tree *trained, *frozen;
    vn_partition_spec(&trained, &frozen, model, spec);
    return vn_item(vn_call(vn_function(loss, 4), trained, frozen, x, y));
}

/* To the last digit: f32 numbers near 1 have 7 of them. */
static void check_first(const char *what, vn_tree *model, const frozen_layer *want)
{
    expect_within(what, vn_get(model, "layers[0].weight"), VN_SHAPE(8, 1), want->w0, 6e-8,
                  want->unit);
    expect_within(what, vn_get(model, "layers[0].bias"), VN_SHAPE(8), want->b0, 6e-8,
                  want->unit);
}

static void check_frozen_layer(bool layout, const frozen_layer *want)
{
    vn_set_threefry_partitionable(layout);
    vn_array *keys = vn_split(vn_key(5678), 3);
    vn_array *x = vn_normal(vn_subkey(keys, 0), VN_SHAPE(DATA, 1), VN_F32);
    vn_array *y = vn_sub(vn_scale(5, x), vn_float(2));
    vn_tree *model = vn_retain(vn_mlp(1, 1, 8, 1, vn_subkey(keys, 2), NULL));
    vn_tree *spec = last_layer(model);
    check_first("the first layer", model, want);
    expect_within("the last layer", vn_get(model, "layers[1].weight"), VN_SHAPE(1, 8), want->w1,
                  6e-8, want->unit);
    expect_within("its bias", vn_get(model, "layers[1].bias"), VN_SHAPE(1), &want->b1, 6e-8,
                  want->unit);
    expect_that(near(full_loss(model, spec, x, y), want->loss, 1e-5), "the loss");
    train(&model, spec, vn_subkey(keys, 1), x, y);
    check_first("the first layer, unchanged", model, want);
    expect_within("the last layer, trained", vn_get(model, "layers[1].weight"), VN_SHAPE(1, 8),
                  want->w1_end, 0, 1e-6);
    expect_within("its bias, trained", vn_get(model, "layers[1].bias"), VN_SHAPE(1),
                  &want->b1_end, 0, 1e-6);
    expect_that(near(full_loss(model, spec, x, y), want->loss_end, 1e-5), "the last loss");
    vn_release(model);
    vn_set_threefry_partitionable(true);
}

void row_44_programs(void)
{
    check_vectors();
    check_frozen_layer(false, &original);
    check_frozen_layer(true, &partitionable);
    check_train_rnn();
    check_mnist();
}
