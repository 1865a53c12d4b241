/* SPDX-License-Identifier: MIT */
/* GRUCell and LSTMCell against their formulas, written out. */
#include <criterion/criterion.h>

#include "expect.h"

/* Rows k size .. (k + 1) size - 1 of a weight or bias. */
static vn_array *rows(vn_tree *cell, const char *name, int k, int64_t size)
{
    return vn_slice(vn_get(cell, name), 0, k * size, (k + 1) * size, 1);
}

static vn_array *from_x(vn_tree *cell, vn_array *x, int k, int64_t size)
{
    return vn_add(vn_matmul(rows(cell, "weight_ih", k, size), x), rows(cell, "bias", k, size));
}

static vn_array *from_h(vn_tree *cell, vn_array *h, int k, int64_t size)
{
    return vn_matmul(rows(cell, "weight_hh", k, size), h);
}

Test(rnn, gru_cell)
{
    vn_tree *cell = vn_gru_cell(3, 4, vn_key(0), NULL);
    vn_array *x = vn_normal(vn_key(1), VN_SHAPE(3), VN_F32);
    vn_array *h = vn_normal(vn_key(2), VN_SHAPE(4), VN_F32);
    vn_array *r = vn_sigmoid(vn_add(from_x(cell, x, 0, 4), from_h(cell, h, 0, 4)));
    vn_array *z = vn_sigmoid(vn_add(from_x(cell, x, 1, 4), from_h(cell, h, 1, 4)));
    vn_array *inner = vn_add(from_h(cell, h, 2, 4), vn_get(cell, "bias_n"));
    vn_array *n = vn_tanh(vn_add(from_x(cell, x, 2, 4), vn_mul(r, inner)));
    expect_close(vn_call(cell, x, h), vn_add(n, vn_mul(z, vn_sub(h, n))), 1e-5, 1e-6);
}

Test(rnn, lstm_cell)
{
    vn_tree *cell = vn_lstm_cell(3, 4, vn_key(0), NULL);
    vn_array *x = vn_normal(vn_key(1), VN_SHAPE(3), VN_F32), *gate[4];
    vn_array *h = vn_normal(vn_key(2), VN_SHAPE(4), VN_F32);
    vn_array *c = vn_normal(vn_key(3), VN_SHAPE(4), VN_F32);
    for (int k = 0; k < 4; k++)
        gate[k] = vn_add(from_x(cell, x, k, 4), from_h(cell, h, k, 4));
    vn_array *new_c =
        vn_add(vn_mul(vn_sigmoid(gate[1]), c), vn_mul(vn_sigmoid(gate[0]), vn_tanh(gate[2])));
    vn_tree *out = vn_call(cell, x, vn_tuple(h, c));
    expect_close(vn_at(out, 1), new_c, 1e-5, 1e-6);
    expect_close(vn_at(out, 0), vn_mul(vn_sigmoid(gate[3]), vn_tanh(new_c)), 1e-5, 1e-6);
}

Test(rnn, without_bias)
{
    vn_tree *gru = vn_gru_cell(3, 4, vn_key(0), &(vn_gru_cell_options){ .no_bias = true });
    vn_tree *lstm = vn_lstm_cell(3, 4, vn_key(0), &(vn_lstm_cell_options){ .no_bias = true });
    vn_array *x = vn_ones(VN_F32, VN_SHAPE(3)), *h = vn_zeros(VN_F32, VN_SHAPE(4));
    cr_assert_eq(vn_tree_count(gru), 2);
    cr_assert_eq(vn_tree_count(lstm), 2);
    expect_shape(vn_call(gru, x, h), VN_F32, VN_SHAPE(4));
    expect_shape(vn_at(vn_call(lstm, x, vn_tuple(h, h)), 0), VN_F32, VN_SHAPE(4));
}
