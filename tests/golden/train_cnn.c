/* SPDX-License-Identifier: MIT */
/* The run cnn: two convolutions, a pool, a mean over space, negative log-likelihood, AdamW. */
#include "golden/train.h"
#include "golden/written.h"
#include "vernal/ops.h"
#include "vernal/optim.h"
#include "vernal/random.h"
#include "vernal/transform.h"

typedef struct cnn {
    vn_module base;
    vn_tree *conv1, *conv2, *pool, *lin;
} cnn;

static vn_tree *cnn_call(vn_tree *self, int n, vn_tree *const arg[])
{
    const cnn *m = (const void *)self;
    vn_array *x = vn_relu(vn_call_n(m->conv1, n, arg));
    x = vn_relu(vn_call(m->conv2, vn_call(m->pool, x)));
    x = vn_mean_over(x, VN_AXES(1, 2), false);
    return vn_log_softmax(vn_call(m->lin, x), -1);
}

static const vn_field cnn_fields[] = {
    VN_FIELD(cnn, conv1, TREE),
    VN_FIELD(cnn, conv2, TREE),
    VN_FIELD(cnn, pool, TREE),
    VN_FIELD(cnn, lin, TREE),
};
static const vn_type cnn_type = VN_MODULE_TYPE(cnn, cnn_fields, cnn_call, 1, 1);

static vn_tree *cnn_new(golden_run *r, vn_array *key)
{
    vn_array *keys = vn_split(key, 3);
    cnn made = { .conv1 = golden_written_layer(r, "Conv2d", 0, NULL, vn_subkey(keys, 0)),
                 .conv2 = golden_written_layer(r, "Conv2d", 1, NULL, vn_subkey(keys, 1)),
                 .pool = golden_written_layer(r, "MaxPool2d", 0, NULL, NULL),
                 .lin = golden_written_layer(r, "Linear", 0, NULL, vn_subkey(keys, 2)) };
    return r->skips ? NULL : vn_module_new(&cnn_type, &made);
}

static vn_tree *negative_log_likelihood(vn_tree *const arg[]) /* model, x, y */
{
    vn_array *logp = vn_vmap_call(arg[0], arg[1]);
    vn_array *picked = vn_take_along_axis(logp, vn_expand_dims(arg[2], 1), 1);
    return vn_neg(vn_mean(picked));
}

void golden_train_cnn(golden_run *r, golden_case *c)
{
    double rate = json_number(json_get(c->args, "lr"), 0);
    double weight = json_number(json_get(c->args, "weight_decay"), 0);
    vn_adam_options decay = { .weight_decay = weight > 0 ? weight : -1 };
    training t = { .model = cnn_new(r, vn_key(c->seed)),
                   .optimiser = vn_adamw(vn_float(rate), &decay),
                   .loss = negative_log_likelihood,
                   .x = golden_input(c, "in/x"),
                   .y = golden_input(c, "in/y") };
    golden_train(r, c, &t);
}
