/* SPDX-License-Identifier: MIT */
/* Rows 1 to 5 and 8 to 10: filters, order of leaves, equality, checks, updates. */
#include <string.h>

#include "conformance/conform.h"

static bool is_int(const vn_tree *leaf) { return vn_kind_of(leaf) == VN_KIND_INT; }

static bool all_none(const vn_tree *tree) { return tree && vn_tree_count(tree) == 0; }

static bool same(const vn_tree *a, const vn_tree *b) { return vn_tree_equal(a, b, NULL); }

/* M(value): the module of Equinox's own tests. */
typedef struct box {
    vn_module base;
    vn_tree *value;
} box;
static const vn_field box_fields[] = { VN_FIELD(box, value, TREE) };
static const vn_type box_type = VN_MODULE_TYPE(box, box_fields, NULL, 0, 0);

static vn_tree *box_of(int value)
{
    return vn_module_new(&box_type, &(box){ .value = vn_int(value) });
}

/* An object without meaning to the library, and a module without fields. */
static vn_tree *object(void) { return vn_string("object"); }
static vn_tree *empty_module(void) { return vn_identity_layer(); }

static vn_tree *linear(int64_t in, int64_t out) { return vn_linear(in, out, vn_key(0), NULL); }

/* ---- 1: there are no NumPy arrays apart: f32[] and i32[1] stand for np f64[] and np i64[] */

void row_1_predicates(void)
{
    const struct {
        vn_tree *leaf;
        bool array, array_like, inexact_array, inexact_array_like;
    } table[] = {
        { vn_int(1), false, true, false, false },
        { vn_float(2), false, true, false, true },
        { vn_list(vn_float(2)), false, false, false, false },
        { vn_bool(true), false, true, false, false },
        { object(), false, false, false, false },
        { vn_zeros(VN_I32, VN_SHAPE(1)), true, true, false, false },
        { vn_zeros(VN_F32, VN_SCALAR), true, true, true, true },
        { vn_zeros(VN_F64, VN_SCALAR), true, true, true, true },
        { vn_zeros(VN_I64, VN_SCALAR), true, true, false, false },
        { linear(1, 1), false, false, false, false },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        expect_that(vn_is_array(table[i].leaf) == table[i].array, "is_array");
        expect_that(vn_is_array_like(table[i].leaf) == table[i].array_like, "is_array_like");
        expect_that(vn_is_inexact_array(table[i].leaf) == table[i].inexact_array,
                    "is_inexact_array");
        expect_that(vn_is_inexact_array_like(table[i].leaf) == table[i].inexact_array_like,
                    "is_inexact_array_like");
    }
}

void row_2_prefix_filter(void)
{
    vn_tree *no = vn_bool(false), *yes = vn_bool(true), *o = object();
    vn_tree *tree = vn_list(linear(1, 2), linear(2, 2), vn_list(linear(3, 2), o));
    vn_tree *spec = vn_list(no, yes, vn_list(vn_predicate(is_int), yes));
    vn_tree *kept = vn_filter_spec(tree, spec, false), *rest = vn_filter_spec(tree, spec, true);
    expect_that(all_none(vn_at(kept, 0)), "false keeps nothing");
    expect_that(vn_at(kept, 1) == vn_at(tree, 1), "true keeps the layer");
    expect_that(all_none(vn_get(kept, "[2][0]")), "a function that is false");
    expect_that(vn_get(kept, "[2][1]") == o, "true for an object");
    expect_that(vn_at(rest, 0) == vn_at(tree, 0) && all_none(vn_at(rest, 1)), "inverse");
    expect_refused("a specification that is too short",
                   vn_filter_spec(tree, vn_list(no, yes), false), "structures disagree");
    vn_filter_options zero = { .replace = vn_int(0) };
    vn_tree *replaced = vn_filter_with(vn_list(vn_int(1), vn_float(2)),
                                       vn_predicate(is_int), &zero);
    expect_that(same(replaced, vn_list(vn_int(1), vn_int(0))), "replace");
}

