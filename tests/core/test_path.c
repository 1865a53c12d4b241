/* SPDX-License-Identifier: MIT */
/* Paths: printed, read back, and what is said when they lead nowhere. */
#include "expect.h"

#include "modules.h"

static vn_tree *sample(void)
{
    static const char *const keys[] = { "b", "a", "it's", "x\"y'z" };
    return vn_list(
        vn_dict_n(4, keys,
                  VN_TREES(vn_int(1), vn_tuple(vn_none(), vn_int(2)), vn_int(3), vn_int(4))),
        mlp_new(2, 2, 2, 1), vn_int(5));
}

Test(path, every_leaf_path_is_printed_as_in_equinox_and_leads_back)
{
    static const char *const paths[] = {
        "[0]['a'][1]",          "[0]['b']",
        "[0][\"it's\"]",        "[0]['x\"y\\'z']",
        "[1].layers[0].weight", "[1].layers[0].bias",
        "[1].layers[1].weight", "[1].layers[1].bias",
        "[1].activation",       "[2]",
    };
    vn_tree *tree = sample(), *leaves = vn_tree_leaves(tree);
    char text[100];
    cr_assert(vn_tree_count(tree) == 10 && vn_len(leaves) == 10);
    for (int i = 0; i < 10; i++) {
        expect_text(vn_tree_path(tree, i, text, sizeof text), paths[i]);
        cr_assert(vn_get(tree, paths[i]) == vn_at(leaves, i));
    }
    expect_text(vn_tree_path(vn_int(1), 0, text, sizeof text), "");
    expect_text(vn_tree_path(tree, 4, text, 8), "[1].lay");
    vn_tree_path(tree, 10, text, sizeof text);
    expect_error(ARGUMENT, "tree_path: leaf 10 of a tree with 10 leaves");
    vn_tree_path(tree, -1, text, sizeof text);
    expect_error(ARGUMENT, "tree_path: leaf -1");
}

Test(path, other_spellings_are_understood)
{
    vn_tree *tree = sample(), *model = vn_at(tree, 1);
    cr_assert(vn_get(tree, "") == tree);
    cr_assert(vn_get(model, "layers") == vn_get(model, ".layers"));
    cr_assert(vn_get(model, "layers[-1].weight") == vn_get(model, ".layers[1].weight"));
    cr_assert(vn_get(tree, "[-3][\"a\"]") == vn_get(tree, "[0]['a']"));
    cr_assert(vn_is_none(vn_get(tree, "[0]['a'][0]")));
}

Test(path, a_path_that_leads_nowhere_names_the_component_and_the_node)
{
    static const char *const cases[][2] = {
        { "[1].layers[2]", "no [2] in a tuple of 2" },
        { "[-4]", "no [-4] in a list of 3" },
        { "[1].weights", "no .weights in MLP" },
        { "[0]['c']", "no ['c'] in dict" },
        { "[0].a", "no .a in dict" },
        { "[0][0]", "no [0] in dict" },
        { "[1]['layers']", "no ['layers'] in MLP" },
        { "[1].layers[0].weight[0]", "no [0] in f32[2,2]" },
        { "[1].layers[0].in_features", "no .in_features in Linear" },
        { "[2].x", "no .x in int" },
        { "[1]layers", "is expected at \"layers\"" },
        { "[", "is expected at \"[\"" },
        { "[x]", "is expected at \"[x]\"" },
        { "[1", "is expected at \"[1\"" },
        { "[1].", "is expected at \".\"" },
        { "[0]['a", "is expected at \"['a\"" },
        { "[0]['a'", "is expected at \"['a'\"" },
        { "[99999999999999999999]", "in a list of 3" },
    };
    vn_tree *tree = sample();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert(!vn_get(tree, cases[i][0]));
        expect_error(PATH, cases[i][1]);
        cr_assert(!vn_tree_at(tree, cases[i][0], vn_int(0)));
        expect_error(PATH, cases[i][1]);
    }
    cr_assert(!vn_get(tree, NULL));
    expect_error(NULL_ARGUMENT, "get: the path is NULL");
    cr_assert(!vn_get(NULL, ""));
    expect_error(NULL_ARGUMENT, "get");
}

Test(path, cut_and_altered_paths_never_crash)
{
    static const char whole[] = "[1].layers[0]['a'][\"b\"].weight";
    vn_tree *tree = sample();
    for (size_t n = 0; n + 1 < sizeof whole; n++)
        for (int c = 0; c < 128; c++) {
            char text[sizeof whole];
            memcpy(text, whole, sizeof whole);
            text[n] = (char)c;
            vn_get(tree, text);
            vn_error_clear();
            text[n] = '\0';
            vn_tree_at(tree, text, tree);
            vn_error_clear();
        }
    expect_no_leak();
}
