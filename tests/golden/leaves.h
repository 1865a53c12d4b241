/* SPDX-License-Identifier: MIT */
/* Trees of golden arrays, and what the groups that call models share. */
#ifndef VN_TESTS_GOLDEN_LEAVES_H
#define VN_TESTS_GOLDEN_LEAVES_H

#include "golden/check.h"

/* f, or f compiled. */
vn_tree *golden_compiled(vn_tree *f, bool jit);

/* The inexact array leaves of `tree` against the arrays "prefix + PATH" of the case. */
void golden_check_leaves(golden_run *r, const char *prefix, vn_tree *tree, golden_level level);

/* A tree like `like` with the arrays "prefix + PATH" for its inexact arrays, none elsewhere. */
vn_tree *golden_tree(const golden_case *c, const char *prefix, vn_tree *like);

/* sum x^2 / 2 over all inexact arrays of a tree. */
vn_array *golden_half_squares(vn_tree *tree);

/* model, x.. -> model(x..) as a function. */
vn_tree *golden_apply(void);

/* The tangent of what vn_filter_jvp returns for one array: none is zeros. */
vn_tree *golden_tangent(vn_tree *pair);

#endif
