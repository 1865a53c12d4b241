/* SPDX-License-Identifier: MIT */
/* Rows 6 and 7: tree_at. What Equinox finds by a function `where` is named by paths here: None
 * and empty nodes are named like any other, and need no is_leaf. */
#include <string.h>

#include "conformance/conform.h"

static bool same(const vn_tree *a, const vn_tree *b) { return vn_tree_equal(a, b, NULL); }

static vn_tree *sample(void)
{
    const char *const key = "a";
    vn_tree *floats = vn_list(vn_float(1), vn_float(2));
    return vn_list(vn_int(1), vn_int(2), vn_dict_n(1, &key, &floats),
                   vn_linear(1, 2, vn_key(0), NULL));
}

/* ---- 6: the number of replacements is an argument of vn_tree_at_n, and replace and
 * replace_fn are two functions: those errors of Equinox cannot be made */

void row_6_tree_at_several(void)
{
    vn_tree *tree = sample(), *before = sample();
    const char *const paths[] = { "[0]", "[2]['a']" };
    vn_tree *new = vn_tree_at_n(tree, 2, paths, VN_TREES(vn_string("hi"), vn_int(4)));
    const char *const key = "a";
    vn_tree *four = vn_int(4);
    vn_tree *want = vn_list(vn_string("hi"), vn_int(2), vn_dict_n(1, &key, &four),
                            vn_at(tree, 3));
    expect_that(same(new, want), "two nodes at once");
    expect_that(same(tree, before), "the original is unchanged");
    expect_that(vn_at(new, 3) == vn_at(tree, 3), "nothing is copied");
    expect_refused("no such element", vn_tree_at(tree, "[7]", four), "[7]");
    expect_refused("no such key", vn_tree_at(tree, "[2]['b']", four), "b");
    expect_refused("a node below another", vn_tree_at_n(tree, 2,
                   (const char *const[]){ "[2]", "[2]['a']" }, VN_TREES(four, four)),
                   "overlap");
    expect_refused("one node twice", vn_tree_at_n(tree, 2,
                   (const char *const[]){ "[0]", "[0]" }, VN_TREES(four, four)), "overlap");
    expect_refused("a replacement that is NULL", vn_tree_at(tree, "[0]", NULL), "NULL");
    expect_refused("a path that is NULL", vn_tree_at(tree, NULL, four), "NULL");
}

static vn_tree *length(vn_tree *const arg[]) { return vn_int(vn_len(arg[0])); }

void row_7_tree_at_none_and_subtrees(void)
{
    vn_tree *tree = vn_tuple(vn_none(), vn_none(), vn_int(0));
    expect_that(same(vn_tree_at(tree, "[0]", vn_bool(true)),
                     vn_tuple(vn_bool(true), vn_none(), vn_int(0))),
                "none, and that one alone");
    vn_tree *nothing = vn_tuple_n(0, NULL), *pair = vn_list(nothing, nothing);
    expect_that(same(vn_tree_at(pair, "[0]", vn_int(1)), vn_list(vn_int(1), nothing)),
                "an empty tuple");
    vn_tree *lengths = vn_tree_at_fn(pair, 1, (const char *const[]){ "[0]" },
                                     vn_function(length, 1));
    expect_that(same(lengths, vn_list(vn_int(0), nothing)), "a function of the old node");
    vn_tree *mlp = vn_mlp(2, 2, 2, 2, vn_key(0), NULL), *id = vn_identity_layer();
    vn_tree *three = vn_tuple(id, id, id);
    const char *const layers[] = { "layers[0]", "layers[1]", "layers[2]" };
    vn_tree *whole = vn_tree_at(mlp, "layers", three);
    vn_tree *each = vn_tree_at_n(mlp, 3, layers, VN_TREES(id, id, id));
    expect_that(same(whole, each), "a subtree, or each of its nodes");
    vn_array *x = ARRAY(VN_SHAPE(2), -1, 2);
    EXPECT_EXACT("the model is relu now", vn_call(whole, x), VN_SHAPE(2), 0, 2);
    vn_tree *other = vn_tree_at(mlp, "layers", vn_list(vn_int(1)));
    expect_that(vn_len(vn_get(other, "layers")) == 1, "another structure");
}
