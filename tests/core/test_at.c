/* SPDX-License-Identifier: MIT */
/* tree_at. Values of Equinox's tests of it. */
#include "expect.h"

#include "modules.h"

/* [1, 2, {"a": [1., 2.]}, Linear(1, 2)] */
static vn_tree *sample(void)
{
    vn_tree *floats = vn_list(vn_float(1), vn_float(2));
    return vn_list(vn_int(1), vn_int(2), vn_dict_n(1, (const char *const[]){ "a" }, &floats),
                   linear_new(1, 2));
}

Test(at, several_subtrees_are_replaced_at_once)
{
    vn_tree *tree = sample(), *same = sample();
    const char *const paths[] = { "[0]", "[2]['a']" };
    vn_tree *new = vn_tree_at_n(tree, 2, paths, VN_TREES(vn_string("hi"), vn_int(4)));
    expect_text(vn_string_value(vn_get(new, "[0]")), "hi");
    cr_assert(vn_int_value(vn_get(new, "[1]")) == 2);
    cr_assert(vn_int_value(vn_get(new, "[2]['a']")) == 4);
    cr_assert(vn_at(new, 3) == vn_at(tree, 3), "what is not replaced is shared");
    cr_assert(vn_tree_equal(tree, same, NULL), "the original is unchanged");
    expect_ok();
}

Test(at, none_and_the_root_can_be_replaced)
{
    vn_tree *tree = vn_tuple(vn_none(), vn_none(), vn_int(0));
    vn_tree *new = vn_tree_at(tree, "[0]", vn_bool(true));
    cr_assert(vn_tree_equal(new, vn_tuple(vn_bool(true), vn_none(), vn_int(0)), NULL));
    cr_assert(vn_tree_at(tree, "", new) == new);
    vn_tree *empty = vn_list(vn_tuple_n(0, NULL), vn_tuple_n(0, NULL));
    new = vn_tree_at(empty, "[0]", vn_int(1));
    cr_assert(vn_tree_equal(new, vn_list(vn_int(1), vn_tuple_n(0, NULL)), NULL));
}

static vn_tree *length(vn_tree *const arg[]) { return vn_int(vn_len(arg[0])); }

Test(at, a_function_sees_the_old_subtree)
{
    vn_tree *model = mlp_new(2, 2, 2, 2);
    vn_tree *new =
        vn_tree_at_fn(model, 1, (const char *const[]){ "layers" }, vn_function(length, 1));
    cr_assert(vn_int_value(vn_get(new, "layers")) == 3);
    const char *const two[] = { "layers[0].weight", "layers[-1].weight" };
    new = vn_tree_at_fn(model, 2, two, vn_unary(vn_zeros_like));
    cr_assert(vn_item(vn_tree_at(vn_get(new, two[1]), "", vn_scalar(VN_F32, 2))) == 2);
    cr_assert(((const float *)vn_data(vn_get(new, two[0])))[3] == 0);
    cr_assert(((const float *)vn_data(vn_get(new, "layers[1].weight")))[3] == 1);
    cr_assert(!vn_tree_at_fn(model, 1, two, NULL));
    expect_error(NULL_ARGUMENT, "tree_at");
    cr_assert(!vn_tree_at_fn(model, 1, two, vn_int(1)));
    expect_error(ARGUMENT, "int cannot be called");
}

Test(at, static_fields_survive)
{
    vn_tree *model = mlp_new(2, 2, 2, 2);
    const mlp *const new =
        vn_module_cast(vn_tree_at(model, "activation", vn_none()), &mlp_type);
    expect_text(new->note, "hi");
    cr_assert(new->note != ((const mlp *)(const void *)model)->note);
}

Test(at, overlapping_paths_are_an_error)
{
    vn_tree *model = mlp_new(2, 2, 2, 2);
    static const char *const cases[][2] = {
        { "layers", "layers[0]" },      { "layers[0].bias", "layers" }, { "", "layers" },
        { "layers[2]", ".layers[-1]" }, { "activation", "activation" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert(!vn_tree_at_n(model, 2, cases[i], VN_TREES(vn_int(1), vn_int(2))));
        expect_error(PATH, "overlap");
    }
    const char *const apart[] = { "layers[1]", "activation", "layers[0].bias",
                                  "layers[0].weight" };
    cr_assert(vn_tree_at_n(model, 4, apart, VN_TREES(model, model, model, model)));
    expect_ok();
}

Test(at, arguments_are_checked)
{
    vn_tree *tree = sample();
    cr_assert(!vn_tree_at(tree, NULL, vn_int(1)));
    expect_error(NULL_ARGUMENT, "tree_at: path 0 is NULL");
    cr_assert(!vn_tree_at(tree, "[0]", NULL));
    expect_error(NULL_ARGUMENT, "tree_at: replace: argument 0 is NULL");
    cr_assert(!vn_tree_at_n(tree, -1, NULL, NULL));
    expect_error(ARGUMENT, "tree_at: -1 paths");
    cr_assert(vn_tree_at_n(tree, 0, NULL, NULL) == tree);
    cr_assert(!vn_tree_at(NULL, "", tree));
    expect_error(NULL_ARGUMENT, "tree_at");
}
