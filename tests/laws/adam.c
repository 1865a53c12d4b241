/* SPDX-License-Identifier: MIT */
/* Adam's moments and step, which a plan does in one pass (core/plan/fuse_adam.c): the bits of
 * the eager call, whatever the order of factors, block and number of threads; and where
 * something about the formula differs, no such pass. */
#include <string.h>

#include "laws/describe.h"
#include "laws/tally.h"

/* ---- functions of g, m, v */

static vn_array *mean_of(vn_array *g, vn_array *m)
{
    return vn_fma(vn_float(0.9), m, vn_mul(vn_float(0.1), g));
}

static vn_array *power_of(vn_array *square, vn_array *v)
{
    return vn_fma(vn_float(0.99), v, vn_mul(vn_float(0.01), square));
}

static vn_array *step_of(vn_array *m, vn_array *v)
{
    return vn_div(vn_mul(m, vn_float(-0.02)),
                  vn_add(vn_sqrt(vn_mul(v, vn_float(3.0))), vn_float(1e-3)));
}

static vn_tree *as_written(vn_tree *const arg[])
{
    vn_array *m = mean_of(arg[0], arg[1]), *v = power_of(vn_square(arg[0]), arg[2]);
    return vn_tuple(m, v, step_of(m, v));
}

/* Numbers on the other side of every op, and values that others read. */
static vn_tree *turned(vn_tree *const arg[])
{
    vn_array *g = vn_mul(arg[0], vn_float(0.5));
    vn_array *m = vn_fma(arg[1], vn_float(0.8), vn_mul(g, vn_float(0.2)));
    vn_array *v = vn_fma(arg[2], vn_float(0.9), vn_mul(vn_square(g), vn_float(0.1)));
    vn_array *root = vn_sqrt(vn_mul(vn_float(1.5), v));
    vn_array *step = vn_div(vn_mul(vn_float(0.1), m), vn_add(vn_float(1e-3), root));
    return vn_tuple(vn_neg(v), vn_add(step, m), vn_sub(g, step));
}

/* Two of them in one step. */
static vn_tree *twice(vn_tree *const arg[])
{
    vn_array *m = mean_of(arg[0], arg[1]), *v = power_of(vn_square(arg[0]), arg[2]);
    vn_array *first = step_of(m, v);
    vn_array *n = mean_of(first, m), *w = power_of(vn_square(first), v);
    return vn_tuple(step_of(n, w), n, w);
}

/* Not the formula: another square, a mean that is wanted before the end, a value within that
 * others read, a factor for each element. */
static vn_tree *other_square(vn_tree *const arg[])
{
    vn_array *m = mean_of(arg[0], arg[1]), *v = power_of(vn_square(arg[1]), arg[2]);
    return vn_tuple(m, v, step_of(m, v));
}

static vn_tree *early(vn_tree *const arg[])
{
    vn_array *m = mean_of(arg[0], arg[1]);
    vn_array *v = power_of(vn_square(arg[0]), vn_add(arg[2], vn_square(m)));
    return vn_tuple(m, v, step_of(m, v));
}

static vn_tree *read_within(vn_tree *const arg[])
{
    vn_array *m = mean_of(arg[0], arg[1]), *square = vn_square(arg[0]);
    vn_array *v = power_of(square, arg[2]);
    return vn_tuple(vn_tanh(square), v, step_of(m, v));
}

static vn_tree *varying(vn_tree *const arg[])
{
    vn_array *m = vn_fma(arg[0], arg[1], vn_mul(vn_float(0.1), arg[0]));
    vn_array *v = power_of(vn_square(arg[0]), arg[2]);
    return vn_tuple(m, v, step_of(m, v));
}

/* ---- whole optimisers, of gradients and states */

static vn_tree *updated(vn_tree *const arg[]) /* optimiser, params, grads, state */
{
    vn_tree *both = vn_call(arg[0], arg[2], arg[3], arg[1]);
    return vn_tuple(vn_apply_updates(arg[1], vn_at(both, 0)), vn_at(both, 1));
}

/* ---- checks */

static void check(const char *which, vn_tree *f, int arity, vn_tree *const arg[], int64_t n,
                  bool found)
{
    static char text[LAW_TEXT];
    vn_tree *want = vn_call_n(f, arity, arg);
    for (int threads = 1; threads <= 3; threads++) {
        vn_set_num_threads(threads);
        expect_of(leaves_agree(vn_call_n(vn_filter_jit(f, NULL), arity, arg), want, same_bits),
                  "not the bits of the eager call", which, n);
    }
    law_describe(text, vn_plan_print, f, arity, arg);
    expect_of(!strstr(text, " adam") == !found, found ? "not in one pass" : "in one pass",
              which, n);
}

static void check_size(vn_dtype dtype, int64_t n)
{
    vn_tree *x[] = { vn_normal(vn_key(0), VN_SHAPE(n), dtype),
                     vn_normal(vn_key(1), VN_SHAPE(n), dtype),
                     vn_square(vn_normal(vn_key(2), VN_SHAPE(n), dtype)) };
    check("as written", vn_function(as_written, 3), 3, x, n, true);
    check("turned", vn_function(turned, 3), 3, x, n, true);
    check("twice", vn_function(twice, 3), 3, x, n, true);
    check("other square", vn_function(other_square, 3), 3, x, n, false);
    check("early", vn_function(early, 3), 3, x, n, false);
    check("read within", vn_function(read_within, 3), 3, x, n, false);
    check("varying", vn_function(varying, 3), 3, x, n, false);
}

static void check_optimiser(const char *which, vn_tree *opt, bool found)
{
    vn_tree *p = vn_tuple(vn_normal(vn_key(3), VN_SHAPE(30, 50), VN_F32),
                          vn_normal(vn_key(4), VN_SHAPE(30), VN_F32),
                          vn_normal(vn_key(5), VN_SHAPE(), VN_F32));
    vn_tree *g = vn_tuple(vn_normal(vn_key(6), VN_SHAPE(30, 50), VN_F32),
                          vn_normal(vn_key(7), VN_SHAPE(30), VN_F32),
                          vn_normal(vn_key(8), VN_SHAPE(), VN_F32));
    vn_tree *state = vn_at(updated((vn_tree *[]){ opt, p, g, vn_call(opt, p) }), 1);
    check(which, vn_function(updated, 4), 4, (vn_tree *[]){ opt, p, g, state }, 1500, found);
}

int main(void)
{
    static const int64_t sizes[] = { 2, 7, 16, 33, 1024, 1500, 300002 };
    for (int wide = 0; wide < 2; wide++) {
        const vn_dtype dtype = wide ? VN_F64 : VN_F32;
        vn_set_default_dtype(dtype);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            VN_SCOPE check_size(dtype, sizes[i]);
    }
    vn_set_default_dtype(VN_F32);
    VN_SCOPE
    {
        vn_tree *rate = vn_float(0.01);
        vn_adam_options nesterov = { .nesterov = true };
        check_optimiser("adam", vn_adam(rate, NULL), true);
        check_optimiser("adamw", vn_adamw(rate, NULL), true);
        check_optimiser("clipped adam",
                        vn_chain(vn_clip_by_global_norm(1.0), vn_adam(rate, NULL)), true);
        check_optimiser("nesterov", vn_adam(rate, &nesterov), false);
        check_optimiser("rmsprop", vn_rmsprop(rate, NULL), false);
    }
    vn_finish();
    return report();
}
