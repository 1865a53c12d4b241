// SPDX-License-Identifier: MIT
// The headers are C++17 too: vn_call, vn_tuple and VN_SHAPE are templates there.
#include <cmath>
#include <cstdio>
#include <memory>
#include <vernal.h>

// Owns one share of a tree.
struct release {
    void operator()(vn_tree *tree) const { vn_release(tree); }
};
using owned = std::unique_ptr<vn_tree, release>;

static vn_tree *loss(vn_tree *const arg[]) // model, x [n, 2], y [n, 1] -> f32[]
{
    return vn_mean(vn_square(vn_sub(vn_vmap_call(arg[0], arg[1]), arg[2])));
}

static vn_tree *step(vn_tree *const arg[]) // model, x, y -> (model, loss)
{
    vn_tree *grad = vn_filter_value_and_grad(vn_function(loss, 3), nullptr);
    vn_tree *both = vn_call(grad, arg[0], arg[1], arg[2]);
    vn_tree *updates = vn_tree_scale(-0.1, vn_at(both, 1));
    return vn_tuple(vn_apply_updates(arg[0], updates), vn_at(both, 0));
}

int main()
{
    vn_array *x = vn_normal(vn_key(1), VN_SHAPE(100, 2), VN_F32);
    vn_array *y = vn_sum_over(vn_sin(x), VN_AXES(1), true);
    owned model(vn_retain(vn_mlp(2, 1, 8, 2, vn_key(0), nullptr)));
    vn_tree *fast = vn_filter_jit(vn_function(step, 3), nullptr);
    double last = NAN;
    for (int i = 0; i < 500; i++)
        VN_SCOPE {
            vn_tree *out = vn_call(fast, model.get(), x, y);
            model.reset(vn_retain(vn_at(out, 0)));
            last = vn_item(vn_at(out, 1));
        }
    std::printf("loss %.5f\n%s", last, vn_error_message());
    return vn_ok() && last < 0.1 ? 0 : 1;
}
