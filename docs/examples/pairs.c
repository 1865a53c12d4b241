/* SPDX-License-Identifier: MIT */
/* Modules, trees, transformations: the first half of docs/equinox.md. */
#include "pairs.h"

/* ----------------------------------------------------------------------------- module */

typedef struct affine {
    vn_module base;
    vn_tree *weight, *bias;
    int64_t out_size;
} affine;

static vn_tree *affine_call(vn_tree *self, int n, vn_tree *const arg[]) /* x [in] -> [out] */
{
    const affine *m = (const affine *)self;
    (void)n;
    return vn_add(vn_matmul(m->weight, arg[0]), m->bias);
}

static const vn_field affine_fields[] = {
    VN_FIELD(affine, weight, TREE),
    VN_FIELD(affine, bias, TREE),
    VN_FIELD(affine, out_size, INT), /* static: a field of no TREE */
};
static const vn_type affine_type = VN_MODULE_TYPE(affine, affine_fields, affine_call, 1, 1);

static vn_tree *affine_new(int64_t in_size, int64_t out_size, vn_array *key)
{
    vn_array *k = vn_split(key, 2);
    return vn_module_new(&affine_type, &(affine){
        .weight = vn_normal(vn_subkey(k, 0), VN_SHAPE(out_size, in_size), VN_F32),
        .bias = vn_normal(vn_subkey(k, 1), VN_SHAPE(out_size), VN_F32),
        .out_size = out_size });
}

void pairs_module(void)
{
    vn_tree *model = affine_new(2, 3, vn_key(0));
    vn_array *y = vn_call(model, vn_array_from(VN_F32, VN_SHAPE(2), (float[]){ 1, 2 }));
    vn_tree_pprint(stdout, model);
    /* affine(weight=f32[3,2], bias=f32[3], out_size=3) */
    report("module", y);
}

/* ------------------------------------------------------------------------- filter_jit */

static vn_tree *predict(vn_tree *const arg[]) /* model, x [in], twice bool -> [out] */
{
    vn_array *y = vn_call(arg[0], arg[1]);
    return vn_bool_value(arg[2]) ? vn_scale(2, y) : y; /* decided while recording */
}

void pairs_jit(void)
{
    vn_tree *fast = vn_filter_jit(vn_function(predict, 3), NULL);
    vn_tree *model = vn_mlp(2, 3, 8, 2, vn_key(0), NULL);
    vn_array *x = vn_ones(VN_F32, VN_SHAPE(2));
    vn_array *y = vn_call(fast, model, x, vn_bool(true));
    vn_call(fast, model, x, vn_bool(false)); /* another static leaf: recorded again */
    report("jit", y);
    report("jit traces", vn_int(vn_num_traces(fast)));
}

/* ------------------------------------------------------------------------ filter_grad */

static vn_tree *loss(vn_tree *const arg[]) /* model, x [n, 2], y [n, 1] -> (f32[], pred) */
{
    vn_array *pred = vn_vmap_call(arg[0], arg[1]);
    return vn_tuple(vn_mean(vn_square(vn_sub(pred, arg[2]))), pred);
}

void pairs_grad(void)
{
    vn_tree *model = vn_mlp(2, 1, 8, 1, vn_key(0), NULL);
    vn_array *x = vn_normal(vn_key(1), VN_SHAPE(5, 2), VN_F32);
    vn_array *y = vn_ones(VN_F32, VN_SHAPE(5, 1));
    const vn_grad_options with_aux = { .has_aux = true };
    vn_tree *grad = vn_filter_value_and_grad(vn_function(loss, 3), &with_aux);
    vn_tree *out = vn_call(grad, model, x, y); /* ((loss, pred), a tree like the model) */
    vn_array *value = vn_get(out, "[0][0]"), *weight = vn_get(out, "[1].layers[0].weight");
    expect(vn_is_none(vn_get(out, "[1].activation")), "no gradient of a function");
    report("grad value", value);
    report("grad weight", weight);
}

/* ---------------------------------------------------------------- partition, combine */

