/* SPDX-License-Identifier: MIT */
/* Optimisers against the same rules in double arithmetic, on one parameter; trees with none. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "vernal/nn.h"
#include "vernal/ops.h"
#include "vernal/optim.h"
#include "vernal/random.h"

enum { STEPS = 6 };

/* The gradient of step t at p: nothing like a minimum, so that signs change. */
static double gradient(int t, double p) { return 0.3 * p - cos(2.0 * t); }

/* Runs the optimiser on one f64 parameter and compares with expected[t]. */
static void expect_run(vn_tree *opt, const double expected[STEPS])
{
    vn_tree *p = vn_scalar(VN_F64, 0.5), *state = vn_optim_init(opt, p);
    for (int t = 0; t < STEPS; t++) {
        vn_array *const g = vn_scalar(VN_F64, gradient(t, vn_item(p)));
        vn_tree *const out = vn_optim_update(opt, g, state, p);
        cr_assert(vn_ok(), "%s", vn_error_message());
        p = vn_apply_updates(p, vn_at(out, 0));
        state = vn_at(out, 1);
        cr_assert(fabs(vn_item(p) - expected[t]) <= 1e-12, "step %d: %.17g, expected %.17g", t,
                  vn_item(p), expected[t]);
    }
    cr_assert_eq(vn_dtype_of(p), VN_F64);
}

static vn_tree *rate(double lr) { return vn_scalar(VN_F64, lr); }

Test(optimisers, sgd)
{
    double plain[STEPS], momentum[STEPS], nesterov[STEPS];
    double p = 0.5, q = 0.5, m = 0, r = 0.5, k = 0;
    for (int t = 0; t < STEPS; t++) {
        plain[t] = p -= 0.1 * gradient(t, p);
        m = gradient(t, q) + 0.9 * m;
        momentum[t] = q -= 0.1 * m;
        const double g = gradient(t, r);
        k = g + 0.9 * k;
        nesterov[t] = r -= 0.1 * (g + 0.9 * k);
    }
    expect_run(vn_sgd(rate(0.1), NULL), plain);
    expect_run(vn_sgd(rate(0.1), &(vn_sgd_options){ .momentum = 0.9 }), momentum);
    expect_run(vn_sgd(rate(0.1), &(vn_sgd_options){ .momentum = 0.9, .nesterov = true }),
               nesterov);
}

static void expect_adam(vn_tree *opt, double b1, double b2, double decay, bool nesterov)
{
    double expected[STEPS], p = 0.5, m = 0, v = 0;
    for (int t = 1; t <= STEPS; t++) {
        const double g = gradient(t - 1, p);
        m = b1 * m + (1 - b1) * g;
        v = b2 * v + (1 - b2) * g * g;
        const double up = nesterov
                              ? b1 * m / (1 - pow(b1, t + 1)) + (1 - b1) * g / (1 - pow(b1, t))
                              : m / (1 - pow(b1, t));
        p -= 0.1 * (up / (sqrt(v / (1 - pow(b2, t))) + 1e-8) + decay * p);
        expected[t - 1] = p;
    }
    expect_run(opt, expected);
}

Test(optimisers, adam)
{
    vn_adam_options betas = { .b1 = 0.5, .b2 = 0.9 }, strong = { .weight_decay = 0.2 };
    vn_adam_options none = { .b1 = -1 };
    expect_adam(vn_adam(rate(0.1), NULL), 0.9, 0.999, 0, false);
    expect_adam(vn_adam(rate(0.1), &betas), 0.5, 0.9, 0, false);
    expect_adam(vn_adam(rate(0.1), &none), 0, 0.999, 0, false);
    expect_adam(vn_adamw(rate(0.1), NULL), 0.9, 0.999, 1e-4, false);
    expect_adam(vn_adamw(rate(0.1), &strong), 0.9, 0.999, 0.2, false);
    expect_adam(vn_nadam(rate(0.1), NULL), 0.9, 0.999, 0, true);
}

Test(optimisers, adabelief)
{
    double expected[STEPS], p = 0.5, m = 0, s = 0;
    for (int t = 1; t <= STEPS; t++) {
        const double g = gradient(t - 1, p);
        m = 0.9 * m + 0.1 * g;
        s = 0.999 * s + 0.001 * (g - m) * (g - m) + 1e-16;
        p -= 0.1 * (m / (1 - pow(0.9, t))) / (sqrt(s / (1 - pow(0.999, t))) + 1e-16);
        expected[t - 1] = p;
    }
    expect_run(vn_adabelief(rate(0.1), NULL), expected);
}

Test(optimisers, adabelief_with_nesterov)
{
    double expected[STEPS], p = 0.5, m = 0, s = 0;
    for (int t = 1; t <= STEPS; t++) {
        const double g = gradient(t - 1, p);
        m = 0.9 * m + 0.1 * g;
        s = 0.999 * s + 0.001 * (g - m) * (g - m) + 1e-16;
        const double step = 0.9 * m / (1 - pow(0.9, t + 1)) + 0.1 * g / (1 - pow(0.9, t));
        expected[t - 1] = p -= 0.1 * step / (sqrt(s / (1 - pow(0.999, t))) + 1e-16);
    }
    expect_run(vn_adabelief(rate(0.1), &(vn_adabelief_options){ .nesterov = true }), expected);
}

