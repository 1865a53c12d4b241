/* SPDX-License-Identifier: MIT
 * The binary rows on vectors; the derivatives of activations are in simd/gradient.h. */
#include "kernels/rectangle.h"
#include "kernels/simd/gradient.h"

/* An operand along a row: a vector at column i, or one value for all columns. */
typedef struct along {
    const real *data;
    vec value;
    bool varies;
} along;

VN_INLINE along row_of(const vn__in *in, int64_t r, bool varies)
{
    const real *const data = (const real *)in->data + r * in->row;
    return (along){ data, v_set(varies ? 0 : *data), varies };
}

VN_INLINE vec at(const along *a, int64_t i)
{
    return a->varies ? v_load(a->data + i) : a->value;
}

VN_INLINE vec part_at(const along *a, int64_t i, part rest)
{
    return a->varies ? v_load_part(a->data + i, rest) : a->value;
}

VN_INLINE void map_row(real *z, along x, along y, int64_t n, vec (*f)(vec, vec))
{
    int64_t i = 0;
    for (; i + 2 * VN_LANES <= n; i += 2 * VN_LANES) {
        const vec a = f(at(&x, i), at(&y, i));
        const vec b = f(at(&x, i + VN_LANES), at(&y, i + VN_LANES));
        v_store(z + i, a);
        v_store(z + i + VN_LANES, b);
    }
    if (i + VN_LANES <= n) {
        v_store(z + i, f(at(&x, i), at(&y, i)));
        i += VN_LANES;
    }
    if (i < n) {
        const part rest = part_of(n - i);
        v_store_part(z + i, f(part_at(&x, i, rest), part_at(&y, i, rest)), rest);
    }
}

/* Loops of their own for the kinds of operands, so that no row asks. */
VN_INLINE void map_rows(real *z, int64_t z_row, const vn__in *in, bool x_varies, bool y_varies,
                        int64_t rows, int64_t cols, vec (*f)(vec, vec))
{
    for (int64_t r = 0; r < rows; r++)
        map_row(z + r * z_row, row_of(&in[0], r, x_varies), row_of(&in[1], r, y_varies), cols,
                f);
}

VN_INLINE void map2(real *z, int64_t z_row, const vn__in in[], int64_t rows, int64_t cols,
                    vec (*f)(vec, vec))
{
    const vn__rectangle of = vn__flatten(z_row, in, 2, rows, cols);
    if (of.cols <= 0)
        return;
    if (of.varies[0] && of.varies[1])
        map_rows(z, z_row, in, true, true, of.rows, of.cols, f);
    else if (of.varies[0])
        map_rows(z, z_row, in, true, false, of.rows, of.cols, f);
    else if (of.varies[1])
        map_rows(z, z_row, in, false, true, of.rows, of.cols, f);
    else
        map_rows(z, z_row, in, false, false, of.rows, of.cols, f);
}

VN_INLINE vec f_add(vec x, vec y) { return x + y; }
VN_INLINE vec f_sub(vec x, vec y) { return x - y; }
VN_INLINE vec f_mul(vec x, vec y) { return x * y; }
VN_INLINE vec f_div(vec x, vec y) { return x / y; }
VN_INLINE vec f_copysign(vec x, vec y) { return v_copysign(x, y); }

/* y where unordered, which covers a NaN in y; x if that is the NaN. */
VN_INLINE vec f_max(vec x, vec y) { return v_select(v_is_nan(x), x, v_max(x, y)); }
VN_INLINE vec f_min(vec x, vec y) { return v_select(v_is_nan(x), x, v_min(x, y)); }

VN_INLINE vec f_relu_grad(vec x, vec g) { return v_relu_grad(x, g); }
VN_INLINE vec f_tanh_grad(vec y, vec g) { return v_tanh_grad(y, g); }
VN_INLINE vec f_sigmoid_grad(vec y, vec g) { return v_sigmoid_grad(y, g); }
VN_INLINE vec f_softplus_grad(vec x, vec g) { return v_softplus_grad(x, g); }
VN_INLINE vec f_silu_grad(vec x, vec g) { return v_silu_grad(x, g); }
VN_INLINE vec f_gelu_tanh_grad(vec x, vec g) { return v_gelu_tanh_grad(x, g); }
VN_INLINE vec f_gelu_exact_grad(vec x, vec g) { return v_gelu_exact_grad(x, g); }

#include "kernels/binary_rows.h"
