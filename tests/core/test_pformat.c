/* SPDX-License-Identifier: MIT */
/* tree_pformat: texts made by wadler_lindig 0.1.7 of the same trees. */
#include "expect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "modules.h"

static const char *text(vn_tree *tree) { return vn_string_value(vn_tree_pformat(tree, NULL)); }

static const char *wide(vn_tree *tree, int width)
{
    return vn_string_value(vn_tree_pformat(tree, &(vn_tree_pformat_options){ .width = width }));
}

static const char *values(vn_tree *tree, int width)
{
    const vn_tree_pformat_options options = { .width = width, .values = true };
    return vn_string_value(vn_tree_pformat(tree, &options));
}

Test(pformat, leaves)
{
    expect_text(text(vn_ones(VN_F32, VN_SHAPE(3, 4))), "f32[3,4]");
    expect_text(text(vn_ones(VN_BF16, VN_SCALAR)), "bf16[]");
    expect_text(text(vn_ones(VN_BOOL, VN_SHAPE(0))), "bool[0]");
    expect_text(text(vn_none()), "None");
    expect_text(text(vn_bool(true)), "True");
    expect_text(text(vn_int(-7)), "-7");
    expect_text(text(vn_string("it's")), "\"it's\"");
    expect_text(text(vn_string("a\"'\\\n\x01")), "'a\"\\'\\\\\\n\\x01'");
    expect_text(text(vn_unary_named(vn_ones_like, "vn_relu")), "<function relu>");
    expect_text(text(vn_predicate(vn_is_array)), "<function>");
    expect_text(text(vn_tuple_n(0, NULL)), "()");
    expect_text(text(vn_list_n(0, NULL)), "[]");
    expect_text(text(vn_dict_n(0, NULL, NULL)), "{}");
    expect_text(text(vn_tuple(vn_int(1))), "(1,)");
}

Test(pformat, floats_are_the_shortest_that_read_back)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        { 0, "0.0" },
        { -0.0, "-0.0" },
        { 1, "1.0" },
        { 0.1, "0.1" },
        { 100, "100.0" },
        { 1e15, "1000000000000000.0" },
        { 1e16, "1e+16" },
        { 123456789012345680, "1.2345678901234568e+17" },
        { 1e-4, "0.0001" },
        { 1e-5, "1e-05" },
        { 1.5e-7, "1.5e-07" },
        { 5e-324, "5e-324" },
        { 1.7976931348623157e308, "1.7976931348623157e+308" },
        { 1.0 / 3, "0.3333333333333333" },
        { INFINITY, "inf" },
        { -INFINITY, "-inf" },
        { NAN, "nan" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_text(text(vn_float(rows[i].value)), rows[i].text);
    expect_text(values(vn_scalar(VN_F32, 0.1), 80), "0.1");
    expect_text(values(vn_scalar(VN_F64, 0.1f), 80), "0.10000000149011612");
}

Test(pformat, a_model_is_laid_out_as_in_equinox)
{
    vn_tree *model = mlp_new(2, 2, 8, 2);
    expect_text(
        text(model),
        "MLP(\n"
        "  layers=(\n"
        "    Linear(\n"
        "      weight=f32[8,2], bias=f32[8], in_features=2, out_features=8, use_bias=True\n"
        "    ),\n"
        "    Linear(\n"
        "      weight=f32[8,8], bias=f32[8], in_features=8, out_features=8, use_bias=True\n"
        "    ),\n"
        "    Linear(\n"
        "      weight=f32[2,8], bias=f32[2], in_features=8, out_features=2, use_bias=True\n"
        "    )\n"
        "  ),\n"
        "  activation=<function relu>,\n"
        "  note='hi'\n"
        ")");
    expect_text(wide(vn_at(model, 0), 30), "(\n"
                                           "  Linear(\n"
                                           "    weight=f32[8,2],\n"
                                           "    bias=f32[8],\n"
                                           "    in_features=2,\n"
                                           "    out_features=8,\n"
                                           "    use_bias=True\n"
                                           "  ),\n"
                                           "  Linear(\n"
                                           "    weight=f32[8,8],\n"
                                           "    bias=f32[8],\n"
                                           "    in_features=8,\n"
                                           "    out_features=8,\n"
                                           "    use_bias=True\n"
                                           "  ),\n"
                                           "  Linear(\n"
                                           "    weight=f32[2,8],\n"
                                           "    bias=f32[2],\n"
                                           "    in_features=8,\n"
                                           "    out_features=2,\n"
                                           "    use_bias=True\n"
                                           "  )\n"
                                           ")");
}

