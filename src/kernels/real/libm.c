/* SPDX-License-Identifier: MIT
 * The rows that call the C library element by element. */
#include "kernels/real.h"
#include "kernels/rectangle.h"

#include <math.h>

#define VN_X real
#define VN_Z real
#define VN_LOOP(name) name
#include "kernels/loops.h"

static real f_cbrt(real x) { return VN_M(cbrt)(x); }
static real f_asin(real x) { return VN_M(asin)(x); }
static real f_acos(real x) { return VN_M(acos)(x); }
static real f_atan(real x) { return VN_M(atan)(x); }
static real f_asinh(real x) { return VN_M(asinh)(x); }
static real f_acosh(real x) { return VN_M(acosh)(x); }
static real f_atanh(real x) { return VN_M(atanh)(x); }
static real f_erfc(real x) { return VN_M(erfc)(x); }
static real f_pow(real x, real y) { return VN_M(pow)(x, y); }
static real f_atan2(real x, real y) { return VN_M(atan2)(x, y); }
static real f_fmod(real x, real y) { return VN_M(fmod)(x, y); }
static real f_hypot(real x, real y) { return VN_M(hypot)(x, y); }
static real f_nextafter(real x, real y) { return VN_M(nextafter)(x, y); }

/* lgamma_r: lgamma writes the global signgam. */
static real f_lgamma(real x)
{
    int sign;
#if VN_REAL_BITS == 32
    return lgammaf_r(x, &sign);
#else
    return lgamma_r(x, &sign);
#endif
}

/* psi(x) = psi(x + 1) - 1 / x until x >= 10, then
 *   psi(x) = ln x - 1 / (2 x) - sum over n of B_2n / (2n x^2n);
 * psi(x) = psi(1 - x) - pi / tan(pi x) for x < 0, NaN at 0, -1, -2, ... */
static double positive_digamma(double x)
{
    double shift = 0;
    for (; x < 10; x++)
        shift += 1 / x;
    const double w = 1 / (x * x);
    const double series =
        w * (1.0 / 12 -
             w * (1.0 / 120 -
                  w * (1.0 / 252 -
                       w * (1.0 / 240 - w * (1.0 / 132 - w * (691.0 / 32760 - w / 12))))));
    return log(x) - 0.5 / x - series - shift;
}

static real f_digamma(real x)
{
    const double pi = 3.14159265358979323846, v = (double)x;
    if (v <= 0 && v == floor(v))
        return (real)NAN;
    if (v < 0)
        return (real)(positive_digamma(1 - v) - pi / tan(pi * (v - floor(v))));
    return (real)positive_digamma(v);
}

/* The sign of y; the correction is exact because fmod is. */
static real f_remainder(real x, real y)
{
    const real r = VN_M(fmod)(x, y);
    if (r != 0)
        return (r < 0) != (y < 0) ? r + y : r;
    return VN_M(copysign)(r, y);
}

/* As Python: (x - remainder) / y rounded to an integer, x / y where y is 0. */
static real f_floor_div(real x, real y)
{
    if (y == 0)
        return x / y;
    const real r = VN_M(fmod)(x, y);
    const real q = (x - r) / y - (r != 0 && (r < 0) != (y < 0) ? 1 : 0);
    if (q == 0)
        return VN_M(copysign)(0, x / y);
    const real f = VN_M(floor)(q);
    return q - f > (real)0.5 ? f + 1 : f;
}

#define VN_ROW_VECTOR(name)
#define VN_ROW_NONE(name)

#define VN_ROW_LIBM(name) \
    void VN_FN(libm_##name)(void *y, const void *x, int64_t n) { map(y, x, n, f_##name); }
#define VN_UNARY(name, real, ...) VN_ROW_##real(name)
#include "kernels/unary.def"
#undef VN_UNARY
#undef VN_ROW_LIBM

#define VN_ROW_LIBM(name)                                                            \
    void VN_FN(libm_##name)(void *z, int64_t z_row, const vn__in in[], int64_t rows, \
                            int64_t cols)                                            \
    {                                                                                \
        map2(z, z_row, in, rows, cols, f_##name);                                    \
    }
#define VN_BINARY(name, real, ...) VN_ROW_##real(name)
#include "kernels/binary.def"