Test(optimisers, rmsprop_with_bias_correction)
{
    double plain[STEPS], centered[STEPS], p = 0.5, v = 0, q = 0.5, w = 0, mean = 0;
    for (int t = 0; t < STEPS; t++) {
        const double g = gradient(t, p), h = gradient(t, q), by = 1 - pow(0.9, t + 1);
        v = 0.9 * v + 0.1 * g * g;
        plain[t] = p -= 0.1 * g / (sqrt(v / by) + 1e-8);
        w = 0.9 * w + 0.1 * h * h;
        mean = 0.9 * mean + 0.1 * h;
        centered[t] = q -= 0.1 * h / sqrt(w / by - mean * mean / by / by + 1e-3);
    }
    vn_rmsprop_options options = { .bias_correction = true, .eps_outside = true };
    expect_run(vn_rmsprop(rate(0.1), &options), plain);
    options = (vn_rmsprop_options){ .bias_correction = true, .centered = true, .eps = 1e-3 };
    expect_run(vn_rmsprop(rate(0.1), &options), centered);
}

Test(optimisers, rmsprop)
{
    double plain[STEPS], centered[STEPS], p = 0.5, v = 0, q = 0.5, w = 0, mean = 0, trace = 0;
    for (int t = 0; t < STEPS; t++) {
        const double g = gradient(t, p), h = gradient(t, q);
        v = 0.9 * v + 0.1 * g * g;
        plain[t] = p -= 0.1 * g / sqrt(v + 1e-8);
        w = 0.95 * w + 0.05 * h * h;
        mean = 0.95 * mean + 0.05 * h;
        trace = -0.1 * h / sqrt(w - mean * mean + 1e-5) + 0.5 * trace;
        centered[t] = q += trace;
    }
    vn_rmsprop_options options = {
        .decay = 0.95, .eps = 1e-5, .centered = true, .momentum = 0.5
    };
    expect_run(vn_rmsprop(rate(0.1), NULL), plain);
    expect_run(vn_rmsprop(rate(0.1), &options), centered);
}

Test(optimisers, lion_and_adagrad)
{
    double lion[STEPS], adagrad[STEPS], p = 0.5, m = 0, q = 0.5, s = 0.1;
    for (int t = 0; t < STEPS; t++) {
        const double g = gradient(t, p), h = gradient(t, q), c = 0.9 * m + 0.1 * g;
        p -= 0.1 * ((c > 0) - (c < 0) + 1e-3 * p);
        m = 0.99 * m + 0.01 * g;
        lion[t] = p;
        s += h * h;
        adagrad[t] = q -= 0.1 * h / sqrt(s + 1e-7);
    }
    expect_run(vn_lion(rate(0.1), NULL), lion);
    expect_run(vn_adagrad(rate(0.1), NULL), adagrad);
}

Test(optimisers, chain_clips_and_scales)
{
    double expected[STEPS], p = 0.5;
    for (int t = 0; t < STEPS; t++) {
        const double g = gradient(t, p), norm = fabs(g);
        expected[t] = p -= 0.2 * (norm < 0.3 ? g : g / norm * 0.3);
    }
    expect_run(
        vn_chain(vn_clip_by_global_norm(0.3), vn_scale_updates(2), vn_sgd(rate(0.1), NULL)),
        expected);
}

Test(optimisers, schedule_is_called_with_the_updates_made)
{
    double expected[STEPS], p = 0.5;
    vn_set_default_dtype(VN_F64);
    for (int t = 0; t < STEPS; t++)
        expected[t] = p -= 0.25 * (1 + t) * gradient(t, p);
    expect_run(vn_sgd(vn_linear_schedule(0.25, 2.25, 8, 0), NULL), expected);
    vn_set_default_dtype(VN_F32);
}

Test(optimisers, none_gradients_are_skipped)
{
    vn_tree *model = vn_mlp(2, 1, 3, 1, vn_key(0), NULL), *opt = vn_adamw(vn_float(1e-2), NULL);
    vn_tree *state = vn_optim_init(opt, model);
    vn_tree *frozen = vn_tree_at(model, "layers[0]", vn_none());
    vn_tree *grads =
        vn_filter(vn_tree_at(model, "layers[0].weight", vn_none()), vn_is_inexact_array);
    vn_tree *out = vn_optim_update(opt, grads, state, model);
    cr_assert(vn_ok(), "%s", vn_error_message());
    cr_assert(vn_is_none(vn_get(vn_at(out, 0), "layers[0].weight")));
    cr_assert(vn_is_array(vn_get(vn_at(out, 0), "layers[0].bias")));
    cr_assert(vn_is_none(vn_get(vn_at(out, 0), "activation")));
    cr_assert(vn_tree_same_structure(vn_at(out, 1), state));
    cr_assert_eq(vn_item_int(vn_get(vn_at(out, 1), "['count']")), 1);
    vn_tree *next = vn_apply_updates(model, vn_at(out, 0));
    cr_assert_eq(vn_get(next, "layers[0].weight"), vn_get(model, "layers[0].weight"));
    cr_assert_null(vn_optim_update(opt, grads, state, frozen));
    cr_assert_not_null(strstr(vn_error_message(), "Adam: where the gradient is"), "%s",
                       vn_error_message());
    vn_error_clear();
}

