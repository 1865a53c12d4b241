/* SPDX-License-Identifier: MIT */
/* tree_serialise_leaves: the bytes of Equinox, and what is said when file and tree disagree. */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "modules.h"
#include "vernal/io.h"

static vn_tree *bytes_of(vn_tree *tree) { return vn_tree_serialise_leaves_bytes(tree); }

static vn_tree *from(vn_array *bytes, vn_tree *like)
{
    return vn_tree_deserialise_leaves_bytes(vn_data(bytes), (size_t)vn_size(bytes), like);
}

Test(eqx, records_have_the_sizes_of_equinox)
{
    const float two[] = { 1, 2 };
    cr_assert(vn_size(bytes_of(vn_array_from(VN_F32, VN_SHAPE(2), two))) == 136);
    cr_assert(vn_size(bytes_of(vn_bool(true))) == 129);
    cr_assert(vn_size(bytes_of(vn_int(3))) == 136);
    cr_assert(vn_size(bytes_of(vn_float(2))) == 136);
    cr_assert(vn_size(bytes_of(vn_zeros(VN_BF16, VN_SHAPE(3)))) == 134);
    cr_assert(vn_size(bytes_of(vn_zeros(VN_F32, VN_SHAPE(0, 3)))) == 128);
    cr_assert(vn_size(bytes_of(mlp_new(2, 2, 2, 2))) == 840);
    cr_assert(vn_size(bytes_of(vn_tuple(vn_string("a"), vn_none(), vn_unary(vn_ones_like)))) ==
              0);
}

Test(eqx, a_tree_is_read_back)
{
    static const char *const keys[] = { "b", "a" };
    vn_tree *tree =
        vn_list(vn_dict_n(2, keys, VN_TREES(vn_float(1e300), vn_int(-7))), mlp_new(2, 3, 4, 1),
                dropout_new(0.5), vn_string("kept"), vn_none());
    vn_tree *like = vn_tree_map_n(vn_unary(vn_zeros_like), 1, VN_TREES(vn_at(tree, 1)), NULL);
    cr_assert(!like);
    vn_error_clear();
    like = vn_list(
        vn_dict_n(2, keys, VN_TREES(vn_float(0), vn_int(0))),
        vn_tree_at(mlp_new(2, 3, 4, 1), "layers[0].weight", vn_zeros(VN_F32, VN_SHAPE(4, 2))),
        dropout_new(0), vn_string("kept"), vn_none());
    cr_assert(!vn_tree_equal(like, tree, NULL));
    cr_assert(vn_tree_equal(from(bytes_of(tree), like), tree, NULL));
    expect_ok();
}

Test(eqx, scalar_leaves_take_any_number)
{
    vn_array *bytes = bytes_of(vn_list(vn_bool(true), vn_int(3), vn_float(2.9)));
    vn_tree *like = vn_list(vn_float(0), vn_float(0), vn_int(0));
    vn_tree *want = vn_list(vn_float(1), vn_float(3), vn_int(2));
    cr_assert(
        vn_tree_equal(from(bytes, like), want, &(vn_tree_equal_options){ .typematch = true }));
    bytes = bytes_of(vn_ones(VN_F32, VN_SHAPE(1, 1)));
    cr_assert(vn_bool_value(from(bytes, vn_bool(false))));
    cr_assert(!from(bytes_of(vn_float(1e300)), vn_int(0)));
    expect_error(FORMAT, "1e+300 does not fit into an int leaf");
}

Test(eqx, disagreements_are_named_with_the_path)
{
    vn_tree *model = mlp_new(2, 2, 4, 1);
    vn_array *bytes = bytes_of(model);
    cr_assert(!from(bytes, mlp_new(2, 2, 5, 1)));
    expect_error(SHAPE,
                 "leaf .layers[0].weight: the shape is f32[5,2] in `like` and f32[4,2] in "
                 "the file");
    cr_assert(!from(bytes, vn_tree_at(model, "layers[1].bias", vn_ones(VN_F64, VN_SHAPE(2)))));
    expect_error(DTYPE, "leaf .layers[1].bias: the dtype is f64[2] in `like` and f32[2] in the "
                        "file");
    cr_assert(!from(bytes, vn_tree_at(model, "layers[0].bias", vn_float(1))));
    expect_error(STRUCTURE,
                 "leaf .layers[0].bias: the type is float in `like` and array f32[4] "
                 "in the file");
    cr_assert(!from(bytes, vn_list(model, vn_int(1))));
    expect_error(FORMAT, "memory: leaf [1]: the file ends before this leaf");
    cr_assert(
        !vn_tree_deserialise_leaves_bytes(vn_data(bytes), (size_t)vn_size(bytes) - 1, model));
    expect_error(FORMAT, "leaf .layers[1].bias: truncated: 7 of 8 bytes");
    expect_no_leak();
}

