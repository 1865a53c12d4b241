/* SPDX-License-Identifier: MIT
 *
 * The specification of the unary rows: formulas on the C library, in double for both types (so
 * that f32 is correctly rounded but for rare ties). Forms are chosen so that nothing cancels or
 * overflows early.
 * */
#include "kernels/giles.h"
#include "kernels/portable/formula.h"
#include "kernels/real.h"
#include "kernels/rectangle.h"

#include <math.h>

#define VN_X real
#define VN_Z real
#define VN_LOOP(name) name
#include "kernels/loops.h"

/* ---- erf_inv in the type itself: its polynomials belong to the type */

static real horner(const real *c, int terms, real t)
{
    real p = c[0];
    for (int i = 1; i < terms; i++)
        p = VN_M(fma)(p, t, c[i]);
    return p;
}

static real f_erf_inv(real x)
{
    const real w = -VN_M(log1p)(-x * x);
    if (!(VN_M(fabs)(x) < 1))
        return VN_M(fabs)(x) == 1 ? x * (real)INFINITY : (real)NAN;
    if (w < vn__giles_limit[0])
        return x * horner(vn__giles_0, VN_GILES_TERMS(vn__giles_0), w - vn__giles_shift[0]);
    const real s = VN_M(sqrt)(w);
#if VN_REAL_BITS == 64
    if (w >= vn__giles_limit[1])
        return x * horner(vn__giles_2, VN_GILES_TERMS(vn__giles_2), s - vn__giles_shift[2]);
#endif
    return x * horner(vn__giles_1, VN_GILES_TERMS(vn__giles_1), s - vn__giles_shift[1]);
}

/* ---- the other rows, through formula.h */

#define IN_DOUBLE(name) \
    static real f_##name(real x) { return (real)vn__##name((double)x); }
IN_DOUBLE(neg)
IN_DOUBLE(abs)
IN_DOUBLE(sign)
IN_DOUBLE(square)
IN_DOUBLE(floor)
IN_DOUBLE(ceil)
IN_DOUBLE(round)
IN_DOUBLE(trunc)
IN_DOUBLE(sqrt)
IN_DOUBLE(rsqrt)
IN_DOUBLE(reciprocal)
IN_DOUBLE(exp)
IN_DOUBLE(exp2)
IN_DOUBLE(expm1)
IN_DOUBLE(log)
IN_DOUBLE(log2)
IN_DOUBLE(log10)
IN_DOUBLE(log1p)
IN_DOUBLE(sin)
IN_DOUBLE(cos)
IN_DOUBLE(tan)
IN_DOUBLE(sinh)
IN_DOUBLE(cosh)
IN_DOUBLE(tanh)
IN_DOUBLE(erf)
IN_DOUBLE(sigmoid)
IN_DOUBLE(log_sigmoid)
IN_DOUBLE(softplus)
IN_DOUBLE(relu)
IN_DOUBLE(silu)
IN_DOUBLE(gelu_tanh)
IN_DOUBLE(gelu_exact)

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
