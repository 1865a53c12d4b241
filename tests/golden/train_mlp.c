/* SPDX-License-Identifier: MIT */
/* The runs mlp_* (full batch) and frozen_layer (shuffled batches, the last layer alone). */
#include "golden/build.h"
#include "golden/optimiser.h"
#include "golden/train.h"
#include "vernal/nn.h"
#include "vernal/ops.h"
#include "vernal/optim.h"
#include "vernal/random.h"
#include "vernal/transform.h"

static vn_tree *mean_square(vn_tree *const arg[]) /* model, x, y */
{
    return vn_mean(vn_square(vn_sub(vn_vmap_call(arg[0], arg[1]), arg[2])));
}

void golden_train_mlp(golden_run *r, golden_case *c)
{
    static const char *const except[] = { "name", NULL };
    const json *optimiser = json_get(c->json, "optimiser");
    const char *name = json_string(json_get(optimiser, "name"), "?");
    vn_array *keys = vn_split(vn_key(c->seed), 2), *x = golden_input(c, "in/x");
    vn_array *drawn = vn_normal(vn_subkey(keys, 0), vn_shape_of(x), VN_DTYPE_DEFAULT);
    golden_check(r, "in/x", drawn, GOLDEN_ULP);
    training t = { .model = golden_build(r, "MLP", c->args, vn_subkey(keys, 1), NULL),
                   .optimiser = golden_optimiser(r, name, optimiser, except),
                   .loss = mean_square,
                   .x = x,
                   .y = golden_input(c, "in/y") };
    golden_train(r, c, &t);
}

static vn_tree *not_trained(vn_tree *const arg[])
{
    (void)arg;
    return vn_bool(false);
}

void golden_train_frozen(golden_run *r, golden_case *c)
{
    int64_t size = json_int(json_get(c->args, "dataset_size"), 0);
    int64_t width = json_int(json_get(c->args, "width_size"), 0);
    int64_t depth = json_int(json_get(c->args, "depth"), 0);
    double rate = json_number(json_get(c->args, "lr"), 0);
    vn_array *keys = vn_split(vn_key(c->seed), 3);
    vn_array *x = vn_normal(vn_subkey(keys, 0), VN_SHAPE(size, 1), VN_DTYPE_DEFAULT);
    vn_array *y = vn_sub(vn_scale(5, x), vn_float(2));
    vn_tree *model = vn_mlp(1, 1, width, depth, vn_subkey(keys, 2), NULL);
    vn_tree *yes = vn_bool(true), *frozen = vn_tree_map(vn_function(not_trained, 1), model);
    const char *const last[] = { "layers[-1].weight", "layers[-1].bias" };
    golden_check(r, "in/x_first8", vn_slice(x, 0, 0, size < 8 ? size : 8, 1), GOLDEN_ULP);
    training t = { .model = model,
                   .optimiser = vn_sgd(vn_float(rate), NULL),
                   .spec = vn_tree_at_n(frozen, 2, last, VN_TREES(yes, yes)),
                   .loss = mean_square,
                   .batch = golden_shuffled,
                   .x = x,
                   .y = y,
                   .loader_key = vn_subkey(keys, 1),
                   .batch_size = json_int(json_get(c->args, "batch_size"), 1) };
    golden_train(r, c, &t);
}
