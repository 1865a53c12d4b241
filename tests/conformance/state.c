/* SPDX-License-Identifier: MIT */
/* Row 39: State. */
#include "conformance/conform.h"

/* A module that counts its calls: (x, state) -> (x + count, state). */
typedef struct counter {
    vn_module base;
    vn_tree *index;
} counter;

static vn_tree *counter_call(vn_tree *self, int n, vn_tree *const arg[])
{
    vn_tree *index = ((const counter *)(const void *)self)->index;
    vn_array *count = vn_state_get(arg[1], index);
    (void)n;
    return vn_tuple(vn_add(arg[0], count),
                    vn_state_set(arg[1], index, vn_add(count, vn_int(1))));
}

static const vn_field counter_fields[] = { VN_FIELD(counter, index, TREE) };
static const vn_type counter_type =
    VN_MODULE_TYPE(counter, counter_fields, counter_call, 2, 2);

static vn_tree *counter_new(vn_tree *const arg[])
{
    (void)arg;
    vn_tree *index = vn_state_index(vn_int(0));
    return vn_module_new(&counter_type, &(counter){ .index = index });
}

/* ---- an old State stays valid: values are immutable, and nothing is lost by reading them
 * (Equinox: "Attempted to use old state") */

static void check_old_state(void)
{
    vn_tree *model = counter_new(NULL), *state = vn_state(model);
    vn_tree *index = ((const counter *)(const void *)model)->index;
    vn_tree *new = vn_state_set(state, index, vn_scalar(VN_I32, 5));
    expect_that(vn_item(vn_state_get(new, index)) == 5, "the new one");
    expect_that(vn_item(vn_state_get(state, index)) == 0, "and the old one");
    expect_refused("another shape", vn_state_set(state, index, vn_zeros(VN_I32, VN_SHAPE(2))),
                   "i32[2]");
    expect_refused("another dtype", vn_state_set(state, index, vn_zeros(VN_F32, VN_SCALAR)),
                   "f32[]");
    expect_refused("another structure",
                   vn_state_set(state, index, vn_tuple(vn_zeros(VN_I32, VN_SCALAR))), "");
    expect_refused("a function", vn_state_index(vn_unary(vn_relu)), "StateIndex");
    vn_tree *other = counter_new(NULL);
    expect_refused("an unknown index", vn_state_update(state, vn_state(other)), "no value");
}

static void check_deleted(void)
{
    vn_tree *norm = vn_batch_norm(3, "batch", NULL), *bare = vn_delete_init_state(norm);
    const int with = vn_tree_count(vn_filter(norm, vn_is_array));
    const int without = vn_tree_count(vn_filter(bare, vn_is_array));
    expect_that(with - without == 3, "three arrays fewer");
    expect_refused("State of it", vn_state(bare), "deleted");
}

/* ---- a Counter and two of them, mapped: the axis name has the constructor run once, so that
 * both share one StateIndex */

static vn_tree *two_counters(void)
{
    vn_tree *none = vn_none();
    vn_vmap_options o = {
        .in_axes = &none, .n_in = 1, .axis_size = 2, .axis_name = "counters"
    };
    vn_tree *pair = vn_call(vn_filter_vmap(vn_function(counter_new, 1), &o), none);
    return vn_tuple(counter_new(NULL), pair);
}

static vn_tree *apply(vn_tree *const arg[]) { return vn_call(arg[0], arg[1], arg[2]); }

static vn_tree *run(vn_tree *const arg[]) /* model, x, state -> (y, z, state) */
{
    vn_tree *one = vn_at(arg[0], 0), *pair = vn_at(arg[0], 1), *x = arg[1];
    vn_tree *first = vn_call(one, x, arg[2]), *state = vn_at(first, 1);
    vn_tree *part = vn_substate(state, pair), *none = vn_none(), *zero = vn_int(0);
    vn_tree *const in[] = { zero, none, zero };
    vn_vmap_options o = { .in_axes = in, .n_in = 3 };
    vn_tree *mapped = vn_call(vn_filter_vmap(vn_function(apply, 3), &o), pair, x, part);
    return vn_tuple(vn_at(first, 0), vn_at(mapped, 0),
                    vn_state_update(state, vn_at(mapped, 1)));
}

static vn_tree *state_of(vn_tree *const arg[]) { return vn_state(arg[0]); }

static void check_counters(bool jit)
{
    vn_tree *model = two_counters(), *x = vn_scalar(VN_I32, 10);
    vn_tree *make = vn_function(state_of, 1), *f = vn_function(run, 3);
    vn_tree *state = vn_call(jit ? vn_filter_jit(make, NULL) : make, model);
    if (jit)
        f = vn_filter_jit(f, NULL);
    for (int i = 0; i < 3; i++) {
        vn_tree *out = vn_call(f, model, x, state);
        const double want[] = { 10 + i, 10 + i };
        expect_numbers("one counter", vn_at(out, 0), VN_SCALAR, want);
        expect_numbers("two counters", vn_at(out, 1), VN_SHAPE(2), want);
        state = vn_at(out, 2);
    }
}

void row_39_state(void)
{
    check_old_state();
    check_deleted();
    check_counters(false);
    check_counters(true);
}
