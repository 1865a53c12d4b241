/* SPDX-License-Identifier: MIT */
/* Rows 31 and 32: MultiheadAttention, RotaryPositionalEmbedding. */
#include <math.h>

#include "conformance/conform.h"

static const char *const projections[] = { "query_proj.weight", "key_proj.weight",
                                           "value_proj.weight", "output_proj.weight" };

/* One head whose projections are the identity: with the identity as values it returns its
 * attention weights. */
static vn_tree *plain(int64_t size, vn_dtype dtype)
{
    vn_multihead_attention_options o = { .dtype = dtype };
    vn_array *id = vn_eye(dtype, size);
    return vn_tree_at_n(vn_multihead_attention(1, size, vn_key(0), &o), 4, projections,
                        VN_TREES(id, id, id, id));
}

static void check_weights(void)
{
    vn_array *q = ARRAY(VN_SHAPE(1, 2), 0, sqrt(2)), *id = vn_eye(VN_F32, 2);
    const uint8_t first[] = { 1, 0 };
    vn_array *mask = vn_array_from(VN_BOOL, VN_SHAPE(1, 2), first);
    vn_tree *layer = plain(2, VN_F32);
    EXPECT("weights", vn_call(layer, q, id, id), VN_SHAPE(1, 2), 1 / (1 + exp(1)),
           exp(1) / (1 + exp(1)));
    EXPECT("masked", vn_call(layer, q, id, id, mask), VN_SHAPE(1, 2), 1, 0);
    vn_array *one = vn_ones(VN_F16, VN_SHAPE(1, 1));
    vn_array *keys = vn_cast(ARRAY(VN_SHAPE(2, 1), 9, 1), VN_F16);
    vn_array *values = vn_cast(ARRAY(VN_SHAPE(2, 1), 1, 0), VN_F16);
    vn_array *largest = vn_call(plain(1, VN_F16), one, keys, values);
    expect_shape("f16 stays f16", largest, VN_F16, VN_SHAPE(1, 1));
    expect_that(vn_item(largest) < 1, "softmax in f32: the largest weight is below 1");
}

void row_31_attention(void)
{
    const uint8_t column[18] = { 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0 };
    check_weights();
    vn_array *w = counting(VN_SHAPE(4, 4), 0);
    vn_tree *layer = vn_tree_at_n(vn_multihead_attention(2, 4, vn_key(0), NULL), 4, projections,
                                  VN_TREES(w, w, w, w));
    vn_array *one = ARRAY(VN_SHAPE(1, 4), 1, 2, 3, 4), *x = counting(VN_SHAPE(3, 4), 1);
    EXPECT("one position", vn_call(layer, one, one, one), VN_SHAPE(1, 4), 680, 1960, 3240,
           4520);
    const vn_shape shapes[] = { VN_SHAPE(3, 3), VN_SHAPE(2, 3, 3) };
    for (int i = 0; i < 2; i++)
        EXPECT("a mask of one column",
               vn_call(layer, x, x, x, vn_array_from(VN_BOOL, shapes[i], column)),
               VN_SHAPE(3, 4), 680, 1960, 3240, 4520, 680, 1960, 3240, 4520, 680, 1960, 3240,
               4520);
    vn_multihead_attention_options sizes = {
        .key_size = 5, .value_size = 7, .output_size = 11, .qk_size = 13, .vo_size = 17
    };
    vn_array *k = vn_ones(VN_F32, VN_SHAPE(23, 5)), *v = vn_ones(VN_F32, VN_SHAPE(23, 7));
    vn_array *q = vn_ones(VN_F32, VN_SHAPE(19, 3));
    expect_shape("sizes", vn_call(vn_multihead_attention(2, 3, vn_key(0), &sizes), q, k, v),
                 VN_F32, VN_SHAPE(19, 11));
    expect_refused("keys and values of different lengths",
                   vn_call(layer, x, x, one), "lengths differ");
}

void row_32_rotary(void)
{
    static const double want[] = {
        0,          1,          2,         3,         -2.887617,  4.9297514, 6.6076975,
        7.0496492,  -12.422148, 8.778215,  3.1129112, 11.177788,  -13.85559, 12.544218,
        -12.166454, 15.383192,  3.1641474, 16.226604, -23.874424, 19.664621, 26.769577,
        19.824234,  -12.937918, 24.020819, 30.30889,  23.335985,  18.258457, 28.450514,
        1.3996639,  26.760752,  41.01269,  32.952423,
    };
    vn_array *x = counting(VN_SHAPE(8, 4), 0);
    vn_rotary_positional_embedding_options theta = { .theta = 100 };
    vn_tree *rope = vn_rotary_positional_embedding(4, NULL);
    vn_tree *other = vn_rotary_positional_embedding(4, &theta);
    expect_within("rows", vn_call(rope, x), VN_SHAPE(8, 4), want, 1e-5, 1e-6);
    expect_that(!vn_tree_equal(vn_call(other, x), vn_call(rope, x), NULL),
                "another theta has another table");
    expect_refused("an odd size", vn_rotary_positional_embedding(5, NULL), "even");
}
