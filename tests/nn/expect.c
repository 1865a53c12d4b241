/* SPDX-License-Identifier: MIT */
#include "expect.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { MOST = 4096 };

vn_array *numbers(vn_shape shape, const double values[])
{
    float data[MOST];
    const int64_t n = vn_shape_size(shape);
    cr_assert(n <= MOST);
    for (int64_t i = 0; i < n; i++)
        data[i] = (float)values[i];
    return vn_array_from(VN_F32, shape, data);
}

vn_array *counting(vn_shape shape, double begin)
{
    double data[MOST];
    for (int64_t i = 0; i < vn_shape_size(shape); i++)
        data[i] = begin + (double)i;
    return numbers(shape, data);
}

void expect_values(const vn_array *x, vn_shape shape, const double values[], double rtol,
                   double atol)
{
    double found[MOST];
    cr_assert(vn_ok(), "%s", vn_error_message());
    cr_assert_not_null(x);
    cr_assert(vn_shape_equal(vn_shape_of(x), shape), "rank %d, first dimension %lld",
              vn_rank(x), vn_rank(x) > 0 ? (long long)vn_dim(x, 0) : -1);
    const int64_t n = vn_copy_f64(found, MOST, x);
    for (int64_t i = 0; i < n; i++)
        cr_assert(fabs(found[i] - values[i]) <= rtol * fabs(values[i]) + atol,
                  "element %lld is %.9g, expected %.9g", (long long)i, found[i], values[i]);
}

void expect_shape(const vn_array *x, vn_dtype dtype, vn_shape shape)
{
    cr_assert(vn_ok(), "%s", vn_error_message());
    cr_assert_not_null(x);
    cr_assert_eq(vn_dtype_of(x), dtype);
    cr_assert(vn_shape_equal(vn_shape_of(x), shape));
}

void expect_close(const vn_array *a, const vn_array *b, double rtol, double atol)
{
    double values[MOST];
    cr_assert(vn_ok(), "%s", vn_error_message());
    cr_assert_not_null(b);
    vn_copy_f64(values, MOST, b);
    expect_values(a, vn_shape_of(b), values, rtol, atol);
}

void expect_error(const vn_tree *result, const char *text)
{
    cr_assert_null(result, "no error, expected: %s", text);
    cr_assert(!vn_ok());
    cr_assert_not_null(strstr(vn_error_message(), text), "found: %s\nexpected: %s",
                       vn_error_message(), text);
    vn_error_clear();
}

vn_tree *with_weights(vn_tree *layer, vn_array *weight, vn_array *bias)
{
    layer = vn_tree_at(layer, "weight", weight);
    return bias ? vn_tree_at(layer, "bias", bias) : layer;
}
