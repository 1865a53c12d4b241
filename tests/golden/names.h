/* SPDX-License-Identifier: MIT */
/* Element-wise functions by the names that cases call them: those of jax.nn, jax.numpy and
 * jax.lax, and those that the set explains in its notes. */
#ifndef VN_TESTS_GOLDEN_NAMES_H
#define VN_TESTS_GOLDEN_NAMES_H

#include "vernal/array.h"

/* The function of that name as a leaf to call; "pow1.7" has its exponent in the name. NULL
 * (and no error) if it is not known. */
vn_tree *golden_unary(const char *name);

#endif
