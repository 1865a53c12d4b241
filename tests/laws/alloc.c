/* SPDX-License-Identifier: MIT */
/* Every allocation of five programs refused in turn: each run gives its result or one
 * sentence, and leaves nothing behind (LeakSanitizer looks when the process ends). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "vernal.h"

static vn_tree *mean_square(vn_tree *const arg[]) /* model, x, y */
{
    return vn_mean(vn_square(vn_sub(vn_vmap_call(arg[0], arg[1]), arg[2])));
}

static vn_tree *mlp(void)
{
    return vn_mlp(2, 2, 4, 1, vn_key(0), &(vn_mlp_options){ .activation = vn_unary(vn_tanh) });
}

/* ---- an eager gradient, the examples one by one over the pool */

static bool eager_gradient(void)
{
    vn_array *x = vn_normal(vn_key(1), VN_SHAPE(5, 2), VN_F32), *y = vn_sin(x);
    vn_tree *grad = vn_filter_value_and_grad(vn_function(mean_square, 3), NULL);
    return vn_call(grad, mlp(), x, y) != NULL;
}

/* ---- a compiled training step */

static vn_tree *step(vn_tree *const arg[]) /* model, optimiser, state, x, y */
{
    vn_tree *f = vn_filter_value_and_grad(vn_function(mean_square, 3), NULL);
    vn_tree *both = vn_call(f, arg[0], arg[3], arg[4]);
    vn_tree *next = vn_optim_update(arg[1], vn_at(both, 1), arg[2], arg[0]);
    vn_tree *model = vn_apply_updates(arg[0], vn_at(next, 0));
    return vn_tuple(model, vn_at(next, 1), vn_at(both, 0));
}

static bool training_step(void)
{
    vn_array *x = vn_normal(vn_key(1), VN_SHAPE(20, 2), VN_F32), *y = vn_sin(x);
    vn_tree *adam = vn_adam(vn_float(1e-2), NULL), *model = mlp();
    vn_tree *state = vn_optim_init(adam, model);
    vn_tree *jitted = vn_filter_jit(vn_function(step, 5), NULL), *out = NULL;
    for (int i = 0; i < 2; i++) {
        out = vn_call(jitted, model, adam, state, x, y);
        model = vn_at(out, 0);
        state = vn_at(out, 1);
    }
    return out != NULL;
}

/* ---- a scan under vmap, a model saved and loaded */

static vn_tree *gru_step(vn_tree *const arg[]) /* cell, h, x */
{
    vn_tree *h = vn_call(arg[0], arg[2], arg[1]);
    return vn_tuple(h, h);
}

static vn_tree *run_cell(vn_tree *const arg[]) /* cell, xs */
{
    vn_tree *f = vn_partial(vn_function(gru_step, 3), arg[0]);
    return vn_scan(f, vn_zeros(VN_F32, VN_SHAPE(3)), arg[1], 0);
}

static bool scan_and_file(void)
{
    char path[] = "/tmp/vernal-alloc-XXXXXX.eqx";
    int file = mkstemps(path, 4);
    vn_tree *cell = vn_gru_cell(2, 3, vn_key(0), NULL);
    vn_tree *axes[] = { vn_none(), vn_int(0) };
    vn_tree *f = vn_filter_vmap(vn_function(run_cell, 2),
                                &(vn_vmap_options){ .in_axes = axes, .n_in = 2 });
    vn_array *xs = vn_normal(vn_key(1), VN_SHAPE(3, 4, 2), VN_F32);
    vn_tree *out = vn_call(f, cell, xs), *compiled = vn_call(vn_filter_jit(f, NULL), cell, xs);
    vn_status saved = vn_tree_serialise_leaves(path, cell);
    vn_tree *loaded = vn_tree_deserialise_leaves(path, cell);
    unlink(path);
    close(file);
    return out && compiled && saved == VN_ERR_OK && loaded;
}

/* ---- loops with checkpoints and buffers, branches, errors while running */

static vn_tree *goes_on(vn_tree *const arg[]) /* limit, (i, x, log) */
{
    return vn_lt(vn_at(arg[1], 0), arg[0]);
}

static vn_tree *up(vn_tree *const arg[]) { return vn_scale(1.5, arg[0]); }
static vn_tree *down(vn_tree *const arg[]) { return vn_scale(0.5, arg[0]); }

static vn_tree *loop_step(vn_tree *const arg[])
{
    vn_array *i = vn_at(arg[0], 0), *x = vn_at(arg[0], 1);
    vn_tree *const fn[] = { vn_function(up, 1), vn_function(down, 1) };
    x = vn_switch_n(i, 2, fn, 1, &x);
    x = vn_error_if(x, vn_gt(x, vn_float(100)), "too large", NULL);
    return vn_tuple(vn_add(i, vn_int(1)), x, vn_buffer_set(vn_at(arg[0], 2), i, x, NULL));
}

static vn_tree *run_loop(vn_tree *const arg[]) /* x, limit */
{
    vn_tree *spec = vn_tuple(vn_bool(false), vn_bool(false), vn_bool(true));
    const vn_loop_options options = { .checkpoints = 2, .buffers = spec };
    vn_tree *init = vn_tuple(vn_scalar(VN_I32, 0), arg[0], vn_zeros(VN_F32, VN_SHAPE(6)));
    vn_tree *out = vn_while_loop(vn_partial(vn_function(goes_on, 2), arg[1]),
                                 vn_function(loop_step, 1), init, &options);
    return vn_add(vn_at(out, 1), vn_sum(vn_at(out, 2)));
}

