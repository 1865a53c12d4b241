/* SPDX-License-Identifier: MIT */
/* Enumerations: messages, equality, where, promote, inheritance, as values of programs. */
#include <criterion/criterion.h>
#include <string.h>

#include "vernal.h"

static const vn_enum_entry a_entries[] = { { "p", "p is first" }, { "q", "q is second" } };
static const vn_enumeration a = { .name = "A", .entry = a_entries, .n = 2 };
static const vn_enum_entry b_entries[] = { { "r", "r of B" }, { "q", "q of B" } };
static const vn_enumeration b = { .name = "B", .entry = b_entries, .n = 2 };
static const vn_enumeration *const both[] = { &a, &b };
static const vn_enum_entry c_entries[] = { { "s", "s of C" } };
static const vn_enumeration c = {
    .name = "C", .entry = c_entries, .n = 1, .parent = both, .n_parents = 2
};
static const vn_enumeration *const only_c[] = { &c };
static const vn_enum_entry d_entries[] = { { "t", "t of D" } };
static const vn_enumeration d = {
    .name = "D", .entry = d_entries, .n = 1, .parent = only_c, .n_parents = 1
};

static bool says(const vn_enumeration *e, vn_tree *item, const char *text)
{
    vn_tree *message = vn_enum_message(e, item);
    return message && !strcmp(vn_string_value(message), text);
}

static bool failed(const void *result, const char *part)
{
    const bool as_expected = !result && strstr(vn_error_message(), part);
    if (!as_expected)
        fprintf(stderr, "%s\n", vn_error_message());
    vn_error_clear();
    return as_expected;
}

Test(enumeration, items_and_messages)
{
    vn_tree *p = vn_enum_item(&a, "p"), *q = vn_enum_item(&a, "q");
    cr_assert(vn_enum_len(&a) == 2);
    cr_assert(says(&a, p, "p is first") && says(&a, q, "q is second"));
    cr_assert(vn_enum_is(p, &a) && !vn_enum_is(p, &b) && !vn_enum_is(vn_int(0), &a));
    cr_assert(vn_tree_count(p) == 1 && vn_dtype_of(vn_at(p, 0)) == VN_I32);
    cr_assert(failed(vn_enum_item(&a, "x"), "A has no item 'x'"));
    cr_assert(failed(vn_enum_message(&b, p), "a A where an item of B is expected"));
}

Test(enumeration, equality)
{
    vn_tree *p = vn_enum_item(&a, "p"), *q = vn_enum_item(&a, "q");
    cr_assert(vn_item_bool(vn_enum_eq(p, vn_enum_item(&a, "p"))));
    cr_assert(vn_item_bool(vn_enum_ne(p, q)) && !vn_item_bool(vn_enum_eq(p, q)));
    cr_assert(failed(vn_enum_eq(p, vn_enum_item(&b, "q")), "A and B cannot be compared"));
    cr_assert(failed(vn_enum_ne(p, vn_int(0)), "A and int cannot be compared"));
}

Test(enumeration, inheritance_merges_by_name)
{
    cr_assert(vn_enum_len(&c) == 4 && vn_enum_len(&d) == 5); /* p, q, r, s, t */
    cr_assert(vn_item(vn_at(vn_enum_item(&c, "q"), 0)) == 1);
    cr_assert(vn_item(vn_at(vn_enum_item(&c, "r"), 0)) == 2);
    cr_assert(says(&c, vn_enum_item(&c, "q"), "q of B")); /* the later message */
    cr_assert(says(&d, vn_enum_item(&d, "s"), "s of C"));
}

Test(enumeration, where_and_promote)
{
    vn_tree *p = vn_enum_item(&a, "p"), *q = vn_enum_item(&a, "q");
    vn_array *yes = vn_scalar(VN_BOOL, 1), *no = vn_scalar(VN_BOOL, 0);
    cr_assert(says(&a, vn_enum_where(&a, yes, p, q), "p is first"));
    cr_assert(says(&a, vn_enum_where(&a, no, p, q), "q is second"));
    cr_assert(vn_enum_where(&a, no, p, p) == p);
    cr_assert(failed(vn_enum_where(&c, no, p, q), "a A where an item of C"));
    cr_assert(failed(vn_enum_where(&a, vn_ones(VN_BOOL, VN_SHAPE(2)), p, q), "scalar bool"));
    vn_tree *q_of_b = vn_enum_promote(&c, vn_enum_item(&b, "q"));
    cr_assert(vn_enum_is(q_of_b, &c));
    cr_assert(vn_item_bool(vn_enum_eq(q_of_b, vn_enum_item(&c, "q"))));
    cr_assert(says(&d, vn_enum_promote(&d, vn_enum_item(&b, "r")), "r of B"));
    cr_assert(failed(vn_enum_promote(&a, p), "A is no parent of A"));
    cr_assert(failed(vn_enum_promote(&a, vn_enum_item(&c, "p")), "C is no parent of A"));
}

/* ---- as values */

static vn_tree *outcome(vn_tree *const arg[]) /* x -> q where x < 0 */
{
    vn_tree *p = vn_enum_item(&a, "p"), *q = vn_enum_item(&a, "q");
    vn_tree *result = vn_enum_where(&a, vn_lt(arg[0], vn_float(0)), q, p);
    cr_assert(vn_ok());
    return result;
}

static vn_tree *is_traced(vn_tree *const arg[])
{
    vn_tree *item = outcome(arg);
    cr_assert(says(&a, item, "traced"));
    return item;
}

static vn_tree *checked(vn_tree *const arg[]) /* an error unless x >= 0 */
{
    vn_tree *item = outcome(arg);
    vn_array *bad = vn_enum_ne(item, vn_enum_item(&a, "p"));
    return vn_enum_error_if(arg[0], item, bad, NULL);
}

Test(enumeration, under_transformations)
{
    vn_array *x = vn_array_from(VN_F32, VN_SHAPE(3), (float[]){ 1, -1, 2 });
    vn_tree *jitted = vn_filter_jit(vn_function(is_traced, 1), NULL);
    vn_tree *one = vn_call(jitted, vn_scalar(VN_F32, -1));
    cr_assert(vn_enum_is(one, &a) && says(&a, one, "q is second"));
    for (int compiled = 0; compiled < 2; compiled++) {
        vn_tree *f = vn_filter_vmap(vn_function(outcome, 1), NULL);
        vn_tree *all = vn_call(compiled ? vn_filter_jit(f, NULL) : f, x);
        vn_tree *texts = vn_enum_message(&a, all);
        cr_assert(vn_len(texts) == 3);
        cr_assert(!strcmp(vn_string_value(vn_at(texts, 1)), "q is second"));
        vn_tree *g = vn_filter_vmap(vn_function(checked, 1), NULL);
        cr_assert(failed(vn_call(compiled ? vn_filter_jit(g, NULL) : g, x),
                         "Batch index (1,) had error:\nq is second"));
    }
}
