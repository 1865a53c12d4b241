/* SPDX-License-Identifier: MIT */
/* tril(x, k): x[.., i, j] where j - i <= k, else 0;  triu: where j - i >= k. */
#include "core/ops/ops_common.h"

static vn_array *triangle(vn_array *x, const char *who, int k, bool lower)
{
    vn_array *const a = vn__as_operand(who, x);
    char text[VN__SHAPE_TEXT];
    if (!a)
        return NULL;
    if (vn_rank(a) < 2) {
        vn__fail(VN_ERR_SHAPE, "%s: %s is no matrix", who,
                 vn__shape_text(text, vn_dtype_of(a), vn_shape_of(a)));
        return NULL;
    }
    const int64_t rows = vn_dim(a, -2), cols = vn_dim(a, -1);
    vn_array *const mask = vn_empty(VN_BOOL, VN_SHAPE(rows, cols));
    uint8_t *m = mask ? vn_data_mut(mask) : NULL;
    for (int64_t i = 0; m && i < rows; i++)
        for (int64_t j = 0; j < cols; j++)
            *m++ = lower ? j - i <= k : j - i >= k;
    return vn_where(mask, a, vn_bool(false));
}

vn_array *vn_tril(vn_array *x, int k) { return triangle(x, "tril", k, true); }

vn_array *vn_triu(vn_array *x, int k) { return triangle(x, "triu", k, false); }
