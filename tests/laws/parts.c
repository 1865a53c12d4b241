/* SPDX-License-Identifier: MIT */
/* Large arrays are cut into parts for the pool's workers by softmax, transposes and reductions:
 * the result for the whole is that for each of its slices, which are too small to be cut, with
 * the same bits at any number of threads, eager and compiled. */
#include "laws/tally.h"

/* Functions of the last two axes. */
static vn_tree *softmax_last(vn_tree *const arg[]) { return vn_softmax(arg[0], -1); }
static vn_tree *softmax_middle(vn_tree *const arg[]) { return vn_softmax(arg[0], -2); }
static vn_tree *log_softmax(vn_tree *const arg[]) { return vn_log_softmax(arg[0], -1); }
static vn_tree *turned(vn_tree *const arg[]) { return vn_swapaxes(arg[0], -1, -2); }
static vn_tree *sum_last(vn_tree *const arg[])
{
    return vn_sum_over(arg[0], VN_AXES(vn_rank(arg[0]) - 1), false);
}
static vn_tree *max_middle(vn_tree *const arg[])
{
    return vn_max_over(arg[0], VN_AXES(vn_rank(arg[0]) - 2), false);
}

static vn_tree *weighted(vn_tree *const arg[]) /* x */
{
    vn_array *const y = vn_softmax(arg[0], -1), *const z = vn_log_softmax(arg[0], -2);
    return vn_sum(vn_add(vn_mul(arg[0], y), vn_mul(y, z)));
}

/* By both derivatives. */
static vn_tree *gradient(vn_tree *const arg[])
{
    return vn_call(vn_filter_grad(vn_function(weighted, 1), NULL), arg[0]);
}

static void check(const char *which, vn_fn *f, vn_array *x)
{
    static const int threads[] = { 1, 3 };
    for (int t = 0; t < 2; t++) {
        vn_set_num_threads(threads[t]);
        vn_array *const eager = vn_call(vn_function(f, 1), x);
        vn_array *const planned = vn_call(vn_filter_jit(vn_function(f, 1), NULL), x);
        for (int64_t i = 0; i < vn_dim(x, 0); i++)
            VN_SCOPE
            {
                vn_array *const want = vn_call(vn_function(f, 1), vn_index(x, 0, i));
                expect_of(same_bits(vn_index(eager, 0, i), want), "not its slice", which, i);
                expect_of(same_bits(vn_index(planned, 0, i), want), "not its slice planned",
                          which, i);
            }
    }
    vn_set_num_threads(0);
}

/* The first axis of the result is any one of the operand's. */
static void check_transpose(vn_dtype dtype)
{
    vn_array *const x = vn_normal(vn_key(7), VN_SHAPE(33, 1, 41, 150), dtype);
    for (int threads = 1; threads <= 3; threads += 2) {
        vn_set_num_threads(threads);
        vn_array *const to_first = vn_transpose(x, VN_AXES(1, 3, 0, 2));
        vn_array *const middle = vn_transpose(x, VN_AXES(2, 0, 3, 1));
        for (int64_t i = 0; i < 41; i++)
            VN_SCOPE
            {
                vn_array *const slice = vn_index(x, 2, i); /* [33, 1, 150] */
                expect_of(same_bits(vn_index(middle, 0, i), slice), "not its slice", "middle",
                          i);
                expect_of(same_bits(vn_index(to_first, 3, i),
                                    vn_transpose(vn_reshape(slice, VN_SHAPE(33, 150)),
                                                 VN_AXES(1, 0))),
                          "not its slice", "to first", i);
            }
    }
    vn_set_num_threads(0);
}

int main(void)
{
    for (int wide = 0; wide < 2; wide++) {
        const vn_dtype dtype = wide ? VN_F64 : VN_F32;
        vn_set_default_dtype(dtype);
        VN_SCOPE
        {
            vn_array *const x = vn_normal(vn_key(3), VN_SHAPE(19, 90, 101), dtype);
            check("softmax", softmax_last, x);
            check("softmax of the middle", softmax_middle, x);
            check("log_softmax", log_softmax, x);
            check("transpose", turned, x);
            check("sum", sum_last, x);
            check("max", max_middle, x);
            check("gradient", gradient, x);
            check_transpose(dtype);
        }
    }
    vn_finish();
    return report();
}
