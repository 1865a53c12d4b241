/* SPDX-License-Identifier: MIT
 * The reductions as functions, over fold(out, x, outer, n, inner, accumulate, identity,
 * formula) and the formulas f_sum, f_prod, f_max and f_min. */

#define FOLD(name, identity)                                                                   \
    static void fold_##name(void *out, const void *x, int64_t outer, int64_t n, int64_t inner, \
                            bool accumulate)                                                   \
    {                                                                                          \
        fold(out, x, outer, n, inner, accumulate, identity, f_##name);                         \
    }
FOLD(sum, 0)
FOLD(prod, 1)
FOLD(max, -(real)INFINITY)
FOLD(min, (real)INFINITY)

vn__reduce_fn *const VN_FN(reduce)[VN__REDUCES] = {
    [VN__REDUCE_sum] = fold_sum,
    [VN__REDUCE_prod] = fold_prod,
    [VN__REDUCE_max] = fold_max,
    [VN__REDUCE_min] = fold_min,
};
