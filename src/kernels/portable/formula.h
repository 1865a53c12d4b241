/* SPDX-License-Identifier: MIT
 * The formulas of the portable rows, in double. */
#ifndef VN_KERNELS_PORTABLE_FORMULA_H
#define VN_KERNELS_PORTABLE_FORMULA_H

#include <math.h>

static inline double vn__neg(double x) { return -x; }
static inline double vn__abs(double x) { return fabs(x); }
static inline double vn__sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
static inline double vn__square(double x) { return x * x; }
static inline double vn__floor(double x) { return floor(x); }
static inline double vn__ceil(double x) { return ceil(x); }
static inline double vn__round(double x) { return nearbyint(x); }
static inline double vn__trunc(double x) { return trunc(x); }
static inline double vn__sqrt(double x) { return sqrt(x); }
static inline double vn__rsqrt(double x) { return 1 / sqrt(x); }
static inline double vn__reciprocal(double x) { return 1 / x; }
static inline double vn__exp(double x) { return exp(x); }
static inline double vn__exp2(double x) { return exp2(x); }
static inline double vn__expm1(double x) { return expm1(x); }
static inline double vn__log(double x) { return log(x); }
static inline double vn__log2(double x) { return log2(x); }
static inline double vn__log10(double x) { return log10(x); }
static inline double vn__log1p(double x) { return log1p(x); }
static inline double vn__sin(double x) { return sin(x); }
static inline double vn__cos(double x) { return cos(x); }
static inline double vn__tan(double x) { return tan(x); }
static inline double vn__sinh(double x) { return sinh(x); }
static inline double vn__cosh(double x) { return cosh(x); }
static inline double vn__tanh(double x) { return tanh(x); }
static inline double vn__erf(double x) { return erf(x); }
static inline double vn__relu(double x) { return x > 0 || x != x ? x : 0; }

static inline double vn__sigmoid(double x)
{
    const double e = exp(-fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}

static inline double vn__softplus(double x)
{
    return (x > 0 || x != x ? x : 0) + log1p(exp(-fabs(x)));
}

static inline double vn__log_sigmoid(double x)
{
    return -vn__softplus(-x);
}

/* x e^(hi + lo) for hi <= 0, by halves, so that a subnormal e^hi costs no accuracy. */
static inline double vn__times_exp(double x, double hi, double lo)
{
    const double half = exp(0.5 * hi);
    return x * half * half * (1 + lo);
}

/* x / (1 + e^-(v + dv)), with dv the part of the argument that v has no bits for; -0 at
 * -inf. */
static inline double vn__gate(double x, double v, double dv)
{
    if (x == -INFINITY)
        return -0.0;
    const double e = exp(-fabs(v));
    return v < 0 ? vn__times_exp(x, v, dv) / (1 + e) : x / (1 + e);
}

static inline double vn__silu(double x)
{
    return vn__gate(x, x, 0);
}

/* 1 + tanh u = 2 sigmoid(2 u), with 2 u = x (c + d x^2), c = 2 sqrt(2 / pi), d = 0.044715 c.
 * The argument is kept in two parts: an error of half a unit in it is |2 u| / 2 units in the
 * result. */
static inline double vn__gelu_tanh(double x)
{
    const double c = 0x1.9884533d43651p+0, c_low = -0x1.cbc0d30ebfd15p-54;
    const double d = 0x1.2444f2a4d8b4bp-4, d_low = -0x1.6c843a29d1c70p-61;
    if (!(fabs(x) < 1e3))
        return x > 0 || x != x ? x : -0.0;
    const double xx = x * x, xx_low = fma(x, x, -xx);
    const double p = d * xx, p_low = fma(d, xx, -p) + fma(d, xx_low, d_low * xx);
    const double s = c + p, back = s - c;
    const double s_low = (c - (s - back)) + (p - back) + (p_low + c_low);
    const double v = x * s, v_low = fma(x, s, -v) + x * s_low;
    return vn__gate(x, v, v_low);
}

/* Where erfc is below the normal range: x Phi(x) = -phi(x) (1 - 1/x^2 + 3/x^4 - ...). */
static inline double vn__gelu_exact_tail(double x)
{
    double term = -0x1.9884533d43651p-2, sum = 0;
    if (x < -40)
        return -0.0;
    for (int k = 1; k < 16; k += 2) {
        sum += term;
        term *= -k / (x * x);
    }
    const double hi = -0.5 * x * x, lo = fma(-0.5 * x, x, -hi);
    return vn__times_exp(sum, hi, lo);
}

/* x/2 erfc(-x / sqrt 2), corrected for the rounding dt of the argument: erfc' = -2/sqrt(pi)
 * e^(-t^2). */
static inline double vn__gelu_exact(double x)
{
    const double r = 0x1.6a09e667f3bcdp-1, r_low = -0x1.bdd3413b26456p-55;
    const double t = -x * r, dt = fma(-x, r, -t) - x * r_low;
    if (x < -37)
        return vn__gelu_exact_tail(x);
    const double correction = t > 0 ? 0x1.20dd750429b6dp+0 * exp(-t * t) * dt : 0;
    return 0.5 * x * (erfc(t) - correction);
}

/* ---- derivatives times g, in x or in the result y */

static inline double vn__relu_grad(double x, double g) { return x > 0 ? g : 0; }
static inline double vn__tanh_grad(double y, double g) { return g * fma(-y, y, 1); }
static inline double vn__sigmoid_grad(double y, double g) { return g * y * (1 - y); }
static inline double vn__softplus_grad(double x, double g) { return g * vn__sigmoid(x); }

static inline double vn__silu_grad(double x, double g)
{
    if (fabs(x) > 1e3)
        return x > 0 ? g : g * 0;
    return g * (vn__sigmoid(x) * (1 + x * vn__sigmoid(-x)));
}

static inline double vn__gelu_tanh_grad(double x, double g)
{
    const double c = 0x1.9884533d43651p+0, d = 0x1.2444f2a4d8b4bp-4;
    if (fabs(x) > 1e3)
        return x > 0 ? g : g * 0;
    const double v = x * (c + d * x * x), slope = c + 3 * d * x * x;
    return g * (vn__sigmoid(v) * (1 + x * vn__sigmoid(-v) * slope));
}

static inline double vn__gelu_exact_grad(double x, double g)
{
    const double phi = 0x1.9884533d43651p-2 * exp(-0.5 * x * x);
    if (fabs(x) > 1e3)
        return x > 0 ? g : g * 0;
    return g * (0.5 * erfc(-x * 0x1.6a09e667f3bcdp-1) + x * phi);
}

#endif
