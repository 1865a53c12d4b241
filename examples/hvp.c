/* SPDX-License-Identifier: MIT */
/* Hessian-vector products: forward mode over reverse mode, in double precision.
 *
 * H v = d/dt grad L(p + t v) at t = 0: the price of about two gradients, and no matrix.
 * Tangents are trees like the model; none stands for zero. With products alone the power method
 * finds the largest curvature of the loss, and H g gives the best length of a gradient step. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <vernal.h>

static vn_tree *loss(vn_tree *const arg[]) /* model, x [n, 2], y [n, 1] -> f64[] */
{
    return vn_mean(vn_square(vn_sub(vn_vmap_call(arg[0], arg[1]), arg[2])));
}

static vn_tree *hvp(vn_tree *const arg[]) /* v, model, x, y -> (gradient, H v) */
{
    vn_tree *grad = vn_filter_grad(vn_function(loss, 3), NULL);
    return vn_filter_jvp(grad, 3, &arg[1], VN_TREES(arg[0], vn_none(), vn_none()));
}

static double dot(vn_tree *a, vn_tree *b) /* |a + b|^2 - |a - b|^2 = 4 a.b */
{
    return 0.25 * (vn_item(vn_tree_square_norm(vn_tree_add(a, b))) -
                   vn_item(vn_tree_square_norm(vn_tree_sub(a, b))));
}

/* The size of a - b against that of b. */
static double difference(vn_tree *a, vn_tree *b)
{
    return sqrt(vn_item(vn_tree_square_norm(vn_tree_sub(a, b))) /
                vn_item(vn_tree_square_norm(b)));
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return puts("hvp: Hessian-vector products of a small network"),
               strcmp(argv[1], "--help") != 0;
    vn_set_default_dtype(VN_F64); /* of everything that is not told another */
    vn_array *keys = vn_split(vn_key(7), 2);
    const vn_mlp_options smooth = { .activation = vn_unary(vn_tanh) };
    vn_tree *model = vn_mlp(2, 1, 16, 2, vn_subkey(keys, 0), &smooth);
    vn_array *x = vn_normal(vn_subkey(keys, 1), VN_SHAPE(200, 2), VN_F64);
    vn_array *y = vn_sin(vn_sum_over(x, VN_AXES(1), true));

    vn_tree *fast = vn_filter_jit(vn_function(hvp, 4), NULL);
    vn_tree *grad = vn_filter_jit(vn_filter_grad(vn_function(loss, 3), NULL), NULL);
    vn_tree *g = vn_call(grad, model, x, y);
    vn_tree *hg = vn_at(vn_call(fast, g, model, x, y), 1);

    const double h = 1e-5;
    vn_tree *up = vn_call(grad, vn_apply_updates(model, vn_tree_scale(h, g)), x, y);
    vn_tree *down = vn_call(grad, vn_apply_updates(model, vn_tree_scale(-h, g)), x, y);
    const double fd = difference(vn_tree_scale(0.5 / h, vn_tree_sub(up, down)), hg);
    printf("H g against finite differences of the gradient: %.1e\n", fd);

    /* Power method: v <- H v / |H v|. */
    vn_tree *v = vn_retain(g);
    double largest = 0, before = 1;
    int k = 0;
    for (; k < 200 && vn_ok() && fabs(largest - before) > 1e-8 * fabs(largest); k++)
        VN_SCOPE {
            before = largest;
            vn_tree *hv = vn_at(vn_call(fast, v, model, x, y), 1);
            largest = dot(v, hv) / dot(v, v);
            vn_assign(&v, vn_tree_scale(1 / sqrt(dot(hv, hv)), hv));
        }
    const double residual = difference(
        vn_tree_scale(1 / largest, vn_at(vn_call(fast, v, model, x, y), 1)), v);
    printf("largest curvature %.6f, %d products, |H v / l - v| = %.1e\n", largest, k, residual);

    /* Along -g the loss is L - t g.g + t^2 g.Hg / 2: the best t. */
    const double best = dot(g, g) / dot(g, hg);
    vn_tree *moved = vn_apply_updates(model, vn_tree_scale(-best, g));
    vn_tree *value = vn_function(loss, 3);
    const double before_it = vn_item(vn_call(value, model, x, y));
    const double after_it = vn_item(vn_call(value, moved, x, y));
    printf("best gradient step, length %.3f: loss %.6f -> %.6f\n", best, before_it, after_it);
    vn_release(v);

    if (!vn_ok())
        fprintf(stderr, "%s\n", vn_error_message());
    return vn_ok() && fd < 1e-7 && residual < 1e-3 && after_it < before_it ? 0 : 1;
}
