/* SPDX-License-Identifier: MIT */
/* leaves, unflatten, map. */
#include "expect.h"

#include "modules.h"

static vn_tree *add(vn_tree *const arg[])
{
    return vn_int(vn_int_value(arg[0]) + vn_int_value(arg[1]));
}

static vn_tree *same(vn_tree *const arg[]) { return arg[0]; }

static vn_tree *sample(int64_t first)
{
    static const char *const keys[] = { "b", "a" };
    return vn_list(vn_int(first), vn_none(),
                   vn_dict_n(2, keys, VN_TREES(vn_tuple(vn_int(first + 1)), vn_int(first + 2))),
                   box_new(vn_int(first + 3)));
}

Test(map, leaves_and_unflatten_are_inverse)
{
    vn_tree *tree = sample(0), *leaves = vn_tree_leaves(tree);
    const int64_t order[] = { 0, 2, 1, 3 };
    cr_assert(vn_kind_of(leaves) == VN_KIND_TUPLE && vn_len(leaves) == 4);
    vn_tree *item[4];
    for (int i = 0; i < 4; i++) {
        item[i] = vn_at(leaves, i);
        cr_assert(vn_int_value(item[i]) == order[i]);
    }
    cr_assert(vn_tree_unflatten(tree, 4, item) == tree, "nothing changed, nothing copied");
    vn_tree *swapped = vn_tree_unflatten(tree, 4, VN_TREES(item[3], item[2], item[1], item[0]));
    cr_assert(vn_int_value(vn_get(swapped, "[3].value")) == 0);
    cr_assert(vn_int_value(vn_get(swapped, "[2]['a']")) == 1);
    cr_assert(!vn_tree_unflatten(tree, 3, item));
    expect_error(STRUCTURE, "tree_unflatten: 3 leaves given, the structure has 4");
    cr_assert(vn_len(vn_tree_leaves(vn_none())) == 0);
}

Test(map, several_trees_are_mapped_together)
{
    vn_tree *sum = vn_tree_map(vn_function(add, 2), sample(0), sample(100));
    cr_assert(vn_int_value(vn_get(sum, "[2]['b'][0]")) == 102);
    cr_assert(vn_int_value(vn_get(sum, "[3].value")) == 106);
    cr_assert(vn_is_none(vn_at(sum, 1)));
    vn_tree *tree = sample(0);
    cr_assert(vn_tree_map(vn_function(same, -1), tree, tree, tree, tree, tree, tree) == tree);
}

Test(map, trees_of_other_structure_are_an_error_that_names_the_place)
{
    vn_tree *fn = vn_function(add, 2), *tree = sample(0);
    cr_assert(!vn_tree_map(fn, tree, vn_tree_at(tree, "[2]['b']", vn_int(1))));
    expect_error(STRUCTURE, "tree_map: structures disagree at \"[2]['b']\": tuple and int");
    cr_assert(!vn_tree_map(fn, tree, vn_tree_at(tree, "[3].value", vn_none())));
    expect_error(STRUCTURE, "at \"[3].value\": int and none");
    cr_assert(!vn_tree_map(fn, tree, vn_list(vn_int(1))));
    expect_error(STRUCTURE, "at \"\": a list of 4 and one of 1");
    cr_assert(!vn_tree_map(fn, linear_new(2, 3), linear_new(2, 4)));
    expect_error(STRUCTURE, "the static field out_features of two Linear differs");
    cr_assert(!vn_tree_map(
        fn, vn_at(tree, 2),
        vn_dict_n(2, (const char *const[]){ "b", "c" }, VN_TREES(vn_int(1), vn_int(2)))));
    expect_error(STRUCTURE, "the keys of two dicts differ");
    cr_assert(!vn_tree_map_n(fn, 0, NULL, NULL));
    expect_error(ARGUMENT, "tree_map: 0 trees");
    cr_assert(!vn_tree_map(NULL, tree));
    expect_error(NULL_ARGUMENT, "tree_map");
}

static bool is_tuple_or_none(const vn_tree *t)
{
    return vn_is_none(t) || vn_kind_of(t) == VN_KIND_TUPLE;
}

static vn_tree *count_children(vn_tree *const arg[]) { return vn_int(vn_len(arg[0])); }

Test(map, is_leaf_makes_leaves_of_subtrees_and_of_none)
{
    vn_tree *tree = sample(0);
    vn_tree *result = vn_tree_map_n(vn_function(count_children, 1), 1, &tree, is_tuple_or_none);
    cr_assert(vn_int_value(vn_at(result, 1)) == 0 &&
              vn_kind_of(vn_at(result, 1)) == VN_KIND_INT);
    cr_assert(vn_int_value(vn_get(result, "[2]['b']")) == 1);
    vn_tree *other = vn_tree_at(tree, "[1]", vn_list(vn_int(1)));
    cr_assert(vn_tree_map_n(vn_function(same, 2), 2, VN_TREES(tree, other), is_tuple_or_none) ==
              tree);
}
