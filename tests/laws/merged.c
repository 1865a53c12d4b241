/* SPDX-License-Identifier: MIT */
/* Several vmaps over one array: where their axes never meet they become one, and what is the
 * same over both is computed once. Where they meet, in a value or within a loop, they stay two.
 * Values are those of the eager call. */
#include <string.h>

#include "laws/describe.h"
#include "laws/tally.h"

enum { ROWS = 6, IN = 4 };

static vn_tree *rows(vn_fn *f, int n_in, vn_array *whole, vn_array *x)
{
    vn_tree *axes[] = { vn_none(), vn_int(0) };
    const vn_vmap_options o = { .in_axes = axes, .n_in = 2 };
    return vn_call(vn_filter_vmap(vn_function(f, n_in), &o), whole, x);
}

/* ---- a model's loss and its accuracy, by a call each */

static vn_tree *loss(vn_tree *const arg[]) /* model, x */
{
    return vn_mean(vn_square(vn_vmap_call(arg[0], arg[1])));
}

static vn_tree *loss_and_largest(vn_tree *const arg[]) /* model, x */
{
    vn_array *const again = vn_vmap_call(arg[0], arg[1]);
    return vn_tuple(loss(arg), vn_max_over(again, VN_AXES(1), false));
}

/* ---- pairs of rows */

static vn_tree *pair(vn_tree *const arg[]) /* a, b */
{
    return vn_tanh(vn_sum(vn_square(vn_sub(arg[0], arg[1]))));
}

static vn_tree *pairs_of(vn_tree *const arg[]) /* x, a */
{
    return rows(pair, 2, arg[1], arg[0]);
}

static vn_tree *pairs(vn_tree *const arg[]) { return rows(pairs_of, 2, arg[0], arg[0]); }

static vn_tree *sum_of_pairs(vn_tree *const arg[]) /* x, a */
{
    return vn_sum(rows(pair, 2, arg[1], arg[0]));
}

static vn_tree *sums(vn_tree *const arg[]) { return rows(sum_of_pairs, 2, arg[0], arg[0]); }

/* ---- pairs that meet within a loop only, whose result has one of the axes: sums, as 7/4 of
 * them are the sum of three steps of a half */

static vn_tree *step(vn_tree *const arg[]) /* a, b, i, h */
{
    vn_array *const one = vn_psum(vn_call(vn_function(pair, 2), arg[0], arg[1]), "b");
    return vn_add(one, vn_mul(arg[3], vn_scalar(VN_F32, 0.5)));
}

static vn_tree *looped(vn_tree *const arg[]) /* a, b */
{
    vn_tree *const body = vn_partial(vn_function(step, 4), arg[0], arg[1]);
    return vn_fori_loop(0, 3, body, vn_zeros(vn_dtype_of(arg[0]), VN_SCALAR));
}

static vn_tree *loops_of(vn_tree *const arg[]) /* x, a */
{
    vn_tree *axes[] = { vn_none(), vn_int(0) };
    const vn_vmap_options o = { .in_axes = axes, .n_in = 2, .axis_name = "b" };
    vn_tree *const f = vn_filter_vmap(vn_function(looped, 2), &o);
    return vn_index(vn_call(f, arg[1], arg[0]), 0, 0);
}

static vn_tree *loops(vn_tree *const arg[])
{
    return vn_div(rows(loops_of, 2, arg[0], arg[0]), vn_scalar(VN_F32, 1.75));
}

/* ---- every row with the mean of a function of all: two stages, one axis */

static vn_tree *centred(vn_tree *const arg[]) /* mean, a */
{
    return vn_sub(vn_tanh(arg[1]), arg[0]);
}

static vn_tree *tanh_of(vn_tree *const arg[]) { return vn_tanh(arg[1]); }

static vn_tree *centre(vn_tree *const arg[])
{
    vn_array *const all = rows(tanh_of, 2, vn_zeros(VN_F32, VN_SCALAR), arg[0]);
    return rows(centred, 2, vn_mean_over(all, VN_AXES(0), false), arg[0]);
}

/* ------------------------------------------------------------------------------- checks */

static int count(const char *text, const char *word)
{
    int n = 0;
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        n++;
    return n;
}

static int on_tape(const char *word, vn_tree *f, int n, vn_tree *const arg[])
{
    static char text[LAW_TEXT];
    law_describe(text, vn_tape_print, f, n, arg);
    return count(text, word);
}

static void check_as(const char *which, vn_fn *fn, vn_fn *by, int n, vn_tree *const arg[])
{
    static const vn_tree_equal_options close = { .rtol = 1e-6, .atol = 1e-6 };
    vn_tree *const plan = vn_call_n(vn_filter_jit(vn_function(fn, n), NULL), n, arg);
    vn_tree *const eager = vn_call_n(vn_function(by, n), n, arg);
    expect(vn_tree_equal(plan, eager, &close), "as the eager call", which);
}

static void check(const char *which, vn_fn *fn, int n, vn_tree *const arg[])
{
    check_as(which, fn, fn, n, arg);
}

int main(void)
{
    VN_SCOPE
    {
        vn_array *const x = vn_normal(vn_key(0), VN_SHAPE(ROWS, IN), VN_F32);
        vn_tree *const arg[] = { vn_mlp(IN, 3, 5, 2, vn_key(1), NULL), x };
        vn_tree *const both = vn_function(loss_and_largest, 2);
        check("loss and largest", loss_and_largest, 2, arg);
        expect(on_tape("dot_general", vn_function(loss, 2), 2, arg) == 3, "three layers",
               "loss");
        expect(on_tape("dot_general", both, 2, arg) == 3, "one model", "loss and largest");
        check("pairs", pairs, 1, &arg[1]);
        check("sums of pairs", sums, 1, &arg[1]);
        check_as("pairs in a loop", loops, sums, 1, &arg[1]);
        check("centred rows", centre, 1, &arg[1]);
        expect(on_tape("= tanh", vn_function(centre, 1), 1, &arg[1]) == 1, "one tanh",
               "centred rows");
    }
    vn_finish();
    return report();
}
