/* SPDX-License-Identifier: MIT */
/* GRUCell: r, z = sigmoid((Wi x + b + Wh h)_{r,z})
 *     n = tanh((Wi x + b)_n + r ((Wh h)_n + bias_n)),  h' = n + z (h - n)
 *     x [in], h [hidden], Wi [3 hidden, in], Wh [3 hidden, hidden], b [3 hidden]
 *     bias_n [hidden]; ih, hh, b, bn = split(key, 4), each ~ U(-l, l), l = sqrt(1 / hidden)
 * Source: equinox/nn/_rnn.py. r and z are one slice: one sum and one sigmoid for both. */
#include <math.h>

#include "core/nn/layer.h"

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_gru_cell *const l = (const void *)self;
    const int64_t size = l->hidden_size;
    vn_array *const x = arg[0], *const h = arg[1];
    (void)n;
    if (!vn__expect_shape("GRUCell", "x", x, VN_SHAPE(l->input_size)) ||
        !vn__expect_shape("GRUCell", "h", h, VN_SHAPE(size)))
        return NULL;
    vn_array *from_x = vn_matmul(l->weight_ih, x);
    if (!vn_is_none(l->bias))
        from_x = vn_add(from_x, l->bias);
    vn_array *const from_h = vn_matmul(l->weight_hh, h);
    vn_array *const rz = vn_sigmoid(
        vn_add(vn_slice(from_x, 0, 0, 2 * size, 1), vn_slice(from_h, 0, 0, 2 * size, 1)));
    vn_array *h_n = vn_slice(from_h, 0, 2 * size, 3 * size, 1);
    if (!vn_is_none(l->bias_n))
        h_n = vn_add(h_n, l->bias_n);
    vn_array *const r = vn_slice(rz, 0, 0, size, 1);
    vn_array *const z = vn_slice(rz, 0, size, 2 * size, 1);
    vn_array *const new =
        vn_tanh(vn_add(vn_slice(from_x, 0, 2 * size, 3 * size, 1), vn_mul(r, h_n)));
    return vn_add(new, vn_mul(z, vn_sub(h, new)));
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_gru_cell, weight_ih, TREE),
    VN_FIELD(struct vn_gru_cell, weight_hh, TREE),
    VN_FIELD(struct vn_gru_cell, bias, TREE),
    VN_FIELD(struct vn_gru_cell, bias_n, TREE),
    VN_FIELD(struct vn_gru_cell, input_size, INT),
    VN_FIELD(struct vn_gru_cell, hidden_size, INT),
    VN_FIELD(struct vn_gru_cell, use_bias, BOOL),
};

const vn_type vn_gru_cell_type =
    VN__LAYER_TYPE("GRUCell", struct vn_gru_cell, fields, call, 2, 3);

vn_tree *vn_gru_cell(int64_t input_size, int64_t hidden_size, vn_array *key,
                     const vn_gru_cell_options *options)
{
    vn__named_begin("GRUCell");
    const bool bias = !(options && options->no_bias);
    vn_dtype dtype = options ? options->dtype : VN_DTYPE_DEFAULT;
    if (!vn__expect_size("GRUCell", "input_size", input_size, 0) ||
        !vn__expect_size("GRUCell", "hidden_size", hidden_size, 1) ||
        !vn__expect_inexact("GRUCell", &dtype) || !vn__expect_key("GRUCell", key))
        return vn__named_end(NULL);
    const double limit = sqrt(1.0 / (double)hidden_size);
    vn_array *const keys = vn_split(key, 4);
    const int64_t rows = 3 * hidden_size;
    return vn__named_end(vn_module_new(
        &vn_gru_cell_type,
        &(struct vn_gru_cell){
            .weight_ih = vn__init_uniform(keys, 0, VN_SHAPE(rows, input_size), dtype, limit),
            .weight_hh = vn__init_uniform(keys, 1, VN_SHAPE(rows, hidden_size), dtype, limit),
            .bias = bias ? vn__init_uniform(keys, 2, VN_SHAPE(rows), dtype, limit) : vn_none(),
            .bias_n = bias ? vn__init_uniform(keys, 3, VN_SHAPE(hidden_size), dtype, limit)
                           : vn_none(),
            .input_size = input_size,
            .hidden_size = hidden_size,
            .use_bias = bias,
        }));
}
