/* SPDX-License-Identifier: MIT */
/* MultiheadAttention and RotaryPositionalEmbedding (equinox.md, rows 31 and 32). */
#include <criterion/criterion.h>

#include "expect.h"

static vn_tree *small(void)
{
    vn_tree *layer = vn_multihead_attention(2, 4, vn_key(0), NULL);
    const char *const paths[] = { "query_proj.weight", "key_proj.weight", "value_proj.weight",
                                  "output_proj.weight" };
    vn_array *w = counting(VN_SHAPE(4, 4), 0);
    return vn_tree_at_n(layer, 4, paths, VN_TREES(w, w, w, w));
}

#define ROW 680, 1960, 3240, 4520

Test(attention, one_position)
{
    vn_array *x = NUMBERS(VN_SHAPE(1, 4), 1, 2, 3, 4);
    EXPECT(vn_call(small(), x, x, x), VN_SHAPE(1, 4), ROW);
}

Test(attention, a_mask_hides_all_but_the_first)
{
    const uint8_t first[18] = { 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0 };
    vn_array *x = counting(VN_SHAPE(3, 4), 1);
    vn_array *mask = vn_array_from(VN_BOOL, VN_SHAPE(3, 3), first);
    vn_array *by_head = vn_array_from(VN_BOOL, VN_SHAPE(2, 3, 3), first);
    EXPECT(vn_call(small(), x, x, x, mask), VN_SHAPE(3, 4), ROW, ROW, ROW);
    EXPECT(vn_call(small(), x, x, x, by_head), VN_SHAPE(3, 4), ROW, ROW, ROW);
    expect_error(vn_call(small(), x, x, x, vn_ones(VN_BOOL, VN_SHAPE(3))),
                 "the mask has shape");
}

Test(attention, sizes)
{
    vn_multihead_attention_options options = {
        .key_size = 5, .value_size = 7, .output_size = 11, .qk_size = 13, .vo_size = 17
    };
    vn_tree *layer = vn_multihead_attention(2, 3, vn_key(0), &options);
    vn_array *q = vn_ones(VN_F32, VN_SHAPE(19, 3)), *k = vn_ones(VN_F32, VN_SHAPE(23, 5));
    expect_shape(vn_call(layer, q, k, vn_ones(VN_F32, VN_SHAPE(23, 7))), VN_F32,
                 VN_SHAPE(19, 11));
    expect_error(vn_call(layer, q, k, vn_ones(VN_F32, VN_SHAPE(22, 7))),
                 "their lengths differ");
}

Test(attention, inference_mode_changes_a_copy)
{
    vn_multihead_attention_options options = { .dropout_p = 0.5 };
    vn_tree *layer = vn_multihead_attention(1, 4, vn_key(0), &options);
    vn_tree *copy = vn_inference_mode(layer, true);
    vn_array *x = vn_ones(VN_F32, VN_SHAPE(2, 4));
    cr_assert(vn_bool_value(vn_get(copy, "dropout.inference")));
    cr_assert(!vn_bool_value(vn_get(layer, "dropout.inference")));
    expect_error(vn_call(layer, x, x, x), "Dropout: a key is needed");
    expect_shape(vn_call(layer, x, x, x, vn_none(), vn_key(1)), VN_F32, VN_SHAPE(2, 4));
    expect_close(vn_call(copy, x, x, x),
                 vn_call(layer, x, x, x, vn_none(), vn_none(), vn_bool(true)), 0, 0);
}

Test(rotary, values)
{
    vn_tree *rope = vn_rotary_positional_embedding(4, NULL);
    static const double expected[] = {
        0,          1,          2,         3,         -2.887617,  4.9297514, 6.6076975,
        7.0496492,  -12.422148, 8.778215,  3.1129112, 11.177788,  -13.85559, 12.544218,
        -12.166454, 15.383192,  3.1641474, 16.226604, -23.874424, 19.664621, 26.769577,
        19.824234,  -12.937918, 24.020819, 30.30889,  23.335985,  18.258457, 28.450514,
        1.3996639,  26.760752,  41.01269,  32.952423,
    };
    expect_values(vn_call(rope, counting(VN_SHAPE(8, 4), 0)), VN_SHAPE(8, 4), expected, 1e-5,
                  1e-5);
    vn_rotary_positional_embedding_options other = { .theta = 100 };
    vn_array *x = counting(VN_SHAPE(8, 4), 0);
    vn_array *difference =
        vn_sub(vn_call(vn_rotary_positional_embedding(4, &other), x), vn_call(rope, x));
    cr_assert(vn_item(vn_norm(difference)) > 1);
}