Test(eqx, cut_and_altered_files_give_a_sentence_and_leak_nothing)
{
    vn_tree *tree = vn_retain(vn_list(vn_bool(true), vn_arange(VN_I16, 3), vn_float(1)));
    vn_array *bytes = vn_retain(bytes_of(tree));
    const size_t n = (size_t)vn_size(bytes);
    char *const copy = malloc(n);
    for (size_t cut = 0; cut < n; cut++)
        VN_SCOPE
        {
            memcpy(copy, vn_data(bytes),
                   cut); /* the redzone behind it is what we do not read */
            cr_assert(!vn_tree_deserialise_leaves_bytes(copy, cut, tree));
            expect_error(FORMAT, "memory: leaf [");
        }
    memcpy(copy, vn_data(bytes), n);
    for (size_t i = 0; i < n; i++)
        for (int bit = 0; bit < 8; bit++)
            VN_SCOPE
            {
                copy[i] = (char)(copy[i] ^ 1 << bit);
                cr_assert(!vn_tree_deserialise_leaves_bytes(copy, n, tree) == !vn_ok());
                vn_error_clear();
                copy[i] = (char)(copy[i] ^ 1 << bit);
            }
    free(copy);
    vn_release(tree);
    vn_release(bytes);
    expect_no_leak();
}

Test(eqx, files_get_the_suffix_and_streams_keep_their_position)
{
    char folder[] = "/tmp/vernal.eqx-XXXXXX", bare[64], full[64];
    cr_assert(mkdtemp(folder));
    snprintf(bare, sizeof bare, "%s/model", folder);
    snprintf(full, sizeof full, "%s/model.eqx", folder);
    vn_tree *model = mlp_new(2, 2, 2, 2);
    cr_assert(vn_tree_serialise_leaves(bare, model) == VN_ERR_OK);
    cr_assert(access(full, R_OK) == 0);
    cr_assert(vn_tree_equal(vn_tree_deserialise_leaves(bare, model), model, NULL));
    cr_assert(vn_tree_equal(vn_tree_deserialise_leaves(full, model), model, NULL));

    FILE *file = fopen(full, "wb+");
    fputs("{\"width\": 2}\n", file);
    cr_assert(vn_tree_serialise_leaves_to(file, model) == VN_ERR_OK);
    cr_assert(vn_tree_serialise_leaves_to(file, vn_int(5)) == VN_ERR_OK);
    char line[64];
    rewind(file);
    cr_assert(fgets(line, sizeof line, file));
    cr_assert(vn_tree_equal(vn_tree_deserialise_leaves_from(file, model), model, NULL));
    cr_assert(vn_int_value(vn_tree_deserialise_leaves_from(file, vn_int(0))) == 5);
    cr_assert(!vn_tree_deserialise_leaves_from(file, vn_int(0)));
    expect_error(FORMAT, "tree_deserialise_leaves: the stream: leaf : the file ends before");
    fclose(file);
    unlink(full);
    rmdir(folder);
    cr_assert(vn_tree_serialise_leaves("/nowhere/x", model) == VN_ERR_FILE);
    expect_error(FILE, "tree_serialise_leaves: /nowhere/x.eqx: cannot be opened");
    cr_assert(!vn_tree_deserialise_leaves(NULL, model));
    expect_error(NULL_ARGUMENT, "the file is NULL");
    cr_assert(vn_tree_serialise_leaves("x", NULL) == VN_ERR_NULL_ARGUMENT);
    expect_error(NULL_ARGUMENT, "tree_serialise_leaves");
    expect_no_leak();
}

/* ---- files of Equinox: their leaves in a tuple instead of the model */

/* The leaf that a line of the JSON describes, NULL if it describes none (or one that is not
 * ours). */
