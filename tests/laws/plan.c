/* SPDX-License-Identifier: MIT */
/* A plan against the same function run at once; the shapes that recording foresees; threads. */
#include "laws/law.h"

enum { SEED = 35 };

static void compare_compiled(law_run *r, const char *what, vn_tree *f, int n,
                             vn_tree *const arg[], double rtol)
{
    vn_tree *compiled = vn_filter_jit(f, NULL);
    vn_tree *want = vn_call_n(f, n, arg), *got = vn_call_n(compiled, n, arg);
    if (!law_close(r, what, got, want, rtol))
        return;
    law_same_bits(r, "second run", vn_call_n(compiled, n, arg), got);
    if (vn_jit_traces(compiled) != 1)
        law_fail(r, "recorded %d times for one signature", vn_jit_traces(compiled));
}

void law_plan(law_run *r, const law_subject *s)
{
    vn_tree *arg[LAW_MAX_ARGS + 2], *f = law_function(s);
    int n = law_arity(s);
    law_arguments(arg, s, SEED, 0, 0);
    compare_compiled(r, "plan", f, n, arg, law_rounding());
    vn_tree *out = vn_call_n(f, n, arg);
    bool inexact = law_has_inexact(out) && law_has_inexact(vn_tuple_n(n, arg));
    if (s->flags & LAW_NO_DERIVATIVE || !inexact)
        return;
    arg[n] = law_direction(out, SEED);
    compare_compiled(r, "plan of vjp", law_cotangents(f), n + 1, arg, 10 * law_rounding());
}

/* ---- shapes of values while they are recorded, which come from the shape rules alone */

typedef struct spy {
    vn_module base;
    vn_tree *f;
    void *seen;
} spy;

typedef struct seen {
    int count;
    vn_dtype dtype[64];
    vn_shape shape[64];
} seen;

static vn_tree *call_spy(vn_tree *self, int n, vn_tree *const arg[])
{
    const spy *me = (const void *)self;
    seen *out = me->seen;
    vn_tree *result = vn_call_n(me->f, n, arg), *leaves = vn_tree_leaves(result);
    out->count = 0;
    for (int i = 0; i < vn_len(leaves) && i < 64; i++, out->count++) {
        out->dtype[i] = vn_dtype_of(vn_at(leaves, i));
        out->shape[i] = vn_shape_of(vn_at(leaves, i));
    }
    return result;
}

static const vn_field spy_fields[] = { VN_FIELD(spy, f, TREE), VN_FIELD(spy, seen, POINTER) };
static const vn_type spy_type = VN_MODULE_TYPE(spy, spy_fields, call_spy, 1, LAW_MAX_ARGS + 1);

void law_shape(law_run *r, const law_subject *s)
{
    static seen foreseen;
    vn_tree *arg[LAW_MAX_ARGS + 2], *f = law_function(s);
    int n = law_arity(s);
    law_arguments(arg, s, SEED, 0, 0);
    foreseen.count = -1;
    vn_tree *watched = vn_module_new(&spy_type, &(spy){ .f = f, .seen = &foreseen });
    vn_call_n(vn_filter_jit(watched, NULL), n, arg);
    vn_tree *made = vn_tree_leaves(vn_call_n(f, n, arg));
    r->compared++;
    if (!vn_ok() || foreseen.count != vn_len(made)) {
        law_fail(r, "%d results foreseen, %d made", foreseen.count, vn_len(made));
        return;
    }
    for (int i = 0; i < foreseen.count; i++)
        if (foreseen.dtype[i] != vn_dtype_of(vn_at(made, i)) ||
            !vn_shape_equal(foreseen.shape[i], vn_shape_of(vn_at(made, i))))
            law_fail(r, "the shape rule differs from the shape made for result %d", i);
}
