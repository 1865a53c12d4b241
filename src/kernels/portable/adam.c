/* SPDX-License-Identifier: MIT
 * The specification of Adam's pass. */
#include "kernels/real.h"

#include <math.h>

void VN_FN(adam)(void *const out[3], const void *const in[10], int64_t n)
{
    const real *const g = in[0], *const m = in[1], *const v = in[2];
    const real b1 = *(const real *)in[3], c1 = *(const real *)in[4];
    const real b2 = *(const real *)in[5], c2 = *(const real *)in[6];
    const real s = *(const real *)in[7], r = *(const real *)in[8], eps = *(const real *)in[9];
    for (int64_t i = 0; i < n; i++) {
        const real square = g[i] * g[i];
        const real mean = VN_M(fma)(b1, m[i], c1 * g[i]);
        const real power = VN_M(fma)(b2, v[i], c2 * square);
        const real step = s * mean / (VN_M(sqrt)(r * power) + eps);
        ((real *)out[0])[i] = mean;
        ((real *)out[1])[i] = power;
        ((real *)out[2])[i] = step;
    }
}
