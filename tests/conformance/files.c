/* SPDX-License-Identifier: MIT */
/* Row 43: .eqx files. */
#include <stdio.h>
#include <string.h>

#include "conformance/conform.h"

static vn_array *bytes_of(vn_tree *tree) { return vn_tree_serialise_leaves_bytes(tree); }

static vn_tree *back(vn_array *bytes, vn_tree *like)
{
    return vn_tree_deserialise_leaves_bytes(vn_data(bytes), (size_t)vn_size(bytes), like);
}

static void check_bytes(void)
{
    static const char head[] = "\x93NUMPY\x01\x00\x76\x00"
                               "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
    const float two[] = { 1, 2 };
    vn_array *bytes = bytes_of(vn_array_from(VN_F32, VN_SHAPE(2), two));
    const char *data = vn_data(bytes);
    expect_that(vn_size(bytes) == 136, "f32[2]");
    expect_that(!memcmp(data, head, sizeof head - 1), "its header");
    for (size_t i = sizeof head - 1; i < 127; i++)
        expect_that(data[i] == ' ', "spaces up to 127");
    expect_that(data[127] == '\n' && !memcmp(data + 128, two, 8), "the numbers");
    expect_that(vn_size(bytes_of(vn_bool(true))) == 129, "True");
    expect_that(vn_size(bytes_of(vn_int(3))) == 136, "3");
    expect_that(vn_size(bytes_of(vn_float(2))) == 136, "2.0");
    vn_array *number = vn_complex(vn_scalar(VN_F64, 1), vn_float(1));
    expect_that(vn_size(bytes_of(number)) == 144, "1 + 1j");
    bytes = bytes_of(vn_ones(VN_BF16, VN_SHAPE(3)));
    expect_that(vn_size(bytes) == 134, "bf16");
    expect_that(!memcmp((const char *)vn_data(bytes) + 20, "'<V2'", 5), "its name");
    expect_that(vn_size(bytes_of(vn_mlp(2, 2, 2, 2, vn_key(0), NULL))) == 840, "MLP(2,2,2,2)");
}

static void check_errors(vn_tree *mlp)
{
    vn_array *bytes = bytes_of(mlp), *f64 = vn_zeros(VN_F64, VN_SHAPE(2));
    const char *const path = "layers[1].bias";
    vn_tree *like = vn_tree_at(mlp, path, vn_zeros(VN_F32, VN_SHAPE(3)));
    expect_refused("another shape", back(bytes, like), "layers[1].bias: the shape");
    like = vn_tree_at(mlp, path, f64);
    expect_refused("another dtype", back(bytes, like), "layers[1].bias: the dtype");
    like = vn_tree_at(mlp, path, vn_float(1));
    expect_refused("another type", back(bytes, like), "layers[1].bias: the type");
    vn_tree *cut = vn_tree_deserialise_leaves_bytes(vn_data(bytes), 400, mlp);
    expect_refused("a file that ends too early", cut, "layers[1].");
}

static vn_tree *make(vn_tree *const arg[]) /* key -> model */
{
    return vn_mlp(2, 2, 2, 2, arg[0], NULL);
}

static void check_round_trip(vn_tree *mlp)
{
    vn_tree *key = vn_key(1);
    vn_tree *like = vn_filter_eval_shape(vn_function(make, 1), 1, &key);
    expect_that(vn_tree_equal(back(bytes_of(mlp), like), mlp, NULL), "into a skeleton");
    FILE *file = tmpfile();
    const char *const name = "width";
    vn_tree *two = vn_int(2), *sizes = vn_dict_n(1, &name, &two);
    if (!file) {
        expect_that(false, "a temporary file");
        return;
    }
    vn_json_write_line(file, sizes);
    vn_tree_serialise_leaves_to(file, mlp);
    rewind(file);
    expect_that(vn_tree_equal(vn_json_read_line(file), sizes, NULL), "a line of JSON");
    expect_that(vn_tree_equal(vn_tree_deserialise_leaves_from(file, like), mlp, NULL),
                "and the leaves behind it");
    fclose(file);
}

void row_43_files(void)
{
    vn_tree *mlp = vn_mlp(2, 2, 2, 2, vn_key(0), NULL);
    check_bytes();
    check_errors(mlp);
    check_round_trip(mlp);
}
