/* SPDX-License-Identifier: MIT */
/* Subjects: reductions, functions along axes, shape and data movement, indexing by values. */
#include "laws/law.h"
#include "vernal/random.h"

/* ---- reductions and functions along axes */

static vn_array *sum_axes(vn_array *x) { return vn_sum_over(x, VN_AXES(0, -1), true); }
static vn_array *mean_axis(vn_array *x) { return vn_mean_over(x, VN_AXES(1), false); }
static vn_array *prod_axis(vn_array *x) { return vn_prod_over(x, VN_AXES(1), false); }
static vn_array *max_axis(vn_array *x) { return vn_max_over(x, VN_AXES(-1), false); }
static vn_array *min_axis(vn_array *x) { return vn_min_over(x, VN_AXES(0), true); }
static vn_array *any_axis(vn_array *x) { return vn_any_over(x, VN_AXES(1), false); }
static vn_array *all_axis(vn_array *x) { return vn_all_over(x, VN_AXES(0, 1), false); }
static vn_array *variance(vn_array *x) { return vn_var_over(x, VN_AXES(1), 1, true); }
static vn_array *deviation(vn_array *x) { return vn_std_over(x, VN_AXES(0, 1, 2), 0, false); }
static vn_array *logsumexp(vn_array *x) { return vn_logsumexp(x, VN_AXES(0, 2), false); }
static vn_array *argmax(vn_array *x) { return vn_argmax(x, 1); }
static vn_array *argmin(vn_array *x) { return vn_argmin(x, -1); }
static vn_array *softmax_first(vn_array *x) { return vn_softmax(x, 0); }
static vn_array *softmax_last(vn_array *x) { return vn_softmax(x, -1); }
static vn_array *log_softmax_first(vn_array *x) { return vn_log_softmax(x, 0); }
static vn_array *log_softmax_last(vn_array *x) { return vn_log_softmax(x, -1); }
static vn_array *cumsum(vn_array *x) { return vn_cumsum(x, 1); }
static vn_array *cumprod(vn_array *x) { return vn_cumprod(x, 1); }
static vn_array *sort_last(vn_array *x) { return vn_sort(x, -1); }
static vn_array *sort_first(vn_array *x) { return vn_sort(x, 0); }
static vn_array *argsort(vn_array *x) { return vn_argsort(x, 1); }

/* ---- shape and data movement */

static vn_array *reshape(vn_array *x) { return vn_reshape(x, VN_SHAPE(6, -1)); }
static vn_array *transpose(vn_array *x) { return vn_transpose(x, VN_AXES(1, 2, 0)); }
static vn_array *reversed_axes(vn_array *x) { return vn_transpose(x, (vn_axes){ .count = 0 }); }
static vn_array *moveaxis(vn_array *x) { return vn_moveaxis(x, 0, -1); }
static vn_array *expand_squeeze(vn_array *x)
{
    return vn_expand_dims(vn_squeeze(vn_expand_dims(x, 1), 1), -1);
}
static vn_array *broadcast(vn_array *x) { return vn_broadcast_to(x, VN_SHAPE(2, 2, 3, 4)); }
static vn_array *slice_step(vn_array *x) { return vn_slice(x, 2, 1, 4, 2); }
static vn_array *slice_back(vn_array *x) { return vn_slice(x, 1, -2, 100, 1); }
static vn_array *index_one(vn_array *x) { return vn_index(x, 1, -1); }
static vn_array *flip(vn_array *x) { return vn_flip(x, 1); }
static vn_array *roll(vn_array *x) { return vn_roll(x, -4, 2); }
static vn_array *tile(vn_array *x) { return vn_tile(x, VN_SHAPE(2, 1, 3)); }
static vn_array *repeat(vn_array *x) { return vn_repeat(x, 3, 1); }
static vn_array *tril(vn_array *x) { return vn_tril(x, -1); }
static vn_array *triu(vn_array *x) { return vn_triu(x, 1); }

static vn_array *pad(vn_array *x)
{
    vn_pads p = { .lo = { 1, -1 }, .hi = { 0, 2, 1 }, .interior = { 2, 0, 1 } };
    return vn_pad(x, &p, 0.5);
}

static vn_array *pad_reflect(vn_array *x)
{
    return vn_pad_with(x, &(vn_pads){ .lo = { 0, 2, 1 }, .hi = { 1, 1, 3 } }, VN_PAD_REFLECT);
}

static vn_array *pad_edge(vn_array *x)
{
    return vn_pad_with(x, &(vn_pads){ .lo = { 0, 2, 1 }, .hi = { 1, 1, 3 } }, VN_PAD_EDGE);
}

static vn_array *pad_wrap(vn_array *x)
{
    return vn_pad_with(x, &(vn_pads){ .lo = { 0, 2, 1 }, .hi = { 1, 1, 3 } }, VN_PAD_WRAP);
}

static vn_tree *concat(vn_tree *const arg[]) { return vn_concat_n(3, arg, 1); }
static vn_tree *stack(vn_tree *const arg[]) { return vn_stack_n(3, arg, 1); }
static vn_tree *split(vn_tree *const arg[]) { return vn_split_equal(arg[0], 2, 2); }