static vn_tree *leaf_of(const char *line)
{
    static const char *const codes[] = {
#define CODE(name, text, type, bytes, npy) [VN_##name] = npy,
        VN_DTYPE_LIST(CODE)
#undef CODE
    };
    char kind[16] = "", code[8] = "";
    const char *at = strstr(line, "\"kind\": \"");
    if (!at || !strstr(line, "\"path\"") || sscanf(at, "\"kind\": \"%15[a-z]\"", kind) != 1)
        return NULL;
    if (strcmp(kind, "array") != 0)
        return !strcmp(kind, "bool")    ? vn_bool(false)
               : !strcmp(kind, "int")   ? vn_int(0)
               : !strcmp(kind, "float") ? vn_float(0)
                                        : vn_string(kind);
    at = strstr(line, "\"dtype\": \"");
    sscanf(at, "\"dtype\": \"%7[^\"]\"", code);
    vn_shape shape = { 0 };
    at = strstr(line, "\"shape\": [") + strlen("\"shape\": [");
    for (int n; sscanf(at, "%d", &n) == 1; at += strspn(at, ", ")) {
        shape.dim[shape.rank++] = n;
        at += strspn(at, "0123456789");
    }
    for (int d = 1; d < VN_DTYPE_COUNT; d++)
        if (strcmp(codes[d], code) == 0)
            return vn_empty((vn_dtype)d, shape);
    return vn_string("of another dtype");
}

static vn_tree *leaves_of(const char *path)
{
    FILE *json = fopen(path, "r");
    if (!json)
        return NULL;
    vn_tree *leaf[200];
    int n = 0;
    for (char line[1000]; fgets(line, sizeof line, json);) {
        leaf[n] = leaf_of(line);
        n += leaf[n] != NULL;
    }
    fclose(json);
    return vn_tuple_n(n, leaf);
}

Test(eqx, files_of_equinox_are_read_and_written_byte_for_byte)
{
    static const char *const names[] = {
        "mlp",
        "mlp_f64",
        "mha",
        "rnn",
        "transformer",
        "prelu_mlp",
        "spectralnorm",
        "weightnorm",
        "dropout_seq",
        "batchnorm_ema",
        "batchnorm_x64",
        "batchnorm_batch",
        "stateful_model",
        "stateful_state",
    };
    const char *const folder =
        getenv("VN_GOLDEN_DIR") ? getenv("VN_GOLDEN_DIR") : VN_GOLDEN_DEFAULT;
    int read = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char json[300], eqx[300], bytes[8192];
        snprintf(json, sizeof json, "%s/eqx/%s.json", folder, names[i]);
        snprintf(eqx, sizeof eqx, "%s/eqx/%s.eqx", folder, names[i]);
        vn_tree *like = leaves_of(json);
        FILE *file = fopen(eqx, "rb");
        if (!like || !file)
            continue;
        const size_t size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        vn_tree *tree = vn_tree_deserialise_leaves(eqx, like);
        vn_array *again = bytes_of(tree);
        expect_ok();
        cr_assert((size_t)vn_size(again) == size, "%s", names[i]);
        cr_assert(memcmp(vn_data(again), bytes, size) == 0, "%s", names[i]);
        read++;
    }
    if (read == 0)
        cr_skip_test("no golden files in %s", folder);
    expect_no_leak();
}

Test(eqx, dtypes_of_equinox_are_read)
{
    char path[300];
    const char *const folder =
        getenv("VN_GOLDEN_DIR") ? getenv("VN_GOLDEN_DIR") : VN_GOLDEN_DEFAULT;
    snprintf(path, sizeof path, "%s/eqx/dtypes.eqx", folder);
    FILE *file = fopen(path, "rb");
    if (!file)
        cr_skip_test("no golden files in %s", folder);
    static const char *const want[] = {
        "[0.0, 1.0, 2.0]",
        "[True, False]",
        "[(1+2j)]",
        "[]",
        "[0.0, 1.0, 2.0]",
        "[[[[[[1.0]]]]]]",
        "[[1, -2]]",
        "[-1, 2]",
        "[[0.0, 1.0], [2.0, 3.0]]",
        "[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]",
        "[0, 1, 2]",
        "0.5",
        "1.5",
        "[65535]",
        "[0, 7]",
        "[255]",
    };
    const vn_tree_pformat_options values = { .values = true };
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        vn_array *x = vn_npy_read(file);
        expect_text(vn_string_value(vn_tree_pformat(x, &values)), want[i]);
    }
    fclose(file);
}
