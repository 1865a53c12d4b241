/* SPDX-License-Identifier: MIT
 *
 * Plain loops over a formula, for one pair of types. Included with VN_X (element type of the
 * operands), VN_Z (of the result) and VN_LOOP(name), which makes the names; the compiler
 * inlines the formula and vectorises the loop.
 * */

static inline void VN_LOOP(map)(VN_Z *z, const VN_X *x, int64_t n, VN_Z (*f)(VN_X))
{
    for (int64_t i = 0; i < n; i++)
        z[i] = f(x[i]);
}

static inline void VN_LOOP(row)(VN_Z *z, const VN_X *x, int64_t dx, const VN_X *y, int64_t dy,
                                int64_t n, VN_Z (*f)(VN_X, VN_X))
{
    for (int64_t i = 0; i < n; i++)
        z[i] = f(x[i * dx], y[i * dy]);
}

/* The four kinds of row are written out so that each loop has constant strides. */
static inline void VN_LOOP(map2)(VN_Z *z, int64_t z_row, const vn__in in[], int64_t rows,
                                 int64_t cols, VN_Z (*f)(VN_X, VN_X))
{
    const vn__rectangle of = vn__flatten(z_row, in, 2, rows, cols);
    for (int64_t r = 0; r < of.rows; r++, z += z_row) {
        const VN_X *x = (const VN_X *)in[0].data + r * in[0].row;
        const VN_X *y = (const VN_X *)in[1].data + r * in[1].row;
        if (of.varies[0] && of.varies[1])
            VN_LOOP(row)(z, x, 1, y, 1, of.cols, f);
        else if (of.varies[0])
            VN_LOOP(row)(z, x, 1, y, 0, of.cols, f);
        else if (of.varies[1])
            VN_LOOP(row)(z, x, 0, y, 1, of.cols, f);
        else
            VN_LOOP(row)(z, x, 0, y, 0, of.cols, f);
    }
}