/* ---- indexing by values */

static vn_tree *dynamic_slice(vn_tree *const arg[])
{
    return vn_dynamic_slice(arg[0], arg[1], VN_SHAPE(1, 2, 2));
}
static vn_tree *dynamic_update(vn_tree *const arg[])
{
    return vn_dynamic_update_slice(arg[0], arg[1], arg[2]);
}
static vn_tree *dynamic_index(vn_tree *const arg[])
{
    return vn_dynamic_index(arg[0], arg[1], 1);
}
static vn_tree *take(vn_tree *const arg[]) { return vn_take(arg[0], arg[1], 1); }
static vn_tree *take_along(vn_tree *const arg[])
{
    return vn_take_along_axis(arg[0], arg[1], 2);
}
static vn_tree *scatter_add(vn_tree *const arg[])
{
    return vn_scatter_add(arg[0], arg[1], arg[2]);
}
static vn_tree *scatter_set(vn_tree *const arg[])
{
    return vn_scatter_set(arg[0], arg[1], arg[2]);
}
static vn_tree *one_hot(vn_tree *const arg[])
{
    return vn_mul(vn_one_hot(arg[0], 5, VN_DTYPE_DEFAULT), arg[1]);
}

/* ---- random numbers: functions of a key */

static vn_tree *draws(vn_tree *const arg[])
{
    vn_array *keys = vn_split(vn_fold_in(arg[0], vn_int(3)), 4);
    vn_shape shape = VN_SHAPE(5);
    return vn_tuple(vn_uniform(vn_subkey(keys, 0), shape, VN_DTYPE_DEFAULT, -1, 1),
                    vn_normal(vn_subkey(keys, 1), shape, VN_DTYPE_DEFAULT),
                    vn_randint(vn_subkey(keys, 2), shape, -3, 12, VN_I32),
                    vn_permutation(vn_subkey(keys, 3), 9));
}

static vn_tree *draw_choice(vn_tree *const arg[])
{
    return vn_choice(arg[0], 4, VN_SHAPE(6), true, vn_softmax(arg[1], 0));
}

