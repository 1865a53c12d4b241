/* SPDX-License-Identifier: MIT */
#include "fuzz/options.h"

/* const T *fuzz_T(void): NULL, or the struct with these fields. */
#define DRAWN(T, ...)                           \
    const T *fuzz_##T(void)                     \
    {                                           \
        static T drawn;                         \
        drawn = (T){ __VA_ARGS__ };             \
        return fuzz_chance(30) ? NULL : &drawn; \
    }

static bool flag(void) { return fuzz_chance(30); }
static vn_padding rule(void) { return fuzz_chance(50) ? 0 : (vn_padding)fuzz_enum(4); }
static vn_padding_mode mode(void)
{
    return fuzz_chance(50) ? 0 : (vn_padding_mode)fuzz_enum(4);
}
static vn_tree *rarely(vn_tree *tree) { return fuzz_chance(20) ? tree : NULL; }
static int64_t groups(void) { return fuzz_chance(60) ? 0 : fuzz_few(); }

DRAWN(vn_linear_options, .no_bias = flag(), .dtype = fuzz_dtype())
DRAWN(vn_embedding_options, .weight = rarely(fuzz_tree()), .dtype = fuzz_dtype())
DRAWN(vn_mlp_options, .activation = rarely(fuzz_function()), .no_bias = flag(),
      .final_activation = rarely(fuzz_function()), .no_final_bias = flag(),
      .dtype = fuzz_dtype(), .scan = flag())
DRAWN(vn_conv_nd_options, .stride = fuzz_sizes(), .padding = fuzz_sizes(),
      .padding_end = fuzz_sizes(), .padding_rule = rule(), .dilation = fuzz_sizes(),
      .groups = groups(), .no_bias = flag(), .padding_mode = mode(), .dtype = fuzz_dtype())
DRAWN(vn_conv_transpose_nd_options, .stride = fuzz_sizes(), .padding = fuzz_sizes(),
      .padding_end = fuzz_sizes(), .padding_rule = rule(), .dilation = fuzz_sizes(),
      .output_padding = fuzz_chance(60) ? VN_SCALAR : fuzz_sizes(), .groups = groups(),
      .no_bias = flag(), .padding_mode = mode(), .dtype = fuzz_dtype())
DRAWN(vn_pool_options, .stride = fuzz_sizes(), .padding = fuzz_sizes(),
      .padding_end = fuzz_sizes(), .use_ceil = flag())
DRAWN(vn_gru_cell_options, .no_bias = flag(), .dtype = fuzz_dtype())
DRAWN(vn_lstm_cell_options, .no_bias = flag(), .dtype = fuzz_dtype())
DRAWN(vn_layer_norm_options, .eps = fuzz_number(), .no_weight = flag(), .no_bias = flag(),
      .dtype = fuzz_dtype())
DRAWN(vn_rms_norm_options, .eps = fuzz_number(), .no_weight = flag(), .no_bias = flag(),
      .dtype = fuzz_dtype())
DRAWN(vn_group_norm_options, .eps = fuzz_number(), .no_channelwise_affine = flag(),
      .dtype = fuzz_dtype())
DRAWN(vn_batch_norm_options, .eps = fuzz_number(), .no_channelwise_affine = flag(),
      .momentum = fuzz_number(), .inference = fuzz_chance(70), .dtype = fuzz_dtype(),
      .mode = (vn_batch_norm_mode)fuzz_enum(2), .axis_names = rarely(fuzz_tree()),
      .equinox_debias = flag())
DRAWN(vn_spectral_norm_options, .num_power_iterations = fuzz_chance(80) ? 0 : fuzz_few(),
      .eps = fuzz_number(), .inference = flag())
DRAWN(vn_weight_norm_options, .weight_name = rarely(vn_none()) ? fuzz_text() : NULL,
      .axis = fuzz_axis(), .no_axis = flag())
DRAWN(vn_multihead_attention_options, .key_size = fuzz_some(), .value_size = fuzz_some(),
      .output_size = fuzz_some(), .qk_size = fuzz_some(), .vo_size = fuzz_some(),
      .use_query_bias = flag(), .use_key_bias = flag(), .use_value_bias = flag(),
      .use_output_bias = flag(), .dropout_p = fuzz_number(), .inference = flag(),
      .dtype = fuzz_dtype())
DRAWN(vn_rotary_positional_embedding_options, .theta = fuzz_number(), .dtype = fuzz_dtype())
DRAWN(vn_dropout_options, .inference = flag())

/* ------------------------------------------- of trees, transformations, files, optimisers */

static vn_tree *axis(void)
{
    return fuzz_chance(50)   ? vn_int(0)
           : fuzz_chance(50) ? vn_int(fuzz_axis())
           : fuzz_chance(50) ? vn_none()
                             : fuzz_tree();
}

DRAWN(vn_tree_equal_options, .rtol = fuzz_number(), .atol = fuzz_number(), .typematch = flag())
DRAWN(vn_tree_pformat_options, .width = (int)fuzz_few(), .indent = fuzz_axis(),
      .values = flag())
