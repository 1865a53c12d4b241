/* SPDX-License-Identifier: MIT */
/* Comparing arrays with numbers written down, and errors with their sentences. */
#ifndef VN_TESTS_OPS_CHECK_H
#define VN_TESTS_OPS_CHECK_H

#include <criterion/criterion.h>

#include "vernal/ops.h"

#define NUMBERS(...) ((const double[]){ __VA_ARGS__ })

/* An array of the default dtype. */
vn_array *make(vn_shape shape, const double *values);
vn_array *make_as(vn_dtype dtype, vn_shape shape, const double *values);

/* x has this shape and these elements, to 2e-6 of the largest; NaN equals NaN. */
void check_values(int line, vn_array *x, vn_shape shape, const double *values);
#define CHECK(x, shape, ...) check_values(__LINE__, (x), (shape), NUMBERS(__VA_ARGS__))

/* x is NULL with this status and sentence; the error is cleared. */
void check_error(int line, vn_tree *x, vn_status status, const char *sentence);
#define CHECK_ERROR(x, status, sentence) check_error(__LINE__, (x), VN_ERR_##status, (sentence))

#endif
