/* SPDX-License-Identifier: MIT */
/* Specifications of what is written and how (Equinox: filter_spec). */
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/tree/tree.h"
#include "modules.h"
#include "vernal/io.h"
#include "vernal/ops.h"

static vn_array *bytes_of(vn_tree *tree, vn_tree *spec)
{
    return vn_tree_serialise_leaves_spec_bytes(tree, spec);
}

static vn_tree *from(vn_array *bytes, vn_tree *like, vn_tree *spec)
{
    return vn_tree_deserialise_leaves_spec_bytes(vn_data(bytes), (size_t)vn_size(bytes), like,
                                                 spec);
}

static vn_tree *model(void) { return vn_list(mlp_new(2, 2, 3, 1), dropout_new(0.25)); }
static vn_tree *other(void)
{
    return vn_list(vn_tree_scale(0, mlp_new(2, 2, 3, 1)), dropout_new(0.75));
}

Test(rules, true_is_the_format_of_equinox)
{
    vn_array *want = vn_tree_serialise_leaves_bytes(model());
    cr_assert(vn_tree_equal(bytes_of(model(), NULL), want, NULL));
    cr_assert(vn_tree_equal(bytes_of(model(), vn_bool(true)), want, NULL));
    cr_assert(vn_tree_equal(bytes_of(model(), vn_list(vn_bool(true), vn_bool(true))), want,
                            NULL));
    cr_assert(vn_tree_equal(from(want, other(), vn_bool(true)), model(), NULL));
    expect_ok();
    expect_no_leak();
}

Test(rules, what_is_left_out_is_kept_from_like)
{
    vn_tree *spec = vn_list(vn_bool(true), vn_bool(false));
    vn_array *bytes = bytes_of(model(), spec);
    cr_assert(vn_tree_equal(
        bytes, vn_tree_serialise_leaves_bytes(vn_at(model(), 0)), NULL));
    vn_tree *got = from(bytes, other(), spec);
    cr_assert(vn_tree_equal(vn_at(got, 0), vn_at(model(), 0), NULL));
    cr_assert(vn_tree_equal(vn_at(got, 1), vn_at(other(), 1), NULL));
    spec = vn_predicate(vn_is_inexact_array); /* no p, no inference */
    cr_assert(vn_tree_equal(bytes_of(model(), spec), bytes, NULL));
    got = from(bytes, other(), spec);
    cr_assert(vn_tree_equal(vn_at(got, 1), vn_at(other(), 1), NULL));
    expect_ok();
    expect_no_leak();
}

Test(rules, a_leaf_that_is_not_written_needs_no_numbers)
{
    vn_tree *shape = &vn__array_new(VN_F32, VN_SHAPE(3))->base;
    vn_tree *tree = vn_list(vn_ones(VN_F32, VN_SHAPE(2)), shape);
    vn_tree *spec = vn_list(vn_bool(true), vn_bool(false));
    cr_assert(vn_size(bytes_of(tree, spec)) == 136);
    cr_assert(!bytes_of(tree, NULL));
    vn_error_clear();
    vn_tree *like = &vn__array_new(VN_F32, VN_SHAPE(2))->base;
    vn_tree *got = from(bytes_of(tree, spec), vn_list(like, shape), spec);
    cr_assert(vn_tree_equal(vn_at(got, 0), vn_at(tree, 0), NULL));
    expect_ok();
}

/* f32 as bf16, and a mark of what the context says before it. */
static bool save_half(vn_leaf_stream *to, vn_tree *leaf, void *context)
{
    return vn_leaf_write(to, context, 4) && vn_leaf_save(to, vn_cast(leaf, VN_BF16));
}

static vn_tree *load_half(vn_leaf_stream *from, vn_tree *like, void *context)
{
    char mark[4];
    if (!vn_leaf_read(from, mark, 4))
        return NULL;
    if (memcmp(mark, context, 4) != 0)
        return vn_error(VN_ERR_FORMAT, "the mark is lost");
    return vn_cast(vn_leaf_load(from, vn_empty(VN_BF16, vn_shape_of(like))), VN_F32);
}

static char mark[] = "mark";
static const vn_leaf_rule half = { .save = save_half, .load = load_half, .context = mark };

Test(rules, functions_write_a_leaf_their_way)
{
    vn_tree *tree = vn_list(vn_full(VN_F32, VN_SHAPE(3), 1.5), vn_int(7));
    vn_tree *like = vn_list(vn_zeros(VN_F32, VN_SHAPE(3)), vn_int(0));
    vn_tree *spec = vn_list(vn_rule(&half), vn_bool(true));
    vn_array *bytes = bytes_of(tree, spec);
    cr_assert(vn_size(bytes) == 4 + 134 + 136);
    cr_assert(vn_tree_equal(from(bytes, like, spec), tree, NULL));
    expect_ok();
    const char *const data = vn_data(bytes);
    for (size_t n = 0; n < (size_t)vn_size(bytes); n++) {
        cr_assert(!vn_tree_deserialise_leaves_spec_bytes(data, n, like, spec));
        expect_error(FORMAT, "memory: leaf [");
    }
    memcpy(vn_data_mut(bytes), "kram", 4);
    cr_assert(!from(bytes, like, spec));
    expect_error(FORMAT, "the mark is lost");
    expect_no_leak();
}