void row_3_partition_combine(void)
{
    static const char *const keys[] = { "a", "b", "c" };
    vn_tree *mlp = vn_mlp(2, 2, 2, 2, vn_key(0), NULL);
    vn_tree *dict =
        vn_dict_n(3, keys, VN_TREES(vn_ones(VN_F32, VN_SHAPE(3)), vn_int(4), mlp));
    vn_tree *tree = vn_list(vn_int(1), vn_int(2), vn_list(vn_int(3), vn_string("hi"), dict));
    vn_tree *ints, *others, *dynamic, *rest;
    expect_that(vn_partition(&ints, &others, tree, is_int) == VN_ERR_OK, "partition");
    expect_that(vn_tree_count(ints) == 4 && vn_tree_count(vn_filter(ints, is_int)) == 4,
                "the left side holds the ints alone");
    expect_that(all_none(vn_filter(others, is_int)), "the right side holds none of them");
    expect_that(same(vn_combine(ints, others), tree), "left and right");
    expect_that(same(vn_combine(others, ints), tree), "right and left");
    vn_partition(&dynamic, &rest, others, vn_is_array);
    expect_that(same(vn_combine_n(3, VN_TREES(rest, ints, dynamic), NULL), tree), "three");
    vn_tree *pair = vn_list(vn_tuple(vn_int(1)), vn_int(2));
    vn_partition_spec(&ints, &others, pair, vn_list(vn_bool(true), vn_bool(false)));
    expect_that(same(vn_combine(ints, others), pair), "by a subtree");
}

/* ---- 4 */

static bool is_box(const vn_tree *subtree) { return subtree->type == &box_type; }

static bool one_or_no_box(const vn_tree *leaf)
{
    return !is_box(leaf) || vn_int_value(((const box *)(const void *)leaf)->value) == 1;
}

void row_4_is_leaf(void)
{
    vn_tree *tree = vn_list(box_of(1), box_of(2), vn_int(3)), *dynamic, *rest;
    vn_filter_options o = { .is_leaf = is_box };
    vn_partition_with(&dynamic, &rest, tree, vn_predicate(one_or_no_box), &o);
    expect_that(same(dynamic, vn_list(box_of(1), vn_none(), vn_int(3))), "what is kept");
    expect_that(same(rest, vn_list(vn_none(), box_of(2), vn_none())), "what is left");
    expect_that(same(vn_combine_n(2, VN_TREES(dynamic, rest), is_box), tree), "combined");
    vn_tree *a = vn_list(box_of(1)), *b = vn_list(vn_int(7));
    expect_that(same(vn_combine_n(2, VN_TREES(a, b), is_box), a), "a subtree as a leaf");
}

/* ---- 5: C has no inheritance: a parent is what its fields are, in front of the others */

typedef struct child {
    vn_module base;
    vn_tree *x, *y; /* of the parent */
    vn_tree *z;
    int64_t size;
    const char *name;
} child;
static const vn_field child_fields[] = {
    VN_FIELD(child, x, TREE),   VN_FIELD(child, size, INT), VN_FIELD(child, y, TREE),
    VN_FIELD(child, name, STRING), VN_FIELD(child, z, TREE),
};
static const vn_type child_type = VN_MODULE_TYPE(child, child_fields, NULL, 0, 0);

void row_5_order_and_paths(void)
{
    static const char *const keys[] = { "b", "a" };
    vn_tree *dict = vn_dict_n(2, keys, VN_TREES(vn_int(5), vn_int(4)));
    vn_tree *tree = vn_module_new(
        &child_type,
        &(child){ .x = vn_int(1),
                  .y = vn_list(vn_int(2), vn_none(), vn_int(3)),
                  .z = dict,
                  .size = 100,
                  .name = "static" });
    const char *const paths[] = { ".x", ".y[0]", ".y[2]", ".z['a']", ".z['b']" };
    vn_tree *leaves = vn_tree_leaves(tree);
    expect_that(vn_len(leaves) == 5, "static fields and none are no leaves");
    for (int i = 0; i < vn_len(leaves); i++) {
        char text[64];
        expect_that(vn_int_value(vn_at(leaves, i)) == i + 1, "in the order of fields and keys");
        expect_that(!strcmp(vn_tree_path(tree, i, text, sizeof text), paths[i]), paths[i]);
        expect_that(vn_get(tree, paths[i]) == vn_at(leaves, i), "found by its path");
    }
}

/* ---- 8 */

static vn_tree *sample(vn_tree *first, vn_array *array, vn_tree *mlp)
{
    static const char *const keys[] = { "a", "b" };
    return vn_list(first, vn_int(2), vn_int(3),
                   vn_dict_n(2, keys, VN_TREES(array, vn_tuple(mlp, vn_int(4)))));
}

