/* SPDX-License-Identifier: MIT */
/* Leaves, containers, modules. */
#include "expect.h"

#include "modules.h"

Test(node, leaves_have_kinds_and_values)
{
    cr_assert(vn_kind_of(NULL) == VN_KIND_NONE && !vn_is_none(NULL) && !vn_is_leaf(NULL));
    cr_assert(vn_is_none(vn_none()) && !vn_is_leaf(vn_none()) && vn_len(vn_none()) == 0);
    cr_assert(vn_bool_value(vn_bool(true)) && !vn_bool_value(vn_bool(false)));
    cr_assert(vn_int_value(vn_int(INT64_MIN)) == INT64_MIN);
    cr_assert(vn_float_value(vn_float(0.5)) == 0.5 && vn_float_value(vn_int(3)) == 3);
    char text[] = "text";
    vn_tree *string = vn_string(text);
    text[0] = 'x';
    expect_text(vn_string_value(string), "text");
    vn_tree *all[] = {
        vn_ones(VN_F32, VN_SCALAR), vn_bool(true), vn_int(1), vn_float(1), string,
        vn_unary(vn_ones_like)
    };
    for (int i = 0; i < 6; i++)
        cr_assert(vn_is_leaf(all[i]) && (int)vn_kind_of(all[i]) == VN_KIND_ARRAY + i);
    expect_ok();
}

Test(node, a_value_of_another_kind_is_an_error)
{
    cr_assert(vn_int_value(vn_string("a")) == 0);
    expect_error(ARGUMENT, "int_value: not int but string");
    cr_assert(!vn_bool_value(vn_int(1)));
    expect_error(ARGUMENT, "bool_value");
    cr_assert(vn_float_value(vn_tuple(vn_int(1))) == 0);
    expect_error(ARGUMENT, "float_value: not float but tuple");
    cr_assert(!vn_string_value(NULL));
    expect_error(NULL_ARGUMENT, "string_value");
    cr_assert(!vn_string(NULL));
    expect_error(NULL_ARGUMENT, "string");
    cr_assert(!vn_function(NULL, 1));
    expect_error(NULL_ARGUMENT, "function");
}

Test(node, children_are_found_from_both_ends)
{
    vn_tree *list = vn_list(vn_int(1), vn_int(2), vn_int(3));
    cr_assert(vn_len(list) == 3 && vn_int_value(vn_at(list, -1)) == 3);
    cr_assert(!vn_key_at(list, 0));
    cr_assert(!vn_at(list, 3));
    expect_error(ARGUMENT, "at: index 3 of list with 3 children");
    cr_assert(!vn_at(list, -4));
    expect_error(ARGUMENT, "at");
    cr_assert(!vn_at(vn_int(1), 0));
    expect_error(ARGUMENT, "at: index 0 of int with 0 children");
    cr_assert(!vn_at(NULL, 0));
    expect_error(NULL_ARGUMENT, "at");
    vn_tree *module = linear_new(2, 3);
    cr_assert(vn_len(module) == 2);
    expect_text(vn_key_at(module, 1), "bias");
    expect_text(vn_key_at(module, -2), "weight");
    cr_assert(!vn_key_at(module, 2) && !vn_key_at(NULL, 0));
}

Test(node, a_dict_is_sorted_by_its_keys_and_copies_them)
{
    char key[] = "b";
    const char *const keys[] = { key, "a", "B" };
    vn_tree *dict = vn_dict_n(3, keys, VN_TREES(vn_int(1), vn_int(2), vn_int(3)));
    key[0] = 'z';
    expect_text(vn_key_at(dict, 0), "B");
    expect_text(vn_key_at(dict, 1), "a");
    expect_text(vn_key_at(dict, 2), "b");
    cr_assert(vn_int_value(vn_at(dict, 2)) == 1 && vn_int_value(vn_at(dict, 0)) == 3);
    cr_assert(!vn_dict_n(2, (const char *const[]){ "a", "a" }, VN_TREES(vn_int(1), vn_int(2))));
    expect_error(ARGUMENT, "dict: the key 'a' is given twice");
    cr_assert(!vn_dict_n(1, (const char *const[]){ NULL }, VN_TREES(vn_int(1))));
    expect_error(NULL_ARGUMENT, "dict: key 0 is NULL");
}

