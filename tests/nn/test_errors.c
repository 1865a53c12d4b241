/* SPDX-License-Identifier: MIT */
/* A wrong argument is one sentence that names the layer and the two things that disagree. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "expect.h"

Test(errors, of_calls_name_both_shapes_and_the_path)
{
    vn_tree *mlp = vn_mlp(4, 2, 8, 2, vn_key(0), NULL);
    vn_array *three = vn_ones(VN_F32, VN_SHAPE(3));
    vn_call(mlp, three);
    cr_assert_not_null(strstr(vn_error_message(), "MLP.layers[0]"), "%s", vn_error_message());
    expect_error(NULL, "Linear: x has shape f32[3], expected f32[4]");
    expect_error(vn_call(vn_linear(VN_SCALAR_FEATURES, 2, vn_key(0), NULL), three),
                 "Linear: x has shape f32[3], expected f32[]");
    expect_error(vn_call(mlp, vn_tuple(three)), "Linear: x is tuple, expected an array");
    expect_error(vn_call(mlp, NULL), "NULL");
    expect_error(vn_call(vn_layer_norm(VN_SHAPE(4), NULL), three),
                 "LayerNorm: x has shape f32[3], expected f32[4]");
    expect_error(vn_call(vn_group_norm(2, 4, NULL), three), "GroupNorm: x has shape f32[3]");
    expect_error(vn_call(vn_conv2d(1, 1, VN_SHAPE(3), vn_key(0), NULL), three),
                 "Conv2d: x has shape f32[3], expected 3 axes");
    expect_error(
        vn_call(vn_conv1d(2, 1, VN_SHAPE(3), vn_key(0), NULL), counting(VN_SHAPE(3, 5), 0)),
        "Conv1d: x has shape f32[3,5], expected 2 channels");
    expect_error(vn_call(vn_max_pool2d(VN_SHAPE(2), NULL), three), "MaxPool2d: x has shape");
    expect_error(vn_call(vn_embedding(3, 4, vn_key(0), NULL), three),
                 "Embedding: the index has shape f32[3], expected f32[]");
    expect_error(vn_call(vn_embedding(3, 4, vn_key(0), NULL), vn_scalar(VN_F32, 1)),
                 "Embedding: the index is f32[], expected an integer");
    expect_error(vn_call(vn_gru_cell(3, 4, vn_key(0), NULL), three, three),
                 "GRUCell: h has shape f32[3], expected f32[4]");
    expect_error(vn_call(vn_lstm_cell(3, 4, vn_key(0), NULL), three, three),
                 "LSTMCell: hidden is f32[3], expected a tuple");
    expect_error(vn_call(vn_adaptive_avg_pool1d(VN_SHAPE(4)), counting(VN_SHAPE(1, 3), 0)),
                 "axis 1 is to become 4");
}

Test(errors, of_pools)
{
    vn_pool_options ceil = { .stride = VN_SHAPE(3), .use_ceil = true };
    vn_pool_options wide = { .padding = VN_SHAPE(3) };
    expect_error(vn_call(vn_max_pool1d(VN_SHAPE(2), &ceil), counting(VN_SHAPE(1, 7), 0)),
                 "more than the kernel size 2");
    expect_error(vn_call(vn_max_pool1d(VN_SHAPE(2), &wide), counting(VN_SHAPE(1, 7), 0)),
                 "the padding of axis 1 is (3, 3)");
    expect_error(vn_max_pool1d(VN_SHAPE(0), NULL), "kernel_size[0] is 0, expected 1 or more");
    expect_error(vn_max_pool2d(VN_SHAPE(2, 2, 2), NULL),
                 "kernel_size has 3 entries, expected 1 or 2");
    expect_error(vn_max_pool2d(VN_SCALAR, NULL), "kernel_size[0] is 0");
    expect_error(vn_adaptive_max_pool1d(VN_SHAPE(0)), "target_shape[0] is 0");
    expect_error(vn_pool(NULL, vn_unary(vn_relu), 1, VN_SHAPE(1), NULL),
                 "init is not a number");
}

Test(errors, of_constructors)
{
    vn_array *key = vn_key(0);
    expect_error(vn_linear(-3, 2, key, NULL), "Linear: in_features is -3, expected 0 or more");
    expect_error(vn_linear(3, 2, NULL, NULL), "Linear: the key is NULL");
    expect_error(vn_linear(3, 2, vn_ones(VN_F32, VN_SHAPE(3)), NULL), "Linear: key has shape");
    expect_error(vn_linear(3, 2, key, &(vn_linear_options){ .dtype = VN_I32 }),
                 "Linear: dtype i32, expected a float dtype");
    expect_error(vn_linear(3, 2, key, &(vn_linear_options){ .dtype = (vn_dtype)77 }),
                 "Linear: dtype");
    expect_error(vn_mlp(2, 2, -1, 2, key, NULL), "MLP: width_size is -1");
    expect_error(vn_mlp(2, 2, 2, INT64_MAX, key, NULL), "MLP: depth is");
    expect_error(vn_dropout(1.5, NULL), "Dropout: p is 1.5, expected 0 to 1");
    expect_error(vn_dropout(NAN, NULL), "Dropout: p is");
    expect_error(vn_embedding(-1, 2, key, NULL), "Embedding: num_embeddings is -1");
    expect_error(
        vn_embedding(3, 2, NULL,
                     &(vn_embedding_options){ .weight = vn_ones(VN_F32, VN_SHAPE(4, 2)) }),
        "Embedding: num_embeddings is 3, but weight has 4");
    expect_error(vn_layer_norm((vn_shape){ .rank = 9 }, NULL), "LayerNorm: shape has rank 9");
    expect_error(vn_layer_norm(VN_SHAPE(-2), NULL), "LayerNorm: a dimension of shape is -2");
    expect_error(vn_layer_norm(VN_SHAPE(2), &(vn_layer_norm_options){ .eps = NAN }),
                 "LayerNorm: eps is nan, expected a finite number");
    expect_error(vn_group_norm(3, 4, NULL), "GroupNorm: groups is 3, but channels 4");
    expect_error(vn_group_norm(3, 0, NULL), "GroupNorm: channels is 0");
    expect_error(vn_gru_cell(2, 0, key, NULL), "GRUCell: hidden_size is 0");
    expect_error(vn_lstm_cell(-2, 1, key, NULL), "LSTMCell: input_size is -2");
    expect_error(vn_multihead_attention(0, 4, key, NULL), "num_heads is 0");
    expect_error(vn_multihead_attention(8, 4, key, NULL), "qk_size is 0");
    expect_error(vn_rotary_positional_embedding(3, NULL), "expected an even number");
    expect_error(vn_batch_norm(3, NULL, NULL), "BatchNorm: the axis name is NULL");
    expect_error(vn_lambda(NULL), "Lambda: fn is NULL");
    expect_error(vn_sequential(vn_identity_layer(), NULL), "Sequential: layer 1 is NULL");
    expect_error(vn_spectral_norm(vn_layer_norm(VN_SHAPE(3), NULL), "weight", key, NULL),
                 "SpectralNorm: the number of axes of the weight is 1");
    expect_error(vn_weight_norm(vn_identity_layer(), NULL), "weight");
}

Test(errors, of_sizes_beyond_all_memory)
{
    vn_array *key = vn_key(0);
    const int64_t huge = 1 << 22, more = INT64_MAX;
    expect_error(vn_conv2d(huge, huge, VN_SHAPE(huge), key, NULL), "does not fit into memory");
    expect_error(vn_layer_norm(VN_SHAPE(huge, huge, huge), NULL), "does not fit into memory");
    expect_error(vn_linear(more, 2, key, NULL),
                 "Linear: in_features is 9223372036854775807, at");
    expect_error(vn_lstm_cell(2, more, key, NULL), "LSTMCell: hidden_size is");
    expect_error(vn_conv1d(1, 1, VN_SHAPE(more), key, NULL), "Conv1d: kernel_size[0] is");
    expect_error(vn_group_norm(1, more, NULL), "GroupNorm: channels is");
    expect_error(vn_max_pool1d(VN_SHAPE(1), &(vn_pool_options){ .stride = VN_SHAPE(more) }),
                 "MaxPool1d: stride[0] is");
}

Test(errors, of_convolutions)
{
    vn_array *key = vn_key(0);
    expect_error(vn_conv1d(3, 4, VN_SHAPE(3), key, &(vn_conv_nd_options){ .groups = 2 }),
                 "Conv1d: groups is 2, but in_channels 3, out_channels 4");
    expect_error(vn_conv1d(3, 4, VN_SHAPE(-1), key, NULL), "kernel_size[0] is -1");
    expect_error(vn_conv2d(3, 4, VN_SHAPE(1), NULL, NULL), "Conv2d: the key is NULL");
    expect_error(
        vn_conv2d(3, 4, VN_SHAPE(1), key, &(vn_conv_nd_options){ .stride = VN_SHAPE(0) }),
        "Conv2d: stride[0] is 0");
    expect_error(vn_conv_nd(0, 3, 4, VN_SHAPE(1), key, NULL), "num_spatial_dims is 0");
    expect_error(vn_conv2d(3, 4, VN_SHAPE(1), key,
                           &(vn_conv_nd_options){ .padding_mode = (vn_padding_mode)9 }),
                 "padding_mode is 9");
    vn_conv_transpose_nd_options extra = { .output_padding = VN_SHAPE(1) };
    expect_error(vn_conv_transpose1d(1, 1, VN_SHAPE(3), key, &extra),
                 "output_padding[0] is 1, but stride[0] is 1");
    vn_conv_transpose_nd_options reflect = { .padding_mode = VN_PADDING_REFLECT };
    expect_error(vn_conv_transpose1d(1, 1, VN_SHAPE(3), key, &reflect), "padding_mode REFLECT");
}
