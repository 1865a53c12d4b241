/* SPDX-License-Identifier: MIT */
/* One element of an array, whatever its dtype. */
#ifndef VN_CORE_BASE_ELEMENT_H
#define VN_CORE_BASE_ELEMENT_H

#include "vernal/base.h"

/* Element i as a double (exact except for 64-bit integers beyond 2^53); of a complex one the
 * real part. */
double vn__load_f64(vn_dtype dtype, const void *data, int64_t i);

/* Element i as a complex number. */
vn_c128 vn__load_c128(vn_dtype dtype, const void *data, int64_t i);

/* Element i of an integer or bool array, exact; u64 beyond INT64_MAX wraps. */
int64_t vn__load_i64(vn_dtype dtype, const void *data, int64_t i);

/* Stores a double, rounded to the dtype. Integers: towards zero, clamped to the range, NaN
 * gives 0. bool: true unless zero. Complex: the real part, the imaginary one is 0. */
void vn__store_f64(vn_dtype dtype, void *data, int64_t i, double value);

#endif
