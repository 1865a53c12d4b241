/* SPDX-License-Identifier: MIT */
/* One of each layer: prints its name and the paths of its leaves in order, as docs/layers.md
 * lists them. docs/layers.sh compares the two. */
#include <stdio.h>
#include <vernal.h>

static vn_tree *mlp(void) { return vn_mlp(2, 1, 8, 1, vn_key(0), NULL); }
static vn_tree *linear(void) { return vn_linear(4, 3, vn_key(0), NULL); }
static vn_tree *identity(void) { return vn_identity_layer(); }
static vn_tree *embedding(void) { return vn_embedding(5, 3, vn_key(0), NULL); }
static vn_tree *sequential(void) { return vn_sequential(linear(), vn_unary(vn_relu)); }
static vn_tree *lambda(void) { return vn_lambda(vn_unary(vn_relu)); }
static vn_tree *dropout(void) { return vn_dropout(0.5, NULL); }
static vn_tree *prelu(void) { return vn_prelu(NULL); }

static vn_tree *conv(void) { return vn_conv_nd(2, 1, 4, VN_SHAPE(3), vn_key(0), NULL); }
static vn_tree *conv1d(void) { return vn_conv1d(1, 4, VN_SHAPE(3), vn_key(0), NULL); }
static vn_tree *conv2d(void) { return vn_conv2d(1, 4, VN_SHAPE(3), vn_key(0), NULL); }
static vn_tree *conv3d(void) { return vn_conv3d(1, 4, VN_SHAPE(3), vn_key(0), NULL); }

static vn_tree *conv_transpose(void)
{
    return vn_conv_transpose_nd(2, 1, 4, VN_SHAPE(3), vn_key(0), NULL);
}
static vn_tree *conv_transpose1d(void)
{
    return vn_conv_transpose1d(1, 4, VN_SHAPE(3), vn_key(0), NULL);
}
static vn_tree *conv_transpose2d(void)
{
    return vn_conv_transpose2d(1, 4, VN_SHAPE(3), vn_key(0), NULL);
}
static vn_tree *conv_transpose3d(void)
{
    return vn_conv_transpose3d(1, 4, VN_SHAPE(3), vn_key(0), NULL);
}

static vn_tree *add(vn_tree *const arg[]) { return vn_add(arg[0], arg[1]); }

static vn_tree *pool(void)
{
    return vn_pool(vn_int(0), vn_function(add, 2), 2, VN_SHAPE(2), NULL);
}
static vn_tree *max_pool1d(void) { return vn_max_pool1d(VN_SHAPE(2), NULL); }
static vn_tree *max_pool2d(void) { return vn_max_pool2d(VN_SHAPE(2), NULL); }
static vn_tree *max_pool3d(void) { return vn_max_pool3d(VN_SHAPE(2), NULL); }
static vn_tree *avg_pool1d(void) { return vn_avg_pool1d(VN_SHAPE(2), NULL); }
static vn_tree *avg_pool2d(void) { return vn_avg_pool2d(VN_SHAPE(2), NULL); }
static vn_tree *avg_pool3d(void) { return vn_avg_pool3d(VN_SHAPE(2), NULL); }

static vn_tree *adaptive_pool(void)
{
    return vn_adaptive_pool(VN_SHAPE(2), 2, vn_unary(vn_mean));
}
static vn_tree *adaptive_max_pool1d(void) { return vn_adaptive_max_pool1d(VN_SHAPE(2)); }
static vn_tree *adaptive_max_pool2d(void) { return vn_adaptive_max_pool2d(VN_SHAPE(2)); }
static vn_tree *adaptive_max_pool3d(void) { return vn_adaptive_max_pool3d(VN_SHAPE(2)); }
static vn_tree *adaptive_avg_pool1d(void) { return vn_adaptive_avg_pool1d(VN_SHAPE(2)); }
static vn_tree *adaptive_avg_pool2d(void) { return vn_adaptive_avg_pool2d(VN_SHAPE(2)); }
static vn_tree *adaptive_avg_pool3d(void) { return vn_adaptive_avg_pool3d(VN_SHAPE(2)); }

static vn_tree *gru_cell(void) { return vn_gru_cell(2, 4, vn_key(0), NULL); }
static vn_tree *lstm_cell(void) { return vn_lstm_cell(2, 4, vn_key(0), NULL); }
static vn_tree *layer_norm(void) { return vn_layer_norm(VN_SHAPE(4), NULL); }
static vn_tree *rms_norm(void) { return vn_rms_norm(VN_SHAPE(4), NULL); }
static vn_tree *group_norm(void) { return vn_group_norm(2, 4, NULL); }
static vn_tree *batch_norm(void) { return vn_batch_norm(4, "batch", NULL); }
static vn_tree *spectral_norm(void)
{
    return vn_spectral_norm(linear(), "weight", vn_key(0), NULL);
}
static vn_tree *weight_norm(void) { return vn_weight_norm(linear(), NULL); }
static vn_tree *attention(void) { return vn_multihead_attention(2, 4, vn_key(0), NULL); }
static vn_tree *rotary(void) { return vn_rotary_positional_embedding(4, NULL); }
static vn_tree *shared(void)
{
    vn_tree *out = vn_linear(3, 5, vn_key(0), &(vn_linear_options){ .no_bias = true });
    return vn_shared(vn_tuple(embedding(), out), "[1].weight", "[0].weight");
}
static vn_tree *state_index(void) { return vn_state_index(vn_int(0)); }
static vn_tree *state(void) { return vn_state(batch_norm()); }

static vn_tree *(*const layers[])(void) = {
    linear, identity, embedding, mlp, sequential, lambda, dropout, prelu, conv, conv1d, conv2d,
    conv3d, conv_transpose, conv_transpose1d, conv_transpose2d, conv_transpose3d, pool,
    max_pool1d, max_pool2d, max_pool3d, avg_pool1d, avg_pool2d, avg_pool3d, adaptive_pool,
    adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d, adaptive_avg_pool1d,
    adaptive_avg_pool2d, adaptive_avg_pool3d, gru_cell, lstm_cell, layer_norm, rms_norm,
    group_norm, batch_norm, spectral_norm, weight_norm, attention, rotary, shared, state_index,
    state,
};

int main(void)
{
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        vn_tree *layer = layers[i]();
        char path[200];
        if (!layer)
            return puts(vn_error_message()), 1;
        printf("%s:", layer->type->name);
        for (int k = 0; k < vn_tree_count(layer); k++) {
            const char *text = vn_tree_path(layer, k, path, sizeof path);
            printf(" %s", *text == '.' ? text + 1 : text);
        }
        puts("");
    }
    return vn_ok() ? 0 : 1;
}
