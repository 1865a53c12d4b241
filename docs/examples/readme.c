/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <vernal.h>

static vn_tree *loss(vn_tree *const arg[]) /* model, x [n, 2], y [n, 2] -> scalar */
{
    vn_array *y = vn_vmap_call(arg[0], arg[1]); /* the model itself sees one example */
    return vn_mean(vn_square(vn_sub(y, arg[2])));
}

static vn_tree *step(vn_tree *const arg[]) /* model, x, y -> (model, loss) */
{
    vn_tree *grad = vn_filter_value_and_grad(vn_function(loss, 3), NULL);
    vn_tree *both = vn_call(grad, arg[0], arg[1], arg[2]);
    vn_tree *updates = vn_tree_scale(-0.1, vn_at(both, 1));
    return vn_tuple(vn_apply_updates(arg[0], updates), vn_at(both, 0));
}

int main(void)
{
    vn_array *x = vn_normal(vn_key(1), VN_SHAPE(100, 2), VN_F32), *y = vn_sin(x);
    vn_tree *model = vn_retain(vn_mlp(2, 2, 8, 2, vn_key(0), NULL)); /* in, out, width, depth */
    vn_tree *fast = vn_filter_jit(vn_function(step, 3), NULL);
    for (int i = 0; i <= 1000; i++)
        VN_SCOPE {
            vn_tree *out = vn_call(fast, model, x, y);
            vn_assign(&model, vn_at(out, 0));
            if (i % 200 == 0)
                printf("step %4d  loss %.5f\n", i, vn_item(vn_at(out, 1)));
        }
    vn_release(model);
    puts(vn_error_message());
    return vn_ok() ? 0 : 1;
}
