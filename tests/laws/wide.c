/* SPDX-License-Identifier: MIT */
/* Nets with more parameters than a tile has room for run step by step (core/plan/wide.c): the
 * numbers of the eager call, and the same bits at any number of threads, for batches of one
 * example, of broken panels and of several tiles; also without a gradient, where the weights
 * alone are large. */
#include "laws/tally.h"
#include "vernal.h"

static vn_tree *loss(vn_tree *const arg[]) /* model, x, y */
{
    return vn_mean(vn_square(vn_sub(vn_vmap_call(arg[0], arg[1]), arg[2])));
}

static vn_tree *results(vn_tree *const arg[]) /* model, x, y */
{
    return vn_sub(vn_vmap_call(arg[0], arg[1]), arg[2]);
}

/* out: of the last layer; a narrow one has a gradient that is wide the other way. */
static vn_tree *mlp_of(int64_t out)
{
    return vn_mlp(300, out, out < 100 ? 1030 : 500, 2, vn_key(0), NULL);
}

/* Gradients of which a part is all but a few rows or columns, or a tenth. */
static vn_tree *uneven(void)
{
    return vn_sequential(
        vn_linear(300, 640, vn_key(0), NULL), vn_linear(640, 100, vn_key(1), NULL),
        vn_linear(100, 120, vn_key(2), NULL), vn_linear(120, 66, vn_key(3), NULL),
        vn_linear(66, 2100, vn_key(4), NULL));
}

static void check(int64_t batch, vn_tree *model, int64_t out, vn_dtype dtype, bool gradient)
{
    static const int threads[] = { 1, 3, 8 };
    vn_array *const x = vn_normal(vn_key(1), VN_SHAPE(batch, 300), dtype);
    vn_array *const y = vn_normal(vn_key(2), VN_SHAPE(batch, out), dtype);
    vn_tree *const f = gradient ? vn_filter_value_and_grad(vn_function(loss, 3), NULL)
                                : vn_function(results, 3);
    vn_tree *const fast = vn_filter_jit(f, NULL), *const eager = vn_call(f, model, x, y);
    const double tolerance = dtype == VN_F64 ? 1e-12 : 1e-5;
    const vn_tree_equal_options close = { .rtol = tolerance, .atol = tolerance / 10 };
    vn_tree *first = NULL;
    for (int t = 0; t < 3; t++) {
        vn_set_num_threads(threads[t]);
        vn_tree *const got = vn_call(fast, model, x, y);
        first = first ? first : got;
        expect_of(vn_tree_equal(got, eager, &close), "compiled is not eager",
                  vn_dtype_name(dtype), batch);
        expect_of(vn_tree_equal(got, first, NULL), "other bits with other threads",
                  vn_dtype_name(dtype), batch);
    }
    vn_set_num_threads(0);
}

int main(void)
{
    static const int64_t batches[] = { 1, 77, 256, 2100 };
    for (int wide = 0; wide < 2; wide++) {
        const vn_dtype dtype = wide ? VN_F64 : VN_F32;
        vn_set_default_dtype(dtype);
        for (int i = 0; i < 4; i++)
            VN_SCOPE check(batches[i], mlp_of(290), 290, dtype, true);
        VN_SCOPE check(77, uneven(), 2100, dtype, true);
        VN_SCOPE check(77, mlp_of(16), 16, dtype, true);
        VN_SCOPE check(1, mlp_of(16), 16, dtype, false);
        VN_SCOPE check(77, mlp_of(16), 16, dtype, false);
    }
    vn_finish();
    return report();
}
