/* SPDX-License-Identifier: MIT */
/* tree_pformat of each layer: the text of Equinox 0.13.8, fields, order and defaults that are
 * left out. What differs: functions have the names that they have here, a marker is a string, a
 * place that Shared fills is one too, and a dtype is f32 and not jax.numpy.float32. */
#include <criterion/criterion.h>
#include <string.h>

#include "expect.h"

static void expect_text(vn_tree *layer, const char *text)
{
    vn_tree *got = vn_tree_pformat(layer, NULL);
    cr_assert(got, "%s", vn_error_message());
    cr_assert_str_eq(vn_string_value(got), text);
}

/* The text is in that of the layer. */
static void expect_part(vn_tree *layer, const char *text)
{
    vn_tree *got = vn_tree_pformat(layer, NULL);
    cr_assert(got, "%s", vn_error_message());
    cr_assert(strstr(vn_string_value(got), text), "%s\nis not in\n%s", text,
              vn_string_value(got));
}

static vn_array *key(void) { return vn_key(0); }

#define LINEAR_2_3                                                                     \
    "Linear(\n      weight=f32[3,2], bias=f32[3], in_features=2, out_features=3, " \
    "use_bias=True\n    )"

Test(text, dense)
{
    vn_linear_options no_bias = { .no_bias = true };
    expect_text(vn_linear(VN_SCALAR_FEATURES, 3, key(), &no_bias),
                "Linear(\n  weight=f32[3,1],\n  bias=None,\n  in_features='scalar',\n"
                "  out_features=3,\n  use_bias=False\n)");
    expect_text(vn_identity_layer(), "Identity()");
    expect_text(vn_embedding(3, 4, key(), NULL),
                "Embedding(num_embeddings=3, embedding_size=4, weight=f32[3,4])");
    expect_text(vn_dropout(0.5, NULL), "Dropout(p=0.5, inference=False)");
    expect_text(vn_prelu(vn_ones(VN_F32, VN_SHAPE(3))), "PReLU(negative_slope=f32[3])");
    expect_text(vn_sequential(vn_linear(2, 3, key(), NULL), vn_lambda(vn_unary(vn_relu))),
                "Sequential(\n  layers=(\n    " LINEAR_2_3 ",\n    Lambda(fn=<function relu>)\n"
                "  )\n)");
}

Test(text, mlp)
{
    expect_part(vn_mlp(2, 3, 4, 1, key(), NULL),
                "  final_activation=<function identity>,\n  use_bias=True,\n"
                "  use_final_bias=True,\n  in_size=2,\n  out_size=3,\n  width_size=4,\n"
                "  depth=1\n)");
    expect_part(vn_mlp(2, VN_SCALAR_FEATURES, 4, 3, key(), &(vn_mlp_options){ .scan = true }),
                "  in_size=2,\n  out_size='scalar',\n  width_size=4,\n  depth=3,\n"
                "  scan=True\n)");
}

Test(text, convolutions)
{
    vn_conv_nd_options pairs = { .padding = VN_SHAPE(0, 2), .padding_end = VN_SHAPE(1, 3) };
    expect_text(vn_conv2d(1, 3, VN_SHAPE(4), key(), &pairs),
                "Conv2d(\n  num_spatial_dims=2,\n  weight=f32[3,1,4,4],\n  bias=f32[3,1,1],\n"
                "  in_channels=1,\n  out_channels=3,\n  kernel_size=(4, 4),\n  stride=(1, 1),\n"
                "  padding=((0, 1), (2, 3)),\n  dilation=(1, 1),\n  groups=1,\n"
                "  use_bias=True,\n  padding_mode='ZEROS'\n)");
    vn_conv_nd_options same = { .padding_rule = VN_PADDING_SAME };
    expect_part(vn_conv1d(1, 3, VN_SHAPE(4), key(), &same),
                "  kernel_size=(4,),\n  stride=(1,),\n  padding='SAME',\n  dilation=(1,),\n");
    vn_conv_transpose_nd_options two = { .stride = VN_SHAPE(2), .output_padding = VN_SHAPE(1) };
    expect_part(vn_conv_transpose2d(1, 3, VN_SHAPE(4), key(), &two),
                "  stride=(2, 2),\n  padding=((0, 0), (0, 0)),\n  output_padding=(1, 1),\n"
                "  dilation=(1, 1),\n  groups=1,\n  use_bias=True,\n  padding_mode='ZEROS'\n)");
}

