/* SPDX-License-Identifier: MIT */
/* Subjects: gradients of single examples, scaled by their norms and summed. */
#include "laws/law.h"

enum { PARAMETERS = 3, ARGUMENTS = 5 };

/* (w [3, 2, 3, 2], v [4, 3], table [5, 3]), x [2, 5, 6], index: the table is used twice */
static vn_tree *example_loss(vn_tree *const arg[])
{
    vn_array *const w = vn_at(arg[0], 0), *const v = vn_at(arg[0], 1);
    vn_array *const row = vn_take(vn_at(arg[0], 2), arg[2], 0);
    vn_array *const image = vn_tanh(vn_conv(arg[1], w, NULL));
    vn_array *const h = vn_sin(vn_add(vn_sum_over(image, VN_AXES(1, 2), false), row));
    return vn_add(vn_sum(vn_square(vn_matmul(v, h))), vn_sum(vn_matmul(v, row)));
}

static vn_tree *times(vn_tree *const arg[]) { return vn_mul(arg[1], arg[0]); }
static vn_tree *over(vn_tree *const arg[]) { return vn_div(arg[1], arg[0]); }
static vn_tree *sum_examples(vn_tree *const arg[])
{
    return vn_sum_over(arg[0], VN_AXES(0), false);
}

static vn_array *norm_of(vn_tree *gradient)
{
    return vn_sqrt(vn_add(vn_tree_square_norm(gradient), vn_float(0.5)));
}

static vn_tree *example_gradient(vn_tree *const arg[])
{
    return vn_call_n(vn_filter_grad(vn_function(example_loss, 3), NULL), 3, arg);
}

static vn_tree *multiplied(vn_tree *const arg[])
{
    vn_tree *const g = example_gradient(arg);
    vn_array *const scale = vn_reciprocal(norm_of(g));
    return vn_tree_map(vn_partial(vn_function(times, 2), scale), g);
}

static vn_tree *divided(vn_tree *const arg[])
{
    vn_tree *const g = example_gradient(arg);
    return vn_tree_map(vn_partial(vn_function(over, 2), norm_of(g)), g);
}

/* The gradients themselves are wanted as well. */
static vn_tree *both(vn_tree *const arg[])
{
    return vn_tuple(example_gradient(arg), divided(arg));
}

static vn_tree *each(vn_fn *one, vn_tree *const arg[])
{
    vn_tree *const axes[] = { vn_none(), vn_int(0), vn_int(0) };
    vn_tree *const f = vn_filter_vmap(vn_function(one, 3),
                                      &(vn_vmap_options){ .in_axes = axes, .n_in = 3 });
    vn_tree *const model = vn_tuple(arg[0], arg[1], arg[2]);
    return vn_call(f, model, arg[PARAMETERS], arg[PARAMETERS + 1]);
}

static vn_tree *summed(vn_tree *tree)
{
    return vn_tree_map(vn_function(sum_examples, 1), tree);
}

static vn_tree *sum_multiplied(vn_tree *const arg[]) { return summed(each(multiplied, arg)); }
static vn_tree *sum_divided(vn_tree *const arg[]) { return summed(each(divided, arg)); }
static vn_tree *all_and_sum(vn_tree *const arg[])
{
    vn_tree *const pair = each(both, arg);
    return vn_tuple(vn_at(pair, 0), summed(vn_at(pair, 1)));
}

void law_add_examples(law_subject *out, int *n)
{
    static const law_operand kernel = { LAW_REAL, { 4, { 3, 2, 3, 2 } }, -1, 1 };
    static const law_operand matrix = { LAW_REAL, { 2, { 4, 3 } }, -1, 1 };
    static const law_operand table = { LAW_REAL, { 2, { 5, 3 } }, -1, 1 };
    static const law_operand images = { LAW_REAL, { 4, { 3, 2, 5, 6 } }, -1, 1 };
    static const law_operand index = { LAW_INTEGER, { 1, { 3 } }, 0, 4 };
    static const struct {
        const char *name;
        vn_fn *fn;
    } cases[] = { { "times", sum_multiplied },
                  { "over", sum_divided },
                  { "and all", all_and_sum } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        out[(*n)++] = (law_subject){ .row = "conv_weight_norm",
                                     .name = cases[i].name,
                                     .fn = cases[i].fn,
                                     .n = ARGUMENTS,
                                     .in = { kernel, matrix, table, images, index } };
}
