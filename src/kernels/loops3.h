/* SPDX-License-Identifier: MIT
 *
 * Plain loops over a formula of three operands, as loops.h. VN_C is the type of the first
 * operand (bool for where), VN_X that of the others and of the result.
 * */

static inline void VN_LOOP(row3)(VN_X *w, const VN_C *c, int64_t dc, const VN_X *x, int64_t dx,
                                 const VN_X *y, int64_t dy, int64_t n,
                                 VN_X (*f)(VN_C, VN_X, VN_X))
{
    for (int64_t i = 0; i < n; i++)
        w[i] = f(c[i * dc], x[i * dx], y[i * dy]);
}

/* Rows with constant strides for the usual cases, one loop for the rest. */
static inline void VN_LOOP(map3)(VN_X *w, int64_t w_row, const vn__in in[], int64_t rows,
                                 int64_t cols, VN_X (*f)(VN_C, VN_X, VN_X))
{
    const vn__rectangle of = vn__flatten(w_row, in, 3, rows, cols);
    for (int64_t r = 0; r < of.rows; r++, w += w_row) {
        const VN_C *c = (const VN_C *)in[0].data + r * in[0].row;
        const VN_X *x = (const VN_X *)in[1].data + r * in[1].row;
        const VN_X *y = (const VN_X *)in[2].data + r * in[2].row;
        const bool dc = of.varies[0], dx = of.varies[1], dy = of.varies[2];
        if (dc && dx && dy)
            VN_LOOP(row3)(w, c, 1, x, 1, y, 1, of.cols, f);
        else if (dc && dx)
            VN_LOOP(row3)(w, c, 1, x, 1, y, 0, of.cols, f);
        else if (dc && dy)
            VN_LOOP(row3)(w, c, 1, x, 0, y, 1, of.cols, f);
        else if (dc)
            VN_LOOP(row3)(w, c, 1, x, 0, y, 0, of.cols, f);
        else if (dx && dy)
            VN_LOOP(row3)(w, c, 0, x, 1, y, 1, of.cols, f);
        else if (dx)
            VN_LOOP(row3)(w, c, 0, x, 1, y, 0, of.cols, f);
        else if (dy)
            VN_LOOP(row3)(w, c, 0, x, 0, y, 1, of.cols, f);
        else
            VN_LOOP(row3)(w, c, 0, x, 0, y, 0, of.cols, f);
    }
}
