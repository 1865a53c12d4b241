/* SPDX-License-Identifier: MIT */
/* The run rnn, Equinox's example train_rnn: spirals, clockwise or not, told apart by a GRU. */
#include <math.h>

#include "golden/train.h"
#include "vernal/nn.h"
#include "vernal/ops.h"
#include "vernal/optim.h"
#include "vernal/random.h"
#include "vernal/transform.h"

/* ---- the model: a module of the test's own */

typedef struct rnn {
    vn_module base;
    vn_tree *hidden_size, *cell, *linear, *bias;
} rnn;

static vn_tree *rnn_step(vn_tree *const arg[]) /* cell, h, x */
{
    return vn_tuple(vn_call(arg[0], arg[2], arg[1]), vn_none());
}

static vn_tree *rnn_call(vn_tree *self, int n, vn_tree *const arg[])
{
    const rnn *m = (const void *)self;
    vn_array *h0 = vn_zeros(vn_dtype_of(arg[n - 1]), VN_SHAPE(vn_int_value(m->hidden_size)));
    vn_tree *step = vn_partial(vn_function(rnn_step, 3), m->cell);
    vn_array *last = vn_at(vn_scan(step, h0, arg[0], 0), 0);
    return vn_sigmoid(vn_add(vn_call(m->linear, last), m->bias));
}

static const vn_field rnn_fields[] = {
    VN_FIELD(rnn, hidden_size, TREE),
    VN_FIELD(rnn, cell, TREE),
    VN_FIELD(rnn, linear, TREE),
    VN_FIELD(rnn, bias, TREE),
};
static const vn_type rnn_type = VN_MODULE_TYPE(rnn, rnn_fields, rnn_call, 1, 1);

static vn_tree *rnn_new(int64_t hidden, vn_array *key)
{
    vn_array *keys = vn_split(key, 2);
    vn_linear_options no_bias = { .no_bias = true };
    return vn_module_new(&rnn_type,
                         &(rnn){ .hidden_size = vn_int(hidden),
                                 .cell = vn_gru_cell(2, hidden, vn_subkey(keys, 0), NULL),
                                 .linear = vn_linear(hidden, 1, vn_subkey(keys, 1), &no_bias),
                                 .bias = vn_zeros(VN_DTYPE_DEFAULT, VN_SHAPE(1)) });
}

/* ---- the data: (sin, cos)(t + offset) / (1 + t), the first half with x1 mirrored */

static vn_array *spirals(int64_t size, int64_t points, vn_array *key)
{
    const double tau = 2 * acos(-1);
    vn_array *t = vn_linspace(VN_DTYPE_DEFAULT, 0, tau, points);
    vn_array *offset = vn_uniform(key, VN_SHAPE(size, 1), VN_DTYPE_DEFAULT, 0, tau);
    vn_array *angle = vn_add(t, offset), *radius = vn_add(t, vn_float(1));
    vn_array *x1 = vn_div(vn_sin(angle), radius), *x2 = vn_div(vn_cos(angle), radius);
    vn_array *first = vn_neg(vn_slice(x1, 0, 0, size / 2, 1));
    x1 = vn_concat(0, first, vn_slice(x1, 0, size / 2, size, 1));
    return vn_stack(-1, x1, x2);
}

static vn_array *labels(int64_t size)
{
    vn_array *zero = vn_zeros(VN_DTYPE_DEFAULT, VN_SHAPE(size / 2, 1));
    return vn_concat(0, zero, vn_ones(VN_DTYPE_DEFAULT, VN_SHAPE(size - size / 2, 1)));
}

static vn_tree *cross_entropy(vn_tree *const arg[]) /* model, x, y */
{
    vn_array *p = vn_vmap_call(arg[0], arg[1]), *y = arg[2], *one = vn_float(1);
    vn_array *right = vn_mul(y, vn_log(p));
    vn_array *wrong = vn_mul(vn_sub(one, y), vn_log(vn_sub(one, p)));
    return vn_neg(vn_mean(vn_add(right, wrong)));
}

void golden_train_rnn(golden_run *r, golden_case *c)
{
    int64_t size = json_int(json_get(c->args, "dataset_size"), 0);
    int64_t hidden = json_int(json_get(c->args, "hidden_size"), 0);
    vn_array *keys = vn_split(vn_key(c->seed), 3);
    const golden_array *some = golden_find(c, "in/x0"); /* examples spread over the data */
    if (!some || some->shape.rank != 3) {
        golden_fail(r, "in/x0 is missing");
        return;
    }
    vn_array *x = spirals(size, some->shape.dim[1], vn_subkey(keys, 0));
    int64_t count = some->shape.dim[0], step = size / count;
    golden_check(r, "in/x0", vn_slice(x, 0, 0, (count - 1) * step + 1, step), GOLDEN_FORWARD);
    training t = { .model = rnn_new(hidden, vn_subkey(keys, 2)),
                   .optimiser =
                       vn_adam(vn_float(json_number(json_get(c->args, "lr"), 0)), NULL),
                   .loss = cross_entropy,
                   .batch = golden_shuffled,
                   .x = x,
                   .y = labels(size),
                   .loader_key = vn_subkey(keys, 1),
                   .batch_size = json_int(json_get(c->args, "batch_size"), 1) };
    golden_train(r, c, &t);
}
