/* SPDX-License-Identifier: MIT */
/* Plans that were chosen by measurement (core/plan/tune.c) compute what the plan of the cost
 * model computes, and the same bits at any number of threads, whichever was chosen. What
 * depends on its data is not measured and works all the same. */
#include "laws/tally.h"
#include "vernal.h"

static vn_tree *loss(vn_tree *const arg[]) /* model, x */
{
    return vn_mean(vn_square(vn_vmap_call(arg[0], arg[1])));
}

static vn_tree *step(vn_tree *const arg[]) /* cell, h, x */
{
    vn_tree *const h = vn_call(arg[0], arg[2], arg[1]);
    return vn_tuple(h, vn_none());
}

static vn_tree *last(vn_tree *const arg[]) /* cell, xs of one example */
{
    vn_tree *const f = vn_partial(vn_function(step, 3), arg[0]);
    return vn_at(vn_scan(f, vn_zeros(VN_F64, VN_SHAPE(24)), arg[1], 0), 0);
}

static vn_tree *sequence_loss(vn_tree *const arg[]) /* cell, xs */
{
    vn_tree *const f = vn_partial(vn_function(last, 2), arg[0]);
    return vn_mean(vn_square(vn_vmap_call(f, arg[1])));
}

static vn_tree *small(vn_tree *const arg[])
{
    return vn_lt(vn_sum(vn_abs(arg[0])), vn_scalar(VN_F64, 50));
}

static vn_tree *twice(vn_tree *const arg[]) { return vn_mul(vn_scalar(VN_F64, 2), arg[0]); }

static vn_tree *doubled(vn_tree *const arg[]) /* model, x */
{
    vn_tree *const y = vn_vmap_call(arg[0], arg[1]);
    return vn_while_loop(vn_function(small, 1), vn_function(twice, 1), y, NULL);
}

static void check(const char *program, vn_tree *f, vn_tree *model, vn_shape x_shape)
{
    vn_array *const x = vn_normal(vn_key(1), x_shape, VN_F64);
    const vn_tree_equal_options close = { .rtol = 1e-11, .atol = 1e-13 };
    vn_set_tune(0);
    vn_tree *const model_s = vn_call(vn_filter_jit(f, NULL), model, x);
    vn_set_tune(2);
    vn_tree *const tuned = vn_filter_jit(f, NULL), *const first = vn_call(tuned, model, x);
    expect(vn_tree_equal(first, model_s, &close), "tuned is not untuned", program);
    for (int threads = 1; threads <= 3; threads++) {
        vn_set_num_threads(threads);
        expect(vn_tree_equal(vn_call(tuned, model, x), first, NULL),
               "other bits with other threads", program);
    }
    vn_set_num_threads(0);
}

static void check_gradient(const char *program, vn_tree *(*f)(vn_tree *const[]), vn_tree *model,
                           vn_shape x_shape)
{
    check(program, vn_filter_value_and_grad(vn_function(f, 2), NULL), model, x_shape);
}

int main(void)
{
    vn_set_default_dtype(VN_F64);
    VN_SCOPE check_gradient("mlp", loss, vn_mlp(9, 3, 32, 2, vn_key(0), NULL),
                            VN_SHAPE(700, 9));
    VN_SCOPE check_gradient("wide mlp", loss, vn_mlp(300, 10, 400, 1, vn_key(0), NULL),
                            VN_SHAPE(90, 300));
    VN_SCOPE check_gradient("convolution", loss,
                            vn_conv2d(2, 16, VN_SHAPE(3, 3), vn_key(0), NULL),
                            VN_SHAPE(40, 2, 12, 12));
    VN_SCOPE check_gradient("sequence", sequence_loss, vn_gru_cell(5, 24, vn_key(0), NULL),
                            VN_SHAPE(70, 11, 5));
    VN_SCOPE check("while", vn_function(doubled, 2), vn_mlp(4, 3, 8, 1, vn_key(0), NULL),
                   VN_SHAPE(33, 4));
    vn_finish();
    return report();
}