static vn_tree *part_loss(vn_tree *const arg[]) /* trained, frozen, x -> f32[] */
{
    vn_tree *model = vn_combine(arg[0], arg[1]);
    return vn_sum(vn_square(vn_call(model, arg[2])));
}

static vn_tree *no(vn_tree *const arg[]) { return (void)arg, vn_bool(false); }

void pairs_partition(void)
{
    vn_tree *model = vn_mlp(2, 1, 8, 1, vn_key(0), NULL);
    vn_tree *spec = vn_tree_map(vn_function(no, 1), model);
    spec = vn_tree_at(spec, "layers[-1]", vn_bool(true)); /* a prefix: the whole layer */

    vn_tree *trained, *frozen;
    vn_partition_spec(&trained, &frozen, model, spec);
    vn_tree *grad = vn_filter_grad(vn_function(part_loss, 3), NULL);
    vn_tree *g = vn_call(grad, trained, frozen, vn_ones(VN_F32, VN_SHAPE(2)));
    expect(vn_is_none(vn_get(g, "layers[0].weight")), "none for what is frozen");
    report("partition", vn_get(g, "layers[1].weight"));
}

/* ---------------------------------------------------------------------------- tree_at */

static vn_tree *twice(vn_tree *const arg[]) { return vn_scale(2, arg[0]); }

void pairs_tree_at(void)
{
    vn_tree *model = vn_mlp(2, 1, 8, 1, vn_key(0), NULL);
    static const char *const paths[] = { "layers[0].weight", "layers[1].weight" };
    vn_tree *doubled = vn_tree_at_fn(model, 2, paths, vn_function(twice, 1));

    vn_tree *no_bias = vn_tree_at(doubled, "layers[0].bias", vn_none());
    vn_tree *wider = vn_tree_at(no_bias, "layers[1]", vn_linear(8, 4, vn_key(1), NULL));
    bool same = vn_tree_equal(model, doubled, NULL); /* false: model is what it was */
    expect(!same, "a tree that was changed in place");
    report("tree_at", vn_call(wider, vn_ones(VN_F32, VN_SHAPE(2))));
}

/* ------------------------------------------------------------------------------- vmap */

static vn_tree *bilinear(vn_tree *const arg[]) /* a [3], m [3, 3], b [3] -> f32[] */
{
    return vn_dot(arg[0], vn_matmul(arg[1], arg[2]));
}

void pairs_vmap(void)
{
    vn_array *a = vn_normal(vn_key(0), VN_SHAPE(5, 3), VN_F32);
    vn_array *m = vn_normal(vn_key(1), VN_SHAPE(3, 3), VN_F32);
    vn_array *b = vn_normal(vn_key(2), VN_SHAPE(3, 5), VN_F32);
    vn_tree *const in_axes[] = { vn_int(0), vn_none(), vn_int(1) };
    const vn_vmap_options options = { .in_axes = in_axes, .n_in = 3 };
    vn_array *y = vn_call(vn_filter_vmap(vn_function(bilinear, 3), &options), a, m, b);

    vn_tree *model = vn_mlp(3, 2, 8, 1, vn_key(3), NULL);
    vn_array *ys = vn_vmap_call(model, a); /* jax.vmap(model)(a) */
    report("vmap", y);
    report("vmap model", ys);
}

/* --------------------------------------------------------------------------- ensemble */

static vn_tree *make(vn_tree *const arg[]) /* key -> model */
{
    return vn_mlp(2, 1, 8, 1, arg[0], NULL);
}

static vn_tree *evaluate(vn_tree *const arg[]) { return vn_call(arg[0], arg[1]); }

void pairs_ensemble(void)
{
    vn_tree *models = vn_call(vn_filter_vmap(vn_function(make, 1), NULL),
                              vn_split(vn_key(0), 7)); /* leaves [7, ..] */
    vn_tree *const in_axes[] = { vn_int(0), vn_none() };
    const vn_vmap_options options = { .in_axes = in_axes, .n_in = 2 };
    vn_tree *each = vn_filter_vmap(vn_function(evaluate, 2), &options);
    vn_array *y = vn_call(each, models, vn_ones(VN_F32, VN_SHAPE(2))); /* f32[7,1] */
    report("ensemble", y);
}

