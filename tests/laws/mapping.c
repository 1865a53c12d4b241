/* SPDX-License-Identifier: MIT */
/* vmap against a loop over the examples: at once and compiled, every set of mapped operands,
 * other axes, under gradients; and the gradient of a mean against the mean of gradients. */
#include "laws/law.h"

enum { SEED = 21 };

/* Alone, below and above the lanes of a register. */
static const int64_t batches[] = { 1, 5, 19 };
enum { BATCHES = sizeof batches / sizeof *batches };

typedef struct batch {
    vn_tree *arg[LAW_MAX_ARGS + 2], *axis[LAW_MAX_ARGS + 2];
    vn_tree *example[LAW_MAX_BATCH][LAW_MAX_ARGS + 2];
    int n;
    int64_t size;
} batch;

/* A batch of which the operands of the set are mapped, and the same example by example. */
static void draw_batch(batch *b, const law_subject *s, int64_t size, unsigned mapped)
{
    b->n = law_arity(s);
    b->size = size;
    law_arguments(b->arg, s, SEED, size, mapped);
    for (int64_t e = 0; e < size; e++)
        law_arguments(b->example[e], s, SEED + (uint64_t)e, 0, 0);
    for (int i = 0; i < b->n; i++) {
        bool on = mapped >> i & 1;
        b->axis[i] = on ? vn_int(0) : vn_none();
        for (int64_t e = 0; !on && e < size; e++)
            b->example[e][i] = b->arg[i];
    }
}

/* One more argument, the same for all examples. */
static void append_shared(batch *b, vn_tree *arg)
{
    b->arg[b->n] = arg;
    b->axis[b->n] = vn_none();
    for (int64_t e = 0; e < b->size; e++)
        b->example[e][b->n] = arg;
    b->n++;
}

/* Trees of one structure with their arrays stacked along a new axis 0. */
vn_tree *law_stacked(int64_t n, vn_tree *const trees[])
{
    vn_tree *leaves[LAW_MAX_BATCH], *items[128];
    int count = vn_tree_count(trees[0]);
    for (int64_t e = 0; e < n; e++)
        leaves[e] = vn_tree_leaves(trees[e]);
    for (int i = 0; i < count && i < 128; i++) {
        vn_tree *column[LAW_MAX_BATCH];
        for (int64_t e = 0; e < n; e++)
            column[e] = vn_at(leaves[e], i);
        items[i] = vn_is_array(column[0]) ? vn_stack_n((int)n, column, 0) : column[0];
    }
    return vn_tree_unflatten(trees[0], count, items);
}

static vn_tree *loop(vn_tree *f, const batch *b)
{
    vn_tree *out[LAW_MAX_BATCH];
    for (int64_t e = 0; e < b->size; e++)
        out[e] = vn_call_n(f, b->n, b->example[e]);
    return vn_ok() ? law_stacked(b->size, out) : NULL;
}

static vn_tree *mapped(vn_tree *f, const batch *b, vn_tree *out_axes, const char *axis_name)
{
    return vn_filter_vmap(f, &(vn_vmap_options){ .in_axes = b->axis,
                                                 .n_in = b->n,
                                                 .out_axes = out_axes,
                                                 .axis_name = axis_name });
}

static vn_tree *move_to_end(vn_tree *const arg[]) { return vn_moveaxis(arg[0], 0, -1); }
static vn_tree *move_to_front(vn_tree *const arg[]) { return vn_moveaxis(arg[0], -1, 0); }

static vn_tree *each_array(vn_tree *tree, vn_fn *fn)
{
    vn_tree *arrays, *rest;
    if (vn_partition(&arrays, &rest, tree, vn_is_array) != VN_ERR_OK)
        return NULL;
    return vn_combine(vn_tree_map(vn_function(fn, 1), arrays), rest);
}

/* The mapped axis last in every operand and in the result. */
static void check_last_axis(law_run *r, vn_tree *f, batch b, vn_tree *want)
{
    for (int i = 0; i < b.n; i++) {
        if (vn_is_none(b.axis[i]))
            continue;
        b.arg[i] = vn_moveaxis(b.arg[i], 0, -1);
        b.axis[i] = vn_int(-1);
    }
    vn_tree *last = each_array(want, move_to_end);
    vn_tree *g = mapped(f, &b, vn_int(-1), NULL);
    law_close(r, "vmap over last axes", vn_call_n(g, b.n, b.arg), last, law_rounding());
    g = vn_filter_jit(g, NULL);
    vn_tree *front = each_array(vn_call_n(g, b.n, b.arg), move_to_front);
    law_close(r, "compiled vmap over last axes", front, want, law_rounding());
}

/* The non-empty sets of operands to map: all of them, and each alone. */
static int mapped_sets(unsigned sets[], const law_subject *s)
{
    int count = 0, first = s->model != NULL;
    unsigned all = 0;
    for (int i = 0; i < s->n; i++)
        all |= 1u << (i + first);
    sets[count++] = all;
    for (int i = 0; s->n > 1 && i < s->n; i++)
        sets[count++] = 1u << (i + first);
    return count;
}

