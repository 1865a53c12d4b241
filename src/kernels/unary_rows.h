/* SPDX-License-Identifier: MIT
 * The unary rows as functions, over map(y, x, n, formula) and the formulas f_<name>. */

#define VN_ROW_NONE(name)
#define VN_ROW_LIBM(name)
#define VN_ROW_VECTOR(name) \
    static void name##_row(void *y, const void *x, int64_t n) { map(y, x, n, f_##name); }
#define VN_UNARY(name, real, ...) VN_ROW_##real(name)
#include "kernels/unary.def"
#undef VN_UNARY
#undef VN_ROW_VECTOR
#undef VN_ROW_LIBM

vn__unary_fn *const VN_FN(unary)[VN__UNARIES] = {
#define VN_ROW_VECTOR(name) [VN__UNARY_##name] = name##_row,
#define VN_ROW_LIBM(name) [VN__UNARY_##name] = VN_FN(libm_##name),
#define VN_UNARY(name, real, ...) VN_ROW_##real(name)
#include "kernels/unary.def"
};
