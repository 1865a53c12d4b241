/* SPDX-License-Identifier: MIT */
#include "images.h"

#include <math.h>

static char shade(double value)
{
    static const char dark[] = " .:-=+*#%@";
    const int k = (int)lrint(9 * value);
    return dark[k < 0 ? 0 : k > 9 ? 9 : k];
}

void images_print(vn_array *x, int n)
{
    const vn_array *numbers = vn_cast(x, VN_F64);
    const double *pixel = vn_data(numbers);
    const int64_t height = vn_dim(numbers, 2), width = vn_dim(numbers, 3);
    for (int64_t row = 0; pixel && row < height; row++, putchar('\n'))
        for (int i = 0; i < n && i < vn_dim(numbers, 0); i++, printf("  "))
            for (int64_t column = 0; column < width; column++)
                putchar(shade(pixel[(i * height + row) * width + column]));
}

/* For each x [n, ..] the nearest of data [m, ..]: (root of the mean square difference f32[n],
 * which one i32[n]), by |a - b|^2 = |a|^2 - 2 a b + |b|^2. */
static vn_tree *nearest(vn_array *x, vn_array *data)
{
    vn_array *a = vn_reshape(x, VN_SHAPE(vn_dim(x, 0), -1));
    vn_array *b = vn_reshape(data, VN_SHAPE(vn_dim(data, 0), -1));
    vn_array *a2 = vn_sum_over(vn_square(a), VN_AXES(1), true);
    vn_array *b2 = vn_sum_over(vn_square(b), VN_AXES(1), false);
    vn_array *ab = vn_matmul(a, vn_transpose(b, VN_AXES(1, 0)));
    vn_array *square = vn_sub(vn_add(a2, b2), vn_scale(2, ab));
    vn_array *least = vn_maximum(vn_min_over(square, VN_AXES(1), false), vn_float(0));
    return vn_tuple(vn_sqrt(vn_scale(1.0 / (double)vn_dim(a, 1), least)), vn_argmin(square, 1));
}

likeness images_likeness(vn_array *y, const digits *d)
{
    vn_tree *near = nearest(y, d->x), *real = nearest(d->x_test, d->x);
    vn_array *labels = vn_take(d->y, vn_at(near, 1), 0);
    vn_array *found = vn_any_over(vn_one_hot(labels, 10, VN_BOOL), VN_AXES(0), false);
    const likeness l = { .drawn = vn_item(vn_mean(vn_at(near, 0))),
                         .real = vn_item(vn_mean(vn_at(real, 0))),
                         .classes = (int)vn_item_int(vn_sum(found)) };
    printf("%d drawn: distance to the nearest real digit %.3f (of digits held out: %.3f), "
           "%d of 10 digits\n", (int)vn_dim(y, 0), l.drawn, l.real, l.classes);
    return l;
}
