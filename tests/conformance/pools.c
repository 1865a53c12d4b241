/* SPDX-License-Identifier: MIT */
/* Row 36: pools. */
#include "conformance/conform.h"

static void check_lines(void)
{
    vn_array *x = counting(VN_SHAPE(1, 14), 0);
    vn_pool_options three = { .stride = VN_SHAPE(3) }, ceil = three;
    ceil.use_ceil = true;
    EXPECT("MaxPool1d(2, 3)", vn_call(vn_max_pool1d(VN_SHAPE(2), &three), x), VN_SHAPE(1, 5), 1,
           4, 7, 10, 13);
    EXPECT("MaxPool1d(3, 3), ceil", vn_call(vn_max_pool1d(VN_SHAPE(3), &ceil), x),
           VN_SHAPE(1, 5), 2, 5, 8, 11, 13);
    EXPECT("AvgPool1d(2, 3)", vn_call(vn_avg_pool1d(VN_SHAPE(2), &three), x), VN_SHAPE(1, 5),
           .5, 3.5, 6.5, 9.5, 12.5);
    EXPECT("AdaptiveAvgPool1d(4)", vn_call(vn_adaptive_avg_pool1d(VN_SHAPE(4)), x),
           VN_SHAPE(1, 4), 1.5, 5.5, 9, 12);
    EXPECT("AdaptiveMaxPool1d(4)", vn_call(vn_adaptive_max_pool1d(VN_SHAPE(4)), x),
           VN_SHAPE(1, 4), 3, 7, 10, 13);
    expect_refused("ceil padding beyond the kernel",
                   vn_call(vn_max_pool1d(VN_SHAPE(2), &ceil), counting(VN_SHAPE(1, 13), 0)),
                   "kernel size");
    expect_shape("the stride is 1 by default", vn_call(vn_max_pool1d(VN_SHAPE(2), NULL), x),
                 VN_F32, VN_SHAPE(1, 13));
}

static void check_squares(void)
{
    vn_array *x = counting(VN_SHAPE(1, 6, 6), 0), *r = counting(VN_SHAPE(1, 3, 4), 0);
    vn_pool_options strides = { .stride = VN_SHAPE(3, 2) }, two = { .stride = VN_SHAPE(2) };
    vn_pool_options ceil = { .stride = VN_SHAPE(2), .padding = VN_SHAPE(1), .use_ceil = true };
    EXPECT("MaxPool2d(2, (3, 2))", vn_call(vn_max_pool2d(VN_SHAPE(2), &strides), x),
           VN_SHAPE(1, 2, 3), 7, 9, 11, 25, 27, 29);
    EXPECT("MaxPool2d, ceil", vn_call(vn_max_pool2d(VN_SHAPE(3, 3), &ceil), x),
           VN_SHAPE(1, 4, 4), 7, 9, 11, 11, 19, 21, 23, 23, 31, 33, 35, 35, 31, 33, 35, 35);
    EXPECT("AvgPool2d((1, 3), 2)", vn_call(vn_avg_pool2d(VN_SHAPE(1, 3), &two), x),
           VN_SHAPE(1, 3, 2), 1, 3, 13, 15, 25, 27);
    EXPECT("AdaptiveAvgPool2d(2, 3)", vn_call(vn_adaptive_avg_pool2d(VN_SHAPE(2, 3)), r),
           VN_SHAPE(1, 2, 3), 2.5, 4, 5, 8.5, 10, 11);
    EXPECT("AdaptiveMaxPool2d(2, 3)", vn_call(vn_adaptive_max_pool2d(VN_SHAPE(2, 3)), r),
           VN_SHAPE(1, 2, 3), 5, 6, 7, 9, 10, 11);
}

void row_36_pools(void)
{
    vn_array *cube = counting(VN_SHAPE(1, 4, 4, 4), 0);
    vn_pool_options strides = { .stride = VN_SHAPE(3, 2, 1) };
    vn_pool_options ceil = { .stride = VN_SHAPE(2),
                             .padding = VN_SHAPE(0, 1, 1),
                             .use_ceil = true };
    check_lines();
    check_squares();
    EXPECT("MaxPool3d(2, (3, 2, 1))", vn_call(vn_max_pool3d(VN_SHAPE(2), &strides), cube),
           VN_SHAPE(1, 1, 2, 3), 21, 22, 23, 29, 30, 31);
    EXPECT("MaxPool3d, ceil", vn_call(vn_max_pool3d(VN_SHAPE(3), &ceil), cube),
           VN_SHAPE(1, 2, 3, 3), 37, 39, 39, 45, 47, 47, 45, 47, 47, 53, 55, 55, 61, 63, 63, 61,
           63, 63);
    vn_pool_options one = { .stride = VN_SHAPE(3) };
    vn_array *whole = vn_arange(VN_I32, 14), *line = vn_reshape(whole, VN_SHAPE(1, 14));
    vn_array *y = vn_call(vn_max_pool1d(VN_SHAPE(2), &one), line);
    expect_that(y && vn_item(vn_max(y)) == 13, "integers may be pooled");
}
