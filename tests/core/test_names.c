/* SPDX-License-Identifier: MIT */
/* Models as dicts by name. */
#include "expect.h"

#include "core/tree/tree.h"
#include "modules.h"
#include "vernal/io.h"

static vn_tree *model(double factor)
{
    static const char *const keys[] = { "b", "a" };
    vn_tree *mlp = vn_tree_scale(factor, mlp_new(2, 3, 4, 1));
    return vn_dict_n(2, keys, VN_TREES(mlp, vn_tuple(dropout_new(factor / 4))));
}

static vn_tree *dict_without(vn_tree *dict, const char *name, const char *extra)
{
    const char *keys[20];
    vn_tree *items[20];
    int n = 0;
    for (int i = 0; i < vn_len(dict); i++)
        if (!name || strcmp(vn_key_at(dict, i), name) != 0)
            keys[n] = vn_key_at(dict, i), items[n++] = vn_at(dict, i);
    if (extra)
        keys[n] = extra, items[n++] = vn_ones(VN_F32, VN_SHAPE(1));
    return vn_dict_n(n, keys, items);
}

Test(names, leaves_are_named_by_their_place)
{
    expect_text(vn_string_value(vn_tree_pformat(vn_state_dict(model(1), NULL), NULL)),
                "{\n"
                "  'b.layers.0.bias': f32[4],\n"
                "  'b.layers.0.weight': f32[4,2],\n"
                "  'b.layers.1.bias': f32[3],\n"
                "  'b.layers.1.weight': f32[3,4]\n"
                "}");
    const vn_state_dict_options numbers = { .filter = vn_is_array_like };
    vn_tree *dict = vn_state_dict(model(1), &numbers);
    cr_assert(vn_len(dict) == 6);
    cr_assert(vn_dtype_of(vn_get(dict, "['a.0.p']")) == VN_F64);
    cr_assert(vn_item(vn_get(dict, "['a.0.p']")) == 0.25);
    cr_assert(vn_dtype_of(vn_get(dict, "['a.0.inference']")) == VN_BOOL);
    dict = vn_state_dict(vn_int((int64_t)1 << 60), &numbers);
    cr_assert(vn_item_int(vn_get(dict, "['']")) == (int64_t)1 << 60);
    cr_assert(vn_len(vn_state_dict(vn_none(), NULL)) == 0);
    expect_ok();
    expect_no_leak();
}

Test(names, a_model_takes_the_arrays_of_a_dict)
{
    vn_tree *got = vn_load_state_dict(model(2), vn_state_dict(model(1), NULL), NULL);
    cr_assert(vn_tree_equal(vn_at(got, 1), vn_at(model(1), 1), NULL));
    cr_assert(vn_tree_equal(vn_at(got, 0), vn_at(model(2), 0), NULL)); /* p is not in it */
    const vn_state_dict_options numbers = { .filter = vn_is_array_like };
    got = vn_load_state_dict(model(2), vn_state_dict(model(1), &numbers), &numbers);
    cr_assert(vn_tree_equal(got, model(1), &(vn_tree_equal_options){ .typematch = true }));
    vn_tree *shape = &vn__array_new(VN_F32, VN_SHAPE(4))->base;
    vn_tree *like = vn_tree_at(model(2), "['b'].layers[0].bias", shape);
    got = vn_load_state_dict(like, vn_state_dict(model(1), NULL), NULL);
    cr_assert(vn_tree_equal(vn_at(got, 1), vn_at(model(1), 1), NULL));
    expect_ok();
    expect_no_leak();
}

Test(names, disagreements_name_the_leaf)
{
    vn_tree *dict = vn_state_dict(model(1), NULL), *like = model(2);
    cr_assert(!vn_load_state_dict(like, dict_without(dict, "b.layers.1.bias", NULL), NULL));
    expect_error(STRUCTURE, "load_state_dict: b.layers.1.bias of `like` is missing among the 3 "
                            "names of the dict");
    cr_assert(!vn_load_state_dict(like, dict_without(dict, NULL, "head.bias"), NULL));
    expect_error(STRUCTURE, "\"head.bias\" of the dict belongs to no leaf of `like`");
    vn_tree *wrong = vn_ones(VN_F32, VN_SHAPE(5));
    cr_assert(!vn_load_state_dict(vn_tree_at(like, "['b'].layers[0].bias", wrong), dict, NULL));
    expect_error(SHAPE,
                 "b.layers.0.bias: the shape is f32[5] in `like` and f32[4] in the dict");
    wrong = vn_tree_at(like, "['b'].layers[0].bias", vn_ones(VN_F64, VN_SHAPE(4)));
    cr_assert(!vn_load_state_dict(wrong, dict, NULL));
    expect_error(DTYPE,
                 "b.layers.0.bias: the dtype is f64[4] in `like` and f32[4] in the dict");
    const vn_state_dict_options numbers = { .filter = vn_is_array_like };
    static const char *const key = "";
    cr_assert(!vn_load_state_dict(vn_int(1),
                                  vn_dict_n(1, &key, VN_TREES(vn_ones(VN_F32, VN_SHAPE(2)))),
                                  &numbers));
    expect_error(SHAPE, "is int in `like` and f32[2] in the dict");
    cr_assert(!vn_load_state_dict(like, vn_list(vn_int(1)), NULL));
    expect_error(ARGUMENT, "load_state_dict: not a dict of arrays but list");
    cr_assert(!vn_load_state_dict(like, vn_dict_n(1, &key, VN_TREES(vn_int(1))), NULL));
    expect_error(ARGUMENT, "\"\" is not an array but int");
    cr_assert(!vn_load_state_dict(NULL, dict, NULL));
    expect_error(NULL_ARGUMENT, "load_state_dict");
    cr_assert(!vn_state_dict(NULL, NULL));
    expect_error(NULL_ARGUMENT, "state_dict");
    expect_no_leak();
}

Test(names, options_let_pass_what_is_meant)
{
    vn_tree *dict = vn_state_dict(model(1), NULL), *like = model(2);
    vn_tree *fewer = dict_without(dict, "b.layers.1.bias", "head.bias");
    const vn_state_dict_options both = { .ignore_missing = true, .ignore_extra = true };
    vn_tree *got = vn_load_state_dict(like, fewer, &both);
    cr_assert(vn_tree_equal(vn_get(got, "['b'].layers[0]"),
                            vn_get(model(1), "['b'].layers[0]"), NULL));
    cr_assert(vn_tree_equal(vn_get(got, "['b'].layers[1].bias"),
                            vn_get(like, "['b'].layers[1].bias"), NULL));
    vn_tree *wide = vn_tree_at(like, "['b'].layers[0].bias", vn_ones(VN_F64, VN_SHAPE(4)));
    got = vn_load_state_dict(wide, dict, &(vn_state_dict_options){ .cast = true });
    cr_assert(vn_dtype_of(vn_get(got, "['b'].layers[0].bias")) == VN_F64);
    expect_ok();
    expect_no_leak();
}