void law_vmap(law_run *r, const law_subject *s)
{
    static batch b;
    unsigned sets[LAW_MAX_ARGS + 1];
    int count = s->flags & LAW_NO_BATCH ? 0 : mapped_sets(sets, s);
    for (int k = 0; k < count; k++)
        for (int size = 0; size < BATCHES; size++)
            VN_SCOPE
            {
                vn_tree *f = law_function(s);
                draw_batch(&b, s, batches[size], sets[k]);
                vn_tree *want = loop(f, &b), *g = mapped(f, &b, NULL, NULL);
                vn_tree *compiled = vn_filter_jit(g, NULL),
                        *named = mapped(f, &b, NULL, "batch");
                law_close(r, "vmap", vn_call_n(g, b.n, b.arg), want, law_rounding());
                law_close(r, "compiled vmap", vn_call_n(compiled, b.n, b.arg), want,
                          law_rounding());
                law_close(r, "named vmap", vn_call_n(named, b.n, b.arg), want, law_rounding());
                if (k == 0 && size == 1)
                    check_last_axis(r, f, b, want);
            }
}

static bool differentiable(vn_tree *out, const batch *b, const law_subject *s)
{
    return !(s->flags & (LAW_NO_DERIVATIVE | LAW_NO_BATCH)) && law_has_inexact(out) &&
           law_has_inexact(vn_tuple_n(b->n, b->arg));
}

void law_vmap_grad(law_run *r, const law_subject *s)
{
    static batch b;
    unsigned sets[LAW_MAX_ARGS + 1];
    mapped_sets(sets, s);
    for (int size = 0; size < BATCHES; size++)
        VN_SCOPE
        {
            vn_tree *f = law_function(s);
            draw_batch(&b, s, batches[size], sets[0]);
            vn_tree *out = vn_call_n(f, b.n, b.example[0]);
            if (!differentiable(out, &b, s))
                continue;
            append_shared(&b, law_direction(out, SEED));
            vn_tree *vjp = law_cotangents(f), *want = loop(vjp, &b);
            vn_tree *g = mapped(vjp, &b, NULL, NULL), *compiled = vn_filter_jit(g, NULL);
            double rtol = 10 * law_rounding();
            law_close(r, "vmap of vjp", vn_call_n(g, b.n, b.arg), want, rtol);
            law_close(r, "compiled vmap of vjp", vn_call_n(compiled, b.n, b.arg), want, rtol);
        }
}

/* ---- grad of mean over b of <g, f(arguments_b)> */

static vn_tree *mean_loss(vn_tree *const arg[]) /* mapped function, tuple of arguments */
{
    vn_tree *items[LAW_MAX_ARGS + 2];
    int n = vn_len(arg[1]);
    for (int i = 0; i < n; i++)
        items[i] = vn_at(arg[1], i);
    return vn_mean(vn_call_n(arg[0], n, items));
}

vn_tree *law_mean_gradient(vn_tree *mapped_function)
{
    return vn_filter_grad(vn_partial(vn_function(mean_loss, 2), mapped_function), NULL);
}

/* The same from a loop: a mapped operand has the gradient of its example / B, another the
 * mean. */
static vn_tree *mean_of_gradients(vn_tree *f, const batch *b)
{
    vn_tree *each[LAW_MAX_BATCH], *items[LAW_MAX_ARGS + 2];
    vn_tree *vjp = vn_call_n(f, b->n, b->example[0]) ? law_cotangents(f) : NULL;
    for (int64_t e = 0; e < b->size; e++)
        each[e] = vn_call(vn_at(vn_filter_vjp(f, b->n, b->example[e]), 1),
                          vn_scalar(VN_DTYPE_DEFAULT, 1 / (double)b->size));
    for (int i = 0; vjp && i < b->n; i++) {
        vn_tree *column[LAW_MAX_BATCH];
        for (int64_t e = 0; e < b->size; e++)
            column[e] = vn_at(each[e], i);
        items[i] = column[0];
        if (!vn_is_none(b->axis[i]))
            items[i] = law_stacked(b->size, column);
        for (int64_t e = 1; vn_is_none(b->axis[i]) && e < b->size; e++)
            items[i] = vn_tree_add(items[i], column[e]);
    }
    return vjp ? vn_tuple_n(b->n, items) : NULL;
}

void law_mean_grad(law_run *r, const law_subject *s)
{
    static batch b;
    unsigned sets[LAW_MAX_ARGS + 1];
    int count = mapped_sets(sets, s);
    for (int i = 0; i < 2 * count; i++) /* alone, and in lanes */
        VN_SCOPE
        {
            vn_tree *f = law_function(s);
            draw_batch(&b, s, batches[i < count ? 0 : BATCHES - 1], sets[i % count]);
            vn_tree *out = vn_call_n(f, b.n, b.example[0]);
            if (!differentiable(out, &b, s))
                continue;
            append_shared(&b, law_direction(out, SEED));
            vn_tree *weighted = law_weighted(f), *want = mean_of_gradients(weighted, &b);
            vn_tree *g = law_mean_gradient(mapped(weighted, &b, NULL, NULL));
            vn_tree *compiled = vn_filter_jit(g, NULL);
            vn_tree *tuple = vn_tuple_n(b.n, b.arg);
            double rtol = 10 * law_rounding();
            law_close(r, "grad of mean", vn_call(g, tuple), want, rtol);
            law_close(r, "compiled grad of mean", vn_call(compiled, tuple), want, rtol);
        }
}
