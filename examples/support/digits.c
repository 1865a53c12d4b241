/* SPDX-License-Identifier: MIT */
#include "digits.h"

/* Rows 0 5 10 .. of a table of n rows are held out, 1 2 3 4 6 7 8 9 11 .. are not. */
static vn_array *rows(int64_t n, bool held_out)
{
    if (held_out)
        return vn_mul(vn_arange(VN_I32, (n + 4) / 5), vn_int(5));
    vn_array *k = vn_arange(VN_I32, n - (n + 4) / 5);
    return vn_add(vn_add(k, vn_floor_div(k, vn_int(4))), vn_int(1));
}

static void split(vn_array **x, vn_array **y, vn_array *table, bool held_out)
{
    vn_array *part = vn_take(table, rows(vn_dim(table, 0), held_out), 0);
    vn_array *pixels = vn_scale(1.0 / 16, vn_slice(part, 1, 0, 64, 1));
    *x = vn_reshape(pixels, VN_SHAPE(-1, 1, 8, 8));
    *y = vn_cast(vn_index(part, 1, 64), VN_I32);
}

bool digits_load(digits *d, const char *path)
{
    vn_array *table = vn_csv_load(path, NULL);
    if (table && vn_dim(table, 1) != 65)
        table = vn_error(VN_ERR_FORMAT, "%s: expected 64 pixels and a label a line", path);
    if (!table)
        return false;
    split(&d->x, &d->y, table, false);
    split(&d->x_test, &d->y_test, table, true);
    return vn_ok();
}

vn_tree *digits_accuracy(vn_tree *const arg[])
{
    vn_array *right = vn_eq(vn_argmax(vn_vmap_call(arg[0], arg[1]), 1), arg[2]);
    return vn_scale(100, vn_mean(vn_cast(right, VN_F32)));
}
