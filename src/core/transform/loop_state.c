/* SPDX-License-Identifier: MIT */
/* What a loop carries may not change from step to step, but for the numbers in its arrays; nor
 * may branches differ in more. */
#include "core/transform/loop.h"
#include "core/tree/path.h"

static vn_status same_leaf(const vn__pairing *pair, const vn_tree *before, const vn_tree *after,
                           const vn__trail *trail)
{
    char path[VN__PATH_TEXT] = "", a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
    if (vn_is_array(before) && vn_is_array(after)) {
        if (vn_dtype_of(before) == vn_dtype_of(after) &&
            vn_shape_equal(vn_shape_of(before), vn_shape_of(after)))
            return VN_ERR_OK;
        return vn__fail(VN_ERR_SHAPE, "%s: \"%.150s\" is %s %s, %s %s", pair->who,
                        vn__trail_append(path, sizeof path, trail), vn__describe(a, before),
                        pair->first, vn__describe(b, after), pair->second);
    }
    if (vn_is_array(before) || vn_is_array(after) || before->type != after->type) {
        vn__fail_structure(pair->who, trail, before, after);
        return vn_error_status();
    }
    return vn__same_leaf(before, after)
               ? VN_ERR_OK
               : vn__fail(VN_ERR_STRUCTURE,
                          "%s: the static %s \"%.150s\" is not the same %s and %s; a number "
                          "that changes belongs in an array",
                          pair->who, before->type->name,
                          vn__trail_append(path, sizeof path, trail), pair->first,
                          pair->second);
}

static vn_status same_state(const vn__pairing *pair, vn_tree *before, vn_tree *after,
                            const vn__trail *trail)
{
    if (vn_is_leaf(before) && vn_is_leaf(after))
        return same_leaf(pair, before, after, trail);
    if (vn_is_leaf(before) || vn_is_leaf(after) || !vn__same_node(before, after)) {
        vn__fail_structure(pair->who, trail, before, after);
        return vn_error_status();
    }
    for (int i = 0, n = vn_len(before); i < n; i++)
        VN_TRY(same_state(pair, vn__child(before, i), vn__child(after, i),
                          &(vn__trail){ trail, before, i }));
    return VN_ERR_OK;
}

vn_status vn__same_state(const char *who, vn_tree *before, vn_tree *after)
{
    return same_state(&(vn__pairing){ who, "before a step", "after it" }, before, after, NULL);
}

vn_status vn__same_trees(const vn__pairing *pair, vn_tree *a, vn_tree *b)
{
    return same_state(pair, a, b, NULL);
}
