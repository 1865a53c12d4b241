/* SPDX-License-Identifier: MIT
 * Adam's pass on vectors. */
#include "kernels/simd/simd.h"

typedef struct numbers {
    vec b1, c1, b2, c2, s, r, eps;
} numbers;

VN_INLINE vec number(const void *p) { return v_set(*(const real *)p); }

typedef struct moments {
    vec m, v, step;
} moments;

VN_INLINE moments update(vec g, vec m, vec v, const numbers *k)
{
    const vec mean = v_fma(k->b1, m, k->c1 * g), power = v_fma(k->b2, v, k->c2 * (g * g));
    return (moments){ mean, power, k->s * mean / (v_sqrt(k->r * power) + k->eps) };
}

void VN_FN(adam)(void *const out[3], const void *const in[10], int64_t n)
{
    const real *const g = in[0], *const m = in[1], *const v = in[2];
    real *const mean = out[0], *const power = out[1], *const step = out[2];
    const numbers k = { number(in[3]), number(in[4]), number(in[5]), number(in[6]),
                        number(in[7]), number(in[8]), number(in[9]) };
    int64_t i = 0;
    for (; i + VN_LANES <= n; i += VN_LANES) {
        const moments u = update(v_load(g + i), v_load(m + i), v_load(v + i), &k);
        v_store(mean + i, u.m);
        v_store(power + i, u.v);
        v_store(step + i, u.step);
    }
    if (i < n) {
        const part rest = part_of(n - i);
        const moments u = update(v_load_part(g + i, rest), v_load_part(m + i, rest),
                                 v_load_part(v + i, rest), &k);
        v_store_part(mean + i, u.m, rest);
        v_store_part(power + i, u.v, rest);
        v_store_part(step + i, u.step, rest);
    }
}
