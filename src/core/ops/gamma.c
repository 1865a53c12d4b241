/* SPDX-License-Identifier: MIT */
/* trigamma(x) = d^2/dx^2 lgamma(x), composed of ops, so that it has all derivatives:
 *   trigamma(z) = sum over k < 10 of 1 / (z + k)^2 + trigamma(z + 10)
 *   trigamma(w) ~ 1/w + 1/(2 w^2) + sum over n of B_2n / w^(2n+1)
 *   trigamma(x) = pi^2 / sin^2(pi x) - trigamma(1 - x)          for x < 1/2 */
#include "core/ops/elementwise.h"

#define PI 3.141592653589793238462643

static vn_array *asymptotic(vn_array *w)
{
    static const double bernoulli[] = { 7.0 / 6,  -691.0 / 2730, 5.0 / 66, -1.0 / 30,
                                        1.0 / 42, -1.0 / 30,     1.0 / 6,  0.5 };
    vn_array *const r = vn_reciprocal(w), *const r2 = vn_square(r);
    vn_array *sum = vn_full_like(w, bernoulli[0]);
    for (int n = 1; n < 7; n++)
        sum = vn_add(vn_mul(sum, r2), vn_float(bernoulli[n]));
    return vn_add(r, vn_mul(r2, vn_add(vn_mul(sum, r), vn_float(bernoulli[7]))));
}

vn_array *vn__trigamma(vn_array *x)
{
    vn_array *const reflect = vn_lt(x, vn_float(0.5));
    vn_array *const z = vn_where(reflect, vn_sub(vn_float(1.0), x), x);
    vn_array *sum = asymptotic(vn_add(z, vn_float(10.0)));
    for (int k = 9; k >= 0; k--)
        sum = vn_add(sum, vn_reciprocal(vn_square(vn_add(z, vn_float(k)))));
    vn_array *const s = vn_sin(vn_scale(PI, vn_where(reflect, x, vn_float(0.5))));
    return vn_where(reflect, vn_sub(vn_scale(PI * PI, vn_reciprocal(vn_square(s))), sum), sum);
}