Test(node, containers_may_be_empty)
{
    vn_tree *all[] = { vn_list_n(0, NULL), vn_tuple_n(0, NULL), vn_dict_n(0, NULL, NULL) };
    for (int i = 0; i < 3; i++)
        cr_assert(all[i] && vn_len(all[i]) == 0 && !vn_is_leaf(all[i]) && !vn_is_none(all[i]));
    cr_assert(!vn_list_n(-1, NULL));
    expect_error(ARGUMENT, "list: -1 items");
    cr_assert(!vn_dict_n(-1, NULL, NULL));
    expect_error(ARGUMENT, "dict: -1 items");
}

Test(node, a_null_item_is_an_error_that_keeps_the_first_one)
{
    cr_assert(!vn_tuple(vn_int(1), NULL));
    expect_error(NULL_ARGUMENT, "tuple: argument 1 is NULL");
    cr_assert(!vn_list(vn_at(vn_int(1), 0)));
    expect_error(ARGUMENT, "at: index 0");
    cr_assert(!vn_module_new(&box_type, &(box){ .value = NULL }));
    expect_error(NULL_ARGUMENT, "box: the field value is NULL");
}

Test(node, trees_are_limited_in_depth)
{
    vn_tree *tree = vn_int(1);
    for (int i = 0; i < 200; i++)
        tree = i % 2 ? vn_tuple(tree) : box_new(tree);
    expect_ok();
    cr_assert(!vn_tuple(tree));
    expect_error(LIMIT, "tuple: a tree may be 200 nodes deep");
    cr_assert(!box_new(tree));
    expect_error(LIMIT, "box: a tree may be 200 nodes deep");
    cr_assert(!vn_dict_n(1, (const char *const[]){ "a" }, &tree));
    expect_error(LIMIT, "dict");
    cr_assert(!vn_module_new(&statics_type, &(statics){ .tree = tree }));
    expect_error(LIMIT, "statics");
    expect_no_leak();
}

static vn_tree *statics_new(const char *text)
{
    static int target;
    return vn_module_new(&statics_type, &(statics){ .flag = true,
                                                    .integer = 7,
                                                    .number = 0.5,
                                                    .text = text,
                                                    .shape = VN_SHAPE(3, 4),
                                                    .tree = vn_tuple(vn_int(1)),
                                                    .pointer = &target });
}

Test(node, static_fields_are_copied_and_compared_by_value)
{
    char text[] = "text";
    vn_tree *a = statics_new(text), *b = statics_new("text");
    cr_assert(vn_len(a) == 0 && vn_tree_count(a) == 0);
    text[0] = 'n';
    expect_text(((statics *)(void *)a)->text, "text");
    cr_assert(vn_tree_same_structure(a, b));
    cr_assert(!vn_tree_same_structure(a, statics_new("other")));
    cr_assert(!vn_tree_same_structure(a, statics_new(NULL)));
    cr_assert(vn_tree_same_structure(statics_new(NULL), statics_new(NULL)));
    const statics *const fields = (const statics *)(const void *)a;
    for (int i = 0; i < 6; i++) {
        statics other = *fields;
        other.flag ^= i == 0;
        other.integer += i == 1;
        other.number += i == 2;
        other.shape.dim[1] += i == 3;
        other.pointer = i == 4 ? &other : other.pointer;
        other.tree = i == 5 ? vn_tuple(vn_int(2)) : vn_tuple(vn_int(1));
        cr_assert(!vn_tree_same_structure(a, vn_module_new(&statics_type, &other)), "%d", i);
    }
    expect_ok();
    expect_no_leak();
}

Test(node, cast_checks_the_type)
{
    vn_tree *module = linear_new(2, 3);
    cr_assert(vn_module_cast(module, &linear_type) == (const void *)module);
    cr_assert(!vn_module_cast(module, &mlp_type));
    expect_error(ARGUMENT, "not a MLP but Linear");
    cr_assert(!vn_module_cast(NULL, &mlp_type));
    expect_error(NULL_ARGUMENT, "MLP: the module is NULL");
}

static vn_tree *to_two(vn_tree *const arg[])
{
    (void)arg;
    return vn_int(2);
}

Test(node, a_copy_of_a_module_takes_its_share_of_what_destroy_frees)
{
    VN_SCOPE
    {
        vn_tree *module = counted_new();
        vn_tree *copy = vn_tree_map(vn_function(to_two, 1), module);
        cr_assert(copy && copy != module && counted_alive == 2);
    }
    cr_assert(counted_alive == 0);
}