/* A list as its length alone. */
static bool save_length(vn_leaf_stream *to, vn_tree *node, void *context)
{
    (void)context;
    return vn_leaf_save(to, vn_int(vn_len(node)));
}
static vn_tree *load_length(vn_leaf_stream *from, vn_tree *like, void *context)
{
    (void)context;
    const bool same = vn_int_value(vn_leaf_load(from, vn_int(0))) == vn_len(like);
    return same ? like : NULL;
}
static const vn_leaf_rule length = { save_length, load_length, NULL, .whole = true };

Test(rules, a_rule_may_take_a_whole_subtree)
{
    vn_tree *spec = vn_list(vn_rule(&length), vn_bool(true));
    vn_tree *three = vn_list(vn_list(vn_int(1), vn_int(2), vn_int(3)), vn_int(4));
    vn_array *bytes = bytes_of(three, spec);
    cr_assert(vn_size(bytes) == 2 * 136);
    cr_assert(vn_tree_equal(from(bytes, three, spec), three, NULL));
    cr_assert(!from(bytes, vn_list(vn_list(vn_int(1)), vn_int(4)), spec));
    expect_error(RUNTIME, "leaf [0][0]: its rule could not load it");
    cr_assert(!from(bytes, vn_list(vn_list_n(0, NULL), vn_int(4)), spec));
    expect_error(RUNTIME, "its rule could not load it");
    expect_no_leak();
}

static vn_tree *load_wrong(vn_leaf_stream *from, vn_tree *like, void *context)
{
    (void)context;
    (void)like;
    return vn_cast(vn_leaf_load(from, like), VN_F64);
}
static bool save_not(vn_leaf_stream *to, vn_tree *leaf, void *context)
{
    (void)to, (void)leaf, (void)context;
    return false;
}

Test(rules, disagreements_are_sentences)
{
    static const vn_leaf_rule wrong = { save_half, load_wrong, mark, false };
    static const vn_leaf_rule never = { save_not, load_half, mark, false };
    static const vn_leaf_rule half_a_rule = { .save = save_half };
    vn_tree *x = vn_ones(VN_F32, VN_SHAPE(2));
    cr_assert(!from(bytes_of(x, NULL), x, vn_rule(&wrong)));
    expect_error(STRUCTURE, "leaf : its rule loaded f64[2], `like` is f32[2]");
    cr_assert(!bytes_of(vn_list(x), vn_rule(&never)));
    expect_error(RUNTIME, "leaf [0]: its rule could not save it");
    cr_assert(!vn_rule(&half_a_rule));
    expect_error(NULL_ARGUMENT, "load is NULL");
    cr_assert(!vn_rule(NULL));
    expect_error(NULL_ARGUMENT, "rule");
    cr_assert(!bytes_of(vn_list(x, x), vn_list(vn_bool(true), vn_int(1))));
    expect_error(ARGUMENT, "a specification is made of vn_bool, vn_predicate and vn_rule, not "
                           "int (at \"[1]\")");
    cr_assert(!bytes_of(vn_list(x, x), vn_list(vn_bool(true))));
    expect_error(STRUCTURE, "tree_serialise_leaves");
    cr_assert(!from(bytes_of(x, NULL), vn_list(x), vn_tuple(vn_bool(true))));
    expect_error(STRUCTURE, "tree_deserialise_leaves");
    expect_no_leak();
}

Test(rules, a_specification_works_on_files_and_streams)
{
    char path[] = "/tmp/vernal.rules-XXXXXX";
    const int descriptor = mkstemp(path);
    cr_assert(descriptor >= 0);
    vn_tree *spec = vn_list(vn_bool(false), vn_bool(true));
    cr_assert(vn_tree_serialise_leaves_spec(path, model(), spec) == VN_ERR_OK);
    vn_tree *got = vn_tree_deserialise_leaves_spec(path, other(), spec);
    cr_assert(vn_tree_equal(vn_at(got, 1), vn_at(model(), 1), NULL));
    cr_assert(vn_tree_equal(vn_at(got, 0), vn_at(other(), 0), NULL));
    FILE *file = fopen(path, "wb+");
    cr_assert(vn_tree_serialise_leaves_spec_to(file, model(), spec) == VN_ERR_OK);
    cr_assert(ftell(file) == 136 + 129);
    rewind(file);
    got = vn_tree_deserialise_leaves_spec_from(file, other(), spec);
    cr_assert(vn_tree_equal(vn_at(got, 1), vn_at(model(), 1), NULL));
    fclose(file);
    close(descriptor);
    unlink(path);
    expect_ok();
    expect_no_leak();
}