Test(text, pools)
{
    expect_text(vn_max_pool2d(VN_SHAPE(2), NULL),
                "MaxPool2d(\n  init=-inf,\n  operation=<function max>,\n  num_spatial_dims=2,\n"
                "  kernel_size=(2, 2),\n  stride=(1, 1),\n  padding=((0, 0), (0, 0)),\n"
                "  use_ceil=False\n)");
    vn_pool_options padded = { .stride = VN_SHAPE(2), .padding = VN_SHAPE(1) };
    expect_text(vn_avg_pool1d(VN_SHAPE(3), &padded),
                "AvgPool1d(\n  init=0,\n  operation=<function add>,\n  num_spatial_dims=1,\n"
                "  kernel_size=(3,),\n  stride=(2,),\n  padding=((1, 1),),\n"
                "  use_ceil=False\n)");
    expect_text(vn_adaptive_pool(VN_SHAPE(3), 2, vn_unary(vn_max)),
                "AdaptivePool(target_shape=(3, 3), operation=<function max>)");
    expect_text(vn_adaptive_avg_pool2d(VN_SHAPE(2, 3)),
                "AdaptiveAvgPool2d(target_shape=(2, 3), operation=<function mean>)");
}

Test(text, cells)
{
    expect_text(vn_gru_cell(2, 3, key(), NULL),
                "GRUCell(\n  weight_ih=f32[9,2],\n  weight_hh=f32[9,3],\n  bias=f32[9],\n"
                "  bias_n=f32[3],\n  input_size=2,\n  hidden_size=3,\n  use_bias=True\n)");
    expect_text(vn_lstm_cell(2, 3, key(), NULL),
                "LSTMCell(\n  weight_ih=f32[12,2],\n  weight_hh=f32[12,3],\n  bias=f32[12],\n"
                "  input_size=2,\n  hidden_size=3,\n  use_bias=True\n)");
}

Test(text, norms)
{
    expect_text(vn_layer_norm(VN_SHAPE(3, 4), &(vn_layer_norm_options){ .no_bias = true }),
                "LayerNorm(\n  shape=(3, 4),\n  eps=1e-05,\n  use_weight=True,\n"
                "  use_bias=False,\n  weight=f32[3,4],\n  bias=None\n)");
    expect_text(vn_rms_norm(VN_SHAPE(3), NULL),
                "RMSNorm(\n  shape=(3,),\n  eps=1e-05,\n  use_weight=True,\n  use_bias=True,\n"
                "  weight=f32[3],\n  bias=f32[3]\n)");
    vn_group_norm_options plain = { .no_channelwise_affine = true };
    expect_text(vn_group_norm(2, 0, &plain),
                "GroupNorm(\n  groups=2,\n  channels=None,\n  eps=1e-05,\n"
                "  channelwise_affine=False,\n  weight=None,\n  bias=None\n)");
    expect_part(vn_group_norm(2, 4, NULL), "  groups=2,\n  channels=4,\n");
    vn_batch_norm_options both = { .mode = VN_BATCH_NORM_BATCH,
                                   .axis_names = vn_tuple(vn_string("a"), vn_string("b")) };
    expect_part(vn_batch_norm(3, NULL, &both),
                "  axis_name=('a', 'b'),\n  inference=False,\n  input_size=3,\n  eps=1e-05,\n"
                "  channelwise_affine=True,\n  momentum=0.99,\n  mode='batch'\n)");
    expect_part(vn_batch_norm(3, "batch", NULL),
                "  batch_counter=None,\n  batch_state_index=None,\n  axis_name='batch',\n");
    both.equinox_debias = true;
    expect_part(vn_batch_norm(3, NULL, &both), "  mode='batch',\n  equinox_debias=True\n)");
}

Test(text, wrappers)
{
    vn_tree *linear = vn_linear(2, 3, key(), NULL);
    expect_part(vn_weight_norm(linear, NULL),
                "  g=f32[3,1],\n  weight_name='weight',\n  axis=0,\n  _norm=");
    expect_part(vn_weight_norm(linear, &(vn_weight_norm_options){ .no_axis = true }),
                "  g=f32[1,1],\n  weight_name='weight',\n  axis=None,\n  _norm=");
    expect_part(vn_spectral_norm(linear, "weight", key(), NULL),
                "init=(f32[3], f32[2])),\n  num_power_iterations=1,\n  eps=1e-12,\n"
                "  inference=False\n)");
}

Test(text, attention)
{
    expect_part(vn_multihead_attention(2, 4, key(), NULL),
                "  dropout=Dropout(p=0.0, inference=False),\n  num_heads=2,\n  query_size=4,\n"
                "  key_size=4,\n  value_size=4,\n  output_size=4,\n  qk_size=2,\n  vo_size=2,\n"
                "  use_query_bias=False,\n  use_key_bias=False,\n  use_value_bias=False,\n"
                "  use_output_bias=False\n)");
    expect_text(vn_rotary_positional_embedding(4, NULL),
                "RotaryPositionalEmbedding(embedding_size=4, dtype='f32')");
    vn_rotary_positional_embedding_options other = { .theta = 100 };
    expect_text(vn_rotary_positional_embedding(4, &other),
                "RotaryPositionalEmbedding(embedding_size=4, theta=100.0, dtype='f32')");
}

Test(text, of_a_state)
{
    vn_tree *both = vn_make_with_state(vn_batch_norm(3, "batch", NULL));
    expect_part(vn_at(both, 0),
                "  ema_first_time_index=StateIndex(\n"
                "    marker='BatchNorm.ema_first_time_index', init=None\n  ),\n");
}
