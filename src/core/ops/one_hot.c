/* SPDX-License-Identifier: MIT */
/* one_hot: out[.., c] = 1 if index[..] = c, else 0; an index outside 0 .. classes-1 gives
 * zeros. */
#include "core/ops/indices.h"

vn_array *vn_one_hot(vn_array *index, int64_t classes, vn_dtype dtype)
{
    vn__named_begin("one_hot");
    vn_array *const i = vn__index_operand("one_hot", index);
    if (!i)
        return vn__named_end(NULL);
    if (classes < 0)
        return vn__named_end(
            vn_error(VN_ERR_ARGUMENT, "one_hot: %lld classes", (long long)classes));
    vn_array *const same = vn_eq(vn_expand_dims(i, -1), vn_arange(vn_dtype_of(i), classes));
    return vn__named_end(vn_cast(same, dtype == VN_DTYPE_DEFAULT ? vn_default_dtype() : dtype));
}