static bool loops(void)
{
    vn_tree *grad = vn_filter_grad(vn_function(run_loop, 2), NULL);
    vn_array *x = vn_ones(VN_F32, VN_SHAPE(3)), *one = vn_scalar(VN_F32, 1);
    vn_array *limits = vn_array_from(VN_I32, VN_SHAPE(3), (int32_t[]){ 2, 5, 3 });
    vn_tree *alone = vn_call(vn_filter_jit(grad, NULL), one, vn_scalar(VN_I32, 4));
    vn_tree *each = vn_call(vn_filter_jit(vn_filter_vmap(grad, NULL), NULL), x, limits);
    return alone && each;
}

/* ---- rules of one's own, closures, callbacks, checkpoints */

static vn_tree *doubled(vn_tree *const arg[]) { return vn_scale(2, arg[0]); }
static vn_tree *fwd(vn_tree *const arg[]) { return vn_tuple(doubled(arg + 1), arg[1]); }
static vn_tree *bwd(vn_tree *const arg[]) /* residual, cotangent, perturbed, x */
{
    return vn_add(vn_scale(2, arg[1]), vn_scale(0, arg[0]));
}

static vn_tree *through_rules(vn_tree *const arg[]) /* x */
{
    vn_tree *f = vn_filter_custom_vjp_perturbed(vn_function(doubled, 1), vn_function(fwd, 2),
                                                vn_function(bwd, 4));
    vn_array *y = vn_call(vn_filter_checkpoint(vn_unary(vn_sin)), vn_call(f, arg[0]));
    vn_tree *g = vn_filter_closure_convert(vn_unary(vn_tanh), 1, &y);
    return vn_sum(vn_call(g, y));
}

static bool rules(void)
{
    vn_array *x = vn_arange(VN_F32, 3);
    vn_tree *grad = vn_filter_grad(vn_function(through_rules, 1), NULL);
    return vn_call(grad, x) && vn_call(vn_filter_jit(grad, NULL), x);
}

static vn_tree *call_back(vn_tree *const arg[])
{
    vn_tree *f = vn_function_named(doubled, 1, "doubled");
    return vn_filter_pure_callback(f, vn_shape_struct(VN_F32, VN_SCALAR), NULL, 1, arg);
}

static bool shapes_and_callbacks(void)
{
    vn_array *x = vn_arange(VN_F32, 3), *one = vn_scalar(VN_F32, 1), *const both[] = { one, x };
    vn_jit_options warn = { .donate = VN_DONATE_WARN };
    vn_tree *mapped = vn_filter_vmap(vn_function(call_back, 1), NULL);
    vn_tree *shape = vn_filter_eval_shape(vn_unary(vn_sin), 1, both);
    vn_tree *made = vn_filter_make_tape(vn_unary(vn_sin), 1, both);
    vn_tree *linear = vn_filter_linearize(vn_unary(vn_sin), 1, both);
    return shape && made && vn_tape_text(vn_at(made, 0)) && linear &&
           vn_call(vn_at(linear, 1), one) && vn_call(vn_filter_jit(mapped, &warn), x);
}

/* ---- refusing */

/* Run number `refused`: true if it went through its allocations without meeting the refusal. */
static bool run_refused(bool (*program)(void), int64_t refused, bool *good)
{
    bool succeeded = false;
    int64_t before = vn__alloc_count();
    vn__alloc_refuse(refused);
    VN_SCOPE
    succeeded = program();
    vn__alloc_refuse(-1);
    bool finished = vn__alloc_count() - before <= refused;
    bool sentence = vn_error_status() != VN_ERR_OK && *vn_error_message();
    *good = succeeded ? true : sentence && !finished;
    vn_error_clear();
    vn_finish();
    return finished;
}

int main(void)
{
    static const struct {
        const char *name;
        bool (*program)(void);
    } programs[] = {
        { "eager gradient", eager_gradient },
        { "training step", training_step },
        { "scan, vmap and files", scan_and_file },
        { "loops, branches, errors", loops },
        { "rules", rules },
        { "shapes and callbacks", shapes_and_callbacks },
    };
    enum { MOST = 1000000, PROGRAMS = sizeof programs / sizeof programs[0] };
    int failed = 0;
    for (int i = 0; i < PROGRAMS; i++) {
        int64_t n = 0;
        bool finished = false, good = true;
        for (; !finished && n < MOST; n++) {
            finished = run_refused(programs[i].program, n, &good);
            if (!good)
                printf("FAIL %s, allocation %lld: no result and no sentence\n",
                       programs[i].name, (long long)n);
            failed += !good;
        }
        printf("%s: %lld allocations refused\n", programs[i].name, (long long)n - 1);
        failed += !finished || n < 10;
    }
    const int lost = failed > PROGRAMS ? PROGRAMS : failed;
    printf("%d passed, %d failed\n", PROGRAMS - lost, failed);
    return failed != 0;
}
