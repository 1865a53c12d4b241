/* SPDX-License-Identifier: MIT */
/* Damaged files. */
#ifndef VN_TESTS_CORE_DAMAGE_H
#define VN_TESTS_CORE_DAMAGE_H

#include <stddef.h>

#include "vernal/array.h"

/* Reads the bytes cut at every place, which must be an error of the format, and with every bit
 * flipped, which must be an error or a result; nothing may be left behind. Returns how many of
 * the flips gave a result. */
int expect_survives_damage(vn_array *bytes, vn_tree *(*load)(const void *data, size_t size));

#endif
