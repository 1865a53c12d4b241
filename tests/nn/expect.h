/* SPDX-License-Identifier: MIT */
/* What the tests of layers share. */
#ifndef VN_TESTS_NN_EXPECT_H
#define VN_TESTS_NN_EXPECT_H

#include "vernal/nn.h"
#include "vernal/ops.h"
#include "vernal/random.h"
#include "vernal/transform.h"

/* An f32 array of those numbers. */
vn_array *numbers(vn_shape shape, const double values[]);
#define NUMBERS(shape, ...) numbers(shape, (const double[]){ __VA_ARGS__ })
/* begin, begin + 1, ... as f32. */
vn_array *counting(vn_shape shape, double begin);

/* The array has that shape and, within rtol |value| + atol, those numbers. */
void expect_values(const vn_array *x, vn_shape shape, const double values[], double rtol,
                   double atol);
#define EXPECT(x, shape, ...) \
    expect_values(x, shape, (const double[]){ __VA_ARGS__ }, 1e-5, 1e-6)

void expect_shape(const vn_array *x, vn_dtype dtype, vn_shape shape);
/* a and b agree in shape and, within rtol and atol, in value. */
void expect_close(const vn_array *a, const vn_array *b, double rtol, double atol);

/* The result is NULL and the message holds the text; forgets the error. */
void expect_error(const vn_tree *result, const char *text);

/* The layer with its weight and bias (NULL: as it is) replaced. */
vn_tree *with_weights(vn_tree *layer, vn_array *weight, vn_array *bias);

#endif
