/* SPDX-License-Identifier: MIT */
/* Rows 11 and 12: pformat, Shared. */
#include <math.h>
#include <string.h>

#include "conformance/conform.h"

static bool printed(vn_tree *tree, const char *text)
{
    vn_tree *got = vn_tree_pformat(tree, NULL);
    return got && !strcmp(vn_string_value(got), text);
}

/* ---- 11: arrays have no weak types here and none are NumPy's; a number leaf, which is what a
 * weak scalar comes from, is printed as the number */

void row_11_pformat(void)
{
    expect_that(printed(vn_zeros(VN_F32, VN_SHAPE(3, 4)), "f32[3,4]"), "an array");
    expect_that(printed(vn_zeros(VN_I64, VN_SHAPE(3, 4)), "i64[3,4]"), "integers");
    expect_that(printed(vn_int(1), "1"), "a number");
    expect_that(printed(vn_shape_struct(VN_F32, VN_SHAPE(2, 3)), "f32[2,3]"), "a struct");
    expect_that(printed(vn_unary(vn_relu), "<function relu>"), "a function");
    vn_tree *mlp = vn_mlp(2, 2, 2, 2, vn_key(0), NULL);
    vn_tree *linear = vn_at(vn_get(mlp, "layers"), 0);
    expect_that(printed(linear,
                        "Linear(\n"
                        "  weight=f32[2,2], bias=f32[2], in_features=2, out_features=2, "
                        "use_bias=True\n"
                        ")"),
                "a layer");
    expect_that(printed(vn_identity_layer(), "Identity()"), "a layer without fields");
}

/* ---- 12 */

static vn_tree *tied(void)
{
    vn_tree *embedding = vn_embedding(3, 4, vn_key(0), NULL);
    vn_tree *linear = vn_linear(4, 3, vn_key(1), NULL);
    return vn_shared(vn_tuple(embedding, linear), "[1].weight", "[0].weight");
}

static vn_tree *square_sums(vn_tree *const arg[]) /* both weights are used */
{
    vn_tree *both = vn_call_n(arg[0], 0, NULL);
    vn_array *a = vn_sum(vn_square(vn_get(both, "[0].weight")));
    return vn_add(a, vn_sum(vn_square(vn_get(both, "[1].weight"))));
}

void row_12_shared(void)
{
    vn_tree *model = tied();
    vn_tree *grad = vn_filter_grad(vn_function(square_sums, 1), NULL);
    expect_that(vn_tree_count(vn_filter(model, vn_is_array)) == 2, "one weight, one bias");
    for (int i = 0; i < 2; i++) {
        vn_tree *both = vn_call_n(model, 0, NULL), *g = vn_call(grad, model);
        expect_that(vn_get(both, "[0].weight") == vn_get(both, "[1].weight"), "one array");
        vn_array *w = vn_get(both, "[0].weight");
        expect_close("its gradient is the sum of both uses",
                     vn_get(g, "pytree[0].weight"), vn_scale(4, w), 1e-5, 1e-7);
        model = vn_apply_updates(model, g);
        vn_tree *after = vn_call_n(model, 0, NULL);
        expect_that(vn_tree_equal(vn_get(after, "[0].weight"), vn_get(after, "[1].weight"),
                                  NULL),
                    "still one array after an update");
        expect_close("which has changed", vn_get(after, "[0].weight"), vn_scale(5, w), 1e-5,
                     1e-7);
    }
    vn_tree *pair =
        vn_tuple(vn_embedding(3, 4, vn_key(0), NULL), vn_linear(3, 4, vn_key(1), NULL));
    const char *const every = "Every node being shared together";
    expect_refused("(3,4) and (4,3)", vn_shared(pair, "[1].weight", "[0].weight"), every);
    vn_tree *wide = vn_tree_at(pair, "[1].weight", vn_zeros(VN_F64, VN_SHAPE(3, 4)));
    expect_refused("f32 and f64", vn_shared(wide, "[1].weight", "[0].weight"), every);
    expect_refused("an array and a layer", vn_shared(pair, "[1]", "[0].weight"), every);
    expect_refused("a layer and an array", vn_shared(pair, "[0].weight", "[1]"), every);
    expect_refused("two kinds of layers", vn_shared(pair, "[1]", "[0]"), every);
    expect_refused("no such place", vn_shared(pair, "[1].weights", "[0].weight"), "weights");
    expect_refused("a place inside the other", vn_shared(pair, "[0].weight", "[0]"), "");
}
