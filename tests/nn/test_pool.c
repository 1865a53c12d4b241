/* SPDX-License-Identifier: MIT */
/* Pooling: the values of Equinox's own tests (equinox.md, row 36). */
#include <criterion/criterion.h>

#include "expect.h"

static vn_array *line(void) { return counting(VN_SHAPE(1, 14), 0); }
static vn_array *square(void) { return counting(VN_SHAPE(1, 6, 6), 0); }
static vn_array *rectangle(void) { return counting(VN_SHAPE(1, 3, 4), 0); }
static vn_array *cube(void) { return counting(VN_SHAPE(1, 4, 4, 4), 0); }

Test(pool, one_dimension)
{
    vn_pool_options three = { .stride = VN_SHAPE(3) };
    vn_pool_options ceil = { .stride = VN_SHAPE(3), .use_ceil = true };
    EXPECT(vn_call(vn_max_pool1d(VN_SHAPE(2), &three), line()), VN_SHAPE(1, 5), 1, 4, 7, 10,
           13);
    EXPECT(vn_call(vn_max_pool1d(VN_SHAPE(3), &ceil), line()), VN_SHAPE(1, 5), 2, 5, 8, 11, 13);
    EXPECT(vn_call(vn_avg_pool1d(VN_SHAPE(2), &three), line()), VN_SHAPE(1, 5), .5, 3.5, 6.5,
           9.5, 12.5);
}

Test(pool, two_dimensions)
{
    vn_pool_options strides = { .stride = VN_SHAPE(3, 2) };
    vn_pool_options ceil = { .stride = VN_SHAPE(2), .padding = VN_SHAPE(1), .use_ceil = true };
    vn_pool_options two = { .stride = VN_SHAPE(2) };
    EXPECT(vn_call(vn_max_pool2d(VN_SHAPE(2), &strides), square()), VN_SHAPE(1, 2, 3), 7, 9, 11,
           25, 27, 29);
    EXPECT(vn_call(vn_max_pool2d(VN_SHAPE(3, 3), &ceil), square()), VN_SHAPE(1, 4, 4), 7, 9, 11,
           11, 19, 21, 23, 23, 31, 33, 35, 35, 31, 33, 35, 35);
    EXPECT(vn_call(vn_avg_pool2d(VN_SHAPE(1, 3), &two), square()), VN_SHAPE(1, 3, 2), 1, 3, 13,
           15, 25, 27);
}

Test(pool, three_dimensions)
{
    vn_pool_options strides = { .stride = VN_SHAPE(3, 2, 1) };
    vn_pool_options ceil = { .stride = VN_SHAPE(2),
                             .padding = VN_SHAPE(0, 1, 1),
                             .use_ceil = true };
    EXPECT(vn_call(vn_max_pool3d(VN_SHAPE(2), &strides), cube()), VN_SHAPE(1, 1, 2, 3), 21, 22,
           23, 29, 30, 31);
    EXPECT(vn_call(vn_max_pool3d(VN_SHAPE(3), &ceil), cube()), VN_SHAPE(1, 2, 3, 3), 37, 39, 39,
           45, 47, 47, 45, 47, 47, 53, 55, 55, 61, 63, 63, 61, 63, 63);
}

Test(pool, stride_is_one_by_default_and_a_custom_operation_agrees)
{
    vn_array *x = line();
    expect_shape(vn_call(vn_max_pool1d(VN_SHAPE(3), NULL), x), VN_F32, VN_SHAPE(1, 12));
    vn_tree *max = vn_get(vn_max_pool2d(VN_SHAPE(1), NULL), "operation");
    vn_pool_options options = { .stride = VN_SHAPE(2, 1), .padding = VN_SHAPE(1, 0) };
    /* an init other than -inf goes the general way */
    vn_tree *general = vn_pool(vn_float(-1e9), max, 2, VN_SHAPE(3, 2), &options);
    expect_close(vn_call(general, square()),
                 vn_call(vn_max_pool2d(VN_SHAPE(3, 2), &options), square()), 0, 0);
}

Test(adaptive_pool, values)
{
    EXPECT(vn_call(vn_adaptive_avg_pool1d(VN_SHAPE(4)), line()), VN_SHAPE(1, 4), 1.5, 5.5, 9,
           12);
    EXPECT(vn_call(vn_adaptive_max_pool1d(VN_SHAPE(4)), line()), VN_SHAPE(1, 4), 3, 7, 10, 13);
    EXPECT(vn_call(vn_adaptive_avg_pool2d(VN_SHAPE(2, 3)), rectangle()), VN_SHAPE(1, 2, 3), 2.5,
           4, 5, 8.5, 10, 11);
    EXPECT(vn_call(vn_adaptive_max_pool2d(VN_SHAPE(2, 3)), rectangle()), VN_SHAPE(1, 2, 3), 5,
           6, 7, 9, 10, 11);
    expect_shape(vn_call(vn_adaptive_avg_pool3d(VN_SHAPE(2)), cube()), VN_F32,
                 VN_SHAPE(1, 2, 2, 2));
}

Test(adaptive_pool, any_operation)
{
    vn_tree *sums = vn_adaptive_pool(VN_SHAPE(4), 1, vn_unary(vn_sum));
    EXPECT(vn_call(sums, line()), VN_SHAPE(1, 4), 6, 22, 27, 36);
}
