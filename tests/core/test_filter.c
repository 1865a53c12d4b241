/* SPDX-License-Identifier: MIT */
/* Predicates, filter, partition, combine. Values of Equinox's tests of them. */
#include "expect.h"

#include "modules.h"

static bool is_int(const vn_tree *leaf) { return vn_kind_of(leaf) == VN_KIND_INT; }

Test(filter, the_table_of_predicates)
{
    vn_tree *object = vn_string("object");
    struct {
        vn_tree *leaf;
        bool array, array_like, inexact_array, inexact_array_like;
    } rows[] = {
        { vn_int(1), 0, 1, 0, 0 },
        { vn_float(2), 0, 1, 0, 1 },
        { vn_list(vn_float(2)), 0, 0, 0, 0 },
        { vn_bool(true), 0, 1, 0, 0 },
        { object, 0, 0, 0, 0 },
        { vn_ones(VN_I32, VN_SHAPE(1)), 1, 1, 0, 0 },
        { vn_ones(VN_F32, VN_SCALAR), 1, 1, 1, 1 },
        { vn_ones(VN_F64, VN_SCALAR), 1, 1, 1, 1 },
        { vn_ones(VN_I64, VN_SCALAR), 1, 1, 0, 0 },
        { vn_ones(VN_BF16, VN_SCALAR), 1, 1, 1, 1 },
        { vn_ones(VN_BOOL, VN_SCALAR), 1, 1, 0, 0 },
        { linear_new(1, 1), 0, 0, 0, 0 },
        { vn_unary(vn_ones_like), 0, 0, 0, 0 },
        { vn_none(), 0, 0, 0, 0 },
        { NULL, 0, 0, 0, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(vn_is_array(rows[i].leaf) == rows[i].array, "%zu", i);
        cr_assert(vn_is_array_like(rows[i].leaf) == rows[i].array_like, "%zu", i);
        cr_assert(vn_is_inexact_array(rows[i].leaf) == rows[i].inexact_array, "%zu", i);
        cr_assert(vn_is_inexact_array_like(rows[i].leaf) == rows[i].inexact_array_like, "%zu",
                  i);
    }
}

static bool all_none(vn_tree *tree) { return tree && vn_tree_count(tree) == 0; }

Test(filter, a_specification_is_a_prefix)
{
    vn_tree *object = vn_string("object"), *l = linear_new(1, 2), *no = vn_bool(false),
            *yes = vn_bool(true);
    vn_tree *tree = vn_list(l, linear_new(2, 2), vn_list(linear_new(3, 2), object));
    vn_tree *spec = vn_list(no, yes, vn_list(vn_predicate(is_int), yes));
    vn_tree *kept = vn_filter_spec(tree, spec, false);
    cr_assert(all_none(vn_at(kept, 0)) && vn_at(kept, 1) == vn_at(tree, 1));
    cr_assert(all_none(vn_get(kept, "[2][0]")) && vn_get(kept, "[2][1]") == object);
    vn_tree *rest = vn_filter_spec(tree, spec, true);
    cr_assert(vn_at(rest, 0) == l && all_none(vn_at(rest, 1)));
    cr_assert(vn_tree_equal(vn_combine(kept, rest), tree, NULL));
    cr_assert(!vn_filter_spec(tree, vn_list(no, yes), false));
    expect_error(STRUCTURE, "filter: structures disagree at \"\": a list of 2 and one of 3");
    cr_assert(!vn_filter_spec(tree, vn_list(no, yes, vn_list(yes, vn_int(1))), false));
    expect_error(ARGUMENT, "not int (at \"[2][1]\")");
    cr_assert(!vn_filter_spec(tree, vn_unary(vn_ones_like), false));
    expect_error(ARGUMENT, "not function (at \"\")");
    cr_assert(!vn_filter_spec(tree, NULL, false));
    expect_error(NULL_ARGUMENT, "filter");
}

Test(filter, partition_and_combine_are_inverse)
{
    static const char *const keys[] = { "a", "b", "c" };
    vn_tree *dict = vn_dict_n(
        3, keys, VN_TREES(vn_ones(VN_F32, VN_SHAPE(3)), vn_int(4), mlp_new(2, 2, 2, 2)));
    vn_tree *tree = vn_list(vn_int(1), vn_int(2), vn_list(vn_int(3), vn_string("hi"), dict));
    vn_tree *ints, *others;
    cr_assert(vn_partition(&ints, &others, tree, is_int) == VN_ERR_OK);
    cr_assert(vn_tree_count(ints) == 4);
    cr_assert(vn_tree_count(vn_filter(others, is_int)) == 0);
    cr_assert(vn_tree_equal(vn_combine(ints, others), tree, NULL));
    cr_assert(vn_tree_equal(vn_combine(others, ints), tree, NULL));
    vn_tree *tuple = vn_list(vn_tuple(vn_int(1)), vn_int(2));
    cr_assert(vn_partition_spec(&ints, &others, tuple, vn_list(vn_bool(1), vn_bool(0))) ==
              VN_ERR_OK);
    cr_assert(vn_tree_equal(vn_combine(ints, others), tuple, NULL));
    cr_assert(vn_partition(&ints, &others, tree, NULL) == VN_ERR_NULL_ARGUMENT);
    cr_assert(!ints && !others);
    expect_error(NULL_ARGUMENT, "filter: the predicate is NULL");
}

static bool never(const vn_tree *leaf)
{
    cr_assert(!vn_is_none(leaf) && vn_is_leaf(leaf));
    return false;
}

Test(filter, a_predicate_sees_leaves_only)
{
    vn_tree *tree = vn_list(vn_none(), vn_tuple_n(0, NULL), linear_new(1, 1), vn_none());
    cr_assert(all_none(vn_filter(tree, never)));
}

Test(filter, combine_takes_the_first_that_is_not_none)
{
    vn_tree *a = vn_list(vn_int(1), vn_none(), vn_none()),
            *b = vn_list(vn_int(9), vn_int(2), vn_none());
    vn_tree *want = vn_list(vn_int(1), vn_int(2), vn_none());
    cr_assert(vn_tree_equal(vn_combine(a, b), want, NULL));
    cr_assert(vn_combine(vn_none(), b) == b && vn_combine(b, vn_none()) == b);
    cr_assert(!vn_combine(vn_list(a), vn_list(vn_tuple(vn_int(1)))));
    expect_error(STRUCTURE, "combine: structures disagree at \"[0]\": list and tuple");
    cr_assert(!vn_combine(a, NULL));
    expect_error(NULL_ARGUMENT, "combine");
}
