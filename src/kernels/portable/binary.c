/* SPDX-License-Identifier: MIT
 * The specification of the binary rows. */
#include "kernels/portable/formula.h"
#include "kernels/real.h"
#include "kernels/rectangle.h"

#include <math.h>

#define VN_X real
#define VN_Z real
#define VN_LOOP(name) name
#include "kernels/loops.h"

static real f_add(real x, real y) { return x + y; }
static real f_sub(real x, real y) { return x - y; }
static real f_mul(real x, real y) { return x * y; }
static real f_div(real x, real y) { return x / y; }
static real f_max(real x, real y) { return x > y || x != x ? x : y; }
static real f_min(real x, real y) { return x < y || x != x ? x : y; }
static real f_copysign(real x, real y) { return VN_M(copysign)(x, y); }

#define IN_DOUBLE(name) \
    static real f_##name(real x, real g) { return (real)vn__##name((double)x, (double)g); }
IN_DOUBLE(relu_grad)
IN_DOUBLE(tanh_grad)
IN_DOUBLE(sigmoid_grad)
IN_DOUBLE(softplus_grad)
IN_DOUBLE(silu_grad)
IN_DOUBLE(gelu_tanh_grad)
IN_DOUBLE(gelu_exact_grad)

#define VN_ROW_NONE(name)
#define VN_ROW_LIBM(name)
#define VN_ROW_VECTOR(name)                                                          \
    static void name##_row(void *z, int64_t z_row, vn__in x, vn__in y, int64_t rows, \
                           int64_t cols)                                             \
    {                                                                                \
        map2(z, z_row, x, y, rows, cols, f_##name);                                  \
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
