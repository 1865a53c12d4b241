/* SPDX-License-Identifier: MIT */
/* Trees, filters, transformations: the first half of docs/tour.md. */
#include "tour.h"

/* ------------------------------------------------------------------------------- trees */

static bool trees(void)
{
    vn_tree *model = vn_mlp(2, 1, 8, 1, vn_key(0), NULL);
    vn_array *weight = vn_get(model, "layers[0].weight"); /* f32[8,2], borrowed */
    vn_tree *pair = vn_tuple(weight, vn_int(3));
    const char *const keys[] = { "w", "n" };
    vn_tree *dict = vn_dict_n(2, keys, VN_TREES(weight, vn_int(3)));
    vn_tree_pprint(stdout, dict); /* {'n': 3, 'w': f32[8,2]} */

    vn_tree *doubled = vn_tree_at(model, "layers[0].weight", vn_scale(2, weight));
    bool same = vn_tree_equal(model, doubled, NULL); /* false: model is what it was */

    vn_tree *halves = vn_tree_scale(0.5, doubled); /* every inexact array; others are kept */
    int leaves = vn_tree_count(model);             /* 4 arrays and 2 activation functions */
    return vn_at(pair, 0) == weight && !same && leaves == 6 &&
           vn_tree_equal(vn_get(halves, "layers[0].weight"), weight, NULL);
}

static bool ownership(void)
{
    vn_tree *sum = vn_retain(vn_zeros(VN_F32, VN_SHAPE(3))); /* mine until vn_release */
    for (int i = 0; i < 1000; i++)
        VN_SCOPE {
            vn_array *term = vn_full(VN_F32, VN_SHAPE(3), 2); /* gone at the end of the scope */
            vn_assign(&sum, vn_add(sum, term));
        }
    double first = vn_item(vn_index(sum, 0, 0)); /* 2000 */
    vn_release(sum);
    return first == 2000;
}

/* ----------------------------------------------------------------------------- filters */

static bool filters(void)
{
    vn_tree *model = vn_mlp(2, 1, 8, 1, vn_key(0), NULL), *arrays, *rest;
    vn_partition(&arrays, &rest, model, vn_is_inexact_array);
    vn_tree_pprint(stdout, rest); /* the activations; None in place of every array */
    vn_tree *whole = vn_combine(arrays, rest);

    vn_tree *biases_cut = vn_tree_at(model, "layers[-1].bias", vn_none());
    return vn_tree_equal(whole, model, NULL) &&
           vn_tree_count(biases_cut) == vn_tree_count(model) - 1;
}

/* --------------------------------------------------------------------- transformations */

static vn_tree *energy(vn_tree *const arg[]) /* x [n] -> f32[] */
{
    return vn_scale(0.5, vn_sum(vn_square(arg[0])));
}

static bool derivatives(void)
{
    vn_array *x = vn_array_from(VN_F32, VN_SHAPE(2), (float[]){ 3, 4 });
    vn_tree *f = vn_function(energy, 1); /* 1: the number of its arguments */

    vn_array *g = vn_call(vn_filter_grad(f, NULL), x);                 /* x itself */
    vn_tree *both = vn_call(vn_filter_value_and_grad(f, NULL), x);     /* (12.5, x) */
    vn_array *v = vn_ones_like(x);
    vn_tree *forward = vn_filter_jvp(f, 1, &x, &v);                    /* (12.5, x.v = 7) */
    vn_tree *reverse = vn_filter_vjp(f, 1, &x);                        /* (12.5, a function) */
    vn_tree *back = vn_call(vn_at(reverse, 1), vn_scalar(VN_F32, 2));  /* (2 x) */
    vn_array *hessian = vn_call(vn_filter_hessian(f), x);              /* the identity */
    return vn_tree_equal(g, x, NULL) && is(vn_at(both, 0), 12.5) && is(vn_at(forward, 1), 7) &&
           is(vn_index(vn_at(back, 0), 0, 1), 8) &&
           vn_tree_equal(hessian, vn_eye(VN_F32, 2), NULL);
}

static vn_tree *clip(vn_tree *const arg[]) { return vn_identity(arg[0]); }
static vn_tree *clip_fwd(vn_tree *const arg[]) { return vn_tuple(arg[0], vn_none()); }
static vn_tree *clip_bwd(vn_tree *const arg[]) /* residuals, cotangent, x */
{
    return vn_clip(arg[1], vn_float(-1), vn_float(1));
}

static vn_tree *steep(vn_tree *const arg[])
{
    vn_tree *bounded = vn_filter_custom_vjp(vn_function(clip, 1), vn_function(clip_fwd, 1),
                                            vn_function(clip_bwd, 3));
    return vn_scale(100, vn_call(bounded, arg[0]));
}

static bool custom(void)
{
    vn_array *x = vn_scalar(VN_F32, 3);
    vn_array *g = vn_call(vn_filter_grad(vn_function(steep, 1), NULL), x);
    return is(g, 1); /* not 100 */
}

/* ------------------------------------------------------------------------- compilation */

static vn_tree *descend(vn_tree *const arg[]) /* rate, x -> x */
{
    vn_array *g = vn_call(vn_filter_grad(vn_function(energy, 1), NULL), arg[1]);
    return vn_sub(arg[1], vn_mul(arg[0], g));
}

