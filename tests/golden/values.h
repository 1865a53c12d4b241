/* SPDX-License-Identifier: MIT */
/* Values of a case's JSON as values of the library. */
#ifndef VN_TESTS_GOLDEN_VALUES_H
#define VN_TESTS_GOLDEN_VALUES_H

#include "support/json.h"
#include "vernal/array.h"

/* "float32", "int8", ... ; VN_DTYPE_DEFAULT for a missing or null value. An unknown name gives
 * VN_DTYPE_COUNT. */
vn_dtype golden_dtype_name(const json *name);
/* A number or a list of numbers; the scalar shape for a missing value. */
vn_shape golden_shape(const json *value);
/* A number or nested lists of them as an array. */
vn_array *golden_numbers(const json *value, vn_dtype dtype);

#endif