DRAWN(vn_jit_options, .donate = fuzz_chance(80) ? VN_DONATE_NONE : (vn_donate)fuzz_enum(5))
DRAWN(vn_grad_options, .has_aux = flag())
DRAWN(vn_state_dict_options, .filter = flag() ? vn_is_array_like : NULL,
      .ignore_missing = flag(), .ignore_extra = flag(), .cast = flag())
DRAWN(vn_sgd_options, .momentum = fuzz_number(), .nesterov = flag())
DRAWN(vn_adam_options, .b1 = fuzz_number(), .b2 = fuzz_number(), .eps = fuzz_number(),
      .eps_root = fuzz_number(), .weight_decay = fuzz_number(), .nesterov = flag())
DRAWN(vn_adabelief_options, .b1 = fuzz_number(), .b2 = fuzz_number(), .eps = fuzz_number(),
      .eps_root = fuzz_number())
DRAWN(vn_rmsprop_options, .decay = fuzz_number(), .eps = fuzz_number(),
      .initial_scale = fuzz_number(), .eps_outside = flag(), .centered = flag(),
      .momentum = fuzz_number(), .nesterov = flag())
DRAWN(vn_lion_options, .b1 = fuzz_number(), .b2 = fuzz_number(), .weight_decay = fuzz_number())
DRAWN(vn_adagrad_options, .initial_accumulator_value = fuzz_number(), .eps = fuzz_number())
DRAWN(vn_exponential_decay_options, .transition_begin = fuzz_few(), .staircase = flag(),
      .has_end_value = flag(), .end_value = fuzz_number())
DRAWN(vn_cosine_decay_options, .alpha = fuzz_number(), .exponent = fuzz_number())
DRAWN(vn_warmup_cosine_decay_options, .end_value = fuzz_number(), .exponent = fuzz_number())
DRAWN(vn_cosine_onecycle_options, .pct_start = fuzz_number(), .div_factor = fuzz_number(),
      .final_div_factor = fuzz_number())

const vn_vmap_options *fuzz_vn_vmap_options(void)
{
    static vn_vmap_options drawn;
    static vn_tree *axes[3];
    for (int i = 0; i < 3; i++)
        axes[i] = axis();
    drawn = (vn_vmap_options){
        .in_axes = fuzz_chance(50) ? axes : NULL,
        .n_in = fuzz_chance(95) ? 1 + fuzz_below(2) : -1,
        .out_axes = rarely(axis()),
        .axis_name = fuzz_chance(30) ? fuzz_text() : NULL,
        .axis_size = fuzz_chance(80) ? 0 : fuzz_few(),
    };
    return fuzz_chance(20) ? NULL : &drawn;
}

/* ------------------------------------------------------------------ of the operations */

/* Counts for the axes: mostly `usual`, else any. */
static void fill(int64_t out[VN_MAX_RANK], int usual)
{
    for (int i = 0; i < VN_MAX_RANK; i++)
        out[i] = fuzz_chance(75) ? usual : fuzz_few();
}

const vn_pads *fuzz_vn_pads(void)
{
    static vn_pads drawn;
    fill(drawn.lo, 0);
    fill(drawn.hi, 1);
    fill(drawn.interior, 0);
    return fuzz_chance(5) ? NULL : &drawn;
}

const vn_dot_dims *fuzz_vn_dot_dims(void)
{
    static vn_dot_dims drawn;
    drawn = (vn_dot_dims){ .contract_a = fuzz_axes(), .contract_b = fuzz_axes() };
    if (fuzz_chance(60))
        drawn = (vn_dot_dims){ .contract_a = VN_AXES(0), .contract_b = VN_AXES(-1) };
    if (fuzz_chance(20))
        drawn.batch_a = fuzz_axes(), drawn.batch_b = fuzz_axes();
    return fuzz_chance(5) ? NULL : &drawn;
}

const vn_conv_options *fuzz_vn_conv_options(void)
{
    static vn_conv_options drawn;
    fill(drawn.stride, 0);
    fill(drawn.pad_lo, 1);
    fill(drawn.pad_hi, 1);
    fill(drawn.dilation, 1);
    fill(drawn.lhs_dilation, 0);
    drawn.groups = groups();
    return fuzz_chance(10) ? NULL : &drawn;
}

const vn_window *fuzz_vn_window(void)
{
    static vn_window drawn;
    drawn.n = fuzz_chance(90) ? fuzz_below(4) : fuzz_axis();
    fill(drawn.size, 2);
    fill(drawn.stride, 1);
    fill(drawn.pad_lo, 0);
    fill(drawn.pad_hi, 1);
    return fuzz_chance(5) ? NULL : &drawn;
}

const vn_shape *fuzz_vn_shape(void)
{
    static vn_shape drawn;
    drawn = fuzz_shape();
    return fuzz_chance(50) ? NULL : &drawn;
}
