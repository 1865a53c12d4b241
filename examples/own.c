/* SPDX-License-Identifier: MIT */
/* A module type and an op of one's own.
 *
 * The op: snake(x) = x + sin(a x)^2 / a (Ziyin et al., 2020). One struct says all that the
 * library wants to know: shape, numbers, derivative. The module: a layer W x + b, then the op.
 * Both work under grad, vmap and compilation. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <vernal.h>

typedef struct snake_attr {
    double a;
} snake_attr;

static vn_status snake_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    out[0] = in[0];
    if (in[0].dtype != VN_F32)
        vn_error(VN_ERR_DTYPE, "snake: x is %s, expected f32", vn_dtype_name(in[0].dtype));
    return vn_error_status();
}

/* Element by element, so one example or e->lanes of them side by side are the same loop. */
static void snake_eval(const vn_eval *e)
{
    const float a = (float)((const snake_attr *)e->attr)->a, *x = e->in[0];
    const int64_t n = vn_shape_size(e->out_aval[0].shape) * e->lanes;
    float *y = e->out[0];
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] + sinf(a * x[i]) * sinf(a * x[i]) / a;
}

/* dx = g (1 + sin 2 a x), made of ops: so it has a derivative in its turn. */
static void snake_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const double a = ((const snake_attr *)node->attr)->a;
    vn_array *slope = vn_add(vn_float(1), vn_sin(vn_scale(2 * a, node->in[0])));
    din[0] = vn_mul(g[0], slope);
}

static const vn_op snake_op = {
    .name = "snake", .n_in = 1, .attr_size = sizeof(snake_attr),
    .flags = VN_OP_LANES | VN_OP_ELEMENTWISE,
    .shape = snake_shape, .eval = snake_eval, .vjp = snake_vjp,
};

static vn_array *snake(vn_array *x, double a)
{
    return vn_op_apply(&snake_op, &(snake_attr){ a }, 1, &x);
}

typedef struct wave {
    vn_module base;
    vn_tree *linear; /* a child: seen by every transformation */
    double a;        /* static: part of the structure */
} wave;

static vn_tree *wave_call(vn_tree *self, int n, vn_tree *const arg[]) /* x [in] -> [out] */
{
    const wave *w = (const wave *)self;
    (void)n;
    return snake(vn_call(w->linear, arg[0]), w->a);
}

static const vn_field wave_fields[] = {
    VN_FIELD(wave, linear, TREE),
    VN_FIELD(wave, a, FLOAT),
};
static const vn_type wave_type = VN_MODULE_TYPE(wave, wave_fields, wave_call, 1, 1);

static vn_tree *wave_new(int64_t in, int64_t out, double a, vn_array *key)
{
    vn_tree *linear = vn_linear(in, out, key, NULL);
    return vn_module_new(&wave_type, &(wave){ .linear = linear, .a = a });
}

static vn_tree *by_op(vn_tree *const arg[]) { return vn_sum(vn_square(snake(arg[0], 3))); }

static vn_tree *by_hand(vn_tree *const arg[])
{
    vn_array *s = vn_square(vn_sin(vn_scale(3, arg[0])));
    return vn_sum(vn_square(vn_add(arg[0], vn_scale(1.0 / 3, s))));
}

/* Eager and compiled. */
static bool agree(const char *what, vn_tree *f, vn_tree *g, vn_array *x)
{
    const vn_tree_equal_options near = { .rtol = 1e-4, .atol = 1e-4 };
    vn_tree *y = vn_call(g, x);
    const bool same = vn_tree_equal(vn_call(f, x), y, &near) &&
                      vn_tree_equal(vn_call(vn_filter_jit(f, NULL), x), y, &near);
    printf("the op and its formula: %-30s %s\n", what, same ? "agree" : "DIFFER");
    return same;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return puts("own: a module type and an op of our own"), strcmp(argv[1], "--help") != 0;
    vn_array *x = vn_normal(vn_key(0), VN_SHAPE(20, 5), VN_F32), *row = vn_index(x, 0, 0);
    vn_tree *op = vn_function(by_op, 1), *formula = vn_function(by_hand, 1);
    bool good = agree("values", op, formula, x);
    vn_tree *grad = vn_filter_grad(op, NULL), *ref = vn_filter_grad(formula, NULL);
    good &= agree("gradients", grad, ref, x);
    grad = vn_filter_vmap(grad, NULL), ref = vn_filter_vmap(ref, NULL);
    good &= agree("gradients per example", grad, ref, x);
    good &= agree("Hessians", vn_filter_hessian(op), vn_filter_hessian(formula), row);

    vn_tree *model = vn_sequential(wave_new(5, 9, 1, vn_key(1)), wave_new(9, 1, 2, vn_key(2)));
    vn_tree_pprint(stdout, model);
    vn_array *in_batch = vn_index(vn_vmap_call(model, x), 0, 0), *alone = vn_call(model, row);
    good &= fabs(vn_item(in_batch) - vn_item(alone)) < 1e-5;

    if (!vn_ok())
        fprintf(stderr, "%s\n", vn_error_message());
    return vn_ok() && good ? 0 : 1;
}