Test(optimisers, half_precision_parameters_keep_their_dtype)
{
    vn_tree *p = vn_ones(VN_BF16, VN_SHAPE(3)), *opt = vn_adam(vn_float(0.1), NULL);
    vn_tree *out = vn_optim_update(opt, p, vn_optim_init(opt, p), p);
    cr_assert(vn_ok(), "%s", vn_error_message());
    cr_assert_eq(vn_dtype_of(vn_at(out, 0)), VN_BF16);
    cr_assert_eq(vn_dtype_of(vn_get(vn_at(out, 1), "['mu']")), VN_BF16);
}

Test(optimisers, the_learning_rate_is_an_array)
{
    vn_tree *opt =
        vn_tree_at(vn_sgd(vn_float(0.1), NULL), "learning_rate", vn_scalar(VN_F32, 2));
    vn_tree *g = vn_ones(VN_F32, VN_SHAPE(1));
    vn_tree *out = vn_optim_update(opt, g, vn_optim_init(opt, g), vn_none());
    cr_assert_eq(vn_item(vn_at(out, 0)), -2);
}

static void expect_error(const vn_tree *result, const char *text)
{
    cr_assert_null(result);
    cr_assert_not_null(strstr(vn_error_message(), text), "%s", vn_error_message());
    vn_error_clear();
}

Test(optimisers, errors)
{
    vn_tree *g = vn_ones(VN_F32, VN_SHAPE(2)), *adam = vn_adamw(vn_float(1e-3), NULL);
    expect_error(vn_adam(NULL, NULL), "Adam: the learning rate is NULL");
    expect_error(vn_adam(vn_string("fast"), NULL), "expected a number or a schedule");
    expect_error(vn_adam(g, NULL), "Adam: the learning rate is f32[2]");
    expect_error(vn_adam(vn_float(1), &(vn_adam_options){ .b1 = 1 }), "Adam: b1 is 1");
    expect_error(vn_sgd(vn_float(1), &(vn_sgd_options){ .momentum = -1 }),
                 "SGD: momentum is -1");
    expect_error(vn_clip_by_global_norm(0), "max_norm is 0");
    expect_error(vn_chain(adam, NULL), "Chain: transformation 1 is NULL");
    expect_error(vn_optim_update(adam, g, vn_optim_init(adam, g), vn_none()),
                 "Adam: the weight decay needs the parameters");
    expect_error(vn_optim_update(adam, g, g, g), "Adam: the state is f32[2]");
    vn_tree *other = vn_ones(VN_F32, VN_SHAPE(3));
    expect_error(vn_optim_update(adam, g, vn_optim_init(adam, other), g),
                 "Adam: where the gradient is f32[2], the state is f32[3]");
}

/* ---- complex parameters: the linear rule takes them as Optax does, the others refuse */

static void expect_parts(vn_array *x, double re, double im)
{
    const vn_c128 z = vn_item_complex(x);
    cr_assert(hypot(z.re - re, z.im - im) < 1e-7, "%.9g%+.9gj %s", z.re, z.im,
              vn_error_message());
}

Test(optimisers, complex_parameters)
{
    vn_array *p = vn_complex(vn_float(1), vn_float(2)),
             *g = vn_complex(vn_float(2), vn_float(-1));
    vn_tree *sgd =
        vn_sgd(vn_float(0.1), &(vn_sgd_options){ .momentum = 0.9, .nesterov = true });
    vn_tree *out = vn_optim_update(sgd, g, vn_optim_init(sgd, p), p);
    expect_parts(vn_at(out, 0), -0.38, 0.19);
    out = vn_optim_update(sgd, g, vn_at(out, 1), p);
    expect_parts(vn_at(out, 0), -0.542, 0.271);
    cr_assert(vn_dtype_of(vn_apply_updates(p, vn_at(out, 0))) == VN_C64);
    vn_tree *both = vn_tuple(vn_complex(vn_float(3), vn_float(4)), vn_scalar(VN_F32, 2));
    vn_tree *clip = vn_clip_by_global_norm(1);
    out = vn_at(vn_optim_update(clip, both, vn_optim_init(clip, both), both), 0);
    expect_parts(vn_at(out, 0), 0.55708605, 0.74278134);
    expect_parts(vn_at(out, 1), 0.37139067, 0);
    vn_tree *adam = vn_adam(vn_float(0.1), NULL);
    cr_assert(!vn_optim_init(adam, p));
    cr_assert(strstr(vn_error_message(), "Adam: a parameter is c64[], expected real ones"));
    vn_error_clear();
    vn_tree *state = vn_optim_init(adam, vn_scalar(VN_F32, 1));
    cr_assert(!vn_optim_update(adam, g, state, p) && vn_error_status() == VN_ERR_DTYPE);
    vn_error_clear();
}
