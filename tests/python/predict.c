/* SPDX-License-Identifier: MIT */
/* predict MODEL FILE OUT X Y: reads the model from FILE, writes it to OUT, and its predictions
 * for the array "x" of X.npz as "y" to Y.npz. FILE and OUT are .eqx, .npz or .safetensors. */
#include <stdio.h>
#include <string.h>
#include <vernal.h>

static vn_tree *dict3(const char *const keys[3], vn_tree *a, vn_tree *b, vn_tree *c)
{
    return vn_dict_n(3, keys, VN_TREES(a, b, c));
}

static vn_tree *field(vn_tree *model, const char *name) /* of a dict */
{
    char path[40];
    snprintf(path, sizeof path, "['%s']", name);
    return vn_get(model, path);
}

/* ---- mlp: x [3] -> [2] */

static vn_tree *mlp(void) { return vn_mlp(3, 2, 8, 2, vn_key(1), NULL); }
static vn_tree *mlp_call(vn_tree *const arg[]) { return vn_call(arg[0], arg[1]); }

/* ---- conv: x [1, 8, 8] -> [3] */

static vn_tree *conv(void)
{
    static const char *const keys[] = { "conv", "out", "up" };
    const vn_conv_nd_options pad = { .padding = VN_SHAPE(1) };
    const vn_conv_transpose_nd_options up = { .stride = VN_SHAPE(2), .groups = 2 };
    return dict3(keys, vn_conv2d(1, 4, VN_SHAPE(3, 2), vn_key(1), &pad),
                 vn_linear(6 * 18 * 20, 3, vn_key(2), NULL),
                 vn_conv_transpose2d(4, 6, VN_SHAPE(4), vn_key(3), &up));
}

static vn_tree *conv_call(vn_tree *const arg[])
{
    vn_array *h = vn_relu(vn_call(field(arg[0], "conv"), arg[1]));
    h = vn_tanh(vn_call(field(arg[0], "up"), h));
    return vn_call(field(arg[0], "out"), vn_reshape(h, VN_SHAPE(vn_size(h))));
}

/* ---- gru, lstm: x [5, 2] -> [1] */

static vn_tree *recurrent(vn_tree *cell)
{
    static const char *const keys[] = { "cell", "out" };
    return vn_dict_n(2, keys, VN_TREES(cell, vn_linear(4, 1, vn_key(2), NULL)));
}

static vn_tree *gru(void) { return recurrent(vn_gru_cell(2, 4, vn_key(1), NULL)); }
static vn_tree *lstm(void) { return recurrent(vn_lstm_cell(2, 4, vn_key(1), NULL)); }

static vn_tree *step(vn_tree *const arg[]) /* cell, state, x -> (state, none) */
{
    return vn_tuple(vn_call(arg[0], arg[2], arg[1]), vn_none());
}

static vn_tree *run(vn_tree *const arg[], vn_tree *start)
{
    vn_tree *f = vn_partial(vn_function(step, 3), field(arg[0], "cell"));
    return vn_at(vn_scan(f, start, arg[1], 0), 0);
}

static vn_tree *gru_call(vn_tree *const arg[])
{
    return vn_call(field(arg[0], "out"), run(arg, vn_zeros(VN_F32, VN_SHAPE(4))));
}

static vn_tree *lstm_call(vn_tree *const arg[])
{
    vn_array *zero = vn_zeros(VN_F32, VN_SHAPE(4));
    return vn_call(field(arg[0], "out"), vn_at(run(arg, vn_tuple(zero, zero)), 0));
}

/* ---- attention: x [5, 8] -> [5, 8] */

static vn_tree *attention(void)
{
    static const char *const keys[] = { "attention", "norm", "slope" };
    const vn_multihead_attention_options biases = { .use_query_bias = true,
                                                    .use_key_bias = true,
                                                    .use_value_bias = true,
                                                    .use_output_bias = true };
    return dict3(keys, vn_multihead_attention(2, 8, vn_key(1), &biases),
                 vn_layer_norm(VN_SHAPE(8), NULL), vn_prelu(NULL));
}

static vn_tree *attention_call(vn_tree *const arg[])
{
    vn_tree *norm = vn_filter_vmap(field(arg[0], "norm"), NULL);
    vn_array *y = vn_call(field(arg[0], "attention"), arg[1], arg[1], arg[1]);
    return vn_call(field(arg[0], "slope"), vn_call(norm, y));
}

/* ---- norm: x [3] -> [3], with running averages */

static vn_tree *norm(void)
{
    static const char *const keys[] = { "linear", "norm" };
    const vn_batch_norm_options inference = { .inference = true };
    return vn_dict_n(2, keys,
                     VN_TREES(vn_linear(3, 3, vn_key(1), NULL),
                              vn_batch_norm(3, "batch", &inference)));
}

static vn_tree *norm_call(vn_tree *const arg[])
{
    vn_array *h = vn_call(field(arg[0], "linear"), arg[1]);
    return vn_at(vn_call(field(arg[0], "norm"), h, vn_state(arg[0])), 0);
}

static const struct {
    const char *name;
    vn_tree *(*make)(void);
    vn_fn *call;
} models[] = {
    { "mlp", mlp, mlp_call },   { "conv", conv, conv_call },
    { "gru", gru, gru_call },   { "lstm", lstm, lstm_call },
    { "norm", norm, norm_call }, { "attention", attention, attention_call },
};

static bool ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && !strcmp(text + strlen(text) - strlen(end), end);
}

static vn_tree *load(const char *path, vn_tree *like)
{
    if (ends_with(path, ".eqx"))
        return vn_tree_deserialise_leaves(path, like);
    vn_tree *dict =
        ends_with(path, ".npz") ? vn_npz_load(path) : vn_safetensors_load(path);
    return vn_load_state_dict(like, dict, NULL);
}

static void save(const char *path, vn_tree *model)
{
    if (ends_with(path, ".eqx"))
        vn_tree_serialise_leaves(path, model);
    else if (ends_with(path, ".npz"))
        vn_npz_save(path, vn_state_dict(model, NULL), NULL);
    else
        vn_safetensors_save(path, vn_state_dict(model, NULL), NULL);
}

int main(int argc, char **argv)
{
    size_t i = 0;
    const size_t n = sizeof models / sizeof models[0];
    while (argc == 6 && i < n && strcmp(models[i].name, argv[1]) != 0)
        i++;
    if (argc != 6 || i == n)
        return fprintf(stderr, "predict MODEL FILE OUT X Y\n"), 2;
    vn_tree *model = load(argv[2], models[i].make());
    save(argv[3], model);
    vn_tree *x = field(vn_npz_load(argv[4]), "x");
    vn_tree *y = vn_vmap_call(vn_partial(vn_function(models[i].call, 2), model), x);
    static const char *const key = "y";
    vn_npz_save(argv[5], y ? vn_dict_n(1, &key, &y) : NULL, NULL);
    if (!vn_ok())
        fprintf(stderr, "%s\n", vn_error_message());
    return vn_ok() ? 0 : 1;
}
