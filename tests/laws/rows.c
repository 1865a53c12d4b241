/* SPDX-License-Identifier: MIT */
/* Rows that are read of a table and added to its gradient (core/plan/rules_rows.c): the numbers
 * of the eager call, the same bits at any number of threads, and no table for each example.
 * Tables small and large, one index an example or several, along either axis of the table,
 * beside another use of it. */
#include "laws/tally.h"
#include "vernal.h"

static vn_tree *over_examples(vn_fn *one, vn_tree *const arg[])
{
    vn_tree *const axes[] = { vn_none(), vn_int(0) };
    const vn_vmap_options o = { .in_axes = axes, .n_in = 2 };
    return vn_mean(vn_call(vn_filter_vmap(vn_function(one, 2), &o), arg[0], arg[1]));
}

/* ---- of a table [rows, size] and the indices of one example */

static vn_tree *one_of_pair(vn_tree *const arg[]) /* the first of them */
{
    vn_array *const i = vn_index(arg[1], 0, 0);
    return vn_sum(vn_tanh(vn_take(arg[0], i, 0)));
}

static vn_tree *take_one(vn_tree *const arg[]) { return vn_take(arg[0], arg[1], 0); }
static vn_tree *mapped(vn_tree *const arg[]) /* as an Embedding is mapped over tokens */
{
    vn_tree *const axes[] = { vn_none(), vn_int(0) };
    const vn_vmap_options o = { .in_axes = axes, .n_in = 2 };
    vn_array *const h = vn_call(vn_filter_vmap(vn_function(take_one, 2), &o), arg[0], arg[1]);
    return vn_sum(vn_square(vn_tanh(vn_mean_over(h, VN_AXES(0), false))));
}

static vn_tree *several(vn_tree *const arg[]) /* one take of many */
{
    return vn_sum(vn_tanh(vn_take(arg[0], arg[1], 0)));
}

static vn_tree *columns(vn_tree *const arg[]) /* of the transposed table */
{
    vn_array *const t = vn_transpose(arg[0], VN_AXES(1, 0));
    return vn_sum(vn_tanh(vn_scale(0.5, vn_take(t, arg[1], 1))));
}

static vn_tree *tied(vn_tree *const arg[]) /* the table is read, and is a matrix */
{
    vn_array *const h = vn_mean_over(vn_take(arg[0], arg[1], 0), VN_AXES(0), false);
    return vn_mean(vn_sin(vn_matmul(arg[0], vn_tanh(h))));
}

static const struct {
    const char *name;
    vn_fn *one;
} functions[] = {
    { "one index", one_of_pair }, { "mapped indices", mapped }, { "several indices", several },
    { "columns", columns },       { "a tied table", tied },
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

/* (which of them, table, indices) -> the mean over the examples */
static vn_tree *loss(vn_tree *const arg[])
{
    return over_examples(functions[vn_int_value(arg[0])].one, arg + 1);
}

static vn_tree *gradient_of(int k)
{
    return vn_filter_grad(vn_partial(vn_function(loss, 3), vn_int(k)), NULL);
}

/* The mean of the gradients of the examples. */
static vn_tree *mean_of_gradients(vn_tree *const arg[])
{
    vn_tree *const axes[] = { vn_none(), vn_int(0) };
    const vn_vmap_options o = { .in_axes = axes, .n_in = 2 };
    vn_tree *const one = vn_filter_grad(vn_function(mapped, 2), NULL);
    return vn_mean_over(vn_call(vn_filter_vmap(one, &o), arg[0], arg[1]), VN_AXES(0), false);
}

/* ---- the laws */

static void check(const char *name, vn_tree *f, int64_t batch, int64_t rows, int64_t size)
{
    static const int threads[] = { 1, 2, 3, 8 };
    vn_array *const table = vn_normal(vn_key(1), VN_SHAPE(rows, size), VN_DTYPE_DEFAULT);
    vn_array *const index = vn_randint(vn_key(2), VN_SHAPE(batch, 7), -rows, rows, VN_I32);
    const bool wide = vn_default_dtype() == VN_F64;
    const vn_tree_equal_options close = { .rtol = wide ? 1e-11 : 1e-4,
                                          .atol = wide ? 1e-13 : 1e-6 };
    vn_tree *const fast = vn_filter_jit(f, NULL), *const eager = vn_call(f, table, index);
    vn_tree *first = NULL;
    for (int t = 0; t < 4; t++) {
        vn_set_num_threads(threads[t]);
        vn_tree *const got = vn_call(fast, table, index);
        vn_tree *const again = vn_call(f, table, index);
        first = first ? first : got;
        expect_of(vn_tree_equal(got, eager, &close), "compiled is not eager", name, rows);
        expect_of(vn_tree_equal(got, first, NULL), "other bits with other threads", name, rows);
        expect_of(vn_tree_equal(again, eager, NULL), "eager, other bits", name, rows);
    }
    vn_set_num_threads(0);
}

/* A plan has memory for some tables, for the rows of the batch and for a tile, and not for a
 * table an example. */
static void check_memory(const char *name, vn_tree *f, int64_t batch, int64_t rows,
                         int64_t size)
{
    vn_array *const table = vn_zeros(VN_F32, VN_SHAPE(rows, size));
    vn_array *const index = vn_zeros(VN_I32, VN_SHAPE(batch, 7));
    vn_set_num_threads(1);
    vn_plan *const plan = vn_plan_create(f, 2, (vn_tree *[]){ table, index });
    const size_t tables = 3 * sizeof(float) * (size_t)(rows * size);
    const size_t taken = 4 * sizeof(float) * (size_t)(batch * 7 * size);
    expect_of(plan && vn_plan_workspace(plan) < tables + taken, "a table for an example", name,
              rows);
    vn_plan_destroy(plan);
    vn_set_num_threads(0);
}

static void check_all(void)
{
    static const int64_t sizes[][2] = { { 11, 5 }, { 3001, 24 }, { 130, 700 } };
    for (int s = 0; s < 3; s++)
        for (int k = 0; k <= FUNCTIONS; k++)
            VN_SCOPE
            {
                const bool grad = k < FUNCTIONS;
                vn_tree *const f = grad ? gradient_of(k) : vn_function(mean_of_gradients, 2);
                const char *const name = grad ? functions[k].name : "mean of gradients";
                check(name, f, 1, sizes[s][0], sizes[s][1]);
                check(name, f, 75, sizes[s][0], sizes[s][1]);
                if (k < FUNCTIONS - 1)
                    check_memory(name, f, 300, 5003, 64);
            }
}

/* Eager too: a table an example would take minutes and gigabytes. */
static void check_large(void)
{
    vn_tree *const f = gradient_of(1);
    vn_array *const table = vn_normal(vn_key(1), VN_SHAPE(50000, 128), VN_F32);
    vn_array *const index = vn_randint(vn_key(2), VN_SHAPE(256, 7), 0, 50000, VN_I32);
    const vn_tree_equal_options close = { .rtol = 1e-4, .atol = 1e-9 };
    vn_tree *const g = vn_call(vn_filter_jit(f, NULL), table, index);
    expect_of(vn_tree_equal(vn_call(f, table, index), g, &close), "compiled is not eager",
              "a large table", 50000);
    check_memory("a large table", f, 256, 50000, 128);
}

int main(void)
{
    for (int wide = 0; wide < 2; wide++) {
        vn_set_default_dtype(wide ? VN_F64 : VN_F32);
        check_all();
    }
    vn_set_default_dtype(VN_F32);
    VN_SCOPE check_large();
    vn_finish();
    return report();
}
