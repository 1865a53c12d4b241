/* SPDX-License-Identifier: MIT */
/* LSTMCell: i, f, g, o = Wi x + Wh h + b
 *     c' = sigmoid(f) c + sigmoid(i) tanh(g),  h' = sigmoid(o) tanh(c')
 *     x [in], h, c [hidden], Wi [4 hidden, in], Wh [4 hidden, hidden], b [4 hidden]
 *     ih, hh, b = split(key, 3), each ~ U(-l, l), l = sqrt(1 / hidden)
 * Source: equinox/nn/_rnn.py. i and f are one slice: one sigmoid for both. */
#include <math.h>

#include "core/nn/layer.h"

static bool takes_hidden(const struct vn_lstm_cell *l, vn_tree *hidden)
{
    char text[VN__SHAPE_TEXT];
    if (vn_is_leaf(hidden) || vn_len(hidden) != 2) {
        vn__fail(VN_ERR_STRUCTURE, "LSTMCell: hidden is %s, expected a tuple (h, c)",
                 vn__describe(text, hidden));
        return false;
    }
    return vn__expect_shape("LSTMCell", "h", vn_at(hidden, 0), VN_SHAPE(l->hidden_size)) &&
           vn__expect_shape("LSTMCell", "c", vn_at(hidden, 1), VN_SHAPE(l->hidden_size));
}

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_lstm_cell *const l = (const void *)self;
    const int64_t size = l->hidden_size;
    (void)n;
    if (!vn__expect_shape("LSTMCell", "x", arg[0], VN_SHAPE(l->input_size)) ||
        !takes_hidden(l, arg[1]))
        return NULL;
    vn_array *const h = vn_at(arg[1], 0), *const c = vn_at(arg[1], 1);
    vn_array *gates = vn_add(vn_matmul(l->weight_ih, arg[0]), vn_matmul(l->weight_hh, h));
    if (!vn_is_none(l->bias))
        gates = vn_add(gates, l->bias);
    vn_array *const i_f = vn_sigmoid(vn_slice(gates, 0, 0, 2 * size, 1));
    vn_array *const g = vn_tanh(vn_slice(gates, 0, 2 * size, 3 * size, 1));
    vn_array *const o = vn_sigmoid(vn_slice(gates, 0, 3 * size, 4 * size, 1));
    vn_array *const i = vn_slice(i_f, 0, 0, size, 1);
    vn_array *const f = vn_slice(i_f, 0, size, 2 * size, 1);
    vn_array *const new_c = vn_add(vn_mul(f, c), vn_mul(i, g));
    return vn_tuple(vn_mul(o, vn_tanh(new_c)), new_c);
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_lstm_cell, weight_ih, TREE),
    VN_FIELD(struct vn_lstm_cell, weight_hh, TREE),
    VN_FIELD(struct vn_lstm_cell, bias, TREE),
    VN_FIELD(struct vn_lstm_cell, input_size, INT),
    VN_FIELD(struct vn_lstm_cell, hidden_size, INT),
    VN_FIELD(struct vn_lstm_cell, use_bias, BOOL),
};

const vn_type vn_lstm_cell_type =
    VN__LAYER_TYPE("LSTMCell", struct vn_lstm_cell, fields, call, 2, 3);

vn_tree *vn_lstm_cell(int64_t input_size, int64_t hidden_size, vn_array *key,
                      const vn_lstm_cell_options *options)
{
    vn__named_begin("LSTMCell");
    const bool bias = !(options && options->no_bias);
    vn_dtype dtype = options ? options->dtype : VN_DTYPE_DEFAULT;
    if (!vn__expect_size("LSTMCell", "input_size", input_size, 0) ||
        !vn__expect_size("LSTMCell", "hidden_size", hidden_size, 1) ||
        !vn__expect_inexact("LSTMCell", &dtype) || !vn__expect_key("LSTMCell", key))
        return vn__named_end(NULL);
    const double limit = sqrt(1.0 / (double)hidden_size);
    vn_array *const keys = vn_split(key, 3);
    const int64_t rows = 4 * hidden_size;
    return vn__named_end(vn_module_new(
        &vn_lstm_cell_type,
        &(struct vn_lstm_cell){
            .weight_ih = vn__init_uniform(keys, 0, VN_SHAPE(rows, input_size), dtype, limit),
            .weight_hh = vn__init_uniform(keys, 1, VN_SHAPE(rows, hidden_size), dtype, limit),
            .bias = bias ? vn__init_uniform(keys, 2, VN_SHAPE(rows), dtype, limit) : vn_none(),
            .input_size = input_size,
            .hidden_size = hidden_size,
            .use_bias = bias,
        }));
}