/* --------------------------------------------------------------- jvp, vjp, derivatives */

static vn_tree *cubes(vn_tree *const arg[]) /* x [n] -> f32[] */
{
    return vn_sum(vn_mul(arg[0], vn_square(arg[0])));
}

void pairs_derivatives(void)
{
    vn_tree *f = vn_function(cubes, 1);
    vn_array *x = vn_array_from(VN_F32, VN_SHAPE(2), (float[]){ 1, 2 }), *v = vn_ones_like(x);
    vn_tree *forward = vn_filter_jvp(f, 1, &x, &v);               /* (out, tangent) */
    vn_tree *reverse = vn_filter_vjp(f, 1, &x);                   /* (out, vjp_fn) */
    vn_tree *back = vn_call(vn_at(reverse, 1), vn_scalar(VN_F32, 1)); /* a tuple */
    vn_array *hessian = vn_call(vn_filter_hessian(f), x);
    vn_tree *hvp = vn_filter_jvp(vn_filter_grad(f, NULL), 1, &x, &v);
    report("jvp", vn_at(forward, 1));
    report("vjp", vn_at(back, 0));
    report("hessian", hessian);
    report("hvp", vn_at(hvp, 1));
}

/* ------------------------------------------------------------------------- custom_vjp */

static vn_tree *log1pexp(vn_tree *const arg[])
{
    return vn_log(vn_add(vn_exp(arg[0]), vn_int(1)));
}

static vn_tree *log1pexp_fwd(vn_tree *const arg[]) /* x -> (out, residuals) */
{
    return vn_tuple(log1pexp(arg), vn_none());
}

static vn_tree *log1pexp_bwd(vn_tree *const arg[]) /* residuals, cotangent, x */
{
    return vn_mul(arg[1], vn_sigmoid(arg[2])); /* e^x / (1 + e^x) overflows, this does not */
}

void pairs_custom_vjp(void)
{
    vn_tree *f = vn_filter_custom_vjp(vn_function(log1pexp, 1), vn_function(log1pexp_fwd, 1),
                                      vn_function(log1pexp_bwd, 3));
    vn_array *slope = vn_call(vn_filter_grad(f, NULL), vn_scalar(VN_F32, 100)); /* not NaN */
    report("custom_vjp", slope);
}

/* ------------------------------------------------------------------------------- main */

static FILE *results;
static int failures;

void report(const char *name, vn_tree *x)
{
    if (!vn_is_array(x))
        x = vn_scalar(VN_F64, vn_item(x));
    const int64_t n = vn_size(x);
    double *const value = malloc((size_t)(n ? n : 1) * sizeof *value);
    if (!value || vn_copy_f64(value, n, x) != n)
        printf("%s: FAILED %s\n", name, vn_error_message()), failures++, vn_error_clear();
    else
        for (int64_t i = 0; i < n; i++)
            fprintf(results, "%s%s%.17g%s", i ? "" : name, i ? " " : ": ", value[i],
                    i + 1 < n ? "" : "\n");
    free(value);
}

void expect(bool good, const char *what)
{
    if (!good)
        printf("FAILED: %s; %s\n", what, vn_error_message()), failures++;
}

int main(int argc, char **argv)
{
    const char *const dir = argc > 1 ? argv[1] : ".";
    char path[4096];
    snprintf(path, sizeof path, "%s/pairs.txt", dir);
    results = fopen(path, "w");
    if (!results)
        return puts("pairs.txt cannot be opened"), 1;
    void (*const pairs[])(void) = {
        pairs_module, pairs_jit, pairs_grad, pairs_partition, pairs_tree_at, pairs_vmap,
        pairs_ensemble, pairs_derivatives, pairs_custom_vjp, pairs_scan, pairs_loops,
        pairs_branches, pairs_recurrent, pairs_state, pairs_dropout, pairs_shared,
        pairs_training, pairs_errors,
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        pairs[i]();
    pairs_files(dir);
    expect(vn_ok(), "an error is left");
    return fclose(results) != 0 || failures ? 1 : 0;
}
