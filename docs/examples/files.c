/* SPDX-License-Identifier: MIT */
/* files [FOLDER]: the C of docs/howto/files.md. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <vernal.h>

/* ---- hyperparameters and leaves in one file */

/* The model that a line of hyperparameters describes. */
static vn_tree *make(vn_tree *hyper)
{
    return vn_mlp(vn_int_value(vn_get(hyper, "['in_size']")),
                  vn_int_value(vn_get(hyper, "['out_size']")),
                  vn_int_value(vn_get(hyper, "['width']")),
                  vn_int_value(vn_get(hyper, "['depth']")), vn_key(0), NULL);
}

static vn_status save(const char *path, vn_tree *hyper, vn_tree *model)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return vn_error(VN_ERR_FILE, "%s cannot be opened", path), VN_ERR_FILE;
    vn_json_write_line(file, hyper);
    vn_tree_serialise_leaves_to(file, model);
    if (fclose(file) != 0)
        vn_error(VN_ERR_FILE, "%s cannot be written", path);
    return vn_error_status();
}

static vn_tree *load(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return vn_error(VN_ERR_FILE, "%s cannot be opened", path);
    vn_tree *like = make(vn_json_read_line(file));
    vn_tree *model = vn_tree_deserialise_leaves_from(file, like);
    fclose(file);
    return model;
}

static bool hyperparameters(void)
{
    vn_tree *hyper = vn_json_parse("{\"in_size\": 5, \"out_size\": 1, \"width\": 10, "
                                   "\"depth\": 3}");
    vn_tree *model = make(hyper);
    save("regressor.eqx", hyper, model);
    return vn_tree_equal(load("regressor.eqx"), model, NULL);
}

/* ---- a part of a model, and leaves in a form of their own */

static vn_tree *no(vn_tree *const arg[]) { return (void)arg, vn_bool(false); }

static bool last_layer_alone(vn_tree *model)
{
    vn_tree *nothing = vn_tree_map(vn_function(no, 1), model);
    vn_tree *spec = vn_tree_at(nothing, "layers[-1]", vn_bool(true));
    vn_tree_serialise_leaves_spec("head.eqx", model, spec);
    vn_tree *other = vn_tree_deserialise_leaves_spec("head.eqx", model, spec);
    return vn_tree_equal(other, model, NULL);
}

static bool save_half(vn_leaf_stream *to, vn_tree *leaf, void *context)
{
    (void)context;
    return vn_leaf_save(to, vn_is_inexact_array(leaf) ? vn_cast(leaf, VN_BF16) : leaf);
}

static vn_tree *load_half(vn_leaf_stream *from, vn_tree *like, void *context)
{
    (void)context;
    if (!vn_is_inexact_array(like))
        return vn_leaf_load(from, like);
    vn_array *half = vn_leaf_load(from, vn_cast(like, VN_BF16));
    return vn_cast(half, vn_dtype_of(like));
}

static const vn_leaf_rule half = { .save = save_half, .load = load_half };

static bool in_half_the_bytes(vn_tree *model)
{
    vn_tree *spec = vn_rule(&half);
    vn_tree_serialise_leaves_spec("half.eqx", model, spec);
    vn_tree *rounded = vn_tree_deserialise_leaves_spec("half.eqx", model, spec);
    return vn_tree_equal(rounded, model, &(vn_tree_equal_options){ .rtol = 0x1p-8 });
}

/* ---- by name */

static bool by_name(vn_tree *model)
{
    static const char *const about[] = { "trained_on" };
    vn_tree *metadata = vn_dict_n(1, about, VN_TREES(vn_string("noise")));
    vn_safetensors_save("model.safetensors", vn_state_dict(model, NULL), metadata);

    vn_tree *dict = vn_safetensors_load("model.safetensors");
    vn_tree *loaded = vn_load_state_dict(model, dict, NULL);

    vn_npz_save("model.npz", dict, NULL);
    vn_tree *again = vn_load_state_dict(model, vn_npz_load("model.npz"), NULL);
    return vn_tree_equal(loaded, model, NULL) && vn_tree_equal(again, model, NULL);
}

/* The body of another model under a new head. */
static bool new_head(vn_tree *model)
{
    vn_tree *wider = vn_tree_at(model, "layers[-1]", vn_linear(10, 4, vn_key(7), NULL));
    vn_tree *dict = vn_safetensors_load("model.safetensors");
    vn_tree *fails = vn_load_state_dict(wider, dict, NULL);
    printf("%s\n", vn_error_message());
    vn_error_clear();

    vn_tree *body = vn_tree_at(wider, "layers[-1]", vn_none());
    const vn_state_dict_options more = { .ignore_extra = true };
    body = vn_load_state_dict(body, dict, &more);
    vn_tree *tuned = vn_tree_at(body, "layers[-1]", vn_get(wider, "layers[-1]"));
    return !fails && vn_call(tuned, vn_ones(VN_F32, VN_SHAPE(5))) != NULL;
}

int main(int argc, char **argv)
{
    if (argc > 1 && chdir(argv[1]) != 0)
        return fprintf(stderr, "files [FOLDER]: a folder to write to\n"), 2;
    vn_tree *model = vn_mlp(5, 1, 10, 3, vn_key(1), NULL);
    const bool good = hyperparameters() && last_layer_alone(model) &&
                      in_half_the_bytes(model) && by_name(model) && new_head(model);
    if (!vn_ok())
        fprintf(stderr, "%s\n", vn_error_message());
    return vn_ok() && good ? 0 : 1;
}