void law_add_arrays(law_subject *out, int *n)
{
    static const law_operand x = { LAW_DISTINCT, { 3, { 2, 3, 4 } }, -2, 2 };
    static const law_operand positive = { LAW_DISTINCT, { 2, { 3, 5 } }, 0.5, 2 };
    static const law_operand plane = { LAW_DISTINCT, { 2, { 3, 5 } }, -2, 2 };
    static const law_operand flags = { LAW_BOOL, { 2, { 3, 5 } }, 0, 1 };
    static const law_operand one = { LAW_REAL, { 3, { 2, 1, 4 } }, -2, 2 };
    static const law_operand start = { LAW_INTEGER, { 1, { 3 } }, -1, 4 };
    static const law_operand index = { LAW_INTEGER, { 0, { 0 } }, -3, 2 };
    static const law_operand indices = { LAW_INTEGER, { 2, { 2, 3 } }, -3, 4 };
    static const law_operand along = { LAW_INTEGER, { 3, { 2, 3, 2 } }, 0, 3 };
    static const law_operand rows = { LAW_INTEGER, { 1, { 4 } }, 0, 3 };
    static const law_operand different = { LAW_INTEGER, { 1, { 1 } }, 0, 1 };
    static const law_operand patch = { LAW_REAL, { 3, { 1, 2, 2 } }, -2, 2 };
    static const law_operand updates = { LAW_REAL, { 3, { 4, 3, 4 } }, -2, 2 };
    static const law_operand classes = { LAW_INTEGER, { 1, { 6 } }, -1, 6 };
    static const law_operand five = { LAW_REAL, { 1, { 5 } }, -2, 2 };
    static const law_operand logits = { LAW_REAL, { 1, { 4 } }, -1, 1 };
    static const law_operand key = { LAW_KEY, { 0, { 0 } }, 0, 0 };
    const law_subject subjects[] = {
        { .row = "reduce_sum", .name = "all", .unary = vn_sum, .n = 1, .in = { positive } },
        { .row = "reduce_sum", .name = "axes", .unary = sum_axes, .n = 1, .in = { x } },
        { .row = "mean", .name = "", .unary = mean_axis, .n = 1, .in = { x } },
        { .row = "reduce_prod", .name = "", .unary = prod_axis, .n = 1, .in = { positive } },
        { .row = "reduce_max", .name = "", .unary = max_axis, .n = 1, .in = { x } },
        { .row = "reduce_min", .name = "", .unary = min_axis, .n = 1, .in = { x } },
        { .row = "any", .name = "", .unary = any_axis, .n = 1, .in = { flags } },
        { .row = "all", .name = "", .unary = all_axis, .n = 1, .in = { flags } },
        { .row = "var", .name = "", .unary = variance, .n = 1, .in = { x } },
        { .row = "std", .name = "", .unary = deviation, .n = 1, .in = { x } },
        { .row = "logsumexp", .name = "", .unary = logsumexp, .n = 1, .in = { x } },
        { .row = "norm", .name = "", .unary = vn_norm, .n = 1, .in = { x } },
        { .row = "argmax", .name = "", .unary = argmax, .n = 1, .in = { x } },
        { .row = "argmin", .name = "", .unary = argmin, .n = 1, .in = { x } },
        { .row = "softmax", .name = "first", .unary = softmax_first, .n = 1, .in = { x } },
        { .row = "softmax", .name = "last", .unary = softmax_last, .n = 1, .in = { x } },
        { .row = "log_softmax",
          .name = "first",
          .unary = log_softmax_first,
          .n = 1,
          .in = { x } },
        { .row = "log_softmax",
          .name = "last",
          .unary = log_softmax_last,
          .n = 1,
          .in = { x } },
        { .row = "cumsum", .name = "", .unary = cumsum, .n = 1, .in = { x } },
        { .row = "recurrence", .name = "cumprod", .unary = cumprod, .n = 1, .in = { plane } },
        { .row = "sort", .name = "last", .unary = sort_last, .n = 1, .in = { x } },
        { .row = "sort", .name = "first", .unary = sort_first, .n = 1, .in = { x } },
        { .row = "argsort", .name = "", .unary = argsort, .n = 1, .in = { x } },
        { .row = "reshape", .name = "", .unary = reshape, .n = 1, .in = { x } },
        { .row = "reshape", .name = "ravel", .unary = vn_ravel, .n = 1, .in = { x } },
        { .row = "transpose", .name = "", .unary = transpose, .n = 1, .in = { x } },
        { .row = "transpose", .name = "reversed", .unary = reversed_axes, .n = 1, .in = { x } },
        { .row = "transpose", .name = "moveaxis", .unary = moveaxis, .n = 1, .in = { x } },
        { .row = "reshape", .name = "expand", .unary = expand_squeeze, .n = 1, .in = { x } },
        { .row = "broadcast", .name = "", .unary = broadcast, .n = 1, .in = { one } },
        { .row = "slice", .name = "step", .unary = slice_step, .n = 1, .in = { x } },
        { .row = "slice", .name = "from the end", .unary = slice_back, .n = 1, .in = { x } },
        { .row = "slice", .name = "index", .unary = index_one, .n = 1, .in = { x } },
        { .row = "reverse", .name = "", .unary = flip, .n = 1, .in = { x } },
        { .row = "concat", .name = "roll", .unary = roll, .n = 1, .in = { x } },
        { .row = "broadcast", .name = "tile", .unary = tile, .n = 1, .in = { x } },
        { .row = "broadcast", .name = "repeat", .unary = repeat, .n = 1, .in = { x } },
        { .row = "where", .name = "tril", .unary = tril, .n = 1, .in = { x } },
        { .row = "where", .name = "triu", .unary = triu, .n = 1, .in = { x } },
        { .row = "pad", .name = "", .unary = pad, .n = 1, .in = { x } },
        { .row = "pad_with", .name = "reflect", .unary = pad_reflect, .n = 1, .in = { x } },
        { .row = "pad_with", .name = "edge", .unary = pad_edge, .n = 1, .in = { x } },
        { .row = "pad_with", .name = "wrap", .unary = pad_wrap, .n = 1, .in = { x } },
        { .row = "concat", .name = "", .fn = concat, .n = 3, .in = { x, one, x } },
        { .row = "concat", .name = "stack", .fn = stack, .n = 3, .in = { x, x, x } },
        { .row = "slice", .name = "split", .fn = split, .n = 1, .in = { x } },
        { .row = "dynamic_slice", .name = "", .fn = dynamic_slice, .n = 2, .in = { x, start } },
        { .row = "dynamic_update_slice",
          .name = "",
          .fn = dynamic_update,
          .n = 3,
          .in = { x, patch, start } },
        { .row = "dynamic_slice",
          .name = "index",
          .fn = dynamic_index,
          .n = 2,
          .in = { x, index } },
        { .row = "take", .name = "", .fn = take, .n = 2, .in = { x, indices } },
        { .row = "take_along_axis", .name = "", .fn = take_along, .n = 2, .in = { x, along } },
        { .row = "scatter_add",
          .name = "",
          .fn = scatter_add,
          .n = 3,
          .in = { x, rows, updates } },
        { .row = "scatter_set",
          .name = "",
          .fn = scatter_set,
          .n = 3,
          .in = { x, different, { LAW_REAL, { 3, { 1, 3, 4 } }, -2, 2 } } },
        { .row = "one_hot", .name = "", .fn = one_hot, .n = 2, .in = { classes, five } },
        { .row = "threefry_bits", .name = "draws", .fn = draws, .n = 1, .in = { key } },
        { .row = "searchsorted",
          .name = "choice",
          .fn = draw_choice,
          .n = 2,
          .in = { key, logits } },
    };
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        out[(*n)++] = subjects[i];
}
