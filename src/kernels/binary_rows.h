/* SPDX-License-Identifier: MIT
 * The binary rows as functions, over map2(z, z_row, in, rows, cols, formula) and the formulas
 * f_<name>. */

#define VN_ROW_NONE(name)
#define VN_ROW_LIBM(name)
#define VN_ROW_VECTOR(name)                                                         \
    static void name##_row(void *z, int64_t z_row, const vn__in in[], int64_t rows, \
                           int64_t cols)                                            \
    {                                                                               \
        map2(z, z_row, in, rows, cols, f_##name);                                   \
    }
#define VN_BINARY(name, real, ...) VN_ROW_##real(name)
#include "kernels/binary.def"
#undef VN_BINARY
#undef VN_ROW_VECTOR
#undef VN_ROW_LIBM

vn__binary_fn *const VN_FN(binary)[VN__BINARIES] = {
#define VN_ROW_VECTOR(name) [VN__BINARY_##name] = name##_row,
#define VN_ROW_LIBM(name) [VN__BINARY_##name] = VN_FN(libm_##name),
#define VN_BINARY(name, real, ...) VN_ROW_##real(name)
#include "kernels/binary.def"
};