static bool compilation(void)
{
    vn_tree *fast = vn_filter_jit(vn_function(descend, 2), NULL);
    vn_array *x = vn_ones(VN_F32, VN_SHAPE(10));
    vn_call(fast, vn_scalar(VN_F32, 0.1), x); /* recorded and compiled */
    vn_call(fast, vn_scalar(VN_F32, 0.2), x); /* the same plan: arrays are inputs */
    int traces = vn_jit_traces(fast);         /* 1 */
    vn_call(fast, vn_float(0.2), x);          /* a float leaf is static: recorded again */
    vn_call(fast, vn_scalar(VN_F32, 0.1), vn_ones(VN_F32, VN_SHAPE(20))); /* another shape */
    return traces == 1 && vn_jit_traces(fast) == 3;
}

static bool donation(void)
{
    const vn_jit_options in_place = { .donate = VN_DONATE_ALL_EXCEPT_FIRST };
    vn_tree *fast = vn_filter_jit(vn_function(descend, 2), &in_place);
    vn_array *rate = vn_scalar(VN_F32, 0.1), *x = vn_ones(VN_F32, VN_SHAPE(10));
    const void *memory = vn_data(x);
    vn_array *y = vn_call(fast, rate, x); /* x has given its memory away: it is dead */
    return vn_data(y) == memory;
}

/* -------------------------------------------------------------------------------- vmap */

static vn_tree *collatz(vn_tree *const arg[]) /* n i32[] -> steps until 1 */
{
    int steps = 0;
    for (int64_t n = vn_item_int(arg[0]); n != 1; steps++)
        n = n % 2 ? 3 * n + 1 : n / 2;
    return vn_scalar(VN_I32, steps);
}

static bool eager_vmap(void)
{
    vn_array *n = vn_add(vn_arange(VN_I32, 10), vn_int(1));
    vn_array *steps = vn_call(vn_filter_vmap(vn_function(collatz, 1), NULL), n);
    return vn_item_int(vn_index(steps, 0, 8)) == 19; /* of 9 */
}

static vn_tree *distance(vn_tree *const arg[]) /* a [2], b [2] -> f32[] */
{
    return vn_norm(vn_sub(arg[0], arg[1]));
}

static vn_tree *to_all(vn_tree *const arg[]) /* a [2], bs [m, 2] -> f32[m] */
{
    return vn_call(vn_filter_vmap(vn_partial(vn_function(distance, 2), arg[0]), NULL), arg[1]);
}

static vn_tree *all_to_all(vn_tree *const arg[]) /* as [n, 2], bs [m, 2] -> f32[n, m] */
{
    vn_tree *const in_axes[] = { vn_int(0), vn_none() }; /* along axis 0; the same for all */
    const vn_vmap_options options = { .in_axes = in_axes, .n_in = 2 };
    return vn_call(vn_filter_vmap(vn_function(to_all, 2), &options), arg[0], arg[1]);
}

static bool nested_vmap(void)
{
    vn_array *a = vn_normal(vn_key(0), VN_SHAPE(30, 2), VN_F32);
    vn_array *d = vn_call(vn_filter_jit(vn_function(all_to_all, 2), NULL), a, a);
    return vn_dim(d, 0) == 30 && vn_dim(d, 1) == 30 && is(vn_index(vn_index(d, 0, 7), 0, 7), 0);
}

static vn_tree *standardise(vn_tree *const arg[]) /* x f32[] of one example */
{
    vn_array *centred = vn_sub(arg[0], vn_pmean(arg[0], "batch"));
    return vn_div(centred, vn_sqrt(vn_pmean(vn_square(centred), "batch")));
}

static bool named_axes(void)
{
    vn_array *x = vn_normal(vn_key(0), VN_SHAPE(100), VN_F32);
    const vn_vmap_options batch = { .axis_name = "batch" };
    vn_array *y = vn_call(vn_filter_vmap(vn_function(standardise, 1), &batch), x);
    return fabs(vn_item(vn_mean(y))) < 1e-5 && is(vn_mean(vn_square(y)), 1);
}

/* -------------------------------------------------------------------------------- main */

static int failures;

static void show(const char *what, bool good)
{
    if (!good || !vn_ok())
        printf("%s: FAILED %s\n", what, vn_error_message()), failures++;
    vn_error_clear();
}

int main(int argc, char **argv)
{
    show("trees", trees());
    show("ownership", ownership());
    show("filters", filters());
    show("derivatives", derivatives());
    show("custom derivatives", custom());
    show("compilation", compilation());
    show("donation", donation());
    show("eager vmap", eager_vmap());
    show("nested vmap", nested_vmap());
    show("named axes", named_axes());
    show("scan", tour_scan());
    show("control flow", tour_control());
    show("buffers", tour_buffers());
    show("errors in numbers", tour_run_time_errors());
    show("layers", tour_layers());
    show("state", tour_state());
    show("optimisers", tour_optimisers());
    show("files", tour_files(argc > 1 ? argv[1] : "."));
    show("random numbers", tour_random());
    show("errors", tour_errors());
    show("plans", tour_plan());
    show("threads", tour_threads());
    return failures ? 1 : 0;
}
