/* SPDX-License-Identifier: MIT */
/* tree_check. */
#include "expect.h"

#include "modules.h"

Test(check, a_tree_passes_and_so_do_shared_leaves_and_empty_nodes)
{
    vn_tree *leaf = vn_ones(VN_F32, VN_SHAPE(2)), *empty = vn_tuple_n(0, NULL);
    cr_assert(vn_tree_check(vn_list(leaf, leaf, empty, empty, vn_none(), vn_none())));
    cr_assert(vn_tree_check(mlp_new(2, 2, 2, 3)));
    cr_assert(vn_tree_check(leaf));
    vn_tree *many[1000];
    for (int i = 0; i < 1000; i++)
        many[i] = vn_tuple(leaf);
    cr_assert(vn_tree_check(vn_list_n(1000, many)));
    expect_ok();
}

Test(check, a_node_in_two_places_is_named_with_both)
{
    vn_tree *layer = linear_new(2, 2);
    cr_assert(!vn_tree_check(vn_list(vn_int(1), layer, vn_tuple(layer))));
    expect_error(STRUCTURE, "tree_check: one Linear is both [1] and [2][0]");
    vn_tree *shared = vn_list(vn_int(1));
    cr_assert(!vn_tree_check(box_new(vn_tuple(shared, shared, shared))));
    expect_error(STRUCTURE, "one list is both .value[0] and .value[1]");
    cr_assert(!vn_tree_check(NULL));
    expect_error(NULL_ARGUMENT, "tree_check");
    expect_no_leak();
}