void row_8_tree_equal(void)
{
    vn_tree *mlp = vn_mlp(2, 2, 2, 2, vn_key(0), NULL);
    vn_array *ones = vn_ones(VN_F32, VN_SHAPE(1, 4));
    vn_tree *tree = sample(vn_int(1), ones, mlp);
    expect_that(same(tree, tree), "itself");
    expect_that(same(tree, sample(vn_int(1), vn_ones(VN_F32, VN_SHAPE(1, 4)), mlp)), "a copy");
    expect_that(!same(tree, sample(vn_int(5), ones, mlp)), "another leaf");
    expect_that(!same(tree, sample(vn_int(1), vn_zeros(VN_F32, VN_SHAPE(1, 4)), mlp)),
                "other numbers");
    expect_that(!same(tree, sample(vn_int(1), ones, vn_mlp(2, 2, 2, 2, vn_key(1), NULL))),
                "another model");
    vn_array *one = vn_scalar(VN_F32, 1), *near = vn_scalar(VN_F32, 1.00001);
    vn_tree_equal_options o = { .atol = 1e-3 }, match = { .typematch = true };
    expect_that(!same(one, near) && vn_tree_equal(one, near, &o), "tolerances");
    expect_that(!same(one, vn_scalar(VN_F16, 1)), "another dtype");
    expect_that(!same(vn_scalar(VN_I32, 0), vn_int(0)), "an array and a number");
    expect_that(!vn_tree_equal(vn_scalar(VN_I32, 1), vn_scalar(VN_I32, 2),
                               &(vn_tree_equal_options){ .atol = 10 }),
                "integers are exact");
    expect_that(same(vn_scalar(VN_BF16, 1), vn_scalar(VN_BF16, 1)), "bf16");
    expect_that(same(vn_int(1), vn_float(1)) && !vn_tree_equal(vn_int(1), vn_float(1), &match),
                "typematch");
    expect_that(same(vn_identity_layer(), vn_identity_layer()), "two Identities");
}

/* ---- 9: an immutable tree cannot contain itself, so that there is no cycle to find */

void row_9_check_and_one_level(void)
{
    vn_tree *leaf = vn_ones(VN_F32, VN_SCALAR), *empty = empty_module(), *l = linear(1, 1);
    expect_that(vn_tree_check(vn_list(leaf, leaf)), "a leaf may be shared");
    expect_that(vn_tree_check(vn_list(empty, empty)), "a module without children too");
    expect_that(vn_tree_check(vn_list(vn_none(), vn_none())), "none too");
    expect_that(!vn_tree_check(vn_list(l, vn_tuple(l))), "a layer may not");
    expect_error("it is named", VN_ERR_STRUCTURE);
    vn_tree *tree = vn_list(vn_none(), vn_none(), empty, vn_int(1), vn_int(2));
    vn_tree *children = vn_tree_flatten_one_level(tree);
    expect_that(vn_len(children) == 5 && vn_at(children, 2) == empty, "five children");
    static const char *const keys[] = { "a", "b" };
    vn_tree *pair = vn_tuple(vn_int(1), vn_int(2));
    vn_tree *dict = vn_dict_n(2, keys, VN_TREES(vn_int(3), pair));
    expect_that(same(vn_tree_flatten_one_level(dict), vn_tuple(vn_int(3), pair)), "a dict");
    expect_that(same(vn_tree_flatten_one_level(vn_int(4)), vn_tuple(vn_int(4))), "a leaf");
    vn_tree *other = vn_tree_unflatten_one_level(dict, 2, VN_TREES(pair, vn_int(3)));
    expect_that(vn_get(other, "['a']") == pair, "put together with other children");
    expect_refused("a child is missing", vn_tree_unflatten_one_level(dict, 1, &pair),
                   "1 children given, the node has 2");
}

void row_10_apply_updates(void)
{
    vn_tree *o = object();
    vn_tree *params = vn_list(o, vn_list(vn_int(5)), vn_list(vn_int(2)));
    vn_tree *updates = vn_list(vn_none(), vn_list(vn_int(-1)), vn_list(vn_int(1)));
    vn_tree *want = vn_list(o, vn_list(vn_int(4)), vn_list(vn_int(3)));
    expect_that(same(vn_apply_updates(params, updates), want), "none keeps, others add");
    vn_tree *bad = vn_list(vn_int(0), vn_list(vn_int(-1)), vn_list(vn_int(1)));
    expect_that(!vn_apply_updates(params, bad) && !vn_ok(), "an object and a number");
    vn_error_clear();
}