Test(pformat, a_dict_breaks_behind_its_keys)
{
    vn_tree *dict =
        vn_dict_n(2, (const char *const[]){ "first", "second" },
                  VN_TREES(vn_tuple(linear_new(2, 8)),
                           vn_list(vn_none(), vn_bool(true), vn_tuple(vn_int(3), vn_int(4)))));
    expect_text(wide(dict, 40), "{\n"
                                "  'first':\n"
                                "  (\n"
                                "    Linear(\n"
                                "      weight=f32[8,2],\n"
                                "      bias=f32[8],\n"
                                "      in_features=2,\n"
                                "      out_features=8,\n"
                                "      use_bias=True\n"
                                "    ),\n"
                                "  ),\n"
                                "  'second': [None, True, (3, 4)]\n"
                                "}");
}

Test(pformat, static_fields_are_printed_too)
{
    static int target;
    vn_tree *module = vn_module_new(&statics_type, &(statics){ .integer = 7,
                                                               .number = 0.5,
                                                               .shape = VN_SHAPE(3),
                                                               .tree = vn_list(vn_int(1)),
                                                               .pointer = &target });
    expect_text(wide(module, 200), "statics(flag=False, integer=7, number=0.5, text=None, "
                                   "shape=(3,), tree=[1], pointer=<pointer>, inference=False)");
}

Test(pformat, numbers_are_printed_on_request)
{
    vn_tree *x = vn_arange(VN_F32, 3), *i = vn_eye(VN_I32, 2);
    expect_text(values(vn_tuple(x, i), 80), "([0.0, 1.0, 2.0], [[1, 0], [0, 1]])");
    expect_text(values(i, 10), "[\n  [1, 0],\n  [0, 1]\n]");
    expect_text(values(vn_zeros(VN_F32, VN_SHAPE(2, 0)), 80), "[[], []]");
    expect_text(values(vn_full(VN_U64, VN_SHAPE(1), 0x1p64), 80), "[18446744073709551615]");
    expect_text(values(vn_ones(VN_BOOL, VN_SHAPE(2)), 80), "[True, True]");
    expect_text(values(vn_ones(VN_F32, VN_SHAPE(1001)), 80), "f32[1001]");
}

static bool is_tuple(const vn_tree *tree) { return vn_kind_of(tree) == VN_KIND_TUPLE; }
static bool is_array_or_none(const vn_tree *tree)
{
    return vn_is_array(tree) || vn_is_none(tree);
}
static bool everything(const vn_tree *tree) { return tree != NULL; }

static const char *cut(vn_tree *tree, bool (*truncate_leaf)(const vn_tree *))
{
    const vn_tree_pformat_options options = { .values = true, .truncate_leaf = truncate_leaf };
    return vn_string_value(vn_tree_pformat(tree, &options));
}

Test(pformat, subtrees_are_cut_on_request)
{
    vn_tree *pair = vn_tuple(vn_int(1), vn_arange(VN_F32, 2));
    vn_tree *tree = vn_list(pair, vn_list(pair), vn_none(), vn_int(7));
    expect_text(cut(tree, is_tuple), "[tuple(...), [tuple(...)], None, 7]");
    expect_text(cut(pair, is_array_or_none), "(1, array(...))");
    expect_text(cut(vn_tuple(pair), is_array_or_none), "((1, array(...)),)");
    expect_text(cut(tree, everything), "list(...)");
    expect_text(cut(vn_int(7), everything), "int(...)");
}

Test(pformat, pprint_writes_a_line)
{
    char *written = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&written, &size);
    vn_tree_pprint(file, vn_tuple(vn_int(1), vn_int(2)));
    fclose(file);
    expect_text(written, "(1, 2)\n");
    free(written);
    cr_assert(!vn_tree_pformat(NULL, NULL));
    expect_error(NULL_ARGUMENT, "tree_pformat");
}
