/* SPDX-License-Identifier: MIT */
/* What kind of leaf: the four predicates of the filters. */
#include "core/tree/tree.h"

bool vn_is_array(const vn_tree *leaf) { return vn_kind_of(leaf) == VN_KIND_ARRAY; }

bool vn_is_array_like(const vn_tree *leaf)
{
    const vn_kind kind = vn_kind_of(leaf);
    return kind >= VN_KIND_ARRAY && kind <= VN_KIND_FLOAT;
}

bool vn_is_inexact_array(const vn_tree *leaf)
{
    const vn__array *const array = vn__as_array(leaf);
    return array && vn_dtype_is_inexact(array->dtype);
}

bool vn_is_inexact_array_like(const vn_tree *leaf)
{
    return vn_is_inexact_array(leaf) || vn_kind_of(leaf) == VN_KIND_FLOAT;
}
