/* SPDX-License-Identifier: MIT */
/* Random order: rounds of a stable sort by 32-bit random keys, as many as make equal keys
 * unlikely (3 ln n / ln(2^32 - 1), rounded up: 1 up to n = 1625). */
#include <math.h>

#include "core/ops/ops_common.h"
#include "vernal/random.h"

/* x, each line along the axis in an order of its own. */
static vn_array *shuffle(vn_array *key, vn_array *x, int axis)
{
    const double size = (double)vn_size(x);
    const int rounds = (int)ceil(3 * log(size > 1 ? size : 1) / log(4294967295.0));
    for (int i = 0; i < rounds && x; i++) {
        vn_array *const keys = vn_split(key, 2);
        key = vn_subkey(keys, 0);
        vn_array *const bits = vn_random_bits(vn_subkey(keys, 1), vn_shape_of(x), VN_U32);
        x = bits ? vn_take_along_axis(x, vn_argsort(bits, axis), axis) : NULL;
    }
    return x;
}

vn_array *vn_permutation(vn_array *key, int64_t n)
{
    vn__named_begin("permutation");
    if (n < 0)
        return vn__named_end(
            vn_error(VN_ERR_ARGUMENT, "permutation: of %lld numbers", (long long)n));
    return vn__named_end(shuffle(key, vn_arange(VN_I32, n), 0));
}

vn_array *vn_permute(vn_array *key, vn_array *x, int axis, bool independent)
{
    vn__named_begin("permute");
    x = vn__as_operand("permute", x);
    if (!x || vn__wrap_axis(&axis, "permute", vn_rank(x)) != VN_ERR_OK)
        return vn__named_end(NULL);
    if (independent || vn_rank(x) == 1)
        return vn__named_end(shuffle(key, x, axis));
    return vn__named_end(vn_take(x, vn_permutation(key, vn_dim(x, axis)), axis));
}
