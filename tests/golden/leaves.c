/* SPDX-License-Identifier: MIT */
#include "golden/leaves.h"

#include <stdlib.h>

#include "vernal/ops.h"
#include "vernal/transform.h"

vn_tree *golden_compiled(vn_tree *f, bool jit) { return jit ? vn_filter_jit(f, NULL) : f; }

void golden_check_leaves(golden_run *r, const char *prefix, vn_tree *tree, golden_level level)
{
    int n = vn_tree_count(tree), compared = 0;
    vn_tree *leaves = vn_tree_leaves(tree);
    for (int i = 0; i < n; i++) {
        char path[256], name[384];
        vn_tree *leaf = vn_at(leaves, i);
        if (!vn_is_inexact_array(leaf))
            continue;
        snprintf(name, sizeof name, "%s%s", prefix, vn_tree_path(tree, i, path, sizeof path));
        golden_check(r, name, leaf, level);
        compared++;
    }
    if (!compared)
        golden_fail(r, "%s: no array leaf", prefix);
}

vn_tree *golden_tree(const golden_case *c, const char *prefix, vn_tree *like)
{
    vn_tree *leaves = vn_tree_leaves(like);
    int n = vn_len(leaves);
    vn_tree **items = calloc((size_t)n + 1, sizeof *items);
    if (!items)
        return vn_error(VN_ERR_MEMORY, "golden_tree: %d leaves", n);
    for (int i = 0; i < n; i++) {
        char path[256];
        vn_tree_path(like, i, path, sizeof path);
        items[i] = vn_is_inexact_array(vn_at(leaves, i)) ? golden_input(c, "%s%s", prefix, path)
                                                         : vn_none();
    }
    vn_tree *made = vn_tree_unflatten(like, n, items);
    free(items);
    return made;
}

vn_array *golden_half_squares(vn_tree *tree)
{
    return vn_scale(0.5, vn_tree_square_norm(tree));
}

static vn_tree *apply1(vn_tree *const arg[]) { return vn_call(arg[0], arg[1]); }

vn_tree *golden_apply(void) { return vn_function(apply1, 2); }

vn_tree *golden_tangent(vn_tree *pair)
{
    vn_tree *tangent = vn_at(pair, 1);
    return vn_is_none(tangent) ? vn_zeros_like(vn_at(pair, 0)) : tangent;
}
